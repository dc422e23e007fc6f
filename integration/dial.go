package integration

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// walls says which addresses may be called.
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

// refuses says whether an address lies inside the walls and was not allowed.
func (w walls) refuses(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range w.allowed {
		if prefix.Contains(addr) {
			return false
		}
	}
	for _, prefix := range w.inside {
		if prefix.Contains(addr) {
			return true
		}
	}
	return !addr.IsGlobalUnicast() || addr.IsPrivate()
}

// check is asked before each connection, when names are resolved already: a name that resolves to another address the
// second time gains nothing.
func (w walls) check(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address cannot be read: %w", err)
	}
	if w.refuses(target.Addr()) {
		return fmt.Errorf("address %s is private, and not in allow_private", target.Addr())
	}
	return nil
}

// NewCaller makes a client for calls to addresses that others may choose: it calls public addresses and the allowed networks
// only, by no proxy, and follows no redirect. timeout bounds a call as a whole.
func NewCaller(allowPrivate []string, timeout time.Duration) (*http.Client, error) {
	w, err := newWalls(allowPrivate)
	if err != nil {
		return nil, err
	}
	client := newClient(w, Config{Timeout: timeout, Concurrency: 2})
	client.Timeout = timeout
	return client, nil
}

// newClient makes a client that calls only what the walls let through, by no proxy, and follows no redirect: each of them
// would lead around the check.
func newClient(w walls, config Config) *http.Client {
	dialer := &net.Dialer{Timeout: config.Timeout, Control: w.check}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    config.Timeout,
			ResponseHeaderTimeout:  config.Timeout,
			MaxResponseHeaderBytes: maxAnswer,
			MaxConnsPerHost:        config.Concurrency,
			MaxIdleConnsPerHost:    config.Concurrency,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
