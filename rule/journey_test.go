package rule

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/element"
	"wayguard/event"
)

const journeyFile = `
tests:
  - name: a test
    rule: r
    fires: true
    visitor: bot2
    journey:
      - { at: 10s, visitor: "bot{n}", tool: stuffer, cookieless: true, type: authentication_attempt, result: failure, status: 401,
          elements: { ip_address: "203.0.113.{n}", username: "User{n}", transaction_amount: { text: 1250, currency: USD }, final_sale: [true, false] }, repeat: 3, every: 5s }
      - { at: 12s, visitor: person, type: session_update, name: Page View, route: /x, method: GET }
    expect: { rating: suspicious, labels: [R], not_labels: [Q] }
`

func testNormaliser(t testing.TB) *element.Normaliser {
	t.Helper()
	keys, err := element.NewKeys([]byte("a key of thirty-two bytes length"))
	if err != nil {
		t.Fatal(err)
	}
	return element.NewNormaliser(element.Default(), keys, element.Options{})
}

func parseJourney(t testing.TB) Test {
	t.Helper()
	tests, problems := ParseTests("a.test.yaml", []byte(journeyFile), element.Default())
	if len(problems) > 0 || len(tests) != 1 {
		t.Fatalf("%d tests, problems %v", len(tests), problems)
	}
	return tests[0]
}

func TestJourneyUnrolls(t *testing.T) {
	test, normaliser := parseJourney(t), testNormaliser(t)
	events, err := test.Events(normaliser)
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Duration
	for _, e := range events {
		times = append(times, e.Time.Sub(journeyStart()))
	}
	if want := []time.Duration{10 * time.Second, 12 * time.Second, 15 * time.Second, 20 * time.Second}; !reflect.DeepEqual(times, want) {
		t.Fatalf("times %v, want %v", times, want)
	}
	first, page, second := events[0], events[1], events[2]
	if first.Evidence.Address != "203.0.113.1" || first.Find("username").Value != "User1" && first.Find("username").Value != "user1" ||
		first.Find("transaction_amount").Value != "1250" || first.HTTP.Status != 401 || len(first.Elements) != 5 {
		t.Errorf("first event %+v", first)
	}
	if first.Evidence.HeaderShape != second.Evidence.HeaderShape || first.Evidence.HeaderShape == page.Evidence.HeaderShape {
		t.Error("visitors of one tool have the same headers, others have not")
	}
	if len(first.Evidence.Tokens) != 0 || len(page.Evidence.Tokens) != 1 || page.Name != "Page View" || page.HTTP.Route != "/x" {
		t.Errorf("page view %+v", page)
	}
	again, err := test.Events(normaliser)
	if err != nil || !reflect.DeepEqual(again, events) {
		t.Errorf("the same test gave other events (%v)", err)
	}
}

