package capture

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// matcher is a spec's compiled conditions on the head of a request.
type matcher struct {
	hosts        []glob
	methods      []string
	path         pattern
	query        []condition
	header       []condition
	contentTypes []glob
	// graphql are the operation names or root fields, decided by the body; empty: the head decides alone.
	graphql []string
}

// condition is what a named value must be: one of several globs, present, or absent.
type condition struct {
	name   string
	absent bool
	any    []glob
}

func newCondition(name string, values []string, folded bool) condition {
	c := condition{name: name}
	for _, value := range values {
		if value == absent {
			c.absent = true
			continue
		}
		c.any = append(c.any, newGlob(value, folded))
	}
	return c
}

func (c *condition) fits(value string) bool {
	for i := range c.any {
		if c.any[i].matches(value) {
			return true
		}
	}
	return false
}

// Match gives the first spec whose conditions on the head hold, nil when none do. It allocates nothing on a miss.
func (s *Set) Match(r *Request) *Spec {
	if s == nil {
		return nil
	}
	var text [512]byte
	var ends [48]int
	path := splitPath(segments{text: text[:0], ends: ends[:0]}, r.Path)
	for _, spec := range s.branch.candidates(&path) {
		if spec.match.matches(r, &path) {
			return spec
		}
	}
	return nil
}

// branch is where the paths of specs part: by the literal text of one segment. It leaves over the specs that can match, in
// their order, so that few are looked at.
type branch struct {
	next map[string]*branch
	// specs are those that can match a path which goes on as no branch does.
	specs []*Spec
}

// The bounds of branches: so few specs are looked at one by one, so many segments are asked, and so many entries there
// may be in the lists of all.
const (
	fewSpecs      = 3
	maxDepth      = 4
	maxCandidates = 2 << 20
)

// candidates are the specs that the path's first segments leave over, in order.
func (b *branch) candidates(path *segments) []*Spec {
	for depth := 0; b.next != nil && depth < path.len(); depth++ {
		next, ok := b.next[string(path.at(depth))]
		if !ok {
			break
		}
		b = next
	}
	return b.specs
}

// newBranch sorts specs by their segment at a depth; all of them can match a path as far as that. It lowers the room that
// is left for entries.
func newBranch(specs []*Spec, depth int, room *int) branch {
	literals := map[string][]*Spec{}
	var others []*Spec
	for _, spec := range specs {
		if text, literal := spec.match.path.literal(depth); literal {
			literals[text] = nil
		} else {
			others = append(others, spec)
		}
	}
	entries := len(specs) + len(others)*len(literals)
	if len(specs) <= fewSpecs || depth == maxDepth || len(literals) == 0 || entries > *room {
		return branch{specs: specs}
	}
	*room -= entries
	for _, spec := range specs {
		if text, literal := spec.match.path.literal(depth); literal {
			literals[text] = append(literals[text], spec)
			continue
		}
		for text := range literals {
			literals[text] = append(literals[text], spec)
		}
	}
	b := branch{next: make(map[string]*branch, len(literals)), specs: others}
	for text, list := range literals {
		next := newBranch(list, depth+1, room)
		b.next[text] = &next
	}
	return b
}

func (m *matcher) matches(r *Request, path *segments) bool {
	if len(m.methods) > 0 && !slices.Contains(m.methods, r.Method) {
		return false
	}
	return m.path.matches(path) && m.matchesHost(r.Host) && m.matchesHeader(r.Header) &&
		m.matchesContentType(r.Header) && m.matchesQuery(r.Query)
}

func (m *matcher) matchesHost(host string) bool {
	if len(m.hosts) == 0 {
		return true
	}
	host = bareHost(host)
	for i := range m.hosts {
		if m.hosts[i].matches(host) {
			return true
		}
	}
	return false
}

// bareHost is a host without its port and without the root's dot.
func bareHost(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && !strings.HasSuffix(host, "]") &&
		(strings.IndexByte(host, ':') == colon || host[0] == '[') {
		host = host[:colon]
	}
	return strings.TrimSuffix(host, ".")
}

func (m *matcher) matchesHeader(header []Field) bool {
	for i := range m.header {
		if !m.header[i].holdsInHeader(header) {
			return false
		}
	}
	return true
}

func (c *condition) holdsInHeader(header []Field) bool {
	found := false
	for i := range header {
		if equalFold(header[i].Name, c.name) {
			found = true
			if c.fits(header[i].Value) {
				return true
			}
		}
	}
	return c.absent && !found
}

func (m *matcher) matchesContentType(header []Field) bool {
	if len(m.contentTypes) == 0 {
		return true
	}
	// Of several, the application may go by any.
	sent := false
	for i := range header {
		if equalFold(header[i].Name, "content-type") {
			sent = true
			media, _, _ := strings.Cut(header[i].Value, ";")
			if m.fitsMedia(strings.TrimSpace(media)) {
				return true
			}
		}
	}
	return !sent && m.fitsMedia("")
}

func (m *matcher) fitsMedia(media string) bool {
	for i := range m.contentTypes {
		if m.contentTypes[i].matches(media) {
			return true
		}
	}
	return false
}

func (m *matcher) matchesQuery(query string) bool {
	for i := range m.query {
		c := &m.query[i]
		found, fits := false, false
		for name, value := range pairs(query) {
			if decodedEquals(name, c.name) {
				found = true
				text, ok := decodeFormText(nil, value)
				fits = fits || ok && c.fits(text)
			}
		}
		if !fits && (found || !c.absent) {
			return false
		}
	}
	return true
}

// decodedEquals compares an encoded name with a plain one, decoding only where it must.
func decodedEquals(encoded, plain string) bool {
	if !isEncoded(encoded) {
		return encoded == plain
	}
	var room [256]byte
	text, ok := appendDecoded(room[:0], encoded)
	return ok && utf8.Valid(text) && string(text) == plain
}
