package interceptor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

func TestDiscover(t *testing.T) {
	d, problems := Read(JSON, []byte(`{"amount":{"value":1000,"currency":"EUR"},"rate":1.5,"ok":true,"none":null,"items":[{"n":"a"},{"n":"b","q":1},{"n":3}],
		"4111111111111111":"x","a b":{"c":1},"tags":["x",["y"]],"empty":{},"list":[],"user@example.com":1,"@id":"1"}`))
	if problems != nil {
		t.Fatal(problems)
	}
	var got []string
	for _, key := range Discover(d) {
		if key.Count != 1 || !key.LastSeen.IsZero() {
			t.Errorf("%v", key)
		}
		got = append(got, key.Key+" "+key.Type)
	}
	want := `$.@id string, $.amount.currency string, $.amount.value integer, $.items[*].n integer, $.items[*].n string, $.items[*].q integer, ` +
		`$.none null, $.ok boolean, $.rate number, $.tags[*] string, $.tags[*][*] string`
	if strings.Join(got, ", ") != want {
		t.Errorf("%s", strings.Join(got, ", "))
	}
	if Discover(Document{}) == nil || len(Discover(Document{})) != 0 {
		t.Error("an empty document has fields")
	}
}

func TestDiscoverStaysBounded(t *testing.T) {
	var b strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&b, "k%d=1&", i)
	}
	d, _ := Read(Form, []byte(b.String()))
	if got := len(Discover(d)); got != MaxDiscovered {
		t.Errorf("%d keys", got)
	}
}

func TestMerge(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC) }
	key := func(name string) DiscoveredKey { return DiscoveredKey{Key: "$." + name, Type: "string"} }
	known := Merge(nil, []DiscoveredKey{key("b"), key("a")}, at(1))
	known = Merge(known, []DiscoveredKey{key("a"), {Key: "$.a", Type: "integer"}, {Key: "$.c", Type: "string", Count: 5}}, at(2))
	known = Merge(known, []DiscoveredKey{key("b")}, at(0))
	want := []DiscoveredKey{{"$.a", "integer", 1, at(2)}, {"$.a", "string", 2, at(2)}, {"$.b", "string", 2, at(1)}, {"$.c", "string", 5, at(2)}}
	if fmt.Sprint(known) != fmt.Sprint(want) {
		t.Errorf("%v", known)
	}

	var flood []DiscoveredKey
	for i := range 5000 {
		flood = append(flood, key(fmt.Sprintf("z%d", i)))
	}
	flooded := Merge(slices.Clone(known), flood, at(3))
	if len(flooded) != MaxDiscovered || fmt.Sprint(flooded[:3]) != fmt.Sprint(want[1:]) {
		t.Errorf("%d keys, %v", len(flooded), flooded[:3])
	}
	later := Merge(flooded, []DiscoveredKey{key("new")}, at(4))
	if len(later) != MaxDiscovered || !strings.Contains(fmt.Sprint(later), "$.new") {
		t.Error("keys that came once keep a new one out")
	}
	// A list that was kept apart has times of its own, may be in any order, and holds the same key twice.
	apart := []DiscoveredKey{{"$.d", "string", 3, at(5)}, {"$.b", "string", 2, at(0)}, {"$.d", "string", 1, at(4)}}
	slices.Reverse(known)
	want = []DiscoveredKey{want[0], want[1], {"$.b", "string", 4, at(1)}, want[3], {"$.d", "string", 4, at(5)}}
	if known = Merge(known, apart, at(9)); fmt.Sprint(known) != fmt.Sprint(want) {
		t.Errorf("%v", known)
	}
}

