package capture

import (
	"wayguard/element"
	"wayguard/event"
)

// Set is a compiled list of specs. It does not change: a new configuration is a new Set.
type Set struct {
	specs []*Spec
	// branch sorts the specs by their paths.
	branch branch
}

// Names lists the specs in order.
func (s *Set) Names() []string {
	names := make([]string, len(s.specs))
	for i, spec := range s.specs {
		names[i] = spec.name
	}
	return names
}

// Spec is one compiled spec.
type Spec struct {
	name     string
	event    string
	kind     event.Type
	match    matcher
	request  []take
	response []take
	outcomes []outcome
	own      Needs
	needs    Needs
	tools    *tools
	rivals   []*Spec
	// unpacked bounds what bodies may grow to when they are decompressed, in bytes.
	unpacked, ownUnpacked unpackedLimits
	// requestPaths and responsePaths are the JSON paths asked of the two bodies.
	requestPaths, responsePaths jsonTrie
	// slots is how many elements the spec's events may have, autoSlots which of them are the automatic ones'.
	slots     int
	autoSlots [autoCount]uint16
	// takesPath says that a parameter of the path is taken.
	takesPath bool
}

type unpackedLimits struct{ request, response int }

// tools are what every spec of a set works with.
type tools struct {
	normaliser *element.Normaliser
	catalogue  *element.Catalogue
	knowledge  Knowledge
	places     tokenPlaces
	// automatic are the definitions of the automatic elements; nil where the catalogue has none.
	automatic [autoCount]*element.Definition
	// What was worked out of what comes again.
	addresses *element.Memo[addressFacts]
	agents    *element.Memo[agentFacts]
	languages *element.Memo[placed]
	pages     *element.Memo[string]
	software  *element.Memo[software]
}

func newTools(n *element.Normaliser, knowledge Knowledge, places tokenPlaces) *tools {
	t := &tools{normaliser: n, catalogue: n.Catalogue(), knowledge: knowledge, places: places,
		addresses: element.NewMemo[addressFacts](knownAddresses), agents: element.NewMemo[agentFacts](knownAgents),
		languages: element.NewMemo[placed](knownLanguages), pages: element.NewMemo[string](knownPages),
		software: element.NewMemo[software](knownSoftware)}
	for i, name := range automaticNames() {
		if definition, known := t.catalogue.Find(name); known {
			t.automatic[i] = &definition
		}
	}
	return t
}

// Name is the spec's unique name.
func (s *Spec) Name() string { return s.name }

// Route is the spec's path pattern.
func (s *Spec) Route() string { return s.match.path.source }

// Needs is what the spec wants copied. For a spec that the head alone does not decide it covers every other spec that
// may turn out to be the one.
func (s *Spec) Needs() Needs { return s.needs }

// Resolve gives the spec that matches the request in full, now that its body is there; nil when none does, and then the
// exchange may not be recorded. A spec that the head decides is its own answer.
func (s *Spec) Resolve(r *Request) *Spec {
	resolved, _ := s.resolve(r)
	return resolved
}

// resolve also tells what could not be read of the body: it may be why no narrower spec matched.
func (s *Spec) resolve(r *Request) (*Spec, *issueList) {
	issues := &issueList{}
	if !s.needs.Undecided {
		return s, issues
	}
	x := &Scratch{}
	x.path = splitPath(x.path, r.Path)
	m := s.message(x, r, &x.path, issues)
	for _, rival := range s.rivals {
		if rival.match.matches(r, &x.path) && rival.match.matchesGraphQL(&m) {
			return rival, issues
		}
	}
	return nil, issues
}

func (m *matcher) matchesGraphQL(message *message) bool {
	if len(m.graphql) == 0 {
		return true
	}
	calls := message.readGraphQL().calls
	for i := range calls {
		if calls[i].isGraphQL(m.graphql) {
			return true
		}
	}
	return false
}

// message is the request's side of an exchange.
func (s *Spec) message(x *Scratch, r *Request, path *segments, issues *issueList) message {
	return message{scratch: x, header: r.Header, query: r.Query, path: path, pattern: &s.match.path, body: r.Body, at: r.Time,
		limit: s.needs.RequestLimit, unpacked: s.unpacked.request, trie: &s.requestPaths, scan: &x.scans[0], graphql: s.match.graphql,
		issues: issues}
}

// settle computes what depends on the other specs: which may turn out to be the one, and what all of them need.
func (s *Set) settle() {
	for i, spec := range s.specs {
		spec.needs, spec.unpacked = spec.own, spec.ownUnpacked
		if !spec.own.Undecided {
			continue
		}
		for _, rival := range s.specs[i:] {
			if !spec.match.overlaps(&rival.match) {
				continue
			}
			spec.rivals = append(spec.rivals, rival)
			spec.needs = spec.needs.union(rival.own)
			spec.unpacked.request = max(spec.unpacked.request, rival.ownUnpacked.request)
			spec.unpacked.response = max(spec.unpacked.response, rival.ownUnpacked.response)
		}
	}
}

func (n Needs) union(other Needs) Needs {
	return Needs{
		RequestBody:   n.RequestBody || other.RequestBody,
		ResponseBody:  n.ResponseBody || other.ResponseBody,
		RequestLimit:  max(n.RequestLimit, other.RequestLimit),
		ResponseLimit: max(n.ResponseLimit, other.ResponseLimit),
		Inline:        n.Inline || other.Inline,
		Undecided:     n.Undecided || other.Undecided,
	}
}
