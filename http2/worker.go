package http2

import (
	"runtime/debug"
	"sync"
)

// workers are goroutines that run handlers, kept between requests because their stacks have grown to what a request needs.
type workers struct {
	run func(*Stream)

	mu     sync.Mutex
	idle   []*worker // the one used last at the end
	now    int64     // milliseconds, as the sweeper last said
	closed bool      // workers go when they have nothing to do
}

type worker struct {
	job   chan *Stream
	since int64 // when it became idle
}

// workerIdle is how long a worker is kept without work, in milliseconds.
const workerIdle = 10_000

// start gives a stream to a worker.
func (w *workers) start(s *Stream) {
	w.mu.Lock()
	var it *worker
	if n := len(w.idle); n > 0 {
		it = w.idle[n-1]
		w.idle[n-1] = nil
		w.idle = w.idle[:n-1]
	}
	w.mu.Unlock()
	if it == nil {
		it = &worker{job: make(chan *Stream, 1)}
		go w.work(it)
	}
	it.job <- s
}

func (w *workers) work(it *worker) {
	for s := range it.job {
		w.run(s)
		if !w.rest(it) {
			return
		}
	}
}

// rest keeps a worker for the next request; false when it is not needed.
func (w *workers) rest(it *worker) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	it.since = w.now
	if !w.closed {
		w.idle = append(w.idle, it)
	}
	return !w.closed
}

// open keeps workers again.
func (w *workers) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
}

// trim lets go of workers that had nothing to do for long.
func (w *workers) trim(now int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
	n := 0
	for n < len(w.idle) && now-w.idle[n].since > workerIdle {
		close(w.idle[n].job)
		n++
	}
	if n > 0 {
		rest := copy(w.idle, w.idle[n:])
		clear(w.idle[rest:])
		w.idle = w.idle[:rest]
	}
}

// close lets go of all workers, of those at work when they are done.
func (w *workers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, it := range w.idle {
		close(it.job)
	}
	clear(w.idle)
	w.idle = w.idle[:0]
}

// run is one request's life on a worker.
func (s *Server) run(stream *Stream) {
	defer func() {
		if cause := recover(); cause != nil {
			// The cause may hold what the visitor sent, so only the place is logged.
			s.config.Log.Error("http2: handler panicked", "stack", string(debug.Stack()))
			s.config.Count(CountPanic)
		}
		stream.conn.finished(stream)
	}()
	s.handle(stream)
}
