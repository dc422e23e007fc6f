package proxy

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestVisitorAddress(t *testing.T) {
	trusted := networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8::/32")}
	cases := []struct {
		name, peer string
		list       []string
		want       string
	}{
		{"untrusted peer, no list", "192.0.2.1", nil, "192.0.2.1"},
		{"untrusted peer lies", "192.0.2.1", []string{"198.51.100.1"}, "192.0.2.1"},
		{"trusted peer, no list", "10.1.1.1", nil, "10.1.1.1"},
		{"one hop", "10.1.1.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"visitor lies to the proxy", "10.1.1.1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"two trusted hops", "10.1.1.1", []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"several lines are one list", "10.1.1.1", []string{"1.1.1.1", "198.51.100.1,10.9.9.9", "10.8.8.8"}, "198.51.100.1"},
		{"all trusted", "10.1.1.1", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		{"garbage ends it", "10.1.1.1", []string{"198.51.100.1, unknown, 10.2.2.2"}, "10.2.2.2"},
		{"garbage alone", "10.1.1.1", []string{"unknown"}, "10.1.1.1"},
		{"empty entries", "10.1.1.1", []string{"198.51.100.1, , 10.2.2.2,"}, "198.51.100.1"},
		{"ports", "10.1.1.1", []string{"198.51.100.1:1234, 10.2.2.2:80"}, "198.51.100.1"},
		{"version 6", "2001:db8::1", []string{"2001:0:0::5, [2001:db8::2]:443"}, "2001::5"},
		{"brackets", "2001:db8::1", []string{"[2001::5]"}, "2001::5"},
		{"mapped", "10.1.1.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"zone", "10.1.1.1", []string{"fe80::1%eth0"}, "fe80::1"},
		{"endless", "10.1.1.1", []string{"1.1.1.1, " + strings.Repeat("10.2.2.2, ", 100) + "10.3.3.3"}, "10.2.2.2"},
	}
	for _, c := range cases {
		if got := visitorAddress(netip.MustParseAddr(c.peer), trusted, c.list); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzVisitorAddress(f *testing.F) {
	f.Add("1.1.1.1, 10.0.0.1")
	f.Add("[::1]:80,,x")
	trusted := networks{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, list string) {
		untrusted := netip.MustParseAddr("192.0.2.1")
		if got := visitorAddress(untrusted, trusted, []string{list}); got != untrusted {
			t.Errorf("an untrusted peer became %s", got)
		}
		if got := visitorAddress(netip.MustParseAddr("10.0.0.1"), trusted, []string{list}); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("visitor %v", got)
		}
	})
}

func TestForwardedHeaders(t *testing.T) {
	headers := make(chan http.Header, 1)
	at := application(t, func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header.Clone() })
	spoofed := map[string]string{
		"X-Forwarded-For": "203.0.113.9, 198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "other.example", "Forwarded": "for=203.0.113.9",
	}
	cases := map[string]struct {
		mode, trusted string
		sent, want    map[string]string
		address       string
	}{
		"untrusted": {ForwardedWrite, "10.0.0.0/8", spoofed, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.example", "Forwarded": "",
		}, "127.0.0.1"},
		"trusted": {ForwardedWrite, "127.0.0.1", spoofed, map[string]string{
			"X-Forwarded-For": "203.0.113.9, 198.51.100.1, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "other.example", "Forwarded": "for=203.0.113.9",
		}, "198.51.100.1"},
		"trusted, nothing sent": {ForwardedWrite, "127.0.0.1", nil, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.example", "Forwarded": "",
		}, "127.0.0.1"},
		"keep": {ForwardedKeep, "10.0.0.0/8", spoofed, spoofed, "127.0.0.1"},
		"keep, nothing sent": {ForwardedKeep, "127.0.0.1", nil, map[string]string{
			"X-Forwarded-For": "", "X-Forwarded-Proto": "", "X-Forwarded-Host": "", "Forwarded": "",
		}, "127.0.0.1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := start(t, at, passThrough(100), newObserver(), func(config *Config) {
				config.ForwardedHeaders, config.TrustedProxies = c.mode, []string{c.trusted}
			})
			request, _ := http.NewRequest(http.MethodGet, s.url, nil)
			request.Host = "shop.example"
			for name, value := range c.sent {
				request.Header.Set(name, value)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			got := <-headers
			for name, value := range c.want {
				if strings.Join(got[name], "|") != value {
					t.Errorf("%s: %q, want %q", name, got[name], value)
				}
			}
			if e := s.observer.next(t); e.Evidence.Address != c.address {
				t.Errorf("visitor %s, want %s", e.Evidence.Address, c.address)
			}
		})
	}
}

// TestConnectionCannotRemoveHeaders names our own headers as hop-by-hop.
func TestConnectionCannotRemoveHeaders(t *testing.T) {
	o := newRawOrigin(t, okResponse)
	s := start(t, o.url, nil, newObserver(), func(c *Config) { c.ForwardedHeaders = ForwardedWrite })
	exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Forwarded-For, X-Forwarded-Proto\r\n\r\n")
	if got := o.all()[0]; !strings.Contains(got, "X-Forwarded-For: 127.0.0.1\r\n") {
		t.Errorf("origin received %q", got)
	}
}
