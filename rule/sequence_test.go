package rule

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// happened is an event as the naive matcher sees it.
type happened struct {
	at  int64
	met []bool // the step it meets
	bad []bool // what is absent from the step it is
}

// naive decides by reading the whole list whether the event at the end completes the steps up to step n: the definition of a
// sequence, without any thrift.
type naive struct {
	stages []StageConfig
	events []happened
	known  map[[2]int]bool
}

func (m *naive) completes(n, end int) bool {
	key := [2]int{n, end}
	if answer, known := m.known[key]; known {
		return answer
	}
	answer := m.find(n, end)
	m.known[key] = answer
	return answer
}

func (m *naive) find(n, end int) bool {
	s, last := m.stages[n], m.events[end]
	times := max(1, s.Times)
	if !last.met[n] {
		return false
	}
	if n == 0 {
		for i := range end {
			if s.Absent != nil && m.events[i].bad[0] {
				return false
			}
		}
		met := 0
		for i := end; i >= 0; i-- {
			if m.events[i].met[0] && (s.Within == 0 || last.at-m.events[i].at <= s.Within.Milliseconds()) {
				met++
			}
		}
		return met >= times
	}
	for before := range end {
		if m.follows(n, before, end) && m.completes(n-1, before) {
			return true
		}
	}
	return false
}

// follows says whether step n is met by events after the one at before, the last of them at end.
func (m *naive) follows(n, before, end int) bool {
	s, start := m.stages[n], m.events[before].at
	met := 0
	for i := before + 1; i <= end; i++ {
		if i < end && s.Absent != nil && m.events[i].bad[n] {
			return false
		}
		if m.events[i].met[n] && m.events[i].at-start >= s.After.Milliseconds() {
			met++
		}
	}
	return met >= max(1, s.Times) && (s.Within == 0 || m.events[end].at-start <= s.Within.Milliseconds())
}

// letters are the event types that random sequences are made of.
func letters() []event.Type {
	return []event.Type{event.AuthenticationAttempt, event.CartUpdate, event.Checkout, event.ProductView}
}

// randomStages are steps that compile.
func randomStages(r *rand.Rand) []StageConfig {
	on := func() document.Strings {
		var types document.Strings
		for _, t := range letters() {
			if r.Intn(2) == 0 {
				types = append(types, string(t))
			}
		}
		if types == nil && r.Intn(4) > 0 {
			types = document.Strings{string(letters()[r.Intn(4)])}
		}
		return types
	}
	stages := make([]StageConfig, 1+r.Intn(4))
	for n := range stages {
		s := &stages[n]
		s.On = on()
		if r.Intn(3) == 0 {
			s.When = "event.status == 401"
		}
		if r.Intn(3) == 0 || len(stages) == 1 {
			s.Times = 2 + r.Intn(3)
		}
		if r.Intn(3) > 0 && (n > 0 || s.Times > 1) {
			s.Within = time.Duration(4+r.Intn(30)) * time.Second
		}
		if r.Intn(3) == 0 && n > 0 && (s.Within == 0 || s.Times < 2) {
			if s.After = time.Duration(r.Intn(12)) * time.Second; s.Within > 0 {
				s.After = min(s.After, s.Within/4*3)
			}
		}
		if r.Intn(4) == 0 {
			s.Absent = &AbsentConfig{On: on(), When: "event.status == 404"}
			if r.Intn(2) == 0 {
				s.Absent = &AbsentConfig{On: document.Strings{string(letters()[r.Intn(4)])}}
			}
			if s.Times > 1 && slices.Equal(s.On, s.Absent.On) && s.When == s.Absent.When {
				s.Absent = nil
			}
		}
	}
	return stages
}

func among(types document.Strings, e *event.Event) bool {
	return len(types) == 0 || slices.Contains(types, string(e.Type))
}

// fits evaluates the two conditions that random steps have.
func fits(when string, e *event.Event) bool {
	return when == "" || strings.HasSuffix(when, fmt.Sprint(e.HTTP.Status))
}

