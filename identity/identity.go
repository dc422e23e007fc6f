package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"

	"wayguard/event"
)

// DeviceElement is the name of the element that Device makes.
const DeviceElement = "device_fingerprint"

// Device is the fingerprint of the browser or tool behind an event: header shape, user agent and the address's
// network (/24 or /56). False when the wire showed too little; the same fingerprint may still be several devices, so
// nothing is ever joined by it alone.
func Device(e *event.Event) (event.Element, bool) {
	fingerprint := AppendDevice(nil, &e.Evidence)
	return Element(string(fingerprint)), len(fingerprint) > 0
}

// AppendDevice adds the fingerprint to b, nothing when the wire showed too little.
func AppendDevice(b []byte, v *event.Evidence) []byte {
	if v.HeaderShape == "" {
		return b
	}
	var room [256]byte // most evidence fits, and needs no memory of its own
	text := append(append(room[:0], "device\x00"...), v.HeaderShape...)
	text = append(append(append(text, 0), v.UserAgent...), 0)
	bare := len(text)
	if text = appendNetwork(text, v.Address); len(text) == bare {
		return b
	}
	sum := sha256.Sum256(text)
	return hex.AppendEncode(b, sum[:10])
}

// Element is the element of a device with that fingerprint.
func Element(fingerprint string) event.Element {
	return event.Element{Name: DeviceElement, Kind: event.Entity, Type: "string", Value: fingerprint}
}

// Network is the part of an address that stays while a visitor's last bits change: /24 for IPv4, /56 for IPv6. Empty
// for anything that is no address.
func Network(address string) string { return string(appendNetwork(nil, address)) }

func appendNetwork(b []byte, address string) []byte {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return b
	}
	bits := 56
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return b
	}
	return prefix.AppendTo(b)
}

// Evidence is what speaks for an event belonging to a journey already known.
type Evidence struct {
	// Session is the journey of the session the event was joined to, empty when the session is new.
	Session event.ID
	// Token is the journey that last presented the same application token.
	Token event.ID
	// Account is the journey that logged in to this account from this very device before. A login from another device
	// never speaks for it, however often it succeeds: the password may be stolen.
	Account event.ID
	// LoggedIn says that this event proves the account: a login that succeeded.
	LoggedIn bool
}

// Resolution is a journey with the reason for it.
type Resolution struct {
	Journey event.ID
	// By is "session", "token", "login_from_known_device" or "new".
	By string
}

// Resolve picks the journey. A successful login to an account, from a device that logged in to it before, outweighs the
// session's own journey; a login from elsewhere proves nothing about the person and moves nothing.
func Resolve(ev Evidence, fresh event.ID) Resolution {
	switch {
	case ev.LoggedIn && ev.Account != "":
		return Resolution{ev.Account, "login_from_known_device"}
	case ev.Session != "":
		return Resolution{ev.Session, "session"}
	case ev.Token != "":
		return Resolution{ev.Token, "token"}
	}
	return Resolution{fresh, "new"}
}
