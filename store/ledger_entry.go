package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

// entryBody is the part of an entry that lies in one column. What has columns of its own is not in it.
type entryBody struct {
	Decision payment.Decision  `json:"decision"`
	Values   map[string]string `json:"values,omitempty"`
}

// entryRow is an entry as its row has it.
type entryRow struct {
	environment, id                                                                              string
	at                                                                                           int64
	context, outcome, paymentState, customer, fingerprint, reference, ip, device, session, email string
	undecided, waiting                                                                           bool
	client, key, digest, assignee                                                                string
	body, tree, payload, deferred                                                                []byte
	rules                                                                                        []string
	messages                                                                                     [][]any
}

// encode is JSON whose texts stand as they are, so that what is kept of a request is what came.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("%w: it cannot be written as JSON", ErrInvalid) // the error's own text may hold values
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	if len(text) > maxBody {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrInvalid, maxBody)
	}
	return text, nil
}

// decode reads JSON of ours; numbers in trees stay as they were written.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%w: what is kept cannot be read as JSON", ErrCorrupt)
	}
	return nil
}

// rowOf makes a row of an entry.
func rowOf(e *decision.Entry) (*entryRow, error) {
	d := &e.Decision
	if d.ID == "" {
		return nil, fmt.Errorf("%w: an id is needed", ErrInvalid)
	}
	r := &entryRow{environment: string(e.Environment), id: string(d.ID), at: stamp(d.EvaluatedAt), context: d.Context, outcome: string(d.Decision),
		paymentState: string(value(d.PaymentState)), customer: d.CustomerID, fingerprint: value(d.CredentialFingerprint),
		reference: d.TransactionReference, ip: value(d.DeviceIP), device: value(d.DeviceFingerprint), session: sessionOf(e), email: e.Values["$.customer.email"],
		undecided: d.Decision == payment.Review && d.Resolution == nil, waiting: e.Waiting,
		client: e.Client, key: e.IdempotencyKey, digest: e.Digest, assignee: e.Assignee,
		payload: d.Payload, deferred: e.Deferred, rules: rulesOf(d)}
	kept := entryBody{Decision: *d, Values: e.Values}
	kept.Decision.Payload = nil
	var err error
	if r.body, err = encode(kept); err != nil {
		return nil, err
	}
	if e.Tree != nil {
		if r.tree, err = encode(e.Tree); err != nil {
			return nil, err
		}
	}
	for _, m := range e.Messages {
		row, err := deliveryRow(m)
		if err != nil {
			return nil, fmt.Errorf("message: %w", err)
		}
		r.messages = append(r.messages, row)
	}
	return r, nil
}

// value is what a pointer points to, the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// sessionOf is the journey's session, or the one that the merchant named where no journey was found.
func sessionOf(e *decision.Entry) string {
	if j := e.Decision.Journey; j != nil && j.Session != "" {
		return string(j.Session)
	}
	return e.Values["$.device.session"]
}

// rulesOf are the rules that fired, live or shadow, each once.
func rulesOf(d *payment.Decision) []string {
	if len(d.TriggeredRules)+len(d.ShadowTriggeredRules) == 0 {
		return nil
	}
	var rules []string
	seen := map[string]bool{}
	for _, list := range [][]payment.TriggeredRule{d.TriggeredRules, d.ShadowTriggeredRules} {
		for _, r := range list {
			if !seen[r.RuleID] {
				seen[r.RuleID] = true
				rules = append(rules, r.RuleID)
			}
		}
	}
	return rules
}

// entryColumns are what readEntry reads, of a table that is called d.
const entryColumns = `d.environment, d.at, d.waiting, d.client, d.idempotency_key, d.digest, d.assignee, d.revision, d.body, d.tree, d.payload, d.deferred`

// keptEntry is an entry with what only the ledger needs to know.
type keptEntry struct {
	decision.Entry
	at       int64
	revision int64
}

// readEntry reads a row.
func readEntry(row scanner) (*keptEntry, error) {
	var k keptEntry
	var body, tree, payload []byte
	if err := row.Scan(&k.Environment, &k.at, &k.Waiting, &k.Client, &k.IdempotencyKey, &k.Digest, &k.Assignee, &k.revision,
		&body, &tree, &payload, &k.Deferred); err != nil {
		return nil, err
	}
	var b entryBody
	if err := decode(body, &b); err != nil {
		return nil, err
	}
	if tree != nil {
		if err := decode(tree, &k.Tree); err != nil {
			return nil, err
		}
	}
	k.Decision, k.Values = b.Decision, b.Values
	k.Decision.Payload = payload
	return &k, nil
}

// atOf is the time in a version 7 id, in microseconds: where a page begins whose first decision is gone by now.
func atOf(id event.ID) int64 {
	if len(id) < 13 {
		return 0
	}
	var millis int64
	for _, c := range []byte(id[:8] + id[9:13]) {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c)
		if digit < 0 {
			return 0
		}
		millis = millis<<4 | int64(digit)
	}
	return time.UnixMilli(millis).UnixMicro()
}
