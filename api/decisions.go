package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"wayguard/decision"
	"wayguard/payment"
)

const (
	// longestKey bounds an idempotency key, longestComment what people write, in bytes.
	longestKey     = 255
	longestComment = 4096
)

// kept is a decision as it is shown later: with who has claimed it.
type kept struct {
	payment.Decision
	Assignee *string `json:"assignee,omitempty"`
}

func show(e decision.Entry) kept {
	k := kept{Decision: e.Decision}
	if e.Assignee != "" {
		k.Assignee = &e.Assignee
	}
	return k
}

// brief is a decision in a list: what is long is told when it is asked for by its id.
func brief(e decision.Entry) kept {
	k := show(e)
	k.Explanation, k.Payload = nil, nil
	results := make([]payment.BackendResult, len(k.BackendResults))
	for i, result := range k.BackendResults {
		result.RawResponse = nil
		results[i] = result
	}
	k.BackendResults = results
	return k
}

// decide is POST /api/decisions.
func (a *API) decide(w http.ResponseWriter, r *http.Request, c *call) error {
	body, err := a.readJSON(w, r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	request, problems := payment.Parse(body, a.deps.Acceptance)
	if len(problems) > 0 {
		return invalid(problems)
	}
	caller := decision.Caller{Client: c.actor.name, Explain: r.URL.RawQuery != "" && r.URL.Query().Get("explain") == "true"}
	if key != "" { // whatever the caller makes keys of, it is not kept
		caller.IdempotencyKey, caller.BodyDigest = a.deps.Keys.digest([]byte(c.actor.name), []byte(key)), a.deps.Keys.digest(body)
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	made, err := a.deps.Service.Decide(ctx, request, caller)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, made)
	return nil
}

func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > longestKey {
		return "", invalidField("Idempotency-Key", "range", "is too long")
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return "", invalidField("Idempotency-Key", "format", "must be plain characters")
		}
	}
	return key, nil
}

// searchDecisions is GET /api/decisions.
func (a *API) searchDecisions(w http.ResponseWriter, r *http.Request, _ *call) error {
	q := ask(r)
	query := decision.Query{
		Environment: a.deps.Environment, Context: q.text("context"), CustomerID: q.text("customer_id"), Fingerprint: q.text("credential_fingerprint"),
		Reference: q.text("reference"), RuleID: q.text("rule_id"), DeviceIP: q.text("device_ip"), DeviceFingerprint: q.text("device_fingerprint"),
		Email: normalEmail(q.text("email")), Sessions: q.texts("session", decision.SessionsAtOnce), Outcome: payment.Outcome(q.oneOf("decision", "ALLOW", "REVIEW", "BLOCK", "PROVISIONAL")),
		PaymentState: payment.PaymentState(q.oneOf("payment_state", "authorized", "captured", "voided", "fraud_reported", "chargedback", "failed")),
		From:         q.time("from", time.Time{}), To: q.time("to", time.Time{}), After: q.after(), Limit: q.limit(),
	}
	return a.list(w, r, q, query)
}

// normalEmail is the form in which decisions keep an e-mail address.
func normalEmail(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// reviews is GET /api/reviews: REVIEWs that nobody has resolved, the oldest first.
func (a *API) reviews(w http.ResponseWriter, r *http.Request, _ *call) error {
	q := ask(r)
	query := decision.Query{Environment: a.deps.Environment, Context: q.text("context"), Open: true, After: q.after(), Limit: q.limit()}
	return a.list(w, r, q, query)
}

func (a *API) list(w http.ResponseWriter, r *http.Request, q *asking, query decision.Query) error {
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	found, err := a.deps.Service.Search(ctx, query)
	if err != nil {
		return err
	}
	data := make([]kept, len(found.Entries))
	for i, e := range found.Entries {
		data[i] = brief(e)
	}
	answer := page{Data: data}
	if len(data) > 0 {
		answer.Links = next(r, data[len(data)-1].ID, found.More)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// showDecision is GET /api/decisions/{id}.
func (a *API) showDecision(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	e, err := a.deps.Service.Decision(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, show(e))
	return nil
}

// resolved is the answer to a resolution.
type resolved struct {
	ID            string                 `json:"id"`
	Original      payment.Outcome        `json:"original_decision"`
	Resolution    payment.ResolutionKind `json:"resolution"`
	ResolvedAt    time.Time              `json:"resolved_at"`
	ResolvedBy    string                 `json:"resolved_by,omitempty"`
	Notifications []payment.Notification `json:"backend_notifications"`
}

// resolve is POST /api/decisions/{id}/resolve.
func (a *API) resolve(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	var action, reason, comment string
	if o.need("action", &action) && action != "accept" && action != "reject" {
		o.add("$.action", "unknown", "must be accept or reject")
	}
	o.take("reason", &reason)
	o.take("comment", &comment)
	if len(reason) > longestText {
		o.add("$.reason", "range", "is too long")
	}
	if len(comment) > longestComment {
		o.add("$.comment", "range", "is too long")
	}
	if err := o.finish(); err != nil {
		return err
	}
	made, notified, err := a.deps.Service.Resolve(r.Context(), id, action == "accept", c.actor.name, reason, comment)
	if err != nil {
		return err
	}
	answer := resolved{ID: string(made.ID), Original: payment.Review, Notifications: orEmpty(notified)}
	if made.Resolution != nil {
		answer.Resolution, answer.ResolvedAt, answer.ResolvedBy = made.Resolution.Resolution, made.Resolution.ResolvedAt, made.Resolution.ResolvedBy
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// orEmpty is an empty JSON array instead of null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// claim is POST /api/decisions/{id}/claim: whoever asks takes a REVIEW out of the queue's front.
func (a *API) claim(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.assign(w, r, c.actor.name)
}

// unclaim is DELETE /api/decisions/{id}/claim.
func (a *API) unclaim(w http.ResponseWriter, r *http.Request, _ *call) error {
	return a.assign(w, r, "")
}

func (a *API) assign(w http.ResponseWriter, r *http.Request, to string) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := a.deps.Service.Claim(r.Context(), id, to); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// object reads a body that must be a JSON object.
func (a *API) object(w http.ResponseWriter, r *http.Request) (*object, error) {
	body, err := a.readJSON(w, r)
	if err != nil {
		return nil, err
	}
	return readObject(body)
}

// erase is POST /api/admin/erasures: everything that is kept of a customer goes.
func (a *API) erase(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	var customer string
	if o.need("customer_id", &customer) && (customer == "" || len(customer) > longestText) {
		o.add("$.customer_id", "range", "must have between 1 and 256 bytes")
	}
	if err := o.finish(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	n, err := a.deps.Service.Erase(ctx, customer, c.actor.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]int64{"decisions": n})
	return nil
}
