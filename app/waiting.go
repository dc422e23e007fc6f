package app

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// waitingRoom answers at the address of the Hub, or of the decision API, while there is none yet: an analyst who comes in the night of a full disk is
// told so, instead of looking at a page that never loads.
type waitingRoom struct {
	host   string // who is not there yet
	lent   *lentListener
	server *http.Server
	done   chan struct{}
	reason atomic.Pointer[string]
}

func openWaitingRoom(host string, listener net.Listener) *waitingRoom {
	r := &waitingRoom{host: host, lent: &lentListener{Listener: listener}, done: make(chan struct{})}
	r.say("Wayguard is starting")
	r.server = &http.Server{Handler: r, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 8 << 10}
	r.server.SetKeepAlivesEnabled(false)
	go func() {
		defer close(r.done)
		_ = r.server.Serve(r.lent) // it ends when the listener is given back
	}()
	return r
}

// say changes what visitors are told; it must be nothing that only a user of the Hub may know.
func (r *waitingRoom) say(reason string) { r.reason.Store(&reason) }

// ServeHTTP implements http.Handler.
func (r *waitingRoom) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(r.host + " is not open yet: " + *r.reason.Load() + ".\nTraffic to the site flows meanwhile.\n"))
}

// leave gives the listener back, open, with nobody reading from it.
func (r *waitingRoom) leave() {
	_ = r.server.Close()
	<-r.done
	r.lent.giveBack()
}

// lentListener is a listener that its server cannot close, only stop reading from.
type lentListener struct{ net.Listener }

// deadliner is what *net.TCPListener offers.
type deadliner interface{ SetDeadline(t time.Time) error }

// Close implements net.Listener: it ends a waiting Accept.
func (l *lentListener) Close() error {
	if d, ok := l.Listener.(deadliner); ok {
		return d.SetDeadline(time.Unix(1, 0))
	}
	return errors.ErrUnsupported
}

func (l *lentListener) giveBack() {
	if d, ok := l.Listener.(deadliner); ok {
		_ = d.SetDeadline(time.Time{}) // it fails only on a closed listener, which the Hub then reports
	}
}
