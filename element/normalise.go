package element

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxText is the longest text, display or part a Value has, in bytes.
const maxText = 1024

// maxRaw is how much of a value that is kept in clear is looked at, in bytes: enough to fill maxText after cleaning.
const maxRaw = 8 * 1024

// SecretMarker is all that is kept of a secret: that it was there. A hash, even a keyed and truncated one, would let
// whoever holds the key try a word list against it (a CVV has a thousand values), so there is none.
const SecretMarker = "set"

// ErrEmpty means that there was nothing to normalise: an absent value, not a bad one.
var ErrEmpty = errors.New("empty value")

// InvalidError says why a value cannot be read as its element's type. It never holds the value or a piece of it.
type InvalidError struct {
	Element string
	Type    ValueType
	Reason  string
}

// Error is "element email: not an email: no @".
func (e *InvalidError) Error() string {
	return fmt.Sprintf("element %s: not a valid %s: %s", e.Element, e.Type, e.Reason)
}

// reason is an error inside the package: a constant text that holds nothing of the value.
type reason string

// Error is the reason itself.
func (r reason) Error() string { return string(r) }

// Raw is a value as it was sent.
type Raw struct {
	Text string
	// Parts are given for structured types, see ValueType.InputParts. Parts of an earlier Value may be given again.
	Parts map[string]string
	// Observed says that nobody wrote the text: it is a fact of the connection, and is not searched for card numbers. The digits
	// of an IPv6 address can look like one.
	Observed bool
}

// Value is a normalised value.
type Value struct {
	// Text is canonical: equal values are equal texts. It is a keyed hash for hashed elements, SecretMarker for secrets,
	// and empty when a structured value is incomplete.
	Text string
	// Display is what a person is shown when it differs from Text.
	Display string
	// Parts are the components that are safe to keep.
	Parts Parts
}

// Options tune a Normaliser. The zero Options are usable.
type Options struct {
	// Region is the ISO alpha-2 country that phone numbers without country code belong to. Without it such a number
	// stays bare digits.
	Region string
	// Disposable are throw-away mail domains beyond the embedded list.
	Disposable []string
	// CacheSize bounds each of the caches (user agents, phone numbers, addresses, ...), in entries; 4096 when zero.
	CacheSize int
}

// Normaliser brings values to their canonical form. It may be used from many goroutines at once.
type Normaliser struct {
	catalogue  *Catalogue
	keys       Keys
	region     string
	disposable map[string]struct{}
	agents     *cache
	phones     *cache
	memos      memos
	domains    *Memo[mailDomain]
	currencies *Memo[money]
	readers    map[ValueType]func(Raw) (Value, error)
}

// NewNormaliser builds a normaliser. The catalogue serves SearchForm; Normalise takes any definition.
func NewNormaliser(c *Catalogue, keys Keys, opts Options) *Normaliser {
	size := opts.CacheSize
	if size <= 0 {
		size = 4096
	}
	n := &Normaliser{
		catalogue:  c,
		keys:       keys,
		region:     countryCode(opts.Region),
		disposable: disposableDomains(opts.Disposable),
		agents:     newCache(size),
		phones:     newCache(size),
		memos:      newMemos(size),
		domains:    NewMemo[mailDomain](size),
		currencies: NewMemo[money](256),
	}
	n.readers = map[ValueType]func(Raw) (Value, error){
		Integer: readInteger, Number: readNumber, Boolean: readBoolean, Email: n.readEmail, Phone: n.readPhone,
		Address: newAddressReader().read, Country: readCountry, Currency: readCurrency, Money: readMoney, IPAddress: readIP,
		PaymentAccount: readAccount, TaxID: readTaxID, PaymentType: newPaymentTypeReader().read, UserAgent: n.readUserAgent,
		URL: readURL, Month: readMonth, Year: readYear, Language: readLanguage, Date: readDate,
	}
	return n
}

// Catalogue gives the catalogue the normaliser was built with.
func (n *Normaliser) Catalogue() *Catalogue { return n.catalogue }

// Keys gives the keys the normaliser hashes with, for evidence that is not an element.
func (n *Normaliser) Keys() Keys { return n.keys }

// Normalise brings raw to the canonical form of the element. The error is ErrEmpty when there is nothing, else an
// *InvalidError; neither holds the value.
//
// For values kept in clear, normalising Raw{Text: v.Text, Parts: v.Parts.Map()} gives v.Text again. For hashed elements the
// same holds for the form before hashing. Text, display and each part have at most 1 KiB.
func (n *Normaliser) Normalise(def Definition, raw Raw) (Value, error) {
	if def.Sensitivity == Secret {
		if raw.empty() {
			return Value{}, ErrEmpty
		}
		return Value{Text: SecretMarker}, nil
	}
	hashed := def.Sensitivity == Hashed || def.Type.least() == Hashed
	v, err := n.canonical(def, raw, hashed)
	if err != nil {
		return Value{}, err
	}
	if hashed {
		v = n.conceal(def, v)
	}
	return v.capped(), nil
}

