package identity_test

import (
	"testing"

	"wayguard/event"
	"wayguard/identity"
)

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77":        "203.0.113.0/24",
		"::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2ff::1":   "2001:db8:1:200::/56",
		"fe80::1%eth0":        "fe80::/56",
		"":                    "",
		"not an address":      "",
		"203.0.113.77:1234":   "",
	} {
		if got := identity.Network(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	e := &event.Event{Evidence: event.Evidence{Address: "203.0.113.77", HeaderShape: "h", UserAgent: "u"}}
	first, ok := identity.Fingerprint(e)
	if !ok {
		t.Fatal("no fingerprint")
	}
	e.Evidence.Address = "203.0.113.1"
	if same, _ := identity.Fingerprint(e); same.Value != first.Value {
		t.Error("another address of the network changed the device")
	}
	e.Evidence.UserAgent = "v"
	if other, _ := identity.Fingerprint(e); other.Value == first.Value {
		t.Error("another user agent is the same device")
	}
	e.Evidence.Address = ""
	if _, ok := identity.Fingerprint(e); ok {
		t.Error("a fingerprint was guessed without an address")
	}
}