// The state machine with its few bytes a session says on every event what the naive matcher says that knows the whole list.
func TestSequencesAgreeWithTheNaiveMatcher(t *testing.T) {
	fired, silent, kept := 0, 0, 0
	for seed := range int64(600) {
		r := rand.New(rand.NewSource(seed))
		stages := randomStages(r)
		config := Config{Rules: []RuleConfig{
			{ID: "other", Label: "Other", Severity: event.SuspiciousLabel, Family: "velocity", Sequence: []StageConfig{{Times: 3}}, Repeat: true},
			{ID: "s", Label: "S", Severity: event.SuspiciousLabel, Family: "sequence", Sequence: stages, Repeat: true},
		}}
		set, problems := Compile(config, vocabulary())
		if len(problems) > 0 {
			t.Fatalf("seed %d: %v\n%+v", seed, problems, stages)
		}
		var sheet, restored Sheet
		var progress []byte
		facts := sampleFacts()
		matcher := naive{stages: stages, known: map[[2]int]bool{}}
		clock, latest := facts.Event.Time, int64(0)
		for i := range 60 {
			e := facts.Event
			clock = clock.Add(time.Duration(r.Intn(5000)-500) * time.Millisecond * time.Duration(1+r.Intn(2)*r.Intn(3)))
			e.Time, e.Type, e.HTTP.Status = clock, letters()[r.Intn(4)], []int{200, 401, 404}[r.Intn(3)]
			latest = max(latest, clock.UnixMilli())
			h := happened{at: latest}
			for _, s := range stages {
				h.met = append(h.met, among(s.On, e) && fits(s.When, e))
				h.bad = append(h.bad, s.Absent != nil && among(s.Absent.On, e) && fits(s.Absent.When, e))
			}
			matcher.events = append(matcher.events, h)
			facts.Session.Progress = progress
			got := carries(set.JudgeOn(&sheet, &facts).Labels, "S", false)
			want := matcher.completes(len(stages)-1, i)
			if got != want {
				t.Fatalf("seed %d, event %d: the machine says %t, the whole list %t\n%+v", seed, i, got, want, stages)
			}
			if got {
				fired++
			} else {
				silent++
			}
			set.Advance(&restored, &facts)
			if !bytes.Equal(restored.Progress(), sheet.Progress()) {
				t.Fatalf("seed %d, event %d: Advance keeps %x, a judgement %x", seed, i, restored.Progress(), sheet.Progress())
			}
			progress = slices.Clone(sheet.Progress())
			kept = max(kept, len(progress))
			if most := progressHeader + set.sequences[0].worst + set.sequences[1].worst; len(progress) > most {
				t.Fatalf("seed %d: %d bytes of progress, at most %d were promised", seed, len(progress), most)
			}
		}
	}
	if fired < 2000 || silent < 2000 {
		t.Errorf("%d fired, %d did not: the test shows little", fired, silent)
	}
	t.Logf("%d fired, %d did not, at most %d bytes kept", fired, silent, kept)
}

const takeover = `
rules:
  - id: fast-change
    label: Fast Change
    severity: suspicious
    family: sequence
    points: 500
    settings: { amount: { default: 100, source: a study, quantile: 99.5 } }
    sequence:
      - { on: authentication_attempt, when: event.result == "success" && el.transaction_amount > settings.amount }
      - { on: [product_view, session_update], times: 2, within: 2m }
      - { on: credential_change, within: 2m, after: 3s, absent: { on: logout } }
`

