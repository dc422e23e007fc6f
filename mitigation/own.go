package mitigation

import (
	"slices"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
)

// The elements that Facts adds to events. A value that a spec took from a request under one of these names is dropped: nobody says of
// himself that he passed a check.
const (
	checkElement  = "check"
	resultElement = "check_result"
	canaryElement = "canary"
	decoyElement  = "decoy"
)

// Facts adds to an event, before it is judged, what mitigation knows of its visitor: "check" is the strongest check that it holds,
// "check_result" what became of the last one that was offered (told once, with the visitor's next event), "canary" the spec whose feigned answer gave out a value that the event
// has, "decoy" the trap that the request walked into. Elements stay sorted by name, then value.
func (p *Plan) Facts(head *capture.Request, e *event.Event) {
	if slices.ContainsFunc(e.Elements, reserved) {
		// The event's own memory must not be written to: others may hold parts of it.
		e.Elements = slices.DeleteFunc(slices.Clone(e.Elements), reserved)
	}
	now := p.moment(e)
	if held := p.held(head, now); held.Kind != "" {
		addFact(e, checkElement, held.Kind)
	}
	if result := p.control.loops.result(head, e.ID); result != "" {
		addFact(e, resultElement, result)
	}
	if spec, ok := p.decoys.Canary(e); ok {
		addFact(e, canaryElement, spec)
	}
	if name, ok := p.traps.Touched(head); ok {
		addFact(e, decoyElement, name)
	}
}

func reserved(e event.Element) bool {
	switch e.Name {
	case checkElement, resultElement, canaryElement, decoyElement:
		return true
	}
	return false
}

func addFact(e *event.Event, name, value string) {
	fact := event.Element{Name: name, Kind: event.Attribute, Type: "string", Value: value}
	at, _ := slices.BinarySearchFunc(e.Elements, fact, func(a, b event.Element) int {
		if order := strings.Compare(a.Name, b.Name); order != 0 {
			return order
		}
		return strings.Compare(a.Value, b.Value)
	})
	e.Elements = slices.Insert(slices.Clip(e.Elements), at, fact)
}

// Own says whether a path is answered by Serve: the checks' pages and answers.
func (p *Plan) Own(path string) bool { return p.checks.Own(path) }

// ServeLimit is the largest body, in bytes, of a request that Serve is given.
const ServeLimit = 64 << 10

// Serve answers a request for one of our own paths. body is the whole of it, at most ServeLimit bytes. It may wait for a captcha's
// provider.
func (p *Plan) Serve(head *capture.Request, body []byte) Answer {
	page, outcome := p.checks.Serve(head, body, p.control.deps.Now())
	p.answered(head, outcome)
	return *pageAnswer(page)
}

// pageAnswer is a check's page as an answer of our own.
func pageAnswer(page challenge.Page) *Answer {
	return &Answer{Status: page.Status, Header: page.Header, Body: page.Body, Trailer: page.Trailer}
}

// answered takes note of how a check was answered.
func (p *Plan) answered(head *capture.Request, outcome challenge.Outcome) {
	how := passed
	switch outcome.Result {
	case challenge.Passed:
	case challenge.Refused:
		how = refused
	default:
		return
	}
	if which, known := p.control.loops.answered(head, outcome); known {
		p.control.cohorts.add(which, how)
		return
	}
	p.control.cohorts.add(cohort{kind: outcome.Check, family: "unknown"}, how)
}

// ResumeLimit is the largest body, in bytes, of a request that Resume is given.
const ResumeLimit = challenge.ResumeLimit

// Resumes says whether a request, by its head and the first 80 bytes of its body, may carry the solution of a check, so that its body
// is worth reading whole, up to ResumeLimit, for Resume.
func (p *Plan) Resumes(head *capture.Request, beginning []byte) bool {
	return p.checks.Resumes(head, beginning)
}

// Resume finds in a request for any path the solution of a check, with the body that the visitor sent before it was checked. When ok
// is true, body and contentType replace those of the request, and setCookie, where it is not empty, is the value of a Set-Cookie
// header for the visitor's answer. The request itself, known by its id, then counts as one that has passed. It may wait for a captcha's
// provider.
func (p *Plan) Resume(head *capture.Request, body []byte) (replaced []byte, contentType, setCookie string, ok bool) {
	now := p.control.deps.Now()
	resumed, ok := p.checks.Resume(head, body, now)
	if !ok {
		return nil, "", "", false
	}
	p.answered(head, resumed.Outcome)
	if resumed.Outcome.Result == challenge.Passed {
		p.control.loops.resume(head.ID, resumed.Outcome.Check)
	}
	return resumed.Body, resumed.ContentType, resumed.SetCookie, true
}

// held is the strongest check that a request holds: by its cookie, or because it has carried the solution itself.
func (p *Plan) held(head *capture.Request, now time.Time) challenge.Held {
	held := p.checks.Held(head, now)
	if kind := p.control.loops.resumed(head.ID); kind != "" && !held.Enough(kind) {
		held = challenge.Held{Kind: kind}
	}
	return held
}

// learnLimit is how much of an answer is copied to learn from it, in bytes.
const learnLimit = 128 << 10

// Learns says how much of the answers of a spec, in bytes, is to be copied for Learn; 0 is nothing.
func (p *Plan) Learns(spec string) int {
	learns, named := p.learned[spec]
	if !named {
		learns = p.learnsElse
	}
	if learns {
		return learnLimit
	}
	return 0
}

// Learn takes what the origin really answered to a finished exchange.
func (p *Plan) Learn(e *event.Event, request *capture.Request, response *capture.Response) {
	if p.Learns(e.Spec) > 0 {
		p.decoys.Learn(e.Spec, e.Result, request, response, e)
	}
}

// pageLimit is the largest page, in bytes, that traps are put into.
const pageLimit = 2 << 20

// DecoyContent is what is put into the page of a path: links and fields that nobody finds. It is nil for pages that get nothing, and for
// all while the operator's stop holds.
func (p *Plan) DecoyContent(path string) *Edit {
	content := p.traps.Content(path)
	if content == nil || p.control.Halted(p.control.deps.Now()) != nil {
		return nil
	}
	return &Edit{
		Types: []string{"text/html"}, BodyLimit: pageLimit,
		Transform: func(_ string, page []byte) ([]byte, error) { return content.Put(page), nil },
	}
}

// trap is the answer that a decoy link gives, nil when the request follows none.
func (p *Plan) trap(head *capture.Request, e *event.Event, j *Judgement) *Answer {
	if e.Find(decoyElement) == nil || p.control.Halted(p.moment(e)) != nil {
		return nil
	}
	answer, ok := p.traps.Answer(head, j.Session.ID, p.moment(e))
	if !ok {
		return nil
	}
	return feignedAnswer(answer)
}
