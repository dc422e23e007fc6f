package decision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// eventsPerDecision bounds what is kept of one payment.
const eventsPerDecision = 500

// Ingest takes a lifecycle event: it is kept, blacklists are filled from the payment as the blacklist rules of its context's active
// ruleset say, the payment's state goes on, and the backends of the decision are told. key makes it idempotent; where it is empty, an
// event with the same decision, type, time and data is the same. ID and ProcessedAt are given here. It fails with ErrNotFound where there
// is no such decision, and with ErrUnavailable where something could not be kept: sending it again is safe and completes it.
func (s *Service) Ingest(ctx context.Context, e payment.LifecycleEvent, key string) (payment.LifecycleEvent, error) {
	if problems := checkEvent(&e); len(problems) > 0 {
		return e, &InvalidError{problems}
	}
	e.Data = payment.MaskData(e.Data) // before anything is made of it, a digest too
	entry, err := s.Decision(ctx, e.DecisionID)
	if err != nil {
		return e, err
	}
	if len(entry.Decision.Events) >= eventsPerDecision {
		return e, invalid("$.decision_id", "too_many", "the payment has as many events as are kept")
	}
	if key, err = eventKey(e, key); err != nil {
		return e, err
	}
	at := s.deps.Now()
	e.ID, e.ProcessedAt, e.Notifications = s.deps.NewID(at), at.UTC().Truncate(time.Microsecond), []payment.Notification{}
	e, repeated, err := s.deps.Ledger.AppendEvent(ctx, s.deps.Environment, e, key)
	if err != nil {
		return e, s.unavailable("keep the event", err)
	}
	if !s.inEvents.begin(e.ID) { // the same event is being worked at
		return e, nil
	}
	defer s.inEvents.end(e.ID)
	if !repeated {
		s.counted.events.Add(1)
	}
	return s.process(ctx, e, entry, repeated)
}

func checkEvent(e *payment.LifecycleEvent) (problems []payment.Problem) {
	if !e.Type.Known() {
		problems = append(problems, payment.Problem{Field: "$.type", Code: "unknown", Message: "is no type of event"})
	}
	if e.OccurredAt.IsZero() {
		problems = append(problems, payment.Problem{Field: "$.occurred_at", Code: "required", Message: "is missing"})
	}
	if e.Data == nil {
		e.Data = payment.Tree{}
	}
	return problems
}

// eventKey is the caller's key within the decision, or the digest of what was told.
func eventKey(e payment.LifecycleEvent, key string) (string, error) {
	told, err := json.Marshal([]any{e.Type, e.OccurredAt.UTC(), e.Data})
	if err != nil {
		return "", invalid("$.data", "format", "cannot be written as JSON")
	}
	kind := "content"
	if key != "" {
		kind, told = "key", []byte(key)
	}
	digest := sha256.Sum256(told)
	return kind + ":" + string(e.DecisionID) + ":" + hex.EncodeToString(digest[:]), nil
}

func invalid(field, code, message string) error {
	return &InvalidError{[]payment.Problem{{Field: field, Code: code, Message: message}}}
}

// process does what an event leads to. Of a repeated event it does what was not done the first time: the decision has the event once
// lists are filled and its state is written.
func (s *Service) process(ctx context.Context, e payment.LifecycleEvent, entry Entry, repeated bool) (payment.LifecycleEvent, error) {
	d := entry.Decision
	if has(&d, e.ID) {
		if repeated && told(e, &d) {
			return e, nil
		}
	} else {
		if err := s.populate(ctx, e, &entry); err != nil {
			return e, s.unavailable("fill the blacklist", err)
		}
		found, err := s.deps.Ledger.Amend(ctx, s.deps.Environment, e.DecisionID, func(now *Entry) error {
			if has(&now.Decision, e.ID) {
				return errDone
			}
			advance(&now.Decision, e)
			d = now.Decision
			return nil
		})
		if err != nil && !errors.Is(err, errDone) {
			return e, s.unavailable("write the payment's state", err)
		}
		if err == nil && !found {
			return e, fmt.Errorf("decision: %w", ErrNotFound)
		}
	}
	data := payment.Tree{"event_id": string(e.ID), "type": string(e.Type), "occurred_at": e.OccurredAt.UTC().Format(time.RFC3339Nano), "data": e.Data}
	e.Notifications = s.notify(ctx, &d, string(e.Type), data, func(ctx context.Context, list []payment.Notification) {
		s.keepTold(ctx, e, list)
	})
	return e, nil
}

