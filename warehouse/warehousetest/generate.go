package warehousetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/warehouse"
)

// Production and Staging are the environments of generated records; most are of Production.
const (
	Production event.Environment = "production"
	Staging    event.Environment = "staging"
)

// Start is the time of the first generated record.
func Start() time.Time { return time.Date(2026, 11, 1, 9, 30, 0, 123456000, time.UTC) }

// Generator makes records as the engine would: the same seed, the same records.
type Generator struct {
	random   *rand.Rand
	now      time.Time
	position uint64
	live     []*visit
	// Sessions is how many sessions are under way at once, at least one.
	Sessions int
}

// visit is a session under way.
type visit struct {
	environment            event.Environment
	session                event.Session
	person                 int
	country, city, address string
	rating                 event.Rating
	score                  int64
	labels                 []string
}

// NewGenerator makes a generator with forty sessions under way.
func NewGenerator(seed uint64) *Generator {
	return &Generator{random: rand.New(rand.NewPCG(seed, 1)), now: Start(), Sessions: 40}
}

// Entries makes the next n entries.
func (g *Generator) Entries(n int) []warehouse.Entry {
	entries := make([]warehouse.Entry, n)
	for i := range entries {
		g.position++
		if g.chance(50) {
			g.position++ // a log may skip positions
		}
		entries[i] = warehouse.Entry{Position: g.position, Record: g.record()}
	}
	return entries
}

func (g *Generator) chance(in int) bool { return g.random.IntN(in) == 0 }

func pick[T any](g *Generator, from ...T) T { return from[g.random.IntN(len(from))] }

func (g *Generator) record() event.Record {
	g.now = g.now.Add(time.Duration(g.random.IntN(200_000)) * time.Microsecond)
	v := g.visit()
	at := g.now
	if v.session.Number > 0 && g.chance(20) {
		at = at.Add(-time.Duration(g.random.IntN(100)) * time.Millisecond) // verdicts are not always in the order of time
	}
	v.session.Number++
	id := event.DeriveID(at, "event", fmt.Sprint(g.position))
	spec := pick(g, "login", "search", "checkout", "profile")
	e := event.Event{ID: id, Environment: v.environment, Time: at, Spec: spec,
		Name: map[string]string{"login": "Login through Form", "search": "Search", "checkout": "Checkout", "profile": "Änderung"}[spec],
		Type: map[string]event.Type{"login": event.AuthenticationAttempt, "search": event.ProductSearch,
			"checkout": event.Transaction, "profile": event.AccountUpdate}[spec],
		Result:   pick(g, event.Success, event.Success, event.Failure, ""),
		HTTP:     event.HTTP{Method: "POST", Host: "shop.example", Route: "/" + spec, Status: 200, Duration: 1234567},
		Evidence: event.Evidence{Address: v.address, HeaderShape: "0123456789abcdef", UserAgent: "fedcba9876543210"},
		Elements: g.elements(v, spec)}
	r := event.Record{Event: e, Verdict: g.verdict(v)}
	if len(r.Verdict.Actions) > 0 {
		r.Event.Actions = []event.Action{g.carriedOut(r.Verdict.Actions[0])}
	}
	r.Session = v.session
	r.Session.Labels = slices.Clone(v.labels)
	return r
}

// carriedOut is what became of an action that was asked for.
func (g *Generator) carriedOut(action event.Action) event.Action {
	switch g.random.IntN(7) {
	case 0, 3:
		action.Outcome, action.Detail = event.Withheld, pick(g, "control arm", "control arm", "control arm", "allow list office", "circuit breaker open", "stopped until 2026-11-01 10:00 UTC", "stopped until 2026-11-01 11:00 UTC")
	case 1:
		action.Outcome = pick(g, event.Passed, event.Refused, event.Unavailable, event.Failed)
	case 2:
		action.Shadow, action.Outcome = true, event.Withheld
	default:
		action.Outcome = event.Done
	}
	return action
}

