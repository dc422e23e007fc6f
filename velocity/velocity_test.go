package velocity_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/velocity"
)

type addition struct {
	at     time.Time
	amount int64
}

// A counter never answers more than what happened in the window, and misses at most what fell in its oldest step.
func TestCounterIsOneSided(t *testing.T) {
	steps := map[string]time.Duration{"1m": 5 * time.Second, "1h": 5 * time.Minute, "24h": time.Hour, "90d": 24 * time.Hour}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		var c velocity.Counter
		var all []addition
		for range 300 {
			gap := time.Duration(r.Int64N(int64(time.Minute)))
			if r.IntN(20) == 0 {
				gap = time.Duration(r.Int64N(int64(30 * 24 * time.Hour)))
			}
			at = at.Add(gap)
			amount := r.Int64N(5)
			c.Add(at, amount)
			all = append(all, addition{at, amount})
			for _, w := range velocity.Windows() {
				got := c.Sum(at, w)
				most, least := exact(all, at, w.Span), exact(all, at, w.Span-steps[w.Name])
				if got > most || got < least {
					t.Fatalf("seed %d window %s at %s: %d, want between %d and %d", seed, w.Name, at, got, least, most)
				}
			}
		}
		if !c.Valid() || len(c) > 4+(12+12+24+90)*12 {
			t.Fatalf("the counter takes %d bytes", len(c))
		}
	}
}

func exact(all []addition, at time.Time, span time.Duration) int64 {
	var sum int64
	for _, a := range all {
		if a.at.After(at.Add(-span)) && !a.at.After(at) {
			sum += a.amount
		}
	}
	return sum
}

func TestCounterTakesLateAdditions(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var c velocity.Counter
	c.Add(at, 1)
	c.Add(at.Add(-20*time.Second), 2)
	c.Add(at.Add(-2*time.Minute), 4)
	minute, _ := velocity.WindowOf(time.Minute)
	hour, _ := velocity.WindowOf(time.Hour)
	if got := c.Sum(at, minute); got != 3 {
		t.Errorf("last minute: %d, want 3", got)
	}
	if got := c.Sum(at, hour); got != 7 {
		t.Errorf("last hour: %d, want 7", got)
	}
}

// Amounts are the visitor's: whatever they are, a sum never turns round.
func TestSumsDoNotRunOver(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	day, _ := velocity.WindowOf(24 * time.Hour)
	var c velocity.Counter
	for i := range 4 {
		c.Add(at.Add(time.Duration(i)*40*time.Minute), math.MaxInt64-1)
		if got := c.Sum(at.Add(3*time.Hour), day); got < math.MaxInt64-1 {
			t.Fatalf("after %d additions the sum is %d", i+1, got)
		}
	}
	if got := velocity.Plus(math.MinInt64, -1); got != math.MinInt64 {
		t.Errorf("the least sum is %d", got)
	}
	if got := velocity.Plus(math.MinInt64, math.MaxInt64); got != -1 {
		t.Errorf("opposites give %d", got)
	}
}

// A clock that is far off wraps around nowhere.
func TestTimesBeyondTheEnds(t *testing.T) {
	minute, _ := velocity.WindowOf(time.Minute)
	for _, at := range []time.Time{{}, time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 0), time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		var c velocity.Counter
		c.Add(at, 1)
		if got := c.Sum(at, minute); got != 1 || !c.Valid() {
			t.Errorf("%s: the minute holds %d", at, got)
		}
		var s velocity.Set
		s.Add(at, "value")
		now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		if at.Before(now) && (s.Count(now, time.Hour) != 0 || !s.SeenBefore("value", now)) || at.After(now) && (s.SeenBefore("value", now)) {
			t.Errorf("%s: the value was seen at the wrong time", at)
		}
	}
}

func TestSetCountsDistinctAndForgetsTheOldest(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var s velocity.Set
	for i := range 2 * velocity.SetLimit {
		s.Add(at.Add(time.Duration(i)*time.Minute), fmt.Sprintf("value-%d", i%100))
	}
	end := at.Add(2 * velocity.SetLimit * time.Minute)
	if got := s.Count(end, 24*time.Hour); got != velocity.SetLimit {
		t.Errorf("full set counts %d", got)
	}
	if got := s.Count(end, 10*time.Minute); got != 9 {
		t.Errorf("last ten minutes: %d, want 9", got)
	}
	if s.SeenBefore("value-99", at) || !s.SeenBefore("value-99", end) {
		t.Error("first sight is off")
	}
	if s.SeenBefore("never", end) {
		t.Error("a value never added was seen")
	}
}

