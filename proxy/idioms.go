package proxy

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// The bounds of idioms: how many texts are remembered, and the longest, in bytes.
const (
	knownIdioms  = 1024
	longestIdiom = 512
)

// idioms are texts that visitors share, such as the names of browsers. One that was seen lately is not copied again.
type idioms struct {
	seed  maphash.Seed
	slots [knownIdioms]atomic.Pointer[string]
}

func newIdioms() *idioms { return &idioms{seed: maphash.MakeSeed()} }

// own gives the text in memory that nobody writes to and that holds nothing else.
func (i *idioms) own(text string) string {
	if len(text) > longestIdiom {
		return strings.Clone(text)
	}
	slot := &i.slots[maphash.String(i.seed, text)%knownIdioms]
	if known := slot.Load(); known != nil && *known == text {
		return *known
	}
	owned := strings.Clone(text)
	slot.Store(&owned)
	return owned
}
