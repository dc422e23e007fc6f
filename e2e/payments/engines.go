//go:build e2e

package payments

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"
)

// engine is a risk engine that answers with a word, at once, later, or not at all.
type engine struct {
	*httptest.Server
	word  string
	hangs atomic.Bool
	delay atomic.Int64 // time.Duration
	asked atomic.Int64
}

func newEngine(word string) *engine {
	e := &engine{word: word}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // a server sees that a client went away once it has read the body
		pause := time.Duration(e.delay.Load())
		if e.hangs.Load() {
			pause = time.Hour
		}
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"verdict": map[string]string{"action": e.word, "id": "ref-1"}})
	}))
	return e
}

// integrate makes the engine a backend, which rules then name slug/default.
func (i *instance) integrate(ctx context.Context, slug string, e *engine) error {
	err := i.admin.Payments(ctx, http.MethodPost, "admin/integrations", nil, map[string]any{
		"type": "http", "slug": slug, "name": slug, "base_url": e.URL, "timeout_ms": 5000,
		"adapter": map[string]any{
			"requires": []string{"$.customer.id"},
			"assess": map[string]any{
				"url":  "/assess",
				"body": map[string]any{"customer": "{{ $.customer.id }}", "amount": "{{ $.transaction.amount }}", "bin": "{{ $.masked_credential | first(6) }}"},
				"answer": map[string]any{
					"outcome":   map[string]any{"path": "$.verdict.action", "map": map[string]string{"pass": "ALLOW", "look": "REVIEW", "stop": "BLOCK"}},
					"reference": "$.verdict.id",
				},
			},
		},
	}, nil)
	if err != nil {
		return err
	}
	return i.admin.Payments(ctx, http.MethodPost, "admin/backends/refresh", nil, nil, nil)
}
