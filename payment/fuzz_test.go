package payment

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: whatever comes, there is either a request whose tree is JSON and reads as it was, or problems; and what is read is what
// encoding/json reads.
func FuzzParse(f *testing.F) {
	f.Add([]byte(fullRequest))
	f.Add([]byte(`{"credential":{"type":"masked_pan","first_six":"555555","masked_pan":{"value":"XXXX4444"}},"customer":{"id":"c"},"transaction":{"reference":"r","amount":1,"currency":"USD"},"extra":[4111111111111111,{"\u0063vv":"1"}]}`))
	f.Add([]byte(`{"credential":{"type":"sepa","iban":"DE89370400440532013000"},"customer":{"id":"4111 1111 1111 1111"},"transaction":{"reference":"r","amount":1e3,"currency":"USD"}}`))
	f.Add([]byte(`{"a":{"a":1,"a":2}}`))
	accept := acceptAll(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if tree, problem := decode(body); problem == nil {
			var want any
			d := json.NewDecoder(bytes.NewReader(body))
			d.UseNumber()
			if err := d.Decode(&want); err != nil || !reflect.DeepEqual(any(tree), want) {
				t.Fatalf("%q is read as %v, by encoding/json as %v, %v", body, tree, want, err)
			}
		}
		r, problems := Parse(body, accept)
		if (r == nil) != (len(problems) > 0) {
			t.Fatalf("request %v, problems %v", r != nil, problems)
		}
		if r == nil {
			return
		}
		if r.Customer.ID == "" || r.Reference == "" || r.Amount < 0 || len(r.Currency) != 3 || len(r.Warnings) > maxWarnings {
			t.Fatalf("a request without what it needs: %+v", r)
		}
		text, err := json.Marshal(r.Tree)
		if err != nil {
			t.Fatalf("the tree is no JSON: %v", err)
		}
		again, problem := decode(text)
		if problem != nil || !reflect.DeepEqual(again, r.Tree) {
			t.Fatalf("the tree does not come back: %v", problem)
		}
		if number := string(r.Credential.Number); number != "" && strings.Contains(compact(string(text)), number) {
			t.Fatal("the tree holds the card number")
		}
	})
}

// FuzzParsePath: what is a path comes back from its usual form, and finding by it never panics.
func FuzzParsePath(f *testing.F) {
	for _, text := range []string{"$", "$.a.b[0].c", "$.items[*].sku", `$["a b"]['c']`, "$.credential.pan.value", "$.payment_method.card.bin_data.x", "$[99999]", "$.a[*][*]"} {
		f.Add(text)
	}
	tree := Tree{"a": Tree{"b": []any{Tree{"c": "x"}}}, "items": []any{Tree{"sku": "s"}, nil, []any{"y"}}, "credential": Tree{"pan": Tree{"value": "secret"}}, "backend_data": "secret"}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePath(text)
		if err != nil {
			return
		}
		again, err := ParsePath(p.String())
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%q: %q does not come back: %v", text, p, err)
		}
		if got, _ := Lookup(tree, p); got == "secret" {
			t.Fatalf("%q reads what is refused", text)
		}
		p.Normal(text)
	})
}

// FuzzMaskPayload: masking never fails, changes nothing that it was given, leaves no card number, and twice is once.
func FuzzMaskPayload(f *testing.F) {
	f.Add([]byte(fullRequest), "4111 1111 1111 1111")
	f.Add([]byte(`{"cardNumber":4111111111111112,"cvv":"737","l":["DE89370400440532013000"]}`), "GB82 WEST 1234 5698 7654 32")
	f.Add([]byte(`cvc=737&n=4111%201111%201111%201111`), "x４２４２４２４２４２４２４２４２y")
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		MaskText(body)
		tree, problem := decode(body)
		if problem != nil {
			tree = Tree{}
		}
		tree["note"] = text
		before, _ := json.Marshal(tree)
		masked := MaskPayload(tree)
		if after, _ := json.Marshal(tree); !bytes.Equal(before, after) {
			t.Fatal("what was given was changed")
		}
		for run := range strings.FieldsFuncSeq(masked.(Tree)["note"].(string), func(r rune) bool { return r < '0' || r > '9' }) {
			if len(run) == 16 && looksLikePAN(run) && !inHash(text, strings.Index(text, run), strings.Index(text, run)+16) {
				t.Fatalf("%q is left in %q", run, masked)
			}
		}
	})
}

// FuzzReadBins: a table that is read finds without panic, and nothing of a broken one is repeated.
func FuzzReadBins(f *testing.F) {
	f.Add("prefix,brand,type,category,issuer,country,prepaid\n411111,visa,credit,consumer,Test Bank,US,no\n", "411111")
	f.Add("prefix,is_commercial\n4111,yes\n41111111,no\n", "41111111")
	f.Add("prefix\n\"4111\n", "4")
	f.Fuzz(func(t *testing.T, text, prefix string) {
		bins, err := ReadBins(strings.NewReader(text))
		if (bins == nil) != (err != nil) {
			t.Fatalf("table %v, error %v", bins, err)
		}
		if known, found := bins.Find(prefix); found && (len(prefix) > 8 || known == nil) {
			t.Fatalf("%q is %v", prefix, known)
		}
	})
}
