package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
)

// The bounds of one file of tests.
const (
	maxRepeat        = 5000
	maxJourneyEvents = 20000
)

// Test is a journey that a rule or signature must, or must not, answer.
type Test struct {
	At   document.Mark
	Name string
	// Rule is the id of the rule or signature under test; empty where the test is only of what it expects.
	Rule string
	// Fires says whether its label must be placed on an event of the journey; where Visitor is given, of that visitor's.
	Fires   bool
	Visitor string
	// Journey lists the steps as written; Events unrolls them.
	Journey []Step
	// Expect is nil when nothing is said about the end.
	Expect *Expectation
}

// Step is one event of a journey, or several like it.
type Step struct {
	At document.Mark `yaml:"-"`
	// Time is when it happens, counted from the journey's start.
	Time time.Duration `yaml:"at"`
	// Visitor names who it is: each name has its own cookie and headers. "{n}" stands for the repetition.
	Visitor string `yaml:"visitor"`
	// Tool names what the visitor's requests look like; visitors of one tool have the same headers. Default: the visitor.
	Tool string `yaml:"tool"`
	// Cookieless visitors send no session cookie.
	Cookieless bool         `yaml:"cookieless"`
	Type       event.Type   `yaml:"type"`
	Name       string       `yaml:"name"`
	Result     event.Result `yaml:"result"`
	Spec       string       `yaml:"spec"`
	Method     string       `yaml:"method"`
	Host       string       `yaml:"host"`
	Route      string       `yaml:"route"`
	Status     int          `yaml:"status"`
	Inline     bool         `yaml:"inline"`
	// Wire, Client and Network are what the wire shows and what is known of the address. Connection, headers, page and from are
	// names, of which hashes are made.
	Wire    event.Wire    `yaml:"wire"`
	Client  event.Client  `yaml:"client"`
	Network event.Network `yaml:"network"`
	// Tokens are sent, or set by the answer, beside the visitor's own cookie.
	Tokens []StepToken `yaml:"tokens"`
	// Mark is a name for the step's last event, for Expectation.
	Mark string `yaml:"mark"`
	// Elements are raw values, brought to canonical form by Events. Money is in minor units.
	Elements map[string]StepValues `yaml:"elements"`
	// Repeat is how often the step happens, Every the time between.
	Repeat int           `yaml:"repeat"`
	Every  time.Duration `yaml:"every"`
}

// StepToken is a cookie or token of the application.
type StepToken struct {
	At document.Mark `yaml:"-"`
	// Name says where it is, such as "cookie:sid" or "header:authorization".
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
	// Issued means that the answer sets it, and the request did not carry it.
	Issued bool `yaml:"issued"`
}

// StepValues are the raw values of one element: written as one value, a list of values, or a map of parts.
type StepValues []element.Raw

// UnmarshalDocument reads any of the three spellings.
func (s *StepValues) UnmarshalDocument(n document.Node) document.Problems {
	switch n.Kind() {
	case document.List:
		for _, item := range n.Items() {
			if problems := s.UnmarshalDocument(item); len(problems) > 0 {
				return problems
			}
		}
	case document.Map:
		parts := map[string]string{}
		for _, entry := range n.Entries() {
			parts[entry.Key] = entry.Value.Text()
		}
		*s = append(*s, element.Raw{Parts: parts})
	case document.Scalar:
		*s = append(*s, element.Raw{Text: n.Text()})
	default:
		return document.Problems{n.Problem("a value is needed here", "")}
	}
	return nil
}

// Expectation is what must be true after the journey, of the session of its last event.
type Expectation struct {
	At        document.Mark    `yaml:"-"`
	Rating    *event.Rating    `yaml:"rating"`
	Labels    document.Strings `yaml:"labels"`
	NotLabels document.Strings `yaml:"not_labels"`
	// The rest names visitors, of whom the last event is meant, and marks of steps: they are in one session, or of one device, person
	// or actor, or no two of them are. A session that was taken in by another one counts as that.
	SameSession      document.Strings `yaml:"same_session"`
	DifferentSession document.Strings `yaml:"different_session"`
	SameDevice       document.Strings `yaml:"same_device"`
	DifferentDevice  document.Strings `yaml:"different_device"`
	SamePerson       document.Strings `yaml:"same_person"`
	DifferentPerson  document.Strings `yaml:"different_person"`
	SameActor        document.Strings `yaml:"same_actor"`
	DifferentActor   document.Strings `yaml:"different_actor"`
}

// testFile is a file of tests as written.
type testFile struct {
	Tests []testConfig `yaml:"tests"`
}

type testConfig struct {
	At      document.Mark `yaml:"-"`
	Name    string        `yaml:"name"`
	Rule    string        `yaml:"rule"`
	Fires   *bool         `yaml:"fires"`
	Visitor string        `yaml:"visitor"`
	Journey []Step        `yaml:"journey"`
	Expect  *Expectation  `yaml:"expect"`
}

