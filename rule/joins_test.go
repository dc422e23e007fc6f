package rule

import (
	"strings"
	"testing"

	"wayguard/element"
	"wayguard/event"
)

const joinFile = `
tests:
  - name: two visits
    journey:
      - { at: 0s, visitor: a, mark: early, type: session_update, wire: { connection: c1, ja4: "t13d_{n}", kind: document, page: "/p/{n}", flaws: [tls] },
          client: { family: chrome, major: 120, platform: windows, mobile: true }, network: { kind: hosting, as: 64500, country: DE },
          tokens: [{ name: "cookie:own", value: "v{n}" }, { name: "undeclared:cookie:new", value: x, issued: true }], repeat: 2, every: 1m }
      - { at: 5m, visitor: a, type: session_update, wire: { connection: c1, page: /p/1 } }
      - { at: 1m, visitor: b, type: session_update }
    expect: { same_session: [early, a], different_session: [a, b], same_device: [early, a], different_person: [a, b], same_person: [a, early] }
`

func TestJourneyEvidence(t *testing.T) {
	tests, problems := ParseTests("j.test.yaml", []byte(joinFile), element.Default())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	events, err := tests[0].Events(testNormaliser(t))
	if err != nil || len(events) != 4 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	first, last := events[0].Evidence, events[3].Evidence
	if first.Wire.JA4 != "t13d_1" || first.Wire.Kind != event.Document || len(first.Wire.Flaws) != 1 || first.Client.Major != 120 || !first.Client.Mobile ||
		first.Network.Kind != event.Hosting || first.Network.AS != 64500 || len(first.Tokens) != 3 || !first.Tokens[2].Issued {
		t.Errorf("evidence %+v", first)
	}
	if first.Wire.Connection != last.Wire.Connection || first.Wire.Page != last.Wire.Page || first.Wire.Page == "/p/1" || first.Tokens[1].Hash == events[1].Evidence.Tokens[1].Hash {
		t.Errorf("names do not become hashes: %+v, %+v", first.Wire, last.Wire)
	}
}

func TestJourneyJoins(t *testing.T) {
	tests, problems := ParseTests("j.test.yaml", []byte(joinFile), element.Default())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	events, err := tests[0].Events(testNormaliser(t))
	if err != nil {
		t.Fatal(err)
	}
	records := func(sessions ...string) []event.Record {
		var all []event.Record
		for i, e := range events {
			id, journey, _ := strings.Cut(sessions[i], "/")
			all = append(all, event.Record{Event: e, Session: event.Session{ID: event.ID(id), Journey: event.ID(journey), Person: event.ID(journey)}})
		}
		return all
	}
	// In order of time: a, then its repetition and b at one minute, then a.
	if got := tests[0].Failures(records("s/d", "s/d", "u/e", "s/d")); len(got) > 0 {
		t.Errorf("all is as expected: %v", got)
	}
	absorbed := records("x/d", "x/d", "u/e", "s/d")
	absorbed[3].Session.Absorbed = "x"
	if got := tests[0].Failures(absorbed); len(got) > 0 {
		t.Errorf("a session was taken in: %v", got)
	}
	got := strings.Join(tests[0].Failures(records("x/d", "x/d", "s/", "s/")), "\n")
	for _, want := range []string{"early and a are not of one session", "a and b are of one session", "early and a are not of one device", "a and early are not of one person"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestRefusedJourneyEvidence(t *testing.T) {
	for text, want := range map[string]string{
		"wire: { kind: documents } }]":                              `did you mean "document"?`,
		"wire: { flaws: [tsl] } }]":                                 `did you mean "tls"?`,
		"network: { kind: home } }]":                                "never the value there",
		"client: { proof: sure } }]":                                "never the value there",
		"client: { famly: chrome } }]":                              "no such key",
		"tokens: [{ name: sid, value: x }] }]":                      "says where it is",
		"tokens: [{ name: 'cookie:sid' }] }]":                       "a token has a value",
		"visitor: ann }]\n    expect: { same_session: [ann, bob] }": `is called "bob"`,
		"visitor: ann }]\n    expect: { same_device: [ann] }":       "name two at least",
		"visitor: ann }]\n    fires: true":                          "leave rule and fires out",
		"visitor: ann }]":                                           "leave rule and fires out",
	} {
		file := "tests:\n  - name: x\n    journey: [{ at: 0s, type: logout, " + text + "\n"
		if strings.HasSuffix(text, "} }]") || strings.HasSuffix(text, "}] }]") {
			file += "    expect: { rating: normal }\n"
		}
		if _, problems := ParseTests("x.test.yaml", []byte(file), element.Default()); !strings.Contains(problems.Error(), want) {
			t.Errorf("%s\n got %s\nwant %s", text, problems.Error(), want)
		}
	}
}
