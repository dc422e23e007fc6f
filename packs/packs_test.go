package packs_test

import (
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/rule"
)

// defaults compiles all detection packs together, as a configuration does.
func defaults(t testing.TB) *rule.Set {
	t.Helper()
	var all rule.Config
	for _, file := range packs.Default() {
		parsed, problems := document.Parse(file.Name, file.Data)
		var config rule.Config
		if problems = append(problems, parsed.Decode(&config)...); len(problems) > 0 {
			t.Fatal(problems)
		}
		all.Rules = append(all.Rules, config.Rules...)
		all.Signatures = append(all.Signatures, config.Signatures...)
		all.Actions = append(all.Actions, config.Actions...)
		all.Policies = append(all.Policies, config.Policies...)
	}
	set, problems := rule.Compile(all, rule.StandardVocabulary(element.Default(), nil))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func journeys(t testing.TB) []rule.Test {
	t.Helper()
	var all []rule.Test
	for _, file := range packs.Tests() {
		tests, problems := rule.ParseTests(file.Name, file.Data, element.Default())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		all = append(all, tests...)
	}
	return all
}

func normaliser(t testing.TB) *element.Normaliser {
	t.Helper()
	keys, err := element.NewKeys([]byte("a key of thirty-two bytes length"))
	if err != nil {
		t.Fatal(err)
	}
	return element.NewNormaliser(element.Default(), keys, element.Options{})
}

// plainLimit is the most events that the plain engine is given: it reads all of them for every question.
const plainLimit = 200

// Every journey of every pack comes out as its test says, also in an engine that shares nothing with the real one but the rules
// and the shape of sessions.
func TestJourneys(t *testing.T) {
	set, normaliser := defaults(t), normaliser(t)
	for _, test := range journeys(t) {
		t.Run(test.Rule+"/"+test.Name, func(t *testing.T) {
			events, err := test.Events(normaliser)
			if err != nil {
				t.Fatal(err)
			}
			if len(events) > plainLimit {
				return // TestJourneysInTheEngine has it
			}
			engine := &history{set: set, idle: 30 * time.Minute, labels: map[string]time.Time{},
				late: map[event.ID]map[string]int64{}}
			for _, failure := range test.Failures(engine.run(events)) {
				t.Errorf("%s: %s", test.At, failure)
			}
		})
	}
}

// Every rule and signature has a journey that fires it and one that must not.
func TestEverythingIsTested(t *testing.T) {
	for _, gap := range rule.Uncovered(defaults(t), journeys(t)) {
		t.Error(gap)
	}
}

func TestFiles(t *testing.T) {
	groups := map[string][]packs.File{"default": packs.Default(), "starter": packs.Starter(), "tests": packs.Tests()}
	for group, want := range map[string]int{"default": 4, "starter": 1, "tests": 4} {
		if got := len(groups[group]); got < want {
			t.Errorf("%s: %d files, want %d", group, got, want)
		}
		for _, file := range groups[group] {
			if (file.Pack() == "starter") != (group == "starter") || strings.HasSuffix(file.Name, ".test.yaml") != (group == "tests") {
				t.Errorf("%s is in group %s", file.Name, group)
			}
			if len(file.Data) == 0 {
				t.Errorf("%s is empty", file.Name)
			}
		}
	}
}
