package site_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/http1"
	"wayguard/sidechain"
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

const workers = `
sites:
  - name: shop
    hosts: [www.client.com, "*.client.org", 192.0.2.7]
    appended_domains: [Spec-Domain.com., old.spec-domain.com]
    customer_key: {keys: ["${KEY}", "${NEXT}"]}
    health: {path: /example/healthz}
  - name: other
    hosts: other.client.net
    appended_domains: edge.example.net
    customer_key: {keys: "${NEXT}", header: X-Edge-Key, required: always, refusal: {status: 404, text: "not found\n"}}
    forward_origin: {header: X-Edge-Forward}
    handled: {header: X-Edge-Seen, value: "yes"}
    mode: mirror
    mirror: {cache_control: "no-store, private, max-age=0, no-cache", surrogate_control: max-age=0}
  - {name: open, hosts: open.client.net, appended_domains: edge.example.net, customer_key: {required: never}}
  - {name: any, origin: rest}
`

const right = "X-Spec-Customer-Authorization: " + goodKey

// An appended domain is taken away once, and what is left must be a host of the site that has this domain.
func TestHostsAreRebuilt(t *testing.T) {
	set := compile(t, workers)
	for _, c := range []struct {
		host, rebuilt string
		status        int
	}{
		{"www.client.com.spec-domain.com", "www.client.com", 0},
		{"WWW.Client.com.Spec-Domain.com.:8443", "www.client.com", 0},
		{"www.client.com.old.spec-domain.com", "www.client.com", 0},
		{"a.b.client.org.spec-domain.com", "a.b.client.org", 0},
		{"192.0.2.7.spec-domain.com", "192.0.2.7", 0},
		{"spec-domain.com", "", 421},
		{"old.spec-domain.com", "", 421},
		{".spec-domain.com", "", 400},
		{"..spec-domain.com", "", 400},
		{"www.client.com..spec-domain.com", "", 400},
		{"-.spec-domain.com", "", 400},
		{"a b.spec-domain.com", "", 400},
		{"user@www.client.com.spec-domain.com", "", 400},
		{"www.client.com%00.spec-domain.com", "", 400},
		{"www.client.com/.spec-domain.com", "", 400},
		{"www.client.com:80.spec-domain.com", "", 400},
		{"[::1].spec-domain.com", "", 400},
		{strings.Repeat("a", 64) + ".client.org.spec-domain.com", "", 400},
		{"www.client.com.spec-domain.com.spec-domain.com", "", 421},
		{"www.client.com.spec-domain.com.old.spec-domain.com", "", 421},
		{"www.client.com.old.spec-domain.com.spec-domain.com", "", 421},
		{"spec-domain.com.spec-domain.com", "", 421},
		{"www.client.com.edge.example.net", "", 421},
		{"other.client.net.spec-domain.com", "", 421},
		{"evil.com.spec-domain.com", "", 421},
		{"127.0.0.1.spec-domain.com", "", 421},
		{"169.254.169.254.spec-domain.com", "", 421},
		{"0x7f000001.spec-domain.com", "", 421},
		{"localhost.spec-domain.com", "", 421},
		{"client.org.spec-domain.com", "", 421},
	} {
		d := set.Decide(request("GET", c.host, "/", right))
		if status(&d) != c.status {
			t.Errorf("%q: status %d, want %d", c.host, status(&d), c.status)
			continue
		}
		if c.status != 0 {
			if d.Inspect || d.Worker || d.Answer.Body != nil || len(d.AddResponse) > 0 || !dropped(&d, "x-spec-customer-authorization") {
				t.Errorf("%q is refused with %+v", c.host, d)
			}
			continue
		}
		if d.Host != c.rebuilt || d.UpstreamHost != c.rebuilt || d.Site != "shop" || !d.Worker || !d.ForwardedFor {
			t.Errorf("%q: %+v", c.host, d)
		}
	}
}

