package velocity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var rollingStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// happened is one event of the exact model.
type happened struct {
	at     time.Time
	amount int64
	value  string
}

// exact answers what Rolling approximates.
func exact(all []happened, at time.Time, window time.Duration) (count, sum, distinct int64) {
	for _, h := range all {
		if h.at.After(at) {
			at = h.at
		}
	}
	seen := map[string]bool{}
	for _, h := range all {
		if h.at.After(at.Add(-window)) {
			count, sum, seen[h.value] = count+1, sum+h.amount, true
		}
	}
	return count, sum, int64(len(seen))
}

func TestRollingAgainstTheExactModel(t *testing.T) {
	windows := []time.Duration{time.Second, 7 * time.Second, time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, RollingReach}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 6))
		r := NewRolling(1 << 16)
		key, distinct := r.Key("$.device.ip", fmt.Sprint(seed)), r.Key("distinct", fmt.Sprint(seed))
		pace := math.Pow(10, 1+6*random.Float64()) // mean milliseconds between events
		events := 20 + random.IntN(800)
		at, all := rollingStart, []happened(nil)
		for range events {
			at = at.Add(time.Duration(random.ExpFloat64()*pace*1e6) * time.Nanosecond)
			h := happened{at, random.Int64N(5000), fmt.Sprint(random.IntN(60))}
			if random.IntN(20) == 0 { // a little late, as concurrent ones are
				h.at = h.at.Add(-time.Duration(random.IntN(3000)) * time.Millisecond)
			}
			all = append(all, h)
			r.Add(key, h.at, h.amount)
			r.Note(distinct, h.at, h.value)
		}
		asked := at.Add(time.Duration(random.IntN(5000)) * time.Millisecond)
		for _, w := range windows {
			count, sum, values := exact(all, asked, w)
			gotCount, gotSum, gotValues := r.Count(key, asked, w), r.Sum(key, asked, w), r.Distinct(distinct, asked, w)
			if gotCount > count || gotSum > sum || gotValues > values {
				t.Fatalf("seed %d, window %v: %d events of %d and %d different is more than happened: %d, %d and %d", seed, w, gotCount, gotSum, gotValues, count, sum, values)
			}
			if floor, _, _ := exact(all, asked, w-w/10-time.Millisecond); gotCount < floor {
				t.Errorf("seed %d, window %v: %d events, and there were %d in nine tenths of it", seed, w, gotCount, floor)
			}
		}
	}
}

func TestRollingIsExactForFewEvents(t *testing.T) {
	r := NewRolling(1 << 12)
	key := r.Key("card", "x")
	for i := range 100 {
		r.Add(key, rollingStart.Add(time.Duration(i)*time.Minute), 7)
	}
	at := rollingStart.Add(99 * time.Minute)
	for _, c := range []struct {
		window time.Duration
		count  int64
	}{{time.Second, 1}, {time.Minute, 1}, {time.Minute + time.Millisecond, 2}, {time.Hour, 60}, {24 * time.Hour, 100}, {365 * 24 * time.Hour, 100}} {
		if count, sum := r.Count(key, at, c.window), r.Sum(key, at, c.window); count != c.count || sum != 7*c.count {
			t.Errorf("%v: %d events and %d, want %d and %d", c.window, count, sum, c.count, 7*c.count)
		}
	}
	if n := r.Count(key, at.Add(59*time.Minute+59*time.Second), time.Hour); n != 1 {
		t.Errorf("an hour later the window holds %d events, want 1", n)
	}
	if n := r.Count(r.Key("car", "dx"), at, time.Hour); n != 0 {
		t.Errorf("another key has %d events", n)
	}
}

func TestRollingSurvivesAFlood(t *testing.T) {
	const room = 64 * 500
	r := NewRolling(room)
	at := rollingStart
	good := make([]RollingKey, 2500)
	for i := range good {
		good[i] = r.Key("customer", fmt.Sprint(i))
		for range 3 {
			r.Add(good[i], at, 1)
			at = at.Add(time.Millisecond)
		}
	}
	for i := range 150_000 {
		r.Add(r.Key("flood", fmt.Sprint(i)), at, 1)
	}
	for i, key := range good {
		if n := r.Count(key, at, time.Hour); n != 3 {
			t.Fatalf("key %d has %d events after the flood, want 3", i, n)
		}
	}
	keys, cells, dropped := r.Held()
	if cells > room || keys > cells || dropped == 0 {
		t.Errorf("%d keys and %d cells are held of %d, %d dropped", keys, cells, room, dropped)
	}
	for i := range 50_000 { // what was popular once makes room for what is popular now
		key := r.Key("newer", fmt.Sprint(i%10_000))
		r.Add(key, at, 1)
	}
	if n := r.Count(r.Key("newer", "9999"), at, time.Hour); n < 2 {
		t.Errorf("a key of today has %d events after five rounds", n)
	}
}

func TestRollingIsBoundedForBusyKeys(t *testing.T) {
	r := NewRolling(1 << 14)
	key := r.Key("ip", "busy")
	at := rollingStart
	for i := range 50_000 {
		r.Add(key, at, math.MaxInt64)
		r.Note(key, at, fmt.Sprint(i))
		at = at.Add(time.Millisecond)
	}
	if _, cells, _ := r.Held(); cells > cellLimit+memberLimit {
		t.Errorf("one key holds %d cells", cells)
	}
	if n := r.Distinct(key, at, time.Hour); n != memberLimit {
		t.Errorf("%d different values, want the limit %d", n, memberLimit)
	}
	if sum := r.Sum(key, at, time.Hour); sum != math.MaxInt64 {
		t.Errorf("the sum ran over to %d", sum)
	}
	if n := r.Count(key, at, RollingReach); n != 50_000 {
		t.Errorf("%d events in all, want 50000", n)
	}
	r.Add(key, at.Add(RollingReach+time.Hour), 1)
	if n := r.Count(key, at, RollingReach); n != 1 {
		t.Errorf("%d events after a month of silence, want 1", n)
	}
}

func TestRollingFromManySides(t *testing.T) {
	r := NewRolling(1 << 12)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				key := r.Key("k", fmt.Sprint(i%10))
				r.Add(key, rollingStart, 1)
				r.Note(key, rollingStart, "v")
				r.Count(key, rollingStart, time.Hour)
				r.Distinct(key, rollingStart, time.Hour)
			}
		})
	}
	all.Wait()
	for i := range 10 {
		if n := r.Count(r.Key("k", fmt.Sprint(i)), rollingStart, time.Hour); n != 1600 {
			t.Errorf("key %d has %d events, want 1600", i, n)
		}
	}
}

func BenchmarkRolling(b *testing.B) {
	r := NewRolling(1 << 18)
	at := rollingStart
	values := make([]string, 4096)
	for i := range values {
		values[i] = fmt.Sprintf("customer-%d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Millisecond)
		key := r.Key("$.customer.id", values[i%len(values)], "")
		r.Add(key, at, 100)
		r.Count(key, at, time.Hour)
	}
}
