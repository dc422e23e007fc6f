package capture_test

import (
	"fmt"
	"strings"
	"testing"

	"wayguard/capture"
)

func spec(name, match string) string {
	return fmt.Sprintf("  - name: %s\n    event: E\n    type: session_update\n    match: %s\n", name, match)
}

func matched(set *capture.Set, r *capture.Request) string {
	if spec := set.Match(r); spec != nil {
		return spec.Name()
	}
	return ""
}

func TestMatchPaths(t *testing.T) {
	set := mustCompile(t, "specs:\n"+
		spec("root", "{ path: / }")+
		spec("login", "{ path: /login }")+
		spec("user", "{ path: '/account/{username}/login' }")+
		spec("star", "{ path: '/star/*/end' }")+
		spec("glob", "{ path: '/p/product-*.html' }")+
		spec("rest", "{ path: '/files/{name...}' }")+
		spec("slash", "{ path: '/a%2Fb' }")+
		spec("any", "{ path: '/{x}/last' }"))
	tests := map[string]string{
		"/": "root", "": "root", "//": "root", "/.": "root", "/x/..": "root",
		"/login": "login", "/login/": "login", "//login": "login", "/./login": "login", "/x/../login": "login",
		"/%6cogin": "login", "/%6Cogin": "login", "/login;jsessionid=1": "login", "/x/%2e%2e/login": "login",
		"/../../login": "login", "/Login": "", "/login/x": "", "/loginx": "", "/login%2F": "",
		"/account/ann/login": "user", "/account//login": "", "/account/a%2Fb/login": "user", "/account/a/b/login": "",
		"/star/x/end": "star", "/star/end": "", "/p/product-7.html": "glob", "/p/product-7.htm": "",
		"/files": "rest", "/files/a/b": "rest", "/a%2fb": "slash", "/a/b": "", "/login/last": "any", "/%zz/last": "any",
		"/" + strings.Repeat("a/", 300) + "last": "", "/" + strings.Repeat("a", 5000) + "/last": "any",
	}
	for path, want := range tests {
		if got := matched(set, request("GET "+path, "")); got != want {
			t.Errorf("%.60s: %q, want %q", path, got, want)
		}
	}
}

func TestMatchConditions(t *testing.T) {
	set := mustCompile(t, "specs:\n"+
		spec("host", "{ path: /host, host: [shop.example, '*.shop.example'] }")+
		spec("method", "{ path: /method, method: [POST, PUT] }")+
		spec("query", "{ path: /query, query: { step: '2', debug: '*', off: '!' } }")+
		spec("header", "{ path: /header, header: { Accept: '*text/html*', x-mode: [a, '!'] } }")+
		spec("type", "{ path: /type, content_type: [application/json, '*+json'] }"))
	on := func(host, line string, header ...string) *capture.Request {
		r := request(line, "", header...)
		r.Host = host
		return r
	}
	tests := []struct {
		request *capture.Request
		want    bool
	}{
		{on("shop.example", "GET /host"), true}, {on("SHOP.example:8443", "GET /host"), true},
		{on("a.shop.example.", "GET /host"), true}, {on("evilshop.example", "GET /host"), false},
		{on("[::1]:80", "GET /host"), false},
		{request("POST /method", ""), true}, {request("GET /method", ""), false},
		{request("GET /query?debug=&step=2", ""), true}, {request("GET /query?debug=1&st%65p=%32", ""), true},
		{request("GET /query?step=2", ""), false}, {request("GET /query?step=3&debug", ""), false},
		{request("GET /query?step=2&debug=1&off=", ""), false},
		{request("GET /header", "", "ACCEPT: text/HTML,*/*"), true},
		{request("GET /header", "", "Accept: text/html", "X-Mode: A"), true},
		{request("GET /header", "", "Accept: text/html", "X-Mode: b"), false},
		{request("GET /header", "", "Accept: application/json"), false}, {request("GET /header", ""), false},
		{request("POST /type", "", "content-type: Application/JSON; charset=utf-8"), true},
		{request("POST /type", "", "content-type: application/problem+json"), true},
		{request("POST /type", "", "content-type: text/plain"), false},
	}
	for _, test := range tests {
		if got := matched(set, test.request) != ""; got != test.want {
			t.Errorf("%s %s?%s %v: matched %v", test.request.Host, test.request.Path, test.request.Query, test.request.Header, got)
		}
	}
}

func TestMatchTakesTheFirst(t *testing.T) {
	set := mustCompile(t, "specs:\n"+
		spec("exact", "{ path: /a/b, method: POST }")+spec("wide", "{ path: '/{x}/b' }")+spec("late", "{ path: /a/c }"))
	for line, want := range map[string]string{"POST /a/b": "exact", "GET /a/b": "wide", "GET /z/b": "wide", "GET /a/c": "late"} {
		if got := matched(set, request(line, "")); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	var none *capture.Set
	if none.Match(request("GET /", "")) != nil {
		t.Error("no set matched")
	}
}

func manySpecs(t testing.TB) *capture.Set {
	var b strings.Builder
	b.WriteString("specs:\n")
	for i := range 100 {
		b.WriteString(spec(fmt.Sprintf("s%d", i), fmt.Sprintf("{ path: '/shop%d/{id}/view', method: GET }", i)))
	}
	b.WriteString(spec("open", "{ path: '/{tenant}/login', method: POST }"))
	return mustCompile(t, b.String())
}

func TestMatchMissAllocatesNothing(t *testing.T) {
	set := manySpecs(t)
	for _, r := range []*capture.Request{
		request("GET /static/app.js?v=1", "", "Accept: */*"), request("GET /shop5/1/other", ""),
		request("GET //shop5/%31/../x;y=1", ""), request("POST /api/v1/items", ""),
	} {
		if n := testing.AllocsPerRun(100, func() { set.Match(r) }); n != 0 || set.Match(r) != nil {
			t.Errorf("%s: %v allocations, spec %v", r.Path, n, set.Match(r))
		}
	}
}

func BenchmarkMatchMiss(b *testing.B) {
	set := manySpecs(b)
	r := request("GET /static/css/app.min.css", "")
	b.ReportAllocs()
	for b.Loop() {
		set.Match(r)
	}
}

func FuzzMatch(f *testing.F) {
	set := mustCompile(f, "specs:\n"+spec("a", "{ path: '/a/{x}/b*' }")+spec("b", "{ path: '/{r...}', query: { q: '*z' }, host: '*.x' }"))
	for _, seed := range []string{"/a/b/c", "/a/%2e%2e/b", "//..;x/", "/%", "/%zz%41"} {
		f.Add(seed, "q=z&q=%", "h.x:1")
	}
	f.Fuzz(func(t *testing.T, path, query, host string) {
		r := request("GET /", "")
		r.Path, r.Query, r.Host = path, query, host
		if s := set.Match(r); s != nil {
			if again := set.Match(r); again != s {
				t.Fatal("matched twice, differently")
			}
			s.Exchange(r, nil)
		}
	})
}
