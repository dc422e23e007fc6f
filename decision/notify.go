package decision

import (
	"context"
	"time"

	"wayguard/payment"
)

const (
	// notifiersAtOnce bounds how many payments backends are told of at one moment.
	notifiersAtOnce = 64
	// notifyLongest is how long telling them may take in all.
	notifyLongest = 30 * time.Second

	statusPending = "pending"
)

// notify tells the backends of a decision what became of the payment, and has keep write down what they said. It waits no longer than
// Limits.NotifyWait: what they have not said by then is pending, and is written down when they have.
func (s *Service) notify(ctx context.Context, d *payment.Decision, kind string, data payment.Tree, keep func(context.Context, []payment.Notification)) []payment.Notification {
	if s.deps.Notifier == nil || len(d.BackendResults) == 0 {
		return []payment.Notification{}
	}
	ctx = context.WithoutCancel(ctx)
	told := make(chan []payment.Notification, 1)
	s.pending.Go(func() {
		list := pendingFor(d)
		defer func() { told <- list }()
		within, cancel := context.WithTimeout(ctx, notifyLongest)
		defer cancel()
		select {
		case s.telling <- struct{}{}:
			defer func() { <-s.telling }()
		case <-within.Done():
			return
		}
		s.guard("telling backends", func() { list = present(s.deps.Notifier.Notify(within, d, kind, data)) })
	})
	timer := time.NewTimer(s.limits.NotifyWait)
	defer timer.Stop()
	select {
	case list := <-told:
		keep(ctx, list)
		return list
	case <-timer.C:
	}
	list := pendingFor(d)
	keep(ctx, list)
	s.pending.Go(func() { keep(ctx, <-told) })
	return list
}

// pendingFor are the notifications of a decision's backends, each once, before any was told.
func pendingFor(d *payment.Decision) []payment.Notification {
	list, seen := []payment.Notification{}, map[string]bool{}
	for _, r := range d.BackendResults {
		if !seen[r.Backend] {
			seen[r.Backend] = true
			list = append(list, payment.Notification{Backend: r.Backend, Status: statusPending})
		}
	}
	return list
}
