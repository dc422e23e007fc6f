package warehouse_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the driver stands in for DuckDB's shell

	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

// TestDocumentedQueries runs the SQL of docs/warehouse.md as a person with DuckDB's shell would.
func TestDocumentedQueries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w, err := warehouse.Open(path, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Insert(t.Context(), warehousetest.NewGenerator(7).Entries(5000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".wal"); !os.IsNotExist(err) {
		t.Errorf("a closed warehouse leaves its write-ahead log: %v", err)
	}
	guide, err := os.ReadFile("../docs/warehouse.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(guide)
	if block == nil {
		t.Fatal("the guide has no SQL")
	}
	shell, err := sql.Open("duckdb", path+"?access_mode=READ_ONLY")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
	}()
	queries := strings.Split(strings.TrimSpace(string(block[1])), ";")
	for _, query := range queries[:len(queries)-1] {
		rows, err := shell.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		found := 0
		for rows.Next() {
			found++
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		// What happened yesterday is not among records of a fixed time.
		if found == 0 && !strings.Contains(query, "today()") {
			t.Errorf("%s: found nothing", query)
		}
	}
	if len(queries) != 5 {
		t.Errorf("ran %d queries, want 4", len(queries)-1)
	}
}
