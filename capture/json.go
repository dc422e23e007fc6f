package capture

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/ohler55/ojg/jp"
)

// The bounds of a JSON text.
const (
	maxJSONDepth  = 64
	maxJSONValues = 50_000
)

// jsonBody is a parsed JSON text. The tree holds jsonObject, []any, string, bool, int64, float64, jsonNumber, nil and
// jsonConflict.
type jsonBody struct {
	root any
	ok   bool
}

// jsonObject keeps its members in written order, so that paths over it select in one order only.
type jsonObject struct {
	keys   []string
	values map[string]any
}

// jsonNumber is a number that neither int64 nor float64 holds exactly.
type jsonNumber string

// jsonConflict stands for the value of a key that an object has twice: programs disagree which one counts.
type jsonConflict struct{}

// ValueForKey gives a member (jp.Keyed).
func (o *jsonObject) ValueForKey(key string) (any, bool) {
	value, ok := o.values[key]
	return value, ok
}

// Keys lists the members' names (jp.Keyed).
func (o *jsonObject) Keys() []string { return o.keys }

// SetValueForKey does nothing: the tree is only read (jp.Keyed).
func (o *jsonObject) SetValueForKey(string, any) {}

// RemoveValueForKey does nothing: the tree is only read (jp.Keyed).
func (o *jsonObject) RemoveValueForKey(string) {}

var _ jp.Keyed = (*jsonObject)(nil)

var (
	errJSONDepth = errors.New("is nested too deep")
	errJSONSize  = errors.New("holds too many values")
	errJSONMore  = errors.New("goes on after its JSON value")
)

// jsonReader builds the tree of one JSON text, strictly: UTF-8 only, nothing after the value.
type jsonReader struct {
	decoder   *jsontext.Decoder
	values    int
	conflicts bool
}

func parseJSON(data []byte) (root any, conflicts bool, err error) {
	r := jsonReader{decoder: jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))}
	root, err = r.value(0)
	if err != nil {
		return nil, r.conflicts, err
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, r.conflicts, errJSONMore
	}
	return root, r.conflicts, nil
}

