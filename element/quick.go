package element

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// This file reads the plain forms that nearly all values have, in the arena's memory and without allocating. Each
// function gives exactly what the reader of the type gives, or says false and leaves the value to it; the tests hold the
// two to each other.

// plainForm names the plain forms.
type plainForm uint8

const (
	noForm plainForm = iota
	stringForm
	accountForm
	emailForm
	moneyForm
	integerForm
	numberForm
	booleanForm
)

// plainFormOf is the plain form of a type, noForm when it has none.
func plainFormOf(t ValueType, hashed bool) plainForm {
	switch {
	case t == String:
		return stringForm
	case t == PaymentAccount:
		return accountForm
	case hashed:
		return noForm
	}
	switch t {
	case Email:
		return emailForm
	case Money:
		return moneyForm
	case Integer:
		return integerForm
	case Number:
		return numberForm
	case Boolean:
		return booleanForm
	}
	return noForm
}

// quick reads a value in its plain form and writes all of v; false when the value is in none, and v is then worth nothing.
func (p *Prepared) quick(a *Arena, raw *Raw, v *Value) bool {
	switch p.form {
	case stringForm:
		return p.quickString(a, raw.Text, v)
	case accountForm:
		return p.quickAccount(a, raw, v)
	case emailForm:
		return p.normaliser.quickEmail(a, raw.Text, v)
	case moneyForm:
		return p.normaliser.quickMoney(a, raw, v)
	case integerForm:
		return quickNumber(raw.Text, false, v)
	case numberForm:
		return quickNumber(raw.Text, true, v)
	case booleanForm:
		return quickBoolean(raw.Text, v)
	}
	return false
}

// set writes a value that has no parts, field by field: a whole Value that was just made is moved slower.
func (v *Value) set(text, display string) { v.Text, v.Display, v.Parts = text, display, nil }

// mayHoldNumber says whether Scrub could find something: at least 13 digits in a run, or 9 in three groups. A text for
// which it says no is one that Scrub gives back.
func mayHoldNumber(s string) bool {
	if len(s) < 9 {
		return false
	}
	digits, groups, gap := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits == 0 || gap > 0 {
				groups++
			}
			digits++
			gap = 0
			if digits >= 13 || digits >= 9 && groups >= 3 {
				return true
			}
		case c >= 0x80:
			return hasDigits(s, 9)
		case digits == 0:
		case gap < maxGap && isASCIISeparator(c):
			gap++
		default:
			digits, groups, gap = 0, 0, 0
		}
	}
	return false
}

// isASCIISeparator is isSeparator for ASCII.
func isASCIISeparator(c byte) bool {
	switch c {
	case ' ', '.', '_', '+', '/', ',', ':', '|', '-':
		return true
	}
	return false
}

// texture is what a text is made of.
type texture struct {
	// plain says that cleanText would give the text back.
	plain bool
	// upper says that there are upper-case letters in it, digits how many digits are.
	upper  bool
	digits int
}

func textureOf(s string) texture {
	t := texture{}
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && space) {
			return texture{}
		}
		space = c == ' '
		if isUpper(c) {
			t.upper = true
		}
		if c-'0' <= 9 {
			t.digits++
		}
	}
	t.plain = !space
	return t
}

// holdsNumber is mayHoldNumber of the text whose texture it is.
func (t texture) holdsNumber(s string) bool { return t.digits >= 9 && mayHoldNumber(s) }

func (p *Prepared) quickString(a *Arena, written string, v *Value) bool {
	if written == "" || len(written) > maxText {
		return false
	}
	made := textureOf(written)
	if !made.plain {
		return false
	}
	text, display := written, ""
	if p.definition.Folded && made.upper {
		text, display = a.lower(written), written
	}
	if p.hashed {
		hash := p.normaliser.keys.hash(a, p.key, text)
		v.set(hash, a.Join("•••• ", hash[:6]))
		return true
	}
	v.set(text, display)
	return !made.holdsNumber(text)
}

// mailDomain is what is known of a domain in its plain form.
type mailDomain struct {
	registrable string
	disposable  bool
}

