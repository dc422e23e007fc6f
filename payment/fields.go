package payment

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// place is a section of a request, or an item of a list where index is not negative. It becomes text only when something is to be told.
type place struct {
	section string
	index   int
}

// field is the path of one of its members, for a problem.
func (p place) field(name string) string {
	at := p.section
	if p.index >= 0 {
		at += "[" + strconv.Itoa(p.index) + "]"
	}
	return at + "." + shownName(name)
}

// kin is the path of the member in every item, for a warning: a thousand lines of a cart have the same warning once.
func (p place) kin(name string) string {
	at := p.section
	if p.index >= 0 {
		at += "[*]"
	}
	return at + "." + shownName(name)
}

func (r *reader) problem(field, code, message string) {
	if len(r.problems) < 10*maxProblems {
		r.problems = append(r.problems, Problem{field, code, message})
	}
}

func (r *reader) warn(field, code, message string) {
	if len(r.request.Warnings) < 10*maxWarnings {
		r.request.Warnings = append(r.request.Warnings, Problem{field, code, message})
	}
}

// required says whether a decision cannot do without a member. Nothing else makes a request invalid: the merchant may let a payment pass
// that was not decided, and what a buyer types must not bring that about.
func (p place) required(name string) bool {
	switch p.section {
	case "$.transaction":
		return true
	case "$.customer":
		return name == "id"
	}
	return p.section == "$" && (name == "customer" || name == "transaction")
}

// fault tells what is wrong with a member: a problem where it is required, else a warning, and it is to be left out.
func (r *reader) fault(at place, name, code, message string) (leaveOut bool) {
	if at.required(name) {
		r.problem(at.field(name), code, message)
		return false
	}
	r.warn(at.kin(name), code, message+"; it was left out")
	return true
}

// section checks an object whose members are of known kinds.
func (r *reader) section(tree Tree, name string, value any, kinds func(string) kind) {
	section, ok := value.(Tree)
	if !ok {
		if r.fault(place{"$", -1}, name, CodeType, "must be an object") {
			delete(tree, name)
		}
		return
	}
	r.members(section, place{"$." + name, -1}, kinds)
}

func (r *reader) members(section Tree, at place, kinds func(string) kind) {
	for name, value := range section {
		if value == nil {
			delete(section, name)
			continue
		}
		k := kinds(name)
		if k == kindUnknown {
			r.unknown(section, name, value, at)
			continue
		}
		switch better, changed := r.value(k, value, at, name); {
		case !changed:
		case better == nil:
			delete(section, name)
		default:
			section[name] = better
		}
	}
}

// value checks one member and gives it back where it is to be written otherwise; nil where it is to be left out.
func (r *reader) value(k kind, value any, at place, name string) (better any, changed bool) {
	switch k {
	case kindAmount:
		return nil, r.number(value, 0, maxAmount, at, name)
	case kindCount:
		return nil, r.number(value, 0, maxCount, at, name)
	case kindTexts:
		return r.texts(value, at, name)
	case kindAny:
		return r.cleanValue(value, at, name, 0), true
	}
	sent, ok := value.(string)
	if !ok {
		return nil, r.fault(at, name, CodeType, "must be a string")
	}
	switch kept := r.text(k, sent, at, name); kept {
	case sent:
		return nil, false
	case "":
		return nil, true
	default:
		return kept, true
	}
}

