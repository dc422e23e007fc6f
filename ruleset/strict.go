package ruleset

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"wayguard/document"
	"wayguard/payment"
)

// The bounds of rules as JSON.
const (
	maxRulesetBytes = 4 << 20
	// maxJSONDepth leaves room for a condition of the greatest depth, two levels a node.
	maxJSONDepth = 2*maxDepth + 16
)

// complaints gathers problems. Messages name fields and operators, never what was sent as a value.
type complaints struct{ problems []payment.Problem }

func (c *complaints) add(path, code, message string) {
	c.problems = append(c.problems, payment.Problem{Field: path, Code: code, Message: message})
}

// unknown adds a word that is not known, with the near one that is.
func (c *complaints) unknown(path, what, word string, known []string) {
	c.add(path, payment.CodeUnknown, "there is no "+what+" "+quoted(word)+suggestion(word, known))
}

// suggestion names a near word, else the whole list where it is short.
func suggestion(word string, known []string) string {
	if near := document.DidYouMean(word, known); near != "" {
		return ", " + near
	}
	if len(known) == 0 || len(known) > 20 {
		return ""
	}
	return "; it is one of " + strings.Join(known, ", ")
}

// quoted is a word of the author's for a message: short and printable, and no card number, should one have come into a wrong place.
func quoted(word string) string {
	const longest = 60
	word = masked(word)
	if len(word) > longest {
		word = strings.ToValidUTF8(word[:longest], "") + "…"
	}
	return strconv.Quote(word)
}

// parseJSON reads a JSON text strictly: no name twice in an object, nothing after it, bounded depth. Numbers stay json.Number.
func parseJSON(data []byte, at string, c *complaints) (any, bool) {
	if len(data) > maxRulesetBytes {
		c.add(at, payment.CodeTooLarge, "is larger than "+strconv.Itoa(maxRulesetBytes)+" bytes")
		return nil, false
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	v, ok := parseValue(decoder, at, 0, c)
	if !ok {
		return nil, false
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		c.add(at, payment.CodeJSON, "goes on after its JSON value")
		return nil, false
	}
	return v, true
}

func parseValue(d *jsontext.Decoder, at string, depth int, c *complaints) (any, bool) {
	if depth > maxJSONDepth {
		c.add(at, payment.CodeTooLarge, "is nested deeper than "+strconv.Itoa(maxJSONDepth))
		return nil, false
	}
	token, err := d.ReadToken()
	if err != nil {
		c.add(at, payment.CodeJSON, "is not valid JSON after byte "+strconv.FormatInt(d.InputOffset(), 10))
		return nil, false
	}
	switch token.Kind() {
	case '{':
		return parseObject(d, at, depth, c)
	case '[':
		items := []any{}
		for kind := d.PeekKind(); kind != ']'; kind = d.PeekKind() {
			item, ok := parseValue(d, at+"["+strconv.Itoa(len(items))+"]", depth+1, c)
			if !ok {
				return nil, false
			}
			items = append(items, item)
		}
		_, err = d.ReadToken()
		return items, err == nil
	case '"':
		return token.String(), true
	case '0':
		return json.Number(token.String()), true
	case 't', 'f':
		return token.Bool(), true
	}
	return nil, true
}

func parseObject(d *jsontext.Decoder, at string, depth int, c *complaints) (any, bool) {
	members := map[string]any{}
	for kind := d.PeekKind(); kind != '}'; kind = d.PeekKind() {
		token, err := d.ReadToken()
		if err != nil {
			c.add(at, payment.CodeJSON, "is not valid JSON after byte "+strconv.FormatInt(d.InputOffset(), 10))
			return nil, false
		}
		name := token.String()
		if _, twice := members[name]; twice {
			c.add(below(at, name), payment.CodeDuplicate, "stands twice in one object")
			return nil, false
		}
		v, ok := parseValue(d, below(at, name), depth+1, c)
		if !ok {
			return nil, false
		}
		members[name] = v
	}
	_, err := d.ReadToken()
	return members, err == nil
}

// below is the path of a member; a name that does not look like one is shortened and quoted.
func below(at, name string) string {
	for i := range len(name) {
		c := name[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return at + "[" + quoted(name) + "]"
		}
	}
	if name == "" || len(name) > 60 || masked(name) != name {
		return at + "[" + quoted(name) + "]"
	}
	return at + "." + name
}

// form reads the members of an object, each once, and tells of those nobody asked for.
type form struct {
	at      string
	members map[string]any
	asked   []string
	*complaints
}

// newForm is nil where v is no object; that has been told.
func newForm(v any, at string, c *complaints) *form {
	members, ok := v.(map[string]any)
	if !ok {
		c.add(at, payment.CodeType, "must be an object")
		return nil
	}
	return &form{at: at, members: members, complaints: c}
}

// take is a member's value; null counts as not given.
func (f *form) take(name string) (v any, at string, given bool) {
	f.asked = append(f.asked, name)
	v = f.members[name]
	return v, below(f.at, name), v != nil
}

func (f *form) text(name string) string {
	v, at, given := f.take(name)
	s, ok := v.(string)
	if given && !ok {
		f.add(at, payment.CodeType, "must be a text")
	}
	return s
}

func (f *form) flag(name string) *bool {
	v, at, given := f.take(name)
	if !given {
		return nil
	}
	b, ok := v.(bool)
	if !ok {
		f.add(at, payment.CodeType, "must be true or false")
		return nil
	}
	return &b
}

func (f *form) number(name string) int64 {
	n, _ := f.numberGiven(name)
	return n
}

func (f *form) numberGiven(name string) (n int64, given bool) {
	v, at, given := f.take(name)
	if !given {
		return 0, false
	}
	digits, _ := v.(json.Number)
	n, ok := smallInteger(string(digits))
	if !ok {
		f.add(at, payment.CodeType, "must be a whole number")
		return 0, false
	}
	return n, true
}

func (f *form) list(name string) (items []any, at string, given bool) {
	v, at, given := f.take(name)
	items, ok := v.([]any)
	if given && !ok {
		f.add(at, payment.CodeType, "must be a list")
	}
	return items, at, ok
}

func (f *form) texts(name string) []string {
	items, at, _ := f.list(name)
	var all []string
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			f.add(at+"["+strconv.Itoa(i)+"]", payment.CodeType, "must be a text")
			continue
		}
		all = append(all, s)
	}
	return all
}

// rest tells of members that nobody asked for.
func (f *form) rest(what string) {
	for _, name := range sortedKeys(f.members) {
		if !contains(f.asked, name) {
			f.add(below(f.at, name), payment.CodeUnknown, what+" has no key "+quoted(name)+suggestion(name, f.asked))
		}
	}
}
