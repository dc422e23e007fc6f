package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of one configuration.
const (
	maxRules      = 2000
	maxNameLength = 100
	// maxPoints is 40 bits: no finding is likelier than that.
	maxPoints = 4000
	// longestLife is the greatest time that an entity label lasts.
	longestLife = 400 * day
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
	language, err := newLanguage(v, allSettings(config.Rules), append(allLabels(config), v.Labels...))
	if err != nil {
		return nil, document.Problems{document.Problem{Path: "rules", Message: err.Error()}}
	}
	c.language = language
	language.lives = labelLives(config.Rules)
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
	c.policies()
	c.ratings()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	c.set.index()
	c.sequences()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	c.set.indexSequences()
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
		parts = append(parts, a)
	}
	for _, p := range c.set.policies {
		parts = append(parts, p)
	}
	return fingerprint(parts...)
}

func (c *compiler) problem(at document.Mark, path, message, suggestion string) {
	c.problems = append(c.problems, at.Problem(path, message, suggestion))
}

// labelLives are how long entity labels last, by entity, a zero byte and the label: as long as the rule says that lets it last
// longest; those that one rule lets last for good are left out.
func labelLives(rules []RuleConfig) map[string]time.Duration {
	lives := map[string]time.Duration{}
	for _, rule := range rules {
		placed := rule.EntityLabel
		if placed == nil {
			continue
		}
		key := placed.Element + "\x00" + placed.Label
		if life, known := lives[key]; known && (life == 0 || placed.For == 0) {
			lives[key] = 0
		} else {
			lives[key] = max(life, time.Duration(placed.For))
		}
	}
	return lives
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

func (c *compiler) rule(config RuleConfig) {
	before := len(c.problems)
	c.identity(config.At, config.ID)
	c.named(config.At, "label", config.Label)
	c.mode(config.At, config.Mode)
	c.weight(config.At, config.Severity, config.Points)
	if config.Relieves && config.Severity != event.Trusting {
		c.problem(config.At, "relieves", "only a trusting label relieves", "")
	}
	if !slices.Contains(Families(), config.Family) {
		c.problem(config.At, "family", fmt.Sprintf("there is no family %q", config.Family), anyOf(config.Family, Families()))
	}
	c.types(config.At, config.On)
	c.settingNames(config)
	c.entityLabel(config)
	effective := c.effective(config)
	compiled := &compiledRule{config: config, settings: effective}
	compiled.sequence = c.sequence(config, effective)
	checked := c.condition(compiled)
	if compiled.say = c.sentence(config, effective); compiled.say == nil && len(c.problems) == before {
		compiled.say = c.language.paraphrase(compiled, checked)
	}
	compiled.operands = limitsOf(checked)
	if len(c.problems) > before {
		return
	}
	compiled.config.Mode = orLive(config.Mode)
	hashed := compiled.config
	hashed.Settings = nil // where thresholds are from changes no verdict
	compiled.version = fingerprint(hashed, effective)
	c.set.rules = append(c.set.rules, compiled)
}

// condition compiles what must hold; a rule with a sequence may leave it out.
func (c *compiler) condition(compiled *compiledRule) (checked *expression) {
	config := compiled.config
	if len(config.Sequence) > 0 && config.When == "" {
		return nil
	}
	compiled.when, compiled.traced, checked = c.truth(config.When, compiled.settings, complaints{config.At, "when", &c.problems})
	return checked
}

// truth compiles an expression that is true or false, plain and traced.
func (c *compiler) truth(text string, settings map[string]int64, place complaints) (when, watched evaluate[bool], checked *expression) {
	checked = c.language.check(text, settings, place)
	if checked == nil {
		return nil, nil, nil
	}
	plain, err := c.language.program(checked, settings, false)
	if err != nil {
		place.add(nil, err.Error(), "")
		return nil, nil, nil
	}
	traced, err := c.language.program(checked, settings, true)
	if err != nil {
		place.add(nil, err.Error(), "")
		return nil, nil, nil
	}
	if plain.boolean == nil {
		place.add(nil, "a condition must be true or false, this is "+checked.ast.GetType(checked.ast.Expr().ID()).String(), "compare it with something")
		return nil, nil, nil
	}
	if c.language.neverTrue(checked.ast.Expr(), checked) {
		place.add(nil, "the condition can never hold", "")
		return nil, nil, nil
	}
	return plain.boolean, traced.boolean, checked
}

// sentence compiles what the author says when the rule fires; nil where that is nothing.
func (c *compiler) sentence(config RuleConfig, settings map[string]int64) teller {
	if config.Sentence == "" {
		return nil
	}
	return c.language.compileSentence(config.Sentence, settings, complaints{config.At, "sentence", &c.problems})
}

// program compiles a checked expression with the settings in force.
func (l *language) program(checked *expression, settings map[string]int64, traced bool) (program, error) {
	b := &builder{tree: checked.ast, settings: settings, vocabulary: l.vocabulary, questions: l.questions, lives: l.lives, traced: traced}
	return b.build(checked.ast.Expr())
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
	if placed.For != 0 && (time.Duration(placed.For) < time.Hour || time.Duration(placed.For) > longestLife) {
		c.problem(config.At, "entity_label.for", "an entity label lasts between 1h and 400d", "leave it out for as long as the entity is remembered")
	}
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
