package event

import (
	"errors"
	"fmt"
	"strings"
	"time"
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
// replacement characters, parts of seconds in time zones are lost, and it fails where Record.Append does.
func (c *Codec) Append(b []byte, r *Record) ([]byte, error) {
	e := encoder{b: append(b, codecVersion), words: c.words}
	e.event(&r.Event)
	e.session(&r.Session)
	e.verdict(&r.Verdict)
	if e.err != nil {
		return b, fmt.Errorf("encode record: %w", e.err)
	}
	return e.b, nil
}

// encoder appends and remembers the first failure.
type encoder struct {
	b     []byte
	words *words
	err   error
}

func (e *encoder) event(v *Event) {
	e.text(string(v.ID))
	e.word(string(v.Environment))
	e.time(v.Time)
	e.text(v.Name)
	e.word(string(v.Type))
	e.word(string(v.Result))
	e.text(v.Spec)
	e.word(v.HTTP.Method)
	e.text(v.HTTP.Host)
	e.text(v.HTTP.Route)
	e.signed(int64(v.HTTP.Status))
	e.signed(int64(v.HTTP.Duration))
	e.flag(v.HTTP.Inline)
	e.text(v.Evidence.Address)
	e.text(v.Evidence.HeaderShape)
	e.text(v.Evidence.UserAgent)
	e.number(uint64(len(v.Evidence.Tokens)))
	for i := range v.Evidence.Tokens {
		token := &v.Evidence.Tokens[i]
		e.text(token.Name)
		e.text(token.Hash)
		e.flag(token.Issued)
	}
	e.elements(v.Elements)
	e.actions(v.Actions)
	e.number(uint64(len(v.Issues)))
	for i := range v.Issues {
		e.word(v.Issues[i].Code)
		e.word(v.Issues[i].Element)
		e.text(v.Issues[i].Detail)
	}
}

func (e *encoder) elements(list []Element) {
	e.number(uint64(len(list)))
	for i := range list {
		v := &list[i]
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
		if i > 0 && v.Name == list[i-1].Name && v.Type == list[i-1].Type && v.Kind == list[i-1].Kind {
			flags |= elementAgain
		}
		e.b = append(e.b, flags)
		e.element(v, flags)
	}
}

func (e *encoder) element(v *Element, flags byte) {
	if flags&elementAgain == 0 {
		if flags&elementKind == 0 {
			e.text(string(v.Kind))
		}
		e.word(v.Name)
		e.word(v.Type)
	}
	if v.Value != "" {
		e.text(v.Value)
	}
	if v.Display != "" {
		e.text(v.Display)
	}
	if len(v.Parts) == 0 {
		return
	}
	e.number(uint64(len(v.Parts)))
	for i := range v.Parts {
		e.word(v.Parts[i].Name)
		if text := v.Parts[i].Text; isTail(text, v.Value) {
			e.b = append(e.b, textTail)
			e.number(uint64(len(v.Value) - len(text)))
			continue
		}
		e.word(v.Parts[i].Text)
	}
}

// isTail says whether a part is written as what stands at the end of its element's value, which must then be written as
// it is.
func isTail(text, value string) bool {
	n := len(text)
	return n >= leastTail && len(value) >= n && value[len(value)-1] == text[n-1] && strings.HasSuffix(value, text) &&
		utf8.RuneStart(text[0]) && utf8.ValidString(value)
}

// leastTail is the shortest part, in bytes, that is looked for at the end of its element's value.
const leastTail = 4

func (e *encoder) actions(list []Action) {
	e.number(uint64(len(list)))
	for i := range list {
		a := &list[i]
		e.text(a.Name)
		e.word(string(a.Kind))
		e.text(a.Because)
		e.flag(a.Shadow)
		e.word(string(a.Outcome))
	}
}

func (e *encoder) session(s *Session) {
	e.text(string(s.ID))
	e.text(string(s.Journey))
	e.signed(s.Number)
	e.time(s.Opened)
	e.word(s.Join.By)
	e.text(s.Join.Detail)
	e.texts(s.Labels)
}

func (e *encoder) verdict(v *Verdict) {
	e.number(uint64(len(v.Labels)))
	for i := range v.Labels {
		e.label(&v.Labels[i])
	}
	e.number(uint64(len(v.EntityLabels)))
	for i := range v.EntityLabels {
		e.word(v.EntityLabels[i].Element)
		e.text(v.EntityLabels[i].Value)
		e.text(v.EntityLabels[i].Label)
		e.text(v.EntityLabels[i].Rule)
	}
	e.rating(v.Rating)
	e.rating(v.Before)
	e.signed(v.Score)
	e.texts(v.Tipped)
	e.actions(v.Actions)
	e.text(v.Rules)
	e.number(uint64(len(v.Errors)))
	for i := range v.Errors {
		e.text(v.Errors[i].Rule)
		e.text(v.Errors[i].Error)
	}
}

func (e *encoder) label(l *Label) {
	flags := byte(flagsAlways)
	if l.Signature {
		flags |= labelSignature
	}
	if l.Shadow {
		flags |= labelShadow
	}
	e.b = append(e.b, flags)
	e.text(l.Name)
	e.word(string(l.Severity))
	e.text(l.Rule)
	e.text(l.Version)
	e.signed(l.Points)
	e.word(l.Family)
	e.number(uint64(len(l.Because)))
	for i := range l.Because {
		e.text(l.Because[i].Expression)
		e.text(l.Because[i].Value)
	}
	e.text(l.Sentence)
}

// rating writes what is none of the three as String names it.
func (e *encoder) rating(r Rating) {
	if r > Malicious {
		r = Normal
	}
	e.number(uint64(r))
}

func (e *encoder) flag(set bool) {
	if set {
		e.number(1)
		return
	}
	e.number(0)
}

// number writes v+1, which never has a byte that is zero.
func (e *encoder) number(v uint64) {
	if v < 0x7f {
		e.b = append(e.b, byte(v)+1)
		return
	}
	if v++; v == 0 { // 2^64 has ten groups, of which the last holds its bits 63 and 64
		e.b = append(e.b, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2)
		return
	}
	for ; v >= 0x80; v >>= 7 {
		e.b = append(e.b, byte(v)|0x80)
	}
	e.b = append(e.b, byte(v))
}

func (e *encoder) signed(v int64) { e.number(uint64(v)<<1 ^ uint64(v>>63)) }

func (e *encoder) time(at time.Time) {
	_, offset := at.Zone()
	seconds := at.Unix()
	if local := seconds + int64(offset); local < earliest || local > latest || offset <= -24*3600 || offset >= 24*3600 {
		e.err = errTime
		return
	}
	e.signed(seconds + int64(offset%60))
	e.number(uint64(at.Nanosecond()))
	e.signed(int64(offset / 60))
}

func (e *encoder) texts(list []string) {
	e.number(uint64(len(list)))
	for _, text := range list {
		e.text(text)
	}
}

func (e *encoder) word(s string) {
	number, known := e.words.number(s)
	switch {
	case !known:
		e.text(s)
	case number < shortWords:
		e.b = append(e.b, 0x80|byte(number))
	case number < shortWords+wordsInByte:
		e.b = append(e.b, wordSecond, byte(number-shortWords+1))
	default:
		e.b = append(e.b, wordThird, byte(number-shortWords-wordsInByte+1))
	}
}

func (e *encoder) text(s string) {
	if s == "" {
		e.b = append(e.b, textEmpty)
		return
	}
	if !isPlainText(s) && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
		e.cleaned(s)
		return
	}
	e.length(len(s))
	e.b = append(e.b, s...)
}

