package integration_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sort"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// memoryOutbox is an outbox that outlives its senders, as the store does.
type memoryOutbox struct {
	mu      sync.Mutex
	pending map[event.ID]event.Delivery
	// ended says how a message ended: "delivered" or the reason why it is dead.
	ended map[event.ID]string
	// refuse is how many of the next marks fail; readError fails reading.
	refuse    int
	readError error
}

func newOutbox(deliveries ...event.Delivery) *memoryOutbox {
	o := &memoryOutbox{pending: map[event.ID]event.Delivery{}, ended: map[event.ID]string{}}
	for _, d := range deliveries {
		o.pending[d.ID] = d
	}
	return o
}

func (o *memoryOutbox) DueDeliveries(_ context.Context, now time.Time, limit int) ([]event.Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var due []event.Delivery
	for _, d := range o.pending {
		if !d.Due.After(now) {
			due = append(due, d)
		}
	}
	sort.Slice(due, func(i, j int) bool { return due[i].ID < due[j].ID })
	return due[:min(limit, len(due))], o.readError
}

func (o *memoryOutbox) mark(id event.ID, change func(d event.Delivery)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse > 0 {
		o.refuse--
		return errors.New("database is locked")
	}
	if d, ok := o.pending[id]; ok {
		d.Attempts++
		delete(o.pending, id)
		change(d)
	}
	return nil
}

func (o *memoryOutbox) MarkDelivered(_ context.Context, id event.ID, _ time.Time) error {
	return o.mark(id, func(event.Delivery) { o.ended[id] = "delivered" })
}

func (o *memoryOutbox) MarkFailed(_ context.Context, id event.ID, reason string, due time.Time) error {
	return o.mark(id, func(d event.Delivery) {
		d.LastError, d.Due = reason, due
		o.pending[id] = d
	})
}

func (o *memoryOutbox) MarkDead(_ context.Context, id event.ID, reason string, _ time.Time) error {
	return o.mark(id, func(event.Delivery) { o.ended[id] = reason })
}

func (o *memoryOutbox) end(id event.ID) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended[id]
}

func (o *memoryOutbox) waiting(id event.ID) event.Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pending[id]
}

// receiver is a real HTTP receiver that answers as told and remembers what it got.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []*http.Request
	// bodies are those of got.
	bodies []string
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the sender was cut off
		}
		r.mu.Lock()
		r.got, r.bodies = append(r.got, request), append(r.bodies, string(body))
		n := len(r.got)
		r.mu.Unlock()
		answer(n, w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

func always(status int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func message(n int) event.Delivery {
	at := time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC)
	return event.Delivery{ID: event.DeriveID(at, "delivery", fmt.Sprint(n)), Environment: "production", Action: "alert",
		Key: fmt.Sprint("key ", n), Body: []byte(fmt.Sprintf(`{"n":%d}`, n)), Due: at, Created: time.Now()}
}

// quick is a configuration for tests that may call this machine.
func quick() integration.Config {
	c := integration.DefaultConfig()
	c.FirstDelay, c.LongestDelay, c.Poll = time.Millisecond, 20*time.Millisecond, time.Millisecond
	c.AllowPrivate = []string{"127.0.0.0/8", "::1"}
	return c
}

// sender makes a sender of the outbox to one address.
func sender(t *testing.T, c integration.Config, outbox integration.Outbox, url string) *integration.Webhooks {
	t.Helper()
	w, err := integration.New(c, outbox, func(action string) (integration.Target, bool) {
		return integration.Target{URL: url, Secret: secret}, action == "alert"
	}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start runs a sender until stop is called or the test ends.
func start(t *testing.T, w *integration.Webhooks) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
