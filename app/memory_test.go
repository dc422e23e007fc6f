package app

import "testing"

// The room is the same beside small heaps and shrinks in proportion beside large ones, within its bounds.
func TestCollectionRoom(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 2000}, {4 << 20, 2000}, {64 << 20, 400}, {256 << 20, 100}, {1 << 30, 50}, {64 << 30, 50}} {
		if got := roomPercent(c.live); got != c.want {
			t.Errorf("beside %d MiB: GOGC %d, want %d", c.live>>20, got, c.want)
		}
	}
}
