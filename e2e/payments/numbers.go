//go:build e2e

package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/search"
)

// hunted is how many cards, and as many accounts and security codes, are sent everywhere.
const hunted = 200

// sink is somebody outside who keeps what it is sent: a destination, a risk engine, a receiver of webhooks.
type sink struct {
	*httptest.Server
	mu   sync.Mutex
	kept bytes.Buffer
	got  int
}

// newSink answers with what say makes of a request's body.
func newSink(say func(body []byte) string) *sink {
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got++
		fmt.Fprintf(&s.kept, "%s %s %v\n%s\n", r.Method, r.RequestURI, r.Header, body)
		s.mu.Unlock()
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, say(body))
	}))
	return s
}

func (s *sink) all() (text []byte, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.kept.Bytes()), s.got
}

// huntedConfig has a payment on its way through the proxy decided about too, and reads the card there for the journey.
const huntedConfig = `
metrics: {listen: "%s"}
webhooks: {allow_private: [127.0.0.0/8]}
sessions: {tokens: [{cookie: sid}]}
specs:
  - name: pay
    event: Payment
    type: transaction
    inline: true
    match: {method: POST, path: /pay}
    take: {payment_from: {json: $.card.number}, search_term: {json: $.note}}
`

// den is everything of one hunt.
type den struct {
	*instance
	cards                   []instrument
	destination, risk, told *sink
	metrics                 string
	client                  *http.Client
	answers, live           bytes.Buffer
	sent, refused           int
	made                    map[string]int
	statuses                map[int]int
	ids                     []event.ID
}

// CheckNumbers sends two hundred cards with their codes and accounts everywhere a payment can be sent, and looks for them in
// everything that is kept, printed, shown and told.
func CheckNumbers(ctx context.Context) ([]e2e.Figure, error) {
	d, err := newDen(ctx)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if err := d.restartVerbose(ctx); err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	// The live view is looked at meanwhile.
	following, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.admin.Follow(following, "live", &d.live) }()
	if err := d.sendAll(ctx); err != nil {
		return nil, err
	}
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	stop()
	if err := <-ended; err != nil {
		return nil, err
	}
	return d.search(ctx)
}

func newDen(ctx context.Context) (*den, error) {
	d := &den{cards: instruments(hunted), client: plainClient(), statuses: map[int]int{}, made: map[string]int{}}
	d.destination = newSink(func([]byte) string { return `{"resultCode":"Authorised"}` })
	// The risk engine sends back all it was told.
	d.risk = newSink(func(body []byte) string { return `{"verdict":"ok","id":"assessment","echo":` + string(body) + `}` })
	d.told = newSink(func([]byte) string { return `{}` })
	var err error
	if d.metrics, err = e2e.FreeAddress(); err != nil {
		return nil, err
	}
	decisions := "pci_level: SAQ_D\nbody_limit: 64KiB\nroutes: [{spec: pay, interceptor: cards}]\nlists: {friends: {kind: allow}}\n"
	d.instance, err = start(ctx, d.destination.URL, decisions, fmt.Sprintf(huntedConfig, d.metrics))
	return d, err
}

func (d *den) close() {
	d.instance.close()
	for _, s := range []*sink{d.destination, d.risk, d.told} {
		s.Close()
	}
}

// restartVerbose begins again with every line of the log.
func (d *den) restartVerbose(ctx context.Context) (err error) {
	if err := d.Stop(20 * time.Second); err != nil {
		return err
	}
	d.Wayguard, err = e2e.StartWayguard(ctx, "--verbose", "--config", d.file(), "--origin", d.origin, "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if d.admin, err = e2e.LogIn(ctx, d.Hub, d.email, d.password); err != nil {
		return err
	}
	return d.authorise(ctx)
}

// send notes whatever is answered, header and body.
func (d *den) send(request *http.Request) (*reply, error) {
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	got, err := readReply(response)
	if err != nil {
		return nil, err
	}
	d.statuses[got.status]++
	fmt.Fprintf(&d.answers, "%d %v\n%s\n", got.status, got.header, got.body)
	id := got.idOf()
	if id == "" {
		var made payment.Decision
		if json.Unmarshal(got.body, &made) == nil && made.Decision != "" {
			id = made.ID
		}
	}
	if id != "" {
		d.ids = append(d.ids, id)
	}
	return got, nil
}

// look collects what everybody is shown of the payments.
func (d *den) look(ctx context.Context) error {
	for _, id := range d.ids {
		made, err := d.decisionOf(ctx, id)
		if err != nil {
			return err
		}
		paths := []string{"decisions/" + string(id), "decisions?customer_id=" + url.QueryEscape(made.CustomerID)}
		if made.CredentialFingerprint != nil {
			paths = append(paths, "decisions?credential_fingerprint="+*made.CredentialFingerprint)
		}
		for _, path := range paths {
			if err := d.show(ctx, path); err != nil {
				return err
			}
		}
	}
	for _, path := range []string{"decisions", "reviews", "admin/rulesets", "admin/interceptors", "admin/blacklist", "admin/lists", "admin/lists/friends", "admin/integrations",
		"admin/backends", "admin/webhooks", "admin/deliveries", "admin/clients", "admin/analytics", "admin/keys"} {
		if err := d.show(ctx, path); err != nil {
			return err
		}
	}
	for _, path := range []string{"audit", "totals", "health", "fields", "mitigation", "mitigation/effects", "sessions.csv"} {
		query := url.Values{"from": {time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}
		shown, err := d.admin.Shown(ctx, path, query)
		if err != nil && path != "sessions.csv" {
			return err
		}
		d.answers.Write(shown)
	}
	return d.lookAtSessions(ctx)
}

// show pages through an answer of the decision API, as an administrator of the Hub sees it.
func (d *den) show(ctx context.Context, path string) error {
	at, err := url.Parse(path)
	if err != nil {
		return err
	}
	for {
		var body []byte
		if err := d.admin.Payments(ctx, http.MethodGet, at.Path, at.Query(), nil, &body); err != nil {
			return err
		}
		d.answers.Write(body)
		var page struct {
			Links struct {
				Next *string `json:"next"`
			} `json:"links"`
		}
		if json.Unmarshal(body, &page) != nil || page.Links.Next == nil {
			return nil
		}
		if at, err = url.Parse(strings.TrimPrefix(*page.Links.Next, "/api/")); err != nil {
			return err
		}
	}
}

func (d *den) lookAtSessions(ctx context.Context) error {
	page, err := d.admin.Search(ctx, search.Query{})
	if err != nil {
		return err
	}
	fmt.Fprintf(&d.answers, "%+v", page)
	for _, s := range page.Sessions {
		for _, path := range []string{"sessions/" + string(s.ID), "sessions/" + string(s.ID) + "/explanation"} {
			shown, err := d.admin.Shown(ctx, path, nil)
			if err != nil {
				return err
			}
			d.answers.Write(shown)
		}
	}
	csv, err := d.admin.CSV(ctx)
	d.answers.Write(csv)
	return err
}
