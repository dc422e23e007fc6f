package warehouse_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"wayguard/search"
	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

// FuzzSearch asks whatever a client of the Hub may send: each question is answered or refused, and nothing is changed
// by it.
func FuzzSearch(f *testing.F) {
	w := open(f, filepath.Join(f.TempDir(), "warehouse.duckdb"), warehouse.Options{Threads: 1})
	if err := w.Insert(f.Context(), warehousetest.NewGenerator(3).Entries(200)); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"environment":"production","field":"email","values":["a@b.example","'--"],"limit":5}`,
		`{"environment":"production","from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z","sort":"city","descending":true}`,
		`{"filters":[{"column":"events","min":"1","max":"2"},{"column":"city","contains":"%_\\"}],"offset":3}`,
		`{"field":"session_risk_rating","values":["malicious"],"filters":[{"column":"rating","in":["normal"]}]}`,
		`{"field":"event_type","values":["Transaction"],"sort":"duration","filters":[{"column":"duration","max":"1e308"}]}`,
		`{"from":"0001-01-01T00:00:01Z","to":"9999-12-31T23:59:59Z","limit":99999999,"offset":9223372036854775807}`,
		`{"filters":[{"column":"opened","min":"9999-12-31T23:59:59.999999999Z"},{"column":"labels","min":"-9223372036854775808"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var q search.Query
		if json.Unmarshal([]byte(text), &q) != nil {
			return
		}
		page, err := w.Search(t.Context(), q)
		if err != nil && !errors.Is(err, warehouse.ErrBadQuery) {
			t.Fatalf("%q: %v", text, err)
		}
		if len(page.Sessions) > 1000 || len(page.Sessions) > page.Total {
			t.Fatalf("%q: %d sessions of %d", text, len(page.Sessions), page.Total)
		}
		if position, err := w.Position(t.Context()); err != nil || position == 0 {
			t.Fatalf("%q left position %d, %v", text, position, err)
		}
	})
}
