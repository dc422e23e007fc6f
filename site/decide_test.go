package site_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/http1"
	"wayguard/site"
)

const (
	goodKey  = "0123456789abcdef0123456789abcdef"
	otherKey = "fedcba9876543210fedcba9876543210"
)

// decode reads sites as the configuration does.
func decode(t testing.TB, text string) (sites []site.Config, unknown site.UnknownHost) {
	t.Helper()
	var into struct {
		Sites   []site.Config    `yaml:"sites"`
		Unknown site.UnknownHost `yaml:"unknown_host"`
	}
	doc, problems := document.ParseWith("test.yaml", []byte(text), func(name string) (string, bool) {
		known := map[string]string{"KEY": goodKey, "NEXT": otherKey, "SIGN": base64.StdEncoding.EncodeToString(make([]byte, 32))}
		if value, ok := known[name]; ok {
			return value, true
		}
		// Any other variable has 32 bytes of its own, good for every kind of key.
		sum := sha256.Sum256([]byte(name))
		return base64.StdEncoding.EncodeToString(sum[:]), true
	})
	if doc != nil {
		problems = append(problems, doc.Decode(&into)...)
	}
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return into.Sites, into.Unknown
}

func compile(t testing.TB, text string) *site.Set {
	t.Helper()
	set, problems := site.Compile(decode(t, text))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func request(method, host, target string, header ...string) *site.Request {
	r := &site.Request{Method: method, Host: host, Now: time.Unix(1_800_000_000, 0), Random: func() [16]byte { return [16]byte{1, 2, 3} }}
	r.Path, r.Query, _ = strings.Cut(target, "?")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Fields = append(r.Fields, http1.Field{Name: name, Value: value})
	}
	return r
}

func status(d *site.Directive) int {
	if d.Answer == nil {
		return 0
	}
	return d.Answer.Status
}

func dropped(d *site.Directive, name string) bool { return d.Drop != nil && d.Drop(name) }

func TestNoSitesIsAsEver(t *testing.T) {
	empty, problems := site.Compile(nil, "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, set := range []*site.Set{nil, empty} {
		d := set.Decide(request("GET", "WWW.Example.com:8443", "/a?b", "X-Spec-Customer-Authorization: x", "x-spec-forward-origin: false"))
		if d.Site != "" || d.Mode != site.Active || d.Host != "WWW.Example.com:8443" || d.Answer != nil || !d.Inspect || d.Drop != nil ||
			d.DropResponse != nil || d.AddRequest != nil || d.AddResponse != nil || d.Worker || d.Spoofed || d.ForwardedFor || d.Origin != "" || d.UpstreamHost != "" {
			t.Errorf("%+v", d)
		}
		if got := d.ResponseFields("GET", 200, []http1.Field{{Name: "Cache-Control", Value: "no-store"}}); got != nil {
			t.Errorf("adds %v", got)
		}
	}
	trusted := request("GET", "a", "/")
	trusted.PeerTrusted = true
	if d := empty.Decide(trusted); !d.ForwardedFor {
		t.Error("a trusted proxy is not believed")
	}
}

const twoSites = `
unknown_host: refuse
sites:
  - {name: shop, hosts: [www.example.com, example.com., "[2001:db8::1]", 192.0.2.1], mode: active, origin: shop}
  - {name: below, hosts: "*.example.com", mode: pass-through, host: keep}
  - {name: deeper, hosts: "*.eu.example.com", mode: mirror}
  - {name: named, hosts: api.example.org, host: "origin.internal:8080"}
`

