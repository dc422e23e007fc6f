package state

import (
	"encoding/binary"
	"math/bits"
)

// The slab cuts chunks of bytes into blocks of one size each. Sizes rise by a quarter at most, so that a seventh of the
// room is lost in the mean; what is larger than the largest size has a chunk of its own.
const (
	chunkBytes = 256 << 10
	leastBlock = 64
	// classCount is the number of sizes; the last is 64 KiB.
	classCount = 41
	// ownChunk is the class of a chunk that is one block.
	ownChunk = classCount
	// unused is the class of a chunk without blocks.
	unused = classCount + 1
	// spareChunks is how many unused chunks are kept for later; the memory of others is given back.
	spareChunks = 64
)

// blockRef is where a block lies: its chunk and its offset there.
type blockRef struct{ chunk, offset uint32 }

// slab gives out blocks of bytes. It does not lock.
type slab struct {
	chunks []chunk
	// partial are the chunks of each class that have room, unused those without blocks.
	partial [classCount][]uint32
	unused  []uint32
	spare   int
}

type chunk struct {
	bytes []byte
	// free is the first free block's offset plus 1, and each free block begins with that of the next; fresh is where nothing was
	// cut off yet.
	free, fresh uint32
	live        uint32
	// place is where the chunk stands among its class's partial ones, nowhere when it is full.
	place int32
	class uint8
}

// classOf is the class of blocks that hold so many bytes.
func classOf(size int) uint8 {
	if size <= leastBlock {
		return 0
	}
	quarter := bits.Len(uint(size-1)) - 3 // a quarter of the power of two below it, as a number of bits
	step := (size - 1) >> quarter         // 4 to 7
	class := (quarter-4)*4 + step - 4 + 1
	if class >= classCount {
		return ownChunk
	}
	return uint8(class)
}

// blockSize is the size of a class's blocks.
func blockSize(class uint8) int {
	return leastBlock << (class / 4) / 4 * (4 + int(class%4))
}

// block is a block's bytes, with what is left over behind what it was taken for.
func (s *slab) block(at blockRef) []byte { return s.chunks[at.chunk].bytes[at.offset:] }

// take gives a block of at least so many bytes.
func (s *slab) take(size int) blockRef {
	class := classOf(size)
	if class == ownChunk {
		id := s.chunk(class, size)
		s.chunks[id].live = 1
		return blockRef{chunk: id}
	}
	if len(s.partial[class]) == 0 {
		s.list(s.chunk(class, chunkBytes))
	}
	id := s.partial[class][len(s.partial[class])-1]
	c := &s.chunks[id]
	at := blockRef{chunk: id}
	width := uint32(blockSize(class))
	if c.free != 0 {
		at.offset = c.free - 1
		c.free = binary.LittleEndian.Uint32(c.bytes[at.offset:])
	} else {
		at.offset = c.fresh
		c.fresh += width
	}
	c.live++
	if c.free == 0 && c.fresh+width > uint32(len(c.bytes)) {
		s.unlist(id)
	}
	return at
}

// free takes a block back.
func (s *slab) free(at blockRef) {
	c := &s.chunks[at.chunk]
	if c.live--; c.live == 0 {
		s.unlist(at.chunk)
		s.retire(at.chunk)
		return
	}
	binary.LittleEndian.PutUint32(c.bytes[at.offset:], c.free)
	c.free = at.offset + 1
	s.list(at.chunk)
}

// resize gives a block of at least so many bytes for another, which most often is the same one. What is in it is lost.
func (s *slab) resize(at blockRef, size int) blockRef {
	c := &s.chunks[at.chunk]
	if class := classOf(size); class == c.class && (class != ownChunk || size <= len(c.bytes) && size > len(c.bytes)/2) {
		return at
	}
	s.free(at)
	return s.take(size)
}

// chunk makes a chunk ready for blocks of a class.
func (s *slab) chunk(class uint8, size int) uint32 {
	var id uint32
	if n := len(s.unused); n > 0 {
		id, s.unused = s.unused[n-1], s.unused[:n-1]
	} else {
		id = uint32(len(s.chunks))
		s.chunks = append(s.chunks, chunk{})
	}
	c := &s.chunks[id]
	if len(c.bytes) == chunkBytes {
		s.spare--
	}
	if len(c.bytes) != size {
		c.bytes = make([]byte, size)
	}
	c.free, c.fresh, c.live, c.place, c.class = 0, 0, 0, nowhere, class
	return id
}

// retire makes a chunk without blocks ready for another class; its memory is given back when there is enough in store.
func (s *slab) retire(id uint32) {
	c := &s.chunks[id]
	c.class = unused
	if len(c.bytes) != chunkBytes || s.spare >= spareChunks {
		c.bytes = nil
		s.unused = append(s.unused, id)
		return
	}
	s.spare++
	s.unused = append(s.unused, id)
}

// list notes that a chunk has room.
func (s *slab) list(id uint32) {
	if c := &s.chunks[id]; c.place == nowhere {
		c.place = int32(len(s.partial[c.class]))
		s.partial[c.class] = append(s.partial[c.class], id)
	}
}

// unlist notes that a chunk is full, or gone.
func (s *slab) unlist(id uint32) {
	c := &s.chunks[id]
	if c.place == nowhere || c.class >= classCount {
		return
	}
	list := s.partial[c.class]
	last := list[len(list)-1]
	list[c.place] = last
	s.chunks[last].place = c.place
	s.partial[c.class] = list[:len(list)-1]
	c.place = nowhere
}
