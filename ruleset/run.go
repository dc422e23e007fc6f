package ruleset

import "wayguard/payment"

// run is the evaluation of one payment: what was read of it, and what was counted. It is used again and again.
type run struct {
	program *Program
	in      Input
	slots   []slot
	counts  []count
	results []payment.BackendResult
	// item is where the values of a list are put, one after the other.
	item value
}

// slot is what stands at a path.
type slot struct {
	read, keyed, showing bool
	value                value
	raw                  any
	// shown is raw for explanations.
	shown any
	// key is the value as counters and lists know it, hasKey false where it has none.
	key    string
	hasKey bool
}

// count is what a counter said.
type count struct {
	asked, known bool
	number       int64
}

func (p *Program) begin(in Input) *run {
	r, _ := p.runs.Get().(*run)
	if r == nil {
		r = &run{program: p, slots: make([]slot, len(p.sources)), counts: make([]count, len(p.counters))}
	}
	r.in = in
	return r
}

// end forgets everything about the payment.
func (r *run) end() {
	clear(r.slots)
	clear(r.counts)
	r.in, r.results, r.item = Input{}, nil, value{}
	r.program.runs.Put(r)
}

// slot reads what stands at a path.
func (r *run) slot(i int) *slot {
	s := &r.slots[i]
	if s.read {
		return s
	}
	from := &r.program.sources[i]
	if from.backend != "" {
		s.raw = r.said(from.backend, from.attribute)
		s.value = readValue(s.raw)
		return s
	}
	s.read = true
	found := false
	if s.raw, found = payment.Lookup(r.in.Request.Tree, from.path); found {
		s.value = readValue(s.raw)
	}
	return s
}

// said is what a backend said earlier, nil for nothing.
func (r *run) said(backend, attribute string) any {
	for i := len(r.results) - 1; i >= 0; i-- {
		result := &r.results[i]
		if result.Backend != backend {
			continue
		}
		switch {
		case attribute == "outcome" && result.Outcome != "":
			return string(result.Outcome)
		case attribute == "score" && result.Score != nil:
			return *result.Score
		case attribute == "error" && result.Error != nil:
			return *result.Error
		case attribute == "reference" && result.Reference != "":
			return result.Reference
		}
		return nil
	}
	return nil
}

// key is the value at a path as counters and lists know it.
func (r *run) key(i int) (string, bool) {
	s := r.slot(i)
	if !s.keyed {
		s.keyed = s.read
		if s.key, s.hasKey = s.value.key(); s.hasKey {
			s.key = r.program.sources[i].path.Normal(s.key)
		}
	}
	return s.key, s.hasKey
}

// anyKey says whether ask holds for the value at a path or, where that is a list, for one of its values.
func (r *run) anyKey(i int, ask func(r *run, key string) bool) bool {
	s := r.slot(i)
	if s.value.kind != list {
		key, ok := r.key(i)
		return ok && ask(r, key)
	}
	for _, item := range s.value.many {
		if key, ok := Scalar(item); ok && ask(r, r.program.sources[i].path.Normal(key)) {
			return true
		}
	}
	return false
}

// counter is a window with where its values stand.
type counter struct {
	window Window
	field  int
}

// count asks a counter, once for a payment.
func (r *run) count(i int) (number int64, known bool) {
	c := &r.counts[i]
	if c.asked {
		return c.number, c.known
	}
	c.asked = true
	asked := &r.program.counters[i]
	key, ok := r.key(asked.field)
	if !ok || r.in.Counters == nil {
		return 0, false
	}
	w, scope := &asked.window, ""
	if w.Scoped {
		scope = r.in.Request.Context
	}
	switch w.Kind {
	case SumOf:
		c.number, c.known = r.in.Counters.Sum(w.Path, key, scope, r.in.Request.Currency, w.Length)
	case DistinctOf:
		c.number, c.known = r.in.Counters.Distinct(w.Path, key, scope, w.Of, w.Length)
	default:
		c.number, c.known = r.in.Counters.Count(w.Path, key, scope, w.Length)
	}
	return c.number, c.known
}

// backends is what backends said so far, for expressions.
func (r *run) backends() map[string]any {
	all := make(map[string]any, len(r.results))
	for i := range r.results {
		result := &r.results[i]
		said := map[string]any{}
		for _, attribute := range attributes() {
			if v := r.said(result.Backend, attribute); v != nil {
				said[attribute] = v
			}
		}
		all[result.Backend] = said
	}
	return all
}
