package capture_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/event"
)

const (
	chromeAgent  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	firefoxAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	safariAgent  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
	iphoneAgent  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1"
	pixelAgent   = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
	chromeHello  = "t13d1516h2_8daaf6152771_e5627efa2ab1"
	chromeHTTP2  = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p"
)

// chromeHeaders are what Chrome sends over HTTPS.
func chromeHeaders(agent string) []string {
	return []string{`sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"`, "sec-ch-ua-mobile: ?0", `sec-ch-ua-platform: "Windows"`,
		"user-agent: " + agent, "accept: text/html,application/xhtml+xml", "sec-fetch-site: none", "sec-fetch-mode: navigate", "sec-fetch-dest: document",
		"accept-encoding: gzip, deflate, br, zstd", "accept-language: de-DE, de;q=0.9,en;q=0.8"}
}

func without(lines []string, names ...string) []string {
	var left []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		drop := false
		for _, n := range names {
			drop = drop || strings.HasPrefix(name, n)
		}
		if !drop {
			left = append(left, line)
		}
	}
	return left
}

func with(lines []string, line string) []string {
	name, _, _ := strings.Cut(line, ":")
	return append(without(lines, name), line)
}

// TestFlaws: what a browser sends shows none, and each contradiction its own.
func TestFlaws(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{path: /**}"))
	chrome := chromeHeaders(chromeAgent)
	firefox := []string{"user-agent: " + firefoxAgent, "accept: text/html", "accept-language: en-US,en;q=0.5", "accept-encoding: gzip, deflate, br, zstd",
		"sec-fetch-dest: document", "sec-fetch-mode: navigate", "sec-fetch-site: none"}
	safari := []string{"sec-fetch-dest: document", "user-agent: " + safariAgent, "accept: text/html", "sec-fetch-site: none", "sec-fetch-mode: navigate",
		"accept-language: en-US", "accept-encoding: gzip, deflate, br"}
	for _, c := range []struct {
		name       string
		headers    []string
		connection capture.Connection
		scheme     string
		want       string
	}{
		{"chrome", chrome, capture.Connection{Protocol: "HTTP/2", JA4: chromeHello, HTTP2: chromeHTTP2}, "https", "[]"},
		{"chrome in clear, hints not sent", []string{"Host: x", "User-Agent: " + chromeAgent, "Accept: */*", "Accept-Encoding: gzip", "Accept-Language: en"},
			capture.Connection{Protocol: "HTTP/1.1"}, "http", "[]"},
		{"chrome on ios is safari", []string{"user-agent: " + iphoneAgent, "accept: text/html", "accept-language: en", "accept-encoding: gzip",
			"sec-fetch-dest: document", "sec-fetch-mode: navigate"}, capture.Connection{Protocol: "HTTP/2", JA4: "t13d2014h2_a09f3c656075_e42f34c56612"}, "https", "[]"},
		{"firefox", firefox, capture.Connection{Protocol: "HTTP/2", JA4: "t13d1717h2_5b57614c22b0_3cbfd9057e0d", HTTP2: "1:65536|12517377|0|m,p,a,s"}, "https", "[]"},
		{"safari", safari, capture.Connection{Protocol: "HTTP/2", JA4: "t13d2014h2_a09f3c656075_e42f34c56612", HTTP2: "2:0;4:4194304|10485760|0|m,s,p,a"}, "https", "[]"},
		{"curl says what it is", []string{"User-Agent: curl/8.5.0", "Accept: */*"}, capture.Connection{Protocol: "HTTP/1.1", JA4: "t13d3113h2_e8f1e7e78f70_ce5650b735ce"}, "https", "[]"},
		{"curl with Chrome's name", []string{"User-Agent: " + chromeAgent, "Accept: */*"}, capture.Connection{Protocol: "HTTP/1.1", JA4: "t13d3113h2_e8f1e7e78f70_ce5650b735ce"},
			"https", "[tls headers fetch]"},
		{"go with Chrome's headers", chrome, capture.Connection{Protocol: "HTTP/2", JA4: "t13d1312h2_f57a46bbacb6_e7c285222651", HTTP2: "2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"},
			"https", "[tls http2]"},
		{"names as no browser spells them", with(without(chrome, "user-agent"), "user-agent: "+chromeAgent), capture.Connection{Protocol: "HTTP/1.1"}, "https", "[headers]"},
		{"headless", with(chrome, "user-agent: "+strings.ReplaceAll(chromeAgent, "Chrome/", "HeadlessChrome/")), capture.Connection{Protocol: "HTTP/2"}, "https", "[automation]"},
		{"another version", with(chrome, `sec-ch-ua: "Chromium";v="120"`), capture.Connection{Protocol: "HTTP/2"}, "https", "[brands]"},
		{"another system", with(chrome, `sec-ch-ua-platform: "Linux"`), capture.Connection{Protocol: "HTTP/2"}, "https", "[platform]"},
		{"hints from Firefox", append(firefox, `sec-ch-ua: "Chromium";v="142"`), capture.Connection{Protocol: "HTTP/2"}, "https", "[brands]"},
		{"fetch metadata missing", without(chrome, "sec-fetch"), capture.Connection{Protocol: "HTTP/2"}, "https", "[fetch]"},
		{"fetch metadata that contradict", with(chrome, "sec-fetch-mode: cors"), capture.Connection{Protocol: "HTTP/2"}, "https", "[fetch]"},
	} {
		r := request("GET /x", "", c.headers...)
		r.Connection, r.Scheme = c.connection, c.scheme
		for range 2 { // the second time it is remembered
			e := set.Match(r).Exchange(r, nil)
			if got := fmt.Sprint(e.Evidence.Wire.Flaws); got != c.want {
				t.Errorf("%s: flaws %s, want %s", c.name, got, c.want)
			}
		}
	}
}

