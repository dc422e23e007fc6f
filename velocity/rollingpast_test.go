package velocity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestWhatWasLetGoIsNotForgottenSilently: in a memory much too small, whatever is counted before, now and again, an answer for a time that
// Since vouches for is exact, none is ever too much, and what lacks can be put back.
func TestWhatWasLetGoIsNotForgottenSilently(t *testing.T) {
	const window = time.Hour
	exacts, fills := 0, 0
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 9))
		r := NewFixedRolling(64 * 6)
		model := map[int][]happened{}
		add := func(at time.Time, past bool) {
			k, h := int(math.Pow(2, 12*random.Float64())), happened{at, random.Int64N(900), fmt.Sprint(random.IntN(5))}
			model[k] = append(model[k], h)
			counts, values := r.Key("c", fmt.Sprint(k)), r.Key("d", fmt.Sprint(k))
			if past {
				r.AddPast(counts, Past{At: at, Amount: h.amount})
				r.AddPast(values, Past{At: at, Value: h.value, Noted: true})
				return
			}
			r.Add(counts, at, h.amount)
			r.Note(values, at, h.value)
		}
		at := rollingStart
		for step := range 6000 {
			at = at.Add(time.Duration(random.IntN(4000)) * time.Millisecond)
			add(at, false)
			if step < 600 { // at first the past is counted too, the newest first
				add(rollingStart.Add(-time.Duration(step+1)*3*time.Second), true)
			}
			if step%20 != 0 {
				continue
			}
			k := int(math.Pow(2, 12*random.Float64()))
			counts, values, start := r.Key("c", fmt.Sprint(k)), r.Key("d", fmt.Sprint(k)), at.Add(-window).UnixMilli()
			if start < rollingStart.Add(-30*time.Minute).UnixMilli() {
				start = rollingStart.Add(-30 * time.Minute).UnixMilli() // what has been restored by then is told by others
			}
			length := at.Sub(time.UnixMilli(start))
			if random.IntN(2) == 0 {
				for key, noted := range map[RollingKey]bool{counts: false, values: true} {
					var past []Past
					for _, h := range model[k] {
						past = append(past, Past{h.at, h.amount, h.value, noted})
					}
					if since := r.Since(key); since > start && step > 600 {
						if !r.Fill(key, start, since, past) {
							t.Fatalf("seed %d: nothing was put back", seed)
						}
						fills++
					}
				}
			}
			count, sum, distinct := exact(model[k], at, length)
			gotCount, gotSum, gotDistinct := r.Count(counts, at, length), r.Sum(counts, at, length), r.Distinct(values, at, length)
			if gotCount > count || gotSum > sum || gotDistinct > distinct {
				t.Fatalf("seed %d, step %d: %d, %d, %d are more than happened: %d, %d, %d", seed, step, gotCount, gotSum, gotDistinct, count, sum, distinct)
			}
			whole := step > 600 && count < cellRest
			if whole && r.Since(counts) <= start {
				exacts++
				if gotCount != count || gotSum != sum {
					t.Fatalf("seed %d, step %d: %d and %d, want %d and %d", seed, step, gotCount, gotSum, count, sum)
				}
			}
			if whole && r.Since(values) <= start && gotDistinct != distinct {
				t.Fatalf("seed %d, step %d: %d different, want %d", seed, step, gotDistinct, distinct)
			}
		}
		if keys, cells, dropped := r.Held(); cells > 64*6+cellLimit*64 || dropped == 0 {
			t.Errorf("%d keys and %d cells, %d dropped", keys, cells, dropped)
		}
	}
	if exacts < 500 || fills < 500 {
		t.Errorf("only %d exact answers and %d fills were looked at", exacts, fills)
	}
}

func TestTakingBackLeavesNothing(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 14))
		r := NewRolling(1 << 14)
		counts, values := r.Key("c"), r.Key("d")
		at, stays := rollingStart, []happened(nil)
		for range 60 {
			at = at.Add(time.Duration(1+random.IntN(5000)) * time.Millisecond)
			h := happened{at, random.Int64N(100), fmt.Sprint(random.IntN(8))}
			r.Add(counts, h.at, h.amount)
			r.Note(values, h.at, h.value)
			if random.IntN(3) == 0 {
				r.TakeBack(counts, h.at, h.amount)
				r.TakeBackNote(values, h.at, h.value)
				continue
			}
			stays = append(stays, h)
		}
		for _, w := range []time.Duration{3 * time.Second, time.Minute, time.Hour} {
			count, sum, distinct := exact(stays, at, w)
			if c, s, d := r.Count(counts, at, w), r.Sum(counts, at, w), r.Distinct(values, at, w); c != count || s != sum || d != distinct {
				t.Fatalf("seed %d, %v: %d, %d and %d are left, want %d, %d and %d", seed, w, c, s, d, count, sum, distinct)
			}
		}
	}
	r := NewRolling(1 << 10)
	r.Add(r.Key("x"), rollingStart, 5)
	r.TakeBack(r.Key("x"), rollingStart, 5)
	r.TakeBack(r.Key("x"), rollingStart, 5)
	r.TakeBackNote(r.Key("y"), rollingStart, "v")
	if keys, cells, _ := r.Held(); keys != 0 || cells != 0 {
		t.Errorf("%d keys and %d cells are left of nothing", keys, cells)
	}
}

