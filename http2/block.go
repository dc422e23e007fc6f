package http2

import (
	"math/bits"
	"sync"
)

// block is bytes that are used again and again.
type block struct{ bytes []byte }

const (
	smallest = 11 // 2 KiB
	largest  = 18 // 256 KiB; what is larger is left to the garbage collector
)

// blocks keeps blocks of the powers of two between smallest and largest.
type blocks struct {
	pools [largest - smallest + 1]sync.Pool
}

// class is the pool whose blocks hold size bytes.
func class(size int) int { return max(bits.Len(uint(max(size, 1)-1)), smallest) - smallest }

// take gives an empty block with room for size bytes at least.
func (p *blocks) take(size int) *block {
	c := class(size)
	if c >= len(p.pools) {
		return &block{make([]byte, 0, 1<<(c+smallest))}
	}
	if b, ok := p.pools[c].Get().(*block); ok {
		return b
	}
	return &block{make([]byte, 0, 1<<(c+smallest))}
}

// give takes a block back, nil too. One that was made larger since is kept as what it has become.
func (p *blocks) give(b *block) {
	if b == nil {
		return
	}
	b.bytes = b.bytes[:0]
	c := bits.Len(uint(cap(b.bytes))) - 1 - smallest // the greatest class it can serve
	if c >= 0 && c < len(p.pools) {
		p.pools[c].Put(b)
	}
}

// queue is bytes on their way from the connection's reader to a stream's.
type queue struct {
	block *block
	read  int
}

func (q *queue) len() int {
	if q.block == nil {
		return 0
	}
	return len(q.block.bytes) - q.read
}

// push appends a copy of data.
func (q *queue) push(pool *blocks, data []byte) {
	switch {
	case q.block == nil:
		q.block = pool.take(len(data))
	case len(q.block.bytes)+len(data) <= cap(q.block.bytes):
	case q.len()+len(data) <= cap(q.block.bytes)/2: // at most half full: moving down is worth it
		n := copy(q.block.bytes, q.block.bytes[q.read:])
		q.block.bytes, q.read = q.block.bytes[:n], 0
	default:
		more := pool.take(2 * (q.len() + len(data)))
		more.bytes = append(more.bytes, q.block.bytes[q.read:]...)
		pool.give(q.block)
		q.block, q.read = more, 0
	}
	q.block.bytes = append(q.block.bytes, data...)
}

// pull moves bytes into p. What is empty goes back to the pool.
func (q *queue) pull(pool *blocks, p []byte) int {
	if q.len() == 0 {
		return 0
	}
	n := copy(p, q.block.bytes[q.read:])
	q.read += n
	if q.len() == 0 {
		q.drop(pool)
	}
	return n
}

func (q *queue) drop(pool *blocks) {
	pool.give(q.block)
	q.block, q.read = nil, 0
}
