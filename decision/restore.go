package decision

import (
	"context"
	"errors"
	"time"

	"wayguard/payment"
)

// Restoring: slices of the past are counted, newest first, so that short windows can be answered soon.
const (
	firstSlice   = time.Minute
	longestSlice = 6 * time.Hour
	// sliceRoom is how many decisions one slice may hold: they are kept in memory until it is whole, so that a slice that fails is
	// counted not at all rather than twice.
	sliceRoom = 100_000
)

// restoreCounters fills counters from the ledger, whenever one is not whole.
func (s *Service) restoreCounters(ctx context.Context) {
	slice := firstSlice
	for {
		group, from, to := s.force.Load().plan.incomplete(slice)
		wait := time.Duration(0)
		if len(group) == 0 {
			slice = firstSlice
			select {
			case <-ctx.Done():
				return
			case <-s.restore:
				continue
			}
		}
		switch held, err := s.restoreSlice(ctx, group, from, to); {
		case errors.Is(err, errSliceFull) && to.Sub(from) > time.Millisecond:
			slice = to.Sub(from) / 4
		case err != nil && ctx.Err() == nil:
			s.deps.Logger.Error("counters could not be filled from the ledger", "error", err)
			wait = s.retry
		case held < s.sliceRoom/4:
			slice = min(2*slice, longestSlice)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

var errSliceFull = errors.New("the slice holds too many decisions")

// incomplete are the counters that lack the same piece of the past, and that piece, at most slice long.
func (p *plan) incomplete(slice time.Duration) (group []*counter, from, to time.Time) {
	latest := int64(0)
	for _, c := range p.counters {
		if c.lacks() {
			latest = max(latest, c.whole.Load())
		}
	}
	to = time.UnixMilli(latest)
	from = to
	for _, c := range p.counters {
		if c.lacks() && c.whole.Load() == latest {
			group = append(group, c)
			if end := c.since.Add(-c.need); end.Before(from) {
				from = end
			}
		}
	}
	if piece := to.Add(-slice); from.Before(piece) {
		from = piece
	}
	return group, from.Truncate(time.Millisecond), to
}

// lacks says whether a part of the longest window asked for lies before what is counted.
func (c *counter) lacks() bool { return c.whole.Load() > c.since.Add(-c.need).UnixMilli() }

// restored says whether all counters are whole.
func (p *plan) restored() bool {
	for _, c := range p.counters {
		if c.lacks() {
			return false
		}
	}
	return true
}

// restoreSlice counts the decisions of a piece of the past: all of them, or none and an error.
func (s *Service) restoreSlice(ctx context.Context, group []*counter, from, to time.Time) (held int, err error) {
	var past []attempt
	err = s.deps.Ledger.Each(ctx, s.deps.Environment, from, to, func(e *Entry) error {
		if len(past) >= s.sliceRoom {
			return errSliceFull
		}
		past = append(past, attemptOf(e, group))
		return nil
	})
	if err != nil && (!errors.Is(err, errSliceFull) || to.Sub(from) > time.Millisecond) {
		if errors.Is(err, errSliceFull) {
			return 0, errSliceFull
		}
		return 0, err
	}
	for i := range past {
		for _, c := range group {
			if key, p, ok := c.event(s.rolling, &past[i]); ok {
				s.rolling.AddPast(key, p)
			}
		}
	}
	for _, c := range group {
		c.whole.Store(from.UnixMilli())
	}
	return len(past), nil
}

// attemptOf is a kept decision as the counters see it. What its values lack is looked up in what rules read then.
func attemptOf(e *Entry, group []*counter) attempt {
	a := attempt{values: make(map[string]string, len(group)), context: e.Decision.Context, currency: e.Decision.Currency,
		amount: e.Decision.Amount, at: e.Decision.EvaluatedAt}
	for _, c := range group {
		a.take(e, c.path)
		if c.of != "" {
			a.take(e, c.of)
		}
	}
	return a
}

func (a *attempt) take(e *Entry, text string) {
	if _, there := a.values[text]; there {
		return
	}
	if value, there := e.Values[text]; there {
		a.values[text] = value
		return
	}
	if e.Tree == nil {
		return
	}
	if path, err := payment.ParsePath(text); err == nil {
		if value, ok := valueAt(e.Tree, path); ok {
			a.values[text] = value
		}
	}
}
