package decision

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"wayguard/payment"
)

// lists are the blacklist and the named lists in memory: what decisions look in.
type lists struct {
	fixed map[string]map[string]struct{}
	limit int
	mu    sync.RWMutex
	// values are by list and path, then by value; a named list has one path, "".
	values map[listPath]map[string]listed
	size   int
}

type listPath struct{ list, path string }

// listed is how long a value stays; the zero time is for ever.
type listed struct{ until time.Time }

func (l listed) lives(at time.Time) bool { return l.until.IsZero() || at.Before(l.until) }

func newLists(fixed map[string][]string, limit int) *lists {
	l := &lists{fixed: make(map[string]map[string]struct{}, len(fixed)), limit: limit, values: make(map[listPath]map[string]listed)}
	for name, values := range fixed {
		l.fixed[name] = make(map[string]struct{}, len(values))
		for _, v := range values {
			l.fixed[name][payment.Canonical(v)] = struct{}{}
		}
	}
	return l
}

func (l *lists) names() []string { return slices.Sorted(maps.Keys(l.fixed)) }

func (l *lists) known(name string) bool {
	_, known := l.fixed[name]
	return known
}

func placeOf(v ListValue) listPath {
	if v.List == Blacklist || v.List == "" {
		return listPath{Blacklist, v.FieldPath}
	}
	return listPath{v.List, ""}
}

// knownBy is the value as entries are found by: the blacklist's are in their path's normal form already, those of a named list are compared
// at any path.
func knownBy(v ListValue) string {
	if placeOf(v).list == Blacklist {
		return v.Value
	}
	return payment.Canonical(v.Value)
}

// put takes an entry as the ledger keeps it.
func (l *lists) put(v ListValue) {
	entry := listed{}
	if v.ExpiresAt != nil {
		entry.until = *v.ExpiresAt
	}
	place, value := placeOf(v), knownBy(v)
	l.mu.Lock()
	defer l.mu.Unlock()
	values := l.values[place]
	if values == nil {
		values = make(map[string]listed)
		l.values[place] = values
	}
	if _, there := values[value]; !there {
		l.size++
	}
	values[value] = entry
}

func (l *lists) remove(v ListValue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	values, value := l.values[placeOf(v)], knownBy(v)
	if _, there := values[value]; there {
		delete(values, value)
		l.size--
	}
}

// expire lets go what lives no longer.
func (l *lists) expire(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, values := range l.values {
		for value, entry := range values {
			if !entry.lives(at) {
				delete(values, value)
				l.size--
			}
		}
	}
}

func (l *lists) full() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.size >= l.limit
}

func (l *lists) count() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return int64(l.size)
}

func (l *lists) holds(place listPath, value string, at time.Time) bool {
	l.mu.RLock()
	entry, there := l.values[place][value]
	l.mu.RUnlock()
	return there && entry.lives(at)
}

// listsAt answers rules as of a moment: an entry that has expired is not there, even before it is taken away. Rules ask with values in
// their normal form, as entries have them.
type listsAt struct {
	lists *lists
	at    time.Time
}

// Blacklisted implements ruleset.Lists.
func (l listsAt) Blacklisted(path, value string) bool {
	return l.lists.holds(listPath{Blacklist, path}, value, l.at)
}

// Listed implements ruleset.Lists.
func (l listsAt) Listed(list, value string) (isListed, known bool) {
	values, known := l.lists.fixed[list]
	if !known {
		return false, false
	}
	value = payment.Canonical(value)
	if _, there := values[value]; there {
		return true, true
	}
	return l.lists.holds(listPath{list, ""}, value, l.at), true
}

// loadLists fills the memory from the ledger. What is beyond its size is told, not silently left out.
func (s *Service) loadLists(ctx context.Context) error {
	beyond := 0
	err := s.deps.Ledger.EachValue(ctx, s.deps.Environment, s.deps.Now(), func(v ListValue) error {
		if s.lists.full() {
			beyond++
			return nil
		}
		s.lists.put(v)
		return nil
	})
	if beyond > 0 {
		s.deps.Logger.Error("there are more list entries than memory is allowed for; those beyond are not looked at", "beyond", beyond, "limit", s.limits.ListValues)
	}
	return err
}

// outlives says whether what stands there lives at least as long as an entry that comes: a shorter life never replaces a longer one.
func (l *lists) outlives(v ListValue) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	there, found := l.values[placeOf(v)][knownBy(v)]
	switch {
	case !found:
		return false
	case there.until.IsZero():
		return true
	}
	return v.ExpiresAt != nil && !v.ExpiresAt.After(there.until)
}
