package mitigation

import (
	"fmt"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

func TestALoopOfChecksLetsThrough(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	v := visit{asks: []string{"p"}, rating: event.Suspicious, client: event.Client{Family: "firefox"}}
	for range loopAfter {
		d.now = d.now.Add(time.Minute)
		expect(t, d.decide(v), "p", "challenge", event.Done)
	}
	m := d.decide(v)
	if _, how, detail := outcome(m, "p"); how != event.Withheld || detail != "check loops" || m.Answer != nil {
		t.Fatalf("%s %s", how, detail)
	}
	s := d.control.Status()
	if s.LoopsBroken != 1 || len(s.Checks) != 1 || s.Checks[0] != (CheckRate{Check: "proof", Family: "firefox", Offered: 5, Looped: 1}) {
		t.Errorf("%+v", s)
	}
	v.rating = event.Malicious
	expect(t, d.decide(v), "p", "challenge", event.Done)
	v.rating = event.Suspicious
	d.now = d.now.Add(loopWithin)
	expect(t, d.decide(v), "p", "challenge", event.Done)
}

func TestProgramsDoNotLoop(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	for range 3 * loopAfter {
		head, e, j := d.event(visit{asks: []string{"p"}})
		head.Header = []capture.Field{{Name: "User-Agent", Value: "curl/8.5"}, {Name: "Accept", Value: "application/json"}}
		expect(t, d.plan.Decide(head, e, j), "p", "challenge", event.Done)
	}
}

func TestAnswersEndALoop(t *testing.T) {
	for _, c := range []struct {
		result challenge.Result
		ends   bool
	}{{challenge.Refused, true}, {challenge.Passed, false}, {challenge.Offered, false}} {
		d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
		v := visit{asks: []string{"p"}}
		for range loopAfter {
			d.decide(v)
		}
		head, _, _ := d.event(v)
		d.plan.answered(head, challenge.Outcome{Check: "proof", Result: c.result})
		_, how, _ := outcome(d.decide(v), "p")
		// A check that was passed, and is offered again, is a loop: the cookie never comes back.
		if (how == event.Done) != c.ends {
			t.Errorf("%s: %s", c.result, how)
		}
	}
}

func TestFacts(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	result := func(v visit) (string, *capture.Request, *event.Event) {
		head, e, j := d.event(v)
		d.plan.Facts(head, e)
		d.plan.Decide(head, e, j)
		after := *e
		d.plan.Facts(head, &after)
		if found := after.Find(resultElement); found != nil {
			return found.Value, head, e
		}
		return "", head, e
	}
	asked := visit{asks: []string{"p"}, elements: []event.Element{{Name: "check", Value: "second_factor"}, {Name: "zebra"}}}
	said, head, e := result(asked)
	if said != resultOffered || e.Find("check") != nil || len(e.Elements) != 1 || e.Elements[0].Name != "zebra" {
		t.Fatalf("%q, %+v", said, e.Elements)
	}
	if said, _, _ := result(visit{}); said != "" {
		t.Errorf("an event without a check says %q", said)
	}
	d.plan.answered(head, challenge.Outcome{Check: "proof", Result: challenge.Refused})
	if said, _, _ := result(visit{}); said != resultRefused {
		t.Errorf("after a wrong answer: %q", said)
	}
	if said, _, _ := result(visit{}); said != "" {
		t.Errorf("told twice: %q", said)
	}
	if rates := d.control.Status().Checks; len(rates) != 1 || rates[0].Offered != 1 || rates[0].Refused != 1 {
		t.Errorf("%+v", rates)
	}
	addFact(e, "check", "proof")
	addFact(e, "a", "1")
	addFact(e, "check", "hints")
	var names []string
	for _, one := range e.Elements {
		names = append(names, one.Name+one.Value)
	}
	if fmt.Sprint(names) != "[a1 checkhints checkproof zebra]" {
		t.Errorf("elements are not sorted: %v", names)
	}
}

func TestCohortsAreBounded(t *testing.T) {
	c := newCohorts()
	for n := range mostCohorts + 500 {
		c.add(cohort{kind: "proof", family: fmt.Sprint(n)}, offered)
	}
	list := c.list()
	if len(list) > mostCohorts+1 || list[0].Family != "other" || list[0].Offered != 500 {
		t.Errorf("%d cohorts, the first %+v", len(list), list[0])
	}
}
