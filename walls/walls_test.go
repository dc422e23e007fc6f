package walls

import (
	"net/netip"
	"testing"
)

func TestWalls(t *testing.T) {
	w, err := New([]string{"10.1.0.0/16", "192.168.7.7", "fd00:1::/64"})
	if err != nil {
		t.Fatal(err)
	}
	for text, refused := range map[string]bool{
		"8.8.8.8": false, "2606:4700::1111": false, "10.1.2.3": false, "192.168.7.7": false, "fd00:1::5": false,
		"::ffff:10.1.2.3": false, "::ffff:8.8.8.8": false,
		"10.2.0.1": true, "192.168.7.8": true, "172.16.0.1": true, "127.0.0.1": true, "127.255.0.1": true, "0.0.0.0": true,
		"0.1.2.3": true, "169.254.169.254": true, "100.64.0.1": true, "192.0.0.8": true, "198.18.0.1": true, "224.0.0.1": true,
		"240.0.0.1": true, "255.255.255.255": true, "::1": true, "::": true, "fe80::1": true, "fe80::1%eth0": true,
		"fec0::1": true, "fd00:2::1": true, "ff02::1": true, "::ffff:127.0.0.1": true, "::ffff:169.254.169.254": true,
		"64:ff9b::7f00:1": true, "2002:7f00:1::": true, "2001:0:1::1": true, "::7f00:1": true,
	} {
		if got := w.Refuses(netip.MustParseAddr(text)); got != refused {
			t.Errorf("%s: refused %v, want %v", text, got, refused)
		}
	}
	if _, err := New([]string{"x"}); err == nil {
		t.Error("a network that is none was taken")
	}
	if err := w.Check("tcp", "not an address", nil); err == nil {
		t.Error("an address that is none was let through")
	}
}

func TestCheck(t *testing.T) {
	w, err := New([]string{"10.1.0.0/16"})
	if err != nil {
		t.Fatal(err)
	}
	for address, refused := range map[string]bool{
		"10.1.2.3:443": false, "93.184.216.34:443": false, "[2606:2800:220:1::1]:443": false, "10.2.0.1:443": true, "127.0.0.1:80": true, "169.254.169.254:80": true,
		"[::1]:80": true, "[::ffff:10.0.0.1]:80": true, "[fe80::1]:80": true, "[fd00::1]:80": true, "[64:ff9b::a00:1]:80": true, "0.0.0.0:80": true, "100.64.0.1:80": true,
		"nonsense": true,
	} {
		if got := w.Check("tcp", address, nil) != nil; got != refused {
			t.Errorf("%s: refused %v, want %v", address, got, refused)
		}
	}
}
