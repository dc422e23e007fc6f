package engine

import (
	"bytes"
	"testing"
	"time"
)

// What is usual at an hour of the week is learned within some weeks, and lets sums fall as time goes by; an hour with an alarm
// teaches nothing.
func TestSeason(t *testing.T) {
	var s season
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 24 * 7 * 6 {
		now := at.Add(time.Duration(hour) * time.Hour)
		bad := 1
		if now.Hour() == 20 {
			bad = 30
		}
		if hour == 24*7*5+9 {
			for range 500 {
				s.add(100, now, true)
			}
			continue
		}
		for range bad {
			s.add(100, now, false)
		}
	}
	end := at.Add(6 * 7 * 24 * time.Hour)
	quiet, busy, attacked := s.hourly(end.Add(3*time.Hour)), s.hourly(end.Add(20*time.Hour)), s.hourly(end.Add(9*time.Hour))
	if quiet != groupUnit || busy != 30*groupUnit || attacked != groupUnit {
		t.Errorf("usual at 3: %d, at 20: %d, at 9: %d", quiet, busy, attacked)
	}
	if got := s.hourly(at.Add(24 * time.Hour)); got != 0 {
		t.Errorf("after a day %d is usual already", got)
	}
	g := group{sum: 8 * groupUnit, at: end.Add(20 * time.Hour).UnixMilli(), mass: 100, week: end.Unix() / 604800}
	g.settle(end.Add(20*time.Hour+6*time.Minute), busy, 100)
	if want := int64(8*groupUnit - 3*groupUnit*drift/100); g.sum != want {
		t.Errorf("after six minutes of a busy hour the sum is %d, want %d", g.sum, want)
	}
	var back season
	if !back.load(s.append(nil)) || back != s {
		t.Error("the season came back as another")
	}
}

func FuzzGroup(f *testing.F) {
	g := group{sum: 5, at: 6, until: 7, attempts: 8, bad: 9, mass: 10, week: 11}
	f.Add(g.append(nil), int64(3))
	var s season
	s.add(3, time.Unix(3600, 0), false)
	f.Add(s.append(g.append(nil)), int64(1<<40))
	f.Fuzz(func(t *testing.T, packed []byte, at int64) {
		var g group
		rest, ok := g.load(packed)
		if !ok {
			return
		}
		now := time.Unix(at%(1<<33), 0)
		g.settle(now, 1<<30, 1<<40)
		g.add(100, g.usual(priorShare, narrowPrior), now)
		if g.sum < 0 || g.sum > groupMost || g.level() < 0 {
			t.Fatalf("the sum is %d", g.sum)
		}
		var s season
		if s.load(rest) {
			s.add(100, now, false)
			if again := s.append(nil); !s.load(again) {
				t.Fatalf("the season is not read again: %x", bytes.Clone(again))
			}
		}
	})
}
