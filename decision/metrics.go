package decision

import (
	"sync/atomic"

	"wayguard/payment"
)

// counted are the service's own counts.
type counted struct {
	allowed, reviewed, blocked, provisional atomic.Uint64
	replays, unavailable, panics            atomic.Uint64
	shadow, shadowDropped                   atomic.Uint64
	finished, expired                       atomic.Uint64
	backendErrors                           atomic.Uint64
	events, populated, messages             atomic.Uint64
	resolutions, reloadFailures             atomic.Uint64
	abandoned, refilled, unanswered         atomic.Uint64
}

func (c *counted) outcome(o payment.Outcome) {
	switch o {
	case payment.Allow:
		c.allowed.Add(1)
	case payment.Review:
		c.reviewed.Add(1)
	case payment.Block:
		c.blocked.Add(1)
	case payment.Provisional:
		c.provisional.Add(1)
	}
}

// Metrics are counts since the start.
type Metrics struct {
	// Outcomes by name. A decision that was PROVISIONAL is counted again under its final outcome.
	Outcomes map[payment.Outcome]uint64
	// Replays were answered from an idempotency key; Unavailable could not be made or kept; Abandoned were not kept because their caller
	// had gone; Panics were caught.
	Replays, Unavailable, Abandoned, Panics uint64
	// Shadow members' results kept, and those not asked or not kept.
	Shadow, ShadowDropped uint64
	// Finished asynchronous decisions, of which Expired ran out of time, and those that Waiting here.
	Finished, Expired uint64
	Waiting           int64
	BackendErrors     uint64
	// Events are lifecycle events, Populated the list entries they made, Messages the webhooks queued.
	Events, Populated, Messages uint64
	Resolutions                 uint64
	ReloadFailures              uint64
	// CounterKeys and CounterCells in memory, and keys let go for want of room; Restored says that every counter is whole.
	CounterKeys, CounterCells int
	CountersDropped           uint64
	// CountersRefilled were read from the ledger again; CountersUnknown could not be told, so that their rules did not fire.
	CountersRefilled, CountersUnknown uint64
	Restored                          bool
	ListValues                        int64
}

// Metrics are what was counted since the start.
func (s *Service) Metrics() Metrics {
	c := &s.counted
	m := Metrics{
		Outcomes: map[payment.Outcome]uint64{payment.Allow: c.allowed.Load(), payment.Review: c.reviewed.Load(),
			payment.Block: c.blocked.Load(), payment.Provisional: c.provisional.Load()},
		Replays: c.replays.Load(), Unavailable: c.unavailable.Load(), Abandoned: c.abandoned.Load(), Panics: c.panics.Load(),
		Shadow: c.shadow.Load(), ShadowDropped: c.shadowDropped.Load(),
		Finished: c.finished.Load(), Expired: c.expired.Load(), Waiting: s.work.held.count(), BackendErrors: c.backendErrors.Load(),
		Events: c.events.Load(), Populated: c.populated.Load(), Messages: c.messages.Load(),
		Resolutions: c.resolutions.Load(), ReloadFailures: c.reloadFailures.Load(),
		CountersRefilled: c.refilled.Load(), CountersUnknown: c.unanswered.Load(),
		Restored: s.force.Load().plan.restored(), ListValues: s.lists.count(),
	}
	m.CounterKeys, m.CounterCells, m.CountersDropped = s.rolling.Held()
	return m
}
