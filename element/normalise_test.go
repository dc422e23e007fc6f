package element

import (
	"errors"
	"strings"
	"testing"
)

func testKeys(t testing.TB) Keys {
	t.Helper()
	keys, err := NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func testNormaliser(t testing.TB) *Normaliser {
	t.Helper()
	return NewNormaliser(Default(), testKeys(t), Options{Region: "US"})
}

func define(t testing.TB, name string) Definition {
	t.Helper()
	def, ok := Default().Find(name)
	if !ok {
		t.Fatalf("no element %s", name)
	}
	return def
}

// parts makes a map of "name=value" texts.
func parts(pairs ...string) map[string]string {
	m := map[string]string{}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		m[name] = value
	}
	return m
}

func TestNormaliseText(t *testing.T) {
	n := testNormaliser(t)
	for _, c := range []struct {
		element string
		raw     Raw
		text    string
		parts   map[string]string
	}{
		{"search_term", Raw{Text: "  red \t shoes\x00\u202e "}, "red shoes", nil},
		{"search_term", Raw{Text: "e\u0301te\u0301"}, "été", nil},
		{"search_term", Raw{Text: "bad \xff byte"}, "bad \uFFFD byte", nil},
		{"username", Raw{Text: " Ｂｏｂ\u200b_STRASSE "}, "bob_strasse", nil},
		{"product_quantity", Raw{Text: "007"}, "7", nil},
		{"product_quantity", Raw{Text: "1,000"}, "1000", nil},
		{"product_quantity", Raw{Text: "3.00"}, "3", nil},
		{"product_quantity", Raw{Text: "1e3"}, "1000", nil},
		{"latitude", Raw{Text: "-0.500"}, "-0.5", nil},
		{"latitude", Raw{Text: "−12"}, "-12", nil},
		{"latitude", Raw{Text: "-0"}, "0", nil},
		{"final_sale", Raw{Text: "Yes"}, "true", nil},
		{"final_sale", Raw{Text: "0"}, "false", nil},
		{"email", Raw{Text: " Bob.Smith+Shop@GoogleMail.com "}, "bob.smith+shop@googlemail.com",
			parts("domain=googlemail.com", "mailbox=bobsmith@gmail.com", "disposable=false", "registrable_domain=googlemail.com")},
		{"email", Raw{Text: "Bob <mailto:bob@mail.example.co.uk>"}, "", nil},
		{"email", Raw{Text: "Bob <bob@mail.example.co.uk>"}, "bob@mail.example.co.uk", parts("registrable_domain=example.co.uk")},
		{"email", Raw{Text: "mailto:a@b.org?subject=x"}, "a@b.org", nil},
		{"email", Raw{Text: "x@bücher.de"}, "x@xn--bcher-kva.de", parts("domain=xn--bcher-kva.de")},
		{"email", Raw{Text: "x@аpple.com"}, "x@xn--pple-43d.com", parts("mixed_script=true")},
		{"email", Raw{Text: "x@mailinator.com"}, "x@mailinator.com", parts("disposable=true")},
		{"email", Raw{Text: "x@sub.mailinator.com"}, "x@sub.mailinator.com", parts("disposable=true")},
		{"phone", Raw{Text: "(202) 555-0143"}, "+12025550143", parts("digits=12025550143", "country=US")},
		{"phone", Raw{Text: "tel:+44 20 7946 0958"}, "+442079460958", parts("country=GB")},
		{"phone", Raw{Text: "030 901820", Parts: parts("country=Germany")}, "+4930901820", parts("country=DE")},
		{"country", Raw{Text: "united states of america"}, "US", nil},
		{"country", Raw{Text: "UK"}, "GB", nil},
		{"country", Raw{Text: "Deutschland"}, "DE", nil},
		{"country", Raw{Text: "Holland"}, "NL", nil},
		{"country", Raw{Text: "usa"}, "US", nil},
		{"country", Raw{Text: "276"}, "DE", nil},
		{"country", Raw{Text: "🇫🇷"}, "FR", nil},
		{"transaction_currency", Raw{Text: "usd"}, "USD", nil},
		{"transaction_currency", Raw{Text: "€"}, "EUR", nil},
		{"transaction_currency", Raw{Text: "978"}, "EUR", nil},
		{"transaction_currency", Raw{Text: "MRU"}, "MRU", nil},
		{"ip_address", Raw{Text: "::ffff:203.0.113.9"}, "203.0.113.9", parts("version=4", "prefix=203.0.113.0/24", "private=false")},
		{"ip_address", Raw{Text: "[2001:DB8:0:12ff::1]:443"}, "2001:db8:0:12ff::1", parts("version=6", "prefix=2001:db8:0:1200::/56")},
		{"ip_address", Raw{Text: "fe80::1%eth0"}, "fe80::1", parts("private=true")},
		{"ip_address", Raw{Text: "10.1.2.3:8080"}, "10.1.2.3", parts("private=true")},
		{"payment_type", Raw{Text: "Credit Card"}, "credit_card", nil},
		{"payment_type", Raw{Text: "ACH"}, "direct_debit", nil},
		{"payment_type", Raw{Text: "seashells"}, "other", nil},
		{"card_expiry_month", Raw{Text: "07"}, "7", nil},
		{"card_expiry_month", Raw{Text: "Sept"}, "9", nil},
		{"card_expiry_month", Raw{Text: "12/27"}, "12", nil},
		{"card_expiry_year", Raw{Text: "27"}, "2027", nil},
		{"card_expiry_year", Raw{Text: "12 / 2027"}, "2027", nil},
		{"card_expiry_year", Raw{Text: "2027-12"}, "2027", nil},
		{"language", Raw{Text: "de-at;q=0.5, en_us"}, "en-US", nil},
		{"language", Raw{Text: "fr;q=0.5,en-US,en;q=0.9"}, "en-US", parts("base=en")},
		{"language", Raw{Text: "pt_BR.UTF-8"}, "pt-BR", parts("base=pt")},
		{"order_date", Raw{Text: "2026-11-21T22:05:50Z"}, "2026-11-21", nil},
		{"order_date", Raw{Text: "11/21/2026"}, "2026-11-21", nil},
		{"order_date", Raw{Text: "21/11/2026"}, "2026-11-21", nil},
		{"order_date", Raw{Text: "4.3.2026"}, "2026-03-04", nil},
		{"order_date", Raw{Text: "January 2, 2006"}, "2006-01-02", nil},
		{"url", Raw{Text: "HTTPS://bob:pw@Shop.Example:443/a/../b//c?token=secret&q=shoes&q=2#frag"}, "https://shop.example/b/c?q&token", parts("host=shop.example", "path=/b/c")},
		{"url", Raw{Text: "/reset/a8f3c2d1e4b5a6978877/x?y"}, "/reset/•/x?y", nil},
		{"url", Raw{Text: "https://x.example/pay/4111%201111%201111%201111"}, "https://x.example/pay/•", nil},
		{"url", Raw{Text: "https://shop.example"}, "https://shop.example/", nil},
	} {
		v, err := n.Normalise(define(t, c.element), c.raw)
		if c.text == "" {
			if err == nil {
				t.Errorf("%s %q: want an error, got %q", c.element, c.raw.Text, v.Text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %q: %v", c.element, c.raw.Text, err)
			continue
		}
		if v.Text != c.text {
			t.Errorf("%s %q: text %q, want %q", c.element, c.raw.Text, v.Text, c.text)
		}
		for name, want := range c.parts {
			if v.Parts.Of(name) != want {
				t.Errorf("%s %q: part %s is %q, want %q", c.element, c.raw.Text, name, v.Parts.Of(name), want)
			}
		}
	}
}

func TestNormaliseRefuses(t *testing.T) {
	n := testNormaliser(t)
	for _, c := range []struct{ element, text string }{
		{"product_quantity", "3.5"}, {"product_quantity", "many"}, {"product_quantity", "1,00"},
		{"product_quantity", "1e400"}, {"product_quantity", "0x10"}, {"product_quantity", "NaN"},
		{"product_quantity", "4111111111111111"}, {"final_sale", "perhaps"},
		{"email", "no at sign"}, {"email", "@b.org"}, {"email", "a@localhost"}, {"email", "a b@c.org"}, {"email", "a@-b.org"},
		{"email", "a@b..org"}, {"email", "a@1.2.3.4"}, {"email", "a@" + strings.Repeat("b", 300) + ".org"},
		{"phone", "call me"}, {"phone", "12"}, {"phone", strings.Repeat("1", 70)}, {"phone", "4111111111111111"}, {"phone", "378282246310005"},
		{"email", "4111111111111111@example.com"}, {"url", "https://4111111111111111.example/"},
		{"country", "Atlantis"}, {"country", "XX"}, {"country", strings.Repeat("a", 5000)},
		{"transaction_currency", "$"}, {"transaction_currency", "ZZZ"}, {"transaction_currency", "XXX"},
		{"ip_address", "300.1.1.1"}, {"ip_address", "example.com"}, {"payment_from", "12"}, {"payment_from", "---"},
		{"card_expiry_month", "13"}, {"card_expiry_month", "0"}, {"card_expiry_year", "1"}, {"card_expiry_year", "3000"},
		{"language", "not a language"}, {"order_date", "03/04/2026"}, {"order_date", "2026-13-01"}, {"order_date", "soon"},
		{"url", "javascript:alert(1)"}, {"url", "data:text/html,x"}, {"url", "not a url"}, {"url", "http://"},
		{"transaction_amount", "1.234"}, {"transaction_amount", "twelve"}, {"transaction_amount", "12 potatoes"},
		{"transaction_amount", "1,23,4"}, {"transaction_amount", "99999999999999999999"}, {"transaction_amount", "¥100"},
		{"ssn", "1"},
	} {
		v, err := n.Normalise(define(t, c.element), Raw{Text: c.text})
		var invalid *InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%s %.40q: want an InvalidError, got %q, %v", c.element, c.text, v.Text, err)
			continue
		}
		if invalid.Element != c.element || invalid.Reason == "" {
			t.Errorf("%s %.40q: error says %+v", c.element, c.text, invalid)
		}
		if len(c.text) > 8 && strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error holds the value: %v", c.element, err)
		}
	}
}

