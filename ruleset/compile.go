package ruleset

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"wayguard/payment"
)

// The bounds of a ruleset.
const (
	maxRules      = 1000
	maxNameLength = 200
	maxFields     = 50
	maxMembers    = 20
	maxPoints     = 1_000_000
	maxTimeout    = 60_000           // milliseconds
	maxTTL        = 10 * 366 * 86400 // seconds
	maxCounters   = 200
)

// compiler gathers a Program and everything wrong with its rules.
type compiler struct {
	*builder
	program *Program
	// firstAt is where an id was seen first.
	firstAt map[string]int
	// ended is the rule after which nothing is reached, -1 for none; taken are the conditions that end evaluation where they hold.
	ended int
	taken map[string]string
}

// Compile checks a ruleset and makes it ready to run. The Program is nil when there are problems; all of them are told, with paths such
// as "$.rules[3].condition.args[0].field".
func Compile(r Ruleset, o Options) (*Program, []payment.Problem) {
	b := &builder{complaints: &complaints{}, options: o, words: vocabulary(), asked: map[string]bool{}, named: map[counterKey]int{}}
	c := &compiler{builder: b, firstAt: map[string]int{}, ended: -1, taken: map[string]string{}}
	c.program = &Program{index: map[string]int{}, truths: [2]bool{false, true}}
	if len(r.Rules) > maxRules {
		c.add("$.rules", payment.CodeTooLong, "a ruleset has at most "+strconv.Itoa(maxRules)+" rules")
		return nil, c.problems
	}
	c.thresholds(r.Score, "$.score")
	for i := range r.Rules {
		c.rule(i, r.Rules[i])
	}
	if len(c.counters) > maxCounters {
		c.add("$.rules", payment.CodeTooLarge, "the rules ask for more than "+strconv.Itoa(maxCounters)+" different counters")
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	p := c.program
	p.score, p.sources, p.counters, p.named = r.Score, c.sources, c.counters, c.named
	p.points = r.Score != nil
	for i := range p.rules {
		rule := &p.rules[i]
		p.points = p.points || rule.enabled && rule.Score != 0
		p.shadows = p.shadows || rule.enabled && !rule.live
	}
	return p, nil
}

func (c *compiler) thresholds(t *Thresholds, at string) {
	switch {
	case t == nil:
	case t.ReviewAt < 0 || t.BlockAt < 0 || t.ReviewAt > maxPoints || t.BlockAt > maxPoints:
		c.add(at, payment.CodeRange, "thresholds lie between 1 and "+strconv.Itoa(maxPoints)+"; 0 is none")
	case t.ReviewAt == 0 && t.BlockAt == 0:
		c.add(at, payment.CodeRequired, `"review_at" or "block_at" is needed`)
	case t.BlockAt != 0 && t.ReviewAt >= t.BlockAt:
		c.add(at+".review_at", payment.CodeRange, `must be less than "block_at"`)
	}
}

// rule checks and compiles one rule.
func (c *compiler) rule(i int, r Rule) {
	at := "$.rules[" + strconv.Itoa(i) + "]"
	before := len(c.problems)
	c.identity(i, at, r)
	c.common(at, r)
	c.foreign(at, r)
	compiled := compiledRule{Rule: r, enabled: is(r.Enabled, true), live: is(r.Live, true)}
	compiled.action = r.Action
	switch r.Type {
	case ConditionRule:
		compiled.check = c.condition(at, r)
		if compiled.action == "" {
			compiled.action = payment.Allow // points only: recorded, changes nothing by itself
		}
	case BlacklistRule:
		compiled.check = c.blacklist(at, r, compiled.enabled)
		if compiled.action == "" {
			compiled.action = payment.Block
		}
	case BackendRule, BackendGroupRule:
		compiled.group = c.group(at, r)
	}
	if len(c.problems) > before {
		return
	}
	c.reached(at, &compiled)
	if compiled.group != nil && compiled.enabled {
		for _, m := range compiled.group.members {
			c.asked[m.name] = true
		}
	}
	compiled.told = payment.TriggeredRule{RuleID: r.ID, Name: r.Name, Type: string(r.Type), Action: compiled.action, Score: r.Score}
	c.program.index[r.ID] = len(c.program.rules)
	c.program.rules = append(c.program.rules, compiled)
}

func (c *compiler) identity(i int, at string, r Rule) {
	switch first, taken := c.firstAt[r.ID]; {
	case r.ID == "":
		c.add(at+".id", payment.CodeRequired, "a rule needs an id")
	case len(r.ID) > maxNameLength || strings.TrimSpace(r.ID) != r.ID || strings.ContainsFunc(r.ID, func(s rune) bool { return s < ' ' }):
		c.add(at+".id", payment.CodeFormat, "an id has at most "+strconv.Itoa(maxNameLength)+" bytes and no spaces around it")
	case taken:
		c.add(at+".id", payment.CodeDuplicate, "is already the id of $.rules["+strconv.Itoa(first)+"]")
	default:
		c.firstAt[r.ID] = i
	}
	types := []string{string(ConditionRule), string(BlacklistRule), string(BackendRule), string(BackendGroupRule)}
	switch {
	case r.Type == "":
		c.add(at+".type", payment.CodeRequired, "a rule needs a type: "+strings.Join(types, ", "))
	case !contains(types, string(r.Type)):
		c.unknown(at+".type", "type of rule", string(r.Type), types)
	}
	if len(r.Name) > maxNameLength {
		c.add(at+".name", payment.CodeTooLong, "is longer than "+strconv.Itoa(maxNameLength)+" bytes")
	}
	if len(r.Description) > 10*maxNameLength {
		c.add(at+".description", payment.CodeTooLong, "is longer than "+strconv.Itoa(10*maxNameLength)+" bytes")
	}
}

// common checks what all rules may have.
func (c *compiler) common(at string, r Rule) {
	actions := []string{string(payment.Allow), string(payment.Review), string(payment.Block)}
	if r.Action != "" && !contains(actions, string(r.Action)) {
		c.unknown(at+".action", "action", string(r.Action), actions)
	}
	if r.Action == "" && r.Type == ConditionRule && r.Score == 0 && r.ThreeDS == "" {
		c.add(at+".action", payment.CodeRequired, "a condition needs an action, a score or advice on 3-D Secure")
	}
	if r.Action == payment.Allow && r.Type == BlacklistRule {
		c.add(at+".action", payment.CodeFormat, "a blacklist rule answers BLOCK or REVIEW")
	}
	if r.Terminal && (r.Action != payment.Allow || r.Type != ConditionRule) {
		c.add(at+".terminal", payment.CodeFormat, "only a condition with the action ALLOW can be terminal")
	}
	if r.Score < -maxPoints || r.Score > maxPoints {
		c.add(at+".score", payment.CodeRange, "points lie between -"+strconv.Itoa(maxPoints)+" and "+strconv.Itoa(maxPoints))
	}
	if advice := []string{"require", "exempt"}; r.ThreeDS != "" && !contains(advice, r.ThreeDS) {
		c.unknown(at+".three_ds", "advice", r.ThreeDS, advice)
	}
}

// foreign tells of what belongs to another type of rule.
func (c *compiler) foreign(at string, r Rule) {
	backend, group := r.Type == BackendRule || r.Type == BackendGroupRule, r.Type == BackendGroupRule
	for _, key := range []struct {
		name        string
		given, fits bool
	}{
		{"condition", len(r.Condition) > 0, r.Type == ConditionRule},
		{"expression", r.Expression != "", r.Type == ConditionRule},
		{"fields", len(r.Fields) > 0, r.Type == BlacklistRule},
		{"ttl_seconds", r.TTLSeconds != 0, r.Type == BlacklistRule},
		{"populate_on", len(r.PopulateOn) > 0, r.Type == BlacklistRule},
		{"backend", r.Backend != "", r.Type == BackendRule},
		{"members", len(r.Members) > 0, group},
		{"strategy", r.Strategy != "", group},
		{"merge", r.Merge != "", group && (r.Strategy == parallel || !contains(strategies(), r.Strategy))},
		{"sticky_on", r.StickyOn != "", group && (r.Strategy == split || !contains(strategies(), r.Strategy))},
		{"async", r.Async, backend},
		{"on_error", r.OnError != "", backend},
		{"timeout_ms", r.TimeoutMillis != 0, backend},
		{"score_thresholds", r.ScoreThresholds != nil, backend},
	} {
		if known := r.Type == ConditionRule || r.Type == BlacklistRule || backend; key.given && !key.fits && known {
			c.add(at+"."+key.name, payment.CodeFormat, "does not belong to this kind of rule")
		}
	}
}

// condition compiles what must hold.
func (c *compiler) condition(at string, r Rule) check {
	switch {
	case len(r.Condition) > 0 && r.Expression != "":
		c.add(at+".expression", payment.CodeFormat, "a rule has either a condition or an expression")
		return nil
	case r.Expression != "":
		return c.expression(r.Expression, at+".expression")
	case len(r.Condition) == 0:
		c.add(at+".condition", payment.CodeRequired, "a condition or an expression is needed")
		return nil
	}
	n, ok := c.readRaw(r.Condition, at+".condition")
	if !ok {
		return nil
	}
	return c.check(n, at+".condition")
}

func (c *compiler) readRaw(raw json.RawMessage, at string) (node, bool) {
	before := len(c.problems)
	v, ok := parseJSON(raw, at, c.complaints)
	if !ok {
		return node{}, false
	}
	n := readCondition(v, at, c.complaints)
	return n, len(c.problems) == before
}

func (c *compiler) blacklist(at string, r Rule, enabled bool) check {
	if len(r.Fields) == 0 || len(r.Fields) > maxFields {
		c.add(at+".fields", payment.CodeRequired, "a blacklist rule looks at 1 to "+strconv.Itoa(maxFields)+" fields")
	}
	if r.TTLSeconds < 0 || r.TTLSeconds > maxTTL {
		c.add(at+".ttl_seconds", payment.CodeRange, "must lie between 1 and "+strconv.Itoa(maxTTL)+"; left out, an entry never expires")
	}
	for i, t := range r.PopulateOn {
		if !slices.Contains(populating(), t) {
			known := []string{string(payment.FraudReport), string(payment.Chargeback), string(payment.Failed)}
			c.unknown(at+".populate_on["+strconv.Itoa(i)+"]", "event that fills a blacklist,", string(t), known)
		}
	}
	parts := make([]check, 0, len(r.Fields))
	for i, text := range r.Fields {
		place := at + ".fields[" + strconv.Itoa(i) + "]"
		field := c.source(text, place)
		if field < 0 {
			continue
		}
		c.countable(field, place)
		path := c.sources[field].text
		parts = append(parts, &blacklisted{field: field, path: path, text: path + " is on the blacklist"})
		if enabled && !contains(c.program.blacklists, path) {
			c.program.blacklists = append(c.program.blacklists, path)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return some{parts}
}

// reached tells of a rule that can never run or never fire, because an earlier one always ends the evaluation first.
func (c *compiler) reached(at string, r *compiledRule) {
	if !r.enabled {
		return
	}
	if c.ended >= 0 {
		c.add(at, codeUnreachable, "can never run: $.rules["+strconv.Itoa(c.ended)+"] always ends the evaluation before it")
		return
	}
	if r.Type != ConditionRule {
		return
	}
	key := c.meaning(r.Rule)
	if first, taken := c.taken[key]; taken && key != "" {
		c.add(at, codeUnreachable, "can never fire: "+quoted(first)+" has the same condition and ends the evaluation before it")
	}
	if ends := r.live && (r.action == payment.Block || r.Terminal); ends {
		c.taken[key] = r.ID
		if c.always(r.Rule) {
			c.ended = c.firstAt[r.ID]
		}
	}
}

// codeUnreachable: a rule that can never run or fire.
const codeUnreachable = "unreachable"

// meaning is a condition in a form in which equal ones are equal; empty where what it means changes between rules.
func (c *compiler) meaning(r Rule) string {
	text := r.Expression
	if text == "" {
		text, _ = Text(r.Condition)
	}
	if strings.Contains(text, "backends") {
		return ""
	}
	return text
}

// always says that a condition holds for every payment there can be. It finds the plain cases only.
func (c *compiler) always(r Rule) bool {
	if r.Expression != "" {
		return strings.TrimSpace(r.Expression) == "true"
	}
	n, ok := c.readRaw(r.Condition, "")
	return ok && alwaysHolds(n)
}

func alwaysHolds(n node) bool {
	switch n.op {
	case "and":
		return !slices.ContainsFunc(n.args, func(arg node) bool { return !alwaysHolds(arg) })
	case "or":
		return slices.ContainsFunc(n.args, alwaysHolds) || complementary(n.args)
	case "exists":
		return contains(alwaysThere(), n.field)
	case "gte":
		least, ok := n.value.(json.Number)
		return ok && n.field == amountPath && string(least) == "0"
	}
	return false
}

// complementary says that one of the conditions is another turned round.
func complementary(args []node) bool {
	written := map[string]bool{}
	for _, arg := range args {
		text, _ := arg.write()
		written[text] = true
	}
	return slices.ContainsFunc(args, func(arg node) bool {
		if arg.op != "not" {
			return false
		}
		text, _ := arg.args[0].write()
		return written[text]
	})
}

// populating are the events that may fill a blacklist.
func populating() []payment.EventType {
	return []payment.EventType{payment.FraudReport, payment.Chargeback, payment.Failed}
}

// Populates says whether an event of that type fills the blacklist with the rule's fields of the decision it is about. A rule that names
// no events is filled by fraud reports; one that is disabled or in shadow by none.
func (r Rule) Populates(t payment.EventType) bool {
	if r.Type != BlacklistRule || !is(r.Enabled, true) || !is(r.Live, true) {
		return false
	}
	if len(r.PopulateOn) == 0 {
		return t == payment.FraudReport
	}
	return slices.Contains(r.PopulateOn, t)
}