// The characters of a mailbox in its plain form, those below and those from 64 on, each a bit: what checkLocal accepts,
// upper case, and the @.
const (
	mailboxLow  = 0x3ff<<'0' | 1<<'.' | 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'/' | 1<<'=' | 1<<'?'
	mailboxHigh = 0x3ffffff<<('A'-64) | 0x3ffffff<<('a'-64) | 1<<('@'-64) | 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('{'-64) | 1<<('|'-64) |
		1<<('}'-64) | 1<<('~'-64)
)

// plainMailbox looks at a mailbox in its plain form, which has one @: its place, -1 when the form is another.
func plainMailbox(s string) (made texture, at int) {
	at = -1
	for i := 0; i < len(s); i++ {
		c := s[i]
		allowed := uint64(mailboxLow) >> c
		if c >= 64 {
			allowed = uint64(mailboxHigh) >> (c - 64)
		}
		switch {
		case allowed&1 == 0:
			return made, -1
		case c == '@':
			if at >= 0 {
				return made, -1
			}
			at = i
		case isUpper(c):
			made.upper = true
		case c-'0' <= 9:
			made.digits++
		}
	}
	return made, at
}

func (n *Normaliser) quickEmail(a *Arena, s string, v *Value) bool {
	if len(s) > maxEmail {
		return false
	}
	made, at := plainMailbox(s)
	if at <= 0 || at > maxLocal || made.holdsNumber(s) {
		return false
	}
	if made.upper {
		s = a.lower(s)
	}
	local, domain := s[:at], s[at+1:]
	known := n.domains.FindText(domain)
	if known == nil {
		if !isPlainDomain(domain) {
			return false
		}
		about := mailDomain{disposable: n.isDisposable(domain)}
		if registrable, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
			about.registrable = strings.Clone(registrable)
		}
		known = n.domains.Keep([]byte(domain), about)
	}
	parts := a.list(4)[:3]
	parts[0].Name, parts[0].Text = PartDisposable, boolText(known.disposable)
	parts[1].Name, parts[1].Text = PartDomain, domain
	parts[2].Name, parts[2].Text = PartMailbox, quickMailbox(a, s, local, domain)
	if known.registrable != "" {
		parts = parts[:4]
		parts[3].Name, parts[3].Text = PartRegistrable, known.registrable
	}
	v.Text, v.Display, v.Parts = s, "", parts
	return true
}

// quickMailbox is canonicalMailbox of an address, the address itself where that is it.
func quickMailbox(a *Arena, address, local, domain string) string {
	home := domain
	if domain == "googlemail.com" {
		home = "gmail.com"
	}
	base := local
	if plus := strings.IndexByte(base, '+'); plus > 0 {
		base = base[:plus]
	}
	switch {
	case home == "gmail.com":
		b := a.Buffer(len(base))
		for i := 0; i < len(base); i++ {
			if base[i] != '.' {
				b = append(b, base[i])
			}
		}
		base = a.Keep(b)
	case strings.HasPrefix(home, "yahoo.") || home == "ymail.com" || home == "rocketmail.com":
		if dash := strings.IndexByte(base, '-'); dash > 0 {
			base = base[:dash]
		}
	}
	if base == "" {
		base = local
	}
	if len(base) == len(local) && home == domain {
		return address
	}
	return a.Join(base, "@", home)
}

// isPlainDomain says whether asciiDomain gives the domain back twice: lower-case letters, digits and hyphens, nothing
// that could be Punycode.
func isPlainDomain(domain string) bool {
	if len(domain) > 253 || strings.IndexByte(domain, '.') < 0 {
		return false
	}
	for rest, more := domain, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		if !validLabel(label) || len(label) > 3 && label[2] == '-' && label[3] == '-' || !more && allDigits(label) {
			return false
		}
	}
	return true
}

