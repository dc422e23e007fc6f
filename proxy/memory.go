package proxy

import "sync/atomic"

// budget bounds the bytes that all exchanges together may keep.
type budget struct {
	limit int64
	used  atomic.Int64
}

func newBudget(limit int64) *budget { return &budget{limit: limit} }

// take reserves n bytes, all or none.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

// tight says that half of it is used: what waits had better not wait for more.
func (b *budget) tight() bool { return b.used.Load() > b.limit/2 }

// lendable is the size of the buffer that is lent for so many bytes.
func lendable(size int) int {
	for _, class := range [...]int{smallBuffer, middleBuffer, largeBuffer} {
		if size <= class {
			return class
		}
	}
	return size
}
