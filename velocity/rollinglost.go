package velocity

import "math"

// The sizes of what is remembered of keys that were let go. Ten bits a key and seven hashes take a stranger for one of them once in a
// hundred times (Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970).
const (
	lostBits   = 10
	lostHashes = 7
	// lostShare is the number of keys let go that a generation remembers, for each cell of the shard.
	lostShare = 4
)

// lost remembers which keys were let go, in two generations, so that of a key never seen it is known that nothing is missing. It may take a
// stranger for one that was let go, never the other way round.
type lost struct {
	young, old generation
	// before is the Unix time in milliseconds of the newest event that was let go and of which nothing is remembered any more.
	before int64
}

// generation is a Bloom filter of keys, and the time of their newest event.
type generation struct {
	bits   []uint64
	keys   int
	newest int64
}

func (l *lost) init() {
	l.before, l.young.newest, l.old.newest = math.MinInt64, math.MinInt64, math.MinInt64
}

// add remembers a key whose newest event was at that time; cells is the size of the shard.
func (l *lost) add(key RollingKey, at int64, cells int) {
	if l.young.keys >= cells*lostShare {
		l.before = max(l.before, l.old.newest)
		clear(l.old.bits)
		l.young, l.old = generation{bits: l.old.bits, newest: math.MinInt64}, l.young
	}
	g := &l.young
	if g.bits == nil {
		g.bits = make([]uint64, cells*lostShare*lostBits/64+1)
	}
	g.keys++
	g.newest = max(g.newest, at)
	for i := range uint64(lostHashes) {
		bit := g.bit(key, i)
		g.bits[bit/64] |= 1 << (bit % 64)
	}
}

func (g *generation) bit(key RollingKey, i uint64) uint64 {
	// The lowest bits of a are those of the shard and the same in all of its keys.
	return (key.b + i*(key.a/rollingShards|1)) % (uint64(len(g.bits)) * 64)
}

func (g *generation) holds(key RollingKey) bool {
	if g.keys == 0 {
		return false
	}
	for i := range uint64(lostHashes) {
		if bit := g.bit(key, i); g.bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// of is the Unix time in milliseconds up to which events of a key may have been let go, math.MinInt64 for none.
func (l *lost) of(key RollingKey) int64 {
	at := l.before
	if l.old.holds(key) {
		at = max(at, l.old.newest)
	}
	if l.young.holds(key) {
		at = max(at, l.young.newest)
	}
	return at
}