// quickMoney reads 1234 and 1234.56, as numbers in JSON and forms are written.
func (n *Normaliser) quickMoney(a *Arena, raw *Raw, v *Value) bool {
	whole, fraction, pointed := strings.Cut(raw.Text, ".")
	if len(whole) > 10 || !allDigits(whole) || pointed && (!allDigits(fraction) || len(fraction) > 2) {
		return false
	}
	about := n.moneyOf(raw.Parts[PartCurrency])
	if about == nil || about.exponent != 2 {
		return false
	}
	switch unit := raw.Parts[PartUnit]; {
	case unit == UnitMajor || unit == "" && pointed:
	case (unit == UnitMinor || unit == "") && !pointed:
		if len(whole) < 3 {
			return false
		}
		whole, fraction = whole[:len(whole)-2], whole[len(whole)-2:]
	default:
		return false
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	shown := append(a.Buffer(len(whole)+4+len(about.code)), whole...)
	shown = append(append(append(shown, '.'), fraction...), "00"[len(fraction):]...)
	if about.code != "" {
		shown = append(append(shown, ' '), about.code...)
	}
	v.Display, v.Parts = a.Keep(shown), about.parts
	minor := append(append(append(a.Buffer(len(whole)+2), whole...), fraction...), "00"[len(fraction):]...)
	v.Text = strings.TrimLeft(a.Keep(minor), "0")
	if v.Text == "" {
		v.Text = "0"
	}
	return true
}

// money is what all amounts of one currency have in common.
type money struct {
	code     string
	exponent int
	parts    Parts
}

// moneyOf is what is common to amounts of a currency as it was given, nil when it is not known.
func (n *Normaliser) moneyOf(given string) *money {
	if known := n.currencies.FindText(given); known != nil || len(given) > 16 {
		return known
	}
	code := ""
	if trimmed := strings.TrimSpace(given); trimmed != "" {
		if code = currencyCode(trimmed); code == "" {
			return nil
		}
	}
	return n.currencies.Keep([]byte(given), money{code: strings.Clone(code), exponent: Exponent(code), parts: moneyValue("0", false, code).Parts})
}

// quickNumber reads a number that is written as decimal writes it.
func quickNumber(s string, fractions bool, v *Value) bool {
	whole, fraction, pointed := strings.Cut(s, ".")
	if len(whole) > 12 || !allDigits(whole) || whole[0] == '0' && len(whole) > 1 {
		return false
	}
	if pointed && (!fractions || len(whole)+len(fraction) > 12 || !allDigits(fraction) || fraction[len(fraction)-1] == '0') {
		return false
	}
	v.set(s, "")
	return true
}

func quickBoolean(s string, v *Value) bool {
	switch s {
	case "true", "1", "yes", "on":
		v.set("true", "")
	case "false", "0", "no", "off":
		v.set("false", "")
	default:
		return false
	}
	return true
}

// quickAccount reads the number of a card, in one piece or in groups, and hides it.
func (p *Prepared) quickAccount(a *Arena, raw *Raw, v *Value) bool {
	text, digits := raw.Text, raw.Text
	if len(text) < 13 || len(text) > 32 || !isPlain(text) {
		return false
	}
	if !allDigits(text) {
		b := a.Buffer(len(text))
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c >= '0' && c <= '9':
				b = append(b, c)
			case c != ' ' && c != '-':
				return false
			}
		}
		digits = a.Keep(b)
	}
	if len(digits) < 13 || len(raw.Parts) > 0 {
		return false
	}
	brand, fits := cardBrand(digits)
	valid := Luhn(digits)
	if brand == "" || !fits && !valid {
		return false
	}
	v.Text = p.normaliser.keys.hash(a, p.key, digits)
	first, last := a.Join(digits[:6]), a.Join(lastFour(digits))
	v.Display = a.Join(first, "••••••", last)
	parts := a.list(5)[:5]
	parts[0].Name, parts[0].Text = PartBrand, brand
	parts[1].Name, parts[1].Text = PartFirstSix, first
	parts[2].Name, parts[2].Text = PartKind, accountCard
	parts[3].Name, parts[3].Text = PartLastFour, last
	parts[4].Name, parts[4].Text = PartLuhn, boolText(valid)
	v.Parts = parts
	return true
}