func TestClient(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{path: /**}"))
	for agent, want := range map[string]event.Client{
		chromeAgent:  {Family: "chrome", Major: 142, Platform: "windows"},
		firefoxAgent: {Family: "firefox", Major: 145, Platform: "linux"},
		safariAgent:  {Family: "safari", Major: 26, Platform: "macos"},
		pixelAgent:   {Family: "chrome", Major: 142, Platform: "android", Model: "Pixel 8", Mobile: true},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                                   {Family: "chrome", Major: 142, Platform: "android", Mobile: true},
		"Mozilla/5.0 (Linux; Android 14; SM-S921B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36": {Family: "chrome", Major: 142, Platform: "android", Mobile: true},
		"python-requests/2.31.0":            {Family: "python-requests", Major: 0},
		"ann@mail.example 4111111111111111": {Family: "other"},
	} {
		r := request("GET /x", "", "User-Agent: "+agent)
		got := set.Match(r).Exchange(r, nil).Evidence.Client
		if got.Family != want.Family || got.Platform != want.Platform || got.Mobile != want.Mobile || want.Model != "" && got.Model != want.Model || want.Major != 0 && got.Major != want.Major {
			t.Errorf("%s: %+v, want %+v", agent, got, want)
		}
	}
}

func TestWire(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{path: /**}"))
	see := func(path string, headers ...string) event.Wire {
		r := request("GET "+path, "", headers...)
		r.Connection.ID = "c1"
		return set.Match(r).Exchange(r, nil).Evidence.Wire
	}
	first := see("/cart", chromeHeaders(chromeAgent)...)
	next := see("/pay", append(chromeHeaders(chromeAgent), "referer: https://shop.example/cart?step=1")...)
	foreign := see("/pay", append(chromeHeaders(chromeAgent), "referer: https://other.example/cart")...)
	if first.Page == "" || next.From != first.Page || next.Page == first.Page || foreign.From != "" || strings.Contains(first.Page, "cart") {
		t.Errorf("pages %q, then %q from %q, and from elsewhere %q", first.Page, next.Page, next.From, foreign.From)
	}
	if first.Connection != "c1" || first.Kind != event.Document || first.Headers == "" || first.Headers != next.Headers {
		t.Errorf("%+v, then %+v", first, next)
	}
	swapped := chromeHeaders(chromeAgent)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	if see("/cart", swapped...).Headers == first.Headers {
		t.Error("the order of headers is not told")
	}
	desktop := request("GET /x", "", append(chromeHeaders(chromeAgent), `sec-ch-ua-model: ""`, `sec-ch-ua-platform-version: "15.0.0"`)...)
	if e := set.Match(desktop).Exchange(desktop, nil).Evidence; e.Client.Model != "15.0.0" || e.Wire.Hints != event.HintsAnswered {
		t.Errorf("a desktop's hints: model %q, %q", e.Client.Model, e.Wire.Hints)
	}
	for want, lines := range map[event.RequestKind][]string{
		event.Data: {"sec-fetch-dest: empty"}, event.Image: {"accept: image/avif,image/webp"}, event.Style: {"accept: text/css,*/*;q=0.1"},
		event.Script: {"sec-fetch-dest: script"}, event.Font: {"sec-fetch-dest: font"}, event.Other: {"sec-fetch-dest: video"}, "": {"accept: */*"},
	} {
		if got := see("/x", lines...).Kind; got != want {
			t.Errorf("%v is %q, want %q", lines, got, want)
		}
	}
	if w := see("/x", append(chromeHeaders(chromeAgent), `sec-ch-ua-model: "Pixel 8"`)...); w.Hints != event.HintsAnswered {
		t.Errorf("hints %q", w.Hints)
	}
}

