//go:build race

package http2

// raceAllocations is what sync.Pool forgets on purpose under the race detector.
const raceAllocations = 10
