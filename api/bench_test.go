package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/api"
)

// ruled is a quiet house with 100 rules in force.
func ruled(b *testing.B) (h *house, token string) {
	h = build(b, func(_ *api.Config, d *api.Deps) { d.Logger = slog.New(slog.DiscardHandler) })
	token = h.token(all()...)
	var rules []tree
	for i := range 100 {
		rules = append(rules, atLeast(10_000_000+i, fmt.Sprintf("r%d", i), "REVIEW"))
	}
	h.rules(token, rules...)
	return h, token
}

// BenchmarkDecidePaced is how long POST /api/decisions takes at 2,000 a second, without a network, over a real ledger. Each request is due at its
// time, whether or not those before it are answered, and is measured from then on: what waits is not left out.
func BenchmarkDecidePaced(b *testing.B) {
	const perSecond = 2000
	h, token := ruled(b)
	handler := h.api.Handler()
	bodies := make([][]byte, 1000)
	for i := range bodies {
		bodies[i], _ = json.Marshal(pay(visa, 1000, fmt.Sprint("customer-", i)))
	}
	took := make([]time.Duration, b.N)
	var wait sync.WaitGroup
	b.ResetTimer()
	begun := time.Now()
	for i := range b.N {
		due := begun.Add(time.Duration(i) * time.Second / perSecond)
		time.Sleep(time.Until(due))
		wait.Go(func() {
			r := httptest.NewRequest(http.MethodPost, "/api/decisions", bytes.NewReader(bodies[i%len(bodies)]))
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			took[i] = time.Since(due)
			if w.Code != http.StatusOK {
				b.Errorf("status %d", w.Code)
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	slices.Sort(took)
	for _, percent := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*percent/100].Microseconds()), fmt.Sprintf("p%d-µs", percent))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkDecide is POST /api/decisions over real connections, with 100 rules and its callers beside it.
func BenchmarkDecide(b *testing.B) {
	h, token := ruled(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var serial atomic.Int64
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body, _ := json.Marshal(pay(visa, 1000, fmt.Sprint("customer-", serial.Add(1)%1000)))
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, h.server.URL+"/api/decisions", bytes.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+token)
			response, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
				b.Errorf("status %d, %v", response.StatusCode, err)
			}
			_ = response.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