func TestHosts(t *testing.T) {
	set := compile(t, twoSites)
	for _, c := range []struct {
		host, site, upstream string
		status               int
	}{
		{"www.example.com", "shop", "", 0},
		{"WWW.EXAMPLE.COM", "shop", "", 0},
		{"www.example.com:443", "shop", "", 0},
		{"www.example.com.", "shop", "", 0},
		{"www.example.com.:8443", "shop", "", 0},
		{"www.example.com:", "shop", "", 0},
		{"example.com", "shop", "", 0},
		{"[2001:db8::1]", "shop", "", 0},
		{"[2001:DB8::1]:8080", "shop", "", 0},
		{"192.0.2.1:80", "shop", "", 0},
		{"m.example.com", "below", "m.example.com", 0},
		{"a.b.c.example.com:80", "below", "a.b.c.example.com:80", 0},
		{"x.eu.example.com", "deeper", "", 200},
		{"eu.example.com", "below", "eu.example.com", 0},
		{"api.example.org", "named", "origin.internal:8080", 0},
		{"www.example.org", "", "", 421},
		{"notexample.com", "", "", 421},
		{"", "", "", 421},
		{".", "", "", 421},
		{".example.com", "below", ".example.com", 0},
		{"192.0.2.2", "", "", 421},
		{"www.example.com:http", "", "", 400},
		{"www.example.com:123456", "", "", 400},
		{"[2001:db8::1", "", "", 400},
		{"[2001:db8::1]x", "", "", 400},
		{"a:b:c", "", "", 400},
		{strings.Repeat("a.", 130) + "example.com", "", "", 400},
	} {
		d := set.Decide(request("GET", c.host, "/"))
		if d.Site != c.site || d.UpstreamHost != c.upstream || status(&d) != c.status {
			t.Errorf("%q: site %q, upstream %q, status %d; want %q, %q, %d", c.host, d.Site, d.UpstreamHost, status(&d), c.site, c.upstream, c.status)
		}
		if d.Host != c.host || d.Inspect != (c.status == 0 || c.status == 200) {
			t.Errorf("%q: host %q, inspect %t", c.host, d.Host, d.Inspect)
		}
	}
	open := compile(t, strings.Replace(twoSites, "refuse", "forward", 1))
	if d := open.Decide(request("GET", "www.example.org", "/")); d.Answer != nil || d.Site != "" || d.Mode != site.Active || !d.Inspect {
		t.Errorf("an unknown host under forward: %+v", d)
	}
	if d := open.Decide(request("GET", "www.example.org:x", "/")); status(&d) != 400 {
		t.Errorf("a bad port under forward: %d", status(&d))
	}
}

func TestMirror(t *testing.T) {
	set := compile(t, "sites: [{hosts: a.example, mode: mirror}, {hosts: b.example, mode: mirror, mirror: {cache_control: \"no-store, private, max-age=0, no-cache\", surrogate_control: max-age=0}, "+
		"maintenance: {on: true}, identity_cookie: {on: true}}]")
	for host, want := range map[string]string{
		"a.example": "[{Cache-Control no-store}]",
		"b.example": "[{Cache-Control no-store, private, max-age=0, no-cache} {Surrogate-Control max-age=0}]",
	} {
		d := set.Decide(request("POST", host, "/login"))
		if status(&d) != 200 || len(d.Answer.Body) != 0 || d.Answer.ContentType != "" || fmt.Sprint(d.Answer.Fields) != want {
			t.Errorf("%s: %+v", host, d.Answer)
		}
		if !d.Inspect || d.Mode != site.Mirror || d.Reason != site.ReasonMirror || d.ResponseFields("POST", 200, d.Answer.Fields) != nil {
			t.Errorf("%s: %+v", host, d)
		}
	}
}

// What a worker says about forwarding is believed with the right key only.
func TestForwardOrigin(t *testing.T) {
	set := compile(t, `
sites:
  - {name: inline, hosts: inline.example, customer_key: {keys: "${KEY}"}, routes: [{path: /copy, mode: mirror}]}
  - {name: mirror, hosts: mirror.example, mode: mirror, customer_key: {keys: "${KEY}"}, routes: [{path: /api, mode: active}]}
  - {name: through, hosts: through.example, mode: pass-through, customer_key: {keys: "${KEY}"}}
`)
	for _, c := range []struct {
		host, path, value string
		key               bool
		want              site.Mode
	}{
		{"inline.example", "/", "", true, site.Active},
		{"inline.example", "/", "true", true, site.Active},
		{"inline.example", "/", "1", true, site.Active},
		{"inline.example", "/", "false", true, site.Mirror},
		{"inline.example", "/", "False", true, site.Mirror},
		{"inline.example", "/", "0", true, site.Mirror},
		{"inline.example", "/", "no idea", true, site.Active},
		{"inline.example", "/", "false", false, site.Active},
		{"inline.example", "/copy", "", true, site.Mirror},
		{"inline.example", "/copy", "true", true, site.PassThrough},
		{"mirror.example", "/", "", true, site.Mirror},
		{"mirror.example", "/", "true", true, site.PassThrough},
		{"mirror.example", "/", "true", false, site.Mirror},
		{"mirror.example", "/api", "true", true, site.Active},
		{"mirror.example", "/api", "false", true, site.Mirror},
		{"through.example", "/", "true", true, site.PassThrough},
		{"through.example", "/", "false", true, site.Mirror},
	} {
		var header []string
		if c.key {
			header = append(header, right)
		}
		if c.value != "" {
			header = append(header, "x-spec-forward-origin: "+c.value)
		}
		d := set.Decide(request("GET", c.host, c.path, header...))
		if d.Mode != c.want || (d.Answer != nil) != (c.want == site.Mirror) || d.Spoofed == c.key {
			if d.Mode != c.want || c.value != "" {
				t.Errorf("%+v: mode %q, answer %v, spoofed %t", c, d.Mode, d.Answer, d.Spoofed)
			}
		}
	}
	d := set.Decide(request("GET", "inline.example", "/", right, "x-spec-forward-origin: false", "x-spec-forward-origin: true"))
	if d.Mode != site.Active {
		t.Errorf("two opposite lines: %q", d.Mode)
	}
}

