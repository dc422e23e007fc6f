package world

import (
	"unsafe"

	"wayguard/event"
)

// The sizes of the pieces that memory is taken in.
const (
	textPiece    = 64 << 10
	elementPiece = 2048
	tokenPiece   = 1024
	partPiece    = 1024
)

// arena gives out the texts and lists of events. What it gave out is never used again, so that an event is good for ever;
// the garbage collector takes a piece when the last event in it is gone.
type arena struct {
	text     []byte
	elements []event.Element
	tokens   []event.Token
	parts    event.Parts
}

// begin starts a text that is then appended to a.text, and end gives it.
func (a *arena) begin() int {
	if cap(a.text)-len(a.text) < 256 {
		a.text = make([]byte, 0, textPiece)
	}
	return len(a.text)
}

func (a *arena) end(begin int) string {
	b := a.text[begin:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// hex is the number's digits, 16 at most.
func (a *arena) hex(v uint64, digits int) string {
	begin := a.begin()
	a.addHex(v, digits)
	return a.end(begin)
}

func (a *arena) addHex(v uint64, digits int) {
	for shift := 60; digits > 0; digits, shift = digits-1, shift-4 {
		a.text = append(a.text, "0123456789abcdef"[v>>shift&15])
	}
}

func (a *arena) addNumber(n uint64) {
	var room [20]byte
	at := len(room)
	for {
		at--
		room[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			break
		}
	}
	a.text = append(a.text, room[at:]...)
}

// numbered is a word with a number behind it.
func (a *arena) numbered(word string, n uint64) string {
	begin := a.begin()
	a.text = append(a.text, word...)
	a.addNumber(n)
	return a.end(begin)
}

// hash is a keyed hash as the capture layer writes them: 32 digits.
func (a *arena) hash(v uint64) string {
	begin := a.begin()
	a.addHex(v, 16)
	a.addHex(scramble(v^0x5851f42d4c957f2d), 16)
	return a.end(begin)
}

// list is an empty list of elements with room for n.
func (a *arena) list(n int) []event.Element {
	if cap(a.elements)-len(a.elements) < n {
		a.elements = make([]event.Element, 0, elementPiece)
	}
	begin := len(a.elements)
	a.elements = a.elements[:begin+n]
	return a.elements[begin : begin : begin+n]
}

func (a *arena) tokenList(n int) []event.Token {
	if cap(a.tokens)-len(a.tokens) < n {
		a.tokens = make([]event.Token, 0, tokenPiece)
	}
	begin := len(a.tokens)
	a.tokens = a.tokens[:begin+n]
	return a.tokens[begin : begin : begin+n]
}

func (a *arena) partList(parts ...event.Part) event.Parts {
	if cap(a.parts)-len(a.parts) < len(parts) {
		a.parts = make(event.Parts, 0, partPiece)
	}
	begin := len(a.parts)
	a.parts = append(a.parts, parts...)
	return a.parts[begin:len(a.parts):len(a.parts)]
}
