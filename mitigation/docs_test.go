package mitigation

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/mitigation.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The table in the manual is the order that the program has.
func TestTheManualHasTheOrderOfPrecedence(t *testing.T) {
	text := manual(t)
	for n, one := range precedence() {
		row := "| " + strconv.Itoa(n+1) + " | " + one.name + " | " + string(one.outcome) + " |"
		if !strings.Contains(text, row) {
			t.Errorf("docs/mitigation.md has no row %q", row)
		}
	}
	for _, reason := range []Reason{
		ReasonStop, ReasonAllowed, ReasonSpared, ReasonNotHeld, ReasonBreaker, ReasonQuiet, ReasonShadow, ReasonControl, ReasonRollout,
		ReasonSharedAddress, ReasonNobody, ReasonPassed, ReasonTrusted, ReasonAsked, ReasonLoop, ReasonOutranked, ReasonWithin, ReasonFailed,
	} {
		if !strings.Contains(text, "`"+string(reason)+"`") {
			t.Errorf("docs/mitigation.md does not name the reason %s", reason)
		}
	}
	last := 0
	for _, kind := range event.ActionKinds() {
		at := strings.Index(text, "`"+string(kind)+"`")
		if at < last {
			t.Errorf("%s is missing or out of order", kind)
		}
		last = at
	}
}

// The example is a configuration that compiles and does what it says.
func TestTheManualsExample(t *testing.T) {
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(manual(t))
	if found == nil {
		t.Fatal("no example")
	}
	var rules struct {
		Actions    []policy.ActionConfig   `yaml:"actions"`
		Policies   []policy.Config         `yaml:"policies"`
		Mitigation policy.MitigationConfig `yaml:"mitigation"`
	}
	doc, problems := document.Parse("mitigation.md", []byte(found[1]))
	if len(problems) == 0 {
		problems = doc.Decode(&rules)
	}
	problems = append(problems, policy.Check(rules.Actions, rules.Policies, policy.Names{
		Specs: []string{"login", "search", "product"}, Signatures: []string{"credential-stuffing"},
	})...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := &desk{t: t, now: noon()}
	d.control = New(Deps{Key: make([]byte, 32), Now: func() time.Time { return d.now }})
	d.plan, problems = d.control.Compile(Rules{rules.Actions, rules.Policies, rules.Mitigation})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	m := d.decide(visit{address: "198.51.100.1", asks: []string{"tell-the-shop"}, rating: event.Suspicious})
	if !m.Tags || m.Actions[0].Name != "tell-the-shop" || m.Actions[0].Policy != "" {
		t.Errorf("%+v", m)
	}
	if m := d.decide(visit{address: "192.0.2.9", asks: []string{"tell-the-shop"}}); m.Tags {
		t.Errorf("the office is not allowed: %+v", m)
	}
	if names := (subject{scope: policy.ScopeDevice, key: "d"}); d.plan.named["stuffing"].controlled(names) && d.plan.named["stuffing"].rolledOut(names) {
		t.Error("in both shares")
	}
}
