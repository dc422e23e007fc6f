package decision

import (
	"testing"

	"wayguard/payment"
)

func TestNamedListsTakeValuesAsPeopleWriteThem(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Lists = map[string][]string{"bad": {"Eve@Example.com", "2001:DB8:0:0::7", "C-Evil"}} })
	b.activate("default", `[{"id":"mail","type":"condition","action":"BLOCK","condition":{"op":"in","field":"$.customer.email","list":"bad"}},
		{"id":"ip","type":"condition","action":"BLOCK","condition":{"op":"in","field":"$.device.ip","list":"bad"}},
		{"id":"id","type":"condition","action":"BLOCK","condition":{"op":"in","field":"$.customer.id","list":"bad"}}]`)
	with := func(section, name, value string) *payment.Request {
		return b.pay(func(body map[string]any) { body[section].(map[string]any)[name] = value })
	}
	for _, c := range []struct{ section, name, value, want string }{
		{"customer", "email", "eve@EXAMPLE.com", "mail"}, {"customer", "email", "Eve@Example.com", "mail"}, {"device", "ip", "2001:db8::7", "ip"},
		{"customer", "id", "C-Evil", "id"}, {"customer", "id", "c-evil", ""}, {"customer", "email", "ann@example.com", ""},
	} {
		if d := b.decide(with(c.section, c.name, c.value)); fired(d) != c.want {
			t.Errorf("%s %s: %q fired, want %q", c.name, c.value, fired(d), c.want)
		}
	}
	v, err := b.AddValue(t.Context(), ListValue{List: "bad", Value: " Ann@Example.com"}, 0, "me")
	if err != nil {
		t.Fatal(err)
	}
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("a value in natural spelling: %v", d.Decision)
	}
	if same, err := b.AddValue(t.Context(), ListValue{List: "bad", Value: "ann@example.com"}, 0, "me"); err != nil || same.ID != v.ID {
		t.Errorf("the same in small letters is another entry, %v", err)
	}
	if found, _, err := b.Values(t.Context(), ValueQuery{List: "bad", Value: "ANN@example.com"}); err != nil || len(found) != 1 {
		t.Errorf("%d entries were found, %v", len(found), err)
	}
	// A ledger that holds it as it was written gives it back so.
	b.ledger.values[v.ID] = ListValue{ID: v.ID, List: "bad", Value: "ANN@Example.com"}
	again := prepared(t, b.ledger, func(d *Deps) { d.Lists = map[string][]string{"bad": nil} })
	if d := again.decide(again.pay(nil)); d.Decision != payment.Block {
		t.Errorf("after a start: %v", d.Decision)
	}
	if err := again.RemoveValue(t.Context(), v.ID, "me"); err != nil {
		t.Fatal(err)
	}
	if d := again.decide(again.pay(nil)); d.Decision != payment.Allow || again.Metrics().ListValues != 0 {
		t.Errorf("after it was removed: %v", d.Decision)
	}
}
