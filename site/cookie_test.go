package site_test

import (
	"strings"
	"testing"

	"wayguard/http1"
	"wayguard/site"
)

const cookieSite = `
sites:
  - {name: plain, hosts: a.example, identity_cookie: {on: true}}
  - {name: own, hosts: www.b.example, identity_cookie: {on: true, name: vid, domain: .b.example, max_age: 30d, same_site: none}}
  - {name: clear, hosts: c.example, identity_cookie: {on: true, insecure: true, same_site: Strict}}
  - {name: off, hosts: d.example, identity_cookie: {name: vid}}
`

func fields(lines ...string) []http1.Field { return request("", "", "", lines...).Fields }

func setCookies(d *site.Directive, method string, status int, lines ...string) (found []string) {
	for _, f := range d.ResponseFields(method, status, fields(lines...)) {
		if f.Name == "Set-Cookie" {
			found = append(found, f.Value)
		}
	}
	return found
}

func TestCookieIsSet(t *testing.T) {
	set := compile(t, cookieSite)
	const id = "01020300-0000-4000-8000-000000000000"
	for host, want := range map[string]string{
		"a.example":     "x-spec-id=" + id + "; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax",
		"www.b.example": "vid=" + id + "; Path=/; Max-Age=2592000; Domain=b.example; HttpOnly; Secure; SameSite=None",
		"c.example":     "x-spec-id=" + id + "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
		"d.example":     "",
	} {
		d := set.Decide(request("GET", host, "/"))
		if d.Identity != "" {
			t.Errorf("%s: identity %q before there is one", host, d.Identity)
		}
		got := strings.Join(setCookies(&d, "GET", 200, "Cache-Control: no-store"), "|")
		if got != want || (d.Identity == id) != (want != "") {
			t.Errorf("%s: %q, identity %q; want %q", host, got, d.Identity, want)
		}
		if again := setCookies(&d, "GET", 200, "Cache-Control: no-store"); len(again) > 0 {
			t.Errorf("%s: set twice", host)
		}
	}
}

func TestReturningVisitorsAreKnown(t *testing.T) {
	set := compile(t, cookieSite)
	const id = "3f2504e0-4f89-41d3-9a0c-0305E82C3301"
	for _, c := range []struct {
		header []string
		want   string
	}{
		{nil, ""},
		{[]string{"Cookie: x-spec-id=" + id}, id},
		{[]string{"cookie: a=b;x-spec-id=" + id + " ; c"}, id},
		{[]string{"Cookie: a=b", "Cookie: x-spec-id=" + id}, id},
		{[]string{"Cookie: x-spec-id=forged; x-spec-id=" + id}, id},
		{[]string{"Cookie: ax-spec-id=" + id}, ""},
		{[]string{"Cookie: X-Spec-Id=" + id}, ""},
		{[]string{"Cookie: x-spec-id=" + id + "0"}, ""},
		{[]string{"Cookie: x-spec-id=" + strings.ReplaceAll(id, "-", "0")}, ""},
		{[]string{"Cookie: x-spec-id=" + strings.Repeat("z", 36)}, ""},
		{[]string{"Cookie: ;;;=;"}, ""},
		{[]string{"X-Cookie: x-spec-id=" + id}, ""},
	} {
		d := set.Decide(request("GET", "a.example", "/", c.header...))
		if d.Identity != c.want {
			t.Errorf("%q: %q", c.header, d.Identity)
		}
		if got := setCookies(&d, "GET", 200, "Cache-Control: private"); (len(got) > 0) != (c.want == "") {
			t.Errorf("%q: sets %q", c.header, got)
		}
	}
}

