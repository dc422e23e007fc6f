package payment

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestMasked(t *testing.T) {
	for _, c := range []struct {
		credential Credential
		want, hint string
	}{
		{Credential{Type: PAN, Number: "4111111111114242"}, "411111 ****** 4242", "****4242"},
		{Credential{Type: PAN, Number: "378282246310005"}, "378282 ****** 0005", "****0005"},
		{Credential{Type: MaskedPAN, FirstSix: "411111", LastFour: "4242"}, "411111 ****** 4242", "****4242"},
		{Credential{Type: MaskedPAN, LastFour: "4242"}, "****** 4242", "****4242"},
		{Credential{Type: MaskedPAN, FirstSix: "411111"}, "411111 ******", ""},
		{Credential{Type: SEPA, IBAN: "DE89370400440532013000"}, "DE8937 ****** 3000", "****3000"},
		{Credential{Type: MaskedPAN}, "", ""},
		{Credential{}, "", ""},
	} {
		if got := c.credential.Masked(); got != c.want || Hint(got) != c.hint {
			t.Errorf("%#v: %q, hint %q", c.credential, got, Hint(got))
		}
	}
	if Hint("nothing masked 1234") != "" {
		t.Error("a hint of what is not masked")
	}
}

func TestMaskPayload(t *testing.T) {
	var sent any
	d := json.NewDecoder(strings.NewReader(`{
		"card":{"number":"4111 1111 1111 1111","cvc":"737","cvc_result":"match","expiryMonth":"03","holderName":"Ada"},
		"pan":4111111111111111,"float":4.111111111111111e15,"mistyped":{"cardNumber":"4111-1111-1111-1112"},
		"iban":"DE89 3704 0044 0532 0130 00","text":"paid with 378282246310005, thanks","order":"1234567890","amount":{"value":4999,"currency":"EUR"},
		"list":["5555555555554444",true,null,1.5],"security-code":{"x":1},"clientSecret":"s3cr3t","password":null,
		"hash":"de8937040044053201300041111111111111115555555555554444aaaa00ffff","4111111111111111":"name"}`))
	d.UseNumber()
	if err := d.Decode(&sent); err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(sent)
	got, err := json.MarshalIndent(MaskPayload(sent), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "411111******1111": "name",
 "amount": {
  "currency": "EUR",
  "value": 4999
 },
 "card": {
  "cvc_result": "match",
  "expiryMonth": "03",
  "holderName": "Ada",
  "number": "411111******1111"
 },
 "clientSecret": "(hidden)",
 "float": "(hidden)",
 "hash": "de8937040044053201300041111111111111115555555555554444aaaa00ffff",
 "iban": "DE8937************3000",
 "list": [
  "555555******4444",
  true,
  null,
  1.5
 ],
 "mistyped": {
  "cardNumber": "411111******1112"
 },
 "order": "1234567890",
 "pan": "411111******1111",
 "password": null,
 "text": "paid with 378282*****0005, thanks"
}`
	if string(got) != want {
		t.Errorf("masked:\n%s", got)
	}
	if after, _ := json.Marshal(sent); string(after) != string(before) {
		t.Error("what was given was changed")
	}
	if again, _ := json.MarshalIndent(MaskPayload(MaskPayload(sent)), "", " "); string(again) != want {
		t.Errorf("masked twice:\n%s", again)
	}
	for given, want := range map[any]any{int64(4111111111111111): "411111******1111", 4111111111111111: "411111******1111", 4111111111111111.0: "411111******1111", 17: json.Number("17"), uint8(3): hidden} {
		if got := MaskPayload(given); !reflect.DeepEqual(got, want) {
			t.Errorf("%T: %v, want %v", given, got, want)
		}
	}
}

func TestMaskText(t *testing.T) {
	for text, want := range map[string]string{
		"":      "",
		"plain": "plain",
		`{"b":"4111111111111111","a":1e2,"cvv":"737"}`:     `{"a":1e2,"b":"411111******1111"}`,
		"card=4111111111111111&cvc=737&exp=0330":           "card=411111******1111&cvc=***&exp=0330",
		"card=4111+1111+1111+1111&card%5Bcvc%5D=737":       "card=411111******1111&card%5Bcvc%5D=***",
		"n=4111%201111%201111%201111":                      "n=411111******1111",
		"<number>4111111111111111</number><cvn>1234</cvn>": "<number>411111******1111</number><cvn>***</cvn>",
		`{broken "securityCode": "737"`:                    `{broken "securityCode": "***"`,
		"4242424242424242=30121010000012345678?":           "424242******4242=30121010000012345678?",
		"42424242424242423012":                             "424242******4242",
		"iban GB82 WEST 1234 5698 7654 32.":                "iban GB82WE************5432.",
		"52.52000659999999, 13.4049540":                    "52.52000659999999, 13.4049540",
		"cvc_result=match":                                 "cvc_result=match",
		"４２４２４２４２４２４２４２４２":                                 "424242******4242",
		`{"a":"<b>&"}`:                                     `{"a":"<b>&"}`,
	} {
		if got := string(MaskText([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFingerprints(t *testing.T) {
	f := NewFingerprinter([]byte("one key of the tests"))
	pan := Credential{Type: PAN, Number: "4111111111111111", FirstSix: "411111", LastFour: "1111", ExpiryYear: 2030, ExpiryMonth: 12}
	masked := Credential{Type: MaskedPAN, FirstSix: "411111", LastFour: "1111", ExpiryYear: 2030, ExpiryMonth: 12}
	seen := map[string]string{}
	for name, c := range map[string]Credential{
		"pan": pan, "masked": masked, "renewed": {Type: MaskedPAN, FirstSix: "411111", LastFour: "1111", ExpiryYear: 2031, ExpiryMonth: 12},
		"token": {Type: MaskedPAN, Token: "t"}, "sepa": {Type: SEPA, IBAN: "DE89370400440532013000"}, "number as iban": {Type: SEPA, IBAN: "4111111111111111"},
	} {
		print := f.Of(c)
		if len(print) != 36 || print[:4] != "crd_" || strings.Trim(print[4:], "0123456789abcdef") != "" {
			t.Errorf("%s: %q", name, print)
		}
		if other, twice := seen[print]; twice {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[print] = name
		if f.Of(c) != print || NewFingerprinter([]byte("one key of the tests")).Of(c) != print {
			t.Errorf("%s: another time another fingerprint", name)
		}
		if NewFingerprinter([]byte("another key of the tests")).Of(c) == print {
			t.Errorf("%s: the key does not matter", name)
		}
	}
	renewed := pan
	renewed.ExpiryYear = 2034
	if f.Of(pan) != f.Of(renewed) {
		t.Error("a renewed card has another fingerprint")
	}
	for _, c := range []Credential{{}, {Type: PAN}, {Type: SEPA}, {Type: MaskedPAN}, {Type: MaskedPAN, LastFour: "1111", ExpiryYear: 2030}, {Type: MaskedPAN, FirstSix: "411111"}} {
		if print := f.Of(c); print != "" {
			t.Errorf("%#v identifies something: %q", c, print)
		}
	}
	if NewFingerprinter(nil).Of(pan) != "" || (Fingerprinter{}).Of(pan) != "" {
		t.Error("a fingerprint without a key")
	}
	if allocations := testing.AllocsPerRun(100, func() { f.Of(pan) }); allocations > 5 { // The race detector empties pools.
		t.Errorf("%v allocations", allocations)
	}
}

// What only looks like a number must stay as it is, or devices and orders could not be told apart.
func TestWhatIsNoCardNumberStays(t *testing.T) {
	for _, text := range []string{
		"4242424a-4242-4242-8242-424242424242", "a242424242424242424242424242424242424242b1c2d3", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.6478.127",
		"2026-11-22T10:38:05.123456789Z", "203.0.113.9", "2001:db8:4242:4242:4242:4242:4242:4242", "order-1234567", "1.234.567,89", "dfp_9f8e7d6c5b4a",
	} {
		if got := MaskPayload(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
		if got, found := (scanner{}).mask(text); found {
			t.Errorf("%q became %q", text, got)
		}
	}
	phone := "+49 151 1234 5677"
	for last := byte('0'); last <= '9'; last++ {
		text := phone[:len(phone)-1] + string(last)
		if _, found := (scanner{phone: true}).mask(text); found {
			t.Errorf("the telephone number %q was masked", text)
		}
	}
	if _, found := (scanner{own: "4915112345678"}).mask("4915112345678"); !found {
		t.Error("the request's own number was not found")
	}
}

func TestMaskData(t *testing.T) {
	var sent Tree
	d := json.NewDecoder(strings.NewReader(`{"reference":"8835511210681326","card":"4111 1111 1111 1111","iban":"DE89370400440532013000","cvv":"737","cvv_result":"match",
		"amount":1999,"deep":[{"5555555555554444":"name","note":"of 378282246310005"}]}`))
	d.UseNumber()
	if err := d.Decode(&sent); err != nil {
		t.Fatal(err)
	}
	want := `{"amount":1999,"card":"411111******1111","cvv_result":"match","deep":[{"555555******4444":"name","note":"of 378282*****0005"}],"iban":"DE8937************3000","reference":"8835511210681326"}`
	if got, err := json.Marshal(MaskData(sent)); err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
	if got := MaskRemark("card 4111-1111-1111-1111, order 8835511210681326"); got != "card 411111******1111, order 8835511210681326" {
		t.Error(got)
	}
}
