package proxy

import (
	"crypto/rand"
	"sync"
	"unsafe"

	"wayguard/capture"
)

// headSize estimates the memory that a head takes, in bytes.
func headSize(head *capture.Request) int64 {
	return 512 + fieldsSize(head.Header) + int64(len(head.Method)+len(head.Path)+len(head.Query)+len(head.Host))
}

func fieldsSize(fields []capture.Field) int64 {
	size := int64(0)
	for i := range fields {
		size += int64(len(fields[i].Name) + len(fields[i].Value) + 32)
	}
	return size
}

// The bounds of what a keeper keeps for the next message: bytes of text, and fields.
const (
	keptText   = 16 << 10
	keptFields = 256
)

// keeper copies heads into memory of its own, because those of a message lie in a buffer that is used again. What it was
// given stays readable until reset.
type keeper struct {
	text  []byte
	lines []capture.Field
}

// room makes sure that so many bytes can be kept without moving. What was kept before stays where it is.
func (k *keeper) room(size int64) {
	if int64(cap(k.text)-len(k.text)) < size {
		k.text = make([]byte, 0, max(size, 2<<10))
	}
}

// keep copies a text for which there is room.
func (k *keeper) keep(text string) string {
	if text == "" {
		return ""
	}
	begin := len(k.text)
	k.text = append(k.text, text...)
	// Nobody writes to these bytes before reset.
	return unsafe.String(&k.text[begin], len(text))
}

// fields copies header fields for whose texts there is room.
func (k *keeper) fields(fields []capture.Field) []capture.Field {
	if cap(k.lines)-len(k.lines) < len(fields) {
		k.lines = make([]capture.Field, 0, max(len(fields), 32))
	}
	begin := len(k.lines)
	for i := range fields {
		k.lines = append(k.lines, capture.Field{Name: k.keep(fields[i].Name), Value: k.keep(fields[i].Value)})
	}
	return k.lines[begin:len(k.lines):len(k.lines)]
}

// request copies a head, so that it shares no memory with the original.
func (k *keeper) request(into, head *capture.Request, common *idioms) {
	k.room(headSize(head))
	*into = *head
	into.Method, into.Host, into.Path, into.Query = k.keep(head.Method), k.keep(head.Host), k.keep(head.Path), k.keep(head.Query)
	into.Header = k.fields(head.Header)
	for i := range into.Header {
		// What capture works out of these is remembered for other visitors, and shares memory with the text.
		if field := &into.Header[i]; equalFold(field.Name, "User-Agent") || equalFold(field.Name, "Accept-Language") {
			field.Value = common.own(field.Value)
		}
	}
}

// response copies the fields of an answer.
func (k *keeper) response(fields []capture.Field) []capture.Field {
	k.room(fieldsSize(fields))
	return k.fields(fields)
}

// reset takes back the memory of everything kept, but not what one giant has needed.
func (k *keeper) reset() {
	if cap(k.text) > keptText {
		k.text = nil
	}
	if cap(k.lines) > keptFields {
		k.lines = nil
	}
	clear(k.lines)
	k.text, k.lines = k.text[:0], k.lines[:0]
}

// randomness is bytes nobody can guess, drawn for many ids at once.
type randomness struct{ pools sync.Pool }

// drawn is what is left of one draw.
type drawn struct {
	bytes [640]byte
	left  int
}

// ten gives the bytes of one event's id. They are forgotten as they are given.
func (r *randomness) ten() (random [10]byte) {
	d, _ := r.pools.Get().(*drawn)
	if d == nil {
		d = new(drawn)
	}
	if d.left < len(random) {
		_, _ = rand.Read(d.bytes[:]) // never fails: crypto/rand ends the process instead
		d.left = len(d.bytes)
	}
	end := d.left
	d.left -= len(random)
	copy(random[:], d.bytes[d.left:end])
	clear(d.bytes[d.left:end])
	r.pools.Put(d)
	return random
}

// random16 gives 16 bytes nobody can guess.
func random16() (random [16]byte) {
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return random
}
