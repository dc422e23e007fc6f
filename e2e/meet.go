//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"
)

// Meet fails the test for each figure of a check that misses its goal.
func Meet(t *testing.T, check func(context.Context) ([]Figure, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	figures, err := check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) == 0 {
		t.Fatal("the check measured nothing")
	}
	for _, f := range figures {
		t.Log(f.Line())
		if !f.Met {
			t.Errorf("%s: %s, want %s", f.Name, f.Value, f.Goal)
		}
	}
}