// What is worked out once for many counters and sets is what each would work out.
func TestInPlaceIsTheSame(t *testing.T) {
	digests := velocity.NewDigests()
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var plain, placed velocity.Counter
	var plainSet, placedSet velocity.Set
	inPlace, members := 0, 0
	for range 5000 {
		at = at.Add(time.Duration(r.IntN(30)*r.IntN(2)*r.IntN(200)-40) * time.Second)
		moment, amount, value := velocity.MomentOf(at), r.Int64N(100), fmt.Sprint(r.IntN(90), "a value of some length, to fill its room")
		plain.Add(at, amount)
		if placed.AddInPlace(moment, amount) {
			inPlace++
		} else {
			placed.AddAt(moment, amount)
		}
		plainSet.Add(at, value)
		hash := digests.Of(value)
		if hash != velocity.HashOf(value) || digests.Of(value) != hash {
			t.Fatalf("%q has another hash", value)
		}
		if placedSet.AddInPlace(moment, hash) {
			members++
		} else {
			placedSet = velocity.AppendMember(placedSet, moment, hash)
		}
		if string(plain) != string(placed) || string(plainSet) != string(placedSet) {
			t.Fatalf("at %s they differ", at)
		}
	}
	if inPlace == 0 || inPlace == 5000 || members == 0 {
		t.Errorf("%d additions and %d members were in place", inPlace, members)
	}
	for _, w := range velocity.Windows() {
		if found, ok := velocity.WindowOf(w.Span); !ok || found != w {
			t.Errorf("the window of %s is %+v", w.Span, found)
		}
	}
}

// member is what a set knows of a value, kept plainly.
type member struct {
	hash        uint64
	first, last int64
}

// note is what a set does: it remembers up to its limit, and forgets the first of those seen last the longest ago.
func note(members []member, hash uint64, at int64) []member {
	oldest := 0
	for i := range members {
		if m := &members[i]; m.hash == hash {
			m.first, m.last = min(m.first, at), max(m.last, at)
			return members
		}
		if members[i].last < members[oldest].last {
			oldest = i
		}
	}
	if len(members) < velocity.SetLimit {
		return append(members, member{hash, at, at})
	}
	members[oldest] = member{hash, at, at}
	return members
}

// Whatever comes in whatever order, every member stands where the plain list has it.
func TestSetIsThePlainList(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 4))
		var s velocity.Set
		var members []member
		at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		for range 1000 {
			at = at.Add(time.Duration(r.IntN(4)-1) * time.Second)
			hash := r.Uint64N(50+10*seed) << (seed % 57)
			s.AddHash(velocity.MomentOf(at), hash)
			members = note(members, hash, at.Unix())
			var want []byte
			for _, m := range members {
				want = binary.BigEndian.AppendUint64(want, m.hash)
				want = binary.BigEndian.AppendUint32(want, uint32(m.first))
				want = binary.BigEndian.AppendUint32(want, uint32(m.last))
			}
			if string(s) != string(want) {
				t.Fatalf("seed %d: the set is not the list", seed)
			}
		}
	}
}

// BenchmarkSetFull is an addition to a full set: of the value it has last of all, and of one that it does not have.
func BenchmarkSetFull(b *testing.B) {
	var s velocity.Set
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range velocity.SetLimit {
		s.AddHash(velocity.MomentOf(at.Add(time.Duration(i*7%velocity.SetLimit)*time.Minute)), uint64(i+1))
	}
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			s.AddInPlace(velocity.MomentOf(at), velocity.SetLimit)
		}
	})
	b.Run("new", func(b *testing.B) {
		n := uint64(1000)
		for b.Loop() {
			n++
			s.AddInPlace(velocity.MomentOf(at.Add(time.Duration(n)*time.Second)), n)
		}
	})
}
