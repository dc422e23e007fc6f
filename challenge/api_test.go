package challenge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/policy"
)

func TestProgramsNeverGetAPage(t *testing.T) {
	f := func(pairs ...string) (fields []capture.Field) {
		for i := 0; i < len(pairs); i += 2 {
			fields = append(fields, capture.Field{Name: pairs[i], Value: pairs[i+1]})
		}
		return fields
	}
	cases := []struct {
		name, method string
		header       []capture.Field
		want         string
	}{
		{"browser", "GET", f("Accept", "text/html,*/*;q=0.8"), "page"},
		{"browser's head", "HEAD", f("Accept", "text/html,*/*;q=0.8"), "page"},
		{"browser that says so", "GET", f("Accept", "*/*", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), "page"},
		{"frame of the site", "GET", f("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin"), "page"},
		{"form", "POST", f("Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded"), "page"},
		{"upload", "POST", f("Accept", "text/html", "Content-Type", "multipart/form-data; boundary=x"), "page"},
		{"frame of another site", "GET", f("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "cross-site"), "problem"},
		{"curl", "GET", f("Accept", "*/*", "User-Agent", "curl/8"), "problem"},
		{"nothing said", "GET", nil, "problem"},
		{"json", "GET", f("Accept", "application/json"), "problem"},
		{"html refused", "GET", f("Accept", "text/html;q=0, application/json"), "problem"},
		{"fetch", "GET", f("Accept", "text/html", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"), "problem"},
		{"picture", "GET", f("Accept", "image/avif,*/*", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"), "problem"},
		{"jquery", "GET", f("Accept", "text/html", "X-Requested-With", "XMLHttpRequest"), "problem"},
		{"json post", "POST", f("Accept", "text/html", "Content-Type", "application/json"), "problem"},
		{"put", "PUT", f("Accept", "text/html"), "problem"},
		{"delete", "DELETE", f("Accept", "text/html"), "problem"},
		{"websocket", "GET", f("Accept", "text/html", "Upgrade", "websocket"), "problem"},
		{"grpc", "POST", f("Content-Type", "application/grpc+proto"), "grpc"},
		{"grpc web", "POST", f("Content-Type", "application/grpc-web+proto"), "grpc web"},
		{"grpc web text", "POST", f("Content-Type", "application/grpc-web-text"), "grpc web text"},
		{"preflight", "OPTIONS", f("Accept", "text/html", "Origin", "https://app.example", "Access-Control-Request-Method", "POST"), "nothing"},
		{"OPTIONS that is no preflight", "OPTIONS", f("Accept", "text/html"), "problem"},
	}
	s := newSet(t, policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "/2fa?r={return}&s={state}", Secret: strings.Repeat("s", 16)}}, nil)
	for _, c := range cases {
		for _, kind := range policy.Checks() {
			head := &capture.Request{Method: c.method, Scheme: "https", Host: "shop.example", Path: "/api/x", Header: c.header}
			p, ok := s.Offer(ask(kind), head, start())
			if got := sort(p, ok, kind, c.method == "HEAD"); got != c.want {
				t.Errorf("%s, %s: %s: %d %v %s", c.name, kind, got, p.Status, p.Header, p.Body)
			}
		}
	}
}

// sort says what an answer is.
func sort(p challenge.Page, ok bool, kind string, bare bool) string {
	contentType := headerOf(p, "Content-Type")
	var d struct {
		Type, Title, Check, URL string
		Status                  int
	}
	switch {
	case !ok && p.Status == 0:
		return "nothing"
	case p.Status == 303 || p.Status == 307 || p.Status == 403 && strings.HasPrefix(contentType, "text/html") && (len(p.Body) == 0) == bare:
		return "page"
	case contentType == "application/grpc+proto" && p.Status == 200 && len(p.Trailer) == 2 && p.Trailer[0].Value == "7":
		return "grpc"
	case contentType == "application/grpc-web+proto" && strings.Contains(string(p.Body), "grpc-status:7\r\n") && p.Body[0] == 0x80 && int(p.Body[4]) == len(p.Body)-5:
		return "grpc web"
	case contentType == "application/grpc-web-text" && strings.HasPrefix(string(p.Body), "gAAA"):
		return "grpc web text"
	case p.Status == 403 && contentType == "application/problem+json" && headerOf(p, "Cache-Control") == "no-store" &&
		json.Unmarshal(p.Body, &d) == nil && d.Type == "check_required" && d.Status == 403 && d.Check == kind && strings.HasPrefix(d.URL, prefix+"start?"):
		return "problem"
	}
	return "something else"
}

// A program shows its person the address that it was given; the check is passed there, and the person comes back to the page that
// the program runs in.
func TestAddressForPrograms(t *testing.T) {
	for _, kind := range []string{"cookie", "refresh", "proof"} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		head := b.navigate("POST", "/api/order")
		set(head, "Sec-Fetch-Mode", "cors")
		set(head, "Sec-Fetch-Dest", "empty")
		head.Header = append(head.Header, capture.Field{Name: "Referer", Value: "https://shop.example/app?tab=2"},
			capture.Field{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
		var d struct{ URL string }
		if err := json.Unmarshal(b.offer(ask(kind), head).Body, &d); err != nil {
			t.Fatal(err)
		}
		p := b.serve(b.navigate("GET", d.URL))
		if kind != "cookie" {
			if b.last().Result != challenge.Offered {
				t.Errorf("%s: %+v", kind, b.last())
			}
			b.now = b.now.Add(2e9)
			p = b.serve(b.form(prefix+"pass", solve(t, p).Encode()))
		}
		if headerOf(p, "Location") != "/app?tab=2" || b.held("/") != kind {
			t.Errorf("%s: %d %v", kind, p.Status, p.Header)
		}
		if again := b.serve(b.navigate("GET", d.URL)); again.Status != 303 {
			t.Errorf("%s: asked again", kind)
		}
	}
}

func TestOwnPathsOnly(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{CheckPath: "/~/"}, nil))
	for path, want := range map[string]bool{"/~/": true, "/~/pass": true, "/~": false, "/": false, "/x/~/pass": false, prefix + "pass": false} {
		if b.set.Own(path) != want {
			t.Errorf("own %q: %v", path, !want)
		}
	}
	for target, want := range map[string]int{"/~/": 404, "/~/nothing": 404, "/~/seen/": 404, "/~/solve.js": 200, "/~/check.js": 200, "/~/start": 403,
		"/~/start?visit-check=abc": 403, "/~/pass?visit-check=%zz": 400, "/~/return": 403} {
		if p := b.serve(b.navigate("GET", target)); p.Status != want || b.last().Result == challenge.Passed {
			t.Errorf("GET %s: %d", target, p.Status)
		}
	}
	if p := b.serve(b.navigate("HEAD", "/~/solve.js")); p.Status != 200 || len(p.Body) > 0 {
		t.Errorf("HEAD: %d with %d bytes", p.Status, len(p.Body))
	}
	if p := b.serve(b.navigate("DELETE", "/~/pass")); p.Status != 405 || headerOf(p, "Allow") == "" {
		t.Errorf("DELETE: %d", p.Status)
	}
}

// Where a visitor goes on is always a path of the same host.
func TestNoOpenRedirect(t *testing.T) {
	for target, want := range map[string]string{"/a?b=c": "/a?b=c", "//evil.example/": "/", `/\evil.example`: "/", "http://evil.example/": "/", "/a\r\nSet-Cookie: x": "/",
		"/ä b": "/%C3%A4%20b", prefix + "pass": "/", "/" + strings.Repeat("x", 3000): "/", "/a?" + strings.Repeat("x", 3000): "/a", `/a?b=\`: "/a?b=%5C", "": "/"} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		p := b.offer(ask("proof"), b.navigate("GET", target))
		if got := headerOf(b.serve(b.form(prefix+"pass", solve(t, p).Encode())), "Location"); got != want {
			t.Errorf("%q leads to %q", target, got)
		}
		if got := headerOf(b.offer(ask("cookie"), b.navigate("GET", target)), "Location"); got != want {
			t.Errorf("%q leads to %q by cookie", target, got)
		}
	}
	for referer, want := range map[string]string{"https://shop.example/x?y": "/x?y", "https://evil.example/x": "/", "//shop.example//evil": "/", "%": "/", "": "/"} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		head := b.form("/upload", "x")
		head.Body.Truncated = true
		head.Header = append(head.Header, capture.Field{Name: "Referer", Value: referer})
		p := b.offer(ask("proof"), head)
		if got := headerOf(b.serve(b.form(prefix+"pass", solve(t, p).Encode())), "Location"); got != want {
			t.Errorf("from %q back to %q", referer, got)
		}
	}
}
