package rule

import (
	"slices"

	"wayguard/event"
)

// march is how far a session has come in the sequences of a set; it is used again for the next event.
type march struct {
	// row holds the times of all sequences in milliseconds, 0 where there is none; used says whether any is there.
	row  []int64
	used bool
	// last is the time of the latest event, calm since when the session has been held to be human-like; 0 is none.
	last, calm int64
	// held says that it is so now.
	held bool
	// met says which sequences this event has brought to their end, gaps how long after the step before.
	met  []bool
	gaps []int64
	// broken are the faults of steps.
	broken []event.RuleError
	packed []byte
}

// Advance moves the session's sequences on by the event without judging it: for a state that is rebuilt from recorded events.
// Afterwards Sheet.Progress is what to keep.
func (s *Set) Advance(sheet *Sheet, facts *Facts) {
	sheet.begin(s, facts)
	s.advance(&sheet.frame)
	sheet.end(s)
}

// Progress is what is to be kept of the session for its next event, at most MaxProgress bytes. It is good until the sheet is
// used again.
func (sheet *Sheet) Progress() []byte { return sheet.frame.march.packed }

// advance moves on every sequence. The clock of sequences never runs backwards: an event that comes late happens when the one
// before it did.
func (s *Set) advance(f *frame) {
	m := &f.march
	m.load(s, f.facts.Session.Progress)
	now := max(f.facts.Event.Time.UnixMilli(), m.last)
	m.keepCalm(s, f.facts.Session.Score, now)
	m.broken = m.broken[:0]
	clear(m.met)
	for _, q := range s.sequencesOf(f.facts.Event.Type) {
		q.advance(f, m.row[q.first:q.first+q.size], now)
	}
	m.last = now
}

// sequencesOf are the sequences that an event of the type may move.
func (s *Set) sequencesOf(t event.Type) []*sequence {
	if some, known := s.marching[t]; known {
		return some
	}
	return s.sequences
}

// moves says whether an event of the type may move the sequence.
func (q *sequence) moves(t event.Type) bool {
	return slices.ContainsFunc(q.stages, func(s stage) bool {
		return s.concerns(t) || s.absent != nil && s.absent.concerns(t)
	})
}

// advance moves one sequence by one event. The last step goes first: what an event does to one step must not be seen by
// another step of the same event.
func (q *sequence) advance(f *frame, row []int64, now int64) {
	for n := len(q.stages) - 1; n >= 0; n-- {
		anchor, complete := q.stages[n].advance(f, q, row, now, n == 0)
		switch {
		case !complete:
		case n == len(q.stages)-1:
			f.march.met[q.number], f.march.gaps[q.number] = true, now-anchor
		default:
			q.stages[n+1].wait(row, now)
			f.march.used = true
		}
	}
}

// advance moves one step. It says whether the event is the one with which the step, and all before it, are met, and the time
// that it was counted from.
func (s *stage) advance(f *frame, q *sequence, row []int64, now int64, first bool) (anchor int64, complete bool) {
	if !first && !s.awaited(row) || s.spoilt >= 0 && row[s.spoilt] != 0 {
		return 0, false
	}
	if s.asked(f, q, &s.condition) {
		anchor, complete = s.meet(row, now, first)
		f.march.used = f.march.used || s.times > 1
	}
	if s.absent != nil && s.asked(f, q, s.absent) {
		clear(row[s.waits : s.waits+s.capacity])
		clear(row[s.counts : s.counts+s.times-1])
		if s.spoilt >= 0 {
			row[s.spoilt], f.march.used = now, true
		}
	}
	return anchor, complete
}

// asked evaluates a condition; a fault counts as no, and is told.
func (s *stage) asked(f *frame, q *sequence, c *condition) bool {
	holds, wrong := c.holds(f)
	if wrong > missing {
		f.march.broken = append(f.march.broken, event.RuleError{Rule: q.rule, Error: wrong.String()})
	}
	return holds && wrong == sound
}

// awaited says whether anything of the step is under way.
func (s *stage) awaited(row []int64) bool {
	return some(row[s.waits:s.waits+s.capacity]) || some(row[s.counts:s.counts+s.times-1])
}

func some(times []int64) bool {
	for _, at := range times {
		if at != 0 {
			return true
		}
	}
	return false
}

// meet counts one event that meets the step.
func (s *stage) meet(row []int64, now int64, first bool) (anchor int64, complete bool) {
	begin := now
	if !first {
		begin = s.ripe(row, now)
	}
	if s.times == 1 {
		return begin, begin != 0
	}
	counts := row[s.counts : s.counts+s.times-1]
	if anchor = counts[s.times-2]; anchor != 0 && s.fresh(anchor, now) {
		complete = true
	}
	for c := s.times - 2; c > 0; c-- {
		counts[c] = max(counts[c], counts[c-1])
	}
	counts[0] = max(counts[0], begin)
	return anchor, complete
}

// fresh says whether not too much time has gone by.
func (s *stage) fresh(since, now int64) bool { return s.within == 0 || now-since <= s.within }

// ripe is the latest time at which the step before was met so that this one may be met now; 0 when there is none.
func (s *stage) ripe(row []int64, now int64) int64 {
	var latest int64
	for _, at := range row[s.waits : s.waits+s.capacity] {
		if at != 0 && s.fresh(at, now) && now-at >= s.after {
			latest = max(latest, at)
		}
	}
	return latest
}

// wait notes that the step before was met. Of a step with no shortest time the latest one is the best, of one with no longest
// time the earliest. With both, times are kept in order, and one whose neighbours serve every window that it serves is left out:
// so a fixed number is always enough, and nothing is missed.
func (s *stage) wait(row []int64, now int64) {
	waits := row[s.waits : s.waits+s.capacity]
	switch {
	case s.after == 0:
		waits[0] = now
	case s.within == 0:
		if waits[0] == 0 {
			waits[0] = now
		}
	default:
		s.thin(waits, now)
	}
}

func (s *stage) thin(waits []int64, now int64) {
	kept := 0
	for _, at := range waits {
		if at != 0 && s.fresh(at, now) {
			waits[kept] = at
			kept++
		}
	}
	clear(waits[kept:])
	length := s.within - s.after
	if kept >= 1 && waits[kept-1] == now {
		return
	}
	if kept >= 2 && now-waits[kept-2] <= length {
		kept-- // the last one stands between one just before it and now
	}
	waits[kept] = now
}
