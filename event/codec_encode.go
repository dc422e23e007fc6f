package event

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// errTime is what encoding/json says of such times, too.
var errTime = errors.New("a time whose year has not four digits, or a day or more away from UTC")

// The first and last seconds of the years that JSON can tell, since 1970.
const (
	earliest = -62167219200
	latest   = 253402300799
)

// Append appends the record in the codec's form. It is what JSON would make of it: bytes that are no UTF-8 become
// replacement characters, parts of seconds in time zones are lost, and it fails where Record.Append does. Room that b has
// behind the record may be written to.
func (c *Codec) Append(b []byte, r *Record) ([]byte, error) {
	if !tellable(r.Event.Time) || !tellable(r.Session.Opened) {
		return b, fmt.Errorf("encode record: %w", errTime)
	}
	b = c.words.appendEvent(append(b, codecVersion), &r.Event)
	b = c.words.appendSession(b, &r.Session)
	return c.words.appendVerdict(b, &r.Verdict), nil
}

// What follows hands the bytes on from call to call instead of keeping them in a struct: a record is some three hundred small
// pieces, and each would wait until the length that the one before it stored can be read again.

func (w *words) appendEvent(b []byte, v *Event) []byte {
	b = appendText(b, string(v.ID))
	b = w.append(b, string(v.Environment))
	b = appendTime(b, v.Time)
	b = appendText(b, v.Name)
	b = w.append(b, string(v.Type))
	b = w.append(b, string(v.Result))
	b = appendText(b, v.Spec)
	b = w.append(b, v.HTTP.Method)
	b = appendText(b, v.HTTP.Host)
	b = appendText(b, v.HTTP.Route)
	b = appendSigned(b, int64(v.HTTP.Status))
	b = appendSigned(b, int64(v.HTTP.Duration))
	b = appendFlag(b, v.HTTP.Inline)
	b = appendText(b, v.Evidence.Address)
	b = appendText(b, v.Evidence.HeaderShape)
	b = appendText(b, v.Evidence.UserAgent)
	b = appendNumber(b, uint64(len(v.Evidence.Tokens)))
	for i := range v.Evidence.Tokens {
		token := &v.Evidence.Tokens[i]
		b = appendFlag(appendText(appendText(b, token.Name), token.Hash), token.Issued)
	}
	b = w.appendWire(b, &v.Evidence.Wire)
	b = w.appendClient(b, &v.Evidence.Client)
	b = w.appendNetwork(b, v.Evidence.Network)
	b = w.appendElements(b, v.Elements)
	b = w.appendActions(b, v.Actions)
	b = appendNumber(b, uint64(len(v.Issues)))
	for i := range v.Issues {
		b = w.append(b, v.Issues[i].Code)
		b = w.append(b, v.Issues[i].Element)
		b = appendText(b, v.Issues[i].Detail)
	}
	return b
}

func (w *words) appendElements(b []byte, list []Element) []byte {
	b = appendNumber(b, uint64(len(list)))
	var before *Element
	for i := range list {
		v := &list[i]
		flags := flagsOf(v, before)
		b = w.appendElement(append(b, flags), v, flags)
		before = v
	}
	return b
}

// flagsOf are the flags of an element behind another, nil for the first.
func flagsOf(v, before *Element) byte {
	flags := byte(flagsAlways)
	switch v.Kind {
	case Entity:
		flags |= elementEntity
	case Attribute:
		flags |= elementAttribute
	}
	if v.Value != "" {
		flags |= elementValue
	}
	if v.Display != "" {
		flags |= elementDisplay
	}
	if len(v.Parts) > 0 {
		flags |= elementParts
	}
	if before != nil && v.Name == before.Name && v.Type == before.Type && v.Kind == before.Kind {
		flags |= elementAgain
	}
	return flags
}

func (w *words) appendElement(b []byte, v *Element, flags byte) []byte {
	if flags&elementAgain == 0 {
		if flags&elementKind == 0 {
			b = appendText(b, string(v.Kind))
		}
		b = w.append(w.append(b, v.Name), v.Type)
	}
	if v.Value != "" {
		b = appendText(b, v.Value)
	}
	if v.Display != "" {
		b = appendText(b, v.Display)
	}
	if len(v.Parts) == 0 {
		return b
	}
	b = appendNumber(b, uint64(len(v.Parts)))
	for i := range v.Parts {
		b = w.append(b, v.Parts[i].Name)
		if text := v.Parts[i].Text; isTail(text, v.Value) {
			b = appendNumber(append(b, textTail), uint64(len(v.Value)-len(text)))
		} else {
			b = w.append(b, text)
		}
	}
	return b
}

