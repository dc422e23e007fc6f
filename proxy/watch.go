package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// phase is what a connection's goroutine is doing, as far as time limits are concerned.
type phase uint8

const (
	phaseWorking   phase = iota // nothing that can take long
	phaseNew                    // waiting for the first request to begin
	phaseIdle                   // waiting for another request to begin
	phaseHead                   // waiting for the rest of a request's head, or of a TLS handshake
	phaseAsking                 // waiting for the head of the origin's answer
	phaseRelaying               // waiting for more of the origin's answer
	phaseWriting                // writing to the visitor
	phaseSplicing               // moving the origin's answer to the visitor inside the kernel
	phaseReceiving              // waiting for more of a request's body
	phaseTunnel                 // carrying an upgraded connection
	phaseLeaving                // waiting for a visitor to close, after the last answer
)

// cutReason says why the sweeper ended a wait.
type cutReason uint8

const (
	cutNot      cutReason = iota
	cutTime               // a time limit has passed
	cutGone               // the visitor has gone
	cutStopping           // the server ends, or needs the place of an idle connection
)

// watch is what the sweeper sees of one goroutine: in one word its phase, since when, and whether its wait was cut. The
// goroutine announces each phase; the sweeper cuts one only while it lasts, so a cut can never hit what comes after.
type watch struct {
	word atomic.Uint64 // milliseconds of the wire's clock << 8 | phase << 1 | cut

	// origin is what is to be cut in the phases that wait for the origin. The goroutine writes it in phaseWorking only, and
	// the sweeper reads it only where a cut has succeeded.
	origin cutter
	// gone says that the visitor was seen to leave, while nobody waited for the origin.
	gone atomic.Bool

	mu  sync.Mutex
	why cutReason
}

// cutter is a connection to an origin, or a request over one.
type cutter interface{ Cut() }

const watchCut = 1

// enter announces a phase. cut is the reason why the sweeper ended the one before, cutNot when it did not: then the
// connection's deadlines lie in the past.
func (w *watch) enter(next phase, now int64) (cut cutReason) {
	old := w.word.Swap(uint64(now)<<8 | uint64(next)<<1)
	if old&watchCut == 0 {
		if (next == phaseAsking || next == phaseRelaying) && w.gone.Load() {
			return cutGone
		}
		return cutNot
	}
	w.mu.Lock() // until the sweeper is done with it
	defer w.mu.Unlock()
	return w.why
}

// look tells the phase and how long it has lasted; word identifies it for cut.
func (w *watch) look(now int64) (word uint64, current phase, age time.Duration) {
	word = w.word.Load()
	if word&watchCut != 0 {
		return word, phaseWorking, 0
	}
	return word, phase(word >> 1 & 0x7f), time.Duration(now-int64(word>>8)) * time.Millisecond
}

// renew makes a phase begin now, because there was progress.
func (w *watch) renew(word uint64, now int64) {
	w.word.CompareAndSwap(word, uint64(now)<<8|word&0xff)
}

// cut ends the wait that look saw, by act, unless it is over.
func (w *watch) cut(word uint64, why cutReason, act func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.word.CompareAndSwap(word, word|watchCut) {
		return false
	}
	w.why = why
	act()
	return true
}

// leave notes that the visitor has gone, and ends a wait for the origin.
func (w *watch) leave() {
	w.gone.Store(true)
	word, current, _ := w.look(0)
	if current == phaseAsking || current == phaseRelaying {
		w.cut(word, cutGone, w.cutOrigin)
	}
}

func (w *watch) cutOrigin() {
	if w.origin != nil {
		w.origin.Cut()
	}
}

// clock is the time in milliseconds since the start, as exact as the sweeper is often.
type clock struct{ now atomic.Int64 }

func (c *clock) read() int64 { return c.now.Load() }