func (r *jsonReader) value(depth int) (any, error) {
	if r.values++; r.values > maxJSONValues {
		return nil, errJSONSize
	}
	if depth > maxJSONDepth {
		return nil, errJSONDepth
	}
	token, err := r.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return token.String(), nil
	case '0':
		return exactNumber(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}

func (r *jsonReader) object(depth int) (any, error) {
	object := &jsonObject{values: map[string]any{}}
	for r.decoder.PeekKind() != '}' {
		token, err := r.decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		key := token.String()
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, twice := object.values[key]; twice {
			value, r.conflicts = jsonConflict{}, true
		} else {
			object.keys = append(object.keys, key)
		}
		object.values[key] = value
	}
	_, err := r.decoder.ReadToken()
	return object, err
}

func (r *jsonReader) array(depth int) (any, error) {
	list := []any{}
	for r.decoder.PeekKind() != ']' {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.decoder.ReadToken()
	return list, err
}

// exactNumber gives a number the type that filters can compare, if that type holds it exactly, else its text.
func exactNumber(text string) any {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(whole, 10) == text {
		return whole
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "eE") {
		if shortest := strconv.FormatFloat(number, 'f', -1, 64); shortest == trimFraction(text) {
			return number
		}
	}
	return jsonNumber(text)
}

// trimFraction drops the zeros at the end of a fraction, which say nothing.
func trimFraction(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// jsonPath is a compiled path with its number in the trie of the spec's paths, complexPath when it is not in there.
type jsonPath struct {
	path   jp.Expr
	number int
}

// scanState is how far a message's JSON has come.
type scanState uint8

const (
	notScanned scanState = iota
	scanned              // the scan has found everything that the trie's paths select
	noJSON               // there is nothing that could be JSON
	leftToTree           // the scan was not sure: the tree has the word
)

// scanJSON passes over the message's content at the first call.
func (m *message) scanJSON() scanState {
	if m.scanned != notScanned {
		return m.scanned
	}
	m.scanned = leftToTree
	if m.trie.paths > 0 {
		c := m.read()
		switch first := c.starts(); {
		case c.unreadable || first == 0 || !isJSON(c.media) && first != '{' && first != '[' || c.truncated:
			m.scanned = noJSON
		case m.scan.run(c.data, m.trie):
			m.scanned = scanned
		}
	}
	return m.scanned
}

// isJSON says whether the content is one valid JSON text.
func (m *message) isJSON() bool {
	switch m.scanJSON() {
	case scanned:
		return true
	case noJSON:
		return false
	}
	return m.readJSON().ok
}

// selectJSON appends the values at a path.
func (m *message) selectJSON(list []found, p *jsonPath) []found {
	if !m.isJSON() {
		return list
	}
	if p.number != complexPath && m.scanned == scanned {
		return m.scan.found(m.arena(), list, p.number)
	}
	return append(list, selectJSON(m.readJSON().root, p.path)...)
}

// hasJSON says whether a path of a valid text selects anything but null.
func (m *message) hasJSON(p *jsonPath) bool {
	if p.number != complexPath && m.scanned == scanned {
		return m.scan.has(p.number)
	}
	return hasJSON(m.readJSON().root, p.path)
}

// readJSON parses the message's content at the first call. A text that claims to be JSON and is not makes an issue;
// other content is tried only when it begins like JSON, because some applications do not look at the content type.
func (m *message) readJSON() *jsonBody {
	if m.json != nil {
		return m.json
	}
	m.json = &jsonBody{}
	c := m.read()
	first := c.starts()
	claims := isJSON(c.media)
	if c.unreadable || first == 0 || !claims && first != '{' && first != '[' || c.truncated {
		return m.json
	}
	root, conflicts, err := parseJSON(c.data)
	switch {
	case err == nil:
		m.json.root, m.json.ok = root, true
	case claims:
		m.issues.add("invalid_json", "", m.side()+" "+jsonTrouble(err))
	}
	if conflicts {
		m.issues.add("duplicate_key", "", m.side()+" has an object with one key twice")
	}
	return m.json
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json") || media == "text/json"
}

// jsonTrouble is the error without what the body says.
func jsonTrouble(err error) string {
	if errors.Is(err, errJSONDepth) || errors.Is(err, errJSONSize) || errors.Is(err, errJSONMore) {
		return err.Error()
	}
	return "is no valid JSON"
}

// selectJSON gives the values at a path.
func selectJSON(root any, path jp.Expr) []found {
	var values []found
	for _, value := range path.Get(root) {
		if len(values) > maxValuesPerElement {
			break
		}
		values = append(values, foundJSON(value)...)
	}
	return values
}

// foundJSON is a selected value as text, an object as parts, a list as its items.
func foundJSON(value any) []found {
	switch v := value.(type) {
	case *jsonObject:
		return []found{objectParts(v)}
	case []any:
		var values []found
		for _, item := range v {
			if _, nested := item.([]any); !nested && len(values) <= maxValuesPerElement {
				values = append(values, foundJSON(item)...)
			}
		}
		return values
	case jsonConflict:
		return []found{{conflicting: true}}
	}
	if text, ok := scalarText(value); ok {
		return []found{{text: text}}
	}
	return nil
}

func objectParts(object *jsonObject) found {
	f := found{parts: map[string]string{}}
	for _, key := range object.keys[:min(len(object.keys), maxParts)] {
		if _, twice := object.values[key].(jsonConflict); twice {
			f.conflicting = true
		}
		if text, ok := scalarText(object.values[key]); ok {
			f.parts[key] = text
		}
	}
	return f
}

// scalarText is the text of a scalar; false for null and for what is no scalar.
func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case jsonNumber:
		return string(v), true
	}
	return "", false
}

// hasJSON says whether the path selects anything but null.
func hasJSON(root any, path jp.Expr) bool {
	return slices.ContainsFunc(path.Get(root), func(value any) bool { return value != nil })
}
