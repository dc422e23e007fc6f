//go:build !race

package http2

const raceAllocations = 0
