package hub

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for i, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("hub.trusted_proxies[%d]: %q is neither an address nor a prefix", i, text)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// clientAddress is where the request comes from: the connection's address, or, as long as that is a trusted proxy, the
// one it vouches for. The right end of X-Forwarded-For is what the nearest proxy added; the left end anyone can write.
func (h *Hub) clientAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !h.trusted(address) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = next.Unmap().WithZone("")
	}
	return address.String()
}

func (h *Hub) trusted(address netip.Addr) bool {
	return slices.ContainsFunc(h.proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// limitedAddress is the address as far as a login is limited by it: a /64 is one customer's.
func limitedAddress(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Is4() {
		return text
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return text
	}
	return prefix.String()
}
