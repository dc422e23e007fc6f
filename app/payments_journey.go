package app

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/journey"
	"wayguard/payment"
	"wayguard/rule"
	"wayguard/session"
)

// toldLimit is how many decisions may wait to become events; more are shed and counted, because a payment must not wait for them.
const toldLimit = 4096

// journeyBudget bounds the search for a payment's journey: without it the payment is decided as one without.
const journeyBudget = 20 * time.Millisecond

// journeys implements decision.Journeys: it finds the session that a payment belongs to, asks the engine what it thinks of it, and makes
// decisions events of their sessions.
type journeys struct {
	index       *journey.Index
	judge       *judge
	environment event.Environment
	keys        element.Keys
	element     func(name string, raw element.Raw) (event.Element, bool)
	form        func(name, value string) string
	idle        time.Duration
	told        chan event.Event
	logger      *slog.Logger

	found, missed, failed, shed atomic.Int64
}

// Find implements decision.Journeys.
func (j *journeys) Find(ctx context.Context, env event.Environment, r *payment.Request, at time.Time) *payment.Journey {
	if env != j.environment {
		return nil
	}
	cards := j.cards(r)
	found, known := j.index.Find(j.query(r, cards, at))
	if !known {
		j.missed.Add(1)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, journeyBudget)
	defer cancel()
	e := j.event(r, found, at)
	judged, marks, err := j.judge.weigh(ctx, &e, true)
	if err != nil || judged.Session.Join.By != session.ByTold {
		j.failed.Add(1) // the state is being restored, or the session came to its end meanwhile
		return nil
	}
	j.found.Add(1)
	what := &payment.Journey{
		Session: found.Session, Device: judged.Session.Journey, Person: judged.Session.Person, Actor: judged.Session.Actor,
		MatchedBy: string(found.By), Rating: judged.Verdict.Rating.String(), Score: judged.Verdict.Score,
		Labels: []string{}, Signatures: found.Signatures, Events: found.Events, Confidence: judged.Session.Confidence,
		MinutesToPayment:  int64(at.Sub(found.Opened) / time.Minute),
		CardsInSession:    found.Cards,
		PaymentsInSession: found.Payments,
		PaymentFailures:   found.Failures,
	}
	if what.Signatures == nil {
		what.Signatures = []string{}
	}
	slices.Sort(what.Signatures)
	for _, label := range judged.Session.Labels {
		if !slices.Contains(what.Signatures, label) {
			what.Labels = append(what.Labels, label)
		}
	}
	if len(cards) > 0 && !j.index.Carries(found.Session, cards) {
		what.CardsInSession++
	}
	for _, account := range j.accounts(r) {
		if since, met := j.index.Since(account, found.Device); met && since.Before(found.Opened) {
			days := int64(at.Sub(since) / (24 * time.Hour))
			what.AccountKnown = true
			if what.AccountAgeDays == nil || days > *what.AccountAgeDays {
				what.AccountAgeDays = &days
			}
		}
	}
	what.BadEntities = j.bad(marks)
	what.BadEntityCount = int64(len(what.BadEntities))
	return what
}

// query is what a merchant tells of the session, as events have it. He may tell the session's id, which the tag header gave him, or the
// value of his own session cookie or bearer token.
func (j *journeys) query(r *payment.Request, cards []string, at time.Time) journey.Query {
	q := journey.Query{Accounts: j.accounts(r), Cards: cards, Address: r.Device.IP, At: at, Idle: j.idle}
	if text := r.Device.Session; text != "" {
		q.Sessions = []string{text, j.keys.Hash("session_token", text), j.keys.Hash("session_token", "Bearer "+text)}
	}
	if r.Customer.Email != "" {
		q.Emails = []string{j.form("email", r.Customer.Email)}
	}
	return q
}

// accounts are the names that the payment's account may have in events.
func (j *journeys) accounts(r *payment.Request) []string {
	var names []string
	for _, one := range []struct{ element, text string }{{"customer_id", r.Customer.ID}, {"username", r.Customer.ID}, {"username", r.Customer.Email}} {
		if one.text == "" {
			continue
		}
		if form := j.form(one.element, one.text); !slices.Contains(names, form) {
			names = append(names, form)
		}
	}
	return names
}

