package element

import (
	"fmt"
	"strings"
	"testing"
)

// everything is all that a value would put in a record.
func everything(v Value) string { return fmt.Sprintf("%q %q %q", v.Text, v.Display, v.Parts) }

func TestSecretsLeaveNothing(t *testing.T) {
	n := testNormaliser(t)
	for _, name := range []string{"password", "new_password", "cvv", "one_time_code"} {
		a, err := n.Normalise(define(t, name), Raw{Text: "hunter2-123"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := n.Normalise(define(t, name), Raw{Text: "another"})
		if err != nil {
			t.Fatal(err)
		}
		if a.Text != SecretMarker || a.Display != "" || a.Parts != nil || b.Text != a.Text {
			t.Errorf("%s: %s and %s", name, everything(a), everything(b))
		}
	}
}

func TestPaymentAccounts(t *testing.T) {
	n := testNormaliser(t)
	for _, c := range []struct {
		text    string
		display string
		parts   map[string]string
	}{
		{"4111 1111 1111 1111", "411111••••••1111", parts("kind=card", "brand=visa", "first_six=411111", "last_four=1111", "luhn=true")},
		{"5555-5555-5555-4444", "555555••••••4444", parts("brand=mastercard", "luhn=true")},
		{"2223003122003222", "222300••••••3222", parts("brand=mastercard", "luhn=true")},
		{"378282246310005", "378282••••••0005", parts("brand=amex", "luhn=true")},
		{"6011111111111117", "601111••••••1117", parts("brand=discover")},
		{"30569309025904", "305693••••••5904", parts("brand=diners")},
		{"3530111333300000", "353011••••••0000", parts("brand=jcb")},
		{"6200000000000005", "620000••••••0005", parts("brand=unionpay")},
		{"4111111111111112", "411111••••••1112", parts("kind=card", "luhn=false")},
		{"DE89 3704 0044 0532 0130 00", "DE••••3000", parts("kind=iban", "country=DE", "last_four=3000")},
		{"000123456789", "••••6789", parts("kind=bank", "last_four=6789")},
		{"123456", "••••", parts("kind=bank", "last_four=")},
	} {
		v, err := n.Normalise(define(t, "payment_from"), Raw{Text: c.text})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !isHash(v.Text) || v.Display != c.display {
			t.Errorf("%s: %s", c.text, everything(v))
		}
		for name, want := range c.parts {
			if v.Parts.Of(name) != want {
				t.Errorf("%s: part %s is %q, want %q", c.text, name, v.Parts.Of(name), want)
			}
		}
		digits := compactAccount(c.text)
		if strings.Contains(everything(v), digits) {
			t.Errorf("%s: in clear: %s", c.text, everything(v))
		}
	}
}

func TestAccountsLink(t *testing.T) {
	n := testNormaliser(t)
	hash := func(name, text string, pairs ...string) string {
		v, err := n.Normalise(define(t, name), Raw{Text: text, Parts: parts(pairs...)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v.Text
	}
	card := hash("payment_from", "4111111111111111")
	if card != hash("payment_to", "4111-1111-1111-1111") || card != hash("card_number", "４１１１１１１１１１１１１１１１") {
		t.Error("one card has several tokens")
	}
	if card == hash("payment_from", "5555555555554444") {
		t.Error("two cards have one token")
	}
	if hash("bank_account", "12345678", "routing_number=110000000") == hash("bank_account", "12345678", "routing_number=021000021") {
		t.Error("accounts of two banks have one token")
	}
	if hash("iban", "de89370400440532013000") != hash("iban", "DE89 3704 0044 0532 0130 00") {
		t.Error("one IBAN has several tokens")
	}
	if hash("ssn", "078-05-1120") != hash("ssn", "078051120") {
		t.Error("one SSN has several hashes")
	}
	masked, err := n.Normalise(define(t, "payment_from"), Raw{Text: "**** **** **** 1111"})
	if err != nil || masked.Text != "" || masked.Parts.Of(PartLastFour) != "1111" {
		t.Errorf("a masked number gives %s, %v", everything(masked), err)
	}
}

func TestHashedTextDependsOnAllOfIt(t *testing.T) {
	n := testNormaliser(t)
	long := strings.Repeat("a1b2", 3000)
	a, errA := n.Normalise(define(t, "session_token"), Raw{Text: long + "x"})
	b, errB := n.Normalise(define(t, "session_token"), Raw{Text: long + "y"})
	if errA != nil || errB != nil || a.Text == b.Text || !isHash(a.Text) {
		t.Errorf("%v %v: %s, %s", errA, errB, everything(a), everything(b))
	}
}

func TestOperatorHashedElements(t *testing.T) {
	c, err := Default().With(nil, nil, map[string]Sensitivity{
		"email": Hashed, "billing_email": Hashed, "phone": Hashed, "shipping_address": Hashed, "ip_address": Hashed, "username": Secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	n := NewNormaliser(c, testKeys(t), Options{Region: "US"})
	for name, clear := range map[string]struct{ text, leak string }{
		"email":            {"bob.smith@gmail.com", "smith"},
		"phone":            {"+1 202 555 0143", "55501"},
		"shipping_address": {"12 Main Street, Springfield, IL 62704", "main"},
		"ip_address":       {"203.0.113.9", "203.0"},
		"username":         {"bob", "bob"},
	} {
		def, ok := c.Find(name)
		if !ok {
			t.Fatal(name)
		}
		v, err := n.Normalise(def, Raw{Text: clear.text})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(strings.ToLower(everything(v)), clear.leak) {
			t.Errorf("%s leaks: %s", name, everything(v))
		}
		if v.Text != SecretMarker && !isHash(v.Text) {
			t.Errorf("%s is not hashed: %s", name, everything(v))
		}
	}
	email, _ := c.Find("email")
	billing, _ := c.Find("billing_email")
	a, errA := n.Normalise(email, Raw{Text: "Bob@b.org"})
	b, errB := n.Normalise(billing, Raw{Text: "bob@b.org"})
	if errA != nil || errB != nil || a.Text != b.Text || a.Display != "b•••@b.org" {
		t.Errorf("%s and %s (%v, %v)", everything(a), everything(b), errA, errB)
	}
}

func TestCardsInTheWrongField(t *testing.T) {
	n := testNormaliser(t)
	const card = "4111111111111111"
	for _, text := range []string{
		card, "4111 1111 1111 1111", "my card is 4111-1111-1111-1111, thanks", "x" + card + "x", "４１１１ １１１１ １１１１ １１１１",
		"٤١١١١١١١١١١١١١١١", card + "123", card + " 12/27 123", "4111.1111.1111.1111", card + "@example.com",
		"https://x.example/" + card + "?c=" + card, "ssn 078-05-1120",
	} {
		for _, def := range Default().All() {
			v, err := n.Normalise(def, Raw{Text: text, Parts: map[string]string{PartStreet: text, PartCity: text, PartRegion: text}})
			if def.Type != Address {
				v, err = n.Normalise(def, Raw{Text: text})
			}
			if err != nil {
				if strings.Contains(err.Error(), "1111") {
					t.Errorf("%s: the error holds the number: %v", def.Name, err)
				}
				continue
			}
			seen := asciiDigits(everything(v))
			if _, found := Scrub(seen); found || strings.Contains(seen, card) || strings.Contains(seen, "05-1120") {
				t.Errorf("%s (%s) keeps %q: %s", def.Name, def.Type, text, seen)
			}
		}
	}
	// Two numbers with one mask stay two entities.
	a, errA := n.Normalise(define(t, "order_id"), Raw{Text: card})
	b, errB := n.Normalise(define(t, "order_id"), Raw{Text: "4012888888881881"})
	if errA != nil || errB != nil || a.Text == b.Text || !isHash(a.Text) || a.Display != "[card ••••1111]" {
		t.Errorf("%s and %s (%v, %v)", everything(a), everything(b), errA, errB)
	}
}

func TestScrub(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"4111111111111111", "[card ••••1111]"},
		{"4111/1111/1111/1111", "[card ••••1111]"},
		{"4,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "[card ••••1111]"},
		{"a 4111 1111 1111 1111 b", "a [card ••••1111] b"},
		{"4111111111111111, 5555555555554444", "[card ••••1111], [card ••••4444]"},
		{"078-05-1120", ssnMask},
		{"078 05 1120", ssnMask},
		{"000-05-1120", "000-05-1120"},
		{"950-05-1120", "950-05-1120"},
		{"4111111111111112", "4111111111111112"},
		{"+1 (202) 555-0143", "+1 (202) 555-0143"},
		{"0000000000000000", "0000000000000000"},
		{"order 1234567890", "order 1234567890"},
		{"2026-11-21 22:05:50", "2026-11-21 22:05:50"},
		{"", ""},
	} {
		got, found := Scrub(c.text)
		if got != c.want || found != (c.text != c.want) {
			t.Errorf("%q: %q, %v; want %q", c.text, got, found, c.want)
		}
		if again, _ := Scrub(got); again != got {
			t.Errorf("%q: masking twice gives %q", c.text, again)
		}
	}
}

func TestKeys(t *testing.T) {
	if _, err := NewKeys(make([]byte, 15)); err == nil {
		t.Error("a short key is accepted")
	}
	tenant := []byte("0123456789abcdef")
	keys, err := NewKeys(tenant)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKeys([]byte("0123456789abcdeX"))
	if err != nil {
		t.Fatal(err)
	}
	// Fixed: a change of it would unlink everything that was ever recorded.
	if got := keys.Hash("payment_account", "4111111111111111"); got != keysGolden {
		t.Errorf("hash is %s, was %s", got, keysGolden)
	}
	if keys.Hash("a", "x") == keys.Hash("b", "x") || keys.Hash("a", "x") == other.Hash("a", "x") || keys.Hash("a", "x") == keys.Hash("a", "y") {
		t.Error("family, tenant and value must all count")
	}
	before := keys.Hash("a", "x")
	tenant[0] = 'X'
	if keys.Hash("a", "x") != before {
		t.Error("the key is not a copy")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if strings.Contains(fmt.Sprintf(format, keys), "0123") {
			t.Errorf("%s shows the key", format)
		}
	}
}

const keysGolden = "5ildob2rmcsdgratfynqh7pqnu"