// visit picks a session that is under way, or opens one.
func (g *Generator) visit() *visit {
	if len(g.live) >= g.Sessions && !g.chance(10) {
		return pick(g, g.live...)
	}
	v := &visit{person: g.random.IntN(1000), environment: pick(g, Production, Production, Production, Staging)}
	v.address = fmt.Sprintf("%d.0.2.%d", pick(g, 9, 10, 198), v.person%200)
	place := pick(g, [2]string{"Germany", "Köln"}, [2]string{"Germany", "Berlin"}, [2]string{"France", ""}, [2]string{"", ""},
		[2]string{"Iceland", "100% _Reykjavík"})
	v.country, v.city = place[0], place[1]
	v.session = event.Session{ID: event.DeriveID(g.now, "session", fmt.Sprint(g.position)),
		Journey: event.DeriveID(Start(), "journey", fmt.Sprint(v.person)), Opened: g.now, Join: event.Join{By: "opened"}}
	if len(g.live) < g.Sessions {
		g.live = append(g.live, v)
	} else {
		g.live[g.random.IntN(len(g.live))] = v
	}
	return v
}

func (g *Generator) elements(v *visit, spec string) []event.Element {
	text := func(name string, kind event.Kind, value string) event.Element {
		return event.Element{Name: name, Kind: kind, Type: "text", Value: value}
	}
	elements := []event.Element{
		text("ip_address", event.Entity, v.address),
		text("language", event.Attribute, pick(g, "de", "fr", "en")),
		text("user_agent", event.Attribute, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
		text("network", event.Attribute, "Example Carrier"),
		text("asn", event.Attribute, "64500"),
		text("device", event.Entity, fmt.Sprintf("device-%d", v.person/2)),
	}
	if v.country != "" {
		country := text("country", event.Attribute, strings.ToUpper(v.country[:2]))
		country.Display = v.country
		elements = append(elements, country)
	}
	if v.city != "" {
		elements = append(elements, text("city", event.Attribute, v.city))
	}
	switch spec {
	case "login", "profile":
		elements = append(elements,
			event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: fmt.Sprintf("person%d@mail.example", v.person),
				Parts: event.PartsOf(map[string]string{"domain": "mail.example"})},
			// A value that could not be built has parts only.
			event.Element{Name: "billing_address", Kind: event.Entity, Type: "address", Parts: event.PartsOf(map[string]string{"city": "Köln"})})
	case "checkout":
		elements = append(elements,
			event.Element{Name: "card_number", Kind: event.Entity, Type: "payment_account", Value: fmt.Sprintf("%064x", v.person/3),
				Display: "453201******0366"},
			text("transaction_amount", event.Attribute, fmt.Sprint(g.random.IntN(100000))))
	}
	slices.SortFunc(elements, func(a, b event.Element) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
	return elements
}

func (g *Generator) verdict(v *visit) event.Verdict {
	verdict := event.Verdict{Before: v.rating, Rules: "rules-1"}
	place := func(label event.Label) {
		label.Because = []event.Reason{{Expression: "count", Value: fmt.Sprint(g.random.IntN(50))}}
		label.Sentence = label.Name + " in plain words"
		verdict.Labels = append(verdict.Labels, label)
		if !label.Shadow {
			v.score += label.Points
			if !slices.Contains(v.labels, label.Name) {
				v.labels = append(v.labels, label.Name)
				slices.Sort(v.labels)
			}
		}
	}
	if g.chance(8) {
		place(event.Label{Name: pick(g, "Login Velocity", "Returning User", "Many Accounts"), Severity: event.SuspiciousLabel,
			Rule: "velocity", Points: 20, Family: "velocity"})
	}
	if g.chance(10) {
		place(event.Label{Name: "New Idea", Severity: event.MaliciousLabel, Rule: "idea", Points: 90, Shadow: true})
	}
	if v.score > 40 && g.chance(5) {
		place(event.Label{Name: "Account Takeover", Severity: event.MaliciousLabel, Rule: "takeover", Points: 60, Signature: true})
	}
	if v.score > 40 && g.chance(3) {
		verdict.Actions = []event.Action{{Name: "stop", Kind: pick(g, event.Block, event.Feign, event.Delay), Because: "Account Takeover",
			Policy: pick(g, "ladder", "ladder", "")}, {Name: "tell", Kind: event.Webhook, Because: "Account Takeover"}}
	}
	if g.chance(60) {
		v.score = 0 // trust comes back
		v.rating = event.Normal
	}
	switch {
	case v.score >= 100:
		v.rating = event.Malicious
	case v.score >= 40:
		v.rating = event.Suspicious
	}
	verdict.Rating, verdict.Score = v.rating, v.score
	return verdict
}
