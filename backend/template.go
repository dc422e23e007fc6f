package backend

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"wayguard/payment"
)

// The bounds of a template: how deep it goes, how many leaves it has, how many elements of a list it is filled in for.
const (
	maxDepth  = 16
	maxLeaves = 500
	maxEach   = 100
)

// part is a compiled piece of a template. fill is false where nothing can be made: an object then lacks that key.
type part interface {
	fill(s *scope) (any, bool)
}

// constant stands as it is written.
type constant struct{ value any }

func (c constant) fill(*scope) (any, bool) { return c.value, true }

// whole is a leaf that is exactly one placeholder: it takes the value with its type.
func (e expression) fill(s *scope) (any, bool) { return e.find(s) }

// mixture is text with placeholders in it; one that has no value leaves the whole text out.
type mixture struct {
	texts  []string // one more than holes
	holes  []expression
	escape escape // nil for none
}

// escape makes a value harmless where it is put, behind the text before it; false where it cannot.
type escape func(before, value string) (string, bool)

func (m mixture) fill(s *scope) (any, bool) {
	var b strings.Builder
	for i, text := range m.texts {
		b.WriteString(text)
		if i == len(m.holes) {
			break
		}
		value, ok := m.holes[i].find(s)
		if !ok {
			return nil, false
		}
		word, ok := scalar(value)
		if !ok {
			return nil, false
		}
		if m.escape != nil {
			if word, ok = m.escape(b.String(), word); !ok {
				return nil, false
			}
		}
		b.WriteString(word)
	}
	return b.String(), true
}

type object struct {
	keys  []string
	parts []part
}

// fill leaves out what has no value, and the object itself where nothing is left of one that had keys.
func (o object) fill(s *scope) (any, bool) {
	made := make(map[string]any, len(o.keys))
	for i, key := range o.keys {
		if value, ok := o.parts[i].fill(s); ok {
			made[key] = value
		}
	}
	return made, len(made) > 0 || len(o.keys) == 0
}

type array []part

func (a array) fill(s *scope) (any, bool) {
	made := make([]any, 0, len(a))
	for _, p := range a {
		if value, ok := p.fill(s); ok {
			made = append(made, value)
		}
	}
	return made, len(made) > 0 || len(a) == 0
}

// each fills a part in for every element of a list: {"@each": "$.items", "@do": {…}}.
type each struct {
	list expression
	do   part
}

func (e each) fill(s *scope) (any, bool) {
	value, _ := e.list.find(s)
	list, _ := value.([]any)
	made := make([]any, 0, len(list))
	for _, item := range list[:min(len(list), maxEach)] {
		if one, ok := e.do.fill(s.with(item)); ok {
			made = append(made, one)
		}
	}
	return made, len(made) > 0
}

// compiler reads templates and gathers what is wrong with them.
type compiler struct {
	problems []payment.Problem
	leaves   int
	// discloses are the account numbers that the templates ask for; secrets are the names of those they need.
	discloses []payment.CredentialType
	secrets   []string
}

func (c *compiler) tell(field, code, message string) {
	if len(c.problems) < 100 {
		c.problems = append(c.problems, payment.Problem{Field: field, Code: code, Message: message})
	}
}

// part compiles a JSON value.
func (c *compiler) part(field string, value any, depth int) part {
	if depth > maxDepth {
		c.tell(field, "range", "is nested too deep")
		return constant{}
	}
	switch v := value.(type) {
	case map[string]any:
		if list, ok := v["@each"]; ok {
			return c.each(field, v, list, depth)
		}
		made := object{}
		for _, key := range sortedKeys(v) {
			made.keys = append(made.keys, key)
			made.parts = append(made.parts, c.part(field+step(key), v[key], depth+1))
		}
		return made
	case []any:
		made := array{}
		for i, one := range v {
			made = append(made, c.part(field+"["+strconv.Itoa(i)+"]", one, depth+1))
		}
		return made
	case string:
		return c.text(field, v, nil)
	}
	c.count(field)
	return constant{value}
}

