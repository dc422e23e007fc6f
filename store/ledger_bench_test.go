package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/store"
	"wayguard/store/storetest"
)

// BenchmarkRecord keeps whole decisions from several callers at once, of which every tenth carries an idempotency key and a webhook; it
// tells decisions a second, and how long a caller waited at the median and at the 95th and 99th percentile.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l, err := store.OpenLedger(context.Background(), filepath.Join(b.TempDir(), "decisions.db"), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			waits := make([]time.Duration, b.N)
			var next atomic.Int64
			var group sync.WaitGroup
			b.ResetTimer()
			for range callers {
				group.Go(func() {
					for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
						e := storetest.Entry(n)
						if n%10 == 0 {
							e.Client, e.IdempotencyKey, e.Digest = "shop", fmt.Sprint("key ", n), "digest"
							e.Messages = []event.Delivery{storetest.Message(n)}
						}
						start := time.Now()
						if err := l.Record(context.Background(), e); err != nil {
							b.Error(err)
							return
						}
						waits[n-1] = time.Since(start)
					}
				})
			}
			group.Wait()
			b.StopTimer()
			slices.Sort(waits)
			at := func(percent int) float64 { return float64(waits[(len(waits)-1)*percent/100].Microseconds()) }
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(at(50), "p50-µs")
			b.ReportMetric(at(95), "p95-µs")
			b.ReportMetric(at(99), "p99-µs")
			b.ReportMetric(float64(l.Metrics().Writes)/float64(max(l.Metrics().Commits, 1)), "writes/commit")
		})
	}
}

// BenchmarkEach walks over kept decisions, as a backtest and the restoring of counters do; one operation is one decision.
func BenchmarkEach(b *testing.B) {
	ctx := context.Background()
	l, err := store.OpenLedger(ctx, filepath.Join(b.TempDir(), "decisions.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for n := range 5000 {
		if err := l.Record(ctx, storetest.Entry(n)); err != nil {
			b.Fatal(err)
		}
	}
	seen := 0
	b.ResetTimer()
	for seen < b.N {
		if err := l.Each(ctx, storetest.Production, time.Time{}, time.Unix(1<<33, 0), func(*decision.Entry) error { seen++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(seen)/b.Elapsed().Seconds(), "decisions/s")
}
