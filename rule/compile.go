package rule

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of one configuration.
const (
	maxRules      = 2000
	maxNameLength = 100
	maxPoints     = 1000
)

var identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// compiler gathers a Set and everything wrong with its configuration.
type compiler struct {
	config   Config
	language *language
	problems document.Problems
	set      *Set
	// firstAt is where each id and each action name was seen first.
	firstAt map[string]document.Mark
}

// Compile checks a configuration and makes it ready to run. The Set is nil when there are problems; all of them are told.
func Compile(config Config, v Vocabulary) (*Set, document.Problems) {
	c := &compiler{config: config, firstAt: map[string]document.Mark{}, set: &Set{ratings: DefaultRatings()}}
	language, err := newLanguage(v, allSettings(config.Rules), allLabels(config))
	if err != nil {
		return nil, document.Problems{document.Problem{Path: "rules", Message: err.Error()}}
	}
	c.language = language
	if len(config.Rules) > maxRules {
		c.problem(config.At, "rules", fmt.Sprintf("there are more than %d rules", maxRules), "")
		return nil, c.problems
	}
	c.overrides()
	for _, rule := range config.Rules {
		c.rule(rule)
	}
	for _, signature := range config.Signatures {
		c.signature(signature)
	}
	for _, action := range config.Actions {
		c.action(action)
	}
	c.ratings()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	c.set.index()
	c.set.questions = c.language.questions.count()
	c.set.version = c.version()
	return c.set, nil
}

func (c *compiler) version() string {
	parts := []any{c.set.ratings}
	for _, r := range c.set.rules {
		parts = append(parts, r.version)
	}
	for _, s := range c.set.signatures {
		parts = append(parts, s.version)
	}
	for _, a := range c.set.actions {
		parts = append(parts, a.config)
	}
	return fingerprint(parts...)
}

func (c *compiler) problem(at document.Mark, path, message, suggestion string) {
	c.problems = append(c.problems, at.Problem(path, message, suggestion))
}

// allSettings are the names of all rules' thresholds.
func allSettings(rules []RuleConfig) []string {
	names := map[string]bool{}
	for _, rule := range rules {
		for name := range rule.Settings {
			names[name] = true
		}
	}
	return keys(names)
}

// allLabels are the names that a session may carry.
func allLabels(config Config) []string {
	names := map[string]bool{}
	for _, rule := range config.Rules {
		names[rule.Label] = true
	}
	for _, signature := range config.Signatures {
		names[signature.Name] = true
	}
	return keys(names)
}

