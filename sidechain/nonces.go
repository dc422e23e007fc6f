package sidechain

import (
	"sync"
	"time"
)

// Nonces remembers nonces in memory, up to a limit; it is a Seen for many goroutines. When it is full, the one that was
// added first goes, so that traffic passes: a replay then needs as many good signatures in between as the limit.
type Nonces struct {
	mu    sync.Mutex
	limit int
	until map[string]time.Time
	// order holds the nonces as they came, from first on; what is before it is free.
	order []string
	first int
}

// NewNonces makes a memory for a number of nonces, 1 at least.
func NewNonces(limit int) *Nonces {
	return &Nonces{limit: max(1, limit), until: map[string]time.Time{}}
}

// Add notes a nonce and says whether it was new.
func (n *Nonces) Add(nonce string, until, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if end, known := n.until[nonce]; known && now.Before(end) {
		return false
	} else if known {
		// It is in the order already, and only its time is over.
		n.until[nonce] = until
		return true
	}
	n.forget(now)
	n.until[nonce] = until
	n.order = append(n.order, nonce)
	return true
}

// Len is how many are remembered.
func (n *Nonces) Len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.until)
}

// forget makes room for one: those at the front whose time is over go, and the first one if there is still none.
func (n *Nonces) forget(now time.Time) {
	for n.first < len(n.order) && (len(n.until) >= n.limit || !now.Before(n.until[n.order[n.first]])) {
		delete(n.until, n.order[n.first])
		n.order[n.first] = ""
		n.first++
	}
	if n.first > len(n.order)/2 {
		n.order = append(n.order[:0], n.order[n.first:]...)
		n.first = 0
	}
}