func TestNormaliseEmpty(t *testing.T) {
	n := testNormaliser(t)
	for _, def := range Default().All() {
		if _, err := n.Normalise(def, Raw{}); !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: an absent value gives %v", def.Name, err)
		}
		if def.Sensitivity == Secret {
			continue // spaces are a password
		}
		if v, err := n.Normalise(def, Raw{Text: " \t "}); err == nil {
			t.Errorf("%s: white space gives %+v", def.Name, v)
		}
	}
}

func TestMoney(t *testing.T) {
	n := testNormaliser(t)
	for _, c := range []struct {
		text, unit, currency string
		want, display        string
	}{
		{"12.34", "major", "USD", "1234", "12.34 USD"},
		{"12", "major", "USD", "1200", "12.00 USD"},
		{"1234", "minor", "USD", "1234", "12.34 USD"},
		{"1234", "", "", "1234", "12.34"},
		{"12.5", "", "", "1250", "12.50"},
		{"$1,234.56", "", "", "123456", "1234.56"},
		{"1.234,56 €", "", "", "123456", "1234.56 EUR"},
		{"1 234,56", "major", "EUR", "123456", "1234.56 EUR"},
		{"1'234.50", "major", "CHF", "123450", "1234.50 CHF"},
		{"1,234", "major", "USD", "123400", "1234.00 USD"},
		{"1,234,567", "major", "USD", "123456700", "1234567.00 USD"},
		{"1200", "major", "JPY", "1200", "1200 JPY"},
		{"1.234", "major", "KWD", "1234", "1.234 KWD"},
		{"-5.00", "major", "USD", "-500", "-5.00 USD"},
		{"(5.00)", "major", "USD", "-500", "-5.00 USD"},
		{"5,00-", "major", "EUR", "-500", "-5.00 EUR"},
		{".50", "major", "USD", "50", "0.50 USD"},
		{"0.05", "major", "USD", "5", "0.05 USD"},
		{"19.990000000000002", "major", "USD", "1999", "19.99 USD"},
		{"19.989999999999998", "major", "USD", "1999", "19.99 USD"},
		{"0.999999999999999", "major", "USD", "100", "1.00 USD"},
		{"99.99999999999999", "major", "USD", "10000", "100.00 USD"},
		{"USD 12.34", "", "", "1234", "12.34 USD"},
		{"12.00", "minor", "USD", "12", "0.12 USD"},
	} {
		v, err := n.Normalise(define(t, "transaction_amount"), Raw{Text: c.text, Parts: parts("unit="+c.unit, "currency="+c.currency)})
		if err != nil {
			t.Errorf("%q %s %s: %v", c.text, c.unit, c.currency, err)
			continue
		}
		if v.Text != c.want || v.Display != c.display {
			t.Errorf("%q %s %s: %q shown as %q, want %q shown as %q", c.text, c.unit, c.currency, v.Text, v.Display, c.want, c.display)
		}
	}
	for _, bad := range []Raw{
		{Text: "12.50", Parts: parts("unit=minor")},
		{Text: "12.345", Parts: parts("unit=major", "currency=USD")},
		{Text: "12", Parts: parts("unit=dozen")},
		{Text: "12", Parts: parts("currency=ZZZ")},
		{Text: "12 EUR", Parts: parts("currency=USD")},
		{Text: "12.5", Parts: parts("unit=major", "currency=JPY")},
	} {
		if v, err := n.Normalise(define(t, "transaction_amount"), bad); err == nil {
			t.Errorf("%+v gives %q", bad, v.Text)
		}
	}
}
