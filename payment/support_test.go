package payment

import (
	"encoding/json"
	"strings"
	"testing"
)

// fullRequest is a request of about a kilobyte with every section.
const fullRequest = `{
  "context": "checkout",
  "credential": {"type": "pan", "pan": {"value": "4111111111111111", "expiry_month": 12, "expiry_year": 2030, "scheme": "visa", "cardholder_name": "Ada Lovelace"}},
  "customer": {"id": "cus_81731", "email": "Ada@Example.com", "date_of_birth": "1990-12-10", "first_name": "Ada", "last_name": "Lovelace"},
  "transaction": {"reference": "order-10293", "amount": 4999, "currency": "EUR"},
  "device": {"ip": "203.0.113.9", "fingerprint": "dfp_9f8e7d6c5b4a", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "session": "sess_1", "language": "en-GB"},
  "billing": {"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main Street", "city": "Berlin", "state": "BE", "postal_code": "10115", "country": "DE"},
  "shipping": {"carrier": "DHL", "method": "STANDARD", "city": "Berlin", "country": "DE"},
  "items": [{"name": "Lamp", "sku": "L-1", "price": 2999, "quantity": 1, "product_type": "physical", "categories": ["home", "light"]}, {"sku": "B-2", "price": 1000, "quantity": 2}],
  "metadata": {"channel": "web", "device_known": "true"},
  "backend_data": {"sift": {"$site_domain": "shop.example.com"}}
}`

// acceptAll takes card numbers and knows a few prefixes.
func acceptAll(t testing.TB) Acceptance {
	t.Helper()
	bins, err := ReadBins(strings.NewReader("prefix,brand,type,category,issuer,country,prepaid\n411111,visa,credit,consumer,Test Bank,US,no\n55555555,mastercard,debit,corporate,Other Bank,DE,\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Acceptance{PCI: SAQD, Bins: bins, Prints: NewFingerprinter([]byte("a key of the tests, 32 bytes long"))}
}

// with is the full request with the value at a path replaced, or taken away where it is gone.
func with(t testing.TB, path string, value any) []byte {
	t.Helper()
	var tree Tree
	if err := json.Unmarshal([]byte(fullRequest), &tree); err != nil {
		t.Fatal(err)
	}
	p, err := ParseSource(path)
	if err != nil {
		t.Fatal(err)
	}
	last := p.steps[len(p.steps)-1]
	parent, ok := descend(tree, p.steps[:len(p.steps)-1])
	if !ok {
		t.Fatalf("nothing at the parent of %s", path)
	}
	switch {
	case value == gone:
		delete(parent.(Tree), last.name)
	case last.index >= 0:
		parent.([]any)[last.index] = value
	default:
		parent.(Tree)[last.name] = value
	}
	body, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// gone takes a member away.
const gone = "\x00gone"
