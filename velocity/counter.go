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
	// place is where it stands among the Windows, counted from 1: the zero Window is none.
	place int
}

// windowCount is the number of Windows.
const windowCount = 4

// Windows lists the spans, shortest first. Each is a ring of sub-buckets rather than two halves: after a burst two
// halves answer up to twice their span late, a ring is at most one step short.
func Windows() [windowCount]Window {
	return [windowCount]Window{
		{"1m", time.Minute, 1},
		{"1h", time.Hour, 2},
		{"24h", 24 * time.Hour, 3},
		{"90d", 90 * 24 * time.Hour, 4},
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

// reaches are the number of steps of each window.
func reaches() [windowCount]int32 { return [windowCount]int32{12, 12, 24, 90} }

// Moment is a time as counters and sets keep it, worked out once for all of them that one event touches. It has no array, so
// that it is handed on in registers.
type Moment struct {
	// short and long hold the numbers of the time's bucket in two windows each, the shorter one's in the lower half.
	short, long uint64
	// seconds is the Unix time as sets keep it.
	seconds uint32
}

// step is the number of the time's bucket in a window.
func (m Moment) step(window int) int32 {
	two := m.short
	if window >= 2 {
		two = m.long
	}
	return int32(two >> (uint(window) % 2 * 32))
}

// MomentOf works a time out. Steps are numbered since the epoch; 4 bytes last until the year 2310 for the narrowest, and
// what is beyond either end falls into the last step there.
func MomentOf(at time.Time) Moment {
	unix := max(at.Unix(), 0)
	step := func(width int64) uint64 { return uint64(min(unix/width, math.MaxInt32)) }
	return Moment{
		short:   step(5) | step(5*60)<<32,
		long:    step(60*60) | step(24*60*60)<<32,
		seconds: uint32(min(unix, math.MaxUint32)),
	}
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
func (c *Counter) Add(at time.Time, amount int64) { c.AddAt(MomentOf(at), amount) }

// AddAt is Add with the time worked out already.
func (c *Counter) AddAt(at Moment, amount int64) {
	if len(*c) < headSize {
		*c = append((*c)[:0], 0, 0, 0, 0)
	}
	for window, reach := range reaches() {
		c.add(window, reach, at.step(window), amount)
	}
}

// AddInPlace is AddAt where no bucket needs to be made, which is so for all events of a few seconds but the first. False
// means that nothing was added.
func (c Counter) AddInPlace(at Moment, amount int64) bool {
	if len(c) < headSize {
		return false
	}
	minutes, hours, days, quarters := int(c[0]), int(c[1]), int(c[2]), int(c[3])
	if minutes == 0 || hours == 0 || days == 0 || quarters == 0 {
		return false
	}
	minute := headSize + minutes*bucketSize
	hour := minute + hours*bucketSize
	day := hour + days*bucketSize
	quarter := day + quarters*bucketSize
	if quarter > len(c) || c.newest(minute) != at.step(0) || c.newest(hour) != at.step(1) || c.newest(day) != at.step(2) ||
		c.newest(quarter) != at.step(3) {
		return false
	}
	c.raise(minute, amount)
	c.raise(hour, amount)
	c.raise(day, amount)
	c.raise(quarter, amount)
	return true
}

// newest is the number of the bucket that ends at a place.
func (c Counter) newest(end int) int32 { return c.index(end - bucketSize) }

// raise adds to the bucket that ends at a place.
func (c Counter) raise(end int, amount int64) {
	sum := c[end-8 : end]
	binary.BigEndian.PutUint64(sum, uint64(Plus(int64(binary.BigEndian.Uint64(sum)), amount)))
}

// ring is the part of the bytes that holds a window's buckets.
func (c Counter) ring(window int) (start, end int) {
	start = headSize
	for i := range window {
		start += int(c[i]) * bucketSize
	}
	return start, start + int(c[window])*bucketSize
}

func (c *Counter) add(window int, reach, index int32, amount int64) {
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
		c.raise(place, amount)
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
func (c Counter) Sum(at time.Time, w Window) int64 { return c.SumAt(MomentOf(at), w) }

// SumAt is Sum with the time worked out already.
func (c Counter) SumAt(at Moment, w Window) int64 {
	if len(c) < headSize || w.place == 0 {
		return 0
	}
	var sum int64
	last, reach := at.step(w.place-1), reaches()[w.place-1]
	start, end := c.ring(w.place - 1)
	for b := start; b < end; b += bucketSize {
		if index := c.index(b); index <= last && index > last-reach {
			sum = Plus(sum, int64(binary.BigEndian.Uint64(c[b+4:])))
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
	end := headSize
	for window, reach := range reaches() {
		if int32(c[window]) > reach {
			return false
		}
		end += int(c[window]) * bucketSize
	}
	return end == len(c)
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
