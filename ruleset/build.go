package ruleset

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strconv"
	"time"

	"cel.dev/cel-go/cel"

	"wayguard/payment"
)

// builder makes checks ready and gathers what they read, each path and each counter once.
type builder struct {
	*complaints
	options  Options
	words    map[string][]string
	sources  []source
	counters []counter
	// named are the counters that expressions ask for.
	named map[counterKey]int
	// asked are the backends that rules before this one ask.
	asked map[string]bool
	// environment is built for the first expression.
	environment *cel.Env
}

// source is the number of a path, -1 where it is wrong.
func (b *builder) source(text, at string) int {
	s, code, wrong := readSource(text, b.words)
	if wrong != "" {
		b.add(at, code, wrong)
		return -1
	}
	if s.backend != "" && !b.asked[s.backend] {
		b.add(at, payment.CodeUnknown, "no rule before this one asks the backend "+quoted(s.backend)+suggestion(s.backend, sortedKeys(b.asked)))
		return -1
	}
	for i := range b.sources {
		if b.sources[i].text == s.text {
			return i
		}
	}
	b.sources = append(b.sources, s)
	return len(b.sources) - 1
}

// counter is the number of a counter.
func (b *builder) counter(w Window, field int) int {
	for i := range b.counters {
		if b.counters[i].window == w {
			return i
		}
	}
	b.counters = append(b.counters, counter{w, field})
	return len(b.counters) - 1
}

// check makes a condition ready. Where a problem was added, what it returns is not to be used.
func (b *builder) check(n node, at string) check {
	switch n.op {
	case "and", "or":
		parts := make([]check, 0, len(n.args))
		for i, arg := range n.args {
			parts = append(parts, b.check(arg, at+".args["+strconv.Itoa(i)+"]"))
		}
		if n.op == "and" {
			return all{parts}
		}
		return some{parts}
	case "not":
		return negation{b.check(n.args[0], at+".arg")}
	}
	field := b.source(n.field, at+".field")
	if field < 0 {
		return nil
	}
	if isVelocity(n.op) {
		return b.velocity(n, field, at)
	}
	path := b.sources[field].text
	if n.list != "" {
		b.knownList(n.list, at+".list")
		return &listed{field: field, list: n.list, text: path + " is on the list " + n.list}
	}
	if n.other != "" {
		return b.related(n, field, at)
	}
	return b.leaf(n, field, at)
}

func (b *builder) knownList(name, at string) {
	if b.options.Lists != nil && !b.options.Lists(name) {
		b.add(at, payment.CodeUnknown, "there is no list "+quoted(name))
	}
}

func (b *builder) related(n node, field int, at string) check {
	other := b.source(n.other, at+".value_field")
	if other < 0 {
		return nil
	}
	path, otherPath := b.sources[field].text, b.sources[other].text
	if path == otherPath {
		b.add(at+".value_field", payment.CodeFormat, "is the same path as field")
	}
	return &related{
		leaf:  leaf{op: n.op, text: path + " " + sign(n.op) + " " + otherPath, field: field, test: relates(n.op, other)},
		other: other, path: path, otherPath: otherPath,
	}
}

func (b *builder) leaf(n node, field int, at string) check {
	c := &leaf{op: n.op, field: field, text: phrase(n, b.sources[field].text)}
	switch n.op {
	case "exists":
		many := b.sources[field].path.Many()
		c.whole = true
		c.test = func(_ *run, v *value) bool { return !many || v.kind != list || len(v.many) > 0 }
	case "in":
		if len(n.values) == 0 {
			b.add(at+".values", payment.CodeRequired, "at least one value is needed")
		}
		c.test = oneOf(n.values)
	case "cidr":
		c.test = inNetworks(b.networks(n.values, at+".values"))
	case "matches":
		c.test = b.pattern(n.text, at+".pattern")
	case "starts_with", "ends_with":
		c.test = affix(n.op, n.text)
	case "contains":
		c.whole = true
		c.test = holdsWithin(b.constant(n, at))
	default:
		c.test = compares(n.op, b.constant(n, at))
	}
	return c
}

// constant is what is compared with.
func (b *builder) constant(n node, at string) value {
	v := readValue(n.value)
	if v.kind == truth && n.op != "eq" && n.op != "neq" && n.op != "contains" {
		b.add(at+".value", payment.CodeType, "true and false have no order")
	}
	return v
}

func (b *builder) pattern(text, at string) func(*run, *value) bool {
	if len(text) > maxPatternBytes {
		b.add(at, payment.CodeTooLong, "a pattern has at most "+strconv.Itoa(maxPatternBytes)+" bytes")
		return nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		b.add(at, payment.CodeFormat, "is no RE2 pattern: "+patternError(err))
		return nil
	}
	return matching(pattern)
}

