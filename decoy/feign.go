package decoy

import (
	"math"
	"slices"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// enoughManner is how many answers to requests of one manner say what such requests get.
const enoughManner = 5

// Feign makes an answer that passes for the origin's; ok is false when too few of the origin's were seen and the operator wrote no
// template. as is "failure", also when empty, or "success". The answer follows from the request, the account that it names and
// the session; passwords have no part in it. What the origin makes anew for each request is made anew for each request here.
func (s *Set) Feign(spec, as string, t policy.TemplateConfig, head *capture.Request, e *event.Event, session event.ID, now time.Time) (Answer, bool) {
	q := &question{set: s, spec: spec, as: string(resultOf(as)), template: &t, head: head, event: e, session: session, now: now}
	q.said = readAsked(head)
	q.streams()
	b := s.known(spec, resultOf(as))
	if b != nil && !t.Always {
		if ed := b.edition.Load(); ed.ready(s.settings.Samples) {
			return q.learned(b, ed), true
		}
	}
	if t.Status == 0 && t.Body == "" {
		return Answer{}, false
	}
	return q.written(), true
}

// question is what a feigned answer follows from.
type question struct {
	set      *Set
	spec, as string
	template *policy.TemplateConfig
	head     *capture.Request
	event    *event.Event
	session  event.ID
	now      time.Time

	said                 asked
	fate, noise, lasting *stream
}

func (q *question) streams() {
	if account := accountOf(q.event); account != nil {
		q.fate = q.set.draw("fate", q.spec, q.as, account.Name, account.Value)
	} else {
		parts := []string{"fate", q.spec, q.as, string(q.session), q.head.Method, q.head.Host, q.head.Path, q.head.Query}
		for _, v := range q.said.values {
			if !strings.HasPrefix(v.field, "header:") && !strings.HasPrefix(v.field, "cookie:") {
				parts = append(parts, v.field, v.text)
			}
		}
		q.fate = q.set.draw(parts...)
	}
	id := q.head.ID
	if id == "" {
		id = q.event.ID
	}
	q.noise = q.set.draw("noise", q.spec, q.as, string(q.session), string(id))
	q.lasting = q.set.draw("session", string(q.session))
}

// learned is an answer like those of the origin.
func (q *question) learned(b *book, ed *edition) Answer {
	p, m := q.pick(b, ed)
	after := q.duration(b, p)
	o := &occasion{said: q.said, moment: q.began().Add(after), fate: q.fate, noise: q.noise, session: q.lasting, memo: m,
		html: p.heading.html, json: p.heading.json}
	if len(q.template.Canaries) > 0 {
		o.canary = q.canaryBehind
	}
	values, body := p.template.render(o)
	a := Answer{Status: p.heading.status, Body: []byte(body), After: after, Framing: p.heading.framing}
	coded := p.heading.coding == "" || p.heading.coding == "identity" || len(body) == 0 ||
		slices.Contains(codings(fieldValue(q.head.Header, "Accept-Encoding")), p.heading.coding)
	for i, name := range p.heading.names {
		if !coded && strings.EqualFold(name, "Content-Encoding") {
			if a.Framing.At > len(a.Header) {
				a.Framing.At--
			}
			continue
		}
		a.Header = append(a.Header, capture.Field{Name: name, Value: values[i]})
	}
	if coded && len(body) > 0 {
		a.Body = pack(p.packer, a.Body)
	}
	return a
}

// pick is the kind of answer that the account got before, where the origin decides by account and such requests get it at all, or one
// by how often they get it.
func (q *question) pick(b *book, ed *edition) (*printed, memo) {
	var m memo
	if account := accountOf(q.event); account != nil {
		m, _ = b.memos.find(hashOf(account.Value))
	}
	weights, sum := ed.weights(mannerOf(q.head, q.event, &q.said))
	r := q.fate
	if ed.byChance {
		r = q.noise
	} else {
		for i := range ed.prints {
			if ed.prints[i].key == m.variant && weights[i] > 0 {
				return &ed.prints[i], m
			}
		}
	}
	left := r.branch("variant").unit() * sum
	for i, weight := range weights {
		if left -= weight; left < 0 && weight > 0 {
			return &ed.prints[i], m
		}
	}
	return &ed.prints[len(ed.prints)-1], m
}

// weights are how often requests of a manner got each kind of answer, by the finest manner of which enough is known.
func (ed *edition) weights(how manner) (list []float64, sum float64) {
	list = make([]float64, len(ed.prints))
	for level := range how {
		sum = 0
		for i := range ed.prints {
			list[i] = ed.prints[i].manners[how[level]]
			sum += list[i]
		}
		if sum >= enoughManner {
			return list, sum
		}
	}
	sum = 0
	for i := range ed.prints {
		list[i] = ed.prints[i].total
		sum += list[i]
	}
	return list, sum
}

// began is when the request's head had arrived.
func (q *question) began() time.Time {
	if q.head.Time.IsZero() {
		return q.now
	}
	return q.head.Time
}

// enoughLaw is how many durations of one kind of answer make a distribution of their own.
const enoughLaw = 50

// duration draws how long the origin would have taken: for this kind of answer, or for this result, or for this spec.
func (q *question) duration(b *book, p *printed) time.Duration {
	r := q.noise.branch("duration")
	if p != nil && p.law != nil {
		if d, ok := p.law.draw(r); ok {
			return d
		}
	}
	for _, book := range []*book{b, q.set.known(q.spec, event.Success), q.set.known(q.spec, event.Failure)} {
		if book == nil {
			continue
		}
		if l := book.law.Load(); l != nil {
			if d, ok := l.draw(r); ok {
				return d
			}
		}
	}
	// Nothing was seen: about what a page takes that looks something up.
	spread := r.unit() + r.unit() + r.unit() + r.unit() - 2
	return time.Duration(float64(90*time.Millisecond) * math.Exp(0.6*spread))
}

// written is the operator's template, filled in.
func (q *question) written() Answer {
	a := Answer{Status: q.template.Status, After: q.duration(nil, nil), Framing: Framing{Name: "Content-Length"}}
	if a.Status == 0 {
		a.Status = 200
		if q.as == string(event.Failure) {
			a.Status = 401
		}
	}
	body := q.template.Body
	for _, name := range sortedNames(q.template.Canaries) {
		if place := "{" + name + "}"; strings.Contains(body, place) {
			body = strings.ReplaceAll(body, place, q.canary(name))
		}
	}
	a.Body = []byte(body)
	a.Header = q.writtenHeader(body, a.After)
	a.Framing.At = len(a.Header)
	return a
}

// writtenHeader is the operator's headers among those that all of the origin's answers have, in the origin's order, as far as
// answers of this spec with another result were seen.
func (q *question) writtenHeader(body string, after time.Duration) []capture.Field {
	left := map[string]string{}
	for name, text := range q.template.Headers {
		left[strings.ToLower(name)] = name + "\x00" + text
	}
	if left["content-type"] == "" && body != "" {
		left["content-type"] = "Content-Type\x00" + guessType(body)
	}
	var header []capture.Field
	if p := q.neighbour(); p != nil {
		o := &occasion{said: q.said, moment: q.began().Add(after), fate: q.fate, noise: q.noise, session: q.lasting}
		values, _ := p.template.render(o)
		for i, name := range p.heading.names {
			lower := strings.ToLower(name)
			if said, ok := left[lower]; ok {
				_, text, _ := strings.Cut(said, "\x00")
				header = append(header, capture.Field{Name: name, Value: text})
				delete(left, lower)
			} else if isEverywhere(lower) {
				header = append(header, capture.Field{Name: name, Value: values[i]})
			}
		}
	}
	for _, lower := range sortedNames(left) {
		name, text, _ := strings.Cut(left[lower], "\x00")
		header = append(header, capture.Field{Name: name, Value: text})
	}
	return header
}

// neighbour is the most frequent answer of the spec with any result, nil when none was learned.
func (q *question) neighbour() *printed {
	var best *printed
	for _, result := range []event.Result{event.Failure, event.Success} {
		b := q.set.known(q.spec, result)
		if b == nil {
			continue
		}
		ed := b.edition.Load()
		for i := 0; ed != nil && i < len(ed.prints); i++ {
			if best == nil || ed.prints[i].total > best.total {
				best = &ed.prints[i]
			}
		}
	}
	return best
}

// isEverywhere says whether a header is the server's rather than one answer's.
func isEverywhere(name string) bool {
	switch name {
	case "date", "server", "x-powered-by", "strict-transport-security", "x-frame-options", "x-content-type-options", "referrer-policy",
		"x-xss-protection", "x-request-id", "permissions-policy", "vary", "cache-control":
		return true
	}
	return false
}

// guessType is a content type for a body of the operator's.
func guessType(body string) string {
	switch trimmed := strings.TrimSpace(body); {
	case strings.HasPrefix(trimmed, "{"), strings.HasPrefix(trimmed, "["):
		return "application/json"
	case strings.HasPrefix(trimmed, "<"):
		return "text/html; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// canaryBehind is the canary that belongs behind a text such as `"order":"`, or `name="order" value="`.
func (q *question) canaryBehind(before string) (string, bool) {
	for _, name := range sortedNames(q.template.Canaries) {
		if namesField(before, name) {
			return q.canary(name), true
		}
	}
	return "", false
}

// namesField says whether a text ends with a field's name and what stands between a name and its value.
func namesField(before, name string) bool {
	trimmed := strings.TrimRight(before, "\"'=: \t")
	if strings.HasSuffix(trimmed, "value") && !strings.EqualFold(name, "value") {
		trimmed = strings.TrimRight(strings.TrimSuffix(trimmed, "value"), "\"'=: \t")
	}
	if trimmed == before || !strings.HasSuffix(strings.ToLower(trimmed), strings.ToLower(name)) {
		return false
	}
	return !inWord(trimmed, len(trimmed)-len(name))
}
