package eval

import (
	"context"
	"slices"
	"strings"
	"time"

	"wayguard/state"
	"wayguard/world"
)

// Kept is how much is kept of one kind of thing, in bytes of its value, without what the store adds.
type Kept struct {
	// Kind is the first part of the keys: "s" are sessions, "d" devices.
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	Mean  int    `json:"mean"`
	P99   int    `json:"p99"`
	Most  int    `json:"most"`
}

// scales is a store that weighs what is put in it.
type scales struct {
	*state.Memory
	sizes map[string]int
}

// Commit implements state.Store.
func (s *scales) Commit(ctx context.Context, entries []state.Entry) ([]state.Entry, error) {
	for i := range entries {
		s.sizes[strings.Clone(entries[i].Key)] = len(entries[i].Value)
	}
	return s.Memory.Commit(ctx, entries)
}

// Expire keeps everything: what is weighed is the last size of all there ever was.
func (s *scales) Expire(time.Time) int { return 0 }

// Weigh drives a world and gives how much is kept of each kind of thing.
func Weigh(ctx context.Context, o world.Options) ([]Kept, error) {
	s := &scales{Memory: state.NewMemory(0), sizes: map[string]int{}}
	if _, err := Drive(ctx, Plan{Name: "memory", World: o, Store: s}); err != nil {
		return nil, err
	}
	kinds := map[string][]int{}
	for key, size := range s.sizes {
		kind, _, _ := strings.Cut(key, "\x00")
		kinds[kind] = append(kinds[kind], size)
	}
	var all []Kept
	for kind, sizes := range kinds {
		slices.Sort(sizes)
		sum := 0
		for _, n := range sizes {
			sum += n
		}
		all = append(all, Kept{kind, len(sizes), sum / len(sizes), sizes[len(sizes)*99/100], sizes[len(sizes)-1]})
	}
	slices.SortFunc(all, func(a, b Kept) int { return strings.Compare(a.Kind, b.Kind) })
	return all, nil
}
