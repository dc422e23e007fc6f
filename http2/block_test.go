package http2

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestQueueGivesWhatItTook(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var pool blocks
	for range 50 {
		var q queue
		var want, got []byte
		for range 200 {
			data := make([]byte, random.IntN(5000))
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			if random.IntN(2) == 0 && len(data) > 0 {
				q.push(&pool, data)
				want = append(want, data...)
			} else {
				n := q.pull(&pool, data)
				got = append(got, data[:n]...)
			}
			if q.len() != len(want)-len(got) {
				t.Fatalf("%d bytes wait, want %d", q.len(), len(want)-len(got))
			}
		}
		for q.len() > 0 {
			p := make([]byte, 999)
			got = append(got, p[:q.pull(&pool, p)]...)
		}
		if !bytes.Equal(got, want) {
			t.Fatal("other bytes came out")
		}
		if q.block != nil {
			t.Error("an empty queue holds memory")
		}
	}
}

func TestBlocksHaveTheRoomAskedFor(t *testing.T) {
	var pool blocks
	for _, size := range []int{0, 1, 2048, 2049, 4096, 65537, 262144, 262145, 1 << 20} {
		b := pool.take(size)
		if cap(b.bytes) < size || len(b.bytes) != 0 {
			t.Errorf("asked for %d, got %d of %d", size, len(b.bytes), cap(b.bytes))
		}
		b.bytes = append(b.bytes, make([]byte, 3*size)...)
		pool.give(b)
		if b = pool.take(size); cap(b.bytes) < size || len(b.bytes) != 0 {
			t.Errorf("asked again for %d, got %d of %d", size, len(b.bytes), cap(b.bytes))
		}
	}
}