// number checks a whole number; it never changes it.
func (r *reader) number(value any, least, most int64, at place, name string) (leaveOut bool) {
	switch n, ok := whole(value); {
	case !ok:
		if _, number := value.(json.Number); number {
			return r.fault(at, name, CodeType, "must be a whole number; money is in minor units")
		}
		return r.fault(at, name, CodeType, "must be a number")
	case n < least || n > most:
		return r.fault(at, name, CodeRange, "must be from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
	}
	return false
}

// whole is a whole number written as one: neither 1.0 nor 1e3.
func whole(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	return n, err == nil
}

// text checks a text by its kind and gives it as it is kept, empty where it is to be left out.
func (r *reader) text(k kind, sent string, at place, name string) string {
	// What the merchant gives must fit. What comes from the buyer's browser is cut: nobody escapes a decision by a long user agent.
	if k == kindIdentifier && len(sent) > maxIdentifier && at.required(name) {
		r.problem(at.field(name), CodeTooLong, "must not be longer than "+strconv.Itoa(maxIdentifier)+" bytes")
		return sent
	}
	switch k {
	case kindDate:
		if _, err := time.Parse(time.DateOnly, sent); err != nil && sent != "" {
			r.fault(at, name, CodeFormat, "must be a date such as 1990-12-31")
			return ""
		}
		return sent
	case kindCurrency:
		code := strings.ToUpper(sent)
		if !knownCurrency(code) && code != "" {
			r.problem(at.field(name), CodeFormat, "must be a currency of ISO 4217, three letters")
		}
		return code
	case kindCountry:
		if code := strings.ToUpper(sent); isCountry(code) {
			return code
		}
		if sent != "" {
			r.warn(at.kin(name), CodeFormat, "should be a country of ISO 3166, two letters")
		}
	case kindIP:
		if ip, ok := canonicalIP(sent); ok {
			return ip
		}
		if sent != "" {
			r.warn(at.kin(name), CodeFormat, "should be an IPv4 or IPv6 address")
		}
	}
	return r.clean(sent, k, at, name)
}

// isCountry says whether a text is two capitals. Which of them are countries changes; a rule compares them.
func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// canonicalIP is an address in its usual form (RFC 5952), an IPv4 address in IPv6 as IPv4, and without a zone.
func canonicalIP(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return "", false
	}
	if canonical := addr.Unmap().WithZone("").String(); canonical != s {
		return canonical, true
	}
	return s, true
}

// clean is a text without card numbers, IBANs and control characters, cut where it is too long. What tells things apart gets a mark of what
// was there, so that two customers whose numbers look like card numbers stay two.
func (r *reader) clean(sent string, k kind, at place, name string) string {
	text := printable(sent)
	find := r.find
	find.phone = k == kindPhone
	kept, found := find.mask(text)
	if found {
		r.warn(at.kin(name), CodeMasked, "held what looks like a card number or an IBAN")
	}
	most := maxText
	if k == kindIdentifier {
		most = maxIdentifier
	}
	if len(kept) > most {
		r.warn(at.kin(name), CodeTooLong, "was longer than "+strconv.Itoa(most)+" bytes and was cut")
		kept = strings.ToValidUTF8(kept[:most], "")
		found = true
	}
	if found && k == kindIdentifier {
		kept += r.a.Prints.tag(text)
	}
	return kept
}

// printable takes away control characters, which no field needs and some stores cannot keep, and what is no UTF-8.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return strings.Map(func(c rune) rune {
				if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
					return -1
				}
				return c
			}, strings.ToValidUTF8(s, ""))
		}
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "")
	}
	return s
}

// texts checks a list of strings and gives it back where it is to be written otherwise, nil where it is to be left out.
func (r *reader) texts(value any, at place, name string) (better any, changed bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, r.fault(at, name, CodeType, "must be a list of strings")
	}
	kept := list[:0]
	for _, entry := range r.atMost(list, maxTexts, at, name) {
		sent, ok := entry.(string)
		if !ok {
			r.warn(at.kin(name)+"[*]", CodeType, "must be a string; it was left out")
			continue
		}
		kept = append(kept, r.text(kindText, sent, at, name))
	}
	return kept, true
}

// atMost cuts a list that is too long.
func (r *reader) atMost(list []any, most int, at place, name string) []any {
	if len(list) <= most {
		return list
	}
	r.warn(at.kin(name), CodeTooLong, "had more than "+strconv.Itoa(most)+" entries and was cut")
	return list[:most]
}
