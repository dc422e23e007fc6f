package http2

import (
	"hash/maphash"
	"math"
	"unsafe"

	"golang.org/x/net/http2/hpack"
)

// tableSize bounds the HPACK table of each direction: the protocol's default.
const tableSize = 4096

// entryOverhead is what RFC 7541 section 4.1 counts for an entry besides its text.
const entryOverhead = 32

// encoder writes field lines by HPACK (RFC 7541). It differs from the one of golang.org/x/net in three things: it copies
// what it keeps, because fields lie in buffers that are written again; it lets a line into the table only when it comes a
// second time, so that lines that never repeat do not push out those that do; and it makes no garbage.
type encoder struct {
	seed        maphash.Seed
	entries     []entry // a ring, its length a power of two; nil until the first line is kept
	newest      int     // index of the newest entry
	count       int
	size, limit uint32
	// changed says that limit must be told before the next line; least was the smallest limit since.
	changed bool
	least   uint32
	// seen remembers hashes of lines that were sent once.
	seen [64]uint32
	name []byte // the name at hand, in lower case
}

// entry is a line of the table.
type entry struct {
	hash, nameHash uint32
	nameLength     int
	text           []byte // name and value
}

func (e *entry) size() uint32  { return uint32(len(e.text)) + entryOverhead }
func (e *entry) name() []byte  { return e.text[:e.nameLength] }
func (e *entry) value() []byte { return e.text[e.nameLength:] }

func (e *encoder) start(seed maphash.Seed) {
	e.seed, e.limit, e.least = seed, tableSize, math.MaxUint32
}

// setLimit is told what table the other side is willing to keep.
func (e *encoder) setLimit(size uint32) {
	size = min(size, tableSize)
	if size == e.limit && !e.changed {
		return
	}
	e.changed, e.limit, e.least = true, size, min(e.least, size)
	e.evict(0)
}

// appendStatus begins a block: every block has to begin with it or with beginTrailers.
func (e *encoder) appendStatus(out []byte, status int) []byte {
	out = e.begin(out)
	if i := staticStatus(status); i > 0 {
		return append(out, 0x80|byte(i))
	}
	// Not kept: other statuses are rare, and their line is five bytes.
	return append(out, staticAnyStatus, 3, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10))
}

// begin tells a change of the table's size (RFC 7541 section 4.2), which has to come first in a block.
func (e *encoder) begin(out []byte) []byte {
	if !e.changed {
		return out
	}
	if e.least < e.limit {
		out = appendInteger(out, 0x20, 5, uint64(e.least))
	}
	e.changed, e.least = false, math.MaxUint32
	return appendInteger(out, 0x20, 5, uint64(e.limit))
}

// appendField writes one line. The name is written in lower case.
func (e *encoder) appendField(out []byte, name, value string) []byte {
	e.name = appendLower(e.name[:0], name)
	static := staticName(e.name)
	if static == staticSetCookie {
		return appendLiteral(out, 0x10, 4, static, e.name, value) // a secret: never to be kept by anybody
	}
	nameHash := uint32(maphash.Bytes(e.seed, e.name))
	hash := nameHash*31 + uint32(maphash.String(e.seed, value))
	index, named := e.find(hash, nameHash, value)
	if index > 0 {
		return appendInteger(out, 0x80, 7, uint64(index))
	}
	if static > 0 {
		named = static
	}
	slot := &e.seen[hash%uint32(len(e.seen))]
	size := uint32(len(name)+len(value)) + entryOverhead
	if *slot != hash || size > e.limit/2 {
		*slot = hash
		return appendLiteral(out, 0, 4, named, e.name, value)
	}
	out = appendLiteral(out, 0x40, 6, named, e.name, value)
	e.keep(hash, nameHash, value)
	return out
}

const staticSetCookie = 55

// find gives the index of the line at hand, and of a line with its name, each 0 if there is none.
func (e *encoder) find(hash, nameHash uint32, value string) (index, named int) {
	mask := len(e.entries) - 1
	for age := range e.count {
		it := &e.entries[(e.newest-age)&mask]
		if it.nameHash != nameHash || string(it.name()) != string(e.name) {
			continue
		}
		if it.hash == hash && string(it.value()) == value {
			return staticLines + 1 + age, 0
		}
		if named == 0 {
			named = staticLines + 1 + age
		}
	}
	return 0, named
}

// keep puts the line at hand into the table.
func (e *encoder) keep(hash, nameHash uint32, value string) {
	size := uint32(len(e.name)+len(value)) + entryOverhead
	e.evict(size)
	if e.count == len(e.entries) {
		e.grow()
	}
	e.newest = (e.newest + 1) & (len(e.entries) - 1)
	it := &e.entries[e.newest]
	it.hash, it.nameHash, it.nameLength = hash, nameHash, len(e.name)
	it.text = append(append(it.text[:0], e.name...), value...)
	e.count++
	e.size += size
}

// evict drops the oldest lines until there is room for size bytes.
func (e *encoder) evict(size uint32) {
	for e.count > 0 && e.size+size > e.limit {
		e.size -= e.entries[(e.newest-e.count+1)&(len(e.entries)-1)].size()
		e.count--
	}
}

func (e *encoder) grow() {
	more := make([]entry, max(16, 2*len(e.entries)))
	for age := range e.count {
		more[e.count-1-age] = e.entries[(e.newest-age)&(len(e.entries)-1)]
	}
	e.entries, e.newest = more, e.count-1
	if e.count == 0 {
		e.newest = len(more) - 1
	}
}

// appendLiteral writes a line whose value is not in the table; its name may be.
func appendLiteral(out []byte, kind byte, prefix uint, named int, name []byte, value string) []byte {
	out = appendInteger(out, kind, prefix, uint64(named))
	if named == 0 {
		out = appendText(out, unsafe.String(unsafe.SliceData(name), len(name)))
	}
	return appendText(out, value)
}

// appendText writes a string, by Huffman's code where that is shorter (RFC 7541 section 5.2).
func appendText(out []byte, text string) []byte {
	if n := hpack.HuffmanEncodeLength(text); n < uint64(len(text)) {
		return hpack.AppendHuffmanString(appendInteger(out, 0x80, 7, n), text)
	}
	return append(appendInteger(out, 0, 7, uint64(len(text))), text...)
}

// appendInteger writes an integer behind the bits of kind (RFC 7541 section 5.1).
func appendInteger(out []byte, kind byte, prefix uint, n uint64) []byte {
	most := uint64(1)<<prefix - 1
	if n < most {
		return append(out, kind|byte(n))
	}
	out = append(out, kind|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		out = append(out, 0x80|byte(n))
	}
	return append(out, byte(n))
}

func appendLower(out []byte, name string) []byte {
	for i := range len(name) {
		b := name[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		out = append(out, b)
	}
	return out
}