func TestThePastTakesNobodysRoom(t *testing.T) {
	r := NewFixedRolling(64 * 10)
	for i := range 600 {
		r.Add(r.Key("now", fmt.Sprint(i)), rollingStart, 1)
	}
	held := func() (held []int) {
		for i := range 600 {
			if r.Count(r.Key("now", fmt.Sprint(i)), rollingStart, time.Hour) == 1 {
				held = append(held, i)
			}
		}
		return held
	}
	before := held()
	for i := range 5000 {
		r.AddPast(r.Key("past", fmt.Sprint(i)), Past{At: rollingStart.Add(-time.Duration(i) * time.Second), Amount: 1})
	}
	if after := held(); !slices.Equal(before, after) {
		t.Errorf("of %d keys of today %d are left", len(before), len(after))
	}
	for i := range 5000 {
		if key := r.Key("past", fmt.Sprint(i)); r.Count(key, rollingStart, RollingReach) == 0 && r.Since(key) < rollingStart.Add(-time.Duration(i)*time.Second).UnixMilli() {
			t.Fatalf("the past of key %d did not fit, and that is not told", i)
		}
	}
}

func TestOnlyOneFillCounts(t *testing.T) {
	r := NewFixedRolling(64 * 4)
	key := r.Key("card")
	r.Add(key, rollingStart.Add(-time.Second), 1)
	for i := 0; r.Since(key) == math.MinInt64; i++ {
		r.Add(r.Key("stranger", fmt.Sprint(i)), rollingStart, 1)
	}
	r.Add(key, rollingStart.Add(time.Minute), 1)
	since := r.Since(key)
	past := []Past{{At: rollingStart.Add(-time.Second), Amount: 1}, {At: rollingStart.Add(-2 * time.Hour), Amount: 1}, {At: rollingStart.Add(time.Minute), Amount: 1}}
	from := rollingStart.Add(-time.Hour).UnixMilli()
	if !r.Fill(key, from, since, past) || r.Fill(key, from, since, past) {
		t.Error("the second of two that fill at once must do nothing")
	}
	if n := r.Count(key, rollingStart.Add(time.Minute), time.Hour); n != 2 || r.Since(key) != from {
		t.Errorf("%d events, want 2", n)
	}
}

// TestStrangersAreKnownToBeStrangers: of what was never seen it is known that nothing is missing, though others were let go.
func TestStrangersAreKnownToBeStrangers(t *testing.T) {
	const room = 64 * 250
	r := NewFixedRolling(room)
	for i := range 2 * room {
		r.Add(r.Key("seen", fmt.Sprint(i)), rollingStart.Add(time.Duration(i)*time.Millisecond), 1)
	}
	taken, gone := 0, 0
	for i := range 10_000 {
		if r.Since(r.Key("stranger", fmt.Sprint(i))) != math.MinInt64 {
			taken++
		}
		at := rollingStart.Add(time.Duration(i) * time.Millisecond)
		if key := r.Key("seen", fmt.Sprint(i)); r.Count(key, at.Add(time.Hour), 2*time.Hour) == 0 {
			gone++
			if r.Since(key) < at.UnixMilli() {
				t.Fatalf("key %d was let go, and that is forgotten", i)
			}
		}
	}
	if taken > 200 || gone < 5000 {
		t.Errorf("%d of 10000 strangers are taken for others, %d keys were let go", taken, gone)
	}
	for i := range 14 * room { // more than is remembered
		r.Add(r.Key("flood", fmt.Sprint(i)), rollingStart.Add(time.Hour), 1)
	}
	if since := r.Since(r.Key("seen", "0")); since < rollingStart.UnixMilli() {
		t.Error("what is no longer remembered one by one is not remembered at all")
	}
}
