package element

import (
	"net/netip"
	"strings"
)

// readIP reads an address, with or without port, brackets or zone.
func readIP(raw Raw) (Value, error) {
	s := strings.TrimSpace(raw.Text)
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > 128 {
		return Value{}, reason("too long")
	}
	addr, ok := parseIP(s)
	if !ok {
		return Value{}, reason("neither an IPv4 nor an IPv6 address")
	}
	version, bits := "6", 56
	if addr.Is4() {
		version, bits = "4", 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return Value{}, reason("neither an IPv4 nor an IPv6 address")
	}
	private := addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
	return Value{Text: addr.String(), Parts: partsOf(map[string]string{
		PartVersion: version, PartPrefix: prefix.String(), PartPrivate: boolText(private),
	})}, nil
}

func parseIP(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		if port, portErr := netip.ParseAddrPort(s); portErr == nil {
			addr, err = port.Addr(), nil
		} else if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
			addr, err = netip.ParseAddr(s[1 : len(s)-1])
		}
	}
	// A zone names an interface of the machine that wrote it: it means nothing here.
	return addr.WithZone("").Unmap(), err == nil
}
