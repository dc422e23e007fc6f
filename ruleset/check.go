package ruleset

import (
	"net/netip"
	"regexp"
	"strings"

	"wayguard/payment"
)

// check is a condition made ready. The same check runs for many payments at a time.
type check interface {
	// holds changes nothing but what r remembers.
	holds(r *run) bool
	// explain is holds with all it saw; looked is false where a neighbour had settled the matter.
	explain(r *run, looked bool) payment.Condition
}

// all holds when every part holds; it looks no further than the first that does not.
type all struct{ parts []check }

func (c all) holds(r *run) bool {
	for _, part := range c.parts {
		if !part.holds(r) {
			return false
		}
	}
	return true
}

func (c all) explain(r *run, looked bool) payment.Condition {
	return explainParts(r, "and", c.parts, false, looked)
}

// some holds when one part holds; it looks no further than that.
type some struct{ parts []check }

func (c some) holds(r *run) bool {
	for _, part := range c.parts {
		if part.holds(r) {
			return true
		}
	}
	return false
}

func (c some) explain(r *run, looked bool) payment.Condition {
	return explainParts(r, "or", c.parts, true, looked)
}

// explainParts explains and (settled by a false) and or (settled by a true).
func explainParts(r *run, op string, parts []check, settles, looked bool) payment.Condition {
	told := payment.Condition{Op: op, Text: op, Args: make([]payment.Condition, 0, len(parts))}
	open := looked
	for _, part := range parts {
		arg := part.explain(r, open)
		if arg.Result != nil && *arg.Result == settles {
			open = false
		}
		told.Args = append(told.Args, arg)
	}
	if looked {
		told.Result = r.told(open != settles)
	}
	return told
}

// negation turns a part round.
type negation struct{ part check }

func (c negation) holds(r *run) bool { return !c.part.holds(r) }

func (c negation) explain(r *run, looked bool) payment.Condition {
	arg := c.part.explain(r, looked)
	told := payment.Condition{Op: "not", Text: "not", Args: []payment.Condition{arg}}
	if arg.Result != nil {
		told.Result = r.told(!*arg.Result)
	}
	return told
}

// leaf tests what stands at one path. Where that is a list, it holds when the test does for one of its values.
type leaf struct {
	op, text string
	field    int
	// whole tests get a list as it is.
	whole bool
	test  func(r *run, v *value) bool
}

func (c *leaf) holds(r *run) bool {
	s := r.slot(c.field)
	switch {
	case s.value.kind == absent:
		return false
	case s.value.kind != list || c.whole:
		return c.test(r, &s.value)
	}
	return r.anyItem(s.value.many, c.test)
}

// anyItem says whether a test holds for one value of a list.
func (r *run) anyItem(items []any, test func(r *run, v *value) bool) bool {
	for _, item := range items {
		if r.item = readValue(item); r.item.kind != absent && test(r, &r.item) {
			return true
		}
	}
	return false
}

func (c *leaf) explain(r *run, looked bool) payment.Condition {
	told := payment.Condition{Op: c.op, Text: c.text}
	if !looked {
		return told
	}
	told.Result = r.told(c.holds(r))
	told.Value, told.Missing = r.seen(c.field)
	return told
}

// seen is what stands at a path, for an explanation.
func (r *run) seen(field int) (value any, missing bool) {
	s := r.slot(field)
	if s.value.kind == absent {
		return nil, true
	}
	if !s.showing || !s.read {
		s.shown, s.showing = shown(s.raw), true
	}
	return s.shown, false
}

// told points at a truth for an explanation.
func (r *run) told(result bool) *bool {
	if result {
		return &r.program.truths[1]
	}
	return &r.program.truths[0]
}

// related compares what stands at two paths.
type related struct {
	leaf
	other     int
	otherPath string
	path      string
}

func (c *related) explain(r *run, looked bool) payment.Condition {
	told := c.leaf.explain(r, looked)
	if !looked {
		return told
	}
	left := payment.Condition{Op: "path", Text: c.path, Value: told.Value, Missing: told.Missing}
	right := payment.Condition{Op: "path", Text: c.otherPath}
	right.Value, right.Missing = r.seen(c.other)
	told.Value, told.Missing, told.Args = nil, left.Missing || right.Missing, []payment.Condition{left, right}
	return told
}

// counted compares a counter with a number. What is not known does not fire.
type counted struct {
	op, text string
	counter  int
	test     func(order int) bool
	limit    int64
}

func (c *counted) holds(r *run) bool {
	n, known := r.count(c.counter)
	return known && c.test(order(n, c.limit))
}

