package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxTextBytes bounds the text form of a condition.
const maxTextBytes = 64 << 10

// textParser reads the text form by descent.
type textParser struct {
	text  string
	at    int
	nodes int
}

func parseText(text string) (node, error) {
	if len(text) > maxTextBytes {
		return node{}, fmt.Errorf("the condition is longer than %d bytes", maxTextBytes)
	}
	if !utf8.ValidString(text) {
		return node{}, errors.New("the condition is not valid UTF-8")
	}
	p := &textParser{text: text}
	n, err := p.node(1)
	if err != nil {
		return node{}, err
	}
	if p.space(); p.at < len(p.text) {
		return node{}, p.fail("the condition goes on after its end")
	}
	return n, nil
}

func (p *textParser) fail(message string) error {
	before := p.text[:min(p.at, len(p.text))]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return fmt.Errorf("%s (at %d:%d)", message, line, column)
}

func (p *textParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// sees takes a sign if it is the next.
func (p *textParser) sees(sign string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], sign) {
		return false
	}
	p.at += len(sign)
	return true
}

func (p *textParser) expect(sign string) error {
	if !p.sees(sign) {
		return p.fail("a " + strconv.Quote(sign) + " is needed here")
	}
	return nil
}

// name takes a run of letters, digits and underscores.
func (p *textParser) name() string {
	p.space()
	from := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
		p.at++
	}
	return p.text[from:p.at]
}

func (p *textParser) node(depth int) (n node, err error) {
	if depth > maxDepth {
		return n, p.fail("a condition is at most " + strconv.Itoa(maxDepth) + " nodes deep")
	}
	if p.nodes++; p.nodes > maxNodes {
		return n, p.fail("a condition has at most " + strconv.Itoa(maxNodes) + " nodes")
	}
	p.space()
	if strings.HasPrefix(p.text[p.at:], "$") || strings.HasPrefix(p.text[p.at:], "velocity") {
		return p.infix()
	}
	from := p.at
	n.op = p.name()
	if !slices.Contains(opWords(), n.op) {
		p.at = from
		if n.op == "" {
			return n, p.fail("an operator is needed here, such as eq(…)")
		}
		return n, p.fail("there is no operator " + quoted(n.op) + suggestion(n.op, opWords()))
	}
	if err = p.expect("("); err != nil {
		return n, err
	}
	switch {
	case n.op == "and" || n.op == "or" || n.op == "not":
		err = p.branches(&n, depth)
	case slices.Contains(comparisons(), n.op):
		err = p.comparison(&n)
	default:
		err = p.leaf(&n)
	}
	if err != nil {
		return n, err
	}
	return n, p.expect(")")
}

func (p *textParser) branches(n *node, depth int) error {
	for {
		arg, err := p.node(depth + 1)
		if err != nil {
			return err
		}
		n.args = append(n.args, arg)
		if n.op == "not" || !p.sees(",") {
			return nil
		}
	}
}

// comparison reads eq($.a, 1), eq($.a, $.b) and gt(velocity($.a, 1h), 5).
func (p *textParser) comparison(n *node) error {
	if err := p.left(n); err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	return p.right(n)
}

// infix reads $.a >= 1 and velocity($.a, 1h) > 5, as explanations show them.
func (p *textParser) infix() (n node, err error) {
	if err = p.left(&n); err != nil {
		return n, err
	}
	signs := []string{"==", "eq", "!=", "neq", "<=", "lte", ">=", "gte", "<", "lt", ">", "gt"}
	for i := 0; i < len(signs); i += 2 {
		if !p.sees(signs[i]) {
			continue
		}
		if n.op == "" {
			n.op = signs[i+1]
		} else {
			n.cmp = signs[i+1]
		}
		return n, p.right(&n)
	}
	return n, p.fail("a comparison such as >= is needed here")
}

// left reads what is compared: a path, or a counter, which turns the node into its own.
func (p *textParser) left(n *node) (err error) {
	p.space()
	if strings.HasPrefix(p.text[p.at:], "$") {
		n.field, err = p.path()
		return err
	}
	from := p.at
	if op := p.name(); isVelocity(op) && slices.Contains(opWords(), op) {
		n.op, n.cmp = op, n.op
		return p.counter(n)
	}
	p.at = from
	return p.fail("a path such as $.transaction.amount or a velocity(…) is needed here")
}

// right reads what it is compared with.
func (p *textParser) right(n *node) (err error) {
	p.space()
	if isVelocity(n.op) {
		from := p.at
		if n.value, err = p.scalar(); err != nil {
			return err
		}
		digits, _ := n.value.(json.Number)
		if _, ok := smallInteger(string(digits)); !ok {
			p.at = from
			return p.fail("a whole number is needed here")
		}
		return nil
	}
	if strings.HasPrefix(p.text[p.at:], "$") {
		n.other, err = p.path()
		return err
	}
	n.value, err = p.scalar()
	return err
}

// counter reads the arguments of velocity(path, window), velocity_sum(path, of, window) and so on, with the scope as last one.
func (p *textParser) counter(n *node) (err error) {
	if err = p.expect("("); err != nil {
		return err
	}
	if n.field, err = p.path(); err != nil {
		return err
	}
	if err = p.expect(","); err != nil {
		return err
	}
	if n.op != "velocity" {
		if n.other, err = p.path(); err != nil {
			return err
		}
		if err = p.expect(","); err != nil {
			return err
		}
	}
	if n.window, err = p.seconds(); err != nil {
		return err
	}
	if p.sees(",") {
		v, err := p.scalar()
		if err != nil {
			return err
		}
		if n.scope, _ = v.(string); n.scope != contextScope {
			return p.fail(`the scope "context" is needed here, or nothing`)
		}
	}
	return p.expect(")")
}

