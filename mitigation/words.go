package mitigation

import (
	"slices"
	"sync"
)

// mostWords bounds a set of words.
const mostWords = 2000

// words is a small set that is read far more often than it grows. It locks itself.
type words struct {
	mu  sync.RWMutex
	all map[string]bool
}

func newWords() *words { return &words{all: map[string]bool{}} }

func (w *words) add(word string) {
	if w.has(word) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) < mostWords {
		w.all[clone(word)] = true
	}
}

func (w *words) has(word string) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.all[word]
}

// first gives the first of some words that is in the set.
func (w *words) first(some []string) (string, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if len(w.all) == 0 {
		return "", false
	}
	for _, word := range some {
		if w.all[word] {
			return word, true
		}
	}
	return "", false
}

// list is in alphabetical order.
func (w *words) list() []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	list := make([]string, 0, len(w.all))
	for word := range w.all {
		list = append(list, word)
	}
	slices.Sort(list)
	return list
}
