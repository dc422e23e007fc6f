package api

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// walls says which addresses may be called. It is the guard that integration has: rooms of one floor do not share code.
type walls struct {
	allowed, inside []netip.Prefix
}

func newWalls(allowed []string) (walls, error) {
	w := walls{}
	for _, text := range allowed {
		prefix, err := parseNetwork(text)
		if err != nil {
			return walls{}, fmt.Errorf("allow_private: %w", err)
		}
		w.allowed = append(w.allowed, prefix)
	}
	// Besides what netip knows as private, loopback, link-local, multicast and unspecified. Of the IPv6 ranges those that carry an IPv4
	// address of somebody else's choice are refused whole: NAT64, 6to4, Teredo.
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
		"2002::/16", "fec0::/10",
	} {
		w.inside = append(w.inside, netip.MustParsePrefix(text))
	}
	return w, nil
}

var errPrivate = errors.New("the address is private, and not in allow_private")

// refuses says whether an address lies inside the walls and was not allowed.
func (w walls) refuses(address netip.Addr) bool {
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

// check is asked before each connection, when names are resolved already: a name that resolves to another address the second time
// gains nothing.
func (w walls) check(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address cannot be read: %w", err)
	}
	if w.refuses(target.Addr()) {
		return errPrivate
	}
	return nil
}
