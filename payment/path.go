package payment

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Path is a compiled path into a Tree: "$" and then ".name", "['any name']", "[0]" or "[*]", as often as there are levels. The zero value
// is "$", the whole tree. It is never changed.
type Path struct {
	text  string
	steps []step
	many  bool
	form  form
}

// step goes one level down: into a member by name, or into a list by index; every is the index of "[*]".
type step struct {
	name  string
	index int
}

const (
	member = -1
	every  = -2
)

// form is how values at a path are compared.
type form uint8

const (
	formExact form = iota
	formIP
	formLower
	formUpper
)

// The bounds of paths.
const (
	maxPath  = 512
	maxSteps = 32
	maxIndex = 99_999
)

// What is wrong with a path. The path's own text may be anybody's, so the errors do not repeat it.
var (
	errPathStart  = errors.New("a path begins with $")
	errPathLength = errors.New("the path is too long")
	errPathName   = errors.New("after a dot comes a name of letters, digits, and the signs _ - $ @ # : of names")
	errPathIndex  = errors.New("brackets hold a number, * or a name in quotes")
	errPathNext   = errors.New("after a name or a bracket comes a dot or a bracket")
	errPathUTF8   = errors.New("the path is no UTF-8")
	errPathSecret = errors.New("card numbers, IBANs, tokens and backend_data cannot be read by rules")
)

// ParsePath compiles a path that a rule reads by, such as "$.items[*].sku". "$.payment_method.card.bin_data" stands for
// "$.credential.bin_data"; paths to a full card number, an IBAN, a token or backend_data are refused.
func ParsePath(text string) (Path, error) {
	p, err := ParseSource(text)
	if err != nil {
		return Path{}, err
	}
	if p.begins("payment_method", "card", "bin_data") {
		p.steps = append([]step{{"credential", member}}, p.steps[2:]...)
	}
	if p.secret() {
		return Path{}, errPathSecret
	}
	p.text = written(p.steps)
	p.form = formOf(p.steps)
	return p, nil
}

// ParseSource compiles a path into a tree that is no decision request, such as a merchant's body: nothing is refused and no name stands
// for another.
func ParseSource(text string) (Path, error) {
	switch {
	case len(text) > maxPath:
		return Path{}, errPathLength
	case !strings.HasPrefix(text, "$"):
		return Path{}, errPathStart
	case !utf8.ValidString(text):
		return Path{}, errPathUTF8
	}
	var p Path
	for rest := text[1:]; rest != ""; {
		next, after, err := parseStep(rest)
		if err != nil {
			return Path{}, err
		}
		if len(p.steps) == maxSteps {
			return Path{}, errPathLength
		}
		p.steps = append(p.steps, next)
		p.many = p.many || next.index == every
		rest = after
	}
	p.text = written(p.steps)
	return p, nil
}

func parseStep(text string) (next step, rest string, err error) {
	switch text[0] {
	case '.':
		n := nameLength(text[1:])
		if n == 0 {
			return step{}, "", errPathName
		}
		return step{text[1 : 1+n], member}, text[1+n:], nil
	case '[':
		return parseBracket(text[1:])
	}
	return step{}, "", errPathNext
}

// nameLength is how many bytes of a name a text begins with.
func nameLength(text string) int {
	for i := range len(text) {
		if c := text[i]; !isAlnum(c) && c < utf8.RuneSelf && strings.IndexByte("_-$@#:", c) < 0 {
			return i
		}
	}
	return len(text)
}

func parseBracket(text string) (next step, rest string, err error) {
	if text == "" {
		return step{}, "", errPathIndex
	}
	if quote := text[0]; quote == '\'' || quote == '"' {
		name, rest, closed := strings.Cut(text[1:], string(quote)+"]")
		if !closed || name == "" || strings.IndexByte(name, quote) >= 0 {
			return step{}, "", errPathIndex
		}
		return step{name, member}, rest, nil
	}
	inner, rest, closed := strings.Cut(text, "]")
	if !closed {
		return step{}, "", errPathIndex
	}
	if inner == "*" {
		return step{"", every}, rest, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 || n > maxIndex || inner != strconv.Itoa(n) {
		return step{}, "", errPathIndex
	}
	return step{"", n}, rest, nil
}

// written is the usual form of a path.
func written(steps []step) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range steps {
		switch {
		case s.index == every:
			b.WriteString("[*]")
		case s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case nameLength(s.name) == len(s.name):
			b.WriteString("." + s.name)
		case strings.IndexByte(s.name, '\'') < 0:
			b.WriteString("['" + s.name + "']")
		default:
			b.WriteString(`["` + s.name + `"]`)
		}
	}
	return b.String()
}

