package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"wayguard/event"
)

// Options tune a Disk. Zero fields take the defaults named.
type Options struct {
	// SegmentBytes is the size at which a new segment is begun. Default 64 MiB.
	SegmentBytes int64
	// RetainBytes is how much is kept although no consumer needs it any more, for replay. Default 1 GiB; negative keeps
	// nothing.
	RetainBytes int64
	// MaxBytes is the size beyond which the oldest segments go although a consumer still needs them; Stats.Lost counts
	// their records. Default 16 GiB; negative sets no limit.
	MaxBytes int64
	// BufferBytes bounds what waits for the disk, encoded. Default 32 MiB.
	BufferBytes int64
	// Linger is how long the first record of a batch waits for others to share its fsync, and a quarter of how long it
	// waits while there is much to write. Default 2 ms; negative is none.
	Linger time.Duration
	// Retry is how long the writer waits after a failure of the disk. Default 200 ms.
	Retry time.Duration
	// AtLeast is a position that has been seen, by a consumer say: a log that ends before it, because its folder was
	// emptied or restored, goes on behind it instead of giving positions out twice.
	AtLeast Position
	// Logger is told of failures and recoveries, never of records. Default none.
	Logger *slog.Logger
	// disk is for tests.
	disk files
}

func (o Options) withDefaults() Options {
	o.SegmentBytes = orDefault(o.SegmentBytes, 64<<20)
	o.RetainBytes = orDefault(o.RetainBytes, 1<<30)
	o.MaxBytes = orDefault(o.MaxBytes, 16<<30)
	o.BufferBytes = orDefault(o.BufferBytes, 32<<20)
	o.Linger = orDefault(o.Linger, 2*time.Millisecond)
	o.Retry = max(orDefault(o.Retry, 200*time.Millisecond), time.Millisecond)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.disk == nil {
		o.disk = osFiles{}
	}
	return o
}

func orDefault[T int64 | time.Duration](value, standard T) T {
	if value == 0 {
		return standard
	}
	return value
}

// Disk is a Log in segment files of one folder.
type Disk struct {
	dir      string
	opts     Options
	lock     io.Closer
	recovery Recovery
	// wake tells the writer that something is queued; ended is closed by Close, done by the writer.
	wake, ended, done chan struct{}
	codec             *event.Codec
	// active belongs to the writer alone.
	active *active
	// crowded says whether the last batch had many records. It is the writer's, too.
	crowded bool
	// encoding guards encoded, the buffer that records are encoded in.
	encoding sync.Mutex
	encoded  []byte
	// trimming keeps two retentions from removing the same files.
	trimming sync.Mutex

	mu       sync.Mutex
	segments []*segment // oldest first
	next     Position   // what the next record gets
	durable  Position
	queue    []*batch // the last one is being filled
	spare    []*batch // written ones, for use again
	buffered int64    // bytes queued or being written
	keep     Position
	changed  chan struct{} // closed and renewed when durable moves and when the log ends
	closed   bool
	failure  error // the disk's present failure, nil while it works
	counts   counts
}

type counts struct {
	failures, full, lost int64
}

// OpenDisk opens the log in a folder and creates it when there is none. A torn tail, left by a crash and never
// acknowledged, is cut off; Recovered says how much. Damage to acknowledged records does not keep the log from opening:
// they are reported there and by Read. ErrLocked when another process has the log open.
func OpenDisk(dir string, opts Options) (*Disk, error) {
	d := &Disk{dir: dir, opts: opts.withDefaults(), codec: event.NewCodec(), wake: make(chan struct{}, 1), ended: make(chan struct{}),
		done: make(chan struct{}), changed: make(chan struct{})}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	d.lock = lock
	if err := d.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open log in %s: %w", dir, err), lock.Close())
	}
	go d.write()
	return d, nil
}

// Recovered says what Open found to repair.
func (d *Disk) Recovered() Recovery { return d.recovery }

// Append implements Appender.
func (d *Disk) Append(ctx context.Context, records ...event.Record) (Position, error) {
	if err := ctx.Err(); err != nil || len(records) == 0 {
		return d.Durable(), err
	}
	last, err := d.encode(records)
	if err != nil {
		return 0, err
	}
	if err := d.Wait(ctx, last-1); err != nil {
		return 0, fmt.Errorf("append not acknowledged: %w", errors.Join(err, d.problem()))
	}
	return last, nil
}

