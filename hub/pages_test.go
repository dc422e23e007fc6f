package hub

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPages(t *testing.T) {
	b := build(t, Config{}, func(d *Deps) {
		d.Pages = fstest.MapFS{
			"index.html":             {Data: []byte("<!doctype html><title>the page</title>")},
			"stub.html":              {Data: []byte("stub")},
			"assets/app-1a2b3c4d.js": {Data: []byte("export {}")},
			"favicon.svg":            {Data: []byte("<svg/>")},
		}
	})
	const forever, check = "public, max-age=31536000, immutable", "no-cache"
	for _, c := range []struct {
		method, path string
		status       int
		kind, cache  string
		holds        string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", check, "the page"},
		{"GET", "/search?field=email", 200, "text/html; charset=utf-8", check, "the page"},
		{"GET", "/sessions/01a1fda2-8eda-7d24-9aa8-5480e0720396", 200, "text/html; charset=utf-8", check, "the page"},
		{"GET", "/assets/app-1a2b3c4d.js", 200, "text/javascript; charset=utf-8", forever, "export"},
		{"GET", "/favicon.svg", 200, "image/svg+xml", check, "<svg"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", check, ""},
		{"GET", "/assets/app-00000000.js", 404, "text/plain; charset=utf-8", "", "no such asset"},
		{"POST", "/search", 405, "text/plain; charset=utf-8", "", "not allowed"},
	} {
		r := b.send(t, c.method, c.path, "", "")
		if r.StatusCode != c.status || r.Header.Get("Content-Type") != c.kind || r.Header.Get("Cache-Control") != c.cache {
			t.Errorf("%s %s: %d %s %q", c.method, c.path, r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"))
		}
		if body := text(t, r); !strings.Contains(body, c.holds) {
			t.Errorf("%s: %q", c.path, body)
		}
	}
	first := b.send(t, "GET", "/", "", "")
	again := b.send(t, "GET", "/", "", "", func(r *http.Request) { r.Header.Set("If-None-Match", first.Header.Get("ETag")) })
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged page: %d", again.StatusCode)
	}
}

func TestPagesArePacked(t *testing.T) {
	script := strings.Repeat("console.log('the same again');\n", 200)
	b := build(t, Config{}, func(d *Deps) {
		d.Pages = fstest.MapFS{"index.html": {Data: []byte("x")}, "assets/app.js": {Data: []byte(script)}}
	})
	tags := map[string]bool{}
	for accepted, packed := range map[string]bool{"gzip, deflate, br": true, "br;q=1, gzip;q=0.5": true, "gzip;q=0": false, "br": false, "": false} {
		r := b.send(t, "GET", "/assets/app.js", "", "", func(r *http.Request) { r.Header.Set("Accept-Encoding", accepted) })
		body := text(t, r)
		if packed {
			reader, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatalf("%q: %v", accepted, err)
			}
			whole, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			body = string(whole)
		}
		if (r.Header.Get("Content-Encoding") == "gzip") != packed || r.Header.Get("Vary") != "Accept-Encoding" || body != script {
			t.Errorf("%q: %v", accepted, r.Header)
		}
		tags[r.Header.Get("ETag")] = true
	}
	if len(tags) != 2 {
		t.Errorf("tags %v", tags)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	b := build(t, Config{}, nil)
	for _, path := range []string{"/", base + "/me", "/assets/none.js", "/api/other"} {
		header := b.send(t, "GET", path, "", "").Header
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("X-Frame-Options") != "DENY" || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, header)
		}
	}
}

func TestStubStandsInForPages(t *testing.T) {
	b := build(t, Config{}, func(d *Deps) { d.Pages = fstest.MapFS{"stub.html": {Data: []byte("run make ui")}} })
	if got := text(t, b.send(t, "GET", "/search", "", "")); got != "run make ui" {
		t.Errorf("got %q", got)
	}
	if _, err := newPages(fstest.MapFS{}); err == nil {
		t.Error("no page at all is taken")
	}
	if embedded, err := newPages(nil); err != nil || len(embedded.index.content) == 0 {
		t.Errorf("the embedded pages: %v", err)
	}
}