// begins says whether the path's first steps are these names.
func (p Path) begins(names ...string) bool {
	if len(p.steps) < len(names) {
		return false
	}
	for i, name := range names {
		if p.steps[i] != (step{name, member}) {
			return false
		}
	}
	return true
}

// secret says whether the path leads to what the tree of a request never holds.
func (p Path) secret() bool {
	if p.begins("backend_data") {
		return true
	}
	if !p.begins("credential") || p.begins("credential", "bin_data") {
		return false
	}
	for _, s := range p.steps[1:] {
		switch s.name {
		case "value", "iban", "token", "number":
			return true
		}
	}
	return false
}

func formOf(steps []step) form {
	if len(steps) == 0 || len(steps) > 2 {
		return formExact
	}
	switch steps[len(steps)-1].name {
	case "ip":
		return formIP
	case "email", "credential_fingerprint":
		return formLower
	case "country", "currency":
		return formUpper
	}
	return formExact
}

// String is the path in its usual form.
func (p Path) String() string {
	if p.text == "" {
		return "$"
	}
	return p.text
}

// Many says whether the path has a "[*]" and so may find several values.
func (p Path) Many() bool { return p.many }

// Normal is the form in which values at this path of a request are compared and counted: addresses in their usual form, e-mail addresses
// and fingerprints in lower case, countries and currencies in capitals, everything else as it is.
func (p Path) Normal(value string) string {
	switch p.form {
	case formIP:
		if ip, ok := canonicalIP(value); ok {
			return ip
		}
	case formLower:
		return strings.ToLower(strings.TrimSpace(value))
	case formUpper:
		return strings.ToUpper(strings.TrimSpace(value))
	}
	return value
}

// Canonical is a value in one form for lists without a path, whatever path it is compared at: an address, an e-mail address, a fingerprint,
// a country or a currency as Normal gives it at their paths, everything else as it is.
func Canonical(value string) string {
	text := strings.TrimSpace(value)
	if text != "" && (text[0] == ':' || text[0] >= '0' && text[0] <= '9' || strings.IndexByte(text, ':') > 0) {
		if ip, ok := canonicalIP(text); ok {
			return ip
		}
	}
	switch {
	case strings.IndexByte(text, '@') >= 0, len(text) == len("crd_")+32 && strings.EqualFold(text[:4], "crd_"):
		return strings.ToLower(text)
	case len(text) == 2 || len(text) == 3:
		if code := strings.ToUpper(text); isCountry(code) || knownCurrency(code) {
			return code
		}
	}
	return value
}

// Lookup finds the value at the path; one that is null is found. A path with "[*]" gives a []any of all that was found, in their order,
// and finds nothing where there is none.
func Lookup(t Tree, path Path) (any, bool) {
	if t == nil {
		return nil, false
	}
	if !path.many {
		return descend(t, path.steps)
	}
	var all []any
	gather(t, path.steps, &all)
	return all, len(all) > 0
}

func descend(value any, steps []step) (any, bool) {
	for i := range steps {
		s := &steps[i]
		if s.index == member {
			tree, ok := value.(Tree)
			if !ok {
				return nil, false
			}
			if value, ok = tree[s.name]; !ok {
				return nil, false
			}
			continue
		}
		list, ok := value.([]any)
		if !ok || s.index >= len(list) {
			return nil, false
		}
		value = list[s.index]
	}
	return value, true
}

// maxFound bounds what "[*]" within "[*]" may find.
const maxFound = 10_000

func gather(value any, steps []step, all *[]any) {
	for i := range steps {
		if steps[i].index != every {
			continue
		}
		value, _ = descend(value, steps[:i])
		list, _ := value.([]any)
		for _, entry := range list {
			gather(entry, steps[i+1:], all)
		}
		return
	}
	if found, ok := descend(value, steps); ok && len(*all) < maxFound {
		*all = append(*all, found)
	}
}
