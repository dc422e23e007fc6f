package event

import (
	"strings"
	"time"
	"unicode/utf8"
)

// decoder reads an encoded record. After the first byte that is out of place it is broken and reads nothing more. The
// texts it gives are pieces of its own copy.
type decoder struct {
	text  string
	at    int
	words *words
	// version is the record's codecVersion.
	version byte
	broken  bool
}

func (d *decoder) record(r *Record) {
	d.event(&r.Event)
	d.session(&r.Session)
	d.verdict(&r.Verdict)
}

func (d *decoder) event(v *Event) {
	v.ID = ID(d.plain())
	v.Environment = Environment(d.word())
	v.Time = d.time()
	v.Name = d.plain()
	v.Type = Type(d.word())
	v.Result = Result(d.word())
	v.Spec = d.plain()
	v.HTTP.Method = d.word()
	v.HTTP.Host = d.plain()
	v.HTTP.Route = d.plain()
	v.HTTP.Status = int(d.signed())
	v.HTTP.Duration = time.Duration(d.signed())
	v.HTTP.Inline = d.flag()
	v.Evidence.Address = d.plain()
	v.Evidence.HeaderShape = d.plain()
	v.Evidence.UserAgent = d.plain()
	v.Evidence.Tokens = list(d, func(t *Token) { t.Name, t.Hash, t.Issued = d.plain(), d.plain(), d.flag() })
	if d.version > firstVersion {
		d.wire(&v.Evidence.Wire)
		d.client(&v.Evidence.Client)
		d.network(&v.Evidence.Network)
	}
	v.Elements = d.elements()
	v.Actions = d.actions()
	v.Issues = list(d, func(i *Issue) { i.Code, i.Element, i.Detail = d.word(), d.word(), d.plain() })
}

func (d *decoder) elements() []Element {
	var before Element
	return list(d, func(e *Element) {
		flags := d.flags()
		if flags&elementAgain != 0 {
			e.Name, e.Kind, e.Type = before.Name, before.Kind, before.Type
		} else {
			switch flags & elementKind {
			case elementEntity:
				e.Kind = Entity
			case elementAttribute:
				e.Kind = Attribute
			case 0:
				e.Kind = Kind(d.plain())
			default:
				d.broken = true
			}
			e.Name, e.Type = d.word(), d.word()
			before.Name, before.Kind, before.Type = e.Name, e.Kind, e.Type
		}
		if flags&elementValue != 0 {
			e.Value = d.plain()
		}
		if flags&elementDisplay != 0 {
			e.Display = d.plain()
		}
		if flags&elementParts != 0 {
			e.Parts = d.parts(e.Value)
		}
	})
}

// parts reads the parts of an element that has that value. Names that were replaced may have lost their order.
func (d *decoder) parts(value string) Parts {
	ordered := true
	before := ""
	parts := list(d, func(p *Part) {
		p.Name = d.word()
		if d.at < len(d.text) && d.text[d.at] == textTail {
			d.at++
			p.Text = d.tail(value)
		} else {
			p.Text = d.word()
		}
		ordered = ordered && (before == "" || before < p.Name)
		before = p.Name
	})
	if ordered {
		return parts
	}
	texts := make(map[string]string, len(parts))
	for i := range parts {
		texts[parts[i].Name] = parts[i].Text
	}
	return PartsOf(texts)
}

// tail is what stands in a value from a byte on.
func (d *decoder) tail(value string) string {
	from := d.number()
	if from >= uint64(len(value)) || !utf8.RuneStart(value[from]) {
		d.broken = true
		return ""
	}
	return value[from:]
}

func (d *decoder) actions() []Action {
	limit := uint64(actionPolicy)
	if d.version > secondVersion {
		limit = 2 * actionDetail
	}
	return list(d, func(a *Action) {
		a.Name, a.Kind, a.Because = d.plain(), ActionKind(d.word()), d.plain()
		flags := d.below(limit)
		a.Shadow, a.Outcome = flags&actionShadow != 0, Outcome(d.word())
		if flags&actionPolicy != 0 {
			a.Policy = d.present()
		}
		if flags&actionDetail != 0 {
			a.Detail = d.present()
		}
	})
}

// present reads a text that is written only where there is one.
func (d *decoder) present() string {
	text := d.plain()
	d.broken = d.broken || text == ""
	return text
}

func (d *decoder) session(s *Session) {
	s.ID, s.Journey = ID(d.plain()), ID(d.plain())
	if d.version > firstVersion {
		d.identity(s)
	}
	s.Number = d.signed()
	s.Opened = d.time()
	s.Join.By, s.Join.Detail = d.word(), d.plain()
	s.Labels = d.texts()
}

func (d *decoder) verdict(v *Verdict) {
	v.Labels = list(d, d.label)
	v.EntityLabels = list(d, func(l *EntityLabel) { l.Element, l.Value, l.Label, l.Rule = d.word(), d.plain(), d.plain(), d.plain() })
	v.Rating, v.Before = Rating(d.below(uint64(Malicious)+1)), Rating(d.below(uint64(Malicious)+1))
	v.Score = d.signed()
	if d.version > firstVersion {
		v.Next = d.signed()
	}
	v.Tipped = d.texts()
	v.Actions = d.actions()
	v.Rules = d.plain()
	v.Errors = list(d, func(e *RuleError) { e.Rule, e.Error = d.plain(), d.plain() })
}