func (b *builder) networks(values []any, at string) []netip.Prefix {
	if len(values) == 0 {
		b.add(at, payment.CodeRequired, "at least one network is needed")
	}
	networks := make([]netip.Prefix, 0, len(values))
	for i, v := range values {
		network, ok := readNetwork(v)
		if !ok {
			b.add(at+"["+strconv.Itoa(i)+"]", payment.CodeFormat, `must be a network such as "192.0.2.0/24", or an address`)
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

func readNetwork(v any) (netip.Prefix, bool) {
	text, _ := v.(string)
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), true
}

// velocity is a counter compared with a number.
func (b *builder) velocity(n node, field int, at string) check {
	window, ok := b.window(n, field, at)
	if !ok {
		return nil
	}
	digits, _ := n.value.(json.Number)
	limit, ok := smallInteger(string(digits))
	if !ok || limit < 0 {
		b.add(at+".value", payment.CodeRange, "must be a whole number from 0")
	}
	text := n.op + "(" + window.Path
	if window.Of != "" {
		text += ", " + window.Of
	}
	text += ", " + strconv.FormatInt(n.window, 10)
	if window.Scoped {
		text += ", " + strconv.Quote(contextScope)
	}
	text += ") " + sign(n.cmp) + " " + string(digits)
	return &counted{op: n.op, text: text, counter: b.counter(window, field), test: ordered(n.cmp), limit: limit}
}

func (b *builder) window(n node, field int, at string) (Window, bool) {
	w := Window{Kind: CountOf, Path: b.sources[field].text, Length: time.Duration(n.window) * time.Second, Scoped: n.scope == contextScope}
	before := len(b.problems)
	b.countable(field, at+".field")
	if n.window < 1 || n.window > maxWindow {
		b.add(at+".window_seconds", payment.CodeRange, "a window lasts from 1 to "+strconv.Itoa(maxWindow)+" seconds, which are 30 days")
	}
	switch n.op {
	case "velocity_sum":
		w.Kind, w.Of = SumOf, amountPath
		if n.other != amountPath {
			b.add(at+".of", payment.CodeUnknown, "only "+amountPath+" can be summed up")
		}
	case "velocity_distinct":
		w.Kind = DistinctOf
		if of := b.source(n.other, at+".of"); of >= 0 {
			b.countable(of, at+".of")
			w.Of = b.sources[of].text
		}
		if w.Of == w.Path {
			b.add(at+".of", payment.CodeFormat, "is the same path as field")
		}
	}
	return w, len(b.problems) == before
}

// amountPath is what sums are of.
const amountPath = "$.transaction.amount"

// countable says when nothing can be counted by a path.
func (b *builder) countable(field int, at string) {
	switch s := b.sources[field]; {
	case s.backend != "":
		b.add(at, payment.CodeFormat, "what a backend said cannot be counted")
	case s.path.Many():
		b.add(at, payment.CodeFormat, "a path with [*] cannot be counted by")
	}
}

func affix(op, with string) func(*run, *value) bool {
	if op == "starts_with" {
		return func(_ *run, v *value) bool {
			return v.kind == text && len(v.text) >= len(with) && v.text[:len(with)] == with
		}
	}
	return func(_ *run, v *value) bool {
		return v.kind == text && len(v.text) >= len(with) && v.text[len(v.text)-len(with):] == with
	}
}

// sign is how explanations write a comparison.
func sign(cmp string) string {
	switch cmp {
	case "eq":
		return "=="
	case "neq":
		return "!="
	case "lt":
		return "<"
	case "lte":
		return "<="
	case "gt":
		return ">"
	}
	return ">="
}

// phrase is a leaf in words. Comparisons are written with a sign, all else as in the text form.
func phrase(n node, path string) string {
	n.field = path
	written, err := n.write()
	if err != nil || !contains(comparisons(), n.op) {
		return bounded(masked(written))
	}
	w := &textWriter{}
	w.scalar(n.value)
	return bounded(masked(path + " " + sign(n.op) + " " + w.String()))
}

// masked is a text without card numbers, should the author have put one into a rule.
func masked(text string) string {
	safe, _ := payment.MaskPayload(text).(string)
	return safe
}

// patternError is what is wrong with a pattern.
func patternError(err error) string { return bounded(masked(err.Error())) }

// bounded shortens a text for an explanation.
func bounded(text string) string {
	if len(text) <= shownLength {
		return text
	}
	return text[:cutAt(text, shownLength)] + "…"
}

// cutAt is the last place before n where a text can be cut without breaking a sign.
func cutAt(text string, n int) int {
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return n
}
