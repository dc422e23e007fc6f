package mitigation

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"sync"
	"time"

	"wayguard/event"
)

// mostDelayed bounds the requests that are delayed at one time: each holds a connection, and memory for what it brought.
const mostDelayed = 2048

// delays counts the requests that are being delayed. Nobody tells when one goes on or its visitor leaves, so each counts until its delay
// would have ended.
type delays struct {
	mu   sync.Mutex
	most int
	ends ending
	// skipped is how many were not delayed because too many were.
	skipped uint64
}

// enter counts a request that is to be delayed; false when it must not be, as too many are.
func (d *delays) enter(now time.Time, wait time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.ends) > 0 && !d.ends[0].After(now) {
		heap.Pop(&d.ends)
	}
	if len(d.ends) >= d.most {
		d.skipped++
		return false
	}
	heap.Push(&d.ends, now.Add(wait))
	return true
}

// spread is a share of the whole that an event's id decides, so that a replay finds the same.
func spread(id event.ID, whole time.Duration) time.Duration {
	if whole <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte("delay\x00" + id))
	share, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:8]), uint64(whole))
	return time.Duration(share)
}

// ending is a heap of times, the next one first.
type ending []time.Time

// Len implements heap.Interface.
func (e ending) Len() int { return len(e) }

// Less implements heap.Interface.
func (e ending) Less(i, j int) bool { return e[i].Before(e[j]) }

// Swap implements heap.Interface.
func (e ending) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *ending) Push(x any) {
	if end, ok := x.(time.Time); ok {
		*e = append(*e, end)
	}
}

// Pop implements heap.Interface.
func (e *ending) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
