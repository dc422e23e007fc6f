package payment

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for text, want := range map[string]string{
		"$": "$", "$.a": "$.a", "$.a.b[0].c": "$.a.b[0].c", "$.items[*].sku": "$.items[*].sku", "$['a']": "$.a", `$["a b"].c`: "$['a b'].c",
		"$['it\"s']": "$['it\"s']", `$["it's"]`: `$["it's"]`, "$[0][1]": "$[0][1]", "$.a-b.@id.#text.$x.ns:c": "$.a-b.@id.#text.$x.ns:c", "$.ä": "$.ä",
		"$.payment_method.card.bin_data.is_commercial": "$.credential.bin_data.is_commercial", "$.payment_method.card.bin_data": "$.credential.bin_data",
		"$.credential.bin_data.value": "$.credential.bin_data.value", "$.credential.pan.first_six": "$.credential.pan.first_six", "$.customer.value": "$.customer.value",
	} {
		p, err := ParsePath(text)
		if err != nil || p.String() != want {
			t.Errorf("%s: %q, %v", text, p, err)
			continue
		}
		again, err := ParsePath(p.String())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%s does not come back: %v, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "a", ".a", "$a", "$.", "$..a", "$.a.", "$.a b", "$.a)", "$[", "$[]", "$[-1]", "$[01]", "$[1", "$['']", "$['a'", "$[a]", "$.*", "$.a[100000]",
		"$[99999999999999999999]", "$.a\xff", "$" + strings.Repeat(".a", 33), "$." + strings.Repeat("a", 600),
		"$.credential.pan.value", "$.credential.value", "$['credential']['pan']['value']", "$.credential.sepa.iban", "$.credential.iban", "$.credential.masked_pan.token", "$.backend_data.sift", "$.backend_data"} {
		if p, err := ParsePath(text); err == nil {
			t.Errorf("%q is taken for %s", text, p)
		}
	}
	if p, err := ParseSource("$.payment_method.card.bin_data.x"); err != nil || p.String() != "$.payment_method.card.bin_data.x" {
		t.Errorf("a source: %v, %v", p, err)
	}
	if _, err := ParseSource("$.credential.pan.value"); err != nil {
		t.Errorf("a source: %v", err)
	}
}

func TestLookup(t *testing.T) {
	var tree Tree
	if err := json.Unmarshal([]byte(`{"a":{"b":[{"c":1},{"c":null},{"d":[1,2]},{"d":[3]}],"it's":"x"},"n":null,"l":["x","y"]}`), &tree); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"$": tree, "$.a.b[0].c": 1.0, "$.a.b[1].c": nil, "$.n": nil, "$.l[1]": "y", `$.a["it's"]`: "x", "$.l[*]": []any{"x", "y"},
		"$.a.b[*].c": []any{1.0, nil}, "$.a.b[*].d[*]": []any{1.0, 2.0, 3.0}, "$.a.b[*].d[0]": []any{1.0, 3.0},
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, found := Lookup(tree, p); !found || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", path, got, found)
		}
		if p.Many() != strings.Contains(path, "[*]") {
			t.Errorf("%s: many is %v", path, p.Many())
		}
	}
	for _, path := range []string{"$.b", "$.a.b.c", "$.a.b[4]", "$.a[0]", "$.l.x", "$.n.x", "$.l[*].x", "$.a[*]", "$.x[*]", "$.a.b[*].e"} {
		p, _ := ParsePath(path)
		if got, found := Lookup(tree, p); found {
			t.Errorf("%s: found %v", path, got)
		}
	}
	if got, found := Lookup(tree, Path{}); !found || !reflect.DeepEqual(got, tree) || (Path{}).String() != "$" {
		t.Errorf("the zero path: %v", got)
	}
	if _, found := Lookup(nil, Path{}); found {
		t.Error("something in nothing")
	}
	p, _ := ParsePath("$.a.b[0].c")
	if allocations := testing.AllocsPerRun(100, func() { Lookup(tree, p) }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestNormal(t *testing.T) {
	for _, c := range [][3]string{
		{"$.device.ip", "2001:DB8:0::1", "2001:db8::1"}, {"$.device.ip", "nonsense", "nonsense"}, {"$.customer.email", " Ada@Example.COM ", "ada@example.com"},
		{"$.billing.country", "de", "DE"}, {"$.credential_fingerprint", "CRD_AB", "crd_ab"}, {"$.customer.id", "AbC", "AbC"}, {"$.metadata.some.email", "A@b", "A@b"},
	} {
		p, err := ParsePath(c[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Normal(c[1]); got != c[2] {
			t.Errorf("%s: %q, want %q", c[0], got, c[2])
		}
	}
}