func TestHealth(t *testing.T) {
	set := compile(t, workers)
	for _, c := range []struct {
		method, host, path string
		health             bool
	}{
		{"GET", "www.client.com.spec-domain.com", "/example/healthz", true},
		{"HEAD", "a.client.org.spec-domain.com", "/example/healthz", true},
		{"POST", "www.client.com.spec-domain.com", "/example/healthz", false},
		{"GET", "www.client.com.spec-domain.com", "/example/healthz/", false},
		{"GET", "www.client.com.spec-domain.com", "/example/../example/healthz", false},
		{"GET", "www.client.com", "/example/healthz", false},
		{"GET", "evil.com.spec-domain.com", "/example/healthz", false},
	} {
		d := set.Decide(request(c.method, c.host, c.path))
		if d.Health != c.health || c.health && (status(&d) != 200 || d.Inspect || len(d.Answer.Body) > 0 || len(d.AddResponse) > 0) {
			t.Errorf("%+v: health %t, %+v", c, d.Health, d.Answer)
		}
	}
	everywhere := compile(t, "sites: [{hosts: a.example, mode: mirror, health: {path: /up, on: everywhere}, maintenance: {on: true}}]")
	if d := everywhere.Decide(request("GET", "a.example", "/up")); !d.Health || d.Reason != site.ReasonHealth {
		t.Errorf("%+v", d)
	}
}

func TestMaintenanceAndErrorPage(t *testing.T) {
	set := compile(t, `
sites:
  - {hosts: page.example, maintenance: {on: true, page: "<h1>Soon</h1>", retry_after: 90500ms}, error_page: {text: "sorry"}}
  - {hosts: bare.example, maintenance: {on: true}}
  - {hosts: calm.example, maintenance: {on: true, status: 200, text: "wait"}}
  - {hosts: other.example, maintenance: {on: true, origin: pages}, origin: app, routes: [{path: /x, origin: api}]}
  - {hosts: off.example, maintenance: {page: "<h1>Soon</h1>", status: 503}, error_page: {status: 503, retry_after: 1m}}
`)
	d := set.Decide(request("GET", "page.example", "/"))
	if status(&d) != 503 || d.Answer.ContentType != "text/html; charset=utf-8" || string(d.Answer.Body) != "<h1>Soon</h1>" ||
		fmt.Sprint(d.Answer.Fields) != "[{Cache-Control no-store} {Retry-After 91}]" || d.Reason != site.ReasonMaintenance || !d.Inspect {
		t.Errorf("page: %+v", d)
	}
	if d.ErrorPage == nil || d.ErrorPage.Status != 0 || string(d.ErrorPage.Body) != "sorry" || d.ErrorPage.ContentType != "text/plain; charset=utf-8" {
		t.Errorf("error page: %+v", d.ErrorPage)
	}
	if d := set.Decide(request("GET", "bare.example", "/")); status(&d) != 503 || d.Answer.ContentType != "" || d.ErrorPage != nil {
		t.Errorf("bare: %+v", d)
	}
	if d := set.Decide(request("GET", "calm.example", "/")); status(&d) != 200 {
		t.Errorf("calm: %+v", d)
	}
	if d := set.Decide(request("GET", "other.example", "/x")); d.Answer != nil || d.Origin != "pages" {
		t.Errorf("other: %+v", d)
	}
	d = set.Decide(request("GET", "off.example", "/"))
	if d.Answer != nil || d.ErrorPage == nil || d.ErrorPage.Status != 503 {
		t.Errorf("off: %+v", d)
	}
}

