package stream

import (
	"context"
	"errors"
	"fmt"
	"io"

	"wayguard/event"
)

// Position is a record's place in a log: from 1, strictly rising, perhaps with gaps. 0 is before the first.
type Position uint64

// Entry is a record with its position.
type Entry struct {
	Position Position
	Record   event.Record
}

// Appender takes records. Order of calls is order of positions. A record, and every text it holds, is the
// caller's again as soon as the call returns: the log has encoded it by then.
type Appender interface {
	// Append returns when all the records are durable, with the position of the last: that is the acknowledgement. They
	// are taken whole or, with ErrFull, ErrTooLarge or ErrClosed, not at all. When ctx ends first the records stay queued
	// and may still become durable.
	Append(ctx context.Context, records ...event.Record) (Position, error)
	// Enqueue assigns the next position at once and never waits for the disk; ErrFull when the buffer is full, which is
	// the caller's to shed and count. The record is acknowledged when Durable reaches the position.
	Enqueue(record event.Record) (Position, error)
}

// Reader gives durable records back.
type Reader interface {
	// Read gives at most max entries beyond after, oldest first; fewer than there are is usual, none means there are none
	// now. Trimmed records are passed over. A *CorruptError says what cannot be read and where to go on.
	Read(ctx context.Context, after Position, max int) ([]Entry, error)
	// Wait returns nil when a durable record beyond after exists, else when ctx ends or the log is closed.
	Wait(ctx context.Context, after Position) error
	// Durable is the position up to which everything is acknowledged.
	Durable() Position
}

// Log is a durable event log. It is safe for concurrent use.
type Log interface {
	Appender
	Reader
	// TrimBefore says that no consumer needs records before pos any more. When they go is the log's affair.
	TrimBefore(pos Position) error
	// Close makes what is queued durable, where the disk lets it, and ends the log.
	io.Closer
}

// The errors callers tell apart, with errors.Is.
var (
	// ErrFull means that the buffer is full because the disk is slow, full or failing. The cause is in the chain.
	ErrFull = errors.New("log buffer is full")
	// ErrTooLarge means that one record, or one call's records, is more than the log takes.
	ErrTooLarge = errors.New("record is too large for the log")
	// ErrClosed means that the log was closed.
	ErrClosed = errors.New("log is closed")
	// ErrLocked means that another process has the log open.
	ErrLocked = errors.New("log is in use by another process")
)

// CorruptError says that acknowledged records cannot be read back. Reading goes on with Read after Last.
type CorruptError struct {
	// Segment is the file's name and Offset the byte where the damage begins.
	Segment string
	Offset  int64
	// First and Last are the positions that are lost.
	First, Last Position
}

// Error names the place and the positions, never the content.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("log segment %s is damaged at byte %d: records %d to %d cannot be read", e.Segment, e.Offset, e.First,
		e.Last)
}
