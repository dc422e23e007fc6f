package app

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/decision"
	"wayguard/element"
	"wayguard/engine"
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
	told        chan telling
	logger      *slog.Logger

	// gone counts what could not be told because the session had come to its end, weak what was not because it may be somebody else's.
	found, missed, failed, shed, gone, weak atomic.Int64
}

// telling is a decision that is to become an event, with what it was joined to its session by.
type telling struct {
	event            event.Event
	session          event.ID
	by               journey.Way
	accounts, emails []string
}

// Find implements decision.Journeys.
func (j *journeys) Find(ctx context.Context, env event.Environment, r *payment.Request, at time.Time, how decision.Seek) *payment.Journey {
	if env != j.environment {
		return nil
	}
	p := paymentOf(r, nil)
	found, known := j.index.Find(j.query(r, &p, at, how))
	if !known {
		j.missed.Add(1)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, journeyBudget)
	defer cancel()
	e := j.event(&p, found.Session, found.By, at)
	judged, marks, err := j.judge.weigh(ctx, &e, true)
	if err != nil {
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
	if met := found.Met; !met.IsZero() && met.Before(found.Opened) {
		days := int64(at.Sub(met) / (24 * time.Hour))
		what.AccountKnown, what.AccountAgeDays = true, &days
	}
	what.BadEntities = j.bad(marks)
	what.BadEntityCount = int64(len(what.BadEntities))
	return what
}

// paid is what is known of a payment: of its request while there is one, and of the decision about it else.
type paid struct {
	customer, email, reference, currency string
	amount                               int64
	// number is a card's, or an IBAN.
	number payment.Secret
	card   journey.Card
	kind   payment.CredentialType
}

// paymentOf is what a request and a decision tell of a payment; one of them may be nil.
func paymentOf(r *payment.Request, d *payment.Decision) paid {
	var p paid
	if d != nil {
		p = paid{customer: d.CustomerID, reference: d.TransactionReference, currency: d.Currency, amount: d.Amount, kind: d.CredentialType}
		if d.CredentialFingerprint != nil {
			p.card.Fingerprint = *d.CredentialFingerprint
		}
		if d.MaskedCredential != nil && d.CredentialType != payment.SEPA {
			first, last, _ := strings.Cut(*d.MaskedCredential, " ")
			if _, last, _ = strings.Cut(last, " "); len(first) >= 6 && len(last) == 4 {
				p.card.FirstSix, p.card.LastFour = first[:6], last
			}
		}
	}
	if r != nil {
		p.customer, p.email, p.reference, p.currency, p.amount = r.Customer.ID, r.Customer.Email, r.Reference, r.Currency, r.Amount
		p.kind, p.card.Fingerprint = r.Credential.Type, r.Fingerprint
		if p.number = r.Credential.Number; p.kind == payment.SEPA {
			p.number = r.Credential.IBAN
		} else if r.Credential.FirstSix != "" && r.Credential.LastFour != "" {
			p.card.FirstSix, p.card.LastFour = r.Credential.FirstSix, r.Credential.LastFour
		}
	}
	p.card.Masked = p.kind == payment.MaskedPAN
	return p
}

// query is what a merchant tells of the session, as events have it. He may tell the session's id, which the tag header gave him, or the
// value of his own session cookie or bearer token. What has the form of our ids is one: where there is none alive, nothing else leads.
func (j *journeys) query(r *payment.Request, p *paid, at time.Time, how decision.Seek) journey.Query {
	q := journey.Query{Card: p.card, Attempt: how.Attempt, SessionOnly: how.SessionOnly, At: at, Idle: j.idle}
	if number := string(p.number); number != "" {
		if el, known := j.element("payment_from", element.Raw{Text: number}); known {
			q.Card.Number = el.Value
		}
	}
	q.Accounts, q.Emails = j.names(p)
	if text := r.Device.Session; text != "" {
		q.Sessions = []string{text}
		if isSessionID(text) {
			q.SessionOnly = true
		}
		if !how.SessionOnly {
			q.Sessions = append(q.Sessions, j.keys.Hash("session_token", text), j.keys.Hash("session_token", "Bearer "+text))
		}
	}
	for _, value := range []string{q.Card.Fingerprint, q.Card.Number} {
		if value != "" {
			q.Cards = append(q.Cards, value)
		}
	}
	if address, err := netip.ParseAddr(r.Device.IP); err == nil {
		q.Address = address.Unmap().WithZone("").String()
	}
	return q
}

// isSessionID says whether a text has the form of a session's id: a UUID of version 7.
func isSessionID(text string) bool {
	if len(text) != 36 || text[14] != '7' {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// names are those that the payment's account and email may have in events.
func (j *journeys) names(p *paid) (accounts, emails []string) {
	for _, one := range []struct{ element, text string }{{"customer_id", p.customer}, {"username", p.customer}, {"username", p.email}} {
		if one.text == "" {
			continue
		}
		if form := j.form(one.element, one.text); !slices.Contains(accounts, form) {
			accounts = append(accounts, form)
		}
	}
	if p.email != "" {
		emails = []string{j.form("email", p.email)}
	}
	return accounts, emails
}

// event is the payment as an event of a session: without an outcome until it is decided.
func (j *journeys) event(p *paid, id event.ID, by journey.Way, at time.Time) event.Event {
	e := event.Event{
		ID: newID(at), Environment: j.environment, Time: at.UTC().Truncate(time.Microsecond), Name: "Payment Decision", Type: event.PaymentDecision,
		Spec: "decision API", HTTP: event.HTTP{Method: "POST", Route: "/api/decisions"},
	}
	name(&e, id, by)
	j.add(&e, "credential_fingerprint", element.Raw{Text: p.card.Fingerprint, Observed: true})
	if len(e.Elements) == 1 {
		e.Elements[0].Parts = p.parts()
	}
	j.add(&e, "customer_id", element.Raw{Text: p.customer})
	j.add(&e, "email", element.Raw{Text: p.email})
	j.add(&e, "order_id", element.Raw{Text: p.reference})
	j.add(&e, "payment_from", element.Raw{Text: string(p.number)})
	j.add(&e, "transaction_amount", element.Raw{Text: strconv.FormatInt(p.amount, 10),
		Parts: map[string]string{element.PartUnit: element.UnitMinor, element.PartCurrency: p.currency}})
	j.add(&e, "transaction_currency", element.Raw{Text: p.currency})
	sortElements(e.Elements)
	return e
}

// name tells the engine which session an event belongs to.
func name(e *event.Event, id event.ID, by journey.Way) {
	e.Evidence.Tokens = []event.Token{{Name: session.Told + string(by), Hash: string(id)}}
}

// parts say what the fingerprint is of, so that one card that is seen in full and masked is one.
func (p *paid) parts() event.Parts {
	parts := map[string]string{element.PartKind: string(p.kind)}
	if p.card.FirstSix != "" {
		parts[element.PartFirstSix], parts[element.PartLastFour] = p.card.FirstSix, p.card.LastFour
	}
	return event.PartsOf(parts)
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

// Tell implements decision.Journeys: what a decision came to becomes an event of the session that it was joined to. One without a session
// is in the ledger only.
func (j *journeys) Tell(_ context.Context, env event.Environment, r *payment.Request, d *payment.Decision, at time.Time) {
	if env != j.environment || d.Journey == nil {
		return
	}
	p := paymentOf(r, d)
	t := telling{session: d.Journey.Session, by: journey.Way(d.Journey.MatchedBy)}
	t.event = j.event(&p, t.session, t.by, at)
	t.accounts, t.emails = j.names(&p)
	outcome := string(d.Decision)
	if d.Resolution != nil {
		t.event.Name, outcome = "Payment Resolution", string(d.Resolution.Resolution)
	}
	var rules []string
	for _, t := range d.TriggeredRules {
		rules = append(rules, t.RuleID)
	}
	j.add(&t.event, "decision_id", element.Raw{Text: string(d.ID), Observed: true})
	j.add(&t.event, "decision_outcome", element.Raw{Text: outcome, Observed: true})
	j.add(&t.event, "decision_rules", element.Raw{Text: strings.Join(rules, ", ")})
	sortElements(t.event.Elements)
	select {
	case j.told <- t:
	default:
		j.shed.Add(1)
	}
}

// Forget implements decision.Journeys.
func (j *journeys) Forget(env event.Environment, customerID string) {
	if env != j.environment || customerID == "" {
		return
	}
	p := paid{customer: customerID}
	accounts, _ := j.names(&p)
	j.index.Forget(accounts, []string{j.form("email", customerID)})
}

// run judges decisions as events until ctx ends, then those that wait still. It begins once the state is back: before that nothing is
// known of any session.
func (j *journeys) run(ctx context.Context) {
	if !j.judge.ready(ctx) {
		return
	}
	for {
		select {
		case t := <-j.told:
			j.observe(ctx, t)
		case <-ctx.Done():
			for {
				select {
				case t := <-j.told:
					j.observe(context.WithoutCancel(ctx), t)
				default:
					return
				}
			}
		}
	}
}

// observe judges one; what goes wrong with it is no other's failure. Nothing is written into a session that may be somebody else's.
func (j *journeys) observe(ctx context.Context, t telling) {
	defer func() {
		if recover() != nil {
			j.failed.Add(1)
		}
	}()
	own, sure := j.index.Own(t.session, t.by, t.accounts, t.emails)
	switch {
	case own == "":
		j.gone.Add(1)
		return
	case !sure:
		j.weak.Add(1)
		return
	}
	name(&t.event, own, t.by)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch err := j.judge.Observe(ctx, t.event); {
	case errors.Is(err, engine.ErrUntold):
		j.gone.Add(1)
	case err != nil:
		j.failed.Add(1)
	}
}
