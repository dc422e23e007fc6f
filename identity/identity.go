package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"

	"wayguard/event"
)

// DeviceElement is the name of the element that Fingerprint makes.
const DeviceElement = "device_fingerprint"

// Fingerprint is that of the browser or tool behind an event: header shape, user agent and the address's
// network (/24 or /56). False when the wire showed too little; the same fingerprint may still be several devices, so
// nothing is ever joined by it alone.
func Fingerprint(e *event.Event) (event.Element, bool) {
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
