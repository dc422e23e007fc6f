package mitigation

import (
	"testing"

	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

func TestAllowLists(t *testing.T) {
	verified := event.Client{Agent: "Googlebot", Proof: event.Verified}
	user := func(value string) []event.Element {
		return []event.Element{{Name: "username", Value: "keyed(" + value + ")"}}
	}
	cases := []struct {
		name  string
		list  policy.AllowConfig
		visit visit
		want  bool
	}{
		{"an address", policy.AllowConfig{Addresses: []string{"192.0.2.1"}}, visit{}, true},
		{"another address", policy.AllowConfig{Addresses: []string{"192.0.2.2"}}, visit{}, false},
		{"a prefix", policy.AllowConfig{Addresses: []string{"198.51.100.0/24", "192.0.0.0/16"}}, visit{}, true},
		{"a prefix with host bits", policy.AllowConfig{Addresses: []string{"192.0.2.77/24"}}, visit{}, true},
		{"an IPv6 prefix", policy.AllowConfig{Addresses: []string{"2001:db8::/32"}}, visit{address: "2001:db8:5::9"}, true},
		{"IPv4 is not in an IPv6 prefix", policy.AllowConfig{Addresses: []string{"::/0"}}, visit{}, false},
		{"IPv4 in IPv6 spelling", policy.AllowConfig{Addresses: []string{"::ffff:192.0.2.0/120"}}, visit{}, true},
		{"a visitor in IPv6 spelling", policy.AllowConfig{Addresses: []string{"192.0.2.1"}}, visit{address: "::ffff:192.0.2.1"}, true},
		{"a crawler", policy.AllowConfig{Crawlers: []string{"googlebot"}}, visit{client: verified}, true},
		{"any agent", policy.AllowConfig{Agents: []string{"*"}}, visit{client: verified}, true},
		{"another crawler", policy.AllowConfig{Crawlers: []string{"bingbot"}}, visit{client: verified}, false},
		{"one of crawlers and agents", policy.AllowConfig{Crawlers: []string{"bingbot"}, Agents: []string{"GoogleBot"}}, visit{client: verified}, true},
		{"a crawler without proof", policy.AllowConfig{Crawlers: []string{"*"}}, visit{client: event.Client{Agent: "googlebot"}}, false},
		{"a refuted crawler", policy.AllowConfig{Crawlers: []string{"*"}}, visit{client: event.Client{Agent: "googlebot", Proof: event.Refuted}}, false},
		{"no crawler", policy.AllowConfig{Crawlers: []string{"*"}}, visit{}, false},
		{"a label", policy.AllowConfig{Labels: []string{"partner", "tester"}}, visit{labels: []string{"tester"}}, true},
		{"another label", policy.AllowConfig{Labels: []string{"partner"}}, visit{labels: []string{"tester"}}, false},
		{"a value, through the normaliser", policy.AllowConfig{Elements: elements("username", "ann", "bob")}, visit{elements: user("bob")}, true},
		{"another value", policy.AllowConfig{Elements: elements("username", "ann")}, visit{elements: user("bob")}, false},
		{"a value that cannot be", policy.AllowConfig{Elements: elements("username", "")}, visit{elements: []event.Element{{Name: "username"}}}, false},
		{"the value of another element", policy.AllowConfig{Elements: elements("email", "bob")}, visit{elements: user("bob")}, false},
		{"all must hold", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Labels: []string{"tester"}}, visit{}, false},
		{"all hold", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Labels: []string{"tester"}}, visit{labels: []string{"tester"}}, true},
		{"its spec", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Specs: []string{"login"}}, visit{}, true},
		{"another spec", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Specs: []string{"search"}}, visit{}, false},
		{"valid", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Until: "2026-03-04T12:00:01Z"}, visit{}, true},
		{"over", policy.AllowConfig{Addresses: []string{"192.0.2.1"}, Until: "2026-03-04T13:00:00+01:00"}, visit{}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{t: t, now: noon()}
			d.control = New(Deps{Key: make([]byte, 32), Now: noon, Element: func(element, value string) string {
				if value == "" {
					return ""
				}
				return "keyed(" + value + ")"
			}})
			c.list.Name = "friends"
			d.compile(policy.MitigationConfig{Allow: []policy.AllowConfig{c.list}}, ladder("p", "block"))
			c.visit.asks = []string{"p"}
			m := d.decide(c.visit)
			if (m.Answer == nil) != c.want {
				t.Fatalf("allowed is %v, want %v: %+v", m.Answer == nil, c.want, m.Actions)
			}
			if _, _, detail := outcome(m, "p"); c.want && detail != "allow list friends" {
				t.Errorf("detail %q", detail)
			}
		})
	}
}

func elements(name string, values ...string) map[string]document.Strings {
	return map[string]document.Strings{name: values}
}
