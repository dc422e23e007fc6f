package api

import (
	"container/list"
	"sync"
	"time"
)

// limitedKeys bounds a limiter's memory: beyond it the key unused for longest is forgotten.
const limitedKeys = 10_000

// limiter is a token bucket for each key: burst at once, then perSecond.
type limiter struct {
	burst, perSecond float64
	mu               sync.Mutex
	buckets          map[string]*list.Element
	recent           *list.List // of *bucket, the latest used in front
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

func newLimiter(burst, perSecond float64) *limiter {
	return &limiter{burst: burst, perSecond: perSecond, buckets: map[string]*list.Element{}, recent: list.New()}
}

// take uses one token of the key. Where there is none it says how long until there is one.
func (l *limiter) take(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key, now)
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(l.burst, b.tokens+passed.Seconds()*l.perSecond)
		b.at = now
	}
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.perSecond * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

// give returns a token, after something that turned out not to count.
func (l *limiter) give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, there := l.buckets[key]; there {
		b := at.Value.(*bucket)
		b.tokens = min(l.burst, b.tokens+1)
	}
}

func (l *limiter) bucket(key string, now time.Time) *bucket {
	if at, there := l.buckets[key]; there {
		l.recent.MoveToFront(at)
		return at.Value.(*bucket)
	}
	if len(l.buckets) >= limitedKeys {
		oldest := l.recent.Back()
		l.recent.Remove(oldest)
		delete(l.buckets, oldest.Value.(*bucket).key)
	}
	b := &bucket{key: key, tokens: l.burst, at: now}
	l.buckets[key] = l.recent.PushFront(b)
	return b
}