func TestSequenceExplainsItself(t *testing.T) {
	set, facts := compileYAML(t, takeover), sampleFacts()
	var sheet Sheet
	var last event.Verdict
	for _, step := range []struct {
		seconds int
		of      event.Type
		result  event.Result
	}{
		{0, event.AuthenticationAttempt, event.Failure}, {10, event.AuthenticationAttempt, event.Success}, {20, event.ProductView, ""},
		{30, event.SessionUpdate, ""}, {31, event.CredentialChange, ""}, {40, event.CredentialChange, ""},
	} {
		facts.Event.Time, facts.Event.Type, facts.Event.Result = sample().Time.Add(time.Duration(step.seconds)*time.Second), step.of, step.result
		if len(last.Labels) > 0 {
			t.Fatalf("it fired before second %d", step.seconds)
		}
		last = *set.JudgeOn(&sheet, &facts)
		facts.Session.Progress = slices.Clone(sheet.Progress())
	}
	if len(last.Labels) != 1 {
		t.Fatalf("labels %+v", last.Labels)
	}
	if got, want := last.Labels[0].Sentence, "authentication attempt, then within 2m product view or session update 2 times, then not before 3s within 2m credential change without logout"; got != want {
		t.Errorf("sentence %q, want %q", got, want)
	}
	operands := set.Explain(last.Labels[0])
	if len(operands) != 3 || operands[2].Step != 3 || operands[2].Value != "met by credential change, 10s after the step before" {
		t.Errorf("operands %+v", operands)
	}
	if thresholds := set.Thresholds(); len(thresholds) != 1 || thresholds[0].Value != 100 || thresholds[0].Quantile != 99.5 || thresholds[0].Source != "a study" {
		t.Errorf("thresholds %+v", thresholds)
	}
}

// Progress under other steps, of another version of the program or cut short is as good as none.
func TestForeignProgress(t *testing.T) {
	set, facts := compileYAML(t, takeover), sampleFacts()
	facts.Event.Result = event.Success
	var sheet Sheet
	set.JudgeOn(&sheet, &facts)
	good := slices.Clone(sheet.Progress())
	if len(good) == 0 {
		t.Fatal("nothing was kept")
	}
	later := func(set *Set, progress []byte) []byte {
		facts.Session.Progress = progress
		facts.Event.Type, facts.Event.Time = event.Logout, sample().Time.Add(time.Second)
		set.JudgeOn(&sheet, &facts)
		return sheet.Progress()
	}
	if len(later(set, good)) == 0 {
		t.Error("progress of the same set is gone")
	}
	for name, c := range map[string]struct {
		set      *Set
		progress []byte
	}{
		"other steps": {compileYAML(t, strings.Replace(takeover, "times: 2", "times: 3", 1)), good},
		"version":     {set, append([]byte{9}, good[1:]...)},
		"cut short":   {set, good[:len(good)-1]},
		"no steps":    {compileYAML(t, twoRules), good},
	} {
		if got := later(c.set, c.progress); len(got) > 0 {
			t.Errorf("%s: %x is kept", name, got)
		}
	}
}

