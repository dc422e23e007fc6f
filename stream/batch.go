package stream

import (
	"encoding/binary"
	"fmt"

	"wayguard/event"
)

// batch is frames on their way to the disk, one after the other as they will stand in a segment, but for the fields that
// are known only when they are written: durable position and checksum.
type batch struct {
	bytes []byte
	first Position
	count int
}

// spareBytes is the largest buffer that is kept for another batch or another record.
const spareBytes = 2 * batchBytes

// maxSpare is how many batches are kept for use again: one that is filled while one is written.
const maxSpare = 2

// appendRecord appends a record's frame, without its position.
func (d *Disk) appendRecord(b []byte, record *event.Record) ([]byte, error) {
	start := len(b)
	var head [frameHead]byte
	b, err := d.codec.Append(append(b, head[:]...), record)
	if err != nil {
		return b[:start], err
	}
	length := len(b) - start - frameHead
	if length > maxPayload {
		return b[:start], fmt.Errorf("%w: %d bytes", ErrTooLarge, length)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(length))
	return b, nil
}

// frameLength is the length of the frame that b begins with.
func frameLength(b []byte) int { return frameHead + int(binary.LittleEndian.Uint32(b)) }

// add appends one frame and gives it its position.
func (b *batch) add(frame []byte, position Position) {
	if b.count == 0 {
		b.first = position
	}
	at := len(b.bytes)
	b.bytes = append(b.bytes, frame...)
	binary.LittleEndian.PutUint64(b.bytes[at+8:], uint64(position))
	b.count++
}

// takes says whether there is room for a frame: a batch is batchBytes at most, unless one record is longer.
func (b *batch) takes(frame int) bool { return b.count == 0 || len(b.bytes)+frame <= batchBytes }

// last is the position of the last frame.
func (b *batch) last() Position { return b.first + Position(b.count) - 1 }

// seal writes into every frame what was durable when it was written, and its checksum.
func (b *batch) seal(durable Position) {
	for rest := b.bytes; len(rest) > 0; {
		frame := rest[:frameLength(rest)]
		binary.LittleEndian.PutUint64(frame[16:], uint64(durable))
		binary.LittleEndian.PutUint32(frame[4:], frameSum(frame))
		rest = rest[len(frame):]
	}
}

// queueFrames gives each frame the next position and puts it at the end of the queue. The lock is held.
func (d *Disk) queueFrames(frames []byte) {
	for len(frames) > 0 {
		length := frameLength(frames)
		n := len(d.queue)
		if n == 0 || !d.queue[n-1].takes(length) {
			d.queue = append(d.queue, d.emptyBatch())
			n++
		}
		d.queue[n-1].add(frames[:length], d.next)
		d.next++
		frames = frames[length:]
	}
}

// emptyBatch is one that was written, or a new one. The lock is held.
func (d *Disk) emptyBatch() *batch {
	n := len(d.spare)
	if n == 0 {
		return &batch{}
	}
	b := d.spare[n-1]
	d.spare = d.spare[:n-1]
	return b
}

// take removes a batch from the queue, nil when there is none. Its bytes stay counted until they are durable.
func (d *Disk) take() *batch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		return nil
	}
	b := d.queue[0]
	n := copy(d.queue, d.queue[1:])
	d.queue[n] = nil
	d.queue = d.queue[:n]
	return b
}

// reuse keeps a written batch's memory. The lock is held.
func (d *Disk) reuse(b *batch) {
	if len(d.spare) < maxSpare && cap(b.bytes) <= spareBytes {
		b.bytes, b.first, b.count = b.bytes[:0], 0, 0
		d.spare = append(d.spare, b)
	}
}
