package state

import (
	"context"
	"errors"
	"time"
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
}

// Store is what every implementation offers.
type Store interface {
	// Load returns an entry for each key, in order, and after them the entries that the found ones refer to (one
	// step, each once). Missing ones have Version 0. Values must not be changed by the caller.
	Load(ctx context.Context, keys []string) ([]Entry, error)
	// Commit writes all entries or none. Each one's Version must be the one it was loaded with (0: not there), else
	// the current entries of all stale keys come back with ErrStale.
	Commit(ctx context.Context, entries []Entry) ([]Entry, error)
}
