package agent

import (
	"net/netip"
	"sync"
	"time"
)

// Limiter bounds how many checks a second each source may cause; it is for many goroutines.
type Limiter struct {
	mu      sync.Mutex
	most    int
	sources int
	second  int64
	counts  map[netip.Addr]int
}

// NewLimiter makes a limiter for a number of checks a second and of sources that are told apart; both 1 at least. While there
// are more sources, the new ones have to wait for the next second.
func NewLimiter(most, sources int) *Limiter {
	return &Limiter{most: max(1, most), sources: max(1, sources), counts: map[netip.Addr]int{}}
}

// Allow says whether a source may cause one more. The sources of one /64 of IPv6 are one.
func (l *Limiter) Allow(source netip.Addr, now time.Time) bool {
	source = source.Unmap().WithZone("")
	if source.Is6() {
		if prefix, err := source.Prefix(64); err == nil {
			source = prefix.Addr()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if second := now.Unix(); second != l.second {
		l.second = second
		clear(l.counts)
	}
	count, known := l.counts[source]
	if count >= l.most || !known && len(l.counts) >= l.sources {
		return false
	}
	l.counts[source] = count + 1
	return true
}
