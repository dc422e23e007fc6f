//go:build e2e

package payments_test

import (
	"context"
	"errors"
	"testing"

	"wayguard/e2e"
	"wayguard/e2e/payments"
)

func TestStory(t *testing.T) { e2e.Meet(t, payments.CheckStory) }

func TestDestination(t *testing.T) { e2e.Meet(t, payments.CheckDestination) }

func TestAcquirer(t *testing.T) {
	e2e.Meet(t, func(ctx context.Context) ([]e2e.Figure, error) {
		figures, err := payments.CheckAcquirer(ctx)
		if errors.Is(err, payments.ErrAbsent) {
			t.Skip(err)
		}
		return figures, err
	})
}

func TestNumbers(t *testing.T) { e2e.Meet(t, payments.CheckNumbers) }

func TestBackend(t *testing.T) { e2e.Meet(t, payments.CheckBackend) }

func TestUpgrade(t *testing.T) { e2e.Meet(t, payments.CheckUpgrade) }

func TestKill(t *testing.T) { e2e.Meet(t, payments.CheckKill) }
