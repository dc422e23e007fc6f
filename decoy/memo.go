package decoy

import (
	"hash/fnv"
	"slices"
	"strings"
	"sync"
)

// The bounds of what is remembered of accounts.
const (
	maxMemos      = 8192
	maxOptions    = 16
	maxMemoSlots  = 8
	enoughRepeats = 5
)

// memo is which of a few answers an account got last, as hashes: an account that the origin calls unknown today is called so
// tomorrow, and a feigned answer that calls it otherwise would show.
type memo struct {
	variant uint64
	slots   []chosen
}

// chosen is which of its texts a slot had.
type chosen struct{ slot, text uint64 }

// memos are those of a book's accounts, and what they say of the origin: what it decides by account, and what by chance.
type memos struct {
	mu    sync.RWMutex
	known map[uint64]memo
	order []uint64
	// repeats are, by slot (0 is the variant), how often an account that came again had the same text, and another.
	repeats map[uint64]*repeated
}

type repeated struct{ same, other float64 }

// byChance says whether what is chosen there differs for one and the same account.
func (m *memos) byChance(slot uint64) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.repeats[slot]
	return r != nil && r.same+r.other >= enoughRepeats && r.other*10 > r.same+r.other
}

// note remembers an account's answer.
func (m *memos) note(account uint64, now memo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known, m.repeats = map[uint64]memo{}, map[uint64]*repeated{}
	}
	before, seen := m.known[account]
	if seen {
		m.count(0, before.variant == now.variant)
		if before.variant == now.variant {
			for _, c := range now.slots {
				for _, b := range before.slots {
					if b.slot == c.slot {
						m.count(c.slot, b.text == c.text)
					}
				}
			}
		}
	} else {
		m.order = append(m.order, account)
	}
	m.known[account] = now
	if len(m.order) > maxMemos {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

// find is what is remembered of an account.
func (m *memos) find(account uint64) (found memo, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, ok = m.known[account]
	return found, ok
}

// maxRepeats bounds the slots of which something is counted; templates come and go.
const maxRepeats = 256

func (m *memos) count(slot uint64, same bool) {
	r := m.repeats[slot]
	if r == nil {
		if len(m.repeats) >= maxRepeats {
			clear(m.repeats)
		}
		r = &repeated{}
		m.repeats[slot] = r
	}
	if same {
		r.same++
	} else {
		r.other++
	}
	if r.same+r.other > 1000 {
		r.same, r.other = r.same/2, r.other/2
	}
}

// recognise finds which of their texts the slots with a few texts have in a sample.
func (t *template) recognise(s *sample) []chosen {
	var list []chosen
	for n := range t.slots {
		slot := &t.slots[n]
		if len(slot.options) < 2 || slot.section >= len(s.sections) || len(list) >= maxMemoSlots {
			continue
		}
		text, before, longest := s.sections[slot.section].text, slot.before[max(0, len(slot.before)-24):], ""
		for _, option := range slot.options {
			if len(option) > len(longest) && strings.Contains(text, before+option) {
				longest = option
			}
		}
		if longest != "" {
			list = append(list, chosen{hashOf(slot.id), hashOf(longest)})
		}
	}
	return list
}

// fitting are those of the donors whose choices are those of a memo; all of them where none fits, or nothing is remembered.
func (t *template) fitting(donors []int, m memo) []int {
	var list []int
	for _, donor := range donors {
		fits := true
		for n := range t.slots {
			if s := &t.slots[n]; s.choice {
				for _, c := range m.slots {
					fits = fits && (c.slot != s.hash || c.text == s.chosen[donor])
				}
			}
		}
		if fits {
			list = append(list, donor)
		}
	}
	if len(list) == 0 {
		return donors
	}
	return list
}

// suited are the donors whose requests said as much of what is repeated as this one: who brings a cookie is answered otherwise than
// who does not. Where there are none, those that repeat nothing that this request lacks, and else all.
func (t *template) suited(said asked) []int {
	var has uint64
	for i, field := range t.repeats {
		if _, ok := said.find(field); ok {
			has |= 1 << i
		}
	}
	var alike, enough, all []int
	for donor := range t.donors {
		if t.had[donor] == has {
			alike = append(alike, donor)
		}
		if t.needs[donor]&^has == 0 {
			enough = append(enough, donor)
		}
		all = append(all, donor)
	}
	switch {
	case len(alike) > 0:
		return alike
	case len(enough) > 0:
		return enough
	}
	return all
}

// maxRepeated bounds the fields of requests that a template repeats.
const maxRepeated = 64

// repeating notes which fields of requests the template repeats, which of them each donor does, and which its request had.
func (t *template) repeating(samples []*sample) {
	t.had, t.needs = make([]uint64, t.donors), make([]uint64, t.donors)
	for n := range t.slots {
		for donor, pieces := range t.slots[n].donors {
			for _, p := range pieces {
				if strings.HasPrefix(p.what, "echo:") {
					if at := t.repeated(strings.TrimPrefix(sameOrigin(p.what), "echo:")); at >= 0 {
						t.needs[donor] |= 1 << at
					}
				}
			}
		}
	}
	for donor, s := range samples {
		for at, field := range t.repeats {
			if slices.Contains(s.fields, field) {
				t.had[donor] |= 1 << at
			}
		}
	}
}

func (t *template) repeated(field string) int {
	at := slices.Index(t.repeats, field)
	if at < 0 && len(t.repeats) < maxRepeated {
		at = len(t.repeats)
		t.repeats = append(t.repeats, field)
	}
	return at
}

func hashOf(text string) uint64 {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(text))
	return digest.Sum64() | 1
}
