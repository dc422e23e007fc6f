package interceptor

import (
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/payment"
)

// shape is what may stand at a target.
type shape int

const (
	unknown shape = iota
	textual
	integral
	structure
	list
	// texts is an object of texts with any names, free one of anything.
	texts
	free
)

// words tells a shape.
func (s shape) words() string {
	return [...]string{"anything", "a text", "an integer", "an object", "a list", "an object of texts", "an object"}[s]
}

// person are the fields of an address.
func person() []string {
	return []string{"first_name", "last_name", "address1", "address2", "city", "state", "postal_code", "country", "phone", "email"}
}

// schema is every field of a decision request that can be mapped to, by its path; an element of a list is "[]". The names are those of
// POST /api/decisions; context is missing, because the interceptor has its own.
func schema() map[string]shape {
	fields := map[string]shape{
		"credential": structure, "credential.pan": structure, "credential.masked_pan": structure, "credential.sepa": structure,
		"customer": structure, "transaction": structure, "device": structure, "billing": structure, "shipping": structure,
		"items": list, "items[]": structure, "items[].price": integral, "items[].quantity": integral, "items[].categories": list,
		"items[].categories[]": textual, "transaction.amount": integral,
		"metadata": texts, "backend_data": free, "airline": structure, "airline.passengers": unknown, "airline.legs": unknown,
	}
	for parent, names := range map[string][]string{
		"credential":            {"type", "first_six", "last_four", "scheme", "cardholder_name", "token"},
		"credential.pan":        {"value", "scheme", "cardholder_name"},
		"credential.masked_pan": {"value", "first_six", "last_four", "scheme", "cardholder_name", "token"},
		"credential.sepa":       {"iban", "bic", "account_holder_name", "mandate_reference"},
		"customer":              {"id", "email", "date_of_birth", "first_name", "last_name", "phone"},
		"transaction":           {"reference", "currency"},
		"device":                {"ip", "fingerprint", "user_agent", "session", "language"},
		"billing":               person(),
		"shipping":              append(person(), "carrier", "method"),
		"items[]":               {"name", "sku", "product_type"},
	} {
		for _, name := range names {
			fields[parent+"."+name] = textual
		}
	}
	for _, parent := range []string{"credential", "credential.pan", "credential.masked_pan"} {
		fields[parent+".expiry_month"], fields[parent+".expiry_year"] = integral, integral
	}
	return fields
}

// maxItems bounds what [*] writes, and the index of a target.
const maxItems = 500

// target is a compiled target path.
type target struct {
	steps []step
	each  bool
	shape shape
}

// parseTarget reads a dot path such as transaction.amount, items[0].name or items[*].name; a "$." before it is taken for granted.
func parseTarget(text string, fields map[string]shape) (t target, code, message string) {
	text = strings.TrimPrefix(text, "$.")
	if text == "" {
		return t, "required", "the target is missing"
	}
	if len(text) > 512 {
		return t, "format", "longer than 512 characters"
	}
	steps, message := parseSteps("." + text)
	if message != "" {
		return t, "format", message
	}
	t.steps = steps
	name := ""
	for _, st := range steps {
		switch {
		case st.name != "":
			name += "." + st.name
		case st.each && t.each || st.index >= maxItems:
			return t, "format", "[*] may stand once, and an index is at most 499"
		default:
			t.each = t.each || st.each
			name += "[]"
		}
	}
	name = name[1:]
	t.shape, code, message = shapeOf(name, steps, fields)
	return t, code, message
}

// shapeOf tells what may stand at a target by its name.
func shapeOf(name string, steps []step, fields map[string]shape) (shape, string, string) {
	if known, ok := fields[name]; ok {
		return known, "", ""
	}
	switch root := fields[steps[0].name]; {
	case steps[0].name == "context":
		return unknown, "unknown", "the context is the interceptor's own and cannot be mapped"
	case root == free && steps[1].name != "", strings.HasPrefix(name, "airline.passengers"), strings.HasPrefix(name, "airline.legs"):
		return unknown, "", ""
	case root == texts && len(steps) == 2 && steps[1].name != "":
		return textual, "", ""
	case root == texts:
		return unknown, "unknown", "metadata is flat: metadata.name"
	}
	names := make([]string, 0, len(fields))
	for known := range fields {
		names = append(names, known)
	}
	slices.Sort(names)
	message := "no such field of a decision request"
	if near := document.Suggest(name, names); near != "" {
		message += ` (did you mean "` + strings.ReplaceAll(near, "[]", "[0]") + `"?)`
	}
	return unknown, "unknown", message
}

// forbidden tells why a target may not be set on an instance that accepts no card numbers; "" where it may.
func (t target) forbidden(pci payment.PCILevel) string {
	if pci != payment.SAQA || t.steps[0].name != "credential" {
		return ""
	}
	switch {
	case len(t.steps) == 1:
		return "on SAQ_A the credential is mapped field by field, so that no card number comes in: credential.first_six"
	case t.steps[1].name == "pan":
		return `card numbers are not accepted on SAQ_A: map credential.first_six and credential.last_four with the filters first(6) and last(4)`
	}
	return ""
}
