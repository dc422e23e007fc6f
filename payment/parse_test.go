package payment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"wayguard/element"
)

func TestAFullRequest(t *testing.T) {
	r, problems := Parse([]byte(fullRequest), acceptAll(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(r.Warnings) > 0 {
		t.Errorf("warnings: %v", r.Warnings)
	}
	for _, want := range []struct {
		path  string
		value any
	}{
		{"$.context", "checkout"}, {"$.credential_type", "pan"}, {"$.masked_credential", "411111 ****** 1111"},
		{"$.credential.first_six", "411111"}, {"$.credential.pan.last_four", "1111"}, {"$.credential.scheme", "visa"},
		{"$.credential.pan.expiry_month", json.Number("12")}, {"$.credential.expiry_year", json.Number("2030")},
		{"$.credential.bin_data.is_commercial", false}, {"$.payment_method.card.bin_data.issuer", "Test Bank"},
		{"$.transaction.amount", json.Number("4999")}, {"$.customer.email", "Ada@Example.com"}, {"$.device.ip", "203.0.113.9"},
		{"$.items[1].sku", "B-2"}, {"$.items[0].categories[1]", "light"}, {"$.metadata.device_known", "true"}, {"$.shipping.method", "STANDARD"},
	} {
		p, err := ParsePath(want.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := Lookup(r.Tree, p); got != want.value {
			t.Errorf("%s = %v, want %v", want.path, got, want.value)
		}
	}
	if r.Credential.Number != "4111111111111111" || r.Amount != 4999 || r.Currency != "EUR" || r.Reference != "order-10293" ||
		r.Customer.BirthDate != "1990-12-10" || r.Device.Session != "sess_1" || r.BillingCountry != "DE" || r.ShippingCountry != "DE" ||
		r.Metadata["channel"] != "web" || r.Context != "checkout" {
		t.Errorf("fields: %+v", r)
	}
	if r.BackendData["sift"]["$site_domain"] != "shop.example.com" {
		t.Errorf("backend data: %v", r.BackendData)
	}
	if _, there := r.Tree["backend_data"]; there {
		t.Error("rules can read backend_data")
	}
	if r.Fingerprint != r.Tree["credential_fingerprint"] || !strings.HasPrefix(r.Fingerprint, "crd_") || len(r.Fingerprint) != 36 {
		t.Errorf("fingerprint %q", r.Fingerprint)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for _, c := range []struct {
		path  string
		value any
		want  string
	}{
		{"$.credential", gone, "$.credential.type required"},
		{"$.credential", "pan", "$.credential type"},
		{"$.credential.type", gone, "$.credential.type required"},
		{"$.credential.type", 7, "$.credential.type type"},
		{"$.credential.type", "card", "$.credential.type unknown"},
		{"$.credential.type", "sepa", "$.credential.sepa.iban required"},
		{"$.credential.pan", gone, "$.credential.pan.value required"},
		{"$.credential.pan", "x", "$.credential.pan type"},
		{"$.credential.pan.value", gone, "$.credential.pan.value required"},
		{"$.credential.pan.value", 4111111111111111, "$.credential.pan.value type"},
		{"$.credential.pan.value", "4111111111111112", "$.credential.pan.value format"},
		{"$.credential.pan.value", "41111111111", "$.credential.pan.value format"},
		{"$.credential.pan.value", "41111111111111111111", "$.credential.pan.value format"},
		{"$.credential.pan.value", "411111111111111a", "$.credential.pan.value format"},
		{"$.customer", gone, "$.customer.id required"},
		{"$.customer", []any{}, "$.customer type"},
		{"$.customer.id", gone, "$.customer.id required"},
		{"$.customer.id", "", "$.customer.id required"},
		{"$.customer.id", nil, "$.customer.id required"},
		{"$.customer.id", 17, "$.customer.id type"},
		{"$.customer.id", strings.Repeat("x", 257), "$.customer.id too_long"},
		{"$.transaction", gone, "$.transaction.amount required; $.transaction.currency required; $.transaction.reference required"},
		{"$.transaction.reference", gone, "$.transaction.reference required"},
		{"$.transaction.amount", gone, "$.transaction.amount required"},
		{"$.transaction.amount", "4999", "$.transaction.amount type"},
		{"$.transaction.amount", 49.99, "$.transaction.amount type"},
		{"$.transaction.amount", json.Number("1e3"), "$.transaction.amount type"},
		{"$.transaction.amount", -1, "$.transaction.amount range"},
		{"$.transaction.amount", 1_000_000_000_000, "$.transaction.amount range"},
		{"$.transaction.currency", "EURO", "$.transaction.currency format"},
		{"$.transaction.currency", "XX ", "$.transaction.currency format"},
		{"$.transaction.currency", "D A", "$.transaction.currency format"},
		{"$.context", 1, "$.context type"},
	} {
		t.Run(fmt.Sprint(c.path, " ", c.want), func(t *testing.T) {
			r, problems := Parse(with(t, c.path, c.value), acceptAll(t))
			if r != nil || told(problems) != c.want {
				t.Errorf("got %q (request %v), want %q", told(problems), r != nil, c.want)
			}
		})
	}
}

func told(problems []Problem) string {
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.Field + " " + p.Code
	}
	return strings.Join(words, "; ")
}

func TestWhatIsNoRequest(t *testing.T) {
	for body, want := range map[string]string{
		``: "$ json", `{`: "$ json", `[]`: "$ type", `"x"`: "$ type", `{} {}`: "$ json", `{"a":1,}`: "$ json",
		`{"customer":{"id":"a","id":"b"}}`:                                "$.customer.id duplicate",
		`{"items":[{"sku":"a"},{"sku":"b","sku":"c"}]}`:                   "$.items[1].sku duplicate",
		`{"4111111111111111":1,"4111111111111111":2}`:                     "$.* duplicate",
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`: "$.a" + strings.Repeat("[0]", 32) + " too_large",
		`{"a":[` + strings.Repeat("1,", maxValues) + `1]}`:                fmt.Sprintf("$.a[%d] too_large", maxValues-2),
		`{"a":"` + strings.Repeat("x", maxBody) + `"}`:                    "$ too_large",
	} {
		if r, problems := Parse([]byte(body), acceptAll(t)); r != nil || told(problems) != want {
			t.Errorf("%.60s: got %q, want %q", body, told(problems), want)
		}
	}
}

func TestCardNumbersAreAcceptedByLevel(t *testing.T) {
	for level, want := range map[PCILevel]string{"": "$.credential.type pan_not_accepted", SAQA: "$.credential.type pan_not_accepted", SAQD: "", ROC: ""} {
		a := acceptAll(t)
		a.PCI = level
		if _, problems := Parse([]byte(fullRequest), a); told(problems) != want {
			t.Errorf("%q: %q, want %q", level, told(problems), want)
		}
	}
}

func TestCredentials(t *testing.T) {
	base := `,"customer":{"id":"c"},"transaction":{"reference":"r","amount":0,"currency":"eur"}}`
	for _, c := range []struct{ credential, problems, masked, scheme string }{
		{`{"type":"masked_pan"}`, "", "", ""},
		{`{"type":"masked_pan","first_six":"555555","last_four":"4444"}`, "", "555555 ****** 4444", ""},
		{`{"type":"masked_pan","masked_pan":{"first_six":"55555544","last_four":"4444","scheme":"MasterCard","expiry_month":3,"expiry_year":31}}`, "", "555555 ****** 4444", "mastercard"},
		{`{"type":"masked_pan","masked_pan":{"first_six":"555555"},"last_four":"4444"}`, "", "555555 ****** 4444", ""},
		{`{"type":"masked_pan","masked_pan":{"value":"555555******4444"}}`, "", "555555 ****** 4444", ""},
		{`{"type":"masked_pan","masked_pan":{"value":"XXXX-XXXX-XXXX-4444"}}`, "", "****** 4444", ""},
		{`{"type":"masked_pan","first_six":"555555"}`, "", "555555 ******", ""},
		{`{"type":"masked_pan","first_six":"5555555555554444"}`, "$.credential.first_six format", "", ""},
		{`{"type":"masked_pan","masked_pan":{"value":"5555555555554444"}}`, "$.credential.masked_pan.value format", "", ""},
		{`{"type":"masked_pan","masked_pan":{"value":"4444*5555555555"}}`, "$.credential.masked_pan.value format", "", ""},
		{`{"type":"masked_pan","last_four":"44445"}`, "$.credential.last_four format", "", ""},
		{`{"type":"masked_pan","last_four":4444}`, "$.credential.last_four type", "", ""},
		{`{"type":"sepa","sepa":{"iban":"de89 3704 0044 0532 0130 00","bic":"cobadeffxxx","account_holder_name":"Ada"}}`, "", "DE8937 ****** 3000", ""},
		{`{"type":"sepa","iban":"DE89370400440532013000"}`, "", "DE8937 ****** 3000", ""},
		{`{"type":"sepa","sepa":{"iban":"DE88370400440532013000"}}`, "$.credential.sepa.iban format", "", ""},
		{`{"type":"sepa","sepa":{"iban":"ZZ89370400440532013000"}}`, "$.credential.sepa.iban format", "", ""},
		{`{"type":"pan","value":"4111 1111 1111 1111"}`, "", "411111 ****** 1111", "visa"},
	} {
		r, problems := Parse([]byte(`{"credential":`+c.credential+base), acceptAll(t))
		if told(problems) != c.problems {
			t.Errorf("%s: problems %q, want %q", c.credential, told(problems), c.problems)
		}
		if r == nil {
			continue
		}
		if r.Masked != c.masked || r.Credential.Scheme != c.scheme || r.Currency != "EUR" || r.Context != DefaultContext {
			t.Errorf("%s: masked %q, scheme %q", c.credential, r.Masked, r.Credential.Scheme)
		}
		if (r.Masked == "") != (r.Tree["masked_credential"] == nil) || (r.Fingerprint == "") != (r.Tree["credential_fingerprint"] == nil) {
			t.Errorf("%s: the tree holds empty texts: %v", c.credential, r.Tree)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		path  string
		value any
		want  string
	}{
		{"$.customer.shoe_size", "44", "$.customer.shoe_size unknown_field"},
		{"$.extra", Tree{"deep": Tree{"cvv": "737", "x": "y"}}, "$.extra unknown_field; $.extra.cvv dropped"},
		{"$.items[0].colour", "red", "$.items[*].colour unknown_field"},
		{"$.credential.pan.cvc", "737", "$.credential.pan.cvc dropped"},
		{"$.credential.pan.number", "4111111111111111", "$.credential.pan.number dropped"},
		{"$.metadata.cvv", "737", "$.metadata.cvv dropped"},
		{"$.metadata.note", "card 4242-4242-4242-4242", "$.metadata.note masked"},
		{"$.backend_data.sift", Tree{"card": Tree{"securityCode": "737"}}, "$.backend_data.sift dropped"},
		{"$.journey", Tree{"rating": "normal"}, "$.journey dropped"},
		{"$.credential_fingerprint", "crd_x", "$.credential_fingerprint dropped"},
		{"$.device.ip", "not an address", "$.device.ip format"},
		{"$.billing.country", "Germany", "$.billing.country format"},
		{"$.customer.4111111111111111", "x", "$.customer.* dropped"},
		{"$.customer.client_secret", "x", "$.customer.client_secret dropped"},
		{"$.billing.phone", "+49 151 1234 5678", ""},
	} {
		r, problems := Parse(with(t, c.path, c.value), acceptAll(t))
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.path, problems)
			continue
		}
		if told(r.Warnings) != c.want {
			t.Errorf("%s: %q, want %q", c.path, told(r.Warnings), c.want)
		}
	}
}

func TestUnknownFieldsCanBeReadAndJudgementsCannotBeSent(t *testing.T) {
	r, _ := Parse(with(t, "$.extra", Tree{"deep": []any{Tree{"x": "y"}}}), acceptAll(t))
	p, _ := ParsePath("$.extra.deep[0].x")
	if got, _ := Lookup(r.Tree, p); got != "y" {
		t.Errorf("extra: %v", got)
	}
	body := with(t, "$.credential.bin_data", Tree{"is_commercial": true})
	a := acceptAll(t)
	a.Bins = nil
	r, _ = Parse(body, a)
	if _, there := r.Tree["credential"].(Tree)["bin_data"]; there {
		t.Error("a caller wrote bin_data")
	}
}

func TestValuesAreKeptInTheirUsualForm(t *testing.T) {
	for _, c := range []struct {
		path       string
		sent, want any
	}{
		{"$.device.ip", "2001:DB8:0::1", "2001:db8::1"},
		{"$.device.ip", "::ffff:203.0.113.9", "203.0.113.9"},
		{"$.device.ip", "10.0.0.256", "10.0.0.256"},
		{"$.billing.country", "de", "DE"},
		{"$.transaction.currency", "usd", "USD"},
		{"$.customer.first_name", "A\x00d\x1ba", "Ada"},
		{"$.customer.id", "a customer", "a customer"},
	} {
		r, problems := Parse(with(t, c.path, c.sent), acceptAll(t))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		p, _ := ParsePath(c.path)
		if got, _ := Lookup(r.Tree, p); got != c.want {
			t.Errorf("%s: %v kept as %v, want %v", c.path, c.sent, got, c.want)
		}
	}
	if r, _ := Parse(with(t, "$.device.ip", "nonsense"), acceptAll(t)); r.Device.IP != "" {
		t.Errorf("an address that is none: %q", r.Device.IP)
	}
}

// Two customers whose ids look like card numbers with the same ends must stay two, or velocity rules would count them as one.
func TestMaskedIdentifiersStayDifferent(t *testing.T) {
	one, _ := Parse(with(t, "$.customer.id", "4242424242424242"), acceptAll(t))
	two, _ := Parse(with(t, "$.customer.id", "4242420000004242"), acceptAll(t))
	again, _ := Parse(with(t, "$.customer.id", "4242424242424242"), acceptAll(t))
	if one.Customer.ID == two.Customer.ID && element.Luhn("4242420000004242") || one.Customer.ID != again.Customer.ID {
		t.Errorf("%q, %q, %q", one.Customer.ID, two.Customer.ID, again.Customer.ID)
	}
	if !strings.HasPrefix(one.Customer.ID, "424242******4242#") {
		t.Errorf("id kept as %q", one.Customer.ID)
	}
}

func TestATreeIsReadLikeItsJSONAndNotChanged(t *testing.T) {
	var tree Tree
	if err := json.Unmarshal([]byte(fullRequest), &tree); err != nil {
		t.Fatal(err)
	}
	tree["transaction"].(Tree)["amount"] = int64(4999)
	before, _ := json.Marshal(tree)
	fromTree, problems := ParseTree(tree, acceptAll(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if after, _ := json.Marshal(tree); string(after) != string(before) {
		t.Error("the tree was changed")
	}
	fromJSON, _ := Parse([]byte(fullRequest), acceptAll(t))
	one, _ := json.Marshal(fromTree.Tree)
	two, _ := json.Marshal(fromJSON.Tree)
	if string(one) != string(two) {
		t.Errorf("from a tree:\n%s\nfrom JSON:\n%s", one, two)
	}
	for _, value := range []any{json.Number("1,2"), json.Number(""), struct{}{}, map[string]string{}, []any{uint8(1)}} {
		tree["extra"] = value
		if _, problems := ParseTree(tree, acceptAll(t)); len(problems) != 1 || problems[0].Code != CodeType {
			t.Errorf("%T: %v", value, problems)
		}
	}
}

func TestProblemsComeInOneOrder(t *testing.T) {
	body := []byte(`{"credential":{"type":"masked_pan","last_four":1},"customer":{"id":1,"email":2,"first_name":3,"last_name":4},"billing":{"city":1,"state":2},"items":[1,2,3]}`)
	_, first := Parse(body, acceptAll(t))
	for range 20 {
		if _, again := Parse(body, acceptAll(t)); !slices.Equal(first, again) {
			t.Fatalf("%v, then %v", first, again)
		}
	}
	if len(first) != 5 {
		t.Errorf("%d problems: %s", len(first), told(first))
	}
}

// What a buyer can write must not make a request invalid: the merchant may let a payment pass that was not decided.
func TestABuyerCannotEscapeTheDecision(t *testing.T) {
	long := strings.Repeat("é", maxText)
	for _, c := range []struct{ path, sent, want string }{
		{"$.device.user_agent", long, strings.Repeat("é", maxText/2)},
		{"$.customer.first_name", long, strings.Repeat("é", maxText/2)},
		{"$.device.session", strings.Repeat("s", 1000), strings.Repeat("s", maxIdentifier) + "#"},
		{"$.customer.email", "a\xffb", "a\ufffdb"},
	} {
		body := bytes.Replace(with(t, c.path, "HERE"), []byte("HERE"), []byte(c.sent), 1)
		r, problems := Parse(body, acceptAll(t))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", c.path, problems)
		}
		p, _ := ParsePath(c.path)
		if got, _ := Lookup(r.Tree, p); !strings.HasPrefix(got.(string), c.want) || len(got.(string)) > len(c.want)+8 {
			t.Errorf("%s was kept with %d bytes", c.path, len(got.(string)))
		}
	}
	body := bytes.Replace(with(t, "$.customer.last_name", "HERE"), []byte("HERE"), []byte(`\ud800x`), 1)
	if r, problems := Parse(body, acceptAll(t)); r == nil || r.Customer.LastName != "\ufffdx" {
		t.Errorf("half a surrogate: %v", problems)
	}
	one, _ := Parse(with(t, "$.device.session", strings.Repeat("s", 1000)), acceptAll(t))
	two, _ := Parse(with(t, "$.device.session", strings.Repeat("s", 1001)), acceptAll(t))
	if one.Device.Session == two.Device.Session {
		t.Error("two sessions became one")
	}
}