func TestDeclaredAgents(t *testing.T) {
	set, problems := compileKnowing(t, "specs:\n"+spec("a", "{path: /**}"), capture.Knowledge{
		Locate: func(netip.Addr) capture.Place { return capture.Place{Kind: event.Hosting, ASN: "64500", Country: "NL"} },
		Declared: func(userAgent string) string {
			return map[bool]string{true: "examplebot"}[strings.Contains(userAgent, "ExampleBot")]
		},
		Prove: func(_ string, address netip.Addr) event.Proof {
			return map[bool]event.Proof{true: event.Verified, false: event.Refuted}[address == netip.MustParseAddr("203.0.113.9")]
		},
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	real, forged, person := request("GET /x", "", "User-Agent: ExampleBot/1"), request("GET /x", "", "User-Agent: ExampleBot/1"), request("GET /x", "", "User-Agent: "+chromeAgent)
	forged.Peer = netip.MustParseAddr("192.0.2.1")
	for _, c := range []struct {
		r     *capture.Request
		proof event.Proof
		flaw  bool
	}{{real, event.Verified, false}, {forged, event.Refuted, true}, {person, "", false}, {real, event.Verified, false}} {
		e := set.Match(c.r).Exchange(c.r, nil).Evidence
		refuted := false
		for _, f := range e.Wire.Flaws {
			refuted = refuted || f == event.FlawAgent
		}
		if e.Client.Proof != c.proof || refuted != c.flaw || e.Network != (event.Network{Kind: event.Hosting, AS: 64500, Country: "NL"}) {
			t.Errorf("%+v %+v %+v", e.Client, e.Wire.Flaws, e.Network)
		}
	}
}

func FuzzWire(f *testing.F) {
	set := mustCompile(f, "specs:\n"+spec("a", "{path: /**}"))
	f.Add(chromeAgent, `"Chromium";v="142"`, "de-DE,de;q=0.9", chromeHello, chromeHTTP2, "https://shop.example/x?y")
	f.Fuzz(func(t *testing.T, agent, brands, language, ja4, http2, referer string) {
		r := request("GET /x", "", "accept: text/html")
		r.Header = append(r.Header, capture.Field{Name: "User-Agent", Value: agent}, capture.Field{Name: "sec-ch-ua", Value: brands},
			capture.Field{Name: "Accept-Language", Value: language}, capture.Field{Name: "Referer", Value: referer}, capture.Field{Name: "sec-ch-ua-model", Value: brands})
		r.Connection = capture.Connection{JA4: ja4, HTTP2: http2}
		once := set.Match(r).Exchange(r, nil).Evidence
		again := set.Match(r).Exchange(r, nil).Evidence
		if fmt.Sprint(once) != fmt.Sprint(again) {
			t.Errorf("%+v is %+v the second time", once, again)
		}
		if len(once.Client.Language) > 6*13 || len(once.Client.Model) > 32 {
			t.Errorf("unbounded: %+v", once.Client)
		}
	})
}
