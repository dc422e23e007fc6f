package event

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// appendRating writes what is none of the three as String names it.
func appendRating(b []byte, r Rating) []byte {
	if r > Malicious {
		r = Normal
	}
	return appendNumber(b, uint64(r))
}

func appendFlag(b []byte, set bool) []byte {
	if set {
		return appendNumber(b, 1)
	}
	return appendNumber(b, 0)
}

// appendNumber writes v+1, which never has a byte that is zero.
func appendNumber(b []byte, v uint64) []byte {
	if v < 0x7f {
		return append(b, byte(v)+1)
	}
	return appendGroups(b, v)
}

func appendGroups(b []byte, v uint64) []byte {
	if v++; v == 0 { // 2^64 has ten groups, of which the last holds its bits 63 and 64
		return append(b, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2)
	}
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func appendSigned(b []byte, v int64) []byte { return appendNumber(b, uint64(v)<<1^uint64(v>>63)) }

// tellable says whether JSON can tell the time.
func tellable(at time.Time) bool {
	_, offset := at.Zone()
	local := at.Unix() + int64(offset)
	return local >= earliest && local <= latest && offset > -24*3600 && offset < 24*3600
}

// appendTime writes a time that is tellable.
func appendTime(b []byte, at time.Time) []byte {
	_, offset := at.Zone()
	b = appendSigned(b, at.Unix()+int64(offset%60))
	b = appendNumber(b, uint64(at.Nanosecond()))
	return appendSigned(b, int64(offset/60))
}

func appendTexts(b []byte, list []string) []byte {
	b = appendNumber(b, uint64(len(list)))
	for _, text := range list {
		b = appendText(b, text)
	}
	return b
}

// appendText writes a text. One of which the ends are all, as most are, is checked and written as two numbers, which is faster
// than to copy so few bytes.
func appendText(b []byte, s string) []byte {
	n := len(s)
	if n > endsWhole {
		return appendLong(b, s)
	}
	if n == 0 {
		return append(b, textEmpty)
	}
	var head, tail uint64 // endsOf, without the call
	if n >= 8 {
		head, tail = eightBytes(s), eightBytes(s[n-8:])
	} else {
		head = filledUp(s)
		tail = head
	}
	if !areASCII(head, tail) {
		return appendUnusual(b, s)
	}
	at := len(b)
	b = slices.Grow(b, 1+endsWhole)[:at+1+endsWhole]
	room := (*[1 + endsWhole]byte)(b[at:])
	room[0] = byte(n + textShort)
	binary.LittleEndian.PutUint64(room[1:], head)
	binary.LittleEndian.PutUint64(room[9:], tail>>(8*uint(endsWhole-n))) // without what is in the head, too
	return b[:at+1+n]
}

func appendLong(b []byte, s string) []byte {
	if !isPlainText(s) {
		return appendUnusual(b, s)
	}
	return append(appendLength(b, len(s)), s...)
}

func appendLength(b []byte, n int) []byte {
	if n <= longestShort {
		return append(b, byte(n+textShort))
	}
	return appendNumber(append(b, textLong), uint64(n))
}

// appendUnusual writes a text that is not plain. Where something has to be replaced, its length is known only then.
func appendUnusual(b []byte, s string) []byte {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return append(appendLength(b, len(s)), s...)
	}
	start := len(b)
	for _, r := range s { // the loop gives utf8.RuneError for each byte that is no UTF-8
		if r == 0 {
			b = append(b, 0xc0, 0x80)
			continue
		}
		b = utf8.AppendRune(b, r)
	}
	end := len(b)
	b = appendLength(b, end-start)
	head := len(b) - end
	var room [16]byte
	copy(room[:], b[end:])
	copy(b[start+head:], b[start:end])
	copy(b[start:], room[:head])
	return b
}

// The lowest and the highest bit of each of eight bytes.
const (
	lowestBits  = 0x0101010101010101
	highestBits = 0x8080808080808080
)

// areASCII says whether the bytes of two numbers are all ASCII and none zero.
func areASCII(v, w uint64) bool {
	return ((v-lowestBits)|v|(w-lowestBits)|w)&highestBits == 0
}

// isPlainText says whether all is ASCII and nothing zero, eight bytes at a time. The text is not empty.
func isPlainText(s string) bool {
	if len(s) <= endsWhole {
		ends := endsOf(s)
		return areASCII(ends.head, ends.tail)
	}
	for i := 0; i+8 < len(s); i += 8 {
		if w := eightBytes(s[i : i+8]); !areASCII(w, w) {
			return false
		}
	}
	w := eightBytes(s[len(s)-8:])
	return areASCII(w, w)
}

// eightBytes is the first eight bytes of a text as a number.
func eightBytes(t string) uint64 {
	_ = t[7]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

// fourBytes is the first four bytes of a text as a number.
func fourBytes(t string) uint64 {
	_ = t[3]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24
}
