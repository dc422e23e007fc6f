//go:build e2e

package e2e_test

import (
	"context"
	"testing"
	"time"

	"wayguard/e2e"
)

// met fails the test for each figure that misses its goal.
func met(t *testing.T, check func(context.Context) ([]e2e.Figure, error)) {
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

func TestWordPress(t *testing.T) { met(t, e2e.CheckWordPress) }

func TestSecrets(t *testing.T) { met(t, e2e.CheckSecrets) }

func TestKill(t *testing.T) {
	met(t, func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckKill(ctx, 20) })
}

func TestDemo(t *testing.T) {
	met(t, func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckDemo(ctx, "") })
}

func TestTrouble(t *testing.T) { met(t, e2e.CheckTrouble) }

func TestOffline(t *testing.T) { met(t, e2e.CheckOffline) }