// leaf reads the operators that are no comparison.
func (p *textParser) leaf(n *node) (err error) {
	if n.field, err = p.path(); err != nil || n.op == "exists" {
		return err
	}
	if err = p.expect(","); err != nil {
		return err
	}
	switch n.op {
	case "in", "cidr":
		if n.op == "in" && p.sees("list") {
			return p.named(n)
		}
		n.values, err = p.scalars()
		return err
	case "contains":
		n.value, err = p.scalar()
		return err
	}
	n.text, err = p.quoted()
	return err
}

// named reads the rest of list("name").
func (p *textParser) named(n *node) (err error) {
	if err = p.expect("("); err != nil {
		return err
	}
	if n.list, err = p.quoted(); err != nil {
		return err
	}
	return p.expect(")")
}

func (p *textParser) quoted() (string, error) {
	p.space()
	from := p.at
	v, err := p.scalar()
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok || s == "" {
		p.at = from
		return "", p.fail("a text in quotes is needed here")
	}
	return s, nil
}

func (p *textParser) path() (string, error) {
	p.space()
	rest := p.text[p.at:]
	end := pathLength(rest)
	if end == 0 {
		return "", p.fail("a path such as $.transaction.amount is needed here")
	}
	p.at += end
	return rest[:end], nil
}

// pathLength is how many bytes of a path a text begins with, 0 for none. Names in quotes, as in $.metadata['any name'], may hold anything.
func pathLength(text string) int {
	if !strings.HasPrefix(text, "$") {
		return 0
	}
	for i := 1; i < len(text); {
		if quoted := text[i:]; strings.HasPrefix(quoted, "['") || strings.HasPrefix(quoted, `["`) {
			end := strings.Index(quoted[2:], quoted[1:2]+"]")
			if end < 0 {
				return 0
			}
			i += end + 4
			continue
		}
		if c := text[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`,()<>=!"`, c) >= 0 {
			return i
		}
		i++
	}
	return len(text)
}

func (p *textParser) scalars() ([]any, error) {
	if err := p.expect("["); err != nil {
		return nil, err
	}
	values := []any{}
	if p.sees("]") {
		return values, nil
	}
	for {
		v, err := p.scalar()
		if err != nil {
			return nil, err
		}
		if values = append(values, v); len(values) > maxValues {
			return nil, p.fail("a list holds at most " + strconv.Itoa(maxValues) + " values")
		}
		if p.sees(",") {
			continue
		}
		return values, p.expect("]")
	}
}

// scalar reads a JSON text or number, true or false.
func (p *textParser) scalar() (any, error) {
	p.space()
	rest := p.text[p.at:]
	end := 0
	if strings.HasPrefix(rest, `"`) {
		for end = 1; end < len(rest) && rest[end] != '"'; end++ {
			if rest[end] == '\\' {
				end++
			}
		}
		end++
	} else if end = strings.IndexAny(rest, ",)] \t\r\n"); end < 0 {
		end = len(rest)
	}
	token := rest[:min(end, len(rest))]
	v, err := scalarOf(token)
	if err != nil {
		return nil, p.fail(err.Error())
	}
	p.at += len(token)
	return v, nil
}

func scalarOf(token string) (any, error) {
	if token == "true" || token == "false" {
		return token == "true", nil
	}
	if len(token) > maxValueLength+2 {
		return nil, fmt.Errorf("a value has at most %d bytes", maxValueLength)
	}
	switch raw := jsontext.Value(token); {
	case token == "" || !raw.IsValid():
	case raw.Kind() == '"':
		s, err := jsontext.AppendUnquote(nil, raw)
		if err == nil {
			return string(s), nil
		}
	case raw.Kind() == '0':
		return json.Number(token), nil
	}
	return nil, errors.New(`a value is needed here: a text in "quotes", a number, true or false`)
}

// seconds reads a window: 3600, or 90s, 30m, 1h, 7d.
func (p *textParser) seconds() (int64, error) {
	from := p.at
	word := p.name()
	if n, ok := smallInteger(word); ok {
		return n, nil
	}
	d, ok := parseWindow(word)
	if !ok {
		p.at = from
		return 0, p.fail("a window is needed here: a number of seconds, or such as 30m, 1h, 7d")
	}
	return int64(d / time.Second), nil
}

// parseWindow reads 90s, 30m, 1h, 7d. Its bounds are checked where it is used.
func parseWindow(word string) (time.Duration, bool) {
	if word == "" {
		return 0, false
	}
	n, ok := smallInteger(word[:len(word)-1])
	if !ok || n < 0 || n > maxWindow {
		return 0, false
	}
	switch word[len(word)-1] {
	case 's':
		return time.Duration(n) * time.Second, true
	case 'm':
		return time.Duration(n) * time.Minute, true
	case 'h':
		return time.Duration(n) * time.Hour, true
	case 'd':
		return time.Duration(n) * 24 * time.Hour, true
	}
	return 0, false
}
