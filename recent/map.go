package recent

// Map is a bounded map that forgets what was not asked for the longest: when the young generation is full, it becomes the
// old one, and the old one is forgotten. It holds between limit and 2 times limit entries. Its owner locks it.
type Map[K comparable, V any] struct {
	limit      int
	young, old map[K]*V
	// keep gives a key in memory of its own; nil when it is so already.
	keep func(K) K
	// Forgotten counts the entries that went although nobody took them away.
	Forgotten int64
}

// NewMap makes an empty one; see Map for its limit. keep may be nil.
func NewMap[K comparable, V any](limit int, keep func(K) K) Map[K, V] {
	return Map[K, V]{limit: limit, young: map[K]*V{}, old: map[K]*V{}, keep: keep}
}

// Find gives an entry and keeps it young.
func (g *Map[K, V]) Find(key K) (V, bool) {
	if value, ok := g.young[key]; ok {
		return *value, true
	}
	value, ok := g.old[key]
	if !ok {
		var none V
		return none, false
	}
	delete(g.old, key)
	g.Put(key, *value)
	return *value, true
}

// Peek gives an entry and changes nothing.
func (g *Map[K, V]) Peek(key K) (V, bool) {
	value, ok := g.young[key]
	if !ok {
		value, ok = g.old[key]
	}
	if !ok {
		var none V
		return none, false
	}
	return *value, true
}

// Put keeps a value. A key that is there already stays the one it was: a map would take over the key that it is given, whose text
// may be in memory that is soon another visitor's.
func (g *Map[K, V]) Put(key K, value V) {
	if kept, known := g.young[key]; known {
		*kept = value
		return
	}
	if len(g.young) >= g.limit {
		g.Forgotten += int64(len(g.old))
		g.old, g.young = g.young, make(map[K]*V, g.limit/4)
	}
	delete(g.old, key)
	if g.keep != nil {
		key = g.keep(key)
	}
	kept := value // only a new entry costs memory
	g.young[key] = &kept
}

// Remove takes an entry away.
func (g *Map[K, V]) Remove(key K) {
	delete(g.young, key)
	delete(g.old, key)
}

// Len is how many entries there are.
func (g *Map[K, V]) Len() int { return len(g.young) + len(g.old) }

// Each calls visit for every entry, the young ones first.
func (g *Map[K, V]) Each(visit func(K, V)) {
	for key, value := range g.young {
		visit(key, *value)
	}
	for key, value := range g.old {
		visit(key, *value)
	}
}
