package eval

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"wayguard/state"
)

// Shards is a store spread over several, each key on one of them: what a cluster of stores would be.
type Shards struct {
	memories []*state.Memory
	// commits counts them, so that each begins with another shard.
	commits int
}

// NewShards makes a store of n parts.
func NewShards(n int) *Shards {
	s := &Shards{}
	for range max(n, 1) {
		s.memories = append(s.memories, state.NewMemory(0))
	}
	return s
}

func (s *Shards) of(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // a hash never fails
	return int(h.Sum32()) % len(s.memories)
}

// Load implements state.Store.
func (s *Shards) Load(ctx context.Context, keys []string) ([]state.Entry, error) {
	entries := make([]state.Entry, 0, len(keys)+2)
	for _, key := range keys {
		e, err := s.one(ctx, key)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	for i := range keys {
		ref := entries[i].Ref
		if ref == "" || slices.ContainsFunc(entries, func(e state.Entry) bool { return e.Key == ref }) {
			continue
		}
		e, err := s.one(ctx, ref)
		if err != nil {
			return nil, err
		}
		if e.Version != 0 {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (s *Shards) one(ctx context.Context, key string) (state.Entry, error) {
	found, err := s.memories[s.of(key)].Load(ctx, []string{key})
	if err != nil {
		return state.Entry{}, err
	}
	return found[0], nil
}

// LoadInto implements state.Store.
func (s *Shards) LoadInto(ctx context.Context, _ *state.Batch, keys []string) ([]state.Entry, error) {
	return s.Load(ctx, keys)
}

// Commit implements state.Store for one user at a time: nobody else commits in between, so that no part is stale.
func (s *Shards) Commit(ctx context.Context, entries []state.Entry) ([]state.Entry, error) {
	parts := make([][]state.Entry, len(s.memories))
	for _, e := range entries {
		parts[s.of(e.Key)] = append(parts[s.of(e.Key)], e)
	}
	s.commits++
	for i := range parts {
		at := (i + s.commits) % len(parts)
		if len(parts[at]) == 0 {
			continue
		}
		if stale, err := s.memories[at].Commit(ctx, parts[at]); err != nil {
			return stale, err
		}
	}
	return nil, nil
}

// Expire forgets what has expired.
func (s *Shards) Expire(now time.Time) int {
	n := 0
	for _, m := range s.memories {
		n += m.Expire(now)
	}
	return n
}
