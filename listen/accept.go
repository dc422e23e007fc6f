package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// The waits after an accept that failed: the first, doubled each time up to the last. Out of descriptors, the usual
// reason, ends when connections do.
const (
	firstAcceptWait = 5 * time.Millisecond
	lastAcceptWait  = time.Second
)

// acceptLogInterval is how often failing accepts are logged; all are counted.
const acceptLogInterval = 10 * time.Second

// Accept gives every connection to each, which must not block, until ctx ends or the door is closed. It opens the door
// only after Doors.Ready where a process before this one still serves. Errors of accepting, such as too many open files,
// are waited out, counted and logged, and never end it; the error returned is that of a door that was closed meanwhile.
// With Config.Connections every connection given must be followed by one Done.
//
// When Accept has returned, connections that are not yet accepted stay in the backlog, for another process that has the
// same socket, until the door is closed everywhere.
func (d *Door) Accept(ctx context.Context, each func(*net.TCPConn)) error {
	select {
	case <-d.opened:
	case <-ctx.Done():
		return nil
	}
	// One that was ended before has left a deadline.
	_ = d.Listener.SetDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { _ = d.Listener.SetDeadline(time.Unix(1, 0)) })()
	var wait time.Duration
	var logged time.Time
	for d.admit(ctx) {
		conn, err := d.Listener.AcceptTCP()
		if err == nil {
			wait = 0
			d.accepted.Add(1)
			each(conn)
			continue
		}
		d.Done()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept on %s: %w", d.Config.Address, err)
		}
		d.failed.Add(1)
		if now := time.Now(); now.Sub(logged) >= acceptLogInterval {
			logged = now
			d.log.Error("connections cannot be accepted, they wait", "address", d.Config.Address, "error", err.Error(),
				"failures", d.failed.Load())
		}
		wait = min(max(2*wait, firstAcceptWait), lastAcceptWait)
		pause(ctx, wait)
	}
	return nil
}

// admit waits for room for one more connection; false when ctx has ended.
func (d *Door) admit(ctx context.Context) bool {
	if d.slots == nil {
		return ctx.Err() == nil
	}
	select {
	case d.slots <- struct{}{}:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Done says that a connection given by Accept has ended and another may come.
func (d *Door) Done() {
	if d.slots != nil {
		<-d.slots
	}
}

// Open is how many connections given by Accept are not done, known with Config.Connections only.
func (d *Door) Open() int { return len(d.slots) }

// Accepted is how many connections came in.
func (d *Door) Accepted() uint64 { return d.accepted.Load() }

// Failed is how often accepting a connection failed.
func (d *Door) Failed() uint64 { return d.failed.Load() }

// pause waits, or until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
