//go:build e2e

package defence

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
)

// alerted is how many sessions are each worth one alert.
const alerted = 60

// alerts is the policy of the check.
const alerts = noPacks + `
webhooks: {allow_private: [127.0.0.0/8], poll: 100ms, first_delay: 100ms, longest_delay: 1s}
specs:
  - name: page
    event: Page
    type: product_view
    match: {method: GET, path: "/products/{sku}"}
    take: {product_sku: {path: sku}}
rules:
  - {id: looked, label: Looked At A Product, severity: suspicious, family: outcome, points: 100, when: 'event.type == "product_view"', sentence: a page was seen}
actions:
  - {name: tell, kind: webhook, when: {label: Looked At A Product}, url: "http://%s/hook", secret: "whsec_c2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1lc2VzYW0="}
`

// receiver takes alerts, and can be killed and started again at the same address. What it has taken outlives it, as a
// receiver's own database does.
type receiver struct {
	address string
	server  *http.Server

	mu sync.Mutex
	// taken are the accepted alerts by key, came all that arrived.
	taken map[string]int
	came  int
}

func newReceiver() (*receiver, error) {
	address, err := e2e.FreeAddress()
	if err != nil {
		return nil, err
	}
	r := &receiver{address: address, taken: map[string]int{}}
	return r, r.start()
}

func (r *receiver) start() error {
	var listener net.Listener
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if listener, err = net.Listen("tcp", r.address); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = r.server.Serve(listener) }()
	return nil
}

// take accepts an alert after a moment, in which the receiver may be killed.
func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	_, err := io.Copy(io.Discard, request.Body)
	r.mu.Lock()
	r.came++
	r.mu.Unlock()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-request.Context().Done():
		return
	}
	if err != nil {
		return
	}
	r.mu.Lock()
	r.taken[request.Header.Get("Webhook-Id")]++
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// kill ends it as kill -9 would: connections break off, nothing is answered any more.
func (r *receiver) kill() { _ = r.server.Close() }

func (r *receiver) counts() (keys, most, came int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.taken {
		most = max(most, n)
	}
	return len(r.taken), most, r.came
}

// CheckAlerts kills the receiver of alerts and Wayguard itself while alerts are on their way.
func CheckAlerts(ctx context.Context) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a product")) }))
	defer origin.Close()
	r, err := newReceiver()
	if err != nil {
		return nil, err
	}
	defer func() { r.kill() }()
	i, err := start(ctx, origin.URL, fmt.Sprintf(alerts, r.address))
	if err != nil {
		return nil, err
	}
	defer i.close()
	for n := range alerted {
		if n == alerted/3 {
			if err := r.await(ctx, alerted/6); err != nil {
				return nil, err
			}
			r.kill() // some are taken, some on their way, most are still to come
		}
		if err := i.look(ctx, fmt.Sprintf("session=visitor%d", n)); err != nil {
			return nil, err
		}
	}
	time.Sleep(500 * time.Millisecond) // the dead receiver is tried
	downCame, _, _ := r.counts()
	if err := r.start(); err != nil {
		return nil, err
	}
	if err := r.await(ctx, alerted); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, i.Printed())
	}
	time.Sleep(2 * time.Second) // what would come twice comes now
	keys, most, came := r.counts()
	figures := []e2e.Figure{
		e2e.Holds("a receiver of alerts killed and started again: taken before it died", fmt.Sprint(downCame), downCame >= alerted/6 && downCame < alerted, fmt.Sprintf("some, < %d", alerted)),
		e2e.Count("  alerts taken in the end, by key", keys, alerted),
		e2e.Count("  most that one key was taken", most, 1),
		e2e.Holds("  posts in all", fmt.Sprint(came), came >= alerted, fmt.Sprintf(">= %d", alerted)),
	}
	killed, err := i.killedBetween(ctx, r)
	return append(figures, killed...), err
}

// killedBetween kills Wayguard with alerts waiting and starts it again.
func (i *instance) killedBetween(ctx context.Context, r *receiver) ([]e2e.Figure, error) {
	r.kill()
	for n := range alerted {
		if err := i.look(ctx, fmt.Sprintf("session=later%d", n)); err != nil {
			return nil, err
		}
	}
	// Alerts are in the outbox once the log's records are durable; those that are not yet are made again from the log.
	time.Sleep(time.Second)
	i.Kill()
	if err := r.start(); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	if err := r.await(ctx, 2*alerted); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, i.Printed())
	}
	time.Sleep(2 * time.Second)
	keys, most, _ := r.counts()
	return []e2e.Figure{
		e2e.Count("kill -9 with alerts waiting: taken after the restart, by key", keys-alerted, alerted),
		e2e.Count("  most that one key was taken", most, 1),
	}, nil
}

func (r *receiver) await(ctx context.Context, keys int) error {
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, _, _ := r.counts()
		if got >= keys {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%d of %d alerts came", got, keys)
		}
	}
}

// look sees a page with a cookie.
func (i *instance) look(ctx context.Context, cookie string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.Proxy+"/products/1", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Cookie", cookie)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && !strings.Contains(string(body), "a product") {
		err = fmt.Errorf("a page was answered %d", response.StatusCode)
	}
	return err
}
