package payment

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestNothingOptionalCancelsTheDecision: it is left out with a warning, and the payment is decided all the same.
func TestNothingOptionalCancelsTheDecision(t *testing.T) {
	for _, c := range []struct {
		path  string
		value any
		want  string
	}{
		{"$.credential.pan.expiry_month", 13, "$.credential.pan.expiry_month range"},
		{"$.credential.pan.expiry_month", "12", "$.credential.pan.expiry_month type"},
		{"$.credential.pan.expiry_year", 203, "$.credential.pan.expiry_year range"},
		{"$.credential.pan.expiry_year", 20300, "$.credential.pan.expiry_year range"},
		{"$.credential.pan.scheme", 1, "$.credential.pan.scheme type"},
		{"$.credential.pan.cardholder_name", 1, "$.credential.pan.cardholder_name type"},
		{"$.customer.date_of_birth", "10.12.1990", "$.customer.date_of_birth format"},
		{"$.customer.date_of_birth", 19901210, "$.customer.date_of_birth type"},
		{"$.customer.email", true, "$.customer.email type"},
		{"$.device", "x", "$.device type"},
		{"$.device.ip", 1, "$.device.ip type"},
		{"$.device.session", Tree{"a": "b"}, "$.device.session type"},
		{"$.billing", 1, "$.billing type"},
		{"$.billing.city", 1, "$.billing.city type"},
		{"$.billing.postal_code", 10115, "$.billing.postal_code type"},
		{"$.shipping.country", []any{"DE"}, "$.shipping.country type"},
		{"$.items", Tree{}, "$.items type"},
		{"$.items[0].price", -1, "$.items[*].price range"},
		{"$.items[0].price", 1.5, "$.items[*].price type"},
		{"$.items[0].quantity", "1", "$.items[*].quantity type"},
		{"$.items[0].categories", "home", "$.items[*].categories type"},
		{"$.airline", "x", "$.airline type"},
		{"$.metadata", "x", "$.metadata type"},
		{"$.metadata.channel", 1, "$.metadata.channel type"},
		{"$.metadata.channel", Tree{}, "$.metadata.channel type"},
		{"$.backend_data", "x", "$.backend_data type"},
		{"$.backend_data.sift", "x", "$.backend_data.sift type"},
	} {
		r, problems := Parse(with(t, c.path, c.value), acceptAll(t))
		if r == nil {
			t.Errorf("%s: no decision is made: %s", c.path, told(problems))
			continue
		}
		if !slices.Contains(strings.Split(told(r.Warnings), "; "), c.want) {
			t.Errorf("%s: warned of %q, want %q", c.path, told(r.Warnings), c.want)
		}
		p, err := ParseSource(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if left, there := Lookup(r.Tree, p); there && left != "visa" { // the scheme is told by the number then
			t.Errorf("%s: %v was kept", c.path, left)
		}
	}
}

func TestWhatIsNoEntryLeavesItsList(t *testing.T) {
	items := func(list ...any) any { return list }
	for _, c := range []struct {
		path  string
		value any
		want  string
		left  int
	}{
		{"$.items", items("lamp", Tree{"sku": "A"}, 7), "$.items[*] type", 1},
		{"$.items", items(Tree{"price": 1}), "$.items[*].name required", 1},
		{"$.items", slices.Repeat([]any{Tree{"sku": "A"}}, maxItems+5), "$.items too_long", maxItems},
		{"$.items[0].categories", items("home", 2), "$.items[*].categories[*] type", 1},
		{"$.items[0].categories", slices.Repeat([]any{"home"}, maxTexts+1), "$.items[*].categories too_long", maxTexts},
		{"$.airline", Tree{"passengers": items("x", Tree{"name": "A"})}, "$.airline.passengers[*] type", 1},
	} {
		r, problems := Parse(with(t, c.path, c.value), acceptAll(t))
		if r == nil {
			t.Fatalf("%s: %s", c.path, told(problems))
		}
		p, err := ParseSource(strings.Replace(c.path, "airline", "airline.passengers", 1))
		if err != nil {
			t.Fatal(err)
		}
		left, _ := Lookup(r.Tree, p)
		if list, _ := left.([]any); len(list) != c.left || !strings.Contains(told(r.Warnings), c.want) {
			t.Errorf("%s: %d entries are left, want %d; warned of %q", c.path, len(list), c.left, told(r.Warnings))
		}
	}
}

// TestAnythingInAnOptionalField writes every kind of value into every optional field.
func TestAnythingInAnOptionalField(t *testing.T) {
	required := []string{"$.credential.type", "$.credential.pan.value", "$.credential.pan", "$.customer.id", "$.context"}
	var paths []string
	var walk func(at string, node any)
	walk = func(at string, node any) {
		tree, isTree := node.(Tree)
		for name, member := range tree {
			walk(at+"."+name, member)
		}
		if !isTree && !slices.Contains(required, at) && !strings.HasPrefix(at, "$.transaction.") {
			paths = append(paths, at)
		}
	}
	var full Tree
	if err := json.Unmarshal([]byte(fullRequest), &full); err != nil {
		t.Fatal(err)
	}
	walk("$", full)
	if len(paths) < 20 {
		t.Fatalf("only %d fields", len(paths))
	}
	for _, path := range paths {
		for _, value := range []any{strings.Repeat("x", 20_000), json.Number("1e999"), Tree{"a": "b"}, []any{"a"}, []any{1}, true, "a\x00b", 1.5, -1, "4111111111111111", "junk", ""} {
			if r, problems := Parse(with(t, path, value), acceptAll(t)); r == nil {
				t.Errorf("%s: %.30v cancels the decision: %s", path, value, told(problems))
			}
		}
	}
}

func TestCanonical(t *testing.T) {
	for value, want := range map[string]string{
		"Ann@Example.com ": "ann@example.com", "::ffff:192.0.2.7": "192.0.2.7", "2001:DB8:0::1": "2001:db8::1", "de": "DE", "eur": "EUR",
		"CRD_0123456789ABCDEF0123456789ABCDEF": "crd_0123456789abcdef0123456789abcdef", "C-Vip": "C-Vip", "Abc ": "Abc ", "abq": "abq", "": "",
	} {
		if got := Canonical(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
		if got := Canonical(want); got != want {
			t.Errorf("%q is not its own form: %q", want, got)
		}
	}
	for _, path := range []string{"$.customer.email", "$.device.ip", "$.billing.country", "$.transaction.currency", "$.customer.id", "$.credential_fingerprint"} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"Ann@Example.com", "::FFFF:192.0.2.7", "De", "Eur", "C-1"} {
			if value == "C-1" && (path == "$.customer.email" || path == "$.credential_fingerprint") {
				continue
			}
			if Canonical(p.Normal(value)) != Canonical(value) {
				t.Errorf("%s: %q and what rules ask with differ", path, value)
			}
		}
	}
}
