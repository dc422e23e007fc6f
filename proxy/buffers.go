package proxy

import "sync"

// The sizes of buffers, in bytes. A visitor's head is read into a small one, because many visitors may be slow to send
// theirs; what the origin sends, and bodies, into middling ones.
const (
	smallBuffer  = 4 << 10
	middleBuffer = 16 << 10
	largeBuffer  = 64 << 10
)

// buffers lends memory of three sizes.
type buffers struct{ small, middle, large sync.Pool }

func newBuffers() *buffers {
	b := &buffers{}
	b.small.New = func() any { return new([smallBuffer]byte) }
	b.middle.New = func() any { return new([middleBuffer]byte) }
	b.large.New = func() any { return new([largeBuffer]byte) }
	return b
}

// take lends at least size bytes; what is larger than the largest size is made anew.
func (b *buffers) take(size int) []byte {
	switch {
	case size <= smallBuffer:
		return b.small.Get().(*[smallBuffer]byte)[:]
	case size <= middleBuffer:
		return b.middle.Get().(*[middleBuffer]byte)[:]
	case size <= largeBuffer:
		return b.large.Get().(*[largeBuffer]byte)[:]
	}
	return make([]byte, size)
}

// give takes memory back that take has lent.
func (b *buffers) give(lent []byte) {
	switch cap(lent) {
	case smallBuffer:
		b.small.Put((*[smallBuffer]byte)(lent[:smallBuffer]))
	case middleBuffer:
		b.middle.Put((*[middleBuffer]byte)(lent[:middleBuffer]))
	case largeBuffer:
		b.large.Put((*[largeBuffer]byte)(lent[:largeBuffer]))
	}
}
