package rule

import (
	"strings"
	"testing"

	"wayguard/document"
)

func TestRefusedConfigurations(t *testing.T) {
	const head = "rules:\n  - { id: a, label: A, severity: suspicious, family: velocity, points: 1, when: event.inline }\n"
	for text, want := range map[string]string{
		"rules:\n  - { id: Bad Id, label: A, severity: suspicious, family: velocity, points: 1, when: event.inline }":                         `rules.yaml:2:7: rules[0].id: an id is lower-case words joined by dashes`,
		head + "  - { id: a, label: B, severity: suspicious, family: velocity, when: event.inline }":                                          `"a" is already the id of rules.yaml:2`,
		head + "  - { id: b, label: \"\", severity: suspicious, family: velocity, when: event.inline }":                                       "a name is needed here",
		head + "  - { id: b, label: B, severity: bad, family: velocity, when: event.inline }":                                                 `there is no severity "bad"`,
		head + "  - { id: b, label: B, severity: trusting, family: velocity, points: 5, when: event.inline }":                                 "a trusting label takes points away",
		head + "  - { id: b, label: B, severity: informational, family: velocity, points: 5, when: event.inline }":                            "an informational label has no points",
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, points: -5, when: event.inline }":                              "only a trusting label takes points away",
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, points: 5000, when: event.inline }":                            "points lie between -4000 and 4000",
		head + "  - { id: b, label: B, severity: suspicious, family: velocty, when: event.inline }":                                           `did you mean "velocity"?`,
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, on: [transactoin], when: true }":                               `did you mean "transaction"?`,
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, mode: dark, when: event.inline }":                              `there is no mode "dark"`,
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, settings: { Bad: 1 }, when: true }":                            `a setting's name is lower-case words`,
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, when: true, sentence: \"{el.x\" }":                             "the brace at character 1 is never closed",
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, when: true, sentence: \"{el.x}\" }":                            `there is no element "x"`,
		head + "  - { id: b, label: B, severity: suspicious, family: velocity, when: true, entity_label: { element: user_agent, label: x } }": `there is no entity "user_agent"`,
		head + "settings: { a.limit: 1 }": `no rule has the setting "a.limit"`,
		head + "signatures:\n  - { id: s, name: S, severity: malicious, labels: { all: [B] } }":                                               `no rule places the label "B"`,
		head + "signatures:\n  - { id: s, name: A, severity: malicious, labels: { all: [A] } }":                                               `a rule places the label "A" already`,
		head + "signatures:\n  - { id: s, name: S, severity: malicious, labels: { none: [A] } }":                                              "a signature needs labels",
		head + "signatures:\n  - { id: s, name: S, severity: malicious, labels: { any: [A], at_least: 2 } }":                                  "at_least is 2, but any lists 1 labels",
		head + "signatures:\n  - { id: s, name: S, severity: malicious, labels: { all: [A], none: [A] } }":                                    `"A" is demanded and excluded`,
		head + "signatures:\n  - { id: a, name: S, severity: malicious, labels: { all: [A] } }":                                               `"a" is already the id of`,
		head + "actions:\n  - { name: x, kind: explode, when: { label: A } }":                                                                 `there is no kind of action "explode"`,
		head + "actions:\n  - { name: x, kind: tag }":                                                                                         "the action needs a condition",
		head + "actions:\n  - { name: x, kind: block, when: { rating: normal } }":                                                             "this would block everybody",
		head + "actions:\n  - { name: x, kind: block, when: { label: B } }":                                                                   `no rule places the label "B"`,
		head + "actions:\n  - { name: x, kind: block, when: { signature: B } }":                                                               `there is no signature "B"`,
		head + "actions:\n  - { name: x, kind: block, when: { rating: evil } }":                                                               `rating "evil" is none of`,
		head + "actions:\n  - { name: x, kind: block, when: { label: A }, status: 99 }":                                                       "an answer's status lies between 200 and 599",
		head + "actions:\n  - { name: x, kind: tag, when: { label: A }, status: 403 }":                                                        "status belongs to actions of kind block",
		head + "actions:\n  - { name: x, kind: tag, when: { label: A }, url: \"https://x\" }":                                                 "url belongs to actions of kind webhook",
		head + "actions:\n  - { name: x, kind: webhook, when: { label: A }, url: \"ftp://key@x\" }":                                           "a webhook needs an https address",
		head + "actions:\n  - { name: x, kind: tag, when: { label: A }, specs: [logni] }":                                                     `did you mean "login"?`,
		head + "actions:\n  - { name: x, kind: tag, when: { label: A } }\n  - { name: x, kind: tag, when: { label: A } }":                     `"x" is already the name of`,
		head + "actions:\n  - { name: x, kind: block }":                                                                                       "the action needs a condition, or a policy that names it",
		head + "actions:\n  - { name: x, kind: tag }\npolicies:\n  - { name: p, when: { label: A }, steps: [{ action: y }] }":                 `policies[0].steps[0].action: there is no action "y"`,
		head + "actions:\n  - { name: x, kind: tag }\npolicies:\n  - { name: p, when: { label: B }, specs: [logni], steps: [{ action: x }] }": `policies[0].specs[0]: there is no spec "logni"`,
		head + "actions:\n  - { name: x, kind: rate_limit, when: { label: A }, limit: { requests: 1, per: 1m, by: emial } }":                  `did you mean "email"?`,
		head + "ratings: { suspicious: 50, malicious: 50 }":                                                                                   "malicious greater than it",
		head + "ratings: { families: 9 }":                                                                                                     "families lies between 1 and 7",
		head + "ratings: { family_cap: 5 }":                                                                                                   "no session could ever be malicious",
		head + "ratings: { family_cap: -5 }":                                                                                                  "family_cap and deception_cap must be at least 1",
	} {
		parsed, problems := document.Parse("rules.yaml", []byte(text))
		var config Config
		if problems = append(problems, parsed.Decode(&config)...); len(problems) == 0 {
			_, problems = Compile(config, vocabulary())
		}
		if got := problems.Error(); !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", strings.TrimPrefix(text, head), got, want)
		}
		if strings.Contains(problems.Error(), "key@x") {
			t.Errorf("a webhook's address is told: %s", problems)
		}
	}
}

