package warehouse_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wayguard/search"
	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

func open(t testing.TB, path string, opts warehouse.Options) *warehouse.DuckDB {
	t.Helper()
	opened, err := warehouse.Open(path, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return opened
}

func TestConformance(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, func(t *testing.T, place string) warehousetest.Warehouse {
		return open(t, filepath.Join(place, "warehouse.duckdb"), warehouse.Options{})
	})
}

func TestOpenTwiceIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	first, err := warehouse.Open(path, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Open(path, warehouse.Options{}); !errors.Is(err, warehouse.ErrLocked) {
		t.Errorf("second open: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	open(t, path, warehouse.Options{})
}

func TestOpenRefusesWhatIsNoWarehouse(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.duckdb")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database at all ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Open(text, warehouse.Options{}); !errors.Is(err, warehouse.ErrCorrupt) {
		t.Errorf("a text file: %v", err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.duckdb")
	w := open(t, damaged, warehouse.Options{})
	if err := w.Insert(t.Context(), warehousetest.NewGenerator(1).Entries(500)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(content); i += 512 {
		content[i] ^= 0x5a
	}
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Open(damaged, warehouse.Options{}); !errors.Is(err, warehouse.ErrCorrupt) {
		t.Errorf("a damaged file: %v", err)
	}
	folder := t.TempDir()
	if _, err := warehouse.Open(folder, warehouse.Options{}); err == nil {
		t.Error("a folder was opened")
	}
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"it's.duckdb", "50% off.duckdb", "a b#c;d.duckdb", "new/folder/w.duckdb"} {
		path := filepath.Join(t.TempDir(), name)
		w := open(t, path, warehouse.Options{})
		if err := w.Insert(t.Context(), warehousetest.NewGenerator(1).Entries(5)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, file := range []string{path, path + ".wal", path + ".lock"} {
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", file, info, err)
			}
		}
	}
	if _, err := warehouse.Open(filepath.Join(t.TempDir(), "what?.duckdb"), warehouse.Options{}); err == nil {
		t.Error("DuckDB would put the write-ahead log of this path elsewhere")
	}
}

func TestSmallMemory(t *testing.T) {
	opts := warehouse.Options{Memory: 48 << 20, Threads: 1, Checkpoint: 4 << 20, StoryEvents: 20}
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, opts)
	generator := warehousetest.NewGenerator(31)
	generator.Sessions = 4
	var last warehouse.Entry
	for range 5 {
		entries := generator.Entries(4000)
		last = entries[len(entries)-1]
		if err := w.Insert(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	exported := 0
	query := search.Query{Environment: last.Record.Event.Environment, Sort: search.ColumnCity}
	if err := w.Each(t.Context(), query, func(search.Session) error { exported++; return nil }); err != nil {
		t.Fatal(err)
	}
	page, err := w.Search(t.Context(), query)
	if err != nil || page.Total != exported || exported == 0 {
		t.Errorf("exported %d of %d, %v", exported, page.Total, err)
	}
	query.Sort, query.Descending = search.ColumnEvents, true
	if page, err = w.Search(t.Context(), query); err != nil || len(page.Sessions) == 0 {
		t.Fatal(err)
	}
	story, err := w.Story(t.Context(), query.Environment, page.Sessions[0].ID)
	if err != nil || len(story.Events) != 20 || !story.Truncated {
		t.Errorf("a long story has %d events, truncated %v, %v", len(story.Events), story.Truncated, err)
	}
}

func TestSlowExportHoldsUpNobody(t *testing.T) {
	w := open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), warehouse.Options{Readers: 1, Checkpoint: 1 << 16})
	generator := warehousetest.NewGenerator(37)
	if err := w.Insert(t.Context(), generator.Entries(500)); err != nil {
		t.Fatal(err)
	}
	query := search.Query{Environment: warehousetest.Production}
	inside := 0
	err := w.Each(t.Context(), query, func(search.Session) error {
		if inside++; inside > 3 {
			return nil
		}
		if err := w.Insert(t.Context(), generator.Entries(500)); err != nil {
			return err
		}
		_, err := w.Search(t.Context(), query)
		return err
	})
	if err != nil || inside < 3 {
		t.Errorf("%d rows, %v", inside, err)
	}
}
