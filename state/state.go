package state

import (
	"context"
	"errors"
	"time"
	"unsafe"
)

// ErrStale means that an entry had changed since it was loaded; nothing of the commit was done.
var ErrStale = errors.New("state: entry changed since it was loaded")

// Entry is one thing kept: a value, a reference to another entry, or both.
type Entry struct {
	Key   string
	Value []byte
	// Ref is the key of the entry meant, for a key that leads to another.
	Ref string
	// Version rises with every change; 0 means that there is no such entry.
	Version uint64
	// Expires is when the entry may be forgotten.
	Expires time.Time
	// place, counted from 1, is where a Memory found it: a hint for the commit, 0 is none.
	place int
}

// Store is what every implementation offers.
type Store interface {
	// Load returns an entry for each key, in order, and after them the entries that the found ones refer to (one
	// step, each once). Missing ones have Version 0.
	Load(ctx context.Context, keys []string) ([]Entry, error)
	// LoadInto is Load in the batch's room: the entries, and all that is in them, are good until it is used again.
	LoadInto(ctx context.Context, b *Batch, keys []string) ([]Entry, error)
	// Commit writes all entries or none. Each one's Version must be the one it was loaded with (0: not there), else
	// the current entries of all stale keys come back with ErrStale. Nothing of the entries is kept: what is stored is a copy.
	Commit(ctx context.Context, entries []Entry) ([]Entry, error)
}

// Batch is room for the entries of one load at a time, used again for the next one. The zero Batch is ready; it is for one
// goroutine at a time.
type Batch struct {
	entries []Entry
	bytes   []byte
	guesses []guess
}

// guess is where a key's entry most likely stands in a Memory.
type guess struct {
	hash  uint64
	place int
	block blockRef
	size  uint32
}

func (b *Batch) reset() { b.entries, b.bytes = b.entries[:0], b.bytes[:0] }

// entry adds an empty entry. It is filled where it stands: one that is put together first and copied then takes longer.
func (b *Batch) entry() *Entry {
	b.entries = append(b.entries, Entry{})
	return &b.entries[len(b.entries)-1]
}

// keep copies bytes into the batch, nil where there are none.
func (b *Batch) keep(from []byte) []byte {
	if len(from) == 0 {
		return nil
	}
	begin := len(b.bytes)
	b.bytes = append(b.bytes, from...) // when they move, what was given out stays where it is
	return b.bytes[begin:len(b.bytes):len(b.bytes)]
}

func (b *Batch) has(key string) bool {
	for i := range b.entries {
		if b.entries[i].Key == key {
			return true
		}
	}
	return false
}

// textOf is the bytes as a text, without a copy: they do not change as long as the text is used.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
