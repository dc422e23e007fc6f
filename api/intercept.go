package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
)

const (
	// decideTime is how long a decision may hold an intercepted request; then the interceptor's on_failure says what becomes of it.
	decideTime = 20 * time.Second
	// complaintPause is how often a failing mapping is logged; every failure is counted.
	complaintPause = 10 * time.Second
	// looksAtOnce and looksPerSecond bound how often an interceptor's bodies are looked through: the same fields come again and again.
	looksAtOnce    = 50
	looksPerSecond = 10
)

// ruling is what becomes of an intercepted request.
type ruling struct {
	// id is the decision's, empty where none was made.
	id event.ID
	// instead is answered, or refused is; with neither of them the request goes on.
	instead *interceptor.Rendered
	refused *problem
}

// intercept is /api/interceptors/{ref}, with any method and with whatever may follow.
func (a *API) intercept(w http.ResponseWriter, r *http.Request, c *call) error {
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return &problem{status: http.StatusMethodNotAllowed, code: codeMethod, message: "an interceptor has no such method"}
	}
	ref, suffix, ok := interceptorPath(r.URL.EscapedPath())
	if !ok {
		return notFound()
	}
	program, ok := a.deps.Service.InForce(ref)
	if !ok {
		return notFound()
	}
	a.counts.intercepted.Add(1)
	p := &passage{program: program, suffix: suffix, kind: interceptor.BodyKindOf(r.Header.Get("Content-Type")), coding: codingOf(r.Header["Content-Encoding"])}
	active := program.Interceptor().Active
	if active != nil && !*active { // switched off: nothing is looked at
		a.counts.passed.Add(1)
		p.in = inbound{stream: r.Body, length: r.ContentLength}
		if r.ContentLength == 0 {
			p.in = inbound{}
		}
		return a.pass(w, r, c, p)
	}
	var err error
	if p.in, err = a.receive(w, r, c, program); err != nil {
		return err
	}
	switch {
	case p.in.stream != nil:
		if made := a.unseen(c, program, p.in.long); made.refused != nil {
			return a.withhold(w, program, made)
		}
	case program.Passthrough():
		a.counts.passed.Add(1)
		a.discover(program, func() (interceptor.Document, bool) {
			document, problems, err := a.document(context.WithoutCancel(r.Context()), p)
			return document, err == nil && len(problems) == 0
		})
	default:
		made := a.consider(r, c, program, p)
		if made.instead != nil || made.refused != nil {
			return a.withhold(w, program, made)
		}
		p.id = made.id
	}
	return a.pass(w, r, c, p)
}

// interceptorPath takes the ref and what follows it from a path as it was sent. What follows cannot climb out of the destination's path.
func interceptorPath(escaped string) (ref, suffix string, ok bool) {
	rest := strings.TrimPrefix(escaped, interceptorPrefix)
	ref, suffix = rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		ref, suffix = rest[:i], rest[i:]
	}
	ref, err := url.PathUnescape(ref)
	if err != nil || ref == "" || len(ref) > longestName {
		return "", "", false
	}
	plain, err := url.PathUnescape(suffix)
	if err != nil {
		return "", "", false
	}
	for segment := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return "", "", false
		}
	}
	return ref, suffix, true
}

// receive reads a body as far as it is to be looked at. Where it is too long, or there is no memory left for it, it becomes a stream.
func (a *API) receive(w http.ResponseWriter, r *http.Request, c *call, program *interceptor.Program) (inbound, error) {
	most := int64(a.config.BodyLimit)
	if r.ContentLength > most {
		return inbound{stream: r.Body, length: r.ContentLength, long: true}, nil
	}
	read, err := a.take(w, c, r.Body, r.ContentLength, most)
	switch {
	case err != nil:
		return inbound{}, brokenOff()
	case read.end == complete:
		return inbound{body: read.body}, nil
	case read.end == noRoom && !program.ForwardsFailed() && !program.Passthrough():
		return inbound{}, tooBusy()
	}
	return inbound{stream: a.onward(c, read, r.Body), length: r.ContentLength, long: read.end == tooLong}, nil
}

// unseen is for a request whose body is not looked at, because it is long or because there is no memory left for it. A long one could be
// anything, so that it does not go on where an interceptor is closed, whether for what is not valid or for what cannot be decided:
// otherwise a few spaces would lead around every rule.
func (a *API) unseen(c *call, program *interceptor.Program, long bool) ruling {
	a.counts.oversize.Add(1)
	a.complain(c, program, "a body was not looked at: it is too long, or there are too many", nil)
	if long && !program.Passthrough() && (!program.ForwardsInvalid() || !program.ForwardsFailed()) {
		return ruling{refused: tooLarge()}
	}
	return ruling{}
}

// withhold answers instead of the destination, which is never contacted.
func (a *API) withhold(w http.ResponseWriter, program *interceptor.Program, made ruling) error {
	a.counts.answeredInstead.Add(1)
	if made.id != "" {
		w.Header().Set(program.DecisionHeader(), string(made.id))
	}
	if made.refused != nil {
		return made.refused
	}
	header := w.Header()
	for _, field := range made.instead.Header {
		header.Set(field.Name, field.Value)
	}
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(made.instead.Status)
	_, _ = w.Write(made.instead.Body) // the client went away: there is nobody to tell
	return nil
}

