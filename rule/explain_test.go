package rule

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/event"
)

// aging is a Memory that knows when labels were placed.
type aging struct {
	memory
	ages map[string]time.Duration
}

func (a aging) LabelAge(element, label string) (time.Duration, bool) {
	age, there := a.ages[element+" "+label]
	return age, there
}

func TestEntityLabelsDecay(t *testing.T) {
	set := compileYAML(t, `
rules:
  - { id: mark, label: Mark, severity: informational, family: identity, when: event.status == 1, entity_label: { element: email, label: bad, for: 30d } }
  - { id: marked-for-good, label: Good, severity: informational, family: identity, when: event.status == 1, entity_label: { element: username, label: bad } }
  - { id: marked-longer, label: Longer, severity: informational, family: identity, when: event.status == 1, entity_label: { element: username, label: bad, for: 36h } }
  - { id: email, label: Email, severity: suspicious, family: identity, when: 'entity_label("email", "bad")' }
  - { id: username, label: Username, severity: suspicious, family: identity, when: 'entity_label("username", "bad")' }
`)
	facts := sampleFacts()
	both := memory{labels: map[string]bool{"email bad": true, "username bad": true}}
	for days, want := range map[int]string{29: "Email/email Username/username", 30: "Email/email Username/username", 31: "Username/username"} {
		facts.Memory = aging{both, map[string]time.Duration{"email bad": time.Duration(days) * day, "username bad": 300 * day}}
		if got := placed(set.Judge(facts)); got != want {
			t.Errorf("after %d days: %s, want %s", days, got, want)
		}
	}
	facts.Memory = both
	if got := placed(set.Judge(facts)); got != "Email/email Username/username" {
		t.Errorf("a memory that does not know when: %s", got)
	}
}

