package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// active is the segment that is being written.
type active struct {
	file    file
	segment *segment
	// size is where the next frame goes.
	size int64
	// listed is true once readers know the segment, which is when its first record is durable.
	listed bool
}

// batchBytes is how much is written before an fsync, at most and unless one record is longer.
const batchBytes = 4 << 20

// write is the writer: it takes what is queued, batch by batch, until Close.
func (d *Disk) write() {
	defer close(d.done)
	defer d.release()
	for ending := false; !ending; {
		select {
		case <-d.wake:
			ending = d.linger()
		case <-d.ended:
			ending = true
		}
		for b := d.take(); b != nil; b = d.take() {
			d.crowded = b.count >= crowd
			if !d.persist(b) {
				return
			}
			if d.crowded && !ending && d.waiting() {
				ending = d.linger()
			}
		}
	}
}

// crowd is how many records a batch has when there is much to write. Waiting for the next ones is then made
// crowdedLinger times as long: a write and its fsync cost the processor more than the records in them.
const (
	crowd         = 4
	crowdedLinger = 4
)

// linger gives other records time to share the fsync; true when the log is ending.
func (d *Disk) linger() (ending bool) {
	d.mu.Lock()
	enough := d.buffered >= batchBytes
	d.mu.Unlock()
	if enough || d.opts.Linger <= 0 {
		return false
	}
	if d.crowded {
		return d.pause(crowdedLinger * d.opts.Linger)
	}
	return d.pause(d.opts.Linger)
}

// waiting says whether something is queued.
func (d *Disk) waiting() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.queue) > 0
}

// pause waits; true when the log is ending.
func (d *Disk) pause(length time.Duration) (ending bool) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-d.ended:
		return true
	}
}

// persist makes a batch durable however often that takes: its positions are given out, so no other record may have them.
// False when the log is ending and the disk still refuses.
func (d *Disk) persist(b *batch) bool {
	for ending := false; ; ending = d.pause(d.opts.Retry) {
		err := d.commit(b)
		if err == nil {
			return true
		}
		d.failed(err)
		if errors.Is(err, syscall.ENOSPC) {
			d.retain(0) // what no consumer needs makes room first
		}
		if ending {
			return false
		}
	}
}

func (d *Disk) failed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure == nil {
		d.opts.Logger.Error("log cannot be written; records are held back, then shed", "error", err)
	}
	d.failure = err
	d.counts.failures++
}

// commit writes a batch and makes it durable. After any error nothing of it counts as written.
func (d *Disk) commit(b *batch) error {
	if err := d.begin(b.first); err != nil {
		return err
	}
	a := d.active
	b.seal(d.Durable())
	if _, err := a.file.WriteAt(b.bytes, a.size); err != nil {
		// A failed write, unlike a failed fsync, may be tried again once what it left is cut off.
		if cut := a.file.Truncate(a.size); cut != nil {
			d.abandon()
		}
		return fmt.Errorf("write log: %w", err)
	}
	if err := a.file.Sync(); err != nil {
		// The kernel may have thrown the pages away and will call the next fsync a success, so this file is never written
		// again: the batch goes into a new one.
		d.abandon()
		return fmt.Errorf("make log durable: %w", err)
	}
	if !a.listed {
		if err := d.opts.disk.syncFolder(d.dir); err != nil {
			d.abandon()
			return fmt.Errorf("make log folder durable: %w", err)
		}
	}
	d.publish(b)
	if a.size >= d.opts.SegmentBytes {
		d.release()
		d.retain(d.opts.RetainBytes)
	}
	return nil
}

// begin makes sure that there is a segment to write to.
func (d *Disk) begin(first Position) error {
	if d.active != nil {
		return nil
	}
	path := filepath.Join(d.dir, segmentName(first))
	created, err := d.opts.disk.create(path)
	if errors.Is(err, fs.ErrExist) {
		// No durable record has this position yet, so the file is the rest of an earlier attempt.
		if err := d.opts.disk.remove(path); err != nil {
			return fmt.Errorf("remove unfinished log segment: %w", err)
		}
		created, err = d.opts.disk.create(path)
	}
	if err != nil {
		return fmt.Errorf("create log segment: %w", err)
	}
	d.mu.Lock()
	previous := d.durable
	d.mu.Unlock()
	d.active = &active{file: created, size: headerSize, segment: &segment{path: path, first: first, last: first - 1}}
	if _, err := created.WriteAt(header{first: first, previous: previous}.encode(), 0); err != nil {
		d.abandon()
		return fmt.Errorf("write log segment's header: %w", err)
	}
	return nil
}

// publish tells readers and waiters that a batch, which was written at the end of the active segment, is durable.
func (d *Disk) publish(b *batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.active.segment
	if !d.active.listed {
		d.segments = append(d.segments, s)
		d.active.listed = true
	}
	position, offset := b.first, d.active.size
	for rest := b.bytes; len(rest) > 0; rest = rest[frameLength(rest):] {
		s.mark(position, offset+int64(len(b.bytes)-len(rest)))
		position++
	}
	d.active.size += int64(len(b.bytes))
	d.buffered -= int64(len(b.bytes))
	s.size, s.last = d.active.size, b.last()
	d.durable = s.last
	d.reuse(b)
	if d.failure != nil {
		d.opts.Logger.Info("log is written again", "durable", uint64(d.durable))
		d.failure = nil
	}
	close(d.changed)
	d.changed = make(chan struct{})
}

// abandon gives the active segment up for writing. What it holds beyond its durable size is cut off where that works;
// where not, the next segment's header says that it is superseded.
func (d *Disk) abandon() {
	a := d.active
	d.active = nil
	if a.listed {
		_ = a.file.Truncate(a.size) // best effort, see above
	}
	_ = a.file.Close() // the disk has failed already
	if !a.listed {
		_ = d.opts.disk.remove(a.segment.path) // begin removes it otherwise
	}
}

// release closes the active segment; it was made durable with its last batch.
func (d *Disk) release() {
	if d.active != nil {
		_ = d.active.file.Close()
		d.active = nil
	}
}
