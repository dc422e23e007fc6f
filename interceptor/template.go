package interceptor

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wayguard/document"
	"wayguard/payment"
)

// placeholders are what a template may name. The first six are the older system's, the others this project's.
func placeholders() []string {
	return []string{"decision_id", "decision", "source", "credential_fingerprint", "latency_ms", "triggered_rules",
		"transaction_reference", "amount", "currency", "masked_credential", "context"}
}

// escaping is how a text is written into what surrounds it.
type escaping int

const (
	plain escaping = iota
	inJSON
	inXML
	inForm
)

// piece is a part of a compiled template: a text as it is, or a placeholder. typed writes the placeholder's JSON value, where it is the
// whole of a leaf.
type piece struct {
	text        string
	placeholder string
	typed       bool
	escaping    escaping
}

// compileBody compiles a response's body by its content type: a JSON value, or a JSON text that is sent as the text. It tells the content
// type to send where none is configured.
func compileBody(body json.RawMessage, contentType string) (pieces []piece, implied, code, message string) {
	value, flaw := readJSON(body)
	if flaw != nil {
		return nil, "", "format", "not valid JSON: " + flaw.Message
	}
	text, isText := value.(string)
	if contentType == "" && isText {
		contentType, implied = "text/plain; charset=utf-8", "text/plain; charset=utf-8"
	}
	kind := BodyKindOf(contentType)
	switch {
	case kind == JSON && isText:
		if body = json.RawMessage(text); !json.Valid(body) {
			return nil, "", "format", `a JSON template is written as JSON, with placeholders in quotes: {"id": "{{ decision_id }}"}`
		}
		fallthrough
	case kind == JSON:
		pieces, message = compileJSON(body)
		return pieces, "application/json", "format", message
	case !isText:
		return nil, "", "type", "a template that is not JSON is a text"
	case kind == XML:
		pieces, message = compileText(text, inXML)
	case kind == Form:
		pieces, message = compileText(text, inForm)
	default:
		pieces, message = compileText(text, plain)
	}
	return pieces, implied, "format", message
}

// compileJSON finds the texts of a valid JSON value that hold placeholders, and leaves every other byte as it is.
func compileJSON(body []byte) ([]piece, string) {
	var compacted bytes.Buffer
	if json.Compact(&compacted, body) != nil {
		return nil, "not valid JSON"
	}
	rest := compacted.Bytes()
	var pieces []piece
	for {
		open := bytes.IndexByte(rest, '"')
		if open < 0 {
			return append(pieces, piece{text: string(rest)}), ""
		}
		pieces = append(pieces, piece{text: string(rest[:open])})
		end := literalEnd(rest, open)
		inside, message := compileLeaf(rest[open:end], end < len(rest) && rest[end] == ':')
		if message != "" {
			return nil, message
		}
		pieces, rest = append(pieces, inside...), rest[end:]
	}
}

// literalEnd is where the text in quotes ends that begins at open.
func literalEnd(text []byte, open int) int {
	for i := open + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// compileLeaf compiles one text in quotes.
func compileLeaf(literal []byte, isKey bool) ([]piece, string) {
	var text string
	if json.Unmarshal(literal, &text) != nil || !strings.Contains(text, "{{") {
		return []piece{{text: string(literal)}}, ""
	}
	if isKey {
		return nil, "placeholders stand in values and not in keys"
	}
	pieces, message := compileText(text, inJSON)
	if message != "" {
		return nil, message
	}
	if len(pieces) == 1 && pieces[0].placeholder != "" {
		pieces[0].typed = true
		return pieces, ""
	}
	for i, one := range pieces {
		pieces[i].text = escaped(one.text, inJSON)
	}
	return slices.Concat([]piece{{text: `"`}}, pieces, []piece{{text: `"`}}), ""
}

// compileText finds the placeholders of a text.
func compileText(text string, e escaping) ([]piece, string) {
	var pieces []piece
	for {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			return pieces, ""
		}
		name, behind, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, `a placeholder does not end: "}}" is missing`
		}
		name = strings.TrimSpace(name)
		if !slices.Contains(placeholders(), name) {
			message := "no such placeholder"
			if near := document.DidYouMean(name, placeholders()); near != "" {
				message += " (" + near + ")"
			}
			return nil, message + "; there are " + strings.Join(placeholders(), ", ")
		}
		pieces = append(pieces, piece{placeholder: name, escaping: e})
		text = behind
	}
}

// escaped is a text as it stands inside of something; without the quotes around it.
func escaped(text string, e escaping) string {
	switch e {
	case inJSON:
		quoted := encodeJSON(text)
		return string(quoted[1 : len(quoted)-1])
	case inXML:
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
		return b.String()
	case inForm:
		return url.QueryEscape(text)
	}
	return text
}

// encodeJSON is a value as JSON, with < and & as they are; null for what cannot be written.
func encodeJSON(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// write appends what the pieces give for an answer.
func write(to []byte, pieces []piece, a Answer) []byte {
	for _, one := range pieces {
		if one.placeholder == "" {
			to = append(to, one.text...)
			continue
		}
		value := placeholderValue(one.placeholder, a)
		if one.typed {
			to = append(to, encodeJSON(value)...)
			continue
		}
		to = append(to, escaped(valueText(value), one.escaping)...)
	}
	return to
}

// placeholderValue is a placeholder's value with its type. latency_ms is whole milliseconds, rounded up, so that nothing takes none.
func placeholderValue(name string, a Answer) any {
	d := a.Decision
	switch name {
	case "decision_id":
		return string(d.ID)
	case "decision":
		return string(d.Decision)
	case "source":
		return decisive(a)
	case "credential_fingerprint":
		return d.CredentialFingerprint
	case "latency_ms":
		return (max(d.LatencyMicros, 0) + 999) / 1000
	case "triggered_rules":
		ids := make([]string, len(d.TriggeredRules))
		for i, rule := range d.TriggeredRules {
			ids[i] = rule.RuleID
		}
		return ids
	case "transaction_reference":
		return d.TransactionReference
	case "amount":
		return d.Amount
	case "currency":
		return d.Currency
	case "masked_credential":
		return d.MaskedCredential
	}
	return d.Context
}

func valueText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case *string:
		if value == nil {
			return ""
		}
		return *value
	case int64:
		return strconv.FormatInt(value, 10)
	}
	return string(encodeJSON(value))
}

// decisive names what decided: the backend for a rule that asked one, otherwise the rule.
func decisive(a Answer) string {
	if a.Decisive != "" {
		return a.Decisive
	}
	for _, rule := range a.Decision.TriggeredRules {
		if rule.Action != a.Decision.Decision {
			continue
		}
		for _, result := range a.Decision.BackendResults {
			if result.RuleID == rule.RuleID && result.Live && result.Outcome == a.Decision.Decision && result.Backend != "" {
				return result.Backend
			}
		}
		if rule.Name != "" {
			return rule.Name
		}
		return rule.RuleID
	}
	return string(payment.RuleEngine)
}
