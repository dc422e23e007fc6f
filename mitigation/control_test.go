package mitigation

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// noon is a Wednesday.
func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

// desk is a Control with a clock of its own and one plan.
type desk struct {
	t       testing.TB
	control *Control
	plan    *Plan
	now     time.Time
	serial  int
}

// newDesk compiles rules whose actions are one of each kind, named as their kind.
func newDesk(t testing.TB, m policy.MitigationConfig, policies ...policy.Config) *desk {
	t.Helper()
	d := &desk{t: t, now: noon()}
	d.control = New(Deps{Key: make([]byte, 32), Now: func() time.Time { return d.now }})
	d.compile(m, policies...)
	return d
}

func (d *desk) compile(m policy.MitigationConfig, policies ...policy.Config) {
	d.t.Helper()
	plan, problems := d.control.Compile(Rules{Actions: oneOfEach(), Policies: policies, Mitigation: m})
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	d.plan = plan
}

func oneOfEach() []policy.ActionConfig {
	var all []policy.ActionConfig
	for _, kind := range event.ActionKinds() {
		a := policy.ActionConfig{Name: string(kind), Kind: kind}
		switch kind {
		case event.Redirect:
			a.Location = "/elsewhere"
		case event.Decoy:
			a.Origin = "decoys"
		case event.RateLimit:
			a.Limit = policy.LimitConfig{Requests: 3, Per: time.Minute}
		case event.Delay:
			a.Wait = time.Second
		case event.Challenge:
			a.Check = "proof"
		case event.Rewrite:
			a.Request.Set = map[string]string{"X-Seen": "yes"}
		case event.Inject:
			a.HTML = "<p>hello</p>"
		case event.Feign:
			a.Template = policy.TemplateConfig{Status: 401, Body: "no", Always: true}
		}
		all = append(all, a)
	}
	return all
}

// ladder is a live policy for sessions without a breaker that could open.
func ladder(name string, steps ...string) policy.Config {
	c := policy.Config{Name: name, When: policy.ConditionConfig{Label: "bad"}, Budget: &policy.BudgetConfig{Percent: 100}}
	for _, action := range steps {
		c.Steps = append(c.Steps, policy.StepConfig{Action: action})
	}
	return c
}

// visit is one held request with a verdict.
type visit struct {
	session, device, person string
	address                 string
	spec                    string
	rating                  event.Rating
	labels                  []string
	elements                []event.Element
	// asks are policies that the verdict asks for.
	asks   []string
	client event.Client
	header []capture.Field
	notHeld
}

// notHeld says that the request goes by.
type notHeld bool

func (d *desk) event(v visit) (*capture.Request, *event.Event, *Judgement) {
	d.serial++
	if v.session == "" {
		v.session = "session-1"
	}
	if v.address == "" {
		v.address = "192.0.2.1"
	}
	if v.spec == "" {
		v.spec = "login"
	}
	id := event.DeriveID(d.now, fmt.Sprint(d.serial))
	head := &capture.Request{
		ID: id, Time: d.now, Method: "GET", Scheme: "https", Host: "shop.test", Path: "/login", Peer: netip.MustParseAddr(v.address),
		Header: append([]capture.Field{{Name: "User-Agent", Value: "Mozilla/5.0"}, {Name: "Accept", Value: "text/html"}, {Name: "Sec-Fetch-Dest", Value: "document"}}, v.header...),
	}
	e := &event.Event{ID: id, Time: d.now, Spec: v.spec, Elements: v.elements}
	e.HTTP.Inline = !bool(v.notHeld)
	e.Evidence.Address, e.Evidence.Client = v.address, v.client
	j := &Judgement{Session: event.Session{ID: event.ID(v.session), Journey: event.ID(v.device), Person: event.ID(v.person), Number: int64(d.serial), Labels: v.labels}}
	j.Verdict.Rating = v.rating
	for _, name := range v.asks {
		first := d.plan.named[name].steps[0].action
		ask := event.Action{Name: first.Name, Kind: first.Kind, Policy: name, Because: "bad"}
		if d.plan.named[name].own {
			ask.Policy = ""
		}
		j.Verdict.Actions = append(j.Verdict.Actions, ask)
	}
	return head, e, j
}