// ParseTests reads a file of tests. Problems tell unknown elements, types and results; whether the rules named exist
// is told by Unknown, for rules and tests may be read in any order.
func ParseTests(file string, data []byte, elements *element.Catalogue) ([]Test, document.Problems) {
	parsed, problems := document.Parse(file, data)
	if len(problems) > 0 {
		return nil, problems
	}
	var written testFile
	if problems = parsed.Decode(&written); len(problems) > 0 {
		return nil, problems
	}
	tests := make([]Test, 0, len(written.Tests))
	for _, config := range written.Tests {
		problems = append(problems, config.check(elements)...)
		tests = append(tests, Test{
			At: config.At, Name: config.Name, Rule: config.Rule, Fires: config.Fires != nil && *config.Fires,
			Visitor: config.Visitor, Journey: config.Journey, Expect: config.Expect,
		})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return tests, nil
}

func (t testConfig) check(elements *element.Catalogue) document.Problems {
	var problems document.Problems
	tell := func(path, message, suggestion string) {
		problems = append(problems, t.At.Problem(path, message, suggestion))
	}
	if strings.TrimSpace(t.Name) == "" {
		tell("name", "a test needs a name", "")
	}
	switch {
	case t.Rule == "" && t.Expect != nil && t.Fires == nil && t.Visitor == "":
	case !identifier.MatchString(t.Rule):
		tell("rule", "a test names the id of a rule or signature", "leave rule and fires out for a test of what is expected")
	case t.Fires == nil:
		tell("", "a test says whether the rule fires", "write fires: true or fires: false")
	}
	if len(t.Journey) == 0 {
		tell("journey", "a journey has one step at least", "")
	}
	total := 0
	for n := range t.Journey {
		total += max(1, t.Journey[n].Repeat)
		problems = append(problems, t.Journey[n].check(elements)...)
	}
	named := Test{Journey: t.Journey}.named()
	if _, there := named[t.Visitor]; t.Visitor != "" && !there {
		tell("visitor", fmt.Sprintf("nobody in the journey is called %q", t.Visitor), document.DidYouMean(t.Visitor, keys(named)))
	}
	for _, g := range t.Expect.groups() {
		if len(g.names) == 1 {
			problems = append(problems, t.Expect.At.Problem(g.key, "name two at least", ""))
		}
		for _, name := range g.names {
			if _, there := named[name]; !there {
				problems = append(problems, t.Expect.At.Problem(g.key, fmt.Sprintf("nobody and no step in the journey is called %q", name),
					document.DidYouMean(name, keys(named))))
			}
		}
	}
	if total > maxJourneyEvents {
		tell("journey", fmt.Sprintf("the journey has more than %d events", maxJourneyEvents), "")
	}
	return problems
}

func (s Step) check(elements *element.Catalogue) document.Problems {
	var problems document.Problems
	tell := func(path, message, suggestion string) {
		problems = append(problems, s.At.Problem(path, message, suggestion))
	}
	if !s.Type.Known() {
		tell("type", fmt.Sprintf("there is no event type %q", string(s.Type)), document.DidYouMean(string(s.Type), eventTypes()))
	}
	if !s.Result.Known() {
		tell("result", fmt.Sprintf("there is no result %q", string(s.Result)), "write success, failure, challenged or blocked")
	}
	if s.Repeat < 0 || s.Repeat > maxRepeat {
		tell("repeat", fmt.Sprintf("a step repeats at most %d times", maxRepeat), "")
	}
	if s.Time < 0 || s.Every < 0 {
		tell("at", "time does not run backwards", "")
	}
	problems = append(problems, s.checkEvidence()...)
	for _, name := range keys(s.Elements) {
		if _, known := elements.Find(name); !known {
			tell("elements."+name, fmt.Sprintf("there is no element %q", name), Vocabulary{Elements: elements}.suggestElement(name))
		}
	}
	return problems
}

// Uncovered lists what is not tested: every live rule and signature needs a journey that fires it and one that does
// not. It also lists tests of rules that are not there.
func Uncovered(set *Set, tests []Test) []string {
	type cover struct{ fires, holds bool }
	covered := map[string]cover{}
	for _, t := range tests {
		if t.Rule == "" {
			continue
		}
		c := covered[t.Rule]
		c.fires, c.holds = c.fires || t.Fires, c.holds || !t.Fires
		covered[t.Rule] = c
	}
	var missing []string
	for _, id := range set.tested() {
		if !covered[id].fires {
			missing = append(missing, id+" has no test journey that fires it")
		}
		if !covered[id].holds {
			missing = append(missing, id+" has no test journey that must not fire it")
		}
	}
	known := set.all()
	for _, t := range tests {
		if t.Rule != "" && !slices.Contains(known, t.Rule) {
			missing = append(missing, fmt.Sprintf("test %q is of %s, which is neither a rule nor a signature", t.Name, t.Rule))
		}
	}
	return missing
}

// tested are the ids of live rules and signatures.
func (s *Set) tested() []string {
	var ids []string
	for _, r := range s.rules {
		if r.config.Mode == Live {
			ids = append(ids, r.config.ID)
		}
	}
	for _, signature := range s.signatures {
		if signature.config.Mode == Live {
			ids = append(ids, signature.config.ID)
		}
	}
	return ids
}

// all are the ids of all rules and signatures.
func (s *Set) all() []string {
	ids := s.Rules()
	for _, signature := range s.signatures {
		ids = append(ids, signature.config.ID)
	}
	return ids
}
