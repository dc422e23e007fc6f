package mitigation

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
)

func TestBuckets(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	b, r := newBuckets(10), rate{3, 30 * time.Second}
	key := bucketKey{"limit", "who"}
	for _, c := range []struct {
		at      time.Duration
		allowed bool
		left    int
		wait    time.Duration
	}{
		{0, true, 2, 0}, {0, true, 1, 0}, {0, true, 0, 0},
		{0, false, 0, 10 * time.Second}, {4 * time.Second, false, 0, 6 * time.Second},
		{10 * time.Second, true, 0, 0}, {11 * time.Second, false, 0, 9 * time.Second},
		{41 * time.Second, true, 2, 0},
		{-time.Hour, true, 2, 0}, // the clock was set back
	} {
		got := b.take(key, r, start.Add(c.at))
		if got.allowed != c.allowed || got.left != c.left || got.wait != c.wait {
			t.Errorf("after %s: %+v, want %+v", c.at, got, c)
		}
	}
	if got := b.take(bucketKey{"limit", "another"}, r, start); got.left != 2 {
		t.Errorf("another one shares the bucket: %+v", got)
	}
	if got := b.take(bucketKey{"another", "who"}, r, start); got.left != 2 {
		t.Errorf("another limit shares the bucket: %+v", got)
	}
	if got := b.take(key, rate{}, start); !got.allowed {
		t.Errorf("no limit refuses: %+v", got)
	}
}

// TestBucketsAreBounded: a flood of strangers pushes out the longest unused, not those who keep coming.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	b, r := newBuckets(100), rate{2, time.Hour}
	busy := bucketKey{"limit", "busy"}
	b.take(busy, r, now)
	b.take(busy, r, now)
	for i := range 1000 {
		b.take(bucketKey{"limit", fmt.Sprint(i)}, r, now)
		if i%50 == 0 && b.take(busy, r, now).allowed {
			t.Fatalf("after %d strangers the busy one is forgotten", i)
		}
	}
	if len(b.known) != 100 || b.order.Len() != 100 {
		t.Errorf("%d and %d are kept", len(b.known), b.order.Len())
	}
}

// TestBucketsKeepTheRate: over a long time no more is let through than the rate and one full bucket.
func TestBucketsKeepTheRate(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, r := range []rate{{1, time.Second}, {7, time.Second}, {100, time.Minute}, {1_000_000, 24 * time.Hour}} {
		b, passed := newBuckets(1), 0
		const steps = 20_000
		step := r.per / time.Duration(r.requests) / 3
		for i := range steps {
			if b.take(bucketKey{}, r, now.Add(time.Duration(i)*step)).allowed {
				passed++
			}
		}
		if most := steps/3 + r.requests + 1; passed > most || passed < steps/5 {
			t.Errorf("%d in %s: %d passed, at most %d should", r.requests, r.per, passed, most)
		}
	}
}

func TestDelays(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	d := &delays{most: 2}
	for i, c := range []struct {
		at, wait time.Duration
		ok       bool
	}{{0, 10 * time.Second, true}, {time.Second, time.Second, true}, {time.Second, time.Second, false}, {2 * time.Second, time.Second, true},
		{2 * time.Second, time.Second, false}, {20 * time.Second, time.Second, true}, {20 * time.Second, time.Second, true}, {20 * time.Second, time.Second, false}} {
		if ok := d.enter(now.Add(c.at), c.wait); ok != c.ok {
			t.Errorf("%d: %t", i, ok)
		}
	}
	if d.skipped != 3 || len(d.ends) != 2 {
		t.Errorf("%d were skipped, %d are counted", d.skipped, len(d.ends))
	}
}

func TestSpread(t *testing.T) {
	const whole = 10 * time.Second
	var sum time.Duration
	for i := range 1000 {
		id := event.ID(fmt.Sprint(i))
		share := spread(id, whole)
		if share < 0 || share >= whole || share != spread(id, whole) {
			t.Fatalf("%s: %s", id, share)
		}
		sum += share
	}
	if mean := sum / 1000; mean < 4*time.Second || mean > 6*time.Second {
		t.Errorf("the mean is %s", mean)
	}
	if spread("x", 0) != 0 || spread("x", -1) != 0 {
		t.Error("no spread spreads")
	}
}
