package http1

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func knownNames() map[string]Name {
	return map[string]Name{
		"connection": Connection, "keep-alive": KeepAlive, "proxy-connection": ProxyConnection, "proxy-authenticate": ProxyAuthenticate,
		"proxy-authorization": ProxyAuthorization, "te": TE, "trailer": Trailer, "transfer-encoding": TransferEncoding, "upgrade": Upgrade,
		"http2-settings": HTTP2Settings, "content-length": ContentLength, "host": Host, "expect": Expect, "accept": Accept,
		"accept-encoding": AcceptEncoding, "accept-language": AcceptLanguage, "alt-svc": AltSvc, "authorization": Authorization,
		"cache-control": CacheControl, "cf-connecting-ip": CFConnectingIP, "content-encoding": ContentEncoding, "content-range": ContentRange,
		"content-type": ContentType, "cookie": Cookie, "date": Date, "etag": ETag, "fastly-client-ip": FastlyClientIP, "forwarded": Forwarded,
		"location": Location, "max-forwards": MaxForwards, "origin": Origin, "proxy": Proxy, "range": Range, "referer": Referer,
		"server": Server, "set-cookie": SetCookie, "true-client-ip": TrueClientIP, "user-agent": UserAgent, "vary": Vary, "via": Via,
		"www-authenticate": WWWAuthenticate, "x-client-ip": XClientIP, "x-forwarded": XForwarded, "x-forwarded-for": XForwardedFor,
		"x-forwarded-host": XForwardedHost, "x-forwarded-port": XForwardedPort, "x-forwarded-proto": XForwardedProto, "x-real-ip": XRealIP,
	}
}

func TestLookup(t *testing.T) {
	all := knownNames()
	if len(all) != int(names)-2 || names > 64 { // neither Other nor Disguised
		t.Errorf("%d names tested of %d", len(all), names)
	}
	random := rand.New(rand.NewPCG(seedOfTheDay, 9))
	for name, known := range all {
		for _, spelling := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			if got := Lookup(spelling); got != known {
				t.Errorf("%q is %d, want %d", spelling, got, known)
			}
		}
		for range 2000 { // one byte of a token exchanged
			b := []byte(name)
			c := byte(random.IntN(256))
			if octets[c]&tokenOctet == 0 {
				continue
			}
			b[random.IntN(len(b))] = c
			if got, want := Lookup(string(b)), all[strings.ToLower(string(b))]; got != want {
				t.Errorf("%q is %d, want %d", b, got, want)
			}
		}
		for _, other := range []string{name + "x", "x" + name, name[1:], name[:len(name)-1]} {
			if got, want := Lookup(other), all[other]; got != want {
				t.Errorf("%q is %d, want %d", other, got, want)
			}
		}
	}
	if Lookup("") != Other || Lookup(strings.Repeat("a", 1000)) != Other {
		t.Error("no name is known")
	}
}

func TestNames(t *testing.T) {
	set := NewNames(Host, Disguised).With(Cookie)
	for n := Other; n < names; n++ {
		if want := n == Host || n == Disguised || n == Cookie; set.Has(n) != want {
			t.Errorf("%d: %v", n, !want)
		}
	}
}

// TestScanners compares the scanners of eight bytes at once with the plain meaning of a byte.
func TestScanners(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 10))
	value := func(c byte) bool { return c == '\t' || c >= ' ' && c != 0x7f }
	target := func(c byte) bool { return c > ' ' && c != 0x7f && c != '#' }
	token := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
	}
	plain := func(b []byte, i int, fits func(byte) bool) int {
		for i < len(b) && fits(b[i]) {
			i++
		}
		return i
	}
	for range 200_000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = 'a'
			if random.IntN(8) == 0 {
				b[i] = byte(random.IntN(256))
			}
			if random.IntN(16) == 0 {
				b[i] = "\t\r\n #\x7f\x80\x1f!:"[random.IntN(10)]
			}
		}
		i := random.IntN(len(b) + 1)
		end, _ := tokenEnd(b, i)
		if a, c := valueEnd(b, i), targetEnd(b, i); a != plain(b, i, value) || c != plain(b, i, target) || end != plain(b, i, token) {
			t.Fatalf("%q from %d: %d %d %d", b, i, a, c, end)
		}
	}
}
