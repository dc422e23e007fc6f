package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

// Deps is what the API is given. Every field without "may be nil" is needed.
type Deps struct {
	Environment event.Environment
	Service     *decision.Service
	// Acceptance is how payments are read.
	Acceptance payment.Acceptance
	// Keys sign our own tokens.
	Keys *Keys
	// Backends tells how risk backends fare, as something to be written as a JSON array; RefreshBackends looks for them now. Both may be
	// nil: then there are none.
	Backends        func() any
	RefreshBackends func(ctx context.Context) error
	// Outbox holds the webhooks on their way. May be nil: then nobody can be told of them.
	Outbox Outbox
	// Audit is told of the changes that Service does not know of. May be nil.
	Audit  func(ctx context.Context, c decision.Change)
	Now    func() time.Time
	NewID  func(at time.Time) event.ID
	Logger *slog.Logger
}

// Outbox is where webhooks wait.
type Outbox interface {
	// DeadDeliveries lists those that were given up, newest first.
	DeadDeliveries(ctx context.Context, env event.Environment, limit int) ([]event.Delivery, error)
	// Redeliver makes one that was given up due again; found is false where there is none.
	Redeliver(ctx context.Context, env event.Environment, id event.ID, at time.Time) (found bool, err error)
}

// check names what is missing, so that a wiring mistake is found at start and not by a merchant.
func (d *Deps) check() error {
	for _, n := range []struct {
		name    string
		present bool
	}{
		{"Service", d.Service != nil}, {"Keys", d.Keys != nil}, {"Now", d.Now != nil}, {"NewID", d.NewID != nil}, {"Logger", d.Logger != nil},
	} {
		if !n.present {
			return fmt.Errorf("build the decision API: %w: %s", errMissing, n.name)
		}
	}
	return nil
}

var errMissing = errors.New("something needed is missing")
