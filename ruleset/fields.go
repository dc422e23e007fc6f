package ruleset

import (
	"reflect"
	"strings"

	"wayguard/document"
	"wayguard/payment"
)

// source is a path that some rule reads; each path is read once for a payment.
type source struct {
	path payment.Path
	text string
	// backend and attribute are of "$.backends.<name>.<attribute>", which is read anew each time: results come while rules run.
	backend, attribute string
}

// backendsPath begins the paths to what earlier backends said.
const backendsPath = "$.backends."

// attributes are what is known of a backend's answer.
func attributes() []string { return []string{"outcome", "score", "error", "reference"} }

// vocabulary are the names below each known object of a request; "" stands for the root. An object that is not in it holds what it likes.
func vocabulary() map[string][]string {
	address := []string{"first_name", "last_name", "address1", "address2", "city", "state", "postal_code", "country", "phone", "email"}
	masked := []string{"first_six", "last_four", "expiry_month", "expiry_year", "scheme", "cardholder_name"}
	words := map[string][]string{
		"": {"context", "credential", "customer", "transaction", "device", "billing", "shipping", "items", "airline", "metadata", "journey",
			"backends", "credential_fingerprint", "credential_type", "masked_credential", "evaluated_at"},
		"credential":            append([]string{"type", "pan", "masked_pan", "sepa", "bin_data"}, masked...),
		"credential.pan":        masked,
		"credential.masked_pan": masked,
		"credential.sepa":       {"bic", "account_holder_name", "mandate_reference"},
		"customer":              {"id", "email", "date_of_birth", "first_name", "last_name", "phone"},
		"transaction":           {"reference", "amount", "currency"},
		"device":                {"ip", "fingerprint", "user_agent", "session", "language"},
		"billing":               address,
		"shipping":              append([]string{"carrier", "method"}, address...),
		"items":                 {"name", "sku", "price", "quantity", "product_type", "categories"},
		"journey":               jsonNames(payment.Journey{}),
		"journey.bad_entities":  jsonNames(payment.BadEntity{}),
	}
	return words
}

// alwaysThere are paths that every checked request has a value at.
func alwaysThere() []string {
	return []string{amountPath, "$.transaction.currency", "$.transaction.reference", "$.customer.id", "$.credential.type", "$.credential_type"}
}

func jsonNames(of any) []string {
	t := reflect.TypeOf(of)
	names := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// readSource reads a path. wrong says what is wrong with it, with its code.
func readSource(text string, words map[string][]string) (s source, code, wrong string) {
	if len(text) > maxValueLength {
		return s, payment.CodeTooLong, "the path is too long"
	}
	if rest, own := strings.CutPrefix(text, backendsPath); own {
		dot := strings.LastIndexByte(rest, '.')
		if dot <= 0 {
			return s, payment.CodeFormat, "a path to what a backend said looks like $.backends.<slug>/<id>.outcome"
		}
		s = source{text: text, backend: rest[:dot], attribute: rest[dot+1:]}
		if !contains(attributes(), s.attribute) {
			return s, payment.CodeUnknown, "of a backend nothing is known by the name " + quoted(s.attribute) + suggestion(s.attribute, attributes())
		}
		return s, "", ""
	}
	path, err := payment.ParsePath(text)
	if err != nil {
		return s, payment.CodeFormat, err.Error()
	}
	s = source{path: path, text: path.String()}
	if wrong = misspelt(s.text, words); wrong != "" {
		return s, payment.CodeUnknown, wrong
	}
	return s, "", ""
}

// misspelt says what is wrong with the names of a path. Requests may hold fields that nobody here knows, so that an unknown name is taken
// for a mistake only where it is near a known one, or where the engine itself makes the object.
func misspelt(path string, words map[string][]string) string {
	parent := ""
	for _, name := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, "$"), "."), ".") {
		name, _, _ = strings.Cut(name, "[")
		known, closed := words[parent]
		if !closed || name == "" {
			return ""
		}
		if !contains(known, name) {
			near := document.DidYouMean(name, known)
			if near == "" && !strings.HasPrefix(parent, "journey") {
				return ""
			}
			if near == "" {
				near = "it is one of " + strings.Join(known, ", ")
			}
			what := "a request"
			if parent != "" {
				what = "$." + parent
			}
			return what + " has no " + quoted(name) + ", " + near
		}
		parent = strings.TrimPrefix(parent+"."+name, ".")
	}
	return ""
}
