package decoy

import (
	"sync"
	"time"

	"wayguard/capture"
)

// Settings say how a Set learns. The zero Settings are good ones.
type Settings struct {
	// Samples are how many answers of one spec and result are seen before any is feigned: 20 when 0.
	Samples int
	// Elements are the names of the elements in which a canary may come back, and Canonical is how a text stands in an
	// event as the value of one of them, which may be a keyed hash; empty when it cannot. Without Canonical a canary is
	// known by its text alone.
	Elements  []string
	Canonical func(element, text string) string
	// Sink is told what was submitted with each feigned answer; nil: it is only kept here.
	Sink Sink
}

// Answer is a fabricated answer.
type Answer struct {
	Status int
	// Header is everything but the framing, in order, spelled as the origin spells it.
	Header []capture.Field
	// Body is as on the wire: where Header names a Content-Encoding, it is applied.
	Body []byte
	// After is when the answer's head is given, counted from the arrival of the request's head.
	After time.Duration
	// Framing is where and how the origin's answers say how long they are; it is not in Header.
	Framing Framing
}

// Set is what was learned of the origin's answers and what was made up. It lives as long as the process and may be used
// by several goroutines at once.
type Set struct {
	key      []byte
	settings Settings

	mu    sync.RWMutex
	books map[bookKey]*book

	canaries canaries
	sunk     sunk
}

// New makes an empty set. The key, of 32 bytes, is the installation's: everything made up follows from it.
func New(key []byte, settings Settings) *Set {
	if settings.Samples <= 0 {
		settings.Samples = 20
	}
	return &Set{key: key, settings: settings, books: map[bookKey]*book{}}
}
