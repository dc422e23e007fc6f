package decision

import (
	"sync"

	"wayguard/event"
)

// keyed are locks by name; a name that nobody holds takes no room.
type keyed struct {
	mu    sync.Mutex
	locks map[string]*keyedLock
}

type keyedLock struct {
	sync.Mutex
	holders int
}

// lock waits for the name and gives back what lets it go.
func (k *keyed) lock(name string) (unlock func()) {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = make(map[string]*keyedLock)
	}
	l := k.locks[name]
	if l == nil {
		l = &keyedLock{}
		k.locks[name] = l
	}
	l.holders++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if l.holders--; l.holders == 0 {
			delete(k.locks, name)
		}
	}
}

// inFlight are things that somebody works at.
type inFlight struct {
	mu  sync.Mutex
	ids map[event.ID]struct{}
}

// begin says whether nobody worked at it; then the caller does, until end.
func (f *inFlight) begin(id event.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, busy := f.ids[id]; busy {
		return false
	}
	if f.ids == nil {
		f.ids = make(map[event.ID]struct{})
	}
	f.ids[id] = struct{}{}
	return true
}

func (f *inFlight) end(id event.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, id)
}

func (f *inFlight) count() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.ids))
}
