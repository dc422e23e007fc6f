package element

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The eleven categories.
const (
	CategoryEmails         = "Emails"
	CategoryAddresses      = "Physical Addresses"
	CategoryIPAddresses    = "IP Addresses"
	CategoryIdentifiers    = "Identifiers"
	CategoryPayment        = "Tokenized Payment Methods"
	CategoryRequest        = "Request Metadata"
	CategoryPhones         = "Phone Numbers"
	CategoryOrder          = "Order Data"
	CategoryGateway        = "Payment Gateway Data"
	CategoryAuthentication = "Authentication Data"
	CategoryDevice         = "Device Data"
)

// CategoryCustom holds custom elements that name no category.
const CategoryCustom = "Custom"

// maxCustom bounds the custom elements of a configuration.
const maxCustom = 1000

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Catalogue is the set of elements a configuration may name. It never changes once built.
type Catalogue struct {
	all    []Definition // in the order they are shown
	byName map[string]int
}

// Default is the built-in catalogue.
func Default() *Catalogue {
	return build(slices.Concat(
		emailElements(), addressElements(), connectionElements(), identifierElements(), paymentElements(),
		requestElements(), phoneElements(), orderElements(), productElements(), refundElements(), gatewayElements(),
		authenticationElements(), deviceElements(),
	))
}

func build(all []Definition) *Catalogue {
	c := &Catalogue{all: all, byName: make(map[string]int, len(all))}
	for i, d := range all {
		c.byName[d.Name] = i
	}
	return c
}

// Find gives the element of that name.
func (c *Catalogue) Find(name string) (Definition, bool) {
	i, ok := c.byName[name]
	if !ok {
		return Definition{}, false
	}
	return c.all[i], true
}

// All lists the elements by category, in the order they are shown. The slice is the caller's.
func (c *Catalogue) All() []Definition { return slices.Clone(c.all) }

// With gives a new catalogue with custom elements added, the elements named in off removed, and the sensitivity of
// others raised. A sensitivity can be raised and never lowered: what the catalogue hides has a reason (PCI DSS, law)
// that a configuration cannot lift. Every problem is reported at once.
func (c *Catalogue) With(custom []Definition, off []string, sensitive map[string]Sensitivity) (*Catalogue, error) {
	var problems []error
	all := c.All()
	if len(custom) > maxCustom {
		return nil, fmt.Errorf("%d custom elements, at most %d are allowed", len(custom), maxCustom)
	}
	names := make(map[string]bool, len(all)+len(custom))
	for _, d := range all {
		names[d.Name] = true
	}
	for i, d := range custom {
		d, err := complete(d)
		if err == nil && names[d.Name] {
			err = errors.New("the name is taken")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("custom element %d (%.64q): %w", i+1, d.Name, err))
			continue
		}
		names[d.Name] = true
		all = append(all, d)
	}
	merged := build(all)
	problems = append(problems, merged.raise(sensitive)...)
	merged, unknown := merged.without(off)
	if err := errors.Join(append(problems, unknown...)...); err != nil {
		return nil, err
	}
	return merged, nil
}

// complete fills a custom definition's defaults and checks it.
func complete(d Definition) (Definition, error) {
	if !namePattern.MatchString(d.Name) {
		return d, errors.New("a name is lower-case letters, digits and underscores, begins with a letter and has at most 64 characters")
	}
	if d.Human == "" {
		d.Human = humanName(d.Name)
	}
	if d.Category == "" {
		d.Category = CategoryCustom
	}
	if d.Kind == "" {
		d.Kind = Attribute
	}
	if d.Type == "" {
		d.Type = String
	}
	if !d.Kind.Known() {
		return d, errors.New("kind is entity or attribute")
	}
	if !d.Type.Known() {
		return d, fmt.Errorf("unknown type, it is one of %s", joinTypes(ValueTypes()))
	}
	if d.Sensitivity == "" {
		// Nobody said that it is harmless.
		d.Sensitivity = Personal
		if least := d.Type.least(); least.rank() > d.Sensitivity.rank() {
			d.Sensitivity = least
		}
	}
	if !d.Sensitivity.Known() {
		return d, errors.New("sensitivity is public, personal, hashed or secret")
	}
	if d.Sensitivity.rank() < d.Type.least().rank() {
		return d, fmt.Errorf("type %s is at least %s", d.Type, d.Type.least())
	}
	if d.Folded && d.Type != String {
		return d, errors.New("only strings can be folded")
	}
	return d, nil
}

// raise applies the operator's sensitivities to c, which nobody else holds yet.
func (c *Catalogue) raise(sensitive map[string]Sensitivity) []error {
	var problems []error
	names := make([]string, 0, len(sensitive))
	for name := range sensitive {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		wanted := sensitive[name]
		i, ok := c.byName[name]
		switch {
		case !ok:
			problems = append(problems, c.unknown("sensitive", name))
		case !wanted.Known():
			problems = append(problems, fmt.Errorf("sensitive: %s: sensitivity is public, personal, hashed or secret", name))
		case wanted.rank() < c.all[i].Sensitivity.rank():
			problems = append(problems, fmt.Errorf("sensitive: %s is %s and cannot be lowered to %s", name, c.all[i].Sensitivity, wanted))
		default:
			c.all[i].Sensitivity = wanted
		}
	}
	return problems
}

// without gives a catalogue that lacks the named elements.
func (c *Catalogue) without(off []string) (*Catalogue, []error) {
	if len(off) == 0 {
		return c, nil
	}
	var problems []error
	dropped := make(map[string]bool, len(off))
	for _, name := range off {
		if _, ok := c.byName[name]; !ok {
			problems = append(problems, c.unknown("off", name))
		}
		dropped[name] = true
	}
	kept := slices.DeleteFunc(c.All(), func(d Definition) bool { return dropped[d.Name] })
	return build(kept), problems
}

func (c *Catalogue) unknown(where, name string) error {
	if s := c.Suggest(name); s != "" {
		return fmt.Errorf("%s: unknown element %.64q, did you mean %s?", where, name, s)
	}
	return fmt.Errorf("%s: unknown element %.64q", where, name)
}

// Suggest gives the name that a misspelled one most likely meant, or "" when none is near.
func (c *Catalogue) Suggest(name string) string {
	name = strings.NewReplacer("-", "_", " ", "_", ".", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
	if name == "" || len(name) > 64 {
		return ""
	}
	if _, ok := c.byName[name]; ok {
		return name
	}
	best, bestDistance := "", min(3, (len(name)+1)/3)+1
	for _, d := range c.all {
		if squeeze(d.Name) == squeeze(name) || strings.EqualFold(squeeze(d.Human), squeeze(name)) {
			return d.Name
		}
		if distance := editDistance(name, d.Name, bestDistance); distance < bestDistance {
			best, bestDistance = d.Name, distance
		}
	}
	return best
}

// squeeze drops what people put between words.
func squeeze(name string) string { return strings.NewReplacer("_", "", " ", "").Replace(name) }

// editDistance is the Levenshtein distance in bytes, or limit when it is not below limit.
func editDistance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return min(row[len(b)], limit)
}

// humanName makes "Loyalty Tier" of "loyalty_tier".
func humanName(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

func joinTypes(types []ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}
