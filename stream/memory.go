package stream

import (
	"context"
	"sort"
	"sync"

	"wayguard/event"
)

// Memory is a Log that keeps the newest records in memory only: durable means held. For tests and trials.
type Memory struct {
	limit int
	codec *event.Codec

	mu      sync.Mutex
	entries []Entry
	last    Position
	changed chan struct{}
	closed  bool
}

// NewMemory makes a log that holds at most limit records; the oldest make room for new ones.
func NewMemory(limit int) *Memory {
	return &Memory{limit: max(limit, 1), codec: event.NewCodec(), changed: make(chan struct{})}
}

// Append implements Appender.
func (m *Memory) Append(ctx context.Context, records ...event.Record) (Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return m.add(records)
}

// Enqueue implements Appender.
func (m *Memory) Enqueue(record event.Record) (Position, error) {
	return m.add([]event.Record{record})
}

func (m *Memory) add(records []event.Record) (Position, error) {
	copies, err := m.copied(records)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, ErrClosed
	}
	for i := range copies {
		m.last++
		m.entries = append(m.entries, Entry{m.last, copies[i]})
	}
	if extra := len(m.entries) - m.limit; extra > 0 {
		m.entries = append([]Entry(nil), m.entries[extra:]...)
	}
	m.wake()
	return m.last, nil
}

// copied makes the records the log's own: what they were made of is the caller's again.
func (m *Memory) copied(records []event.Record) ([]event.Record, error) {
	copies := make([]event.Record, len(records))
	for i := range records {
		encoded, err := m.codec.Append(nil, &records[i])
		if err != nil {
			return nil, err
		}
		if copies[i], err = m.codec.Decode(encoded); err != nil {
			return nil, err
		}
	}
	return copies, nil
}

func (m *Memory) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// Durable implements Reader.
func (m *Memory) Durable() Position {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// Read implements Reader.
func (m *Memory) Read(ctx context.Context, after Position, max int) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	from := m.find(after + 1)
	if max <= 0 || from == len(m.entries) {
		return nil, nil
	}
	return append([]Entry(nil), m.entries[from:min(len(m.entries), from+max)]...), nil
}

// find is the place of the first entry at or beyond a position.
func (m *Memory) find(pos Position) int {
	return sort.Search(len(m.entries), func(i int) bool { return m.entries[i].Position >= pos })
}

// Wait implements Reader.
func (m *Memory) Wait(ctx context.Context, after Position) error {
	for {
		m.mu.Lock()
		changed, reached, closed := m.changed, m.last > after, m.closed
		m.mu.Unlock()
		if reached {
			return nil
		}
		if closed {
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TrimBefore implements Log.
func (m *Memory) TrimBefore(pos Position) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.entries = append([]Entry(nil), m.entries[m.find(pos):]...)
	return nil
}

// Close implements Log.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.wake()
	}
	return nil
}
