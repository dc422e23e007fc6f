package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"wayguard/stream"
)

// followBatch is how many records a consumer takes at a time.
const followBatch = 2000

// The pauses between tries of a consumer that failed.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// follower carries the log's durable records to one consumer, in order, again and again until they are taken.
type follower struct {
	name   string
	log    stream.Reader
	logger *slog.Logger
	// start says where the consumer stands; it is asked again after each failure, because the consumer knows best.
	start func(ctx context.Context) (stream.Position, error)
	take  func(ctx context.Context, entries []stream.Entry) error

	position atomic.Uint64
	lost     atomic.Uint64
	failing  atomic.Pointer[string]
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		err := f.follow(ctx, func() { pause = firstPause })
		if ctx.Err() != nil || errors.Is(err, stream.ErrClosed) {
			return
		}
		text := err.Error()
		if was := f.failing.Swap(&text); was == nil || *was != text {
			f.logger.Error("consumer of the log fails and tries again", "consumer", f.name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

func (f *follower) follow(ctx context.Context, progress func()) error {
	position, err := f.start(ctx)
	if err != nil {
		return err
	}
	f.position.Store(uint64(position))
	for {
		if err := f.log.Wait(ctx, position); err != nil {
			return err
		}
		entries, err := f.log.Read(ctx, position, followBatch)
		var corrupt *stream.CorruptError
		if errors.As(err, &corrupt) {
			f.lost.Add(uint64(corrupt.Last - corrupt.First + 1))
			f.logger.Error("records of the log cannot be read and are passed over", "consumer", f.name, "error", err)
			position = corrupt.Last
			continue
		}
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			continue
		}
		if err := f.take(ctx, entries); err != nil {
			return err
		}
		position = entries[len(entries)-1].Position
		f.position.Store(uint64(position))
		f.failing.Store(nil)
		progress()
	}
}

// at is the position the consumer has taken everything up to.
func (f *follower) at() stream.Position { return stream.Position(f.position.Load()) }

// trouble is the failure the consumer is in, empty when it is well.
func (f *follower) trouble() string {
	if text := f.failing.Load(); text != nil {
		return *text
	}
	return ""
}