// canonical is the value before hashing.
func (n *Normaliser) canonical(def Definition, raw Raw, hashed bool) (Value, error) {
	if raw.empty() {
		return Value{}, ErrEmpty
	}
	if !hashed {
		raw.Text = precut(raw.Text)
	}
	v, err := n.read(def, raw, hashed)
	if err == nil && v.Text == "" && len(v.Parts) == 0 {
		err = ErrEmpty
	}
	var why reason
	if errors.As(err, &why) {
		err = &InvalidError{Element: def.Name, Type: def.Type, Reason: string(why)}
	}
	return v, err
}

func (n *Normaliser) read(def Definition, raw Raw, hashed bool) (Value, error) {
	if read, ok := n.readers[def.Type]; ok {
		v, err := read(raw)
		if err != nil || hashed || raw.Observed {
			return v, err
		}
		return guarded(def, v)
	}
	v := readString(def, raw.Text, hashed)
	if hashed {
		return v, nil
	}
	return n.scrubbed(def, v), nil
}

// guarded keeps card numbers and SSNs out of the types that are not made for them: such a value is no phone, no email
// and no amount.
func guarded(def Definition, v Value) (Value, error) {
	if def.Type == Phone && strings.HasPrefix(v.Text, "+") {
		return v, nil // a phone number has no check digit, every tenth would look like a valid card
	}
	scrubParts(&v)
	masked, found := Scrub(v.Text)
	switch {
	case !found:
	case def.Type == UserAgent:
		v.Text = settle(masked, scrubAndCut)
	case def.Type == Address:
		v.Text, v.Display = "", ""
	default:
		return Value{}, reason("it looks like a card number or SSN")
	}
	return v, nil
}

// scrubbed masks card numbers and SSNs that were typed into free text. An entity keeps linking by a keyed hash, as two
// different numbers may have the same mask; an attribute keeps the masked text.
func (n *Normaliser) scrubbed(def Definition, v Value) Value {
	scrubParts(&v)
	masked, found := Scrub(v.Text)
	switch {
	case !found:
	case def.Kind == Entity:
		if v.Display == "" {
			v.Display = masked
		}
		v.Text = n.keys.Hash(def.Family(), v.Text)
	default:
		v.Text = settle(masked, scrubAndCut)
	}
	return v
}

func scrubParts(v *Value) {
	v.Display, _ = Scrub(v.Display)
	for i := range v.Parts {
		if masked, found := Scrub(v.Parts[i].Text); found {
			v.Parts[i].Text = masked
		}
	}
}

func scrubAndCut(s string) string {
	s, _ = Scrub(s)
	return strings.TrimSpace(cut(s, maxText))
}

// SearchForm is the canonical text for what an analyst types, so that a search for a full card number finds its hash
// and one for "+1 (202) 555-0100" finds the phone. A hash that was copied from a page stays as it is. What cannot be
// read is given back trimmed, with card numbers masked; it never fails.
func (n *Normaliser) SearchForm(name, text string) string {
	trimmed := strings.TrimSpace(cut(text, maxRaw))
	fallback, _ := Scrub(cut(cleanText(trimmed), maxText))
	def, ok := n.catalogue.Find(name)
	if !ok || trimmed == "" || isHash(trimmed) {
		return fallback
	}
	v, err := n.Normalise(def, Raw{Text: trimmed})
	if err != nil || v.Text == "" {
		return fallback
	}
	return v.Text
}

func (r Raw) empty() bool {
	if r.Text != "" {
		return false
	}
	for _, part := range r.Parts {
		if part != "" {
			return false
		}
	}
	return true
}

// capped bounds every text of the value.
func (v Value) capped() Value {
	v.Text = cut(v.Text, maxText)
	v.Display = cut(v.Display, maxText)
	if v.Display == v.Text {
		v.Display = ""
	}
	v.Parts = slices.DeleteFunc(v.Parts, func(part Part) bool { return part.Text == "" })
	for i := range v.Parts {
		v.Parts[i].Text = cut(v.Parts[i].Text, maxText)
	}
	if len(v.Parts) == 0 {
		v.Parts = nil
	}
	return v
}

// own makes every text of the value its own, so that it can be kept.
func (v Value) own() Value {
	kept := Value{Text: strings.Clone(v.Text), Display: strings.Clone(v.Display)}
	if v.Parts != nil {
		kept.Parts = make(Parts, len(v.Parts))
	}
	for i, part := range v.Parts {
		kept.Parts[i] = Part{Name: strings.Clone(part.Name), Text: strings.Clone(part.Text)}
	}
	return kept
}

// clone makes the value's parts the caller's own.
func (v Value) clone() Value {
	v.Parts = slices.Clone(v.Parts)
	return v
}
