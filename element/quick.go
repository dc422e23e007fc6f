package element

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// This file reads the plain forms that nearly all values have, in the arena's memory and without allocating. Each
// function gives exactly what the reader of the type gives, or says false and leaves the value to it; the tests hold the
// two to each other.

// quick reads a value in a plain form.
func (n *Normaliser) quick(a *Arena, def *Definition, raw *Raw, hashed bool) (Value, bool) {
	switch def.Type {
	case String:
		return n.quickString(a, def, raw, hashed)
	case PaymentAccount:
		return n.quickAccount(a, def, raw.Text, raw.Parts)
	}
	if hashed {
		return Value{}, false
	}
	switch def.Type {
	case Email:
		return n.quickEmail(a, raw.Text)
	case Money:
		return n.quickMoney(a, raw)
	case Integer:
		return quickNumber(raw.Text, false)
	case Number:
		return quickNumber(raw.Text, true)
	case Boolean:
		return quickBoolean(raw.Text)
	}
	return Value{}, false
}

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

func (n *Normaliser) quickString(a *Arena, def *Definition, raw *Raw, hashed bool) (Value, bool) {
	written := raw.Text
	if written == "" || len(written) > maxText || !isPlain(written) {
		return Value{}, false
	}
	v := Value{Text: written}
	if def.Folded {
		if v.Text = a.lower(written); v.Text != written && !hashed {
			v.Display = written
		}
	}
	if hashed {
		return n.hide(a, def, v.Text), true
	}
	return v, !mayHoldNumber(v.Text)
}

// hide is the keyed hash of a text that has no parts to show.
func (n *Normaliser) hide(a *Arena, def *Definition, text string) Value {
	hash := n.hashOf(a, def, text)
	return Value{Text: hash, Display: a.Join("•••• ", hash[:6])}
}

// hashOf is the keyed hash of a text of the element's family.
func (n *Normaliser) hashOf(a *Arena, def *Definition, text string) string {
	switch def.Type {
	case String, Integer, Number, Boolean: // Definition.Family without making a text of it
		a.key = append(append(append(a.key[:0], def.Type...), ':'), def.Name...)
	default:
		a.key = append(a.key[:0], def.Type...)
	}
	if known := n.keys.known(a.key); known != nil {
		return n.keys.hash(a, known, text)
	}
	return n.keys.HashIn(a, def.Family(), text)
}

// mailDomain is what is known of a domain in its plain form.
type mailDomain struct {
	registrable string
	disposable  bool
}

func (n *Normaliser) quickEmail(a *Arena, text string) (Value, bool) {
	s := bareMailbox(strings.TrimSpace(text))
	if s == "" || len(s) > maxEmail || !isPlain(s) {
		return Value{}, false
	}
	s = a.lower(s)
	at := strings.LastIndexByte(s, '@')
	if at < 0 || checkLocal(s[:at]) != "" || mayHoldNumber(s) {
		return Value{}, false
	}
	local, domain := s[:at], s[at+1:]
	known := n.domains.FindText(domain)
	if known == nil {
		if !isPlainDomain(domain) {
			return Value{}, false
		}
		about := mailDomain{disposable: n.isDisposable(domain)}
		if registrable, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
			about.registrable = strings.Clone(registrable)
		}
		known = n.domains.Keep([]byte(domain), about)
	}
	mailbox := quickMailbox(a, s, local, domain)
	v := Value{Text: s, Parts: append(a.list(4), Part{PartDisposable, boolText(known.disposable)}, Part{PartDomain, domain}, Part{PartMailbox, mailbox})}
	if known.registrable != "" {
		v.Parts = append(v.Parts, Part{PartRegistrable, known.registrable})
	}
	return v, true
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
func (n *Normaliser) quickMoney(a *Arena, raw *Raw) (Value, bool) {
	whole, fraction, pointed := strings.Cut(raw.Text, ".")
	if len(whole) > 10 || !allDigits(whole) || pointed && (!allDigits(fraction) || len(fraction) > 2) {
		return Value{}, false
	}
	about := n.moneyOf(raw.Parts[PartCurrency])
	if about == nil || about.exponent != 2 {
		return Value{}, false
	}
	switch unit := raw.Parts[PartUnit]; {
	case unit == UnitMajor || unit == "" && pointed:
	case (unit == UnitMinor || unit == "") && !pointed:
		if len(whole) < 3 {
			return Value{}, false
		}
		whole, fraction = whole[:len(whole)-2], whole[len(whole)-2:]
	default:
		return Value{}, false
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	shown := append(a.Buffer(len(whole)+4+len(about.code)), whole...)
	shown = append(append(append(shown, '.'), fraction...), "00"[len(fraction):]...)
	if about.code != "" {
		shown = append(append(shown, ' '), about.code...)
	}
	v := Value{Display: a.Keep(shown), Parts: about.parts}
	minor := append(append(append(a.Buffer(len(whole)+2), whole...), fraction...), "00"[len(fraction):]...)
	v.Text = strings.TrimLeft(a.Keep(minor), "0")
	if v.Text == "" {
		v.Text = "0"
	}
	return v, true
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
func quickNumber(s string, fractions bool) (Value, bool) {
	whole, fraction, pointed := strings.Cut(s, ".")
	if len(whole) > 12 || !allDigits(whole) || whole[0] == '0' && len(whole) > 1 {
		return Value{}, false
	}
	if pointed && (!fractions || len(whole)+len(fraction) > 12 || !allDigits(fraction) || fraction[len(fraction)-1] == '0') {
		return Value{}, false
	}
	return Value{Text: s}, true
}

func quickBoolean(s string) (Value, bool) {
	switch s {
	case "true", "1", "yes", "on":
		return Value{Text: "true"}, true
	case "false", "0", "no", "off":
		return Value{Text: "false"}, true
	}
	return Value{}, false
}

// quickAccount reads the number of a card, in one piece or in groups, and hides it.
func (n *Normaliser) quickAccount(a *Arena, def *Definition, text string, parts map[string]string) (Value, bool) {
	digits := text
	if len(text) < 13 || len(text) > 32 || !isPlain(text) {
		return Value{}, false
	}
	if !allDigits(text) {
		b := a.Buffer(len(text))
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c >= '0' && c <= '9':
				b = append(b, c)
			case c != ' ' && c != '-':
				return Value{}, false
			}
		}
		digits = a.Keep(b)
	}
	if len(digits) < 13 || len(parts) > 0 {
		return Value{}, false
	}
	brand, fits := cardBrand(digits)
	valid := luhn(digits)
	if brand == "" || !fits && !valid {
		return Value{}, false
	}
	v := Value{Text: n.hashOf(a, def, digits)}
	first, last := a.Text([]byte(digits[:6])), a.Text([]byte(lastFour(digits)))
	v.Display = a.Join(first, "••••••", last)
	v.Parts = append(a.list(5), Part{PartBrand, brand}, Part{PartFirstSix, first}, Part{PartKind, accountCard}, Part{PartLastFour, last},
		Part{PartLuhn, boolText(valid)})
	return v, true
}
