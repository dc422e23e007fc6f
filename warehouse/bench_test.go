package warehouse_test

import (
	"path/filepath"
	"testing"
	"time"

	"wayguard/search"
	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

// BenchmarkInsert keeps batches of 5000 records of 2000 sessions under way; one operation is one batch.
func BenchmarkInsert(b *testing.B) {
	w := open(b, filepath.Join(b.TempDir(), "warehouse.duckdb"), warehouse.Options{})
	generator := warehousetest.NewGenerator(1)
	generator.Sessions = 2000
	const size = 5000
	var slowest time.Duration
	for b.Loop() {
		b.StopTimer()
		entries := generator.Entries(size)
		b.StartTimer()
		started := time.Now()
		if err := w.Insert(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
		slowest = max(slowest, time.Since(started))
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(slowest.Milliseconds()), "ms-slowest")
}

// BenchmarkAsk asks the questions of the Hub's pages of 200,000 records.
func BenchmarkAsk(b *testing.B) {
	w := open(b, filepath.Join(b.TempDir(), "warehouse.duckdb"), warehouse.Options{})
	generator := warehousetest.NewGenerator(1)
	generator.Sessions = 2000
	var last warehouse.Entry
	for range 40 {
		entries := generator.Entries(5000)
		last = entries[len(entries)-1]
		if err := w.Insert(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	env, session, at := last.Record.Event.Environment, last.Record.Session.ID, last.Record.Event.Time
	b.Run("malicious of the last hour", func(b *testing.B) {
		q := search.Query{Environment: env, Field: search.FieldRating, Values: []string{"malicious"}, From: at.Add(-time.Hour),
			To: at, Sort: search.ColumnEvents, Descending: true, Limit: 50}
		benchmarkSearch(b, w, q)
	})
	b.Run("all by city", func(b *testing.B) {
		benchmarkSearch(b, w, search.Query{Environment: env, Sort: search.ColumnCity, Limit: 50})
	})
	b.Run("by email", func(b *testing.B) {
		benchmarkSearch(b, w, search.Query{Environment: env, Field: "email", Values: []string{"person77@mail.example"}, Limit: 50})
	})
	b.Run("story", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Story(b.Context(), env, session); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("totals", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Totals(b.Context(), env, at.Add(-time.Hour), at); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkSearch(b *testing.B, w *warehouse.DuckDB, q search.Query) {
	for b.Loop() {
		if page, err := w.Search(b.Context(), q); err != nil || page.Total == 0 {
			b.Fatal(page.Total, err)
		}
	}
}