func TestPayloadIsMasked(t *testing.T) {
	for _, c := range []struct {
		kind BodyKind
		body string
	}{
		{JSON, `{"card":{"number":"4111111111111111","cvc":"737"},"note":"from 4111 1111 1111 1111","iban":"DE89370400440532013000","amount":1000}`},
		{Form, `card[number]=4111111111111111&card[cvc]=737&iban=DE89370400440532013000&amount=1000`},
		{XML, `<p><cvc>737</cvc><number>4111111111111111</number><iban>DE89370400440532013000</iban><amount>1000</amount></p>`},
	} {
		d, problems := Read(c.kind, []byte(c.body))
		if problems != nil {
			t.Fatal(problems)
		}
		payload := string(d.Payload())
		for _, secret := range []string{"4111111111111111", "4111 1111 1111 1111", "737", "DE89370400440532013000"} {
			if strings.Contains(payload, secret) {
				t.Errorf("%s: a secret is in the payload", c.kind)
			}
		}
		if !strings.Contains(payload, "1000") {
			t.Errorf("%s: the amount is gone", c.kind)
		}
		if again, _ := Read(c.kind, []byte(c.body)); fmt.Sprint(again) != fmt.Sprint(d) {
			t.Errorf("%s: masking changed the document", c.kind)
		}
	}
	if (Document{}).Payload() != nil {
		t.Error("an empty document has a payload")
	}
}

func TestRolloutOfAnInterceptor(t *testing.T) {
	off := false
	mapping := entriesOf(t, `[{"const":"x","target":"customer.id"}]`)
	for _, c := range []struct {
		mapping     []Entry
		active      *bool
		passthrough bool
	}{{nil, nil, true}, {mapping, nil, false}, {mapping, &off, true}} {
		i := with(c.mapping)
		i.Active = c.active
		if compiled(t, i, payment.SAQA).Passthrough() != c.passthrough {
			t.Errorf("%v", c)
		}
	}
	i := with(nil)
	p := compiled(t, i, payment.SAQA)
	if !p.Forwards(payment.Allow) || p.Forwards(payment.Block) || p.Forwards(payment.Review) || !p.Forwards(payment.Provisional) || !p.ForwardsInvalid() || !p.ForwardsFailed() {
		t.Error("the defaults are others")
	}
	if p.Timeout() != 30*time.Second || p.DecisionHeader() != "x-specter-decision-id" || p.Interceptor().Context != "checkout" {
		t.Error("the defaults are others")
	}
	i.Responses.Provisional = &Response{Mode: "decision"}
	i.OnFailure, i.OnInvalid, i.Destination.TimeoutMillis = "block", "block", 10_000
	p = compiled(t, i, payment.SAQA)
	if p.Forwards(payment.Provisional) || p.ForwardsInvalid() || p.ForwardsFailed() || p.Timeout() != 10*time.Second {
		t.Error("what was configured does not count")
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for field, change := range map[string]func(*Interceptor){
		"$.context":                func(i *Interceptor) { i.Context = "" },
		"$.context ":               func(i *Interceptor) { i.Context = "a b" },
		"$.ref":                    func(i *Interceptor) { i.Ref = "a/b" },
		"$.destination.url":        func(i *Interceptor) { i.Destination.URL = "" },
		"$.destination.url ":       func(i *Interceptor) { i.Destination.URL = "ftp://a" },
		"$.destination.url  ":      func(i *Interceptor) { i.Destination.URL = "https://user:pass@a" },
		"$.destination.url   ":     func(i *Interceptor) { i.Destination.URL = "https://a/#b" },
		"$.destination.url    ":    func(i *Interceptor) { i.Destination.URL = "/relative" },
		"$.destination.timeout_ms": func(i *Interceptor) { i.Destination.TimeoutMillis = -1 },
		"$.on_failure":             func(i *Interceptor) { i.OnFailure = "allow" },
		"$.on_invalid":             func(i *Interceptor) { i.OnInvalid = "Block" },
	} {
		i := with(nil)
		change(&i)
		_, problems := Compile(i, payment.SAQA)
		if len(problems) != 1 || problems[0].Field != strings.TrimSpace(field) || strings.Contains(problems[0].Message, "pass@") {
			t.Errorf("%s: %v", field, problems)
		}
	}
}
