package velocity

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Window is one of the four spans that counters keep.
type Window struct {
	// Name is how rules write it: "1m", "1h", "24h", "90d".
	Name string
	Span time.Duration
	// step is the width of one bucket; Span is a whole number of steps.
	step time.Duration
}

// Windows lists the spans, shortest first. Each is a ring of sub-buckets rather than two halves: after a burst two
// halves answer up to twice their span late, a ring is at most one step short.
func Windows() [4]Window {
	return [4]Window{
		{"1m", time.Minute, 5 * time.Second},
		{"1h", time.Hour, 5 * time.Minute},
		{"24h", 24 * time.Hour, time.Hour},
		{"90d", 90 * 24 * time.Hour, 24 * time.Hour},
	}
}

// WindowOf finds the window of that span.
func WindowOf(span time.Duration) (Window, bool) {
	for _, w := range Windows() {
		if w.Span == span {
			return w, true
		}
	}
	return Window{}, false
}

// Contribution is what one event adds to one counter.
type Contribution struct {
	Counter string
	Amount  int64
}

// bucketSize is one step's number since the epoch (4 bytes) and its sum (8 bytes), big endian.
const bucketSize = 12

// headSize is the number of buckets of each window.
const headSize = 4

// Counter sums amounts over every window, in at most 127 buckets. It is packed in bytes, so that loading and storing
// one is a copy: the number of live buckets of each window, then the windows' buckets, oldest first. The zero value is
// empty and ready.
type Counter []byte

// Add counts amount at the given time. An addition older than a window's reach is left out of that window.
func (c *Counter) Add(at time.Time, amount int64) {
	if len(*c) < headSize {
		*c = make(Counter, headSize, headSize+4*bucketSize)
	}
	for i, w := range Windows() {
		c.add(i, w, at, amount)
	}
}

// ring is the part of the bytes that holds a window's buckets.
func (c Counter) ring(window int) (start, end int) {
	start = headSize
	for i := range window {
		start += int(c[i]) * bucketSize
	}
	return start, start + int(c[window])*bucketSize
}

func (c *Counter) add(window int, w Window, at time.Time, amount int64) {
	index, reach := step(at, w), int32(w.Span/w.step)
	start, end := c.ring(window)
	if end > start {
		newest := c.index(end - bucketSize)
		if index <= newest-reach {
			return
		}
		keep := start
		for oldest := max(index, newest) - reach; keep < end && c.index(keep) <= oldest; {
			keep += bucketSize
		}
		c.cut(window, start, keep)
		end -= keep - start
	}
	place := end
	for place > start && c.index(place-bucketSize) > index {
		place -= bucketSize
	}
	if place > start && c.index(place-bucketSize) == index {
		sum := (*c)[place-8 : place]
		binary.BigEndian.PutUint64(sum, uint64(Plus(int64(binary.BigEndian.Uint64(sum)), amount)))
		return
	}
	var bucket [bucketSize]byte
	binary.BigEndian.PutUint32(bucket[:], uint32(index))
	binary.BigEndian.PutUint64(bucket[4:], uint64(amount))
	*c = slices.Insert(*c, place, bucket[:]...)
	(*c)[window]++
}

func (c *Counter) cut(window, from, to int) {
	if to > from {
		(*c)[window] -= byte((to - from) / bucketSize)
		*c = slices.Delete(*c, from, to)
	}
}

func (c Counter) index(at int) int32 { return int32(binary.BigEndian.Uint32(c[at:])) }

// Sum answers for the span that ends at the given time: the whole steps inside it, so at most one step short and
// never more than what was added.
func (c Counter) Sum(at time.Time, w Window) int64 {
	if len(c) < headSize {
		return 0
	}
	var sum int64
	last, reach := step(at, w), int32(w.Span/w.step)
	for i, known := range Windows() {
		if known.Name != w.Name {
			continue
		}
		start, end := c.ring(i)
		for b := start; b < end; b += bucketSize {
			if index := c.index(b); index <= last && index > last-reach {
				sum = Plus(sum, int64(binary.BigEndian.Uint64(c[b+4:])))
			}
		}
	}
	return sum
}

// Valid says whether the bytes can be a Counter; others must not be used.
func (c Counter) Valid() bool {
	if len(c) == 0 {
		return true
	}
	if len(c) < headSize {
		return false
	}
	_, end := c.ring(headSize - 1)
	return end == len(c)
}

// step numbers the steps since the epoch; 4 bytes last until the year 2310 for the narrowest, and what is beyond either end
// falls into the last step there.
func step(at time.Time, w Window) int32 {
	return int32(min(max(at.Unix(), 0)/int64(w.step/time.Second), math.MaxInt32))
}

// Plus adds without running over: amounts are chosen by visitors, and a sum that turns negative would clear them.
func Plus(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}
