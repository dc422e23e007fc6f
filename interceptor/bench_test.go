package interceptor

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"wayguard/payment"
)

// BenchmarkIntercept is what an interceptor adds to a request before the decision: reading the body, mapping with 57 entries, and
// listing what fields there are.
func BenchmarkIntercept(b *testing.B) {
	data, err := os.ReadFile("testdata/adyen.mapping.json")
	if err != nil {
		b.Fatal(err)
	}
	var entries []Entry
	if err := json.Unmarshal(data, &entries); err != nil {
		b.Fatal(err)
	}
	p, problems := Compile(with(entries), payment.SAQA)
	if problems != nil {
		b.Fatal(problems)
	}
	body := []byte(`{"amount":{"currency":"EUR","value":1000},"reference":"ORDER-1","paymentMethod":{"type":"scheme","number":"4111111111111111","expiryMonth":"03",
		"expiryYear":"2030","holderName":"John Smith","cvc":"737"},"billingAddress":{"country":"US","city":"New York","street":"Redwood Block","houseNumberOrName":"37C",
		"stateOrProvince":"NY","postalCode":"10039"},"shopperEmail":"s.hopper@test.com","shopperIP":"192.0.2.1","shopperReference":"c-1","merchantAccount":"SHOP"}`)
	steps := map[string]func(){
		"read": func() { Read(JSON, body) },
	}
	d, problems := Read(JSON, body)
	if problems != nil {
		b.Fatal(problems)
	}
	steps["map"] = func() { p.Map(Inbound{Document: d}) }
	steps["discover"] = func() { Discover(d) }
	var known []DiscoveredKey
	for i := range MaxDiscovered - 50 {
		known = append(known, DiscoveredKey{Key: fmt.Sprintf("$.field%d.name", i), Type: "string", Count: 2})
	}
	seen := Discover(d)
	steps["merge"] = func() { known = Merge(known, seen, time.Time{}) }
	for _, name := range []string{"read", "map", "discover", "merge"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				steps[name]()
			}
		})
	}
}