func (e *encoder) length(n int) {
	if n <= longestShort {
		e.b = append(e.b, byte(n+textShort))
		return
	}
	e.b = append(e.b, textLong)
	e.number(uint64(n))
}

// cleaned writes a text in which something has to be replaced. Its length is known only then.
func (e *encoder) cleaned(s string) {
	start := len(e.b)
	for _, r := range s { // the loop gives utf8.RuneError for each byte that is no UTF-8
		if r == 0 {
			e.b = append(e.b, 0xc0, 0x80)
			continue
		}
		e.b = utf8.AppendRune(e.b, r)
	}
	end := len(e.b)
	e.length(end - start)
	head := len(e.b) - end
	var room [16]byte
	copy(room[:], e.b[end:])
	copy(e.b[start+head:], e.b[start:end])
	copy(e.b[start:], room[:head])
}

// isPlainText says whether all is ASCII and nothing zero, eight bytes at a time. The text is not empty.
func isPlainText(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	switch n := len(s); {
	case n < 4:
		a, b, c := s[0], s[n/2], s[n-1]
		return (a|b|c|(a-1)|(b-1)|(c-1))&0x80 == 0
	case n < 8:
		w := fourBytes(s)<<32 | fourBytes(s[n-4:])
		return ((w-ones)|w)&tops == 0
	}
	for i := 0; i+8 < len(s); i += 8 {
		if w := eightBytes(s[i : i+8]); ((w-ones)|w)&tops != 0 {
			return false
		}
	}
	w := eightBytes(s[len(s)-8:])
	return ((w-ones)|w)&tops == 0
}

// eightBytes is the first eight bytes of a text as a number.
func eightBytes(t string) uint64 {
	_ = t[7]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}
