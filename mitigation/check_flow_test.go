package mitigation

import (
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// A browser passes the lightest check once, with the real cookie, and is not asked again; its cookie says nothing for another browser.
func TestACheckIsPassedOnce(t *testing.T) {
	c := New(Deps{Key: make([]byte, 32), Now: noon})
	actions := []policy.ActionConfig{{Name: "ask", Kind: event.Challenge, Check: "cookie"}, {Name: "more", Kind: event.Challenge, Check: "proof"}}
	plan, problems := c.Compile(Rules{Actions: actions, Policies: []policy.Config{ladder("p", "ask"), ladder("q", "more")}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := &desk{t: t, control: c, plan: plan, now: noon()}
	v := visit{asks: []string{"p"}, client: event.Client{Family: "firefox"}}
	m := d.decide(v)
	expect(t, m, "p", "ask", event.Done)
	if m.Answer == nil || m.Answer.Status != 303 {
		t.Fatalf("%+v", m.Answer)
	}
	for _, f := range m.Answer.Header {
		if strings.EqualFold(f.Name, "Set-Cookie") {
			pair, _, _ := strings.Cut(f.Value, ";")
			v.header = append(v.header, capture.Field{Name: "Cookie", Value: pair})
		}
	}
	head, e, j := d.event(v)
	plan.Facts(head, e)
	if held := e.Find(checkElement); held == nil || held.Value != "cookie" {
		t.Fatalf("the cookie %v proves nothing: %+v", v.header, e.Elements)
	}
	m = plan.Decide(head, e, j)
	expect(t, m, "p", "ask", event.Passed)
	if rates := c.Status().Checks; len(rates) != 1 || rates[0] != (CheckRate{Check: "cookie", Family: "firefox", Offered: 1, Passed: 1}) {
		t.Errorf("%+v", rates)
	}
	plan.Facts(head, e)
	if said := e.Find(resultElement); said == nil || said.Value != resultPassed {
		t.Errorf("%+v", e.Elements)
	}
	v.asks = []string{"q"}
	expect(t, d.decide(v), "q", "more", event.Done)
	v.asks = []string{"p"}
	head, e, j = d.event(v)
	head.Header[0].Value = "Another/1.0"
	expect(t, plan.Decide(head, e, j), "p", "ask", event.Done)
}

// Nothing that a visitor sends may look like a check that was passed or like one of our answers.
func TestForgedSolutions(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	head, e, _ := d.event(visit{header: []capture.Field{{Name: "Cookie", Value: "visit=proof; visit=AAAA.BBBB"}}})
	d.plan.Facts(head, e)
	if len(e.Elements) != 0 {
		t.Errorf("%+v", e.Elements)
	}
	head.Method = "POST"
	head.Header = append(head.Header, capture.Field{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	if _, _, _, ok := d.plan.Resume(head, []byte("visit-check=x&visit-body=y")); ok {
		t.Error("a forged form is resumed")
	}
	if !d.plan.Own("/.well-known/visit/start") || d.plan.Own("/login") {
		t.Error("paths of our own are mistaken")
	}
	head.Method, head.Path = "GET", "/.well-known/visit/nothing"
	if answer := d.plan.Serve(head, nil); answer.Status != 404 {
		t.Errorf("%+v", answer)
	}
}

// A form that was held up by a check carries the solution, and goes on in the same request.
func TestAResumedFormGoesOn(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	head, e, j := d.event(visit{asks: []string{"p"}})
	d.control.loops.resume(head.ID, "proof")
	d.plan.Facts(head, e)
	if held := e.Find(checkElement); held == nil || held.Value != "proof" {
		t.Fatalf("%+v", e.Elements)
	}
	expect(t, d.plan.Decide(head, e, j), "p", "challenge", event.Passed)
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "challenge", event.Done)
}

// The whole way of a form: the check's page carries it, the browser sends it with the solution, and the request goes on with its own
// body, judged as one that has passed.
func TestAFormSurvivesItsCheck(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	d.plan.policies[0].steps[0].action.Check = "refresh"
	form := capture.Field{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}
	post := func(body string) (*capture.Request, *event.Event, *Judgement) {
		head, e, j := d.event(visit{asks: []string{"p"}, header: []capture.Field{form}})
		head.Method, head.Body.Bytes = "POST", []byte(body)
		return head, e, j
	}
	head, e, j := post("user=ann&password=x")
	m := d.plan.Decide(head, e, j)
	expect(t, m, "p", "challenge", event.Done)
	values := url.Values{}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllSubmatch(m.Answer.Body, -1) {
		values.Set(string(field[1]), html.UnescapeString(string(field[2])))
	}
	d.now = d.now.Add(10 * time.Second)
	var solution []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		solution = append(solution, name+"="+url.QueryEscape(values.Get(name)))
	}
	slices.SortStableFunc(solution, func(a, b string) int {
		return count(strings.Contains(b, "check=")) - count(strings.Contains(a, "check="))
	})
	head, e, j = post(strings.Join(solution, "&"))
	if !d.plan.Resumes(head, head.Body.Bytes[:80]) {
		t.Fatalf("%s\n%s", m.Answer.Body, solution)
	}
	body, contentType, setCookie, ok := d.plan.Resume(head, head.Body.Bytes)
	if !ok || string(body) != "user=ann&password=x" || contentType != form.Value || setCookie == "" {
		t.Fatalf("%v %q %q %q", ok, body, contentType, setCookie)
	}
	head.Body.Bytes = body
	d.plan.Facts(head, e)
	if said := e.Find(resultElement); said == nil || said.Value != resultPassed {
		t.Errorf("%+v", e.Elements)
	}
	expect(t, d.plan.Decide(head, e, j), "p", "challenge", event.Passed)
	if rates := d.control.Status().Checks; len(rates) != 1 || rates[0].Offered != 1 || rates[0].Passed != 1 {
		t.Errorf("%+v", rates)
	}
}
