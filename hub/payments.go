package hub

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/access"
	"wayguard/event"
)

const (
	// paymentsPath is the endpoint that stands for the whole API of payment decisions.
	paymentsPath = "/payments/{path...}"
	// erasuresPath is where everything that is kept of a customer is taken away.
	erasuresPath = "/api/admin/erasures"
	// paymentsBody is the largest body it takes: a ruleset of many rules is larger than any question of the other pages.
	paymentsBody = 1 << 20
	// paymentsTime bounds an answer, paymentsWrite the time to deliver it: a backtest reads months of decisions.
	paymentsTime  = 5 * time.Minute
	paymentsWrite = paymentsTime + 15*time.Second
)

// Payments serves the API of payment decisions to a person.
type Payments interface {
	// As answers a request whose path begins with /api/, as the API does for a client of that name with these scopes.
	As(w http.ResponseWriter, r *http.Request, name string, scopes []string)
}

// paymentEndpoints are the lines of the API that lead to payment decisions. What a role may do there beyond the permission of the line
// is told by the scopes it is given.
func (h *Hub) paymentEndpoints() []endpoint {
	return []endpoint{
		{"GET", paymentsPath, permission, access.ViewPayments, scopeQuery, h.payments},
		{"POST", paymentsPath, permission, access.ReviewPayments, scopeQuery, h.payments},
		{"PATCH", paymentsPath, permission, access.ReviewPayments, scopeQuery, h.payments},
		{"DELETE", paymentsPath, permission, access.ReviewPayments, scopeQuery, h.payments},
	}
}

// paymentScopes are the API's scopes that a person's permissions amount to. Nobody gets interceptors:execute: money is not moved by a
// page.
func paymentScopes(user access.User, env event.Environment) []string {
	var scopes []string
	if user.May(access.ViewPayments, env) {
		scopes = append(scopes, "decisions:read", "events:read", "admin:rulesets:read", "admin:interceptors:read", "admin:blacklist:read",
			"admin:integrations:read", "admin:webhooks:read")
	}
	if user.May(access.ReviewPayments, env) {
		scopes = append(scopes, "decisions:write", "admin:blacklist:write")
	}
	if user.May(access.ManagePayments, env) {
		scopes = append(scopes, "decisions:create", "events:create", "admin:rulesets:create", "admin:rulesets:write", "admin:interceptors:write",
			"admin:integrations:write", "admin:webhooks:write", "admin:clients:read", "admin:clients:write", "admin:keys:read", "admin:keys:write", "admin:erasures:write")
	}
	return scopes
}

func noPayments() *problem {
	return &problem{status: http.StatusNotFound, code: "payments_off", message: "nothing in this environment decides about payments"}
}

// payments hands a request on to the API of payment decisions, in the person's name. Whatever changes something is audited first:
// nothing about payments is done without a trace. What was refused is noted too.
func (h *Hub) payments(w http.ResponseWriter, r *http.Request, who visitor) error {
	var decider Payments
	if h.deps.Payments != nil {
		decider = h.deps.Payments(who.env)
	}
	if decider == nil {
		return noPayments()
	}
	target, err := paymentsTarget(r)
	if err != nil {
		return err
	}
	if strings.HasPrefix(target.Path, erasuresPath) && !who.user.May(access.ManagePayments, who.env) {
		return forbidden() // an analyst resolves reviews with the same scope, but wipes nobody's traces
	}
	ctx, cancel := context.WithTimeout(r.Context(), paymentsTime)
	defer cancel()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(paymentsWrite)) // where it cannot be set, the server's own holds
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Cookie")
	forwarded := forwardedTo(ctx, r, target, who.body)
	scopes := paymentScopes(who.user, who.env)
	if r.Method == http.MethodGet {
		decider.As(w, forwarded, who.user.Email, scopes)
		return nil
	}
	action, detail := paymentsAction(r.Method, target.Path), r.Method+" "+auditable(target.Path)
	if err := h.record(r.Context(), who.env, who.user.Email, action, detail, who.address); err != nil {
		return storeUnavailable(err)
	}
	watched := &watchedStatus{ResponseWriter: w}
	decider.As(watched, forwarded, who.user.Email, scopes)
	if watched.status >= http.StatusBadRequest {
		refused := fmt.Sprintf("%s: status %d", detail, watched.status)
		if err := h.record(context.WithoutCancel(r.Context()), who.env, who.user.Email, "payments.refused", refused, who.address); err != nil {
			h.logger.Error("refused change of payments not audited", "action", action, "error", err)
		}
	}
	return nil
}

// paymentsTarget is the request's address as the API of payment decisions has it.
func paymentsTarget(r *http.Request) (*url.URL, error) {
	const prefix = base + "/payments/"
	path := strings.TrimPrefix(r.URL.Path, prefix)
	if slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool { return segment == "" || segment == "." || segment == ".." }) {
		return nil, &problem{status: http.StatusNotFound, code: "no_such_endpoint", message: "the API has no such method and path"}
	}
	query := r.URL.Query()
	query.Del("environment")
	target := &url.URL{Path: "/api/" + path, RawQuery: query.Encode()}
	if raw, escaped := strings.CutPrefix(r.URL.EscapedPath(), prefix); escaped {
		target.RawPath = "/api/" + raw
	}
	return target, nil
}

// forwardedTo copies of a request what the other API is to see: neither the person's cookie nor any credential of theirs.
func forwardedTo(ctx context.Context, r *http.Request, target *url.URL, body []byte) *http.Request {
	forwarded := r.Clone(ctx)
	forwarded.URL, forwarded.RequestURI, forwarded.Pattern = target, target.RequestURI(), ""
	forwarded.Header = http.Header{}
	for _, name := range []string{"Accept", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id"} {
		if values := r.Header.Values(name); len(values) > 0 {
			forwarded.Header[name] = slices.Clone(values)
		}
	}
	forwarded.Body, forwarded.ContentLength, forwarded.TransferEncoding, forwarded.Trailer = http.NoBody, 0, nil, nil
	if len(body) > 0 {
		forwarded.Body, forwarded.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return forwarded
}

// watchedStatus remembers which status was answered; 0 before any.
type watchedStatus struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *watchedStatus) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *watchedStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var (
	// word is a segment of a path that names a kind of thing or a verb, never one thing: ids have digits in them.
	word = regexp.MustCompile(`^[a-z][a-z_-]{0,30}$`)
	// auditableSegment is what of a path stands in the audit as it is.
	auditableSegment = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// paymentsAction names what is done for the audit: "payments.rulesets.activate", "payments.blacklist.create".
func paymentsAction(method, path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/api/"), "/")
	if segments[0] == "admin" && len(segments) > 1 {
		segments = segments[1:]
	}
	resource, last := segments[0], segments[len(segments)-1]
	if !word.MatchString(resource) {
		resource = "other"
	}
	verb := map[string]string{http.MethodPost: "create", http.MethodPatch: "change", http.MethodDelete: "delete"}[method]
	if method == http.MethodPost && len(segments) > 1 && word.MatchString(last) {
		verb = last
	}
	return "payments." + resource + "." + verb
}

// auditable is a path in which nothing but words and ids stands: whoever sends something else does not get it kept.
func auditable(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/api/"), "/")
	const most = 8
	if len(segments) > most {
		segments = append(segments[:most], "…")
	}
	for i, segment := range segments {
		if !auditableSegment.MatchString(segment) {
			segments[i] = "…"
		}
	}
	return strings.Join(segments, "/")
}