func (c *compiler) each(field string, v map[string]any, list any, depth int) part {
	do, ok := v["@do"]
	text, isText := list.(string)
	if !ok || !isText || len(v) != 2 {
		c.tell(field, "format", `must be {"@each": "$.a.list", "@do": …} and nothing else`)
		return constant{}
	}
	return each{c.expression(field+`["@each"]`, text), c.part(field+`["@do"]`, do, depth+1)}
}

func (c *compiler) count(field string) {
	if c.leaves++; c.leaves == maxLeaves+1 {
		c.tell(field, "range", "is too large: a template has at most "+strconv.Itoa(maxLeaves)+" leaves")
	}
}

// text compiles a leaf.
func (c *compiler) text(field, text string, escape escape) part {
	c.count(field)
	texts, holes, err := cutHoles(text)
	if err != nil {
		c.tell(field, "format", err.Error())
		return constant{}
	}
	if len(holes) == 0 {
		return constant{text}
	}
	m := mixture{texts: texts, escape: escape}
	for _, hole := range holes {
		m.holes = append(m.holes, c.expression(field, hole))
	}
	if escape == nil && len(holes) == 1 && texts[0] == "" && texts[1] == "" {
		return m.holes[0]
	}
	return m
}

// expression compiles a path with its filters.
func (c *compiler) expression(field, text string) expression {
	e, err := parseExpression(text)
	if err != nil {
		c.tell(field, "format", err.Error())
	}
	switch e.root {
	case ofPAN:
		c.disclose(payment.PAN)
	case ofIBAN:
		c.disclose(payment.SEPA)
	case ofSecret:
		c.secrets = append(c.secrets, e.secret)
	}
	return e
}

// apart compiles something and says whether it asks for account numbers or secrets; the former are not counted as disclosed.
func (c *compiler) apart(compile func()) (numbers, secrets bool) {
	kept, names := c.discloses, len(c.secrets)
	c.discloses = nil
	compile()
	numbers, secrets = len(c.discloses) > 0, len(c.secrets) > names
	c.discloses = kept
	return numbers, secrets
}

func (c *compiler) disclose(t payment.CredentialType) {
	if !slices.Contains(c.discloses, t) {
		c.discloses = append(c.discloses, t)
	}
}

func parseExpression(text string) (expression, error) {
	if len(text) > 4096 {
		return expression{}, errors.New("is too long")
	}
	chain, err := splitChain(text)
	if err != nil {
		return expression{}, err
	}
	e, err := parsePath(chain[0])
	if err != nil {
		return expression{}, err
	}
	e.filters, err = parseFilters(chain[1:])
	return e, err
}

var errHole = errors.New("has a {{ without its }}")

// cutHoles cuts a text at its placeholders; braces within quotes or other braces do not end one.
func cutHoles(text string) (texts, holes []string, err error) {
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			return append(texts, text), holes, nil
		}
		texts, text = append(texts, text[:start]), text[start+2:]
		end := holeEnd(text)
		if end < 0 {
			return nil, nil, errHole
		}
		holes, text = append(holes, text[:end]), text[end+2:]
	}
}

func holeEnd(text string) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			if strings.HasPrefix(text[i:], "}}") {
				return i
			}
			return -1
		}
	}
	return -1
}

// render fills a template in and writes it as JSON.
func render(p part, s *scope) ([]byte, bool) {
	value, ok := p.fill(s)
	if !ok {
		return nil, false
	}
	return encode(value)
}

// encode writes JSON; it does not escape what only HTML needs escaped.
func encode(value any) ([]byte, bool) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return nil, false
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// step is a key as a step of a field path; one that is no plain name is put in brackets.
func step(key string) string {
	if plainName(key) {
		return "." + key
	}
	return "[" + strconv.Quote(key[:min(len(key), 64)]) + "]"
}
