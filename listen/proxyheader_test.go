package listen

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	proxyproto "github.com/pires/go-proxyproto"

	"wayguard/document"
)

// v2 is a binary header with a length that fits.
func v2(command, family byte, body ...byte) string {
	return prefixV2 + string([]byte{command, family, byte(len(body) >> 8), byte(len(body))}) + string(body)
}

func four() []byte { return []byte{192, 0, 2, 1, 198, 51, 100, 1, 0x14, 0x03, 0x01, 0xbb} }

func TestParseProxyHeader(t *testing.T) {
	six := make([]byte, 36)
	six[0], six[15], six[16], six[31], six[33], six[35] = 0x20, 1, 0x20, 2, 80, 90
	longest := "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
	cases := map[string]struct {
		text, source, destination string
		local                     bool
	}{
		"v1":              {"PROXY TCP4 192.0.2.1 198.51.100.1 5123 443\r\n", "192.0.2.1:5123", "198.51.100.1:443", false},
		"v1 IPv6":         {"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n", "[2001:db8::1]:0", "[2001:db8::2]:65535", false},
		"v1 mapped":       {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n", "192.0.2.1:1", "192.0.2.2:2", false},
		"v1 longest":      {longest, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", false},
		"v1 unknown":      {"PROXY UNKNOWN\r\n", "", "", true},
		"v1 unknown long": {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", "", true},
		"v2":              {v2(0x21, 0x11, four()...), "192.0.2.1:5123", "198.51.100.1:443", false},
		"v2 IPv6":         {v2(0x21, 0x21, six...), "[2000::1]:80", "[2000::2]:90", false},
		"v2 values":       {v2(0x21, 0x11, append(four(), 0x04, 0, 2, 9, 9)...), "192.0.2.1:5123", "198.51.100.1:443", false},
		"v2 local":        {v2(0x20, 0x00), "", "", true},
		"v2 local TCP4":   {v2(0x20, 0x11, four()...), "", "", true},
		"v2 unspecified":  {v2(0x21, 0x00, 1, 2, 3), "", "", true},
		"v2 UDP":          {v2(0x21, 0x12, four()...), "", "", true},
		"v2 UNIX":         {v2(0x21, 0x31, make([]byte, 216)...), "", "", true},
		"v2 greatest":     {v2(0x21, 0x11, append(four(), make([]byte, maxHeaderV2-28)...)...), "192.0.2.1:5123", "198.51.100.1:443", false},
	}
	for name, c := range cases {
		// Whatever comes after it is not looked at, and no part of it is enough.
		n, source, destination, local, err := ParseProxyHeader([]byte(c.text + "GET / HTTP/1.1\r\n"))
		if err != nil || n != len(c.text) || local != c.local || text(source) != c.source || text(destination) != c.destination {
			t.Errorf("%s: %d of %d, %v, %v, %t, %v", name, n, len(c.text), source, destination, local, err)
		}
		for cut := range len(c.text) {
			if _, _, _, _, err := ParseProxyHeader([]byte(c.text[:cut])); !errors.Is(err, ErrMore) {
				t.Fatalf("%s: cut at %d: %v", name, cut, err)
			}
		}
	}
}

func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func TestWrongProxyHeaders(t *testing.T) {
	for name, header := range map[string]string{
		"nothing like it":     "GET / HTTP/1.1\r\n",
		"lower case":          "proxy TCP4 192.0.2.1 198.51.100.1 5123 443\r\n",
		"v1 bare LF":          "PROXY TCP4 192.0.2.1 198.51.100.1 5123 443\n",
		"v1 only LF":          "PROXY \n",
		"v1 empty":            "PROXY \r\n",
		"v1 too long":         "PROXY UNKNOWN " + strings.Repeat("x", 100) + "\r\n",
		"v1 without an end":   "PROXY TCP4 " + strings.Repeat("1", 200),
		"v1 family":           "PROXY TCP5 192.0.2.1 198.51.100.1 5123 443\r\n",
		"v1 mixed families":   "PROXY TCP4 2001:db8::1 2001:db8::2 5123 443\r\n",
		"v1 IPv4 as IPv6":     "PROXY TCP6 192.0.2.1 198.51.100.1 5123 443\r\n",
		"v1 second family":    "PROXY TCP4 192.0.2.1 2001:db8::2 5123 443\r\n",
		"v1 zone":             "PROXY TCP6 fe80::1%eth0 fe80::2 5123 443\r\n",
		"v1 leading zero":     "PROXY TCP4 192.0.2.01 198.51.100.1 5123 443\r\n",
		"v1 port":             "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
		"v1 port with a zero": "PROXY TCP4 192.0.2.1 198.51.100.1 080 443\r\n",
		"v1 port with a sign": "PROXY TCP4 192.0.2.1 198.51.100.1 +80 443\r\n",
		"v1 no port":          "PROXY TCP4 192.0.2.1 198.51.100.1  443\r\n",
		"v1 too few":          "PROXY TCP4 192.0.2.1 198.51.100.1 443\r\n",
		"v1 too many":         "PROXY TCP4 192.0.2.1 198.51.100.1 443 443 443\r\n",
		"v1 two spaces":       "PROXY  TCP4 192.0.2.1 198.51.100.1 443 443\r\n",
		"v2 version":          v2(0x11, 0x11, four()...),
		"v2 command":          v2(0x22, 0x11, four()...),
		"v2 family":           v2(0x21, 0x41, four()...),
		"v2 transport":        v2(0x21, 0x13, four()...),
		"v2 too short":        v2(0x21, 0x11, four()[:11]...),
		"v2 too short IPv6":   v2(0x21, 0x21, four()...),
		"v2 too long":         v2(0x21, 0x11, make([]byte, maxHeaderV2-15)...),
	} {
		n, source, _, local, err := ParseProxyHeader([]byte(header))
		if err == nil || errors.Is(err, ErrMore) || n != 0 || local || source.IsValid() {
			t.Errorf("%s: %d, %v, %t, %v", name, n, source, local, err)
		}
	}
}

// FuzzProxyHeader compares with the library pires/go-proxyproto, which is laxer in places: what we accept, it must read
// the same, and what it writes, we must accept.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.1 5123 443\r\nGET"))
	f.Add([]byte("PROXY TCP6 ::1 ::2 1 2\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(v2(0x21, 0x11, append(four(), 4, 0, 1, 9)...)))
	f.Add([]byte(v2(0x21, 0x21, make([]byte, 36)...)))
	f.Add([]byte(v2(0x20, 0x00)))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, source, destination, local, err := ParseProxyHeader(data)
		if err != nil {
			if n != 0 {
				t.Fatalf("an error and %d bytes", n)
			}
			if errors.Is(err, ErrMore) && len(data) >= maxHeaderV2 {
				t.Fatalf("more than %d bytes are asked for", len(data))
			}
			return
		}
		if n <= 0 || n > len(data) || n > maxHeaderV2 || local == source.IsValid() || local == destination.IsValid() {
			t.Fatalf("%d bytes of %d, local %t, %v, %v", n, len(data), local, source, destination)
		}
		again, _, _, _, err := ParseProxyHeader(data[:n])
		if again != n || err != nil {
			t.Fatalf("alone: %d, %v", again, err)
		}
		if local {
			return
		}
		theirs, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(data), 8192))
		if err != nil {
			t.Fatalf("the library refuses %q: %v", data[:n], err)
		}
		from, _ := netip.ParseAddrPort(theirs.SourceAddr.String())
		if netip.AddrPortFrom(from.Addr().Unmap(), from.Port()) != source {
			t.Fatalf("%v, the library says %v", source, from)
		}
	})
}

