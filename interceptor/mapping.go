package interceptor

import (
	"encoding/json"
	"fmt"
	"strings"

	"wayguard/payment"
)

// mapping is a compiled entry.
type mapping struct {
	constant any
	// copied says that source is read; otherwise it is a constant.
	copied  bool
	source  source
	filters filters
	target  target
}

// maxMapped bounds the values that a mapping copies, all entries together.
const maxMapped = 20_000

// builder is a decision request while it is made.
type builder struct {
	tree   payment.Tree
	budget int
}

// Map makes the tree of a decision request, to be checked by payment.ParseTree, with the interceptor's context. Entries run in order and
// are merged: objects field by field, anything else the later one takes the earlier one's place. An entry whose source is missing, null or
// an empty text, or whose filters give nothing, does nothing, so constants that stand before it are defaults. Problems never hold a value.
func (p *Program) Map(in Inbound) (payment.Tree, []payment.Problem) {
	b := builder{tree: payment.Tree{}, budget: maxMapped}
	for i := range p.entries {
		if !b.apply(&p.entries[i], in) {
			field := fmt.Sprintf("$.field_mapping[%d]", i)
			return nil, []payment.Problem{{Field: field, Code: "size", Message: "the mapping copies more than 20,000 values"}}
		}
	}
	dense(b.tree)
	b.tree["context"] = p.interceptor.Context
	return b.tree, nil
}

// apply sets what one entry gives; false means that the budget is spent.
func (b *builder) apply(m *mapping, in Inbound) bool {
	if !m.copied {
		return b.put(m.target, 0, something(m.constant))
	}
	if !m.source.each {
		value, found := m.source.read(in)
		return b.put(m.target, 0, m.filters.run(yield{value, found && value != nil}))
	}
	parent, _ := in.Document.find(in.Document.root, m.source.head)
	elements := in.Document.elements(parent)
	for i := range min(len(elements), maxItems) {
		value, found := in.Document.find(elements[i], m.source.steps)
		if !b.put(m.target, i, m.filters.run(yield{value, found && value != nil})) {
			return false
		}
	}
	return true
}

// put sets a value at a target; each is the index that stands for [*].
func (b *builder) put(t target, each int, y yield) bool {
	if !y.some || y.value == nil || y.value == "" {
		return true
	}
	value, ok := b.copy(y.value)
	if !ok {
		return false
	}
	b.tree, _ = set(b.tree, t.steps, each, value).(payment.Tree)
	return true
}

// copy is a deep copy, because what came is read by other entries and stored. Nulls in objects are left out: no field of a decision request
// is one.
func (b *builder) copy(value any) (any, bool) {
	if b.budget--; b.budget < 0 {
		return nil, false
	}
	ok := true
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, below := range value {
			if below == nil {
				continue
			}
			if object[key], ok = b.copy(below); !ok {
				return nil, false
			}
		}
		return object, true
	case []any:
		array := make([]any, len(value))
		for i, below := range value {
			if array[i], ok = b.copy(below); !ok {
				return nil, false
			}
		}
		return array, true
	}
	return value, true
}

// sparse is a list that is being written by index; elements that nobody wrote are nil.
type sparse []any

// set puts a value where the steps lead from a node, making objects and lists on the way, and gives the node back.
func set(node any, steps []step, each int, value any) any {
	if len(steps) == 0 {
		return merged(node, value)
	}
	st := steps[0]
	if st.name != "" {
		object, ok := node.(map[string]any)
		if !ok {
			object = make(map[string]any, 4)
		}
		object[st.name] = set(object[st.name], steps[1:], each, value)
		return object
	}
	index := st.index
	if st.each {
		index = each
	}
	array := writable(node)
	for len(array) <= index {
		array = append(array, nil)
	}
	array[index] = set(array[index], steps[1:], each, value)
	return array
}

// merged is the later value merged into the earlier one: objects member by member.
func merged(earlier, later any) any {
	from, ok := later.(map[string]any)
	into, both := earlier.(map[string]any)
	if !ok || !both {
		return later
	}
	for name, value := range from {
		into[name] = merged(into[name], value)
	}
	return into
}

func writable(value any) sparse {
	switch value := value.(type) {
	case sparse:
		return value
	case []any:
		return value
	}
	return nil
}