// consider makes a decision. Whatever breaks, the interceptor says what becomes of the request, and unless it says otherwise it goes on.
func (a *API) consider(r *http.Request, c *call, program *interceptor.Program, p *passage) (made ruling) {
	defer func() {
		if caught := recover(); caught != nil {
			a.counts.panics.Add(1)
			a.deps.Logger.Error("deciding about an intercepted request broke down", "request", c.id, "ref", program.Interceptor().Ref,
				"kind", fmt.Sprintf("%T", caught), "stack", string(debug.Stack()))
			made = a.undecided(program)
		}
	}()
	kind, known := paymentType(r.Header)
	if !known {
		return ruling{refused: invalidField("payment-type", "unknown", "must be authorization or sale")}
	}
	ctx, cancel := context.WithTimeout(r.Context(), decideTime)
	defer cancel()
	document, request, problems, err := a.mapped(ctx, r, program, p)
	switch {
	case errors.Is(err, errExpands):
		return a.unseen(c, program, true)
	case err != nil:
		return a.undecided(program)
	case len(problems) > 0:
		return a.unmapped(c, program, problems)
	}
	a.discover(program, func() (interceptor.Document, bool) { return document, true })
	caller := decision.Caller{Client: c.actor.name, Integration: "interceptor", InterceptorID: program.Interceptor().ID, PaymentType: kind}
	var payload []byte
	if program.Interceptor().StorePayload {
		payload = document.Payload()
		caller.Payload = payload
	}
	if id, ok := a.redeem(ctx, r, request, caller); ok {
		return ruling{id: id}
	}
	decided, err := a.deps.Service.Decide(ctx, request, caller)
	if err != nil {
		a.deps.Logger.Error("no decision about an intercepted request", "request", c.id, "ref", program.Interceptor().Ref, "error", err)
		return a.undecided(program)
	}
	if program.Forwards(decided.Decision) {
		return ruling{id: decided.ID}
	}
	instead := program.Render(interceptor.Answer{Decision: decided, Payload: payload})
	return ruling{id: decided.ID, instead: &instead}
}

// paymentType is what a payment was declared to be, by its usual name; empty where nothing was said.
func paymentType(header http.Header) (kind string, known bool) {
	said := strings.ToLower(strings.TrimSpace(header.Get("Payment-Type")))
	if said == "" {
		return "", true
	}
	state, known := payment.StateOf(said)
	if state == payment.StateCaptured {
		return "sale", known
	}
	return "authorization", known
}

// mapped reads a body and makes the decision request of it.
func (a *API) mapped(ctx context.Context, r *http.Request, program *interceptor.Program, p *passage) (
	interceptor.Document, *payment.Request, []payment.Problem, error) {
	document, problems, err := a.document(ctx, p)
	if err != nil || len(problems) > 0 {
		return document, nil, problems, err
	}
	tree, problems := program.Map(interceptor.Inbound{Document: document, Header: withoutToken(r.Header), Query: r.URL.Query()})
	if len(problems) > 0 {
		return document, nil, problems, nil
	}
	request, problems := payment.ParseTree(tree, a.deps.Acceptance)
	return document, request, problems, nil
}

// withoutToken is what a mapping may read of a header: not the token that opened this API.
func withoutToken(header http.Header) http.Header {
	if header["Authorization"] == nil {
		return header
	}
	rest := make(http.Header, len(header))
	for name, values := range header {
		if name != "Authorization" {
			rest[name] = values
		}
	}
	return rest
}

// unmapped is for a request that is no valid decision request.
func (a *API) unmapped(c *call, program *interceptor.Program, problems []payment.Problem) ruling {
	a.counts.mappingErrors.Add(1)
	a.complain(c, program, "mapping_error", problems)
	if program.ForwardsInvalid() {
		return ruling{}
	}
	return ruling{refused: invalid(problems)}
}

// undecided is for a request for which no decision could be made.
func (a *API) undecided(program *interceptor.Program) ruling {
	a.counts.decideFailures.Add(1)
	if program.ForwardsFailed() {
		return ruling{}
	}
	return ruling{refused: problemOf(decision.ErrUnavailable)}
}

// complain logs what an interceptor's operator should mend, now and then.
func (a *API) complain(c *call, program *interceptor.Program, what string, problems []payment.Problem) {
	i := program.Interceptor()
	if _, ok := a.complaints.Take(i.Ref+" "+what, c.started); !ok {
		return
	}
	fields := make([]string, 0, 20)
	for _, one := range problems[:min(len(problems), 20)] {
		fields = append(fields, one.Field+": "+one.Code)
	}
	a.deps.Logger.Warn(what, "request", c.id, "ref", i.Ref, "version", i.Version, "fields", fields)
}

// discover notes the fields of a body, beside the request and only where there is time for it.
func (a *API) discover(program *interceptor.Program, read func() (interceptor.Document, bool)) {
	if _, ok := a.looks.Take(string(program.Interceptor().ID), a.deps.Now()); !ok {
		a.counts.undiscovered.Add(1)
		return
	}
	select {
	case a.discoveries <- struct{}{}:
	default:
		a.counts.undiscovered.Add(1)
		return
	}
	go func() {
		defer func() {
			if caught := recover(); caught != nil {
				a.counts.panics.Add(1)
				a.deps.Logger.Error("looking for fields broke down", "kind", fmt.Sprintf("%T", caught), "stack", string(debug.Stack()))
			}
			<-a.discoveries
		}()
		if document, ok := read(); ok {
			a.deps.Service.Discover(program.Interceptor().ID, interceptor.Discover(document))
			a.counts.discovered.Add(1)
		}
	}()
}