// isTail says whether a part is written as what stands at the end of its element's value, which must then be written as
// it is.
func isTail(text, value string) bool {
	n := len(text)
	return n >= leastTail && len(value) >= n && value[len(value)-1] == text[n-1] && strings.HasSuffix(value, text) &&
		utf8.RuneStart(text[0]) && (isPlainText(value) || utf8.ValidString(value))
}

// leastTail is the shortest part, in bytes, that is looked for at the end of its element's value.
const leastTail = 4

func (w *words) appendActions(b []byte, list []Action) []byte {
	b = appendNumber(b, uint64(len(list)))
	for i := range list {
		a := &list[i]
		b = appendText(b, a.Name)
		b = w.append(b, string(a.Kind))
		b = appendText(b, a.Because)
		flags := uint64(0)
		if a.Shadow {
			flags |= actionShadow
		}
		if a.Policy != "" {
			flags |= actionPolicy
		}
		if a.Detail != "" {
			flags |= actionDetail
		}
		b = w.append(appendNumber(b, flags), string(a.Outcome))
		if a.Policy != "" {
			b = appendText(b, a.Policy)
		}
		if a.Detail != "" {
			b = appendText(b, a.Detail)
		}
	}
	return b
}

func (w *words) appendSession(b []byte, s *Session) []byte {
	b = appendText(b, string(s.ID))
	b = appendText(b, string(s.Journey))
	b = w.appendIdentity(b, s)
	b = appendSigned(b, s.Number)
	b = appendTime(b, s.Opened)
	b = w.append(b, s.Join.By)
	b = appendText(b, s.Join.Detail)
	return appendTexts(b, s.Labels)
}

func (w *words) appendVerdict(b []byte, v *Verdict) []byte {
	b = appendNumber(b, uint64(len(v.Labels)))
	for i := range v.Labels {
		b = w.appendLabel(b, &v.Labels[i])
	}
	b = appendNumber(b, uint64(len(v.EntityLabels)))
	for i := range v.EntityLabels {
		b = w.append(b, v.EntityLabels[i].Element)
		b = appendText(b, v.EntityLabels[i].Value)
		b = appendText(b, v.EntityLabels[i].Label)
		b = appendText(b, v.EntityLabels[i].Rule)
	}
	b = appendRating(b, v.Rating)
	b = appendRating(b, v.Before)
	b = appendSigned(b, v.Score)
	b = appendSigned(b, v.Next)
	b = appendTexts(b, v.Tipped)
	b = w.appendActions(b, v.Actions)
	b = appendText(b, v.Rules)
	b = appendNumber(b, uint64(len(v.Errors)))
	for i := range v.Errors {
		b = appendText(appendText(b, v.Errors[i].Rule), v.Errors[i].Error)
	}
	return b
}

func (w *words) appendLabel(b []byte, l *Label) []byte {
	flags := byte(flagsAlways)
	if l.Signature {
		flags |= labelSignature
	}
	if l.Shadow {
		flags |= labelShadow
	}
	b = appendText(append(b, flags), l.Name)
	b = w.append(b, string(l.Severity))
	b = appendText(b, l.Rule)
	b = appendText(b, l.Version)
	b = appendSigned(b, l.Points)
	b = w.append(b, l.Family)
	b = appendNumber(b, uint64(len(l.Because)))
	for i := range l.Because {
		b = appendText(appendText(b, l.Because[i].Expression), l.Because[i].Value)
	}
	return appendText(b, l.Sentence)
}

// append writes a word.
func (w *words) append(b []byte, s string) []byte {
	n := len(s)
	if n == 0 || n > longestWord {
		return appendText(b, s)
	}
	ends := wordEnds{length: uint64(n)} // endsOf, without the call
	if n >= 8 {
		ends.head, ends.tail = eightBytes(s), eightBytes(s[n-8:])
	} else {
		ends.head = filledUp(s)
		ends.tail = ends.head
	}
	number, known := w.number(s, ends)
	switch {
	case !known:
		return appendText(b, s)
	case number < shortWords:
		return append(b, 0x80|byte(number))
	case number < shortWords+wordsInByte:
		return append(b, wordSecond, byte(number-shortWords+1))
	}
	return append(b, wordThird, byte(number-shortWords-wordsInByte+1))
}
