package element

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"reflect"
	"testing"
)

func normaliserWith(t testing.TB, options Options) *Normaliser {
	t.Helper()
	keys, err := NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return NewNormaliser(Default(), keys, options)
}

// FuzzNormaliseIn holds the plain forms and the memos to the readers of the types.
func FuzzNormaliseIn(f *testing.F) {
	for _, s := range []string{"", "bob@example.org", "Ann.B+x@Gmail.com", "a@b--c.d", "x@1.2", "1234.5", "00.10", "12", "5", "4111 1111-1111 1111", "true", "A b", "0.50", "123-45-6789",
		"1.2.3.4.5.6.7.8.9.0.1.2.3", "ann@yahoo.de", "o'x@a.example", "7e3", "-1", "+1 202 555 0100", "٤١١١١١١١١١١١١١١١", "en-US"} {
		f.Add(s, "USD", "major")
		f.Add(s, "", "")
		f.Add(s, "jpy", "minor")
	}
	n := normaliserWith(f, Options{Region: "US", Disposable: []string{"throw.example"}})
	plain := normaliserWith(f, Options{Region: "US", Disposable: []string{"throw.example"}})
	var definitions []Definition
	for _, kind := range []Kind{Entity, Attribute} {
		for _, vt := range ValueTypes() {
			definitions = append(definitions, Definition{Name: "x", Kind: kind, Type: vt, Sensitivity: Public}, Definition{Name: "x", Kind: kind, Type: vt, Sensitivity: Hashed})
		}
		definitions = append(definitions, Definition{Name: "x", Kind: kind, Type: String, Sensitivity: Personal, Folded: true},
			Definition{Name: "x", Kind: kind, Type: String, Sensitivity: Secret})
	}
	prepared := make([]*Prepared, len(definitions))
	for i := range definitions {
		prepared[i] = n.Prepare(definitions[i])
	}
	var arena Arena
	f.Fuzz(func(t *testing.T, text, part, unit string) {
		arena.Reset()
		for i := range definitions {
			def := &definitions[i]
			raw := Raw{Text: text}
			if parts := def.Type.InputParts(); len(parts) > 0 && part != "" {
				raw.Parts = map[string]string{parts[0]: unit, parts[len(parts)-1]: part}
			}
			want, wantErr := plain.Normalise(*def, raw)
			for range 2 { // the second time from what is remembered
				got := Value{Text: "what stood there before", Display: "x", Parts: Parts{{"x", "y"}}}
				err := prepared[i].NormaliseIn(&arena, &raw, &got)
				if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Fatalf("%s %s %+v: got %+v, %v; want %+v, %v", def.Type, def.Sensitivity, raw, got, err, want, wantErr)
				}
			}
		}
		if masked, found := Scrub(text); found && (!mayHoldNumber(text) || masked == text) {
			t.Fatalf("%q holds a number and is said not to", text)
		}
	})
}

func TestNormaliseInDoesNotAllocate(t *testing.T) {
	n := normaliserWith(t, Options{Region: "US"})
	var arena Arena
	one := func(name string, raw Raw) func() {
		def, ok := n.Catalogue().Find(name)
		if !ok {
			t.Fatalf("no element %s", name)
		}
		prepared := n.Prepare(def)
		var value Value
		return func() {
			arena.Reset()
			if err := prepared.NormaliseIn(&arena, &raw, &value); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		raw  Raw
	}{
		{"username", Raw{Text: "Ann Lee"}}, {"email", Raw{Text: "Ann.Lee+x@Gmail.com"}}, {"phone", Raw{Text: "+1 202 555 0143"}},
		{"payment_from", Raw{Text: "4111 1111 1111 1111"}}, {"transaction_amount", Raw{Text: "12.5", Parts: map[string]string{PartUnit: UnitMajor, PartCurrency: "USD"}}},
		{"cart_items", Raw{Text: "12"}}, {"product_rating", Raw{Text: "4.5"}}, {"gift_order", Raw{Text: "true"}}, {"access_token", Raw{Text: "abc"}},
		{"shipping_address", Raw{Parts: map[string]string{PartStreet: "12 Main St", PartCity: "Boston", PartPostalCode: "02110"}}},
		{"user_agent", Raw{Text: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}}, {"language", Raw{Text: "en-US"}}, {"country", Raw{Text: "US"}}, {"referer", Raw{Text: "https://shop.example/a?b=c"}},
		{"ip_address", Raw{Text: "203.0.113.9"}}, {"transaction_currency", Raw{Text: "EUR"}},
	} {
		if allocations := testing.AllocsPerRun(100, one(test.name, test.raw)); allocations > 0 {
			t.Errorf("%s: %v allocations", test.name, allocations)
		}
	}
}

func BenchmarkNormaliseIn(b *testing.B) {
	n := normaliserWith(b, Options{Region: "US"})
	for _, test := range [][2]string{{"email", "visitor.123@mail7.example"}, {"phone", "+1 202 555 0143"}, {"payment_from", "4111111111111111"}, {"username", "Visitor.123"}, {"product_sku", "SKU-00123"}} {
		b.Run(test[0], func(b *testing.B) {
			def, _ := n.Catalogue().Find(test[0])
			prepared := n.Prepare(def)
			var arena Arena
			var value Value
			b.ReportAllocs()
			for range b.N {
				arena.Reset()
				_ = prepared.NormaliseIn(&arena, &Raw{Text: test[1]}, &value)
			}
		})
	}
}

// TestAppendHash compares with the library's base32.
func TestAppendHash(t *testing.T) {
	library := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	for i := range 2000 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		want := "x" + library.EncodeToString(sum[:hashBytes])
		if got := string(appendHash([]byte("x"), sum[:hashBytes])); got != want {
			t.Fatalf("%x: got %s, want %s", sum[:hashBytes], got, want)
		}
	}
}
