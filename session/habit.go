package session

import (
	"encoding/binary"
	"strings"
	"time"
)

// The figures by which a token's name is judged (science 1.4.2). They are counted exactly, and halved when they have grown.
const (
	habitLeast  = 200 // times that a name must have been shown before it is judged
	habitValues = 20  // different values before that
	habitFold   = 1 << 20
)

const habitVersion = 3

// Habit is what is known of a token's name: whether its values are keys that tell visitors apart. It is judged once an hour, from
// counts alone; a judgement holds for sessions that are opened after it, and never changes for one that is under way.
type Habit struct {
	// shown is how often a value was shown, changed how many new values took the place of one that was shown, foreign how often a
	// value was shown by another browser or from another network than the last time.
	shown, changed, foreign int64
	// first is how many different values were shown: those that were only handed out, to programs that keep no cookie, say nothing.
	first int64
	// hour is the last one in which it was judged, in hours since 1970.
	hour int64
	// key is the judgement, before the one it took the place of, since when it holds in Unix microseconds.
	key, before bool
	since       int64
	version     int64
	// declared says that the site names it: it is a key until it is found to go from hand to hand.
	declared bool
}

// NewHabit is the habit of a name of which nothing is known: names that the site declares are held to be keys, others are not.
func NewHabit(name string) Habit {
	declared := !strings.HasPrefix(name, Undeclared)
	return Habit{key: declared, before: declared, declared: declared}
}

// Load reads what Append packed; nothing leaves the habit as it is. False means that the bytes are not Append's.
func (h *Habit) Load(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	r := &unpacker{rest: b}
	version, flags := r.byte(), r.byte()
	read := Habit{key: flags&1 != 0, before: flags&2 != 0, declared: h.declared}
	for _, n := range [...]*int64{&read.shown, &read.changed, &read.foreign, &read.first, &read.hour, &read.since, &read.version} {
		*n = r.number()
	}
	if r.bad || len(r.rest) > 0 || version != habitVersion {
		return false
	}
	*h = read
	return true
}

// Append packs the habit behind b.
func (h *Habit) Append(b []byte) []byte {
	b = append(b, habitVersion, flag(h.key, 1)|flag(h.before, 2))
	for _, n := range [...]int64{h.shown, h.changed, h.foreign, h.first, h.hour, h.since, h.version} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// Key says whether values of the name are keys for a session opened at that time, in Unix microseconds.
func (h *Habit) Key(opened int64) bool {
	if opened < h.since {
		return h.before
	}
	return h.key
}

// Fleeting says that values are new with nearly each answer: each leads to the next, but none is worth to be remembered for long.
func (h *Habit) Fleeting() bool {
	const percent = 100
	return h.shown >= habitLeast/4 && h.changed*percent > 50*h.shown
}

// Passes says whether a value of the name is to be looked at: of names that were found to be no keys only every sixteenth value
// is, so that they fill no memory but can be found to be keys later on.
func (h *Habit) Passes(hash string, opened int64) bool {
	return h.shown < habitLeast || h.Key(opened) || hashOf(hash)%16 == 0
}

// Settled says that enough was seen of the name for it to be judged. Names that were made up never are.
func (h *Habit) Settled() bool { return h.declared || h.shown >= habitLeast }

// Version counts the judgements that changed something.
func (h *Habit) Version() int64 { return h.version }

// Observation is what one event shows of a name.
type Observation struct {
	// Shown says that a value was shown, Fresh that it was never seen before, Foreign that another browser or network showed it
	// the last time.
	Shown, Fresh, Foreign bool
	// First says that this value was never shown before.
	First bool
	// Given says that the answer set a value not seen before, Changed that this took the place of one that was shown.
	Given, Changed bool
}

// Note counts what an event shows, after it has judged what was counted up to the last hour.
func (h *Habit) Note(o Observation, at time.Time) {
	if hour := at.Unix() / 3600; hour > h.hour {
		h.judge(at)
		h.hour = hour
	}
	add(&h.shown, o.Shown)
	add(&h.foreign, o.Shown && !o.Fresh && o.Foreign)
	add(&h.first, o.Shown && o.First)
	add(&h.changed, o.Given && o.Changed)
	if h.shown+h.changed > habitFold {
		h.shown, h.changed, h.foreign, h.first = h.shown/2, h.changed/2, h.foreign/2, h.first/2
	}
}

func add(n *int64, one bool) {
	if one {
		*n++
	}
}

// judge decides anew where enough was seen.
func (h *Habit) judge(at time.Time) {
	if h.shown < habitLeast || h.hour == 0 {
		return
	}
	key := h.tells()
	if key == h.key {
		return
	}
	h.before, h.key, h.since = h.key, key, at.UnixMicro()
	h.version++
}

// tells says whether the values tell visitors apart: there are many, they come again, they seldom change, most were handed
// out by the site, and none moves between visitors.
func (h *Habit) tells() bool {
	values := h.first
	const thousandths, percent = 1000, 100
	switch {
	case h.declared && values >= habitValues:
		// One client could else show made-up values until nobody's is believed; values that wander are refused one by one.
		return true
	case h.foreign*percent > 20*h.shown: // it goes from hand to hand
		return false
	case h.declared:
		return true
	case values < habitValues, values*2*thousandths < h.shown: // fewer than one value in 2000 showings is no one's own
		return false
	case h.shown < 3*values: // a value that does not come again joins nothing
		return false
	case h.Fleeting():
		return false
	}
	return true
}