// decide is one held request.
func (d *desk) decide(v visit) Measure {
	head, e, j := d.event(v)
	return d.plan.Decide(head, e, j)
}

// note is one judged record, with what was done to it.
func (d *desk) note(v visit, done ...event.Action) {
	_, e, j := d.event(v)
	e.Actions = done
	d.plan.Note(&event.Record{Event: *e, Session: j.Session, Verdict: j.Verdict})
}

// outcome is what became of a policy with a request: its action, outcome and detail; three empty texts when nothing was said.
func outcome(m Measure, policyName string) (action string, how event.Outcome, detail string) {
	for _, a := range m.Actions {
		if a.Policy == policyName {
			return a.Name, a.Outcome, a.Detail
		}
	}
	return "", "", ""
}

func expect(t testing.TB, m Measure, policyName, action string, how event.Outcome) {
	t.Helper()
	gotAction, gotHow, detail := outcome(m, policyName)
	if gotAction != action || gotHow != how {
		t.Fatalf("policy %s: got %s %s (%s), want %s %s; all: %+v", policyName, gotAction, gotHow, detail, action, how, m.Actions)
	}
}

func TestAnUncompilableConfigurationIsToldInFull(t *testing.T) {
	c := New(Deps{Key: make([]byte, 32)})
	plan, problems := c.Compile(Rules{
		Actions:  []policy.ActionConfig{{Name: "block", Kind: event.Block}, {Name: "twice", Kind: event.Block, When: policy.ConditionConfig{Label: "x"}}},
		Policies: []policy.Config{ladder("one", "missing"), ladder("empty"), ladder("twice", "block")},
		Mitigation: policy.MitigationConfig{Allow: []policy.AllowConfig{
			{Name: "everybody"}, {Name: "wrong", Addresses: []string{"nowhere"}, Until: "tomorrow"},
		}},
	})
	if plan != nil || len(problems) != 6 {
		t.Fatalf("plan %v, problems: %v", plan, problems)
	}
}

func TestStateSurvivesReload(t *testing.T) {
	hold := ladder("hold", "challenge", "block")
	hold.For = time.Hour
	d := newDesk(t, policy.MitigationConfig{}, hold)
	expect(t, d.decide(visit{asks: []string{"hold"}}), "hold", "challenge", event.Done)
	d.compile(policy.MitigationConfig{}, hold, ladder("other", "tag"))
	expect(t, d.decide(visit{}), "hold", "block", event.Done)
	// A shorter ladder does not lose its subject.
	short := ladder("hold", "tag")
	short.For = time.Hour
	d.compile(policy.MitigationConfig{Cookie: "other"}, short)
	expect(t, d.decide(visit{}), "hold", "tag", event.Done)
}

func TestAnActionWithAConditionIsAPolicyOfItsOwn(t *testing.T) {
	c := New(Deps{Key: make([]byte, 32), Now: noon})
	actions := oneOfEach()
	actions[1].When = policy.ConditionConfig{Label: "bad"}
	plan, problems := c.Compile(Rules{Actions: actions})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := &desk{t: t, control: c, plan: plan, now: noon()}
	m := d.decide(visit{asks: []string{"block"}})
	if m.Answer == nil || m.Answer.Status != 403 {
		t.Fatalf("answer %+v", m.Answer)
	}
	want := event.Action{Name: "block", Kind: event.Block, Because: "bad", Outcome: event.Done}
	if len(m.Actions) != 1 || m.Actions[0] != want {
		t.Fatalf("facts %+v", m.Actions)
	}
}

func TestNoVerdict(t *testing.T) {
	closed := ladder("closed", "block")
	closed.OnFailure, closed.Specs = policy.FailClosed, []string{"login"}
	d := newDesk(t, policy.MitigationConfig{}, closed)
	head, _, _ := d.event(visit{})
	if d.plan.Failed("search", head) != nil {
		t.Error("a spec that no policy closes does not get through")
	}
	if d.plan.Failed("login", head) == nil {
		t.Error("a spec that a policy closes gets through")
	}
	if err := d.control.Stop(d.now.Add(time.Hour), "a test", "me"); err != nil {
		t.Fatal(err)
	}
	if d.plan.Failed("login", head) != nil {
		t.Error("the operator's stop does not open it")
	}
}
