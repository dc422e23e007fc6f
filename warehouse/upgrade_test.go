package warehouse_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"wayguard/search"
	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

// alter changes a closed warehouse's file with DuckDB itself.
func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderFileIsUpgraded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	generator := warehousetest.NewGenerator(31)
	before, after := generator.Entries(600), generator.Entries(600)
	old, err := warehouse.Open(path, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Insert(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "ALTER TABLE actions DROP COLUMN detail", "ALTER TABLE actions DROP COLUMN policy", "UPDATE progress SET schema_version = 1")
	opened := open(t, path, warehouse.Options{})
	if err := opened.Insert(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	last := after[len(after)-1].Record.Event.Time
	effects, err := opened.Effects(t.Context(), search.EffectQuery{Environment: warehousetest.Production, From: warehousetest.Start(),
		To: last.Add(time.Second), Step: time.Hour})
	if err != nil || len(effects.Policies) != 3 || effects.Policies[0].Policy != "ladder" || effects.Policies[1].Done == 0 {
		t.Errorf("effects are %+v, %v", effects, err)
	}
	page, err := opened.Search(t.Context(), search.Query{Environment: warehousetest.Production, Field: search.FieldPolicy, Values: []string{"stop"}})
	if err != nil || page.Total == 0 {
		t.Errorf("an old action is not found by its name as its policy: %d, %v", page.Total, err)
	}
}

func TestANewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	made, err := warehouse.Open(path, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "UPDATE progress SET schema_version = 3")
	if opened, err := warehouse.Open(path, warehouse.Options{}); err == nil || errors.Is(err, warehouse.ErrLocked) {
		t.Errorf("it was opened: %v, %v", opened, err)
	}
}