func TestExplain(t *testing.T) {
	set := compileYAML(t, `
rules:
  - id: r
    label: R
    severity: suspicious
    family: velocity
    settings: { limit: 5, other: 2 }
    when: >-
      count("ip_address", "logins", "1m") > settings.limit && 10 <= session.count("logins") && event.method == "POST"
      && session.seconds + 1 > settings.other && !seen_before("email", "ip_address") && event.status == 401
`)
	verdict := set.Judge(sampleFacts())
	if len(verdict.Labels) != 1 {
		t.Fatal("it did not fire")
	}
	want := []Operand{
		{Expression: `count("ip_address", "logins", "1m")`, Value: "7", Operator: ">", Threshold: "5", Window: "1m"},
		{Expression: `session.count("logins")`, Value: "12", Operator: ">=", Threshold: "10"},
		{Expression: `event.method`, Value: "POST", Operator: "==", Threshold: "POST"},
		{Expression: `session.seconds + 1`, Value: "91", Operator: ">", Threshold: "2"},
		{Expression: `session.seconds`, Value: "90"},
		{Expression: `seen_before("email", "ip_address")`, Value: "false"},
		{Expression: `event.status`, Value: "401", Operator: "==", Threshold: "401"},
	}
	if got := set.Explain(verdict.Labels[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	gone := set.Explain(event.Label{Rule: "gone", Because: []event.Reason{{Expression: "x", Value: "1"}}})
	if !reflect.DeepEqual(gone, []Operand{{Expression: "x", Value: "1"}}) {
		t.Errorf("of a rule that is gone: %+v", gone)
	}
}

// A rule without a sentence says in plain words what of its condition holds.
func TestParaphrase(t *testing.T) {
	for condition, want := range map[string]string{
		`count("ip_address", "logins", "1m") > 5 && session.count("logins") >= settings.limit`: "7 logins of the ip address within 1m (more than 5); 12 logins in this session (at least 5)",
		`session.count("payments") > 3 || event.status == 401`:                                 "the event's status is 401",
		`!(session.count("logins") < 3) && el.payment_from != "x"`:                             "12 logins in this session (at least 3); the payment from is Visa 411111••••1111 (not x)",
		`!seen_before("email", "ip_address") && has(el.email) && !has(el.phone)`:               "the email was not seen with this ip address before; there is a email; there is no phone",
		`session.label("Old") && entity_label("order_id", "final sale") && !alarmed("tool")`:   `the session is labelled "Old"; the order id is marked "final sale"; bad outcomes do not pile up for the tool`,
		`percent("ip_address", "login_failures", "logins", "1h") < 50 && !device.new`:          "-1 percent of the logins of the ip address within 1h are login failures (less than 50); not: device.new",
		`(event.inline ? 1 : 2) == 1 && event.route.startsWith("/l")`:                          `event.inline ? 1 : 2 is 1; event.route.startsWith("/l")`,
		`age_days("username") >= 2 && !session.seen("checkout")`:                               "2 days since the username was first seen (at least 2); there was no checkout before",
	} {
		set, problems := Compile(oneRule(condition), vocabulary())
		if len(problems) > 0 {
			t.Fatalf("%s: %v", condition, problems)
		}
		verdict := set.Judge(sampleFacts())
		if len(verdict.Labels) != 1 {
			t.Errorf("%s did not fire", condition)
			continue
		}
		if got := verdict.Labels[0].Sentence; got != want {
			t.Errorf("%s\n got %s\nwant %s", condition, got, want)
		}
	}
}

// Every name of the language gives what the facts hold.
func TestNamesOfTheFacts(t *testing.T) {
	facts := sampleFacts()
	asked := 0
	facts.Device = Device{AgeDays: 1, Sessions: 2, Confidence: 3, Accounts: 4, Suspicion: 5, New: true, KnownToAccount: true}
	facts.Person, facts.Actor = Person{Accounts: 6, Devices: 7, AgeDays: 8}, Actor{Devices: 9, Sessions: 10}
	facts.Clusters, facts.LoginRisk = piles{}, func() int64 { asked++; return 345 }
	facts.Session.Shape = Shape{Pages: 11, Assets: 12, Backs: 13, DistinctPages: 14, Gaps: 12, Variation: 15, MedianGap: 16, Orderly: 17, Crowd: 18, Clones: 19}
	facts.Session.First = func(t event.Type) (time.Time, bool) {
		return facts.Session.Opened.Add(5 * time.Second), t == event.Logout
	}
	facts.Session.Last = func(t event.Type) (time.Time, bool) { return facts.Event.Time.Add(-7 * time.Second), t == event.Logout }
	facts.Event.Evidence = event.Evidence{
		Wire:    event.Wire{Kind: event.Data, JA4: "t13", HTTP2: "h", Hints: event.HintsMissing, Flaws: []event.Flaw{event.FlawTLS, event.FlawBrands}},
		Client:  event.Client{Family: "chrome", Major: 120, Platform: "ios", Language: "de", Mobile: true, Agent: "bot", Proof: event.Refuted},
		Network: event.Network{Kind: event.VPN, AS: 64500, Country: "DE"},
	}
	for _, condition := range []string{
		`device.age_days == 1 && device.sessions == 2 && device.confidence == 3 && device.accounts == 4 && device.suspicion == 5`,
		`device.new && device.known_to_account && person.accounts == 6 && person.devices == 7 && person.age_days == 8`,
		`actor.devices == 9 && actor.sessions == 10 && cluster("tool") == 801 && alarmed("tool") && !alarmed("route")`,
		`login_risk() > 300 && login_risk() == 345 && session.pages == 11 && session.assets == 12 && session.backs == 13`,
		`session.distinct_pages == 14 && session.regularity == 15 && session.median_gap_ms == 16 && session.orderly == 17`,
		`session.crowd == 18 && session.clones == 19 && session.seconds_to("logout") == 5 && session.since("logout") == 7`,
		`session.seen("logout") && !session.seen("checkout") && session.since("checkout") == -1 && session.seconds_to("checkout") == -1`,
		`session.percent("login_failures", "logins") == 91 && session.percent("logins", "payments") == -1`,
		`percent("ip_address", "logins", "logins", "1m") == 100 && percent("ip_address", "payments", "logins", "1m") == 0`,
		`wire.kind == "data" && wire.ja4 == "t13" && wire.http2 == "h" && wire.hints == "missing" && wire.flaws == 2 && wire.flaw("tls") && !wire.flaw("fetch")`,
		`client.family == "chrome" && client.major == 120 && client.platform == "ios" && client.language == "de" && client.mobile`,
		`client.agent == "bot" && client.proof == "refuted" && network.kind == "vpn" && network.as == 64500 && network.country == "DE"`,
	} {
		set, problems := Compile(oneRule(condition), vocabulary())
		if len(problems) > 0 {
			t.Errorf("%s: %v", condition, problems)
			continue
		}
		asked = 0
		if verdict := set.Judge(facts); len(verdict.Labels) != 1 || asked > 1 {
			t.Errorf("%s did not fire, or asked for the login risk %d times", condition, asked)
		}
	}
	bare := Facts{Event: sample()}
	set := compileYAML(t, `
rules:
  - { id: r, label: R, severity: suspicious, family: velocity, when: 'session.regularity == -1 && session.crowd == 1 && login_risk() == 0
      && cluster("tool") == 0 && !alarmed("tool") && session.since("logout") == -1 && session.seconds_to("logout") == -1 && wire.flaws == 0 && !wire.flaw("tls")
      && client.family == "" && !session.seen("logout") && percent("tool", "logins", "events", "1h") == -1' }
`)
	if got := placed(set.Judge(bare)); got != "R/r" {
		t.Errorf("of facts that hold nothing: %s", got)
	}
}

// piles are Clusters of which one is alarmed.
type piles struct{}

func (piles) Level(kind string) int64  { return map[string]int64{"tool": 801}[kind] }
func (piles) Alarmed(kind string) bool { return kind == "tool" }

// Names that are not there are told, with the one that was meant.
func TestSuggestions(t *testing.T) {
	for condition, want := range map[string]string{
		`device.ag_days > 1`:                                 `did you mean "age_days"?`,
		`wire.flaw("tsl")`:                                   `did you mean "tls"?`,
		`wire.kind == "documents"`:                           `did you mean "document"?`,
		`network.kind == "home"`:                             `"home" is never the value there`,
		`client.proof in ["verifed"]`:                        `did you mean "verified"?`,
		`alarmed("tools")`:                                   `did you mean "tool"?`,
		`session.seen("checkut")`:                            `did you mean "checkout"?`,
		`percent("ip_address", "logins", "login", "1h") > 1`: `did you mean "logins"?`,
		`devise.new`:                                         `did you mean "device"?`,
		`login_risk > 3`:                                     `is a function`,
		`has(device.new)`:                                    `has() asks for elements only`,
		`event.hour > 23`:                                    `can never hold`,
		`percent("ip_address", "logins", "events", "1h") > 100 && event.inline`: `can never hold`,
		`!(count("tool", "logins", "1h") >= 0)`:                                 `can never hold`,
		`0 > session.count("logins")`:                                           `can never hold`,
		`distinct("tool", "username", "1h") >= 65`:                              `can never hold`,
		`persona_distance("order_id") == 6`:                                     `can never hold`,
	} {
		if got := problemsOf(condition); !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", condition, got, want)
		}
	}
	for _, condition := range []string{`event.hour != 24`, `session.regularity >= -1`, `count("tool", "logins", "1h") < 0 || event.inline`, `distinct("tool", "username", "1h") <= 64`} {
		if got := problemsOf(condition); got != "" {
			t.Errorf("%s: %s", condition, got)
		}
	}
}
