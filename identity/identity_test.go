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

func TestDevice(t *testing.T) {
	e := &event.Event{Evidence: event.Evidence{Address: "203.0.113.77", HeaderShape: "h", UserAgent: "u"}}
	first, ok := identity.Device(e)
	if !ok {
		t.Fatal("no fingerprint")
	}
	e.Evidence.Address = "203.0.113.1"
	if same, _ := identity.Device(e); same.Value != first.Value {
		t.Error("another address of the network changed the device")
	}
	e.Evidence.UserAgent = "v"
	if other, _ := identity.Device(e); other.Value == first.Value {
		t.Error("another user agent is the same device")
	}
	e.Evidence.Address = ""
	if _, ok := identity.Device(e); ok {
		t.Error("a fingerprint was guessed without an address")
	}
}

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct {
		ev   identity.Evidence
		want identity.Resolution
	}{
		"nothing known":        {identity.Evidence{}, identity.Resolution{Journey: "fresh", By: "new"}},
		"session goes on":      {identity.Evidence{Session: "s", Token: "t"}, identity.Resolution{Journey: "s", By: "session"}},
		"token returns":        {identity.Evidence{Token: "t", Account: "a"}, identity.Resolution{Journey: "t", By: "token"}},
		"login known device":   {identity.Evidence{Session: "s", Account: "a", LoggedIn: true}, identity.Resolution{Journey: "a", By: "login_from_known_device"}},
		"login from elsewhere": {identity.Evidence{Session: "s", LoggedIn: true}, identity.Resolution{Journey: "s", By: "session"}},
		"failed login":         {identity.Evidence{Session: "s", Account: "a"}, identity.Resolution{Journey: "s", By: "session"}},
	} {
		if got := identity.Resolve(c.ev, "fresh"); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