// All problems of a configuration are told at once, each with its place; the place of a mistake in an expression is
// inside the expression.
func TestProblemsHavePlaces(t *testing.T) {
	text := `rules:
  - id: a
    label: A
    severity: suspicious
    family: velocity
    when: event.status > 400 && el.emial == "x"
  - id: b
    label: B
    severity: suspicious
    family: velocity
    when: event.status > "x"
    sentence: "{cuont()}"
`
	_, problems := Compile(decode(t, text), vocabulary())
	want := []string{
		`rules.yaml:6:35: rules[0].when: there is no element "emial"`, `rules.yaml:11:24: rules[1].when: ">" cannot be applied`,
		`rules.yaml:12`,
	}
	if len(problems) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(problems), len(want), problems)
	}
	for i, p := range problems {
		if !strings.HasPrefix(p.Error(), want[i]) {
			t.Errorf("problem %d: %s\nwant %s", i, p.Error(), want[i])
		}
	}
}

// FuzzCompile offers any text as a configuration and judges by what compiles.
func FuzzCompile(f *testing.F) {
	f.Add(twoRules)
	f.Add(policyYAML)
	f.Add(laddersYAML)
	f.Add("rules:\n  - { id: a, label: A, severity: suspicious, family: velocity, when: \"el.email.matches('(a+)+$')\", sentence: \"{{{el.email}}}\" }")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, problems := document.Parse("fuzz.yaml", []byte(text))
		if len(problems) > 0 {
			return
		}
		var config Config
		if problems = parsed.Decode(&config); len(problems) > 0 || len(config.Rules) > 5 {
			return
		}
		set, problems := Compile(config, vocabulary())
		if (set == nil) != (len(problems) > 0) {
			t.Fatalf("set %v with problems %v", set, problems)
		}
		if set == nil {
			return
		}
		verdict := set.Judge(sampleFacts())
		for _, l := range verdict.Labels {
			if len(l.Sentence) > 200*maxReasonLength {
				t.Fatalf("a sentence of %d bytes", len(l.Sentence))
			}
		}
	})
}

func FuzzSentence(f *testing.F) {
	f.Add("{a} and {{b}} and {c(\"}\")}")
	f.Add("{'\\'}'}")
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := cutSentence(text)
		if err != nil {
			return
		}
		length := 0
		for _, part := range parts {
			length += len(part.text)
		}
		if length > len(text) {
			t.Errorf("%q grew to %d bytes", text, length)
		}
	})
}
