package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
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

// routePlaces is how many payments on their way through the proxy are decided about at once. It bounds what hanging backends hold; a
// payment beyond it is one that no decision could be made about.
const routePlaces = 512

// paymentRoutes are the specs whose requests are payments, each with the interceptor that decides.
type paymentRoutes struct {
	refs    map[string]string
	timeout time.Duration
	m       *mitigator
}

func (m *mitigator) paymentRoutes(c config.Config) paymentRoutes {
	routes := paymentRoutes{refs: make(map[string]string, len(c.Decisions.Routes)), timeout: c.Decisions.RouteTimeout, m: m}
	for _, r := range c.Decisions.Routes {
		routes.refs[r.Spec] = r.Interceptor
	}
	return routes
}

// readBodies has the bodies of payments read, whatever their specs take of them.
func readBodies(c config.DecisionsConfig, specs []capture.SpecConfig) {
	for i := range specs {
		for _, r := range c.Routes {
			if r.Spec == specs[i].Name {
				specs[i].WholeBody = true
			}
		}
	}
}

// pay has an interceptor decide about a held request. Whatever keeps it from deciding lets the request go on, unless the interceptor says
// otherwise, and is counted. Whatever the visitor says in the header that tells the decision goes.
func (r paymentRoutes) pay(ctx context.Context, ref string, head *capture.Request, session event.ID, measure *mitigation.Measure) {
	edit := mitigation.Edit{}
	if measure.Request != nil {
		edit = *measure.Request // what is in it may be a policy's own
	}
	edit.Remove = append(slices.Clip(edit.Remove), interceptor.DecisionHeader)
	edit.Set, measure.Actions = slices.Clip(edit.Set), slices.Clip(measure.Actions)
	measure.Request = &edit
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
	edit.Remove = append(edit.Remove, program.DecisionHeader())
	if r.m.control.Halted(r.m.now()) != nil {
		r.m.unpaid.Add(1)
		measure.Actions = append(measure.Actions, event.Action{Name: "payment decision", Kind: event.Block, Because: "interceptor " + ref,
			Outcome: event.Withheld, Detail: "the operator's stop"})
		return
	}
	if r.m.paying.Add(1) > routePlaces {
		r.m.paying.Add(-1)
		r.undecided(program.ForwardsFailed(), head, ref, measure)
		return
	}
	defer r.m.paying.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	r.decide(ctx, p, program, head, session, measure)
}

// decide maps the request and has it decided about.
func (r paymentRoutes) decide(ctx context.Context, p *payments, program *interceptor.Program, head *capture.Request, session event.ID, measure *mitigation.Measure) {
	i := program.Interceptor()
	request, problems := p.mapped(program, head, session)
	if request == nil {
		if len(problems) > 0 {
			r.undecided(p.forwardsInvalid(program), head, i.Ref, measure)
		}
		return
	}
	d, err := p.service.Decide(ctx, request, decision.Caller{Client: "proxy", Integration: "interceptor", InterceptorID: i.ID, PaymentType: paymentType(head), Route: true})
	if err != nil {
		r.undecided(program.ForwardsFailed(), head, i.Ref, measure)
		return
	}
	if program.Forwards(d.Decision) {
		measure.Request.Set = append(measure.Request.Set, capture.Field{Name: program.DecisionHeader(), Value: string(d.ID)})
		return
	}
	measure.Answer = answerOf(program, &d, head)
	measure.Actions = append(measure.Actions, event.Action{Name: "payment " + strings.ToLower(string(d.Decision)), Kind: event.Block,
		Because: "decision " + string(d.ID), Outcome: event.Done, Detail: "interceptor " + i.Ref})
}

// forwardsInvalid says whether a request of the site goes on that cannot be mapped. Its body is the visitor's, who could choose one that
// cannot: so it does not where a rule could have stopped it, unless the interceptor says so.
func (p *payments) forwardsInvalid(program *interceptor.Program) bool {
	i := program.Interceptor()
	return i.OnInvalid == interceptor.OnErrorForward || i.OnInvalid == "" && !p.service.Enforces(i.Context)
}

// undecided lets a request go on for which there is no decision, or refuses it.
func (r paymentRoutes) undecided(forward bool, head *capture.Request, ref string, measure *mitigation.Measure) {
	r.m.unpaid.Add(1)
	if forward {
		return
	}
	measure.Answer = refusal(head)
	measure.Actions = append(measure.Actions, event.Action{Name: "payment refused", Kind: event.Block, Because: "no decision could be made",
		Outcome: event.Done, Detail: "interceptor " + ref})
}

// paymentType is what the request says of itself, empty where it says nothing that is known.
func paymentType(head *capture.Request) string {
	for _, field := range head.Header {
		if strings.EqualFold(field.Name, "payment-type") {
			if _, known := payment.StateOf(field.Value); known {
				return field.Value
			}
		}
	}
	return ""
}

// mapped is the payment that a request is, nil where it is passed through: the interceptor has no mapping yet, or the request cannot be
// mapped, as the problems then say. The session and the address are those of the visitor, whatever the request says.
func (p *payments) mapped(program *interceptor.Program, head *capture.Request, session event.ID) (*payment.Request, []payment.Problem) {
	header := http.Header{}
	for _, field := range head.Header {
		header.Add(field.Name, field.Value)
	}
	kind := interceptor.BodyKindOf(header.Get("Content-Type"))
	if encoding := header.Get("Content-Encoding"); head.Body.Truncated || encoding != "" && !strings.EqualFold(encoding, "identity") {
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
	device["session"] = string(session)
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
