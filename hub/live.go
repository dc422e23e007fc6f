package hub

import (
	"errors"
	"sync"
	"sync/atomic"

	"wayguard/event"
)

const (
	// batchRecords is the most a page is told at once; what comes faster is counted as skipped.
	batchRecords = 200
	// streamsInAll and streamsEach bound the live streams of the Hub and of one user.
	streamsInAll = 256
	streamsEach  = 16
)

var (
	errTooManyStreams = errors.New("too many live streams are open")
	errClosed         = errors.New("the hub is stopping")
)

// broker hands every published record to the streams of its environment. Publishing never waits: a stream keeps the
// newest records only and counts what it gave up.
type broker struct {
	// open is read before the lock is taken: with nobody watching, publishing costs one load.
	open   atomic.Int64
	mu     sync.Mutex
	closed bool
	byEnv  map[event.Environment]map[*subscriber]struct{}
	byUser map[event.ID]int
}

// subscriber is one live stream. Its ring holds at most batchRecords.
type subscriber struct {
	env  event.Environment
	user event.ID
	// wake has room for one: a stream that has been told something is there need not be told twice.
	wake chan struct{}
	// done is closed when the hub stops.
	done chan struct{}

	mu      sync.Mutex
	ring    []liveRecord
	start   int
	skipped int64
}

func newBroker() *broker {
	return &broker{byEnv: map[event.Environment]map[*subscriber]struct{}{}, byUser: map[event.ID]int{}}
}

func (b *broker) subscribe(env event.Environment, user event.ID) (*subscriber, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	if b.open.Load() >= streamsInAll || b.byUser[user] >= streamsEach {
		return nil, errTooManyStreams
	}
	s := &subscriber{env: env, user: user, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if b.byEnv[env] == nil {
		b.byEnv[env] = map[*subscriber]struct{}{}
	}
	b.byEnv[env][s] = struct{}{}
	b.byUser[user]++
	b.open.Add(1)
	return s, nil
}

func (b *broker) unsubscribe(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.byEnv[s.env][s]; !there {
		return
	}
	delete(b.byEnv[s.env], s)
	if len(b.byEnv[s.env]) == 0 {
		delete(b.byEnv, s.env)
	}
	if b.byUser[s.user]--; b.byUser[s.user] <= 0 {
		delete(b.byUser, s.user)
	}
	b.open.Add(-1)
}

func (b *broker) publish(r *event.Record) {
	if b.open.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	watching := b.byEnv[r.Event.Environment]
	if len(watching) == 0 {
		return
	}
	summary := summarise(r)
	for s := range watching {
		s.push(summary)
	}
}

// close ends every stream and lets no new one in.
func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	for _, watching := range b.byEnv {
		for s := range watching {
			close(s.done)
		}
	}
}

func (s *subscriber) push(r liveRecord) {
	s.mu.Lock()
	if len(s.ring) < batchRecords {
		s.ring = append(s.ring, r)
	} else {
		s.ring[s.start] = r
		s.start = (s.start + 1) % batchRecords
		s.skipped++
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take empties the ring, oldest record first.
func (s *subscriber) take() liveBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := liveBatch{Skipped: s.skipped}
	batch.Records = append(append(make([]liveRecord, 0, len(s.ring)), s.ring[s.start:]...), s.ring[:s.start]...)
	s.ring, s.start, s.skipped = s.ring[:0], 0, 0
	return batch
}
