package event

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// Append appends the record as JSON, byte for byte what encoding/json makes of it, without reflection and without
// allocating. It fails only where encoding/json does: at a time whose year has not four digits.
func (r *Record) Append(b []byte) ([]byte, error) {
	w := writer{b: b}
	w.b = append(w.b, `{"event":`...)
	w.event(&r.Event)
	w.b = append(w.b, `,"session":`...)
	w.session(&r.Session)
	w.b = append(w.b, `,"verdict":`...)
	w.verdict(&r.Verdict)
	w.b = append(w.b, '}')
	if w.err != nil {
		return b, fmt.Errorf("encode record: %w", w.err)
	}
	return w.b, nil
}

// writer appends JSON and remembers the first failure.
type writer struct {
	b   []byte
	err error
}

func (w *writer) event(e *Event) {
	w.text(`{"id":`, string(e.ID))
	w.text(`,"environment":`, string(e.Environment))
	w.time(`,"time":`, e.Time)
	w.text(`,"name":`, e.Name)
	w.text(`,"type":`, string(e.Type))
	w.given(`,"result":`, string(e.Result))
	w.text(`,"spec":`, e.Spec)
	w.text(`,"http":{"method":`, e.HTTP.Method)
	w.text(`,"host":`, e.HTTP.Host)
	w.text(`,"route":`, e.HTTP.Route)
	w.number(`,"status":`, int64(e.HTTP.Status))
	w.number(`,"duration_ns":`, int64(e.HTTP.Duration))
	w.flag(`,"inline":true`, e.HTTP.Inline)
	w.b = append(w.b, '}')
	w.evidence(&e.Evidence)
	w.elements(e.Elements)
	w.actions(e.Actions)
	for i := range e.Issues {
		w.item(i, `,"issues":[`)
		w.text(`{"code":`, e.Issues[i].Code)
		w.given(`,"element":`, e.Issues[i].Element)
		w.given(`,"detail":`, e.Issues[i].Detail)
		w.b = append(w.b, '}')
	}
	w.end(len(e.Issues))
	w.b = append(w.b, '}')
}

func (w *writer) evidence(e *Evidence) {
	w.b = append(w.b, `,"evidence":{`...)
	empty := len(w.b)
	w.given(`,"address":`, e.Address)
	w.given(`,"header_shape":`, e.HeaderShape)
	w.given(`,"user_agent":`, e.UserAgent)
	for i := range e.Tokens {
		w.item(i, `,"tokens":[`)
		w.text(`{"name":`, e.Tokens[i].Name)
		w.text(`,"hash":`, e.Tokens[i].Hash)
		w.flag(`,"issued":true`, e.Tokens[i].Issued)
		w.b = append(w.b, '}')
	}
	w.end(len(e.Tokens))
	w.wire(&e.Wire)
	w.client(&e.Client)
	w.network(e.Network)
	w.first(empty)
	w.b = append(w.b, '}')
}

func (w *writer) elements(list []Element) {
	for i := range list {
		e := &list[i]
		w.item(i, `,"elements":[`)
		w.text(`{"name":`, e.Name)
		w.text(`,"kind":`, string(e.Kind))
		w.text(`,"type":`, e.Type)
		w.given(`,"value":`, e.Value)
		w.given(`,"display":`, e.Display)
		w.parts(e.Parts)
		w.b = append(w.b, '}')
	}
	w.end(len(list))
}

func (w *writer) parts(parts Parts) {
	if len(parts) > 0 {
		w.b = appendParts(append(w.b, `,"parts":`...), parts)
	}
}

func appendParts(b []byte, parts Parts) []byte {
	b = append(b, '{')
	for i := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, parts[i].Name), ':')
		b = appendQuoted(b, parts[i].Text)
	}
	return append(b, '}')
}

func (w *writer) actions(list []Action) {
	for i := range list {
		a := &list[i]
		w.item(i, `,"actions":[`)
		w.text(`{"name":`, a.Name)
		w.text(`,"kind":`, string(a.Kind))
		w.text(`,"because":`, a.Because)
		w.flag(`,"shadow":true`, a.Shadow)
		w.given(`,"outcome":`, string(a.Outcome))
		w.given(`,"policy":`, a.Policy)
		w.given(`,"detail":`, a.Detail)
		w.b = append(w.b, '}')
	}
	w.end(len(list))
}

func (w *writer) session(s *Session) {
	w.text(`{"id":`, string(s.ID))
	w.text(`,"journey":`, string(s.Journey))
	w.given(`,"person":`, string(s.Person))
	w.given(`,"actor":`, string(s.Actor))
	w.link(&s.Link)
	w.number(`,"confidence":`, s.Confidence)
	w.given(`,"absorbed":`, string(s.Absorbed))
	w.b = strconv.AppendInt(append(w.b, `,"number":`...), s.Number, 10)
	w.time(`,"opened":`, s.Opened)
	w.text(`,"join":{"by":`, s.Join.By)
	w.given(`,"detail":`, s.Join.Detail)
	w.b = append(w.b, '}')
	w.texts(`,"labels":[`, s.Labels)
	w.b = append(w.b, '}')
}