func order(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (c *counted) explain(r *run, looked bool) payment.Condition {
	told := payment.Condition{Op: c.op, Text: c.text}
	if !looked {
		return told
	}
	told.Result = r.told(c.holds(r))
	if n, known := r.count(c.counter); known {
		told.Value = n
	} else {
		told.Missing = true
	}
	return told
}

// blacklisted holds when what stands at the path is on the blacklist; listed when it is on a named list.
type blacklisted struct {
	field      int
	path, text string
}

func (c *blacklisted) holds(r *run) bool {
	return r.in.Lists != nil && r.anyKey(c.field, c.ask)
}

func (c *blacklisted) ask(r *run, key string) bool { return r.in.Lists.Blacklisted(c.path, key) }

func (c *blacklisted) explain(r *run, looked bool) payment.Condition {
	return r.explainKey(c, "blacklist", c.text, c.field, looked)
}

type listed struct {
	field      int
	list, text string
}

func (c *listed) holds(r *run) bool {
	return r.in.Lists != nil && r.anyKey(c.field, c.ask)
}

func (c *listed) ask(r *run, key string) bool {
	on, known := r.in.Lists.Listed(c.list, key)
	return known && on
}

func (c *listed) explain(r *run, looked bool) payment.Condition {
	return r.explainKey(c, "in", c.text, c.field, looked)
}

func (r *run) explainKey(c check, op, text string, field int, looked bool) payment.Condition {
	told := payment.Condition{Op: op, Text: text}
	if looked {
		told.Result = r.told(c.holds(r))
		told.Value, told.Missing = r.seen(field)
	}
	return told
}

// ordered is what a comparison makes of an order; neq and eq of values that have none are told apart by equals.
func ordered(cmp string) func(order int) bool {
	switch cmp {
	case "lt":
		return func(order int) bool { return order < 0 }
	case "lte":
		return func(order int) bool { return order <= 0 }
	case "gt":
		return func(order int) bool { return order > 0 }
	case "gte":
		return func(order int) bool { return order >= 0 }
	case "neq":
		return func(order int) bool { return order != 0 }
	}
	return func(order int) bool { return order == 0 }
}

// compares is a comparison with a constant.
func compares(cmp string, constant value) func(*run, *value) bool {
	switch cmp {
	case "eq":
		return func(_ *run, v *value) bool { return v.equals(constant) }
	case "neq":
		return func(_ *run, v *value) bool { return v.scalar() && !v.equals(constant) }
	}
	test := ordered(cmp)
	if constant.kind == integer {
		return func(_ *run, v *value) bool {
			if v.kind == integer {
				return test(order(v.number, constant.number))
			}
			order, ok := v.compare(constant)
			return ok && test(order)
		}
	}
	return func(_ *run, v *value) bool {
		order, ok := v.compare(constant)
		return ok && test(order)
	}
}

// relates is a comparison with what stands at another path; nothing holds where nothing, a list or an object stands there.
func relates(cmp string, other int) func(*run, *value) bool {
	test := ordered(cmp)
	return func(r *run, v *value) bool {
		o := &r.slot(other).value
		if !v.scalar() || !o.scalar() {
			return false
		}
		switch cmp {
		case "eq":
			return v.equals(*o)
		case "neq":
			return !v.equals(*o)
		}
		order, ok := v.compare(*o)
		return ok && test(order)
	}
}

// oneOf is membership in a list that stands in the rule.
func oneOf(values []any) func(*run, *value) bool {
	texts, numbers, rest := map[string]struct{}{}, map[int64]struct{}{}, []value{}
	for _, item := range values {
		switch v := readValue(item); v.kind {
		case text:
			texts[v.text] = struct{}{}
		case integer:
			numbers[v.number] = struct{}{}
			rest = append(rest, v) // for 5.0, which is the same number
		default:
			rest = append(rest, v)
		}
	}
	return func(_ *run, v *value) bool {
		switch v.kind {
		case text:
			_, in := texts[v.text]
			return in
		case integer:
			if _, in := numbers[v.number]; in {
				return true
			}
		}
		for i := range rest {
			if (v.kind != integer || rest[i].kind != integer) && v.equals(rest[i]) {
				return true
			}
		}
		return false
	}
}

// holdsWithin is contains: a text within a text, or a member of a list.
func holdsWithin(constant value) func(*run, *value) bool {
	member := func(_ *run, v *value) bool { return v.equals(constant) }
	return func(r *run, v *value) bool {
		switch v.kind {
		case list:
			return r.anyItem(v.many, member)
		case text:
			return constant.kind == text && strings.Contains(v.text, constant.text)
		}
		return false
	}
}

func matching(pattern *regexp.Regexp) func(*run, *value) bool {
	return func(_ *run, v *value) bool { return v.kind == text && pattern.MatchString(v.text) }
}

// inNetworks holds for an address in one of the networks; an IPv4 address written as IPv6 is the IPv4 address.
func inNetworks(networks []netip.Prefix) func(*run, *value) bool {
	return func(_ *run, v *value) bool {
		if v.kind != text {
			return false
		}
		address, err := netip.ParseAddr(v.text)
		if err != nil {
			return false
		}
		address = address.Unmap().WithZone("")
		for i := range networks {
			if networks[i].Contains(address) {
				return true
			}
		}
		return false
	}
}
