//go:build e2e

package payments

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
	"wayguard/event"
)

// receiver takes webhooks over TLS, and can go away and come back at the same address. What it has taken outlives it, as a receiver's own
// database does.
type receiver struct {
	address     string
	certificate tls.Certificate
	server      *http.Server
	// pause is between a webhook's arrival and its answer.
	pause time.Duration

	mu  sync.Mutex
	key string
	// taken are the webhooks that were answered 2xx by id, told their events by decision, again counts those that were known already,
	// forged those whose signature was wrong.
	taken         map[event.ID]int
	told          map[event.ID][]string
	again, forged int
}

func newReceiver() (*receiver, error) {
	address, err := e2e.FreeAddress()
	if err != nil {
		return nil, err
	}
	lender := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer lender.Close()
	return &receiver{address: address, certificate: lender.TLS.Certificates[0], pause: 5 * time.Millisecond,
		taken: map[event.ID]int{}, told: map[event.ID][]string{}}, nil
}

// trusted has programs that are started from now on trust the receiver's certificate, until it is undone.
func (r *receiver) trusted() (undo func(), err error) {
	file, err := os.CreateTemp("", "wayguard-receiver-*.pem")
	if err != nil {
		return nil, err
	}
	err = pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: r.certificate.Certificate[0]})
	if failed := file.Close(); err == nil {
		err = failed
	}
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", file.Name())
	}
	return func() {
		_ = os.Unsetenv("SSL_CERT_FILE")
		_ = os.Remove(file.Name())
	}, err
}

// open begins to take webhooks.
func (r *receiver) open() error {
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
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{r.certificate}}}
	go func() { _ = r.server.ServeTLS(listener, "", "") }()
	return nil
}

// close ends it at once: connections break off, nothing is answered any more.
func (r *receiver) close() {
	if r.server != nil {
		_ = r.server.Close()
	}
}

// register makes it an endpoint for events.
func (r *receiver) register(ctx context.Context, i *instance, events ...string) error {
	var made struct {
		Key string `json:"hmac_key"`
	}
	body := map[string]any{"url": "https://" + r.address + "/hook", "events": events}
	if err := i.admin.Payments(ctx, http.MethodPost, "admin/webhooks", nil, body, &made); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.key = made.Key
	return nil
}

// take takes a webhook after a moment, in which either side may be killed.
func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	select {
	case <-time.After(r.pause):
	case <-request.Context().Done():
		return
	}
	var sent struct {
		ID       event.ID `json:"id"`
		Event    string   `json:"event"`
		Decision event.ID `json:"decision_id"`
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(r.key))
	_, _ = mac.Write(body)
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(request.Header.Get("X-Hmac-Signature"))) || json.Unmarshal(body, &sent) != nil {
		r.forged++
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.taken[sent.ID] > 0 {
		r.again++
	} else {
		r.told[sent.Decision] = append(r.told[sent.Decision], sent.Event)
	}
	r.taken[sent.ID]++
	w.WriteHeader(http.StatusNoContent)
}

// counts are the webhooks taken by id, those that came again, and those with a wrong signature.
func (r *receiver) counts() (ids, again, forged int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken), r.again, r.forged
}

// most is how often the webhook came that came most often.
func (r *receiver) most() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.taken {
		n = max(n, times)
	}
	return n
}

// of are the events that were told of a decision, sorted.
func (r *receiver) of(decision event.ID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(r.told[decision])), " ")
}

// settle waits until as many ids have come, or the time is over, and then until nothing has come for a while.
func (r *receiver) settle(ctx context.Context, ids int, limit time.Duration) error {
	last, since := -1, time.Now()
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		got, again, _ := r.counts()
		if got+again != last {
			last, since = got+again, time.Now()
		}
		switch {
		case got >= ids && time.Since(since) > 2*time.Second:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return fmt.Errorf("%d of %d webhooks came", got, ids)
		}
	}
}
