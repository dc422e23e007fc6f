package http1

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// What a byte may be, as bits of octets.
const (
	tokenOctet = 1 << iota // in a method or a field name
	oddOctet               // a token's, but neither letter, digit nor "-"
	hostOctet              // in a registered name
	hexOctet
)

// octets has the class of each byte: a constant, since an array would be a variable.
const octets = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x03\x00\x03\x03\x03\x03\x03\x00\x00\x03\x03\x00\x05\x07\x00" +
	"\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x00\x00\x00\x00\x00\x00" +
	"\x00\x0d\x0d\x0d\x0d\x0d\x0d\x05\x05\x05\x05\x05\x05\x05\x05\x05" +
	"\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x00\x00\x00\x03\x07" +
	"\x03\x0d\x0d\x0d\x0d\x0d\x0d\x05\x05\x05\x05\x05\x05\x05\x05\x05" +
	"\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x00\x03\x00\x03\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// Words of eight equal bytes, for looking at eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// below marks the bytes of w less than n (n <= 0x80) in their high bits. Marks above the lowest one may be wrong.
func below(w uint64, n byte) uint64 { return (w - ones*uint64(n)) &^ w & highs }

// equal marks the bytes of w that are c, with the same reserve.
func equal(w uint64, c byte) uint64 { return below(w^ones*uint64(c), 1) }

// valueEnd is the first index from i on of a byte that no field value has: a control character but tab. Without one it
// is len(b).
func valueEnd(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		marks := below(w, 0x20) | equal(w, 0x7f)
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 && c != '\t' || c == 0x7f {
			break
		}
	}
	return i
}

// targetEnd is the first index from i on of a byte that no request target has: a control character, a space, "#" (a
// fragment is never sent) or DEL. Bytes from 0x80 on are let through: some clients send paths in raw UTF-8, and nobody
// reads a line or a word to end at them.
func targetEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if marks := below(w, 0x21) | equal(w, 0x7f) | equal(w, '#'); marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c <= ' ' || c == 0x7f || c == '#' {
			break
		}
	}
	return i
}

// tokenEnd is the first index from i on of a byte that no token has, and the classes of those before it.
func tokenEnd(b []byte, i int) (end int, classes byte) {
	for ; i < len(b); i++ {
		class := octets[b[i]]
		if class&tokenOctet == 0 {
			break
		}
		classes |= class
	}
	return i, classes
}

// text is b[i:j] as a string over the same memory. It holds as long as nobody writes to b.
func text(b []byte, i, j int) string {
	if i >= j {
		return ""
	}
	return unsafe.String(&b[i], j-i)
}

// octetsOf is s as bytes over the same memory, only to be read.
func octetsOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// moved is s, which lay in from, at the same place in to.
func moved(s string, from, to []byte) string {
	if s == "" || len(from) == 0 {
		return s
	}
	at := uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(&from[0]))
	if at >= uintptr(len(from)) {
		return s // a constant such as "/", not a part of the head
	}
	return text(to, int(at), int(at)+len(s))
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// trim is s without the white space around it.
func trim(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
