//go:build e2e

package defence

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"time"

	"wayguard/e2e"
)

// The check's enricher, and how many requests are measured with it asleep and with it gone.
const (
	enrichDeadline = 60 * time.Millisecond
	enriched       = 40
)

// enriches asks a service about every page; its answer becomes a header for the origin by a rewrite.
const enriches = noPacks + `
proxy: {inline: {budget: 300ms}}
elements:
  custom:
    - {name: partner_score, human: Partner score, category: Request Metadata, kind: attribute, type: integer, sensitivity: public}
specs:
  - name: page
    event: Page
    type: product_view
    inline: true
    match: {method: GET, path: "/products/{sku}"}
    take: {product_sku: {path: sku}}
integrations:
  - name: score
    kind: enrich
    url: "http://%s/score?sku={el.product_sku}"
    allow_private: [127.0.0.0/8]
    deadline: %s
    take: {partner_score: data.score}
    default: {partner_score: "50"}
    breaker: {at_least: 20, percent: 50, cool: 5m}
rules:
  - {id: risky, label: Risky, severity: suspicious, family: outcome, points: 100, when: "el.partner_score >= 90", sentence: the service says so}
  - {id: unknown, label: Unknown, severity: informational, family: outcome, points: 0, when: "el.partner_score == 50", sentence: the service says nothing}
actions:
  - {name: tell, kind: tag, when: {rating: normal}}
`

// scorer is a service that answers, or hangs.
type scorer struct {
	*httptest.Server
	hangs atomic.Bool
	asked atomic.Int64
}

func newScorer() *scorer {
	s := &scorer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if s.hangs.Load() {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data": {"score": 97}}`))
	}))
	return s
}

// CheckEnricher measures what a service that hangs costs the requests that it is asked about.
func CheckEnricher(ctx context.Context) ([]e2e.Figure, error) {
	labels := make(chan string, 1)
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { labels <- r.Header.Get("X-Visit-Labels") }))
	defer origin.Close()
	service := newScorer()
	defer service.Close()
	i, err := start(ctx, origin.URL, fmt.Sprintf(enriches, service.Listener.(*net.TCPListener).Addr(), enrichDeadline))
	if err != nil {
		return nil, err
	}
	defer i.close()
	next := 0
	see := func() (took time.Duration, told string, err error) {
		next++
		begun := time.Now()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/products/%d", i.Proxy, next), http.NoBody)
		if err != nil {
			return 0, "", err
		}
		request.Header.Set("Cookie", fmt.Sprintf("session=visitor%d", next))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, "", err
		}
		_ = response.Body.Close()
		return time.Since(begun), <-labels, nil
	}
	_, told, err := see()
	if err != nil {
		return nil, err
	}
	figures := []e2e.Figure{e2e.Holds("a service that answers: the label that follows from it", told, told == "Risky", "Risky")}
	service.hangs.Store(true)
	var took []time.Duration
	defaulted := 0
	for range enriched {
		d, told, err := see()
		if err != nil {
			return figures, err
		}
		took = append(took, d)
		if told == "Unknown" {
			defaulted++
		}
	}
	asked := service.asked.Load() - 1
	slices.Sort(took)
	figures = append(figures,
		e2e.Within(fmt.Sprintf("a service that hangs: longest of %d requests", enriched), took[len(took)-1], enrichDeadline+40*time.Millisecond),
		e2e.Within("  shortest: it is left alone", took[0], 20*time.Millisecond),
		e2e.Holds("  calls before it is left alone", fmt.Sprint(asked), asked <= 32, "<= 32, as many as may be under way"),
		e2e.Count("  requests that got the default", defaulted, enriched))
	return figures, nil
}
