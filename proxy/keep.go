package proxy

import (
	"crypto/rand"
	"strings"

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

// keeper copies texts into one piece of memory, because those of a message lie in a buffer that is used again. What is
// kept may live on in events, so it is never used for anything else.
type keeper struct{ text strings.Builder }

func (k *keeper) keep(text string) string {
	begin := k.text.Len()
	k.text.WriteString(text) // never beyond what Grow made room for: what was given out stays where it is
	return k.text.String()[begin:]
}

func (k *keeper) fields(fields []capture.Field) []capture.Field {
	kept := make([]capture.Field, len(fields))
	for i := range fields {
		kept[i] = capture.Field{Name: k.keep(fields[i].Name), Value: k.keep(fields[i].Value)}
	}
	return kept
}

// keepRequest is a copy of a head that shares no memory with it.
func keepRequest(head *capture.Request) *capture.Request {
	var k keeper
	k.text.Grow(int(headSize(head)))
	kept := *head
	kept.Method, kept.Host, kept.Path, kept.Query = k.keep(head.Method), k.keep(head.Host), k.keep(head.Path), k.keep(head.Query)
	kept.Header = k.fields(head.Header)
	return &kept
}

// keepFields is a copy of header fields that shares no memory with them.
func keepFields(fields []capture.Field) []capture.Field {
	var k keeper
	k.text.Grow(int(fieldsSize(fields)))
	return k.fields(fields)
}

// random16 gives 16 bytes nobody can guess.
func random16() (random [16]byte) {
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return random
}
