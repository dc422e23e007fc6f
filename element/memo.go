package element

import (
	"hash/maphash"
	"sync/atomic"
)

// memoWays is how many entries share a place of a Memo: so many hot keys can meet there and all stay.
const memoWays = 4

// Memo remembers what was worked out of a text, for texts that come again: a user agent, a language, an address. It is
// bounded, and a flood of texts that never come again does no more than push others out. It never locks. A value must be
// a function of its text alone, and nobody may change it.
type Memo[V any] struct {
	seed   maphash.Seed
	places []memoPlace[V]
}

type memoPlace[V any] struct {
	ways [memoWays]atomic.Pointer[remembered[V]]
	// next is the way that is given up next.
	next atomic.Uint32
}

type remembered[V any] struct {
	text  string
	value V
}

// NewMemo makes a Memo of about as many entries.
func NewMemo[V any](entries int) *Memo[V] {
	places := 1
	for places*memoWays < entries {
		places *= 2
	}
	return &Memo[V]{seed: maphash.MakeSeed(), places: make([]memoPlace[V], places)}
}

// Find gives what was kept for the text, nil when there is nothing.
func (m *Memo[V]) Find(text []byte) *V {
	place := m.place(maphash.Bytes(m.seed, text))
	for i := range place.ways {
		if r := place.ways[i].Load(); r != nil && r.text == string(text) {
			return &r.value
		}
	}
	return nil
}

// FindText is Find for a string.
func (m *Memo[V]) FindText(text string) *V {
	place := m.place(maphash.String(m.seed, text))
	for i := range place.ways {
		if r := place.ways[i].Load(); r != nil && r.text == text {
			return &r.value
		}
	}
	return nil
}

// Keep remembers a value, of which it becomes the owner, and gives it back as Find will.
func (m *Memo[V]) Keep(text []byte, value V) *V {
	r := &remembered[V]{text: string(text), value: value}
	place := m.place(maphash.Bytes(m.seed, text))
	place.ways[place.next.Add(1)%memoWays].Store(r)
	return &r.value
}

func (m *Memo[V]) place(sum uint64) *memoPlace[V] { return &m.places[sum&uint64(len(m.places)-1)] }
