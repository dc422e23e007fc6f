package ruleset

import (
	"strconv"

	"wayguard/payment"
)

// DecodeRules reads the rules of a ruleset, a JSON array. Nothing is passed over in silence: an unknown key, a name that stands twice, a
// value of another type is a problem with its path, such as "$.rules[3].condition.args[0].op". Conditions in text form become trees.
// Whether the rules make sense is for Compile to say.
func DecodeRules(data []byte) ([]Rule, []payment.Problem) {
	c := &complaints{}
	v, ok := parseJSON(data, "$.rules", c)
	if !ok {
		return nil, c.problems
	}
	items, ok := v.([]any)
	if !ok {
		c.add("$.rules", payment.CodeType, "must be a list")
		return nil, c.problems
	}
	if len(items) > maxRules {
		c.add("$.rules", payment.CodeTooLong, "a ruleset has at most "+strconv.Itoa(maxRules)+" rules")
		return nil, c.problems
	}
	rules := make([]Rule, 0, len(items))
	for i, item := range items {
		rules = append(rules, decodeRule(item, "$.rules["+strconv.Itoa(i)+"]", c))
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return rules, nil
}

// DecodeScore reads the thresholds of a ruleset, {"review_at": 50, "block_at": 100}; null is none.
func DecodeScore(data []byte) (*Thresholds, []payment.Problem) {
	c := &complaints{}
	v, ok := parseJSON(data, "$.score", c)
	var t *Thresholds
	if ok && v != nil {
		t = decodeThresholds(v, "$.score", c)
	}
	return t, c.problems
}

func decodeRule(v any, at string, c *complaints) Rule {
	f := newForm(v, at, c)
	if f == nil {
		return Rule{}
	}
	r := Rule{
		ID: f.text("id"), Type: Type(f.text("type")), Name: f.text("name"), Description: f.text("description"),
		Action: payment.Outcome(f.text("action")), Enabled: f.flag("enabled"), Live: f.flag("live"), Score: f.number("score"),
		ThreeDS: f.text("three_ds"), Expression: f.text("expression"), Fields: f.texts("fields"), TTLSeconds: f.number("ttl_seconds"),
		Backend: f.text("backend"), Strategy: f.text("strategy"), Merge: f.text("merge"), StickyOn: f.text("sticky_on"),
		OnError: f.text("on_error"), TimeoutMillis: f.number("timeout_ms"),
	}
	r.Terminal, r.Async = is(f.flag("terminal"), false), is(f.flag("async"), false)
	for _, t := range f.texts("populate_on") {
		r.PopulateOn = append(r.PopulateOn, payment.EventType(t))
	}
	if v, at, given := f.take("score_thresholds"); given {
		r.ScoreThresholds = decodeThresholds(v, at, c)
	}
	r.Members = decodeMembers(f)
	decodeCondition(f, &r)
	f.rest("a rule")
	return r
}

// decodeCondition keeps the condition as a tree, whichever form it came in.
func decodeCondition(f *form, r *Rule) {
	v, at, given := f.take("condition")
	if !given {
		return
	}
	before := len(f.problems)
	n := readCondition(v, at, f.complaints)
	if len(f.problems) > before {
		return
	}
	raw, err := n.raw()
	if err != nil {
		f.add(at, payment.CodeFormat, "cannot be kept")
		return
	}
	r.Condition = raw
}

func decodeMembers(f *form) []Member {
	items, at, _ := f.list("members")
	var members []Member
	for i, item := range items {
		m := newForm(item, at+"["+strconv.Itoa(i)+"]", f.complaints)
		if m == nil {
			continue
		}
		members = append(members, Member{Backend: m.text("backend"), Live: m.flag("live"), Weight: m.number("weight")})
		m.rest("a member")
	}
	return members
}

func decodeThresholds(v any, at string, c *complaints) *Thresholds {
	f := newForm(v, at, c)
	if f == nil {
		return nil
	}
	t := &Thresholds{ReviewAt: f.number("review_at"), BlockAt: f.number("block_at")}
	f.rest("a score")
	return t
}

// is reads a flag that may be left out.
func is(flag *bool, unless bool) bool {
	if flag == nil {
		return unless
	}
	return *flag
}