func TestRefusedSequences(t *testing.T) {
	head := "rules:\n  - { id: s, label: S, severity: suspicious, family: sequence, "
	big := "rules:\n"
	for i := range 12 {
		big += fmt.Sprintf("  - { id: s%d, label: S%d, severity: suspicious, family: sequence, sequence: [{times: 32, within: 24h}] }\n", i, i)
	}
	for text, want := range map[string]string{
		head + "sequence: [{ on: logout }] }":                                                                       "met once is no sequence",
		head + "on: logout, sequence: [{ on: logout, times: 2 }] }":                                                 "each step of a sequence says for itself",
		head + "sequence: [{ on: logouts, times: 2 }] }":                                                            `did you mean "logout"?`,
		head + "sequence: [{ on: logout, after: 3s, times: 2 }] }":                                                  "comes after nothing",
		head + "sequence: [{ on: logout, within: 3s }, { on: logout }] }":                                           "comes within nothing",
		head + "sequence: [{ on: logout }, { on: logout, within: 3s, after: 4s }] }":                                "must come after a time",
		head + "sequence: [{ on: logout }, { on: logout, within: 4s, after: 3500ms }] }":                            "three quarters of within",
		head + "sequence: [{ on: logout }, { on: logout, within: 4s, after: 1s, times: 2 }] }":                      "is met once",
		head + "sequence: [{ on: logout }, { on: logout, times: 99 }] }":                                            "at most 32 times",
		head + "sequence: [{ on: logout }, { on: logout, within: -4s }] }":                                          "within lies between",
		head + "sequence: [{ on: logout }, { on: logout, absent: {} }] }":                                           "say what is absent",
		head + "sequence: [{ on: logout }, { on: checkout, times: 2, absent: { on: checkout } }] }":                 "never be met more than once",
		head + "sequence: [{ on: logout, when: el.emial == 'x' }, { on: logout }] }":                                `did you mean "email"?`,
		head + "sequence: [{ on: logout, when: 1 > 2 }, { on: logout }] }":                                          "can never hold",
		head + "sequence: [{ on: logout }, { on: logout, absent: { when: event.status } }] }":                       "must be true or false",
		head + "sequence: [{}, {}, {}, {}, {}, {}, {}, {}, {}] }":                                                   "at most 8 steps",
		head + "sequence: [{times: 32}, {times: 32}, {times: 32}, {times: 32}, {times: 32}] }":                      "at most 128 are there",
		head + "sequence: [{ on: logout, when: settings.x > 1 }, { on: logout }], settings: { x: { source: y } } }": "needs a default",
		head + "when: settings.x > 1, settings: { x: { default: 1, quantile: 100 } } }":                             "a quantile lies between 50 and 100",
		head + "when: event.inline, relieves: true }":                                                               "only a trusting label relieves",
		head + "when: event.inline, entity_label: { element: email, label: x, for: 5m } }":                          "lasts between 1h and 400d",
		head + "when: event.inline, entity_label: { element: email, label: x, for: month } }":                       "is no time",
		head + "when: event.inline }\nratings: { trusted: 5 }":                                                      "trusted is below 0",
		head + "when: event.inline }\nratings: { trust_for: 48h }":                                                  "trust_for lies between",
		big: "the sequences could need",
	} {
		parsed, problems := document.Parse("rules.yaml", []byte(text))
		var config Config
		if problems = append(problems, parsed.Decode(&config)...); len(problems) == 0 {
			_, problems = Compile(config, vocabulary())
		}
		if got := problems.Error(); !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// Whatever bytes a session carries, nothing breaks, and what is kept can be read again.
func FuzzProgress(f *testing.F) {
	set, problems := Compile(Config{Rules: []RuleConfig{
		{ID: "s", Label: "S", Severity: event.SuspiciousLabel, Family: "sequence", Repeat: true,
			Sequence: []StageConfig{{Times: 3, Within: time.Minute}, {After: time.Second, Within: 4 * time.Second}}},
		{ID: "u", Label: "U", Severity: event.SuspiciousLabel, Family: "sequence", Repeat: true,
			Sequence: []StageConfig{{Absent: &AbsentConfig{When: "event.status == 1"}}, {On: document.Strings{"logout"}, After: time.Second}}},
	}}, vocabulary())
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	facts := sampleFacts()
	var sheet Sheet
	for range 5 {
		facts.Event.Time = facts.Event.Time.Add(time.Second)
		set.JudgeOn(&sheet, &facts)
		facts.Session.Progress = slices.Clone(sheet.Progress())
		f.Add(facts.Session.Progress)
	}
	f.Add([]byte{progressVersion})
	f.Fuzz(func(t *testing.T, progress []byte) {
		facts, again := sampleFacts(), Sheet{}
		facts.Session.Progress = progress
		set.Advance(&again, &facts)
		kept := slices.Clone(again.Progress())
		if len(kept) > MaxProgress {
			t.Fatalf("%d bytes kept", len(kept))
		}
		var m march
		if m.load(set, kept); len(kept) > 0 && !m.used && m.calm == 0 {
			t.Fatalf("%x was kept and cannot be read", kept)
		}
	})
}
