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
	whole  func(capture.Body)
	ended  chan struct{} // closed when the goroutine reads no more

	mu      sync.Mutex
	more    *sync.Cond
	bytes   []byte // never grows beyond its capacity: what was given out stays valid
	given   int
	reading bool
	err     error // what the source said last
}

// newPrefetch starts to read up to limit bytes, and one more to know whether that was all. length is the body's, -1 when
// it is not known. When all has been read ahead that will be, whole is given it, which may be long after a wait.
func newPrefetch(source io.Reader, limit int, length int64, whole func(capture.Body)) *prefetch {
	p := &prefetch{
		source: source, limit: limit, whole: whole, ended: make(chan struct{}), reading: true,
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
	for p.reading {
		// Only this goroutine writes the fields, and readers do not look beyond the slice's length.
		n, err := p.source.Read(p.bytes[len(p.bytes):cap(p.bytes)])
		bytes := p.bytes[:len(p.bytes)+n]
		reading := err == nil && len(bytes) < cap(bytes)
		if !reading {
			// Told first: nobody may have the end of the body, and answer it, before it is known what it was.
			p.whole(p.body(bytes, err))
		}
		p.mu.Lock()
		p.bytes, p.err, p.reading = bytes, err, reading
		p.more.Broadcast()
		p.mu.Unlock()
	}
}

// body is what has been read ahead, as far as it is to be looked at.
func (p *prefetch) body(bytes []byte, err error) capture.Body {
	arrived := min(len(bytes), p.limit)
	return capture.Body{Bytes: bytes[:arrived:arrived], Truncated: err != io.EOF || len(bytes) > p.limit}
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
	return p.body(p.bytes, p.err)
}

// everything is the whole body, if it has been read to its end within the limit.
func (p *prefetch) everything() (body []byte, whole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes, !p.reading && p.err == io.EOF && len(p.bytes) <= p.limit
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
