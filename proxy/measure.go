package proxy

import (
	"slices"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// obey carries out what was decided about a held request. It answers true when the request is over.
func (p *passage) obey(d disposition) (over bool) {
	m := &d.measure
	p.spare(m)
	if m.Origin != "" && p.origins.set.Find(m.Origin) == nil {
		p.wire.complaints.say("a policy names an origin that there is not", "origin", m.Origin)
		m.Origin = ""
		m.Actions = undone(m.Actions, event.Decoy, event.Failed, "there is no such origin")
	}
	if m.Request != nil && m.Request.Body != nil && !p.bodyIsWhole() {
		p.wire.counts.skip(skipRequestBody)
		m.Actions = undone(m.Actions, event.Rewrite, event.Failed, "the body was not read whole")
		changed := *m.Request
		changed.Body, m.Request = nil, &changed
	}
	p.ex.acted(m)
	if m.Answer != nil {
		if !d.refused {
			p.wire.counts.blocked.Add(1)
		}
		p.answer(m.Answer)
		return true
	}
	if m.Origin != "" {
		p.directive.Origin = m.Origin
	}
	p.tags = d.tags
	if m.Request != nil {
		p.requestEdits = append(p.requestEdits, m.Request)
		if m.Request.Body != nil {
			p.replaceBody(m.Request.Body)
		}
	}
	if m.Response != nil {
		p.answerEdits = append(p.answerEdits, m.Response)
	}
	if m.Delay > 0 && !p.pause(time.Now().Add(m.Delay), false) {
		p.left()
		return true
	}
	return false
}

// undone are actions of which those of a kind could not be done. Whose memory the given ones are is not known.
func undone(actions []event.Action, kind event.ActionKind, outcome event.Outcome, why string) []event.Action {
	actions = slices.Clone(actions)
	for i := range actions {
		if actions[i].Kind == kind && actions[i].Outcome == event.Done {
			actions[i].Outcome, actions[i].Detail = outcome, why
		}
	}
	return actions
}

// spare lets a browser's question before a request to another site (a CORS preflight) through where a check would be its answer:
// it carries no cookie, so no check that was passed can be seen, and no page that it gets is shown to anybody.
func (p *passage) spare(m *mitigation.Measure) {
	if m.Answer == nil || !p.preflight() {
		return
	}
	checks := false
	for i := range m.Actions {
		switch a := &m.Actions[i]; {
		case a.Outcome != event.Done:
		case a.Kind == event.Challenge, a.Kind == event.SecondFactor:
			checks = true
		case endsRequest(a.Kind):
			return
		}
	}
	if checks {
		m.Answer = nil
		m.Actions = undone(m.Actions, event.Challenge, event.Withheld, "a preflight")
		m.Actions = undone(m.Actions, event.SecondFactor, event.Withheld, "a preflight")
	}
}

func endsRequest(kind event.ActionKind) bool {
	switch kind {
	case event.Drop, event.Block, event.Maintenance, event.Redirect, event.Feign, event.RateLimit:
		return true
	}
	return false
}

// preflight says whether the request is one of CORS, without a body and without a header that has some applications take it for
// another method.
func (p *passage) preflight() bool {
	if p.asked.method != "OPTIONS" || !p.asked.whole || len(p.asked.body) > 0 {
		return false
	}
	origin, method := false, false
	for i := range p.asked.fields {
		name := p.asked.fields[i].Name
		origin = origin || equalFold(name, "Origin")
		method = method || equalFold(name, "Access-Control-Request-Method")
		if strings.Contains(strings.ToLower(name), "method-override") || strings.Contains(strings.ToLower(name), "http-method") {
			return false
		}
	}
	return origin && method
}

// acted notes on the event to come what is done with a request.
func (ex *exchange) acted(m *mitigation.Measure) {
	for i := range m.Actions {
		ex.in.counts.act(m.Actions[i].Kind, m.Actions[i].Outcome)
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.actions = append(ex.actions, m.Actions...)
	ex.decoy = m.Origin != ""
	if m.Answer != nil {
		ex.own, ex.status = true, statusOf(m.Answer)
	}
}

// statusOf is the status that an answer is given with, 0 when there is none.
func statusOf(a *mitigation.Answer) int {
	switch {
	case a.Drop:
		return 0
	case a.Status < 200 || a.Status > 599:
		return 403
	}
	return a.Status
}

// body is the request's body, as far as it was read; whole says that this is all of it.
func (p *passage) body() (body []byte, whole bool) {
	switch {
	case p.asked.whole:
		return p.asked.body, true
	case p.ahead != nil:
		return p.ahead.everything()
	}
	return nil, false
}

func (p *passage) bodyIsWhole() bool {
	_, whole := p.body()
	return whole
}

// replaceBody has the origin get another body than the one that came, all of which was read.
func (p *passage) replaceBody(body []byte) {
	a := &p.asked
	a.whole, a.body = true, body
	a.framing.Length, a.framing.HasLength, a.framing.Chunked = int64(len(body)), true, false
	p.source = nil
}

// resume puts the original body in the place of a check's solution that has carried it along.
func (p *passage) resume() {
	policy := p.now.policy
	if policy == nil || !isForm(&p.client) {
		return
	}
	body, whole := p.body()
	if !whole || len(body) == 0 {
		return
	}
	var head capture.Request
	p.ex.question(&head)
	head.Body = capture.Body{Bytes: body}
	var replaced []byte
	var contentType, cookie string
	found := false
	p.wire.inspection.guard("Resume", func() { replaced, contentType, cookie, found = policy.Resume(&head, body) })
	if !found {
		return
	}
	p.replaceBody(replaced)
	edit := &mitigation.Edit{Remove: []string{"Content-Type"}}
	if contentType != "" {
		edit = &mitigation.Edit{Set: []capture.Field{{Name: "Content-Type", Value: contentType}}}
	}
	p.requestEdits = append(p.requestEdits, edit)
	if cookie != "" {
		p.cookie = cookie
		p.answerEdits = append(p.answerEdits, &mitigation.Edit{Add: []capture.Field{{Name: "Set-Cookie", Value: cookie}}})
	}
	p.ex.resumed(replaced, contentType)
}

// resumed has the event tell the original body instead of the check's solution.
func (ex *exchange) resumed(body []byte, contentType string) {
	whole := len(body)
	if !ex.reserve(whole) {
		body = nil
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	header := make([]capture.Field, 0, len(ex.head.Header)+1)
	for _, field := range ex.head.Header {
		if !equalFold(field.Name, "Content-Type") {
			header = append(header, field)
		}
	}
	if contentType != "" {
		header = append(header, capture.Field{Name: "Content-Type", Value: contentType})
	}
	ex.head.Header = header
	keep := min(len(body), ex.request.limit)
	ex.request.bytes, ex.request.truncated = body[:keep:keep], keep < whole
}
