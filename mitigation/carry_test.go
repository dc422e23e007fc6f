package mitigation

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/decoy"
	"wayguard/event"
	"wayguard/policy"
)

// fakeChecks offers a check that tells what it was asked for, fakeDecoys feigns when it is ready.
type fakeChecks struct {
	asked challenge.Ask
	deaf  bool
}

func (f *fakeChecks) Offer(a challenge.Ask, _ *capture.Request, _ time.Time) (challenge.Page, bool) {
	f.asked = a
	return challenge.Page{Status: 403, Body: []byte("check"), Trailer: []capture.Field{{Name: "grpc-status", Value: "7"}}}, !f.deaf
}

type fakeDecoys struct{ learned bool }

func (f *fakeDecoys) Ready(string, string) bool { return f.learned }

func (f *fakeDecoys) Feign(spec, as string, t policy.TemplateConfig, _ *capture.Request, _ *event.Event, session event.ID, _ time.Time) (decoy.Answer, bool) {
	a := decoy.Answer{Status: 401, Body: []byte(spec + " " + as + " " + string(session)), After: time.Second}
	return a, f.learned || t.Status != 0
}

// porter carries actions out, with everything around it faked.
type porter struct {
	t      *testing.T
	kept   *kept
	checks fakeChecks
	decoys fakeDecoys
	now    time.Time
	head   *capture.Request
	event  *event.Event
	judged Judgement
}

func newPorter(t *testing.T) *porter {
	p := &porter{t: t, kept: newKept(nil), now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), head: answerHead("POST /login", "Accept: application/json"), event: answerEvent("username=ann")}
	p.judged.Session.ID, p.judged.Verdict.Rating = "s1", event.Malicious
	p.event.Evidence.Address = "192.0.2.7"
	return p
}

func (p *porter) carry(m *Measure, a policy.ActionConfig) (string, bool) {
	c := carrier{kept: p.kept, checks: &p.checks, decoys: &p.decoys, now: p.now, action: &a, judgement: &p.judged,
		occasion: occasion{head: p.head, event: p.event, because: "bad"}}
	return c.carry(m, "policy")
}

func (p *porter) body(text string) { p.head.Body = capture.Body{Bytes: []byte(text)} }

func TestCarry(t *testing.T) {
	for _, c := range []struct {
		name   string
		action policy.ActionConfig
		set    func(*porter)
		ok     bool
		detail string
		want   string // what the measure says, by says
	}{
		{"drop", policy.ActionConfig{Kind: event.Drop}, nil, true, "", "drop"},
		{"block", policy.ActionConfig{Kind: event.Block}, nil, true, "", "answer 403"},
		{"maintenance", policy.ActionConfig{Kind: event.Maintenance, Status: 500}, nil, true, "", "answer 500"},
		{"redirect", policy.ActionConfig{Kind: event.Redirect, Location: "/login"}, nil, false, "the visitor is already there", ""},
		{"redirect elsewhere", policy.ActionConfig{Kind: event.Redirect, Location: "/x"}, nil, true, "", "answer 403"},
		{"feign", policy.ActionConfig{Kind: event.Feign, As: "success"}, func(p *porter) { p.decoys.learned = true }, true, "success as the origin answers", "feigned 401 login success s1"},
		{"feign by the template", policy.ActionConfig{Kind: event.Feign, Template: policy.TemplateConfig{Status: 401}}, nil, true,
			"failure by the template: too few of the origin's answers were seen", "feigned 401 login failure s1"},
		{"feign by the template always", policy.ActionConfig{Kind: event.Feign, Template: policy.TemplateConfig{Status: 401, Always: true}}, nil, true, "failure by the template", "feigned 401 login failure s1"},
		{"feign without anything", policy.ActionConfig{Kind: event.Feign}, nil, true, "refused: too few of the origin's answers were seen, and there is no template", "answer 401"},
		{"feign success without anything", policy.ActionConfig{Kind: event.Feign, As: "success"}, nil, true, "refused: too few of the origin's answers were seen, and there is no template", "answer 403"},
		{"decoy", policy.ActionConfig{Kind: event.Decoy, Origin: "pot"}, nil, true, "", "origin pot"},
		{"challenge", policy.ActionConfig{Kind: event.Challenge, Check: "proof"}, nil, true, "proof", "answer 403 trailer"},
		{"challenge by rating", policy.ActionConfig{Kind: event.Challenge}, nil, true, challenge.ForRating(event.Malicious), "answer 403 trailer"},
		{"second factor", policy.ActionConfig{Kind: event.SecondFactor}, nil, true, "second_factor", "answer 403 trailer"},
		{"challenge nobody hears", policy.ActionConfig{Kind: event.Challenge}, func(p *porter) { p.checks.deaf = true }, false, "the request cannot be asked for a check", ""},
		{"rate_limit", policy.ActionConfig{Kind: event.RateLimit, Limit: policy.LimitConfig{Requests: 1, Per: time.Minute}}, nil, true, "within the limit", ""},
		{"delay", policy.ActionConfig{Kind: event.Delay, Wait: 2 * time.Second}, nil, true, "2s", "delay 2s"},
		{"delay too many", policy.ActionConfig{Kind: event.Delay, Wait: 2 * time.Second}, func(p *porter) { p.kept.delays.most = 0 }, false, "skipped: too many requests are being delayed", ""},
		{"tag", policy.ActionConfig{Kind: event.Tag}, nil, true, "", "tags"},
		{"webhook", policy.ActionConfig{Kind: event.Webhook}, nil, false, "webhook is nothing that is done to a request", ""},
	} {
		p := newPorter(t)
		if c.set != nil {
			c.set(p)
		}
		var m Measure
		detail, ok := p.carry(&m, c.action)
		if got := says(&m); ok != c.ok || detail != c.detail || got != c.want {
			t.Errorf("%s: %q, %t, %q; want %q, %t, %q", c.name, got, ok, detail, c.want, c.ok, c.detail)
		}
	}
}