// overrides refuses settings of rules that are not there.
func (c *compiler) overrides() {
	known := map[string]bool{}
	for _, rule := range c.config.Rules {
		for name := range rule.Settings {
			known[rule.ID+"."+name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.config.Settings)) {
		if !known[name] {
			c.problem(c.config.At, "settings", fmt.Sprintf("no rule has the setting %q", name), document.DidYouMean(name, keys(known)))
		}
	}
}

func (c *compiler) rule(config RuleConfig) {
	before := len(c.problems)
	c.identity(config.At, config.ID)
	c.named(config.At, "label", config.Label)
	c.mode(config.At, config.Mode)
	c.weight(config.At, config.Severity, config.Points)
	if !slices.Contains(Families(), config.Family) {
		c.problem(config.At, "family", fmt.Sprintf("there is no family %q", config.Family), anyOf(config.Family, Families()))
	}
	for n, name := range config.On {
		if !event.Type(name).Known() {
			c.problem(config.At, fmt.Sprintf("on[%d]", n), fmt.Sprintf("there is no event type %q", name), document.DidYouMean(name, eventTypes()))
		}
	}
	c.settingNames(config)
	c.entityLabel(config)
	compiled := &compiledRule{config: config}
	effective := c.effective(config)
	c.condition(compiled, effective)
	compiled.say = c.language.compileSentence(config.Sentence, effective, config.Settings,
		complaints{config.At, "sentence", &c.problems})
	if len(c.problems) > before {
		return
	}
	compiled.config.Mode = orLive(config.Mode)
	hashed := compiled.config
	hashed.Settings = effective
	compiled.version = fingerprint(hashed)
	c.set.rules = append(c.set.rules, compiled)
}

// effective are the rule's thresholds with the operator's overrides.
func (c *compiler) effective(config RuleConfig) map[string]int64 {
	settings := maps.Clone(config.Settings)
	for name := range settings {
		if value, overridden := c.config.Settings[config.ID+"."+name]; overridden {
			settings[name] = value
		}
	}
	return settings
}

func (c *compiler) condition(compiled *compiledRule, settings map[string]int64) {
	config := compiled.config
	place := complaints{config.At, "when", &c.problems}
	checked := c.language.check(config.When, config.Settings, place)
	if checked == nil {
		return
	}
	plain, err := c.language.program(checked, settings, false)
	if err != nil {
		place.add(nil, err.Error(), "")
		return
	}
	traced, err := c.language.program(checked, settings, true)
	if err != nil {
		place.add(nil, err.Error(), "")
		return
	}
	if plain.boolean == nil {
		place.add(nil, "a condition must be true or false, this is "+checked.ast.GetType(checked.ast.Expr().ID()).String(), "compare it with something")
		return
	}
	if c.language.neverTrue(checked.ast.Expr(), checked) {
		place.add(nil, "the condition can never hold", "")
		return
	}
	compiled.when, compiled.traced = plain.boolean, traced.boolean
}

// program compiles a checked expression with the settings in force.
func (l *language) program(checked *expression, settings map[string]int64, traced bool) (program, error) {
	b := &builder{tree: checked.ast, settings: settings, vocabulary: l.vocabulary, questions: l.questions, traced: traced}
	return b.build(checked.ast.Expr())
}

func (c *compiler) settingNames(config RuleConfig) {
	for _, name := range slices.Sorted(maps.Keys(config.Settings)) {
		if !settingName.MatchString(name) {
			c.problem(config.At, "settings."+name, fmt.Sprintf("a setting's name is lower-case words joined by underscores, not %q", name), "")
		}
	}
}

func (c *compiler) entityLabel(config RuleConfig) {
	placed := config.EntityLabel
	if placed == nil {
		return
	}
	if !c.language.vocabulary.entity(placed.Element) || placed.Element == ToolEntity {
		c.problem(config.At, "entity_label.element", fmt.Sprintf("there is no entity %q", placed.Element),
			document.DidYouMean(placed.Element, c.language.vocabulary.entityNames()))
	}
	c.named(config.At, "entity_label.label", placed.Label)
}

// identity checks that an id is well formed and not taken.
func (c *compiler) identity(at document.Mark, id string) {
	if !identifier.MatchString(id) || len(id) > maxNameLength {
		c.problem(at, "id", fmt.Sprintf("an id is lower-case words joined by dashes, not %q", id), "")
		return
	}
	c.unique(at, "id", id)
}

func (c *compiler) unique(at document.Mark, path, name string) {
	if first, taken := c.firstAt[path+" "+name]; taken {
		c.problem(at, path, fmt.Sprintf("%q is already the %s of %s", name, path, first), "")
		return
	}
	c.firstAt[path+" "+name] = at
}

func (c *compiler) named(at document.Mark, path, name string) {
	switch {
	case strings.TrimSpace(name) != name || name == "":
		c.problem(at, path, "a name is needed here, without spaces around it", "")
	case len(name) > maxNameLength:
		c.problem(at, path, fmt.Sprintf("the name is longer than %d bytes", maxNameLength), "")
	}
}

func (c *compiler) mode(at document.Mark, mode Mode) {
	if mode != "" && mode != Live && mode != Shadow {
		c.problem(at, "mode", fmt.Sprintf("there is no mode %q", string(mode)), "write live or shadow")
	}
}

// weight checks that points pull the way the severity says.
func (c *compiler) weight(at document.Mark, severity event.Severity, points int64) {
	switch {
	case !severity.Known():
		c.problem(at, "severity", fmt.Sprintf("there is no severity %q", string(severity)),
			"write informational, trusting, suspicious or malicious")
	case points > maxPoints || points < -maxPoints:
		c.problem(at, "points", fmt.Sprintf("points lie between %d and %d", -maxPoints, maxPoints), "")
	case severity == event.Trusting && points > 0:
		c.problem(at, "points", "a trusting label takes points away", "write a negative number")
	case severity == event.Informational && points != 0:
		c.problem(at, "points", "an informational label has no points", "")
	case severity != event.Trusting && points < 0:
		c.problem(at, "points", "only a trusting label takes points away", "")
	}
}

func (c *compiler) ratings() {
	if c.config.Ratings == nil {
		return
	}
	r := c.config.Ratings.withDefaults()
	if r.Suspicious < 1 || r.Malicious <= r.Suspicious {
		c.problem(r.At, "", "suspicious must be at least 1 and malicious greater than it", "")
	}
	if r.Families < 1 || r.Families > int64(len(Families())) {
		c.problem(r.At, "families", fmt.Sprintf("families lies between 1 and %d", len(Families())), "")
	}
	if r.FamilyCap < 1 || r.TrustCap < 0 {
		c.problem(r.At, "", "family_cap must be at least 1 and trust_cap not negative", "")
	}
	if r.FamilyCap*int64(len(Families())) < r.Malicious {
		c.problem(r.At, "family_cap", "no session could ever be malicious with this cap", "")
	}
	c.set.ratings = r
}

func orLive(mode Mode) Mode {
	if mode == "" {
		return Live
	}
	return mode
}

// anyOf suggests a near word, else the whole list.
func anyOf(word string, known []string) string {
	if near := document.DidYouMean(word, known); near != "" {
		return near
	}
	return "one of " + strings.Join(known, ", ")
}

func compareText(a, b string) int { return strings.Compare(a, b) }
