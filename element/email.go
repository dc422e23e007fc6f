package element

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// maxEmail and maxLocal are the limits of RFC 5321 in bytes.
const (
	maxEmail = 254
	maxLocal = 64
)

// readEmail reads a mailbox, with or without a display name or "mailto:". The whole address is folded: no mail service
// of note tells "Bob" from "bob".
func (n *Normaliser) readEmail(raw Raw) (Value, error) {
	s := strings.TrimSpace(raw.Text)
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > 4*maxEmail {
		return Value{}, reason("too long")
	}
	s = settle(bareMailbox(s), foldText)
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Value{}, reason("no @ in it")
	}
	local, written := s[:at], s[at+1:]
	if why := checkLocal(local); why != "" {
		return Value{}, why
	}
	domain, unicodeDomain, err := asciiDomain(written)
	if err != nil {
		return Value{}, err
	}
	if len(local)+1+len(domain) > maxEmail {
		return Value{}, reason("longer than 254 bytes")
	}
	v := Value{Text: local + "@" + domain, Parts: partsOf(map[string]string{
		PartDomain:     domain,
		PartMailbox:    canonicalMailbox(local, domain),
		PartDisposable: boolText(n.isDisposable(domain)),
	})}
	if registrable, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		v.Parts.Set(PartRegistrable, registrable)
	}
	if unicodeDomain != domain {
		if mixesScripts(unicodeDomain) {
			// Shown in its ASCII form only: it may have been chosen to look like another domain.
			v.Parts.Set(PartMixedScript, "true")
		} else {
			v.Display = local + "@" + unicodeDomain
		}
	}
	return v, nil
}

// bareMailbox takes the address out of "Name <address>" and "mailto:address?subject=…".
func bareMailbox(s string) string {
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
	}
	if open := strings.LastIndexByte(s, '<'); open >= 0 && strings.HasSuffix(s, ">") {
		s = s[open+1 : len(s)-1]
	}
	return s
}

// checkLocal accepts RFC 5321 dot-strings and their international form (RFC 6531). Dots may stand anywhere: some
// carriers gave out such addresses. Quoted local parts exist in tests only.
func checkLocal(local string) reason {
	if local == "" {
		return reason("nothing before the @")
	}
	if len(local) > maxLocal {
		return reason("more than 64 bytes before the @")
	}
	for _, r := range local {
		switch {
		case r > unicode.MaxASCII:
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return reason("a character that an email cannot have")
			}
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r):
		default:
			return reason("a character that an email cannot have")
		}
	}
	return ""
}

// asciiDomain gives a domain in its ASCII form and in its readable form.
func asciiDomain(written string) (ascii, readable string, err error) {
	written = strings.TrimSuffix(strings.TrimSpace(written), ".")
	ascii, err = idna.Lookup.ToASCII(written)
	if err != nil {
		return "", "", reason("the domain is not a valid name")
	}
	ascii = strings.TrimSuffix(strings.ToLower(ascii), ".")
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return "", "", reason("the domain has no dot")
	}
	for _, label := range labels {
		if !validLabel(label) {
			return "", "", reason("the domain is not a valid name")
		}
	}
	if len(ascii) > 253 || allDigits(labels[len(labels)-1]) {
		return "", "", reason("the domain is not a valid name")
	}
	readable, err = idna.Display.ToUnicode(ascii)
	if err != nil {
		readable = ascii
	}
	return ascii, readable, nil
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := 0; i < len(label); i++ {
		c := label[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// mixesScripts says whether one label draws letters from scripts that are not written together: "аpple" with a
// Cyrillic first letter. Chinese, Japanese and Korean mix theirs.
func mixesScripts(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		latin, cyrillic, greek, other := false, false, false, false
		for _, r := range label {
			switch {
			case !unicode.IsLetter(r):
			case unicode.Is(unicode.Latin, r):
				latin = true
			case unicode.Is(unicode.Cyrillic, r):
				cyrillic = true
			case unicode.Is(unicode.Greek, r):
				greek = true
			case !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
				other = true
			}
		}
		count := 0
		for _, present := range []bool{latin, cyrillic, greek, other} {
			if present {
				count++
			}
		}
		// A whole label of Cyrillic or Greek letters under a Latin ending is how "аррӏе.com" is written.
		if count > 1 || ((cyrillic || greek) && hasASCIIEnding(domain)) {
			return true
		}
	}
	return false
}

func hasASCIIEnding(domain string) bool {
	ending := domain[strings.LastIndexByte(domain, '.')+1:]
	for i := 0; i < len(ending); i++ {
		if ending[i] >= 0x80 {
			return false
		}
	}
	return true
}

// canonicalMailbox is the mailbox the address delivers to, as far as the service's rules are known: sub-addresses
// (+tag everywhere, -tag at Yahoo) and Gmail's dots do not count.
func canonicalMailbox(local, domain string) string {
	base := local
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if plus := strings.IndexByte(base, '+'); plus > 0 {
		base = base[:plus]
	}
	switch {
	case domain == "gmail.com":
		base = strings.ReplaceAll(base, ".", "")
	case strings.HasPrefix(domain, "yahoo.") || domain == "ymail.com" || domain == "rocketmail.com":
		if dash := strings.IndexByte(base, '-'); dash > 0 {
			base = base[:dash]
		}
	}
	if base == "" {
		base = local
	}
	return base + "@" + domain
}