// keepTold writes what backends were told, with the event and with the decision that has it.
func (s *Service) keepTold(ctx context.Context, e payment.LifecycleEvent, list []payment.Notification) {
	err := s.deps.Ledger.SetNotifications(ctx, s.deps.Environment, e.ID, list)
	if err == nil {
		_, err = s.deps.Ledger.Amend(ctx, s.deps.Environment, e.DecisionID, func(now *Entry) error {
			for i := range now.Decision.Events {
				if now.Decision.Events[i].ID == e.ID {
					now.Decision.Events[i].Notifications = list
				}
			}
			return nil
		})
	}
	if err != nil {
		s.deps.Logger.Error("what backends were told could not be kept", "event", e.ID, "error", err)
	}
}

func has(d *payment.Decision, id event.ID) bool {
	return slices.ContainsFunc(d.Events, func(k payment.LifecycleEvent) bool { return k.ID == id })
}

// told says whether every backend of the decision was told of the event.
func told(e payment.LifecycleEvent, d *payment.Decision) bool {
	if len(d.BackendResults) > 0 && len(e.Notifications) == 0 {
		return false
	}
	return !slices.ContainsFunc(e.Notifications, func(n payment.Notification) bool { return n.Status == statusPending })
}

// advance adds an event to a decision; the state follows from all events by precedence, whatever order they came in.
func advance(d *payment.Decision, e payment.LifecycleEvent) {
	d.Events = append(slices.Clone(d.Events), e)
	slices.SortStableFunc(d.Events, func(a, b payment.LifecycleEvent) int { return a.OccurredAt.Compare(b.OccurredAt) })
	var began *payment.PaymentState
	if d.PaymentType != nil {
		if state, known := payment.StateOf(*d.PaymentType); known {
			began = &state
		}
	}
	d.PaymentState = payment.NextState(began, d.Events)
}

// populate fills the blacklist from a payment.
func (s *Service) populate(ctx context.Context, e payment.LifecycleEvent, entry *Entry) error {
	active := s.force.Load().of(entry.Decision.Context)
	if active == nil {
		return nil
	}
	for _, v := range populated(active.ruleset, e, entry) {
		v.ID = s.deps.NewID(e.ProcessedAt)
		if s.lists.full() {
			s.deps.Logger.Error("the blacklist is full; a payment was not added", "decision", e.DecisionID)
			return nil
		}
		if _, err := s.upsert(ctx, v); err != nil {
			return err
		}
		s.counted.populated.Add(1)
	}
	return nil
}

// populated are the list entries that a ruleset makes of an event, with the moment of the event as their beginning.
func populated(r ruleset.Ruleset, e payment.LifecycleEvent, entry *Entry) (values []ListValue) {
	for _, rule := range r.Rules {
		if rule.Type != ruleset.BlacklistRule || rule.Enabled != nil && !*rule.Enabled || !rule.Populates(e.Type) {
			continue
		}
		for _, field := range rule.Fields {
			path, err := payment.ParsePath(field)
			if err != nil || path.Many() {
				continue
			}
			value, there := entry.Values[path.String()]
			if !there {
				if value, there = valueAt(entry.Tree, path); !there {
					continue
				}
			}
			values = append(values, listValueOf(path.String(), value, rule.TTLSeconds, e, &entry.Decision))
		}
	}
	return values
}

func listValueOf(path, value string, ttl int64, e payment.LifecycleEvent, d *payment.Decision) ListValue {
	id := d.ID
	v := ListValue{
		List: Blacklist, FieldPath: path, Value: value, SourceDecisionID: &id, Note: string(e.Type),
		InsertedAt: e.ProcessedAt, UpdatedAt: e.ProcessedAt,
	}
	if ttl > 0 {
		until := e.ProcessedAt.Add(seconds(ttl))
		v.ExpiresAt = &until
	}
	if path == fingerprintPath && d.MaskedCredential != nil {
		v.DisplayHint = optional(payment.Hint(*d.MaskedCredential))
	}
	return v
}

const fingerprintPath = "$.credential_fingerprint"

// seconds is a duration; a longer one than a century is a century, which a duration can hold.
func seconds(n int64) time.Duration {
	const century = 100 * 365 * 24 * 60 * 60
	return time.Duration(min(max(n, 0), century)) * time.Second
}

// LifecycleEvent finds an event, or ErrNotFound.
func (s *Service) LifecycleEvent(ctx context.Context, id event.ID) (payment.LifecycleEvent, error) {
	e, found, err := s.deps.Ledger.LifecycleEvent(ctx, s.deps.Environment, id)
	if err != nil {
		return e, s.unavailable("find the event", err)
	}
	if !found {
		return e, fmt.Errorf("event: %w", ErrNotFound)
	}
	return e, nil
}