func TestHeadersOfTheLibraryAreRead(t *testing.T) {
	for _, version := range []byte{1, 2} {
		for _, pair := range [][2]string{{"192.0.2.7", "192.0.2.8"}, {"2001:db8::7", "2001:db8::8"}} {
			from, to := &net.TCPAddr{IP: net.ParseIP(pair[0]), Port: 4711}, &net.TCPAddr{IP: net.ParseIP(pair[1]), Port: 443}
			header := proxyproto.HeaderProxyFromAddrs(version, from, to)
			if version == 2 {
				_ = header.SetTLVs([]proxyproto.TLV{{Type: proxyproto.PP2_TYPE_AUTHORITY, Value: []byte("site.example")}})
			}
			sent, err := header.Format()
			if err != nil {
				t.Fatal(err)
			}
			n, source, destination, _, err := ParseProxyHeader(sent)
			if err != nil || n != len(sent) || source.String() != from.String() || destination.String() != to.String() {
				t.Errorf("version %d: %d, %v, %v, %v", version, n, source, destination, err)
			}
		}
	}
}

func TestWhoMaySpeakForOthers(t *testing.T) {
	const header = "PROXY TCP4 192.0.2.1 198.51.100.1 5123 443\r\n"
	networks := document.Strings{"10.0.0.0/8", "2001:db8::1", "::ffff:172.16.0.0/108"}
	doors := openDoors(t, quiet(), Config{}, Config{ProxyProtocol: &ProxyProtocolConfig{From: networks}},
		Config{ProxyProtocol: &ProxyProtocolConfig{From: networks, Optional: true}})
	cases := []struct {
		door       int
		peer, text string
		n          int
		source     string
		err        error
	}{
		{0, "10.1.2.3", header, 0, "", nil},
		{1, "10.1.2.3", header + "GET", len(header), "192.0.2.1:5123", nil},
		{1, "::ffff:10.1.2.3", header, len(header), "192.0.2.1:5123", nil},
		{1, "172.16.5.5", header, len(header), "192.0.2.1:5123", nil},
		{1, "2001:db8::1", header, len(header), "192.0.2.1:5123", nil},
		{1, "10.1.2.3", "GET / HTTP/1.1\r\n", 0, "", ErrNoHeader},
		{1, "10.1.2.3", "", 0, "", ErrMore},
		{1, "10.1.2.3", "PROXY UNKNOWN\r\n", 15, "", nil},
		{2, "10.1.2.3", "GET / HTTP/1.1\r\n", 0, "", nil},
		{2, "10.1.2.3", "P", 0, "", ErrMore},
		{2, "10.1.2.3", "POST", 0, "", nil},
		{1, "2001:db8::2", header, 0, "", ErrForbidden},
		{1, "11.0.0.1", header, 0, "", ErrForbidden},
		{1, "11.0.0.1", v2(0x20, 0), 0, "", ErrForbidden},
		{1, "11.0.0.1", "PRO", 0, "", ErrMore},
		{1, "11.0.0.1", "PRI * HTTP/2.0\r\n", 0, "", nil},
		{1, "11.0.0.1", "\r\n\r\n", 0, "", ErrMore},
		{1, "11.0.0.1", "\r\nGET / HTTP/1.1\r\n", 0, "", nil},
		{1, "11.0.0.1", "\x16\x03\x01", 0, "", nil},
	}
	for _, c := range cases {
		n, source, err := doors.All()[c.door].Header(netip.MustParseAddr(c.peer), []byte(c.text))
		if n != c.n || text(source) != c.source || !errors.Is(err, c.err) {
			t.Errorf("door %d, %s, %q: %d, %v, %v", c.door, c.peer, c.text, n, source, err)
		}
		if doors.All()[c.door].AwaitsHeader() != (c.door > 0) {
			t.Errorf("door %d", c.door)
		}
	}
}

func TestNetworks(t *testing.T) {
	good := []string{"10.0.0.0/8", "10.0.0.1", "::1", "2001:db8::/32", "::ffff:10.0.0.0/104"}
	for _, text := range append(slices.Clone(good), "", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "example.com", "10.0.0.0/8/8") {
		if _, err := parseNetwork(text); (err == nil) != slices.Contains(good, text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