func TestCustomerKeys(t *testing.T) {
	set := compile(t, workers)
	const appended, plain = "www.client.com.spec-domain.com", "www.client.com"
	for _, c := range []struct {
		name, host      string
		header          []string
		status          int
		worker, spoofed bool
	}{
		{"right", appended, []string{right}, 0, true, false},
		{"right, in capitals", appended, []string{strings.ToUpper(right[:30]) + right[30:]}, 0, true, false},
		{"the next one", appended, []string{"x-spec-customer-authorization: " + otherKey}, 0, true, false},
		{"none", appended, nil, 403, false, false},
		{"wrong", appended, []string{"x-spec-customer-authorization: wrong"}, 403, false, true},
		{"empty", appended, []string{"x-spec-customer-authorization: "}, 403, false, true},
		{"a part", appended, []string{right[:len(right)-1]}, 403, false, true},
		{"more", appended, []string{right + "0"}, 403, false, true},
		{"huge", appended, []string{right + strings.Repeat("0", 60000)}, 403, false, true},
		{"two lines", appended, []string{right, right}, 403, false, true},
		{"underscores", appended, []string{strings.Replace(right, "X-Spec-", "X_Spec_", 1)}, 403, false, true},
		{"another site's", appended, []string{"X-Edge-Key: " + otherKey}, 403, false, false},
		{"plain host, none", plain, nil, 0, false, false},
		{"plain host, right", plain, []string{right}, 0, true, false},
		{"plain host, wrong", plain, []string{"x-spec-customer-authorization: wrong"}, 0, false, true},
		{"plain host, forged marker", plain, []string{"x-atvak-activity-count: 7"}, 0, false, true},
		{"plain host, forged wish", plain, []string{"x-spec-forward-origin: false"}, 0, false, true},
		{"always required", "other.client.net", nil, 404, false, false},
		{"never required", "open.client.net.edge.example.net", nil, 0, false, false},
		{"never required, some key", "open.client.net.edge.example.net", []string{right}, 0, false, true},
	} {
		d := set.Decide(request("GET", c.host, "/", c.header...))
		if status(&d) != c.status || d.Worker != c.worker || d.Spoofed != c.spoofed || d.ForwardedFor != c.worker {
			t.Errorf("%s: status %d, worker %t, spoofed %t, believed %t", c.name, status(&d), d.Worker, d.Spoofed, d.ForwardedFor)
		}
		if (len(d.AddResponse) > 0) != c.worker {
			t.Errorf("%s: adds %v", c.name, d.AddResponse)
		}
		if c.status != 0 && (d.Inspect || d.Reason != site.ReasonCustomerKey) {
			t.Errorf("%s: inspect %t, reason %q", c.name, d.Inspect, d.Reason)
		}
	}
}

// Whoever sends them, control headers end here: also in the spelling that CGI cannot tell from theirs.
func TestControlHeadersAreNeverPassedOn(t *testing.T) {
	set := compile(t, workers)
	for _, host := range []string{"www.client.com", "www.client.com.spec-domain.com"} {
		for _, header := range [][]string{nil, {right}} {
			d := set.Decide(request("GET", host, "/", header...))
			for _, name := range []string{"x-spec-customer-authorization", "X-Spec-Forward-Origin", "X_SPEC_FORWARD_ORIGIN", "x-atvak-activity-count", "x_atvak-activity_count"} {
				if !dropped(&d, name) {
					t.Errorf("%s %v: %s is passed on", host, header, name)
				}
			}
			for _, name := range []string{"X-Edge-Key", "Authorization", "x-spec-id", "Signature", ""} {
				if dropped(&d, name) {
					t.Errorf("%s: %q is dropped", host, name)
				}
			}
			if d.DropResponse == nil || !d.DropResponse("X-Atvak-Activity-Count") || d.DropResponse("X-Spec-Forward-Origin") {
				t.Errorf("%s: the origin's marker reaches the visitor", host)
			}
		}
	}
	if d := set.Decide(request("GET", "unheard.of", "/")); dropped(&d, "x-edge-key") || d.Site != "any" {
		t.Errorf("a site without workers drops headers: %+v", d)
	}
	alone := compile(t, strings.Replace(workers, "- {name: any, origin: rest}", "", 1))
	if d := alone.Decide(request("GET", "unheard.of", "/", right)); !dropped(&d, "x-edge-key") || !dropped(&d, "x-spec-customer-authorization") || d.Worker {
		t.Errorf("a key reaches the default origin: %+v", d)
	}
}

