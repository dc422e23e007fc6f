package element

import (
	"errors"
	"testing"
	"unicode/utf8"
)

// readable gives one public definition of each value type that is kept in clear, as entity and as attribute.
func readable() []Definition {
	var all []Definition
	for _, t := range ValueTypes() {
		for _, kind := range []Kind{Entity, Attribute} {
			all = append(all, Definition{Name: "x", Kind: kind, Type: t, Sensitivity: Public})
		}
	}
	return append(all, Definition{Name: "x", Kind: Entity, Type: String, Sensitivity: Public, Folded: true})
}

// checkValue holds every normaliser to the promises of Normalise.
func checkValue(t *testing.T, n *Normaliser, def Definition, raw Raw) {
	t.Helper()
	v, err := n.Normalise(def, raw)
	if err != nil {
		var invalid *InvalidError
		if !errors.Is(err, ErrEmpty) && !errors.As(err, &invalid) {
			t.Fatalf("%s: error of type %T", def.Type, err)
		}
		return
	}
	texts := []string{v.Text, v.Display}
	for _, part := range v.Parts {
		texts = append(texts, part.Text)
	}
	for _, text := range texts {
		if len(text) > maxText || !utf8.ValidString(text) {
			t.Fatalf("%s: %d bytes, valid %v: %.60q", def.Type, len(text), utf8.ValidString(text), text)
		}
		if def.Type == Phone {
			continue
		}
		if _, found := Scrub(text); found {
			t.Fatalf("%s: a card number or SSN stays: %q", def.Type, text)
		}
	}
	if v.Text == "" || def.Sensitivity == Hashed || def.Type.least() == Hashed {
		return
	}
	again, err := n.Normalise(def, Raw{Text: v.Text, Parts: v.Parts.Map()})
	if err != nil {
		t.Fatalf("%s: %q cannot be read again: %v", def.Type, v.Text, err)
	}
	if again.Text != v.Text {
		t.Fatalf("%s: twice gives\n%q, first\n%q", def.Type, again.Text, v.Text)
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{
		"", " ", "bob@example.org", "+1 202 555 0143", "12 Main St, Springfield, IL 62704, US", "usd", "$1,234.56", "4111111111111111",
		"::ffff:1.2.3.4", "[::1]:80", "Credit Card", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126", "https://u:p@h.example/a?b=c#d", "12/27",
		"en-US,en;q=0.9", "2026-11-21", "\xff\xfe", "İ", "ﷺ", "٤١١١", "e\u0301\u0301", "078-05-1120", "a@xn--", "1e17", "19.990000000000002",
	} {
		f.Add(s)
	}
	n := NewNormaliser(Default(), testKeys(f), Options{Region: "US", CacheSize: 64})
	definitions := readable()
	f.Fuzz(func(t *testing.T, s string) {
		for _, def := range definitions {
			checkValue(t, n, def, Raw{Text: s})
		}
	})
}

func FuzzAddressParts(f *testing.F) {
	f.Add("12 Main St Apt 4", "Springfield", "Illinois", "62704-1234", "usa", "1.5", "-2")
	f.Add("Hauptstraße 5", "Sankt Ö", "", "D-10115", "Deutschland", "", "")
	f.Add("# # 5 ste 4 no 3", "city", "CA", "#", "ca", "NaN", "inf")
	n := testNormaliser(f)
	def := Definition{Name: "x", Kind: Entity, Type: Address, Sensitivity: Personal}
	f.Fuzz(func(t *testing.T, street, city, region, postal, country, latitude, longitude string) {
		checkValue(t, n, def, Raw{Parts: map[string]string{
			PartStreet: street, PartCity: city, PartRegion: region, PartPostalCode: postal, PartCountry: country,
			PartLatitude: latitude, PartLongitude: longitude,
		}})
	})
}

func FuzzMoney(f *testing.F) {
	f.Add("1,234.56", "major", "USD")
	f.Add("99.999999999999", "major", "KWD")
	f.Add("(5)", "", "")
	f.Add("-0.00", "minor", "JPY")
	n := testNormaliser(f)
	def := Definition{Name: "x", Kind: Attribute, Type: Money, Sensitivity: Public}
	f.Fuzz(func(t *testing.T, amount, unit, code string) {
		checkValue(t, n, def, Raw{Text: amount, Parts: map[string]string{PartUnit: unit, PartCurrency: code}})
	})
}

// The form before hashing is what must be stable for hashed elements.
func FuzzConcealed(f *testing.F) {
	f.Add("4111 1111 1111 1111", "110000000")
	f.Add("DE89 3704 0044 0532 0130 00", "")
	f.Add("**** 1111", "x")
	f.Add("078-05-1120", "")
	n := testNormaliser(f)
	f.Fuzz(func(t *testing.T, text, routing string) {
		for _, kind := range []ValueType{PaymentAccount, TaxID, String, Email, Phone, IPAddress} {
			def := Definition{Name: "x", Kind: Entity, Type: kind, Sensitivity: Hashed}
			raw := Raw{Text: text, Parts: map[string]string{PartRouting: routing}}
			checkValue(t, n, def, raw)
			clear, err := n.canonical(def, raw, true)
			if err != nil || clear.Text == "" {
				continue
			}
			again, err := n.canonical(def, Raw{Text: clear.Text}, true)
			bank := clear.Parts.Of(PartKind) == accountBank && routing != ""
			if !bank && (err != nil || again.Text != clear.Text) {
				t.Fatalf("%s: %q, then %q, %v", kind, clear.Text, again.Text, err)
			}
			if hidden := n.conceal(def, clear); hidden.Text != "" && !isHash(hidden.Text) {
				t.Fatalf("%s: %q is not a hash", kind, hidden.Text)
			}
		}
	})
}

func FuzzScrub(f *testing.F) {
	for _, s := range []string{"4111111111111111", "4111 1111 1111 1111 4111 1111 1111 1111", "078-05-1120", "1-1-1-1-1-1-1-1-1-1-1-1-1-1", "٤١١١"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		masked, found := Scrub(s)
		if found == (masked == s) {
			t.Fatalf("%q: found is %v, text %q", s, found, masked)
		}
		if utf8.ValidString(s) && !utf8.ValidString(masked) {
			t.Fatalf("%q: broken text %q", s, masked)
		}
		if again, more := Scrub(masked); more {
			t.Fatalf("%q: first %q, then %q", s, masked, again)
		}
	})
}

func FuzzSearchForm(f *testing.F) {
	f.Add("email", "Bob@Example.org")
	f.Add("payment_from", "4111111111111111")
	n := testNormaliser(f)
	f.Fuzz(func(t *testing.T, name, text string) {
		got := n.SearchForm(name, text)
		if len(got) > maxText || !utf8.ValidString(got) {
			t.Fatalf("%d bytes, valid %v", len(got), utf8.ValidString(got))
		}
		def, _ := n.catalogue.Find(name)
		if _, found := Scrub(got); found && def.Type != Phone {
			t.Fatalf("a card number stays: %q", got)
		}
	})
}