// dense makes lists written by index ordinary ones, without the elements that nobody wrote.
func dense(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			value[name] = dense(below)
		}
	case sparse:
		array := make([]any, 0, len(value))
		for _, below := range value {
			if below != nil {
				array = append(array, dense(below))
			}
		}
		return array
	}
	return value
}

// compileEntry compiles one entry of a mapping; fields is schema().
func compileEntry(e Entry, path string, pci payment.PCILevel, fields map[string]shape) (mapping, []payment.Problem) {
	var (
		m        mapping
		problems []payment.Problem
	)
	report := func(key, code, message string) {
		if message != "" {
			problems = append(problems, payment.Problem{Field: path + key, Code: code, Message: message})
		}
	}
	target, code, message := parseTarget(e.Target, fields)
	m.target = target
	report(".target", code, message)
	if message == "" {
		report(".target", "pan_not_accepted", target.forbidden(pci))
	}
	switch {
	case e.Source != "" && e.Const != nil:
		report("", "conflict", "source and const stand side by side: take one of them")
	case e.Const != nil:
		key, code, message := m.compileConst(e, pci)
		report(key, code, message)
	case e.Source == "":
		report("", "required", "source or const is missing")
	default:
		m.copied = true
		m.compileSource(e, report)
	}
	if len(problems) == 0 && m.target.each != m.source.each {
		report(".target", "format", "[*] stands in both of source and target, or in neither")
	}
	return m, problems
}

func (m *mapping) compileSource(e Entry, report func(key, code, message string)) {
	var message string
	m.source, message = parseSource(e.Source)
	report(".source", "format", message)
	if message == "" {
		report(".source", "forbidden", m.source.forbidden())
	}
	if strings.TrimSpace(e.Filter) == "" {
		return
	}
	m.filters, message = parseFilters(e.Filter)
	report(".filter", "format", message)
	if message == "" && m.filters.gives != unknown && m.target.shape != unknown && m.filters.gives != m.target.shape {
		report(".filter", "type", "gives "+m.filters.gives.words()+", and the target is "+m.target.shape.words())
	}
}

func (m *mapping) compileConst(e Entry, pci payment.PCILevel) (key, code, message string) {
	if e.Filter != "" {
		return ".filter", "conflict", "a constant takes no filter: write the value as it is to be"
	}
	value, flaw := readJSON(e.Const)
	if flaw != nil || len(e.Const) > maxFilterText {
		return ".const", "format", "not a JSON value, or longer than 65,536 bytes"
	}
	if value == nil || value == "" {
		return ".const", "required", "a constant needs a value"
	}
	if !m.target.shape.admits(value) {
		return ".const", "type", "the target is " + m.target.shape.words()
	}
	if pci == payment.SAQA && value == string(payment.PAN) && strings.TrimPrefix(e.Target, "$.") == "credential.type" {
		return ".const", "pan_not_accepted", "card numbers are not accepted on SAQ_A: masked_pan or sepa"
	}
	m.constant = value
	return "", "", ""
}

// admits says whether a constant may stand at a target of that shape.
func (s shape) admits(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return s != textual && s != integral && s != list
	case []any:
		return s == list || s == unknown
	case string:
		return s == textual || s == unknown
	case json.Number:
		_, err := value.Int64()
		return s == integral && err == nil || s == unknown
	}
	return s == unknown
}

// forbidden tells why a source may not be read; "" where it may. Security codes may be used for nothing but the authorisation itself
// (PCI DSS, requirement 3.3.1), and credentials of the caller and of the acquirer are nobody's business here.
func (s source) forbidden() string {
	name := s.name
	if s.origin == fromBody && len(s.steps) > 0 {
		name = s.steps[len(s.steps)-1].name
	}
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", "@", "").Replace(name))
	if s.origin == fromHeader {
		switch {
		case name == "authorization", name == "proxyauthorization", name == "cookie":
			return "this header field holds credentials and cannot be mapped"
		case pairLabel(strings.ToLower(s.name)) != "":
			return "the halves of x-{label}-name and x-{label}-value hold credentials and cannot be mapped"
		}
	}
	switch name {
	case "cvv", "cvv2", "cvc", "cvc2", "cvn", "csc", "cid", "cardcode", "securitycode", "cardsecuritycode", "cardverificationvalue", "verificationvalue":
		return "security codes cannot be mapped"
	}
	return ""
}