func TestRoutes(t *testing.T) {
	set := compile(t, `
sites:
  - hosts: a.example
    origin: app
    routes:
      - {name: upload, path: /files/upload, methods: [POST, PUT], mode: active, origin: files}
      - {path: "/files/{rest...}", mode: pass-through, origin: files}
      - {path: "/img/*.png", mode: pass-through}
      - {path: "/user/{id}/avatar", origin: files}
`)
	for _, c := range []struct {
		method, path, route, origin string
		mode                        site.Mode
	}{
		{"GET", "/", "", "app", site.Active},
		{"POST", "/files/upload", "upload", "files", site.Active},
		{"GET", "/files/upload", "/files/{rest...}", "files", site.PassThrough},
		{"GET", "/files", "/files/{rest...}", "files", site.PassThrough},
		{"GET", "/files/a/b/c?x", "/files/{rest...}", "files", site.PassThrough},
		{"GET", "/%66iles/a", "/files/{rest...}", "files", site.PassThrough},
		{"GET", "/img/a.png", "/img/*.png", "app", site.PassThrough},
		{"GET", "/img/a.gif", "", "app", site.Active},
		{"GET", "/img/x/a.png", "", "app", site.Active},
		{"GET", "/user/7/avatar", "/user/{id}/avatar", "files", site.Active},
		{"GET", "/user/avatar", "", "app", site.Active},
		// An application may read these as another path: they go where the route says, in the site's mode.
		{"POST", "/files/..%2flogin", "/files/{rest...}", "files", site.Active},
		{"POST", "/files/%2e%2e/login", "", "app", site.Active},
		{"POST", "/files/..;/login", "", "app", site.Active},
		{"POST", "/files/a;/../../login", "", "app", site.Active},
		{"POST", "/files/..%5clogin", "/files/{rest...}", "files", site.Active},
		{"POST", "/files/..%252flogin", "/files/{rest...}", "files", site.Active},
		{"POST", "/login/../files/x", "/files/{rest...}", "files", site.Active},
		{"POST", "/login//../files/x", "/files/{rest...}", "files", site.Active},
		{"POST", "/files//x", "/files/{rest...}", "files", site.Active},
		{"POST", "/files/x/", "/files/{rest...}", "files", site.PassThrough},
		{"OPTIONS", "*", "", "app", site.Active},
		{"GET", "", "", "app", site.Active},
	} {
		d := set.Decide(request(c.method, "a.example", c.path))
		if d.Route != c.route || d.Origin != c.origin || d.Mode != c.mode {
			t.Errorf("%s %s: route %q, origin %q, mode %q; want %q, %q, %q", c.method, c.path, d.Route, d.Origin, d.Mode, c.route, c.origin, c.mode)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	set := compile(t, workers+`
  - {name: routed, hosts: ["*.routed.example"], identity_cookie: {on: true}, host: keep,
     routes: [{path: /a, mode: mirror}, {path: "/b/{rest...}", mode: pass-through}]}
`)
	browser := []string{"Host: x", "User-Agent: Mozilla/5.0", "Accept: */*", "Cookie: a=b; x-spec-id=01020300-0000-4000-8000-000000000000; c=d"}
	for name, r := range map[string]*site.Request{
		"plain":       request("GET", "www.client.com", "/a/b/c?d=e", browser...),
		"capitals":    request("GET", "WWW.Client.com:443", "/", browser...),
		"through":     request("GET", "www.client.com.spec-domain.com", "/", append(browser, right)...),
		"routed":      request("POST", "x.routed.example", "/b/c%20d/e", browser...),
		"unknown":     request("GET", "unheard.of", "/", browser...),
		"refused":     request("GET", "www.client.com.spec-domain.com", "/", browser...),
		"bad":         request("GET", "a:b", "/", browser...),
		"mirror copy": request("GET", "www.client.com.spec-domain.com", "/", append(browser, right, "x-spec-forward-origin: false")...),
	} {
		got := testing.AllocsPerRun(100, func() {
			d := set.Decide(r)
			if len(d.ResponseFields(r.Method, 200, r.Fields)) > 1 {
				t.Error("a cookie")
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	set := compile(b, workers+"  - {hosts: [\"*.routed.example\"], routes: [{path: /a, mode: mirror}, {path: \"/b/{rest...}\", mode: pass-through}]}\n")
	browser := []string{"User-Agent: Mozilla/5.0", "Accept: text/html", "Accept-Language: de", "Accept-Encoding: gzip", "Sec-Fetch-Mode: navigate", "Cookie: a=b"}
	for name, r := range map[string]*site.Request{
		"plain":  request("GET", "www.client.com", "/a/b", browser...),
		"worker": request("GET", "www.client.com.spec-domain.com", "/a/b", append(browser, right)...),
		"routed": request("GET", "x.routed.example", "/b/c/d", browser...),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Decide(r)
			}
		})
	}
}
