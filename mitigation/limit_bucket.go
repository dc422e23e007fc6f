package mitigation

import (
	"container/list"
	"sync"
	"time"
)

// mostBuckets bounds the visitors whose rate is remembered, for all limits together: about 30 MB.
const mostBuckets = 1 << 17

// buckets are token buckets, one for each limit and whom it counts, in the form of the generic cell rate algorithm (ITU-T I.371): of a
// bucket only the time is kept at which it will be full again. The longest unused is forgotten when there are too many.
type buckets struct {
	mu    sync.Mutex
	most  int
	known map[bucketKey]*list.Element // of *bucket
	order list.List                   // the last used in front
}

type bucketKey struct{ limit, who string }

type bucket struct {
	key  bucketKey
	full time.Time
}

func newBuckets(most int) *buckets { return &buckets{most: most, known: map[bucketKey]*list.Element{}} }

// rate is so many requests in a time, of which all may come at once.
type rate struct {
	requests int
	per      time.Duration
}

// fill is what a bucket says of a request.
type fill struct {
	allowed bool
	// left is how many more requests would be allowed now.
	left int
	// wait is the time until the next request is allowed, reset the time until the bucket is full again.
	wait, reset time.Duration
}

// take takes one request from a bucket. One that is refused takes nothing, so who keeps asking is let through at the rate, no less.
func (b *buckets) take(key bucketKey, r rate, now time.Time) fill {
	if r.requests <= 0 || r.per <= 0 {
		return fill{allowed: true}
	}
	one := max(r.per/time.Duration(r.requests), 1)
	room := one * time.Duration(r.requests)
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.bucket(key)
	// A clock that was set back must lock nobody out for longer than one full time.
	if kept.full.Before(now) || kept.full.Sub(now) > room {
		kept.full = now
	}
	missing := kept.full.Sub(now)
	if missing+one > room {
		return fill{wait: missing + one - room, reset: missing}
	}
	kept.full = kept.full.Add(one)
	missing += one
	return fill{allowed: true, left: int((room - missing) / one), reset: missing}
}

// bucket finds a bucket or makes one, which is full.
func (b *buckets) bucket(key bucketKey) *bucket {
	if place, ok := b.known[key]; ok {
		b.order.MoveToFront(place)
		kept, _ := place.Value.(*bucket)
		return kept
	}
	if len(b.known) >= b.most {
		if oldest, ok := b.order.Remove(b.order.Back()).(*bucket); ok {
			delete(b.known, oldest.key)
		}
	}
	kept := &bucket{key: key}
	b.known[key] = b.order.PushFront(kept)
	return kept
}
