//go:build e2e

package path_test

import (
	"context"
	"testing"
	"time"

	"wayguard/e2e"
	"wayguard/e2e/path"
)

func TestHTTP2(t *testing.T) { e2e.Meet(t, path.CheckHTTP2) }

func TestGRPC(t *testing.T) { e2e.Meet(t, path.CheckGRPC) }

func TestReload(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckReload(ctx, 100) })
}

func TestUpgrade(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckUpgrade(ctx, 5) })
}

func TestEndurance(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckEndurance(ctx, 3*time.Second) })
}

func TestSmuggling(t *testing.T) { e2e.Meet(t, path.CheckSmuggling) }

func TestBytes(t *testing.T) { e2e.Meet(t, path.CheckBytes) }

func TestBrowser(t *testing.T) { e2e.Meet(t, path.CheckBrowser) }

func TestDrills(t *testing.T) { e2e.Meet(t, path.CheckDrills) }
