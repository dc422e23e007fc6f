package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/mitigation"
	"wayguard/payment"
)

// routeBudget bounds a decision about a payment on its way through the proxy, beside the budget of the inline question.
const routeBudget = 10 * time.Second

// paymentRoutes are the specs whose requests are payments, each with the interceptor that decides.
type paymentRoutes struct {
	refs map[string]string
	m    *mitigator
}

func (m *mitigator) paymentRoutes(c config.Config) paymentRoutes {
	routes := paymentRoutes{refs: make(map[string]string, len(c.Decisions.Routes)), m: m}
	for _, r := range c.Decisions.Routes {
		routes.refs[r.Spec] = r.Interceptor
	}
	return routes
}

// decide has an interceptor decide about a held request. Whatever keeps it from deciding lets the request go on, unless the interceptor
// says otherwise, and is counted.
func (r paymentRoutes) decide(ref string, head *capture.Request, e *event.Event, j *mitigation.Judgement, measure *mitigation.Measure) {
	p := r.m.payments.Load()
	if p == nil {
		r.m.unpaid.Add(1)
		return
	}
	program, active := p.service.InForce(ref)
	if !active {
		r.m.unpaid.Add(1)
		return
	}
	request, problems := p.mapped(program, head, j)
	if request == nil {
		if len(problems) > 0 {
			r.m.unpaid.Add(1)
			refuseUnless(program.ForwardsInvalid(), head, ref, measure)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), routeBudget)
	defer cancel()
	d, err := p.service.Decide(ctx, request, decision.Caller{Client: "proxy", Integration: "interceptor", InterceptorID: program.Interceptor().ID})
	if err != nil {
		r.m.unpaid.Add(1)
		refuseUnless(program.ForwardsFailed(), head, ref, measure)
		return
	}
	if program.Forwards(d.Decision) {
		if measure.Request == nil {
			measure.Request = &mitigation.Edit{}
		}
		measure.Request.Set = append(measure.Request.Set, capture.Field{Name: program.DecisionHeader(), Value: string(d.ID)})
		return
	}
	measure.Answer = answerOf(program, &d, head)
	measure.Actions = append(measure.Actions, event.Action{Name: "payment " + strings.ToLower(string(d.Decision)), Kind: event.Block,
		Because: "decision " + string(d.ID), Outcome: event.Done, Detail: "interceptor " + ref})
}

// mapped is the payment that a request is, nil where it is passed through: the interceptor has no mapping yet, or the request cannot be
// mapped, as the problems then say. The session and the address are those of the visitor, whatever the request says.
func (p *payments) mapped(program *interceptor.Program, head *capture.Request, j *mitigation.Judgement) (*payment.Request, []payment.Problem) {
	header := http.Header{}
	for _, field := range head.Header {
		header.Add(field.Name, field.Value)
	}
	kind := interceptor.BodyKindOf(header.Get("Content-Type"))
	if head.Body.Truncated || header.Get("Content-Encoding") != "" {
		kind = interceptor.Opaque
	}
	document, problems := interceptor.Read(kind, head.Body.Bytes)
	if len(problems) > 0 {
		return nil, problems
	}
	p.service.Discover(program.Interceptor().ID, interceptor.Discover(document))
	if program.Passthrough() {
		return nil, nil
	}
	query, err := url.ParseQuery(head.Query)
	if err != nil {
		query = nil // a mapping that needs it finds nothing there
	}
	tree, problems := program.Map(interceptor.Inbound{Document: document, Header: header, Query: query})
	if len(problems) > 0 {
		return nil, problems
	}
	device, ok := tree["device"].(payment.Tree)
	if !ok {
		device = payment.Tree{}
		tree["device"] = device
	}
	device["session"] = string(j.Session.ID)
	if head.Peer.IsValid() {
		device["ip"] = head.Peer.String()
	}
	request, problems := payment.ParseTree(tree, p.acceptance)
	if len(problems) > 0 {
		return nil, problems
	}
	request.Context = program.Interceptor().Context
	return request, nil
}

// refuseUnless answers a request that cannot be decided about, unless it is to go on.
func refuseUnless(forward bool, head *capture.Request, ref string, measure *mitigation.Measure) {
	if forward {
		return
	}
	measure.Answer = refusal(head)
	measure.Actions = append(measure.Actions, event.Action{Name: "payment refused", Kind: event.Block, Because: "no decision could be made",
		Outcome: event.Done, Detail: "interceptor " + ref})
}

// answerOf is the interceptor's template, or a plain refusal: the decision itself is for merchants, not for visitors.
func answerOf(program *interceptor.Program, d *payment.Decision, head *capture.Request) *mitigation.Answer {
	responses := program.Interceptor().Responses
	response := map[payment.Outcome]*interceptor.Response{payment.Block: responses.Block, payment.Review: responses.Review, payment.Provisional: responses.Provisional}[d.Decision]
	if response == nil || response.Mode != "template" {
		return refusal(head)
	}
	rendered := program.Render(interceptor.Answer{Decision: *d})
	answer := &mitigation.Answer{Status: rendered.Status, Body: rendered.Body}
	for _, field := range rendered.Header {
		answer.Header = append(answer.Header, capture.Field{Name: field.Name, Value: field.Value})
	}
	return answer
}

// refusal is told to visitors whose payment is not taken.
func refusal(head *capture.Request) *mitigation.Answer {
	accept := ""
	for _, field := range head.Header {
		if strings.EqualFold(field.Name, "accept") {
			accept = field.Value
		}
	}
	if strings.Contains(accept, "text/html") {
		return &mitigation.Answer{Status: http.StatusForbidden, Header: []capture.Field{{Name: "Content-Type", Value: "text/html; charset=utf-8"}, {Name: "Cache-Control", Value: "no-store"}},
			Body: []byte("<!doctype html><html lang=en><title>Payment not taken</title><h1>We could not take this payment</h1><p>Please contact support.</p></html>")}
	}
	return &mitigation.Answer{Status: http.StatusForbidden, Header: []capture.Field{{Name: "Content-Type", Value: "application/problem+json"}, {Name: "Cache-Control", Value: "no-store"}},
		Body: []byte(`{"title":"Payment not taken","status":403}`)}
}