// cards are the names that the payment's card may have in events.
func (j *journeys) cards(r *payment.Request) []string {
	var names []string
	if r.Fingerprint != "" {
		names = append(names, r.Fingerprint)
	}
	if number := string(r.Credential.Number); number != "" {
		if el, known := j.element("payment_from", element.Raw{Text: number}); known {
			names = append(names, el.Value)
		}
	}
	return names
}

// event is the payment as an event of its session: without an outcome until it is decided.
func (j *journeys) event(r *payment.Request, found journey.Found, at time.Time) event.Event {
	e := event.Event{
		ID: newID(at), Environment: j.environment, Time: at.UTC().Truncate(time.Microsecond), Name: "Payment Decision", Type: event.PaymentDecision,
		Spec: "decision API", HTTP: event.HTTP{Method: "POST", Route: "/api/decisions"},
		Evidence: event.Evidence{Tokens: []event.Token{{Name: session.Told + string(found.By), Hash: string(found.Session)}}},
	}
	j.add(&e, "credential_fingerprint", element.Raw{Text: r.Fingerprint, Observed: true})
	j.add(&e, "customer_id", element.Raw{Text: r.Customer.ID})
	j.add(&e, "email", element.Raw{Text: r.Customer.Email})
	j.add(&e, "order_id", element.Raw{Text: r.Reference})
	j.add(&e, "payment_from", element.Raw{Text: string(r.Credential.Number)})
	j.add(&e, "transaction_amount", element.Raw{Text: strconv.FormatInt(r.Amount, 10),
		Parts: map[string]string{element.PartUnit: element.UnitMinor, element.PartCurrency: r.Currency}})
	j.add(&e, "transaction_currency", element.Raw{Text: r.Currency})
	sortElements(e.Elements)
	return e
}

// add adds an element, where its value is one.
func (j *journeys) add(e *event.Event, name string, raw element.Raw) {
	if raw.Text == "" {
		return
	}
	if el, known := j.element(name, raw); known && el.Value != "" {
		e.Elements = append(e.Elements, el)
	}
}

func sortElements(list []event.Element) {
	slices.SortFunc(list, func(a, b event.Element) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// bad are the marks that speak against somebody.
func (j *journeys) bad(marks []event.EntityLabel) []payment.BadEntity {
	severities := j.judge.plan.Load().severities
	list := []payment.BadEntity{}
	for _, m := range marks {
		severity, known := severities[m.Rule]
		if m.Rule == "" || known && (severity == event.SuspiciousLabel || severity == event.MaliciousLabel) {
			list = append(list, payment.BadEntity{Element: m.Element, Value: m.Value, Label: m.Label})
		}
	}
	return list
}

// severitiesOf are the severities of the rules that place labels on entities.
func severitiesOf(rules []rule.RuleConfig) map[string]event.Severity {
	list := map[string]event.Severity{}
	for _, r := range rules {
		list[r.ID] = event.Severity(r.Severity)
	}
	return list
}

// Tell implements decision.Journeys: the decision becomes an event of the session it was joined to. One without a session is in the
// ledger only.
func (j *journeys) Tell(_ context.Context, env event.Environment, r *payment.Request, d *payment.Decision) {
	if env != j.environment || d.Journey == nil {
		return
	}
	e := j.event(r, journey.Found{Session: d.Journey.Session, By: journey.Way(d.Journey.MatchedBy)}, d.EvaluatedAt)
	var rules []string
	for _, t := range d.TriggeredRules {
		rules = append(rules, t.RuleID)
	}
	j.add(&e, "decision_id", element.Raw{Text: string(d.ID), Observed: true})
	j.add(&e, "decision_outcome", element.Raw{Text: string(d.Decision), Observed: true})
	j.add(&e, "decision_rules", element.Raw{Text: strings.Join(rules, ", ")})
	sortElements(e.Elements)
	select {
	case j.told <- e:
	default:
		j.shed.Add(1)
	}
}

// run judges decisions as events until ctx ends, then those that wait still.
func (j *journeys) run(ctx context.Context) {
	for {
		select {
		case e := <-j.told:
			j.observe(ctx, e)
		case <-ctx.Done():
			for {
				select {
				case e := <-j.told:
					j.observe(context.WithoutCancel(ctx), e)
				default:
					return
				}
			}
		}
	}
}

// observe judges one; what goes wrong with it is no other's failure.
func (j *journeys) observe(ctx context.Context, e event.Event) {
	defer func() {
		if recover() != nil {
			j.failed.Add(1)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := j.judge.Observe(ctx, e); err != nil {
		j.failed.Add(1)
	}
}
