package element

import "sync"

// cache remembers values by the text they were read from. It keeps two generations and drops the older one whole when
// the younger is full: bounded, without a list to maintain, and what is in use survives.
type cache struct {
	size int

	mu    sync.Mutex
	young map[string]Value
	old   map[string]Value
}

func newCache(entries int) *cache {
	return &cache{size: max(1, entries/2), young: map[string]Value{}}
}

// find gives a copy that the caller may change.
func (c *cache) find(key string) (Value, bool) {
	c.mu.Lock()
	v, ok := c.young[key]
	if !ok {
		if v, ok = c.old[key]; ok {
			c.store(key, v)
		}
	}
	c.mu.Unlock()
	if !ok {
		return Value{}, false
	}
	return v.clone(), true
}

// keep stores a value that nobody changes any more.
func (c *cache) keep(key string, v Value) {
	c.mu.Lock()
	c.store(key, v)
	c.mu.Unlock()
}

func (c *cache) store(key string, v Value) {
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[string]Value, c.size)
	}
	c.young[key] = v
}
