package rule

import (
	"fmt"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/event"
	"wayguard/session"
)

// checkEvidence refuses words that no wire ever shows.
func (s Step) checkEvidence() document.Problems {
	var problems document.Problems
	word := func(path, word string, known []string) {
		if !slices.Contains(known, word) {
			problems = append(problems, s.At.Problem(path, fmt.Sprintf("%q is never the value there", word), anyOf(word, known[1:])))
		}
	}
	word("wire.kind", string(s.Wire.Kind), requestKinds())
	word("wire.hints", string(s.Wire.Hints), []string{"", string(event.HintsAnswered), string(event.HintsMissing)})
	word("client.proof", string(s.Client.Proof), proofs())
	word("network.kind", string(s.Network.Kind), networkKinds())
	for n, flaw := range s.Wire.Flaws {
		word(fmt.Sprintf("wire.flaws[%d]", n), string(flaw), append([]string{""}, flaws()...))
	}
	for _, token := range s.Tokens {
		declared := strings.TrimPrefix(token.Name, session.Undeclared)
		if kind, name, _ := strings.Cut(declared, ":"); kind != "cookie" && kind != "header" || name == "" {
			problems = append(problems, token.At.Problem("name", "a token's name says where it is", `such as "cookie:sid" or "header:authorization"`))
		}
		if token.Value == "" {
			problems = append(problems, token.At.Problem("value", "a token has a value", ""))
		}
	}
	return problems
}

// show puts what the step says of the wire into the evidence of its n-th repetition.
func (s Step) show(e *event.Evidence, n int) {
	hashed := func(kind, text string) string {
		if text == "" {
			return ""
		}
		return digest(kind, fill(text, n))
	}
	e.Wire, e.Client, e.Network = s.Wire, s.Client, s.Network
	w, c := &e.Wire, &e.Client
	w.Connection, w.Headers = hashed("connection", w.Connection), hashed("wire headers", w.Headers)
	w.Page, w.From = hashed("page", w.Page), hashed("page", w.From)
	w.JA4, w.HTTP2, w.Flaws = fill(w.JA4, n), fill(w.HTTP2, n), slices.Clone(w.Flaws)
	c.Family, c.Platform, c.Model, c.Language = fill(c.Family, n), fill(c.Platform, n), fill(c.Model, n), fill(c.Language, n)
	c.Agent = fill(c.Agent, n)
	for _, token := range s.Tokens {
		name := fill(token.Name, n)
		e.Tokens = append(e.Tokens, event.Token{Name: name, Hash: digest(name, fill(token.Value, n)), Issued: token.Issued})
	}
}

// named are the last events of all visitors and marks of the journey, by their names.
func (t Test) named() map[string]event.ID {
	last := map[string]Step{}
	ids := map[string]event.ID{}
	name := func(name string, number, n int) {
		step := t.Journey[number]
		earlier, there := last[name]
		if there && step.when(n).Before(earlier.when(1)) {
			return
		}
		at := step
		at.Time = step.when(n).Sub(journeyStart())
		last[name], ids[name] = at, t.id(number, n)
	}
	for number, step := range t.Journey {
		for n := 1; n <= min(max(1, step.Repeat), maxRepeat); n++ {
			name(step.visitor(n), number, n)
			if step.Mark != "" {
				name(step.Mark, number, n)
			}
		}
	}
	return ids
}

// group is an expectation that some events belong, or do not belong, together.
type group struct {
	key   string
	names []string
	same  bool
	what  string
	of    func(*event.Record) event.ID
}

// groups are those that the expectation names.
func (e *Expectation) groups() []group {
	if e == nil {
		return nil
	}
	visit := func(r *event.Record) event.ID { return r.Session.ID }
	device := func(r *event.Record) event.ID { return r.Session.Journey }
	person := func(r *event.Record) event.ID { return r.Session.Person }
	actor := func(r *event.Record) event.ID { return r.Session.Actor }
	var all []group
	for _, g := range []group{
		{"same_session", e.SameSession, true, "session", visit}, {"different_session", e.DifferentSession, false, "session", visit},
		{"same_device", e.SameDevice, true, "device", device}, {"different_device", e.DifferentDevice, false, "device", device},
		{"same_person", e.SamePerson, true, "person", person}, {"different_person", e.DifferentPerson, false, "person", person},
		{"same_actor", e.SameActor, true, "actor", actor}, {"different_actor", e.DifferentActor, false, "actor", actor},
	} {
		if len(g.names) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// joins compares what was expected to belong together with the records.
func (t Test) joins(records []event.Record) []string {
	byID, absorbed := map[event.ID]*event.Record{}, map[event.ID]event.ID{}
	for i := range records {
		byID[records[i].Event.ID] = &records[i]
		if earlier := records[i].Session.Absorbed; earlier != "" {
			absorbed[earlier] = records[i].Session.ID
		}
	}
	named := t.named()
	var failures []string
	for _, g := range t.Expect.groups() {
		for i, one := range g.names {
			for _, other := range g.names[i+1:] {
				a, b := byID[named[one]], byID[named[other]]
				if a == nil || b == nil {
					failures = append(failures, fmt.Sprintf("there is no record of %s or of %s", one, other))
					continue
				}
				x, y := final(g.of(a), absorbed), final(g.of(b), absorbed)
				if together := x == y && x != ""; together != g.same {
					failures = append(failures, g.failure(one, other, b))
				}
			}
		}
	}
	return failures
}

// final is the session that took a session in, and so on; any other id is itself.
func final(id event.ID, absorbed map[event.ID]event.ID) event.ID {
	for range absorbed {
		next, taken := absorbed[id]
		if !taken {
			return id
		}
		id = next
	}
	return id
}

// failure says why two events do not belong together, or do.
func (g group) failure(one, other string, record *event.Record) string {
	be := "are of one"
	if g.same {
		be = "are not of one"
	}
	text := fmt.Sprintf("%s and %s %s %s", one, other, be, g.what)
	switch s := &record.Session; {
	case g.what == "session":
		return text + fmt.Sprintf(": %s was joined by %s (%s)", other, s.Join.By, s.Join.Detail)
	case s.Link.Tier != "":
		return text + fmt.Sprintf(": the link of %s is %s with %d centibits, %d before the next", other, s.Link.Tier, s.Link.Bits, s.Link.Margin)
	}
	return text
}