func (w *writer) verdict(v *Verdict) {
	w.b = append(w.b, '{')
	empty := len(w.b)
	for i := range v.Labels {
		w.item(i, `,"labels":[`)
		w.label(&v.Labels[i])
	}
	w.end(len(v.Labels))
	for i := range v.EntityLabels {
		w.item(i, `,"entity_labels":[`)
		w.text(`{"element":`, v.EntityLabels[i].Element)
		w.text(`,"value":`, v.EntityLabels[i].Value)
		w.text(`,"label":`, v.EntityLabels[i].Label)
		w.text(`,"rule":`, v.EntityLabels[i].Rule)
		w.b = append(w.b, '}')
	}
	w.end(len(v.EntityLabels))
	w.text(`,"rating":`, v.Rating.String())
	w.text(`,"before":`, v.Before.String())
	w.b = strconv.AppendInt(append(w.b, `,"score":`...), v.Score, 10)
	w.number(`,"next":`, v.Next)
	w.texts(`,"tipped":[`, v.Tipped)
	w.actions(v.Actions)
	w.given(`,"rules":`, v.Rules)
	for i := range v.Errors {
		w.item(i, `,"errors":[`)
		w.text(`{"rule":`, v.Errors[i].Rule)
		w.text(`,"error":`, v.Errors[i].Error)
		w.b = append(w.b, '}')
	}
	w.end(len(v.Errors))
	w.first(empty)
	w.b = append(w.b, '}')
}

func (w *writer) label(l *Label) {
	w.text(`{"name":`, l.Name)
	w.text(`,"severity":`, string(l.Severity))
	w.text(`,"rule":`, l.Rule)
	w.given(`,"version":`, l.Version)
	w.flag(`,"signature":true`, l.Signature)
	w.flag(`,"shadow":true`, l.Shadow)
	w.number(`,"points":`, l.Points)
	w.given(`,"family":`, l.Family)
	w.reasons(l.Because)
	w.given(`,"sentence":`, l.Sentence)
	w.b = append(w.b, '}')
}

// text writes a member that is always there.
func (w *writer) text(key, value string) { w.b = appendQuoted(append(w.b, key...), value) }

// given writes a member that is left out when it is empty.
func (w *writer) given(key, value string) {
	if value != "" {
		w.text(key, value)
	}
}

func (w *writer) number(key string, value int64) {
	if value != 0 {
		w.b = strconv.AppendInt(append(w.b, key...), value, 10)
	}
}

func (w *writer) flag(member string, set bool) {
	if set {
		w.b = append(w.b, member...)
	}
}

func (w *writer) time(key string, at time.Time) {
	w.b = append(append(w.b, key...), '"')
	out, err := at.AppendText(w.b)
	if err != nil {
		w.err = err
		return
	}
	w.b = append(out, '"')
}

func (w *writer) texts(key string, list []string) {
	for i, value := range list {
		w.item(i, key)
		w.b = appendQuoted(w.b, value)
	}
	w.end(len(list))
}

// item begins the i-th item of a list: the list itself with the first.
func (w *writer) item(i int, key string) {
	if i == 0 {
		w.b = append(w.b, key...)
		return
	}
	w.b = append(w.b, ',')
}

// end closes a list of n items, which is left out when it has none.
func (w *writer) end(n int) {
	if n > 0 {
		w.b = append(w.b, ']')
	}
}

// first takes the comma away that the first member of an object was written with; the object's members begin at start.
func (w *writer) first(start int) {
	if len(w.b) > start {
		w.b = append(w.b[:start], w.b[start+1:]...)
	}
}

// appendQuoted writes a JSON string as encoding/json does: with <, >, & and the line separators escaped, and what is no
// UTF-8 replaced.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start, i := 0, plainUntil(s)
	for i < len(s) {
		c := s[i]
		if asWritten[c] == '.' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); (r != utf8.RuneError || size != 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
		}
		b = appendEscaped(append(b, s[start:i]...), s[i:i+size])
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// plainUntil is a place up to which a text can stand in a JSON string as it is, found eight bytes at a time.
func plainUntil(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		t := s[i : i+8]
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		// A byte that is zero in one of these is one to look at: two pairs differ in one bit only.
		quotes, slashes, angles := (w|ones*4)^ones*'&', w^ones*'\\', (w|ones*2)^ones*'>' // " and &, \, < and >
		if look := (quotes-ones)&^quotes | (slashes-ones)&^slashes | (angles-ones)&^angles | (w-ones*' ')&^w | w; look&tops != 0 {
			break
		}
	}
	return i
}

// asWritten has a point for each byte that stands in a JSON string as it is.
const asWritten = "                                " + // control characters
	".. ... ..................... . ................." +
	"............ ..................................." +
	"                                                                " +
	"                                                                "

// appendEscaped writes one character that cannot stand as it is.
func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	switch c := s[0]; {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\b':
		return append(b, `\b`...)
	case c == '\f':
		return append(b, `\f`...)
	case c == '\n':
		return append(b, `\n`...)
	case c == '\r':
		return append(b, `\r`...)
	case c == '\t':
		return append(b, `\t`...)
	case c < utf8.RuneSelf:
		return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	case len(s) == 1:
		return append(b, `\ufffd`...)
	}
	return append(b, '\\', 'u', '2', '0', '2', digits[s[2]&15])
}
