package backend

import (
	"context"
	"net"
	"net/netip"
	"testing"
)

func mustAddr(t *testing.T, text string) netip.Addr {
	t.Helper()
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// far is a connection that says it leads elsewhere.
type far struct {
	net.Conn
	remote net.Addr
}

func (f far) RemoteAddr() net.Addr { return f.remote }

// dialTo dials one address and claims another.
func dialTo(address, claimed string) dial {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return far{conn, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(claimed))}, nil
	}
}
