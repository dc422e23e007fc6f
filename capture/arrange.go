package capture

import "slices"

// arrange prepares a compiled spec for the way its events are made: its elements get their slots, its JSON paths their
// tries.
func (s *Spec) arrange() {
	names := automaticNames()
	all := slices.Clone(names[:])
	for _, list := range [][]take{s.request, s.response} {
		for i := range list {
			all = append(all, list[i].name)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	slot := func(name string) uint16 {
		at, _ := slices.BinarySearch(all, name)
		return uint16(at)
	}
	s.slots = len(all)
	for i, name := range names {
		s.autoSlots[i] = slot(name)
	}
	for i := range s.request {
		s.request[i].slot = slot(s.request[i].name)
		s.eachSource(&s.request[i], &s.requestPaths)
	}
	for i := range s.response {
		s.response[i].slot = slot(s.response[i].name)
		s.eachSource(&s.response[i], &s.responsePaths)
	}
	for i := range s.outcomes {
		for j := range s.outcomes[i].json {
			path := &s.outcomes[i].json[j].path
			path.number = s.responsePaths.add(path.path)
		}
	}
}

func (s *Spec) eachSource(t *take, trie *jsonTrie) {
	s.arrangeSources(t.sources, trie)
	for i := range t.parts {
		s.arrangeSources(t.parts[i].sources, trie)
	}
}

func (s *Spec) arrangeSources(sources []source, trie *jsonTrie) {
	for i := range sources {
		from := &sources[i]
		switch from.kind {
		case fromJSON:
			from.json.number = trie.add(from.json.path)
		case fromPath:
			s.takesPath = true
		}
		s.arrangeSources(from.currency, trie)
	}
}
