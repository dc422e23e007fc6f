package stream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A segment is a header and frames, all integers little-endian:
//
//	header  magic "WGSTREAM" | version u32 | reserved u32 | first u64 | previous u64 | reserved u32 | CRC-32C u32
//	frame   length u32 | CRC-32C u32 | position u64 | durable u64 | payload (an event.Record, see event.Codec)
//
// first is the position of the segment's first record. previous is the last durable position when the segment was begun:
// older segments must reach it, and whatever they hold beyond it was never acknowledged and is superseded here.
// A frame's durable is the log's durable position when the frame was written. It tells a torn tail (nothing after it was
// written knowing it durable) from damage to acknowledged records (something was), which no length or checksum can.
// A frame's checksum covers all of it but the checksum.
//
// In version 1 records were JSON. Such segments are read, and none is written to: a program that does not know the newer
// form of records then sees a newer version instead of damage.
const (
	magic         = "WGSTREAM"
	formatVersion = 2
	headerSize    = 40
	frameHead     = 24
	// maxPayload bounds a record, and so what a damaged length can make the reader allocate: 16 MiB.
	maxPayload = 16 << 20
)

// castagnoli is CRC-32C's table. MakeTable gives the same one each time, and the processor's instruction with it.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// errBroken means that the bytes are no frame: torn, damaged or never one.
var errBroken = errors.New("broken frame")

type header struct {
	first, previous Position
	// version is that of a header that was read, zero when that is not known.
	version uint32
}

func (h header) encode() []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, formatVersion)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.first))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.previous))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// decodeHeader reads a segment's first bytes; errBroken when they are no header.
func decodeHeader(b []byte) (header, error) {
	if len(b) < headerSize || string(b[:8]) != magic ||
		crc32.Checksum(b[:headerSize-4], castagnoli()) != binary.LittleEndian.Uint32(b[headerSize-4:headerSize]) {
		return header{}, errBroken
	}
	version := binary.LittleEndian.Uint32(b[8:])
	if version < 1 || version > formatVersion {
		return header{}, fmt.Errorf("segment format is version %d, this program reads 1 to %d", version, formatVersion)
	}
	h := header{version: version, first: Position(binary.LittleEndian.Uint64(b[16:])), previous: Position(binary.LittleEndian.Uint64(b[24:]))}
	if h.first == 0 || h.previous >= h.first {
		return header{}, errBroken
	}
	return h, nil
}

type frame struct {
	position, durable Position
	payload           []byte
}

func (f frame) size() int64 { return frameHead + int64(len(f.payload)) }

func appendFrame(b []byte, f frame) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.payload)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(f.position))
	b = binary.LittleEndian.AppendUint64(b, uint64(f.durable))
	b = append(b, f.payload...)
	binary.LittleEndian.PutUint32(b[start+4:], frameSum(b[start:]))
	return b
}

func frameSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:4], castagnoli()), castagnoli(), b[8:])
}

// decodeFrame reads the frame at the start of b. The payload shares b's memory.
func decodeFrame(b []byte) (frame, error) {
	if len(b) < frameHead {
		return frame{}, errBroken
	}
	length := int64(binary.LittleEndian.Uint32(b))
	if length > maxPayload || int64(len(b)) < frameHead+length {
		return frame{}, errBroken
	}
	whole := b[:frameHead+length]
	f := frame{position: Position(binary.LittleEndian.Uint64(b[8:])), durable: Position(binary.LittleEndian.Uint64(b[16:])),
		payload: whole[frameHead:]}
	if f.position == 0 || f.durable >= f.position || frameSum(whole) != binary.LittleEndian.Uint32(b[4:]) {
		return frame{}, errBroken
	}
	return f, nil
}

// frames reads a segment's frames one after the other.
type frames struct {
	source *bufio.Reader
	// offset is where the next frame begins in the file.
	offset int64
	buffer []byte
}

func newFrames(source io.Reader, offset int64) *frames {
	return &frames{source: bufio.NewReaderSize(source, 256<<10), offset: offset}
}

// next gives the next frame, valid until the following call: io.EOF at a clean end, errBroken where there is no whole
// frame, any other error when the file cannot be read. It moves on only past a whole frame.
func (r *frames) next() (frame, error) {
	head, err := r.source.Peek(4)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return frame{}, io.EOF
	}
	if err != nil {
		return frame{}, brokenAtEnd(err)
	}
	length := int(binary.LittleEndian.Uint32(head))
	if length > maxPayload {
		return frame{}, errBroken
	}
	if cap(r.buffer) < frameHead+length {
		r.buffer = make([]byte, frameHead+length)
	}
	r.buffer = r.buffer[:frameHead+length]
	if _, err := io.ReadFull(r.source, r.buffer); err != nil {
		return frame{}, brokenAtEnd(err)
	}
	f, err := decodeFrame(r.buffer)
	if err == nil {
		r.offset += f.size()
	}
	return f, err
}

func brokenAtEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errBroken
	}
	return fmt.Errorf("read segment: %w", err)
}

// resync finds the first whole frame in b at or after from whose position is beyond after. Bytes of a payload are not
// mistaken for a frame: a position needs zero bytes, which an encoded record never holds, and a checksum besides.
func resync(b []byte, from int, after Position) (frame, int, bool) {
	limit := after + Position(len(b)) // a frame is more than a byte, so no later one can have a higher position
	for at := max(from, 0); at+frameHead <= len(b); at++ {
		position := Position(binary.LittleEndian.Uint64(b[at+8:]))
		if position <= after || position > limit {
			continue
		}
		if f, err := decodeFrame(b[at:]); err == nil {
			return f, at, true
		}
	}
	return frame{}, 0, false
}
