package proxy

import (
	"net/netip"
	"strings"
)

// maxForwardedHops bounds how many entries of X-Forwarded-For are looked at.
const maxForwardedHops = 32

// networks are the trusted proxies.
type networks []netip.Prefix

func (n networks) contain(address netip.Addr) bool {
	for _, prefix := range n {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// visitorAddress is the address furthest from us that trusted proxies vouch for: the peer itself unless it is
// trusted, else the rightmost entry of X-Forwarded-For that is not a trusted proxy. What stands left of it was written
// by somebody who is not trusted. Where an entry cannot be read, the last trusted address is the answer.
func visitorAddress(peer netip.Addr, trusted networks, forwardedFor []string) netip.Addr {
	visitor := peer
	hops := 0
	for line := len(forwardedFor) - 1; line >= 0; line-- {
		rest := forwardedFor[line]
		for more := true; more; {
			if !trusted.contain(visitor) || hops >= maxForwardedHops {
				return visitor
			}
			hops++
			entry := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				more = false
			}
			entry = strings.TrimSpace(entry)
			if entry == "" {
				continue
			}
			address, ok := parseHop(entry)
			if !ok {
				return visitor
			}
			visitor = address
		}
	}
	return visitor
}

// parseHop reads an address with or without a port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
func parseHop(text string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.WithZone("").Unmap(), true
	}
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().WithZone("").Unmap(), true
	}
	if len(text) > 2 && text[0] == '[' && text[len(text)-1] == ']' {
		if address, err := netip.ParseAddr(text[1 : len(text)-1]); err == nil {
			return address.WithZone("").Unmap(), true
		}
	}
	return netip.Addr{}, false
}
