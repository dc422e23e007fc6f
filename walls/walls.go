// Package walls says which addresses may be called on behalf of others: public ones, and those inside the operator's own walls that were
// allowed by name.
package walls

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// ErrInside tells that an address is private and was not allowed.
var ErrInside = errors.New("the address is private, and not in allow_private")

// Walls are what a caller must not reach through. The zero value allows public addresses and nothing else that New would refuse.
type Walls struct {
	allowed, inside []netip.Prefix
}

// New makes walls with doors: addresses, or networks in CIDR notation.
func New(allowed []string) (Walls, error) {
	w := Walls{}
	for _, text := range allowed {
		prefix, err := ParseNetwork(text)
		if err != nil {
			return Walls{}, fmt.Errorf("allow_private: %w", err)
		}
		w.allowed = append(w.allowed, prefix)
	}
	// Besides what netip knows as private, loopback, link-local, multicast and unspecified. Of the IPv6 ranges those that
	// carry an IPv4 address of somebody else's choice are refused whole: NAT64, 6to4, Teredo.
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
		"2002::/16", "fec0::/10",
	} {
		w.inside = append(w.inside, netip.MustParsePrefix(text))
	}
	return w, nil
}

// Refuses says whether an address lies inside the walls and was not allowed.
func (w Walls) Refuses(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, prefix := range w.allowed {
		if prefix.Contains(address) {
			return false
		}
	}
	for _, prefix := range w.inside {
		if prefix.Contains(address) {
			return true
		}
	}
	return !address.IsGlobalUnicast() || address.IsPrivate()
}

// Check is a net.Dialer's Control: it is asked before each connection, when names are resolved already, so that a name that resolves to
// another address the second time gains nothing.
func (w Walls) Check(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address cannot be read: %w", err)
	}
	if w.Refuses(target.Addr()) {
		return fmt.Errorf("%w: %s", ErrInside, target.Addr())
	}
	return nil
}

// ParseNetwork reads an address or a network in CIDR notation.
func ParseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen()), nil
}
