package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The room left between two garbage collections. Collecting costs by what lives, not by what is garbage: with a fixed room
// beside a small heap it is rare, and beside a large one (a million sessions) the memory does not double.
const (
	collectionRoom    = 256 << 20
	leastRoomPercent  = 50
	mostRoomPercent   = 2000
	collectionRecheck = time.Second
)

// tuneCollection keeps the room until ctx ends. An operator who says GOGC or GOMEMLIMIT decides alone.
func tuneCollection(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(collectionRecheck)
	defer tick.Stop()
	last := 0
	for {
		metrics.Read(sample)
		if percent := roomPercent(sample[0].Value.Uint64()); percent != last {
			debug.SetGCPercent(percent)
			last = percent
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// roomPercent is the GOGC that leaves the room beside so many living bytes, in steps of ten so that it changes seldom:
// setting it stops the world for a moment.
func roomPercent(live uint64) int {
	percent := collectionRoom * 100 / max(live, 1<<20)
	return int(min(max(percent, leastRoomPercent), mostRoomPercent)) / 10 * 10
}