// The handled marker is for workers, whatever they are answered, and for nobody else.
func TestMarkerIsForWorkersAlone(t *testing.T) {
	set := compile(t, workers)
	field := func(name, value string) string { return fmt.Sprint([]http1.Field{{Name: name, Value: value}}) }
	d := set.Decide(request("GET", "www.client.com.spec-domain.com", "/", right))
	if fmt.Sprint(d.AddResponse) != field("x-atvak-activity-count", "1") {
		t.Errorf("inline: %v", d.AddResponse)
	}
	d = set.Decide(request("GET", "other.client.net", "/", "x-edge-key: "+otherKey))
	if fmt.Sprint(d.AddResponse) != field("X-Edge-Seen", "yes") || status(&d) != 200 {
		t.Errorf("mirror: %d %v", status(&d), d.AddResponse)
	}
	for _, host := range []string{"www.client.com", "other.client.net", "open.client.net.edge.example.net", "unheard.of", "evil.com.spec-domain.com"} {
		if d := set.Decide(request("GET", host, "/", "x-atvak-activity-count: 1")); len(d.AddResponse) > 0 {
			t.Errorf("%s: a visitor gets %v", host, d.AddResponse)
		}
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

const signedSite = `
sites:
  - name: shop
    hosts: www.client.com
    appended_domains: spec-domain.com
    customer_key: {keys: "${KEY}"}
    routes: [{path: /copy, mode: mirror}]
    sidechain: {on: true, keys: [{id: k1, secret: "${SIGN}"}], cover: Content-Digest}
`

// signed checks the headers as the worker does, and gives them as lines.
func signed(t *testing.T, d *site.Directive, r *site.Request) []string {
	t.Helper()
	if len(d.AddRequest) != 3 {
		t.Fatalf("adds %v", d.AddRequest)
	}
	key, err := sidechain.NewKey("k1", sidechain.Ed25519, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := sidechain.NewVerifier([]sidechain.Key{key}, sidechain.Settings{Cover: []string{"content-digest"}}, sidechain.NewNonces(9))
	if err != nil {
		t.Fatal(err)
	}
	m := &sidechain.Message{Method: r.Method, Scheme: "https", Authority: "www.client.com", Path: r.Path, Query: r.Query,
		Field: func(name string) (string, bool) {
			for _, f := range r.Fields {
				if strings.EqualFold(f.Name, name) {
					return f.Value, true
				}
			}
			return "", false
		}}
	if _, err := v.Verify(m, []string{d.AddRequest[0].Value}, []string{d.AddRequest[1].Value}, r.Now.Add(time.Second)); err != nil {
		t.Errorf("the worker refuses: %v", err)
	}
	var lines []string
	for _, f := range d.AddRequest {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return lines
}

func TestSidechain(t *testing.T) {
	set := compile(t, signedSite)
	const appended = "www.client.com.spec-domain.com"
	r := request("POST", appended, "/login?a=b", right, "Content-Digest: sha-256=:AAAA:", `Signature-Input: sig1=("@authority");tag="web-bot-auth"`, "Signature: sig1=:AAAA:")
	d := set.Decide(r)
	lines := signed(t, &d, r)
	if d.UpstreamHost != "www.client.com" || d.Answer != nil || d.Spoofed || dropped(&d, "Signature") {
		t.Errorf("%+v", d)
	}
	if lines[2] != "CDN-Loop: sidechain" {
		t.Errorf("against loops: %q", lines[2])
	}
	// It comes round again, with all of that, with the signature alone, long after, or with nothing but CDN-Loop.
	for name, header := range map[string][]string{
		"all":         lines,
		"signature":   lines[:2],
		"beside":      {`Signature-Input: sig1=("@authority")`, lines[0], "Signature: sig1=:AAAA:", lines[1]},
		"the loop":    lines[2:],
		"among loops": {"CDN-Loop: cloudflare; subreqs=1, Sidechain ; x=1"},
	} {
		again := request("POST", appended, "/login?a=b", slices.Concat(header, []string{right, "Content-Digest: sha-256=:AAAA:"})...)
		again.Now = again.Now.Add(time.Hour)
		d := set.Decide(again)
		if status(&d) != 508 || d.Inspect || d.Reason != site.ReasonLoop || d.AddRequest != nil {
			t.Errorf("%s: status %d, %+v", name, status(&d), d)
		}
	}
	// What claims to be ours and is not, or cannot be read, is taken away and the request signed.
	for name, header := range map[string][]string{
		"forged":       {strings.Replace(lines[0], "k1", "k2", 1), lines[1]},
		"another path": {lines[0], lines[1]},
		"unreadable":   {"Signature-Input: ((("},
		"half":         {"Signature: sidechain=:AAAA:"},
	} {
		target := "/login?a=b"
		if name == "another path" {
			target = "/admin"
		}
		r := request("POST", appended, target, slices.Concat(header, []string{right, "Content-Digest: sha-256=:AAAA:"})...)
		d := set.Decide(r)
		signed(t, &d, r)
		if !d.Spoofed || !dropped(&d, "signature-input") || !dropped(&d, "SIGNATURE") || !dropped(&d, "x-spec-forward-origin") || dropped(&d, "cdn-loop") {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d := set.Decide(request("POST", appended, "/copy", right)); status(&d) != 200 || d.AddRequest != nil {
		t.Errorf("a copy is signed: %+v", d)
	}
	noDice := request("GET", appended, "/", right)
	noDice.Random = nil
	if d := set.Decide(noDice); status(&d) != 503 || d.Reason != site.ReasonUnsigned {
		t.Errorf("without a nonce: %+v", d)
	}
	direct := request("GET", "www.client.com", "/")
	d = set.Decide(direct)
	signed(t, &d, direct)
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
