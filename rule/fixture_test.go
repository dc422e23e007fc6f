package rule

import (
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
)

// memory is a Memory of fixed answers.
type memory struct {
	counts   map[string]int64 // "element counter window"
	distinct map[string]int64 // "element of window"
	seen     map[string]bool  // "element other"
	ages     map[string]time.Duration
	labels   map[string]bool // "element label"
	persona  int64
}

func (m memory) Count(element, counter string, window time.Duration) int64 {
	return m.counts[element+" "+counter+" "+window.String()]
}
func (m memory) Distinct(element, of string, window time.Duration) int64 {
	return m.distinct[element+" "+of+" "+window.String()]
}
func (m memory) SeenBefore(element, other string) bool { return m.seen[element+" "+other] }
func (m memory) Age(element string) (time.Duration, bool) {
	age, known := m.ages[element]
	return age, known
}
func (m memory) Labelled(element, label string) bool  { return m.labels[element+" "+label] }
func (m memory) PersonaDistance(element string) int64 { return m.persona }

// sample is an event with elements of every type.
func sample() *event.Event {
	return &event.Event{
		ID: "e", Time: time.Date(2026, 1, 5, 10, 30, 0, 0, time.UTC), Name: "Login through Form",
		Type: event.AuthenticationAttempt, Result: event.Failure, Spec: "login",
		HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/login", Status: 401, Inline: true},
		Elements: []event.Element{
			{Name: "email", Value: "bob@example.com", Parts: event.PartsOf(map[string]string{"disposable": "false", "domain": "example.com"})},
			{Name: "final_sale", Value: "false"}, {Name: "final_sale", Value: "true"},
			{Name: "ip_address", Value: "203.0.113.9"},
			{Name: "payment_from", Value: "0123456789abcdef", Display: "Visa 411111••••1111"},
			{Name: "transaction_amount", Value: "1250", Display: "12.50 USD"},
			{Name: "username", Value: "bob"},
		},
	}
}

func sampleFacts() Facts {
	return Facts{
		Event: sample(),
		Session: Session{
			ID: "s", Opened: sample().Time.Add(-90 * time.Second), Events: 4, Score: 375, Rating: event.Normal,
			Labels:   []event.Label{{Name: "Old", Points: 375, Family: "velocity", Severity: event.SuspiciousLabel}},
			Counts:   map[string]int64{"logins": 12, "login_failures": 11},
			Distinct: func(name string) int64 { return int64(len(name)) },
		},
		Memory: memory{
			counts:   map[string]int64{"ip_address logins 1m0s": 7},
			distinct: map[string]int64{"device_fingerprint username 24h0m0s": 3},
			seen:     map[string]bool{"username ip_address": true},
			ages:     map[string]time.Duration{"username": 50 * time.Hour},
			labels:   map[string]bool{"order_id final sale": true},
			persona:  2,
		},
	}
}

func vocabulary() Vocabulary {
	return StandardVocabulary(element.Default(), []string{"login", "checkout"})
}

// decode reads a configuration written in YAML.
func decode(t testing.TB, text string) Config {
	t.Helper()
	parsed, problems := document.Parse("rules.yaml", []byte(text))
	var config Config
	if problems = append(problems, parsed.Decode(&config)...); len(problems) > 0 {
		t.Fatalf("the fixture does not decode:\n%v", problems)
	}
	return config
}

// compileYAML compiles a configuration that has no problems.
func compileYAML(t testing.TB, text string) *Set {
	t.Helper()
	set, problems := Compile(decode(t, text), vocabulary())
	if len(problems) > 0 {
		t.Fatalf("the fixture does not compile:\n%v", problems)
	}
	return set
}

// oneRule is a configuration of one suspicious rule with the condition.
func oneRule(when string) Config {
	return Config{Rules: []RuleConfig{
		{ID: "old", Label: "Old", Severity: event.SuspiciousLabel, Family: "velocity", Points: 375, When: "event.status == 999"},
		{ID: "r", Label: "R", Severity: event.SuspiciousLabel, Family: "identity", Points: 150, When: when,
			Settings: map[string]Setting{"limit": {Default: 5}}},
	}}
}

// problemsOf are the problems of one condition, a line each.
func problemsOf(when string) string {
	_, problems := Compile(oneRule(when), vocabulary())
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
