package payment

import (
	"encoding/json"
	"strconv"
	"strings"

	"wayguard/element"
)

// maxToken is the longest name that a caller may have for a card.
const maxToken = 256

// instrument reads the credential: fields nested under the name of its type, or flat beside the type, as interceptors write them.
type instrument struct {
	r            *reader
	flat, nested Tree
	// shown and inner are what rules will read.
	shown, inner Tree
}

// credential checks the credential and puts into the tree what may be read of it, made anew: nothing that was sent is in it by accident.
func (r *reader) credential(tree Tree) {
	sent := tree["credential"]
	if sent == nil {
		r.problem("$.credential.type", CodeRequired, "is required")
		return
	}
	flat, ok := sent.(Tree)
	if !ok {
		r.problem("$.credential", CodeType, "must be an object")
		return
	}
	kind, ok := r.credentialType(flat)
	if !ok {
		return
	}
	i := instrument{r: r, flat: flat, shown: make(Tree, 10), inner: make(Tree, 7)}
	if nested := flat[string(kind)]; nested != nil {
		if i.nested, ok = nested.(Tree); !ok {
			r.problem("$.credential."+string(kind), CodeType, "must be an object")
			return
		}
	}
	r.request.Credential.Type = kind
	switch kind {
	case PAN:
		i.pan(&r.request.Credential)
	case MaskedPAN:
		i.masked(&r.request.Credential)
	case SEPA:
		i.sepa(&r.request.Credential)
	}
	r.strangers(flat, place{"$.credential", -1}, string(kind))
	r.strangers(i.nested, place{"$.credential." + string(kind), -1}, "")
	i.shown["type"], i.shown[string(kind)] = flat["type"], i.inner
	tree["credential"] = i.shown
}

func (r *reader) credentialType(flat Tree) (CredentialType, bool) {
	const field = "$.credential.type"
	if emptyField(flat["type"]) {
		r.problem(field, CodeRequired, "is required")
		return "", false
	}
	name, ok := flat["type"].(string)
	if !ok {
		r.problem(field, CodeType, "must be a string")
		return "", false
	}
	switch kind := CredentialType(name); kind {
	case PAN:
		if r.a.PCI != SAQD && r.a.PCI != ROC {
			r.problem(field, CodePANNotAccepted, "full card numbers are not accepted here; send masked_pan")
			return "", false
		}
		return PAN, true
	case MaskedPAN, SEPA:
		return kind, true
	}
	r.problem(field, CodeUnknown, "must be pan, masked_pan or sepa")
	return "", false
}

// strangers warns of what a credential holds beyond what is known. None of it is kept, whatever it is.
func (r *reader) strangers(section Tree, at place, kind string) {
	for name, value := range section {
		switch {
		case value == nil || name == kind && kind != "" || credentialField(name) || name == "type" && kind != "":
		case namesSecurityCode(name):
			r.warn(at.kin(name), CodeDropped, "is a security code, which must not be sent here")
		default:
			r.warn(at.kin(name), CodeDropped, "is no part of such a credential")
		}
	}
}

func credentialField(name string) bool {
	switch name {
	case "value", "first_six", "last_four", "expiry_month", "expiry_year", "scheme", "cardholder_name", "token", "iban", "bic",
		"account_holder_name", "mandate_reference":
		return true
	}
	return false
}

// get is a field, nested or flat, and where it stands.
func (i *instrument) get(name string) (value any, at place) {
	if value := i.nested[name]; value != nil {
		return value, place{"$.credential." + string(i.r.request.Credential.Type), -1}
	}
	if value := i.flat[name]; value != nil || i.nested == nil {
		return value, place{"$.credential", -1}
	}
	return nil, place{"$.credential." + string(i.r.request.Credential.Type), -1}
}

// text is a field that is a string, empty for none.
func (i *instrument) text(name string) (string, place) {
	value, at := i.get(name)
	text, ok := value.(string)
	if value != nil && !ok {
		i.r.problem(at.field(name), CodeType, "must be a string")
	}
	return text, at
}

// detail is a text that nobody needs: one of another type is left out, with a warning.
func (i *instrument) detail(name string) (string, place) {
	value, at := i.get(name)
	text, ok := value.(string)
	if value != nil && !ok {
		i.r.fault(at, name, CodeType, "must be a string")
	}
	return text, at
}

// need tells that a text is missing, unless something else is there, which was told.
func (i *instrument) need(field, name string) {
	if value, _ := i.get(name); emptyField(value) {
		i.r.problem(field, CodeRequired, "is required")
	}
}

func (i *instrument) show(name string, value any) { i.shown[name], i.inner[name] = value, value }

func (i *instrument) showText(name, value string) {
	if value != "" {
		i.show(name, value)
	}
}

func (i *instrument) pan(c *Credential) {
	sent, _ := i.text("value")
	field := "$.credential.pan.value"
	switch number := compact(sent); {
	case sent == "":
		i.need(field, "value")
		return
	case len(number) < minPAN || len(number) > maxPAN || !allDigits(number) || !element.Luhn(number):
		i.r.problem(field, CodeFormat, "must be a card number: 12 to 19 digits with a valid check digit")
		return
	default:
		c.Number = Secret(number)
		i.r.find.own = number
		c.FirstSix, c.LastFour = strings.Clone(number[:6]), strings.Clone(number[len(number)-4:])
		i.card(c, number[:8])
		if c.Scheme == "" {
			c.Scheme = schemeOf(number)
			i.showText("scheme", c.Scheme)
		}
	}
}

