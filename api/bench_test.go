package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"

	"wayguard/api"
)

// BenchmarkDecide is POST /api/decisions over real connections, with 100 rules and its callers beside it.
func BenchmarkDecide(b *testing.B) {
	h := build(b, func(_ *api.Config, d *api.Deps) { d.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) })
	token := h.token(all()...)
	var rules []tree
	for i := range 100 {
		rules = append(rules, atLeast(10_000_000+i, fmt.Sprintf("r%d", i), "REVIEW"))
	}
	h.rules(token, rules...)
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