func TestJourneyFailures(t *testing.T) {
	test := parseJourney(t)
	events, err := test.Events(testNormaliser(t))
	if err != nil {
		t.Fatal(err)
	}
	records := func(labelled int, rating event.Rating, labels ...string) []event.Record {
		var all []event.Record
		for i, e := range events {
			r := event.Record{Event: e, Session: event.Session{Labels: labels}, Verdict: event.Verdict{Rating: rating}}
			if i == labelled {
				r.Verdict.Labels = []event.Label{{Name: "R", Rule: "r"}}
			}
			all = append(all, r)
		}
		return all
	}
	broken := records(2, event.Suspicious, "R")
	broken[0].Verdict.Errors = []event.RuleError{{Rule: "q", Error: "integer overflow"}}
	for name, c := range map[string]struct {
		records []event.Record
		want    string
	}{
		"passed":          {records(2, event.Suspicious, "R"), ""},
		"another visitor": {records(0, event.Suspicious, "R"), "r did not fire"},
		"not at all":      {records(9, event.Suspicious, "R"), "r did not fire"},
		"rating":          {records(2, event.Normal, "R"), "the rating is normal"},
		"missing label":   {records(2, event.Suspicious), `lacks the label "R"`},
		"forbidden label": {records(2, event.Suspicious, "R", "Q"), `carries the label "Q"`},
		"rule error":      {broken, "q failed on event 1: integer overflow"},
		"nothing":         {nil, "no records"},
	} {
		got := strings.Join(test.Failures(c.records), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	test.Fires = false
	if got := test.Failures(records(2, event.Suspicious, "R")); len(got) != 1 || got[0] != "r fired on event 3" {
		t.Errorf("must not fire: %q", got)
	}
}

func TestRefusedJourneys(t *testing.T) {
	for text, want := range map[string]string{
		"tests:\n  - { rule: r, fires: true, journey: [{ type: logout }] }":                                  "a test needs a name",
		"tests:\n  - { name: t, fires: true, journey: [{ type: logout }] }":                                  "names the id of a rule",
		"tests:\n  - { name: t, rule: r, journey: [{ type: logout }] }":                                      "says whether the rule fires",
		"tests:\n  - { name: t, rule: r, fires: true }":                                                      "one step at least",
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logot }] }":                          `did you mean "logout"?`,
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, result: won }] }":            `there is no result "won"`,
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, repeat: 6000 }] }":           "at most 5000 times",
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, at: -1s }] }":                "time does not run backwards",
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, elements: { emial: x } }] }": `did you mean "email"?`,
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, elements: { email: } }] }":   "a value is needed here",
		"tests:\n  - { name: t, rule: r, fires: true, visitor: x, journey: [{ type: logout }] }":             `nobody in the journey is called "x"`,
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, repeat: 5000 }, { type: logout, repeat: 5000 }, { type: logout, repeat: 5000 }, { type: logout, repeat: 5000 }, { type: logout }] }": "more than 20000 events",
		"tests:\n  - { name: t, rule: r, fires: true, journey: [{ typ: logout }] }": "typ",
	} {
		_, problems := ParseTests("a.test.yaml", []byte(text), element.Default())
		if got := problems.Error(); !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// A value that cannot be normalised is told without the value.
func TestJourneyHidesBadValues(t *testing.T) {
	tests, problems := ParseTests("a.test.yaml", []byte("tests:\n  - { name: t, rule: r, fires: true, journey: [{ type: logout, elements: { ip_address: hunter2 } }] }"), element.Default())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, err := tests[0].Events(testNormaliser(t))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "ip_address") {
		t.Errorf("error %v", err)
	}
}

func TestUncovered(t *testing.T) {
	set := compileYAML(t, policyYAML)
	tests := []Test{{Name: "1", Rule: "hot", Fires: true}, {Name: "2", Rule: "hot"}, {Name: "3", Rule: "both", Fires: true}, {Name: "4", Rule: "nobody"}}
	want := []string{
		"cold has no test journey that fires it", "cold has no test journey that must not fire it",
		"old has no test journey that fires it", "old has no test journey that must not fire it",
		"both has no test journey that must not fire it", `test "4" is of nobody, which is neither a rule nor a signature`,
	}
	if got := Uncovered(set, tests); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func FuzzParseTests(f *testing.F) {
	f.Add(journeyFile)
	normaliser := testNormaliser(f)
	f.Fuzz(func(t *testing.T, text string) {
		tests, problems := ParseTests("fuzz.test.yaml", []byte(text), element.Default())
		if len(problems) > 0 || len(tests) > 3 {
			return
		}
		for _, test := range tests {
			events, err := test.Events(normaliser)
			if err == nil && len(events) > maxJourneyEvents {
				t.Errorf("%d events", len(events))
			}
			for i := 1; i < len(events); i++ {
				if events[i].Time.Before(events[i-1].Time) {
					t.Error("events are out of order")
				}
			}
		}
	})
}
