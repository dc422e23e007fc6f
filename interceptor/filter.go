package interceptor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"wayguard/document"
)

// Limits of a filter's text, and of what a filter gives.
const (
	maxFilterText = 64 << 10
	maxFilters    = 20
	maxFiltered   = 64 << 10
)

// yield is what an entry has at a point of its way: a value, or nothing.
type yield struct {
	value any
	some  bool
}

// filter turns one yield into the next.
type filter func(yield) yield

// filters are a compiled chain.
type filters struct {
	chain []filter
	// gives is what type of value comes out at the end, where that can be told.
	gives shape
}

func (f filters) run(y yield) yield {
	for _, one := range f.chain {
		y = one(y)
	}
	return y
}

// filterKind is one filter of the language: how many arguments it takes and how it is made of them.
type filterKind struct {
	least, most int
	gives       shape
	// make gives a message where the arguments do not do.
	make func(args []any) (filter, string)
}

// filterKinds is the table of filters: first six are the older system's, the others this project's.
func filterKinds() map[string]filterKind {
	return map[string]filterKind{
		"first":     {1, 1, textual, counted(1, firstOf)},
		"last":      {1, 1, textual, counted(1, lastOf)},
		"tail":      {1, 1, textual, counted(0, tailOf)},
		"map":       {1, 2, unknown, makeMap},
		"to_int":    {0, 0, integral, fixed(toInt)},
		"downcase":  {0, 0, textual, fixed(onText(strings.ToLower))},
		"upcase":    {0, 0, textual, fixed(onText(strings.ToUpper))},
		"trim":      {0, 0, textual, fixed(onText(strings.TrimSpace))},
		"replace":   {2, 2, textual, makeReplace},
		"digits":    {0, 0, textual, fixed(onText(digitsOf))},
		"to_minor":  {0, 1, integral, makeToMinor},
		"to_string": {0, 0, textual, fixed(toString)},
		"default":   {1, 1, unknown, makeDefault},
		"mask":      {0, 0, textual, fixed(onText(maskOf))},
	}
}

func fixed(f filter) func([]any) (filter, string) {
	return func([]any) (filter, string) { return f, "" }
}

// parseFilters compiles "downcase | first(6)". message says what is wrong and where, without repeating what was written.
func parseFilters(text string) (f filters, message string) {
	if len(text) > maxFilterText {
		return f, "longer than 65,536 bytes"
	}
	kinds := filterKinds()
	l := literals{rest: text}
	for {
		if len(f.chain) == maxFilters {
			return f, "more than 20 filters"
		}
		one, gives, message := parseFilter(&l, kinds)
		if message != "" {
			return f, fmt.Sprintf("filter %d: %s", len(f.chain)+1, message)
		}
		f.chain = append(f.chain, one)
		f.gives = gives
		if l.skip(); l.rest == "" {
			return f, ""
		}
		if !l.take('|') {
			return f, fmt.Sprintf(`filter %d: a "|" is missing behind it`, len(f.chain))
		}
	}
}

func parseFilter(l *literals, kinds map[string]filterKind) (filter, shape, string) {
	name := l.word()
	if name == "" {
		return nil, unknown, "its name is missing"
	}
	kind, ok := kinds[name]
	if !ok {
		names := make([]string, 0, len(kinds))
		for known := range kinds {
			names = append(names, known)
		}
		slices.Sort(names)
		message := "no such filter"
		if near := document.DidYouMean(name, names); near != "" {
			message += " (" + near + ")"
		}
		return nil, unknown, message + "; there are " + strings.Join(names, ", ")
	}
	args, message := l.arguments()
	if message != "" {
		return nil, unknown, message
	}
	if len(args) < kind.least || len(args) > kind.most {
		return nil, unknown, fmt.Sprintf("%s takes %s", name, arity(kind))
	}
	made, message := kind.make(args)
	return made, kind.gives, message
}

func arity(k filterKind) string {
	switch {
	case k.most == 0:
		return "no argument"
	case k.least < k.most:
		return fmt.Sprintf("%d or %d arguments", k.least, k.most)
	case k.most == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", k.most)
}

// literals reads the arguments of filters: JSON, and for convenience single quotes, and names and table keys without quotes.
type literals struct {
	rest string
}

func (l *literals) skip() { l.rest = strings.TrimLeft(l.rest, " \t\r\n") }

func (l *literals) take(c byte) bool {
	l.skip()
	if l.rest == "" || l.rest[0] != c {
		return false
	}
	l.rest = l.rest[1:]
	return true
}

// word takes letters, digits and _ . - off the beginning.
func (l *literals) word() string {
	l.skip()
	end := strings.IndexFunc(l.rest, func(r rune) bool {
		return r != '_' && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < 0x80
	})
	if end < 0 {
		end = len(l.rest)
	}
	word := l.rest[:end]
	l.rest = l.rest[end:]
	return word
}

// arguments reads "(a, b)", or nothing where there is no parenthesis.
func (l *literals) arguments() ([]any, string) {
	if !l.take('(') || l.take(')') {
		return nil, ""
	}
	var args []any
	for {
		arg, message := l.literal()
		if message != "" {
			return nil, message
		}
		args = append(args, arg)
		if l.take(')') {
			return args, ""
		}
		if !l.take(',') {
			return nil, `a "," or ")" is missing`
		}
		if len(args) == 4 {
			return nil, "too many arguments"
		}
	}
}

// literal reads a scalar or a table of scalars.
func (l *literals) literal() (any, string) {
	l.skip()
	if !l.take('{') {
		return l.scalar()
	}
	table := map[string]any{}
	for !l.take('}') {
		if len(table) > 0 && !l.take(',') {
			return nil, `a "," or "}" is missing in the table`
		}
		key, message := l.key()
		if message != "" {
			return nil, message
		}
		if !l.take(':') {
			return nil, `a ":" is missing in the table`
		}
		if _, twice := table[key]; twice {
			return nil, "a key stands twice in the table"
		}
		if table[key], message = l.scalar(); message != "" {
			return nil, message
		}
	}
	return table, ""
}

// key is a text; 01 and 1.0 are the texts that they look like.
func (l *literals) key() (string, string) {
	l.skip()
	if strings.HasPrefix(l.rest, `"`) || strings.HasPrefix(l.rest, "'") {
		value, message := l.scalar()
		key, _ := value.(string)
		return key, message
	}
	if key := l.word(); key != "" {
		return key, ""
	}
	return "", "a key is missing in the table"
}

func (l *literals) scalar() (any, string) {
	l.skip()
	if quoted, ok := strings.CutPrefix(l.rest, "'"); ok {
		text, rest, closed := strings.Cut(quoted, "'")
		if !closed {
			return nil, "a text in quotes does not end"
		}
		l.rest = rest
		return text, ""
	}
	if strings.HasPrefix(l.rest, `"`) {
		return l.quoted()
	}
	switch word := l.word(); word {
	case "":
		return nil, "an argument is missing"
	case "true", "false":
		return word == "true", ""
	case "null":
		return nil, ""
	default:
		if json.Valid([]byte(word)) {
			return json.Number(word), ""
		}
		return word, ""
	}
}

func (l *literals) quoted() (any, string) {
	end := 1
	for end < len(l.rest) && l.rest[end] != '"' {
		if l.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(l.rest) {
		return nil, "a text in quotes does not end"
	}
	var text string
	if json.Unmarshal([]byte(l.rest[:end+1]), &text) != nil {
		return nil, "a text in quotes is not a JSON text"
	}
	l.rest = l.rest[end+1:]
	return text, ""
}
