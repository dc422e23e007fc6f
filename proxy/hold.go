package proxy

import (
	"io"
	"sync"
	"time"

	"wayguard/capture"
)

// prefetch reads the beginning of a held request's body ahead and gives it again, followed by the rest, to whoever
// forwards the request. It reads in a goroutine, because a read cannot be given up on: when the wait ends early the
// reader goes on where the goroutine is.
type prefetch struct {
	source io.Reader
	limit  int
	ended  chan struct{} // closed when the goroutine reads no more

	mu      sync.Mutex
	more    *sync.Cond
	bytes   []byte // never grows beyond its capacity: what was given out stays valid
	given   int
	reading bool
	err     error // what the source said last
}

// newPrefetch starts to read up to limit bytes, and one more to know whether that was all. length is the body's, -1 when
// it is not known.
func newPrefetch(source io.Reader, limit int, length int64) *prefetch {
	p := &prefetch{
		source: source, limit: limit, ended: make(chan struct{}), reading: true,
		bytes: make([]byte, 0, prefetchSize(limit, length)),
	}
	p.more = sync.NewCond(&p.mu)
	go p.read()
	return p
}

// prefetchSize is the memory a prefetch takes, in bytes.
func prefetchSize(limit int, length int64) int {
	if length >= 0 && length < int64(limit) {
		return int(length) + 1
	}
	return limit + 1
}

func (p *prefetch) read() {
	defer close(p.ended)
	for {
		p.mu.Lock()
		room := p.bytes[len(p.bytes):cap(p.bytes)]
		p.mu.Unlock()
		if len(room) == 0 {
			break
		}
		// Only this goroutine lengthens the slice, and readers do not look beyond its length.
		n, err := p.source.Read(room)
		p.mu.Lock()
		p.bytes, p.err = p.bytes[:len(p.bytes)+n], err
		p.more.Broadcast()
		p.mu.Unlock()
		if err != nil {
			break
		}
	}
	p.mu.Lock()
	p.reading = false
	p.more.Broadcast()
	p.mu.Unlock()
}

// wait returns what has arrived when all is there, when the limit is reached, after the timeout, or when stop is
// closed.
func (p *prefetch) wait(timeout time.Duration, stop <-chan struct{}) capture.Body {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
	case <-stop:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	arrived := min(len(p.bytes), p.limit)
	whole := !p.reading && p.err == io.EOF && len(p.bytes) <= p.limit
	return capture.Body{Bytes: p.bytes[:arrived:arrived], Truncated: !whole}
}

// Read gives what was read ahead, then the rest.
func (p *prefetch) Read(into []byte) (int, error) {
	p.mu.Lock()
	for p.given == len(p.bytes) && p.reading && p.err == nil {
		p.more.Wait()
	}
	if p.given < len(p.bytes) {
		n := copy(into, p.bytes[p.given:])
		p.given += n
		p.mu.Unlock()
		return n, nil
	}
	err := p.err
	p.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return p.source.Read(into)
}

// complete says whether the whole body has been read.
func (p *prefetch) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err == io.EOF
}
