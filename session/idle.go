package session

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// The bounds of a fitted idle time, and how much must have been seen before one is fitted.
const (
	IdleLeast = 15 * time.Minute
	IdleMost  = 90 * time.Minute
	idleGaps  = 2000
	idleFold  = 1 << 16
)

// idleBins is the number of bins, three to a doubling of the gap from a second on: 17 doublings are a day and a half.
const idleBins = 52

const idleVersion = 1

// Idle is how long visitors of an environment pause: a histogram of the times between a visitor's events over its logarithm,
// and the idle time fitted to it. People pause for minutes within a visit and for hours between visits; where the histogram
// has a valley between the two, that is the site's own idle time, else it stays the default (science 1.4.1).
type Idle struct {
	bins  [idleBins]uint32
	total uint32
	hour  int64
	// now is the idle time, before the one it took the place of, since when it holds in Unix microseconds.
	now, before time.Duration
	since       int64
	version     int64
}

// NewIdle is that of an environment of which nothing is known.
func NewIdle(standard time.Duration) Idle { return Idle{now: standard, before: standard} }

// Load reads what Append packed; nothing leaves it as it is. False means that the bytes are not Append's.
func (d *Idle) Load(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	r := &unpacker{rest: b}
	version := r.byte()
	read := Idle{hour: r.number(), now: time.Duration(r.number()), before: time.Duration(r.number()), since: r.number(), version: r.number()}
	for i := range read.bins {
		read.bins[i] = uint32(r.number())
		read.total += read.bins[i]
	}
	if r.bad || len(r.rest) > 0 || version != idleVersion || read.now < IdleLeast || read.now > IdleMost || read.before < IdleLeast || read.before > IdleMost {
		return false
	}
	*d = read
	return true
}

// Append packs it behind b.
func (d *Idle) Append(b []byte) []byte {
	b = append(b, idleVersion)
	for _, n := range [...]int64{d.hour, int64(d.now), int64(d.before), d.since, d.version} {
		b = binary.AppendVarint(b, n)
	}
	for _, n := range d.bins {
		b = binary.AppendVarint(b, int64(n))
	}
	return b
}

// Of is the idle time for a session opened at that time, in Unix microseconds. It never changes for a session under way.
func (d *Idle) Of(opened int64) time.Duration {
	if opened < d.since {
		return d.before
	}
	return d.now
}

// Version counts the fits that changed something.
func (d *Idle) Version() int64 { return d.version }

// Tells says whether a gap says something about where visits end: only those near or beyond the bounds are counted.
func Tells(gap time.Duration) bool { return gap >= time.Minute && gap < 36*time.Hour }

// Note counts a gap between two events of one visitor, after it has fitted what was counted up to the last hour.
func (d *Idle) Note(gap time.Duration, at time.Time) {
	if hour := at.Unix() / 3600; hour > d.hour {
		d.fit(at)
		d.hour = hour
	}
	d.bins[binOf(gap)]++
	if d.total++; d.total < idleFold {
		return
	}
	d.total = 0
	for i := range d.bins {
		d.bins[i] /= 2
		d.total += d.bins[i]
	}
}

// binOf is the bin of a gap: its doubling, and in which third of it. The thirds are of the gap, not of its logarithm; what
// counts is that bins follow each other.
func binOf(gap time.Duration) int {
	seconds := uint64(max(1, gap/time.Second))
	doubling := bits.Len64(seconds) - 1
	third := (seconds - 1<<doubling) * 3 >> doubling
	return min(doubling*3+int(third), idleBins-1)
}

// startOf is where a bin begins, in seconds.
func startOf(bin int) int64 {
	base := int64(1) << (bin / 3)
	return base + base*int64(bin%3)/3
}

// density is how many gaps a bin has for its width, smoothed over its neighbours; bins are wider by the doubling, and each
// third is about as wide on the logarithmic scale.
func (d *Idle) density(bin int) uint64 {
	sum := uint64(d.bins[bin]) * 2
	if bin > 0 {
		sum += uint64(d.bins[bin-1])
	}
	if bin+1 < idleBins {
		sum += uint64(d.bins[bin+1])
	}
	return sum
}

// fit looks for the valley between pauses within a visit and pauses between visits.
func (d *Idle) fit(at time.Time) {
	if d.total < idleGaps {
		return
	}
	first, last := binOf(IdleLeast), binOf(IdleMost)
	valley := first
	for bin := first; bin <= last; bin++ {
		if d.density(bin) < d.density(valley) {
			valley = bin
		}
	}
	// The bottom may be wide: its middle is meant.
	end := valley
	for end < last && d.density(end+1) <= d.density(valley)+d.density(valley)/10 {
		end++
	}
	valley = (valley + end) / 2
	left, right := uint64(0), uint64(0)
	for bin := range idleBins {
		if bin < valley {
			left = max(left, d.density(bin))
		} else if bin > valley {
			right = max(right, d.density(bin))
		}
	}
	fitted := IdleTimeout
	// Two humps are two only where what lies between them is clearly lower.
	if low := d.density(valley) * 10; low < left*8 && low < right*8 {
		fitted = min(max(time.Duration(startOf(valley)+startOf(valley+1))*time.Second/2, IdleLeast), IdleMost)
	}
	if fitted == d.now {
		return
	}
	d.before, d.now, d.since = d.now, fitted, at.UnixMicro()
	d.version++
}