// One visitor's identity must never be kept for others: where a shared cache may keep the response, there is no cookie.
func TestCookieNeverReachesACache(t *testing.T) {
	set := compile(t, cookieSite)
	for _, c := range []struct {
		method string
		status int
		header []string
		want   bool
	}{
		{"GET", 200, nil, false},
		{"HEAD", 200, nil, false},
		{"GET", 404, nil, false},
		{"GET", 200, []string{"Cache-Control: public, max-age=60"}, false},
		{"GET", 200, []string{"Cache-Control: max-age=60"}, false},
		{"GET", 200, []string{"Cache-Control: max-age=0"}, false},
		{"GET", 200, []string{"Cache-Control: no-cache"}, false},
		{"GET", 200, []string{"Cache-Control: no-store"}, true},
		{"GET", 200, []string{"cache-control: No-Store , no-cache, must-revalidate"}, true},
		{"GET", 200, []string{"Cache-Control: private, max-age=60"}, true},
		{"GET", 200, []string{"Cache-Control: max-age=60", "Cache-Control: private"}, true},
		{"GET", 200, []string{"Cache-Control: private", "Expires: Thu, 01 Jan 2032 00:00:00 GMT"}, true},
		{"GET", 200, []string{`Cache-Control: private="x-a"`}, false},
		{"GET", 200, []string{"Cache-Control: private, public"}, false},
		{"GET", 200, []string{"Cache-Control: private", "Cache-Control: s-maxage=60"}, false},
		{"GET", 200, []string{"Cache-Control: no-store, must-understand"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "Surrogate-Control: max-age=60"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "CDN-Cache-Control: max-age=60"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "Cloudflare-CDN-Cache-Control: max-age=60"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "X-Accel-Expires: 60"}, false},
		{"GET", 200, []string{"Cache-Control: no-storexyz"}, false},
		{"GET", 304, []string{"Cache-Control: no-store"}, false},
		{"GET", 103, []string{"Cache-Control: no-store"}, false},
		{"GET", 101, []string{"Cache-Control: no-store"}, false},
		{"GET", 302, []string{"Cache-Control: no-store"}, true},
		{"POST", 200, nil, true},
		{"POST", 302, []string{"Cache-Control: no-cache"}, true},
		{"POST", 200, []string{"Cache-Control: public, max-age=60"}, false},
		{"POST", 200, []string{"Cache-Control: s-maxage=60"}, false},
		{"POST", 200, []string{"Expires: Thu, 01 Jan 2032 00:00:00 GMT"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "Set-Cookie: x-spec-id=mine; Path=/"}, false},
		{"GET", 200, []string{"Cache-Control: no-store", "Set-Cookie: other=1"}, true},
	} {
		d := set.Decide(request(c.method, "a.example", "/"))
		if got := setCookies(&d, c.method, c.status, c.header...); (len(got) == 1) != c.want {
			t.Errorf("%s %d %q: %q", c.method, c.status, c.header, got)
		}
	}
}

// Two visitors never share an identity, and setting one leaves the site's own fields alone.
func TestIdentitiesAreEachOnesOwn(t *testing.T) {
	set := compile(t, `sites: [{hosts: a.example, customer_key: {keys: "${KEY}"}, identity_cookie: {on: true}}]`)
	count := byte(0)
	seen := map[string]bool{}
	for range 200 {
		r := request("GET", "a.example", "/", right)
		r.Random = func() [16]byte { count++; return [16]byte{count, 255, 255, 255, 255, 255, 255, 255, 255} }
		d := set.Decide(r)
		got := d.ResponseFields("GET", 200, fields("Cache-Control: private"))
		if len(got) != 2 || len(d.AddResponse) != 1 || got[0] != d.AddResponse[0] || seen[got[1].Value] {
			t.Fatalf("%v", got)
		}
		if len(d.Identity) != 36 || d.Identity[14] != '4' || !strings.ContainsRune("89ab", rune(d.Identity[19])) {
			t.Fatalf("%q is no random UUID", d.Identity)
		}
		seen[got[1].Value] = true
	}
	r := request("GET", "a.example", "/")
	r.Random = nil
	if d := set.Decide(r); d.ResponseFields("GET", 200, fields("Cache-Control: private")) != nil {
		t.Error("an identity without random bytes")
	}
}
