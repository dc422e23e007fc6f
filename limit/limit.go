// Package limit bounds how often something may happen, for each of many keys, in bounded memory. It reads no clock.
package limit

import (
	"container/list"
	"sync"
	"time"
)

// maxKeys bounds a limiter's memory: beyond it the key unused for longest is forgotten.
const maxKeys = 10_000

// Limiter is a token bucket for each key: burst at once, then one every interval. It is safe for concurrent use.
type Limiter struct {
	burst    float64
	interval time.Duration
	mu       sync.Mutex
	buckets  map[string]*list.Element
	recent   *list.List // of *bucket, the latest used in front
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

// New makes a limiter whose buckets begin full; interval is above 0.
func New(burst int, interval time.Duration) *Limiter {
	return &Limiter{burst: float64(burst), interval: interval, buckets: map[string]*list.Element{}, recent: list.New()}
}

// Take uses one token of the key. Where there is none it says how long until there is one, and takes nothing.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key, now)
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(l.burst, b.tokens+float64(passed)/float64(l.interval))
		b.at = now
	}
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) * float64(l.interval)), false
	}
	b.tokens--
	return 0, true
}

// Give returns a token, after something that turned out not to count.
func (l *Limiter) Give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, there := l.buckets[key]; there {
		b := at.Value.(*bucket)
		b.tokens = min(l.burst, b.tokens+1)
	}
}

func (l *Limiter) bucket(key string, now time.Time) *bucket {
	if at, there := l.buckets[key]; there {
		l.recent.MoveToFront(at)
		return at.Value.(*bucket)
	}
	if len(l.buckets) >= maxKeys {
		oldest := l.recent.Back()
		l.recent.Remove(oldest)
		delete(l.buckets, oldest.Value.(*bucket).key)
	}
	b := &bucket{key: key, tokens: l.burst, at: now}
	l.buckets[key] = l.recent.PushFront(b)
	return b
}
