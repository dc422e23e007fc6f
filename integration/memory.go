package integration

import (
	"container/list"
	"sync"
	"time"
)

// memory is a bounded map whose entries expire. The one not used for the longest time goes first.
type memory[K comparable, V any] struct {
	mu      sync.Mutex
	limit   int
	entries map[K]*list.Element
	order   *list.List // the one used last is in front
}

type memoryEntry[K comparable, V any] struct {
	key   K
	value V
	until time.Time
}

func newMemory[K comparable, V any](limit int) *memory[K, V] {
	return &memory[K, V]{limit: limit, entries: map[K]*list.Element{}, order: list.New()}
}

func (m *memory[K, V]) recall(key K, now time.Time) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.entries[key]
	if at == nil {
		return value, false
	}
	entry := at.Value.(*memoryEntry[K, V])
	if !now.Before(entry.until) {
		m.order.Remove(at)
		delete(m.entries, key)
		return value, false
	}
	m.order.MoveToFront(at)
	return entry.value, true
}

func (m *memory[K, V]) keep(key K, value V, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[key]; at != nil {
		at.Value = &memoryEntry[K, V]{key, value, until}
		m.order.MoveToFront(at)
		return
	}
	if len(m.entries) >= m.limit {
		last := m.order.Back()
		delete(m.entries, last.Value.(*memoryEntry[K, V]).key)
		m.order.Remove(last)
	}
	m.entries[key] = m.order.PushFront(&memoryEntry[K, V]{key, value, until})
}

func (m *memory[K, V]) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}