func (i *instrument) masked(c *Credential) {
	first, at := i.text("first_six")
	if first != "" && (len(first) < 6 || len(first) > 8 || !allDigits(first)) {
		i.r.problem(at.field("first_six"), CodeFormat, "must be the first six digits, or eight where the caller knows them")
		return
	}
	last, at := i.text("last_four")
	if last != "" && (len(last) != 4 || !allDigits(last)) {
		i.r.problem(at.field("last_four"), CodeFormat, "must be the last four digits")
		return
	}
	if value, at := i.text("value"); value != "" {
		head, tail, ok := unmask(value)
		if !ok {
			i.r.problem(at.field("value"), CodeFormat, "must be a masked card number such as 411111******4242")
			return
		}
		first, last = orElse(first, head), orElse(last, tail)
	}
	if token, at := i.text("token"); len(token) > maxToken {
		i.r.problem(at.field("token"), CodeTooLong, "must not be longer than "+strconv.Itoa(maxToken)+" bytes")
	} else {
		c.Token = token
	}
	c.FirstSix, c.LastFour = first[:min(len(first), 6)], last
	i.card(c, first)
}

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// unmask reads the digits before and after the stars of a masked number: six to eight, and four; either may be absent.
func unmask(value string) (first, last string, ok bool) {
	value = compact(value)
	if len(value) > 2*maxPAN {
		return "", "", false
	}
	from := strings.IndexFunc(value, func(c rune) bool { return c < '0' || c > '9' })
	to := strings.LastIndexFunc(value, func(c rune) bool { return c < '0' || c > '9' })
	if from < 0 {
		return "", "", false
	}
	for _, c := range value[from:to] {
		if c != '*' && c != 'x' && c != 'X' && c != '•' && c != '#' {
			return "", "", false
		}
	}
	first = value[:from]
	last = strings.TrimLeft(value[to:], "*xX•#")
	if first != "" && (len(first) < 6 || len(first) > 8) || last != "" && len(last) != 4 || last != "" && !allDigits(last) {
		return "", "", false
	}
	return first, last, true
}

// card reads what both kinds of card have. prefix is what the table of prefixes is asked for.
func (i *instrument) card(c *Credential, prefix string) {
	i.showText("first_six", c.FirstSix)
	i.showText("last_four", c.LastFour)
	c.ExpiryMonth = i.expiry("expiry_month", 1, 12)
	c.ExpiryYear = i.expiry("expiry_year", 0, 2099)
	scheme, at := i.detail("scheme")
	c.Scheme = strings.ToLower(i.r.text(kindText, scheme, at, "scheme"))
	i.showText("scheme", c.Scheme)
	holder, at := i.detail("cardholder_name")
	c.Holder = i.r.text(kindText, holder, at, "cardholder_name")
	i.showText("cardholder_name", c.Holder)
	if known, ok := i.r.a.Bins.Find(prefix); ok {
		i.shown["bin_data"] = known
	}
}

// expiry reads a month, or a year of two or four digits, 0 for none. One that is wrong is left out.
func (i *instrument) expiry(name string, least, most int64) int {
	value, at := i.get(name)
	if value == nil || i.r.number(value, least, most, at, name) {
		return 0
	}
	n, _ := whole(value)
	switch {
	case n >= 100 && n < 2000:
		i.r.fault(at, name, CodeRange, "must be a year of four digits")
		return 0
	case n < 100 && most > 100:
		n += 2000
		value = json.Number(strconv.FormatInt(n, 10))
	}
	i.show(name, value)
	return int(n)
}

func (i *instrument) sepa(c *Credential) {
	sent, at := i.text("iban")
	iban := strings.ToUpper(compact(sent))
	if sent == "" {
		i.need("$.credential.sepa.iban", "iban")
		return
	}
	if !validIBAN(iban) {
		i.r.problem(at.field("iban"), CodeFormat, "must be an IBAN with right check digits")
		return
	}
	c.IBAN = Secret(iban)
	i.r.find.own = iban
	c.FirstSix, c.LastFour = strings.Clone(iban[:6]), strings.Clone(iban[len(iban)-4:])
	i.showText("country", strings.Clone(iban[:2]))
	bic, at := i.detail("bic")
	if bic = strings.ToUpper(compact(bic)); bic != "" && !validBIC(bic) {
		i.r.warn(at.kin("bic"), CodeFormat, "should be a BIC of 8 or 11 letters and digits")
		bic = ""
	}
	c.BIC = bic
	i.showText("bic", c.BIC)
	holder, at := i.detail("account_holder_name")
	c.Holder = i.r.text(kindText, holder, at, "account_holder_name")
	i.showText("account_holder_name", c.Holder)
	mandate, at := i.detail("mandate_reference")
	i.showText("mandate_reference", i.r.text(kindIdentifier, mandate, at, "mandate_reference"))
}

// validBIC says whether a text has the form of ISO 9362.
func validBIC(s string) bool {
	if len(s) != 8 && len(s) != 11 {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) || i >= 4 && i < 6 && !isLetter(s[i]) {
			return false
		}
	}
	return true
}
