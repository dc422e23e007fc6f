package payment

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wayguard/element"
)

// secrets makes card numbers, IBANs and security codes.
type secrets struct{ *rand.Rand }

// pan is a card number of one of the schemes, written in one of the ways in which people write them.
func (s secrets) pan() (digits, spelled string) {
	kinds := []struct {
		prefix string
		length int
	}{{"4", 16}, {"4", 13}, {"4", 19}, {"51", 16}, {"2221", 16}, {"34", 15}, {"37", 15}, {"3528", 16}, {"36", 14}, {"6011", 16}, {"65", 16}, {"62", 16}, {"62", 19}, {"50", 16}, {"67", 18}}
	k := kinds[s.IntN(len(kinds))]
	digits = k.prefix
	for len(digits) < k.length-1 {
		digits += string(rune('0' + s.IntN(10)))
	}
	for c := byte('0'); c <= '9'; c++ {
		if element.Luhn(digits + string(c)) {
			digits += string(c)
			break
		}
	}
	return digits, s.spell(digits)
}

func (s secrets) spell(number string) string {
	gap := []string{"", "", " ", "-", "\u00a0"}[s.IntN(5)]
	if gap == "" {
		return number
	}
	var groups []string
	for ; len(number) > 4; number = number[4:] {
		groups = append(groups, number[:4])
	}
	return strings.Join(append(groups, number), gap)
}

func (s secrets) iban() (compacted, spelled string) {
	country := []string{"DE", "GB", "FR", "NO", "MT", "ES"}[s.IntN(6)]
	rest := ""
	for len(rest) < ibanLength(country)-4 {
		c := byte('0' + s.IntN(10))
		if len(rest) < 4 && country != "DE" {
			c = byte('A' + s.IntN(26))
		}
		rest += string(c)
	}
	for check := range 100 {
		if whole := fmt.Sprintf("%s%02d%s", country, check, rest); mod97(whole) {
			return whole, s.spell(whole)
		}
	}
	panic("no check digits fit")
}

// places are the texts, names and values of any shape of a request where somebody might put a secret.
func (s secrets) put(tree Tree, value string) string {
	text := []string{"%s", "card %s", "%s.", "a%sb", "no. %s exp 12/30", "[%s]"}[s.IntN(6)]
	field := []string{
		"$.customer.id", "$.customer.email", "$.customer.first_name", "$.transaction.reference", "$.device.user_agent", "$.device.fingerprint", "$.device.session",
		"$.billing.address1", "$.billing.phone", "$.shipping.method", "$.items[0].name", "$.items[0].categories[1]", "$.metadata.channel", "$.metadata.note", "$.context",
		"$.credential.pan.cardholder_name", "$.credential.pan.scheme", "$.credential.pan.extra", "$.customer.extra", "$.extra", "$.items[1].extra",
		"$.device.ip", "$.billing.country", "$.credential.type", "$.transaction.currency", "$.customer.date_of_birth",
	}[s.IntN(26)]
	p, err := ParseSource(field)
	if err != nil {
		panic(err)
	}
	last := p.steps[len(p.steps)-1]
	parent, _ := descend(tree, p.steps[:len(p.steps)-1])
	filled := any(fmt.Sprintf(text, value))
	switch s.IntN(6) {
	case 0:
		filled = Tree{"deep": []any{filled, Tree{"deeper": filled}}}
	case 1:
		filled = Tree{value: "x"}
	case 2:
		if allDigits(value) {
			filled = json.Number(value)
		}
	}
	if last.index >= 0 {
		parent.([]any)[last.index] = filled
	} else {
		parent.(Tree)[last.name] = filled
	}
	if s.IntN(8) == 0 {
		tree["metadata"].(Tree)[fmt.Sprintf(text, value)] = "x"
		tree[value] = Tree{value: value}
	}
	return field
}

// leaks says whether a text holds a number beyond its first six and last four, in any spelling.
func leaks(text, number string) bool {
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, strings.ToUpper(text))
	return strings.Contains(text, number) || strings.Contains(text, number[:9]) || strings.Contains(text, number[len(number)-7:]) ||
		strings.Contains(text, number[4:len(number)-3])
}

func everything(t *testing.T, r *Request, problems []Problem) string {
	t.Helper()
	shown := fmt.Sprintf("%+v %#v", problems, problems)
	if r == nil {
		return shown
	}
	tree, err := json.Marshal(r.Tree)
	if err != nil {
		t.Fatalf("the tree is no JSON: %v", err)
	}
	whole, err := json.Marshal(struct {
		*Request
		BackendData, Tree any
	}{Request: r})
	if err != nil {
		t.Fatal(err)
	}
	return shown + string(tree) + string(whole) + fmt.Sprintf("%+v %#v", r.Warnings, r.Credential) + r.Masked + Hint(r.Masked)
}

// TestNothingSecretIsShown puts card numbers, IBANs and security codes everywhere and looks for them in everything that a request shows.
func TestNothingSecretIsShown(t *testing.T) {
	rng := secrets{rand.New(rand.NewPCG(6, 1))}
	accepted, accept := 0, acceptAll(t)
	for range 4000 {
		var tree Tree
		if err := json.Unmarshal([]byte(fullRequest), &tree); err != nil {
			t.Fatal(err)
		}
		number, spelled := rng.pan()
		iban, spelledIBAN := rng.iban()
		own, _ := rng.pan()
		tree["credential"].(Tree)["pan"].(Tree)["value"] = own
		places := rng.put(tree, spelled) + " " + rng.put(tree, spelledIBAN) + " " + rng.put(tree, own)
		code := fmt.Sprintf("7%d3cvv", 10000+rng.IntN(80000))
		for _, section := range []string{"credential", "metadata", "customer", "transaction"} {
			if members, ok := tree[section].(Tree); ok {
				members[[]string{"cvv", "CVC2", "securityCode", "card_security_code", "cardVerificationValue"}[rng.IntN(5)]] = code
			}
		}
		body, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		r, problems := Parse(body, accept)
		if r != nil {
			accepted++
		}
		shown := everything(t, r, problems)
		if leaks(shown, number) || leaks(shown, own) || leaks(shown, iban) || strings.Contains(shown, code) {
			t.Fatalf("something of a secret put at %s is shown", places)
		}
		for i, masked := range []any{MaskPayload(tree), string(MaskText(body)), string(MaskText([]byte("x: " + spelled + " y: " + spelledIBAN + " z=" + own)))} {
			text := fmt.Sprint(masked)
			if leaks(text, number) || leaks(text, own) || leaks(text, iban) || strings.Contains(text, code) {
				t.Fatalf("mask %d shows something of a secret put at %s", i, places)
			}
		}
	}
	if accepted < 500 {
		t.Errorf("only %d of the requests were accepted: the test says little", accepted)
	}
}

func TestTheCredentialItselfIsNotShown(t *testing.T) {
	rng := secrets{rand.New(rand.NewPCG(6, 2))}
	for range 1000 {
		iban, spelled := rng.iban()
		body := fmt.Sprintf(`{"credential":{"type":"sepa","sepa":{"iban":%q,"account_holder_name":%q}},"customer":{"id":%q},"transaction":{"reference":%q,"amount":1,"currency":"EUR"}}`,
			spelled, "x "+iban, iban, spelled)
		r, problems := Parse([]byte(strings.ReplaceAll(body, `\u00a0`, " ")), acceptAll(t))
		if r == nil && !strings.Contains(spelled, "\u00a0") {
			t.Fatalf("refused: %v", problems)
		}
		if leaks(everything(t, r, problems), iban) {
			t.Fatal("an IBAN is shown")
		}
	}
}