// Enqueue implements Appender.
func (d *Disk) Enqueue(record event.Record) (Position, error) {
	d.encoding.Lock()
	defer d.encoding.Unlock()
	frame, err := d.appendRecord(d.encoded[:0], &record)
	if err != nil {
		return 0, err
	}
	return d.hand(frame, 1)
}

// encode encodes records, one caller at a time in one buffer, and queues them.
func (d *Disk) encode(records []event.Record) (Position, error) {
	d.encoding.Lock()
	defer d.encoding.Unlock()
	frames := d.encoded[:0]
	for i := range records {
		var err error
		if frames, err = d.appendRecord(frames, &records[i]); err != nil {
			return 0, err
		}
	}
	return d.hand(frames, len(records))
}

// hand queues what was encoded in the buffer, which is the next caller's then.
func (d *Disk) hand(frames []byte, count int) (Position, error) {
	if d.encoded = frames; cap(frames) > spareBytes {
		d.encoded = nil // one giant does not keep its memory
	}
	return d.enqueue(frames, count)
}

// enqueue puts encoded frames at the end of the queue, all of them or none, and gives the last one's position.
func (d *Disk) enqueue(frames []byte, count int) (Position, error) {
	size := int64(len(frames))
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return 0, ErrClosed
	case size > d.opts.BufferBytes:
		return 0, fmt.Errorf("%w: %d bytes, the buffer takes %d", ErrTooLarge, size, d.opts.BufferBytes)
	case d.buffered+size > d.opts.BufferBytes:
		d.counts.full += int64(count)
		if d.failure != nil {
			return 0, fmt.Errorf("%w: %w", ErrFull, d.failure)
		}
		return 0, ErrFull
	}
	d.queueFrames(frames)
	d.buffered += size
	select {
	case d.wake <- struct{}{}:
	default: // it is awake
	}
	return d.next - 1, nil
}

// problem is the disk's present failure.
func (d *Disk) problem() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}

// Durable implements Reader.
func (d *Disk) Durable() Position {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.durable
}

// Wait implements Reader.
func (d *Disk) Wait(ctx context.Context, after Position) error {
	for {
		d.mu.Lock()
		changed, reached, closed := d.changed, d.durable > after, d.closed && d.finished()
		d.mu.Unlock()
		if reached {
			return nil
		}
		if closed {
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finished says whether the writer has ended.
func (d *Disk) finished() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// readBytes is about how much one Read hands over at most.
const readBytes = 8 << 20

// Read implements Reader.
func (d *Disk) Read(ctx context.Context, after Position, max int) ([]Entry, error) {
	for max > 0 {
		v, ok := d.view(after)
		if !ok {
			break
		}
		entries, marks, err := v.read(ctx, after, max, readBytes)
		if errors.Is(err, fs.ErrNotExist) && d.trimmed(v.segment) {
			continue
		}
		d.remember(v.segment, marks)
		if err != nil || len(entries) > 0 {
			return entries, err
		}
		after = v.last
	}
	return nil, ctx.Err()
}

// view is the part of the first segment that holds records beyond after.
func (d *Disk) view(after Position) (view, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.segments {
		if s.last >= s.first && s.last > after {
			return view{segment: s, path: s.path, start: s.start(after), end: s.size, last: s.last, codec: d.codec}, true
		}
	}
	return view{}, false
}

// trimmed says whether retention has removed the segment since it was viewed.
func (d *Disk) trimmed(s *segment) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, present := range d.segments {
		if present == s {
			return false
		}
	}
	return true
}

// remember keeps where frames were seen, so that the next read starts nearer.
func (d *Disk) remember(s *segment, marks []mark) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range marks {
		s.mark(m.position, m.offset)
	}
}

// Close implements Log. The error counts records that could not be made durable; they were not acknowledged.
func (d *Disk) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		<-d.done
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	close(d.ended)
	<-d.done

	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.changed)
	d.changed = make(chan struct{})
	var lost error
	if left := d.next - 1 - d.durable; d.buffered > 0 {
		lost = fmt.Errorf("close log: %d records were not made durable: %w", left, d.failure)
	}
	return errors.Join(lost, d.lock.Close())
}