// says tells a measure in a few words.
func says(m *Measure) string {
	var words []string
	if a := m.Answer; a != nil {
		switch {
		case a.Drop:
			words = append(words, "drop")
		case a.Feigned:
			words = append(words, fmt.Sprint("feigned ", a.Status, " ", string(a.Body)))
		default:
			words = append(words, fmt.Sprint("answer ", a.Status))
		}
		if len(a.Trailer) > 0 {
			words = append(words, "trailer")
		}
	}
	if m.Origin != "" {
		words = append(words, "origin "+m.Origin)
	}
	if m.Delay > 0 {
		words = append(words, "delay "+m.Delay.String())
	}
	if m.Tags {
		words = append(words, "tags")
	}
	if m.Request != nil || m.Response != nil {
		words = append(words, "edits")
	}
	return strings.Join(words, " ")
}

func TestAskedAgain(t *testing.T) {
	p := newPorter(t)
	p.event.Elements = append(p.event.Elements, event.Element{Name: resultElement, Value: string(challenge.Refused)})
	var m Measure
	p.carry(&m, policy.ActionConfig{Kind: event.Challenge, Check: "captcha", Valid: time.Hour})
	if want := (challenge.Ask{Kind: "captcha", Rating: event.Malicious, Valid: time.Hour, Again: true}); p.checks.asked != want {
		t.Errorf("asked %+v, want %+v", p.checks.asked, want)
	}
}

func TestRateLimit(t *testing.T) {
	for _, by := range []string{"", "session", "device", "person", "account", "address", "username", "nothing_of_the_kind"} {
		p := newPorter(t)
		p.judged.Session.Journey, p.judged.Session.Person = "d1", "p1"
		a := policy.ActionConfig{Name: "slow", Kind: event.RateLimit, Limit: policy.LimitConfig{Requests: 2, Per: time.Minute, By: by}}
		for range 2 {
			var m Measure
			if detail, ok := p.carry(&m, a); !ok || m.Answer != nil {
				t.Fatalf("%s: %s", by, detail)
			}
		}
		var m Measure
		detail, ok := p.carry(&m, a)
		if !ok || m.Answer == nil || m.Answer.Status != 429 || !strings.Contains(detail, "more than 2 in 1m0s by") {
			t.Fatalf("%s: %s, %+v", by, detail, m)
		}
		text := answerText(m.Answer)
		for _, line := range []string{"Retry-After: 30\n", "RateLimit-Policy: \"default\";q=2;w=60\n", "RateLimit: \"default\";r=0;t=30\n"} {
			if !strings.Contains(text, line) {
				t.Errorf("%s: no %q in %s", by, line, text)
			}
		}
		p.head = answerHead("GET /", pageAccept)
		if m = (Measure{}); true {
			p.carry(&m, a)
		}
		if text := answerText(m.Answer); strings.Contains(text, "RateLimit") || !strings.Contains(text, "Retry-After") {
			t.Errorf("%s: a page has %s", by, text)
		}
		// Another one is not held up.
		p.judged.Session = event.Session{ID: "s2", Journey: "d2", Person: "p2"}
		p.event.Elements[0].Value = "bob"
		p.event.Evidence.Address = netip.MustParseAddr("192.0.2.8").String()
		if m = (Measure{}); true {
			p.carry(&m, a)
		}
		if m.Answer != nil {
			t.Errorf("%s: another one is refused", by)
		}
	}
}

func TestDelaysAddUp(t *testing.T) {
	p := newPorter(t)
	var m Measure
	for range 3 {
		p.carry(&m, policy.ActionConfig{Kind: event.Delay, Wait: 11 * time.Second, Spread: 4 * time.Second})
	}
	if m.Delay != longestDelay {
		t.Errorf("the delays add up to %s", m.Delay)
	}
	if detail, ok := p.carry(&m, policy.ActionConfig{Kind: event.Delay, Wait: time.Second}); ok || m.Delay != longestDelay {
		t.Errorf("it goes on: %s", detail)
	}
}

func TestRefusalWithoutVerdict(t *testing.T) {
	p := &Plan{}
	own := &compiled{steps: []step{{action: &policy.ActionConfig{Kind: event.Challenge}}, {action: &policy.ActionConfig{Kind: event.Block, Status: 418, Body: "mine"}}}}
	if a := p.refusal(own, answerHead("GET /", pageAccept)); a.Status != 418 || string(a.Body) != "mine" {
		t.Errorf("%+v", a)
	}
	if a := p.refusal(&compiled{}, answerHead("GET /", pageAccept)); a.Status != 503 || !strings.Contains(string(a.Body), "Back soon") {
		t.Errorf("%+v", a)
	}
}
