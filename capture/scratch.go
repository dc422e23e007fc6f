package capture

import (
	"wayguard/element"
	"wayguard/event"
)

// Scratch is the memory that events are made in, so that making one allocates nothing once the memory has grown to what
// the exchanges need. An event that was made in a Scratch, with every text and map in it, lives until Reset; its texts may
// also share the memory of the request's and the response's heads, never that of bodies. One goroutine uses a Scratch at
// a time; several events may be made between two calls of Reset, such as that of an inline question and the final one.
type Scratch struct {
	arena element.Arena
	// elements and tokens are those of all events since Reset, one event's behind the other's, values those that elements
	// are made of.
	elements []event.Element
	values   []element.Value
	placed   []placed
	tokens   []event.Token

	// What follows is needed only while one event is made.
	request, response message
	scans             [2]jsonScan
	issues            issueList
	path              segments
	gathered          []gathered
	order             []uint16
	counts            []slotCount
	found             []found
	raws              []element.Raw
	cookies           []setCookie
	shape             []byte
}

// The bounds of what a Scratch keeps for the next exchange, in entries.
const (
	keptElements = 1024
	keptHits     = 4096
	keptFound    = 256
)

// spareElements is the room behind an event's elements: what is derived from the event finds its place there.
const spareElements = 2

// Reset takes back the memory of all events made so far.
func (x *Scratch) Reset() {
	x.arena.Reset()
	x.elements, x.tokens = emptied(x.elements, keptElements), emptied(x.tokens, keptElements)
	x.values, x.placed = emptied(x.values, keptElements), emptied(x.placed, keptElements)
	x.gathered, x.cookies = emptied(x.gathered, maxValuesPerEvent), emptied(x.cookies, keptFound)
	x.found, x.raws = emptied(x.found, keptFound), emptied(x.raws, keptFound)
	for i := range x.scans {
		s := &x.scans[i]
		s.data = nil
		s.hits, s.active, s.keys = emptied(s.hits, keptHits), emptied(s.active, keptHits), emptied(s.keys, keptHits)
	}
	x.request, x.response = message{}, message{}
	x.issues.list = nil
}

// emptied is a list without its entries, and without its memory when that is more than is kept.
func emptied[T any](list []T, kept int) []T {
	if cap(list) > kept {
		return nil
	}
	return list[:0]
}