func (d *decoder) label(l *Label) {
	flags := d.flags()
	if flags&^(labelSignature|labelShadow) != 0 {
		d.broken = true
	}
	l.Signature, l.Shadow = flags&labelSignature != 0, flags&labelShadow != 0
	l.Name, l.Severity, l.Rule, l.Version = d.plain(), Severity(d.word()), d.plain(), d.plain()
	l.Points, l.Family = d.signed(), d.word()
	l.Because = d.reasons()
	l.Sentence = d.plain()
}

// mostAhead bounds the entries that memory is taken for before the first one is read.
const mostAhead = 64

// list reads a list, nil when it has no entries. Each entry is a byte at least, so that a list is no longer than the rest.
func list[T any](d *decoder, read func(*T)) []T {
	n := d.number()
	if n == 0 || d.broken {
		return nil
	}
	if n > uint64(len(d.text)-d.at) {
		d.broken = true
		return nil
	}
	entries := make([]T, 0, min(n, mostAhead))
	for range n {
		var entry T
		if read(&entry); d.broken {
			return nil
		}
		entries = append(entries, entry)
	}
	return entries
}

// next is the next byte, which is never zero.
func (d *decoder) next() byte {
	if d.broken || d.at >= len(d.text) || d.text[d.at] == 0 {
		d.broken = true
		return 1
	}
	d.at++
	return d.text[d.at-1]
}

// flags reads a byte of flags, without the bit that is always there.
func (d *decoder) flags() byte {
	b := d.next()
	if b&flagsAlways == 0 || b >= 0x80 {
		d.broken = true
	}
	return b &^ flagsAlways
}

func (d *decoder) flag() bool { return d.below(2) == 1 }

// below reads a number that is less than a limit.
func (d *decoder) below(limit uint64) uint64 {
	n := d.number()
	if n >= limit {
		d.broken = true
		return 0
	}
	return n
}

// number reads a number as encoder.number writes it.
func (d *decoder) number() uint64 {
	b := d.next()
	if b < 0x80 {
		return uint64(b) - 1
	}
	v := uint64(b & 0x7f)
	for shift := 7; ; shift += 7 {
		b = d.next()
		if shift == 63 {
			return d.last(v, b)
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v - 1
		}
	}
}

// last puts the tenth group to a number: bit 63, or all of 2^64.
func (d *decoder) last(v uint64, b byte) uint64 {
	switch {
	case b == 1:
		return v | 1<<63 - 1
	case b == 2 && v == 0:
		return 1<<64 - 1
	}
	d.broken = true
	return 0
}

func (d *decoder) signed() int64 {
	n := d.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) time() time.Time {
	seconds, nanos, minutes := d.signed(), d.number(), d.signed()
	if d.broken || nanos >= 1e9 || minutes <= -24*60 || minutes >= 24*60 ||
		seconds < earliest-minutes*60 || seconds > latest-minutes*60 {
		d.broken = true
		return time.Time{}
	}
	at := time.Unix(seconds, int64(nanos)).UTC()
	if minutes != 0 {
		at = at.In(time.FixedZone("", int(minutes)*60))
	}
	return at
}

func (d *decoder) texts() []string { return list(d, func(s *string) { *s = d.plain() }) }

// word reads a text or one of the known words.
func (d *decoder) word() string {
	if d.broken || d.at >= len(d.text) {
		d.broken = true
		return ""
	}
	number := 0
	switch b := d.text[d.at]; {
	case b >= 0x80:
		d.at++
		number = int(b & 0x7f)
	case b == wordSecond, b == wordThird:
		d.at++
		number = shortWords + int(b-wordSecond)*wordsInByte + int(d.next()) - 1
	default:
		return d.plain()
	}
	if number >= d.vocabulary() {
		d.broken = true
		return ""
	}
	return d.words.list[number]
}

// vocabulary is how many words the record's version has.
func (d *decoder) vocabulary() int {
	switch d.version {
	case firstVersion:
		return firstWords
	case secondVersion:
		return secondWords
	}
	return len(d.words.list)
}

// plain reads a text.
func (d *decoder) plain() string {
	length := uint64(0)
	switch b := d.next(); {
	case d.broken || b == textEmpty:
		return ""
	case b == textLong:
		length = d.number()
	case b >= textShort && b < 0x80:
		length = uint64(b - textShort)
	default:
		d.broken = true
		return ""
	}
	if length == 0 || d.broken || length > uint64(len(d.text)-d.at) {
		d.broken = true
		return ""
	}
	text := d.text[d.at : d.at+int(length)]
	d.at += int(length)
	if !isPlainText(text) {
		text = d.unusual(text)
	}
	return text
}

// unusual reads a text that is not plain ASCII: valid UTF-8, but for C0 80 in the place of zero bytes.
func (d *decoder) unusual(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		d.broken = true
		return ""
	}
	if strings.IndexByte(text, 0xc0) >= 0 {
		text = strings.ReplaceAll(text, "\xc0\x80", "\x00")
	}
	if !utf8.ValidString(text) {
		d.broken = true
	}
	return text
}
