//go:build e2e

package e2e_test

import (
	"context"
	"testing"

	"wayguard/e2e"
)

func TestWordPress(t *testing.T) { e2e.Meet(t, e2e.CheckWordPress) }

func TestSecrets(t *testing.T) { e2e.Meet(t, e2e.CheckSecrets) }

func TestKill(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckKill(ctx, 20) })
}

func TestDemo(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckDemo(ctx, "") })
}

func TestTrouble(t *testing.T) { e2e.Meet(t, e2e.CheckTrouble) }

func TestOffline(t *testing.T) { e2e.Meet(t, e2e.CheckOffline) }
