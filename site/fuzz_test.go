package site_test

import (
	"strings"
	"testing"

	"wayguard/http1"
	"wayguard/site"
)

// Whatever is asked, nobody without a key speaks for a worker, and no host but a configured one comes out of an
// appended name.
func FuzzDecide(f *testing.F) {
	set := compile(f, workers+`
  - {name: signing, hosts: s.example, sidechain: {on: true, keys: [{id: k1, secret: "${SIGN}"}]}, identity_cookie: {on: true}, routes: [{path: "/a/*/{r...}", mode: pass-through}]}
`)
	f.Add("GET", "www.client.com.spec-domain.com", "/a/b", "x-spec-customer-authorization", goodKey)
	f.Add("POST", "s.example", "/a/%2e/..;x//", "signature-input", `sidechain=("@method");created=1`)
	f.Add("GET", "[::1]:80", "*", "cookie", "x-spec-id=;;")
	f.Add("", ".old.spec-domain.com", "", "CDN-Loop", "a;b, sidechain")
	hosts := map[string]bool{"www.client.com": true, "192.0.2.7": true, "other.client.net": true, "open.client.net": true}
	f.Fuzz(func(t *testing.T, method, host, path, name, value string) {
		r := request(method, host, path)
		r.Fields = []http1.Field{{Name: name, Value: value}}
		d := set.Decide(r)
		if d.Worker != (value == goodKey || value == otherKey) && d.Worker {
			t.Fatalf("a worker by %q: %q", name, value)
		}
		if !d.Worker && (len(d.AddResponse) > 0 || d.ForwardedFor) {
			t.Fatalf("a visitor is believed: %+v", d)
		}
		if d.Answer != nil && (d.Answer.Status < 200 || d.Answer.Status > 599 || d.Reason == "" || d.AddRequest != nil) {
			t.Fatalf("answer %+v, reason %q", d.Answer, d.Reason)
		}
		if d.Host != host && !hosts[d.Host] && !strings.HasSuffix(d.Host, ".client.org") {
			t.Fatalf("%q became %q", host, d.Host)
		}
		if d.Answer == nil && strings.HasSuffix(strings.ToLower(d.UpstreamHost), "spec-domain.com") {
			t.Fatalf("the appended domain reaches the origin: %q", d.UpstreamHost)
		}
		if d.Site == "signing" && d.Answer == nil && len(d.AddRequest) != 3 {
			t.Fatalf("not signed: %+v", d)
		}
		if d.Mode != site.Active && d.Mode != site.Mirror && d.Mode != site.PassThrough {
			t.Fatalf("mode %q", d.Mode)
		}
	})
}

// Any text as a part of the configuration is told as a problem or works; it never panics.
func FuzzCompile(f *testing.F) {
	f.Add("www.example.com", "/a/{b...}", "edge.example.net", "keep", "x-a")
	f.Add("*.", "/{", "a.b", "[::1]:80", "Host")
	f.Add("*", "//%2f", "..", ":", "")
	f.Fuzz(func(t *testing.T, host, path, domain, upstream, header string) {
		set, problems := site.Compile([]site.Config{{Hosts: []string{host}, Host: upstream, AppendedDomains: []string{domain},
			CustomerKey: site.KeyConfig{Keys: []string{goodKey}, Header: header}, Routes: []site.RouteConfig{{Path: path, Mode: site.Mirror}}}}, site.RefuseUnknown)
		if len(problems) > 0 {
			return
		}
		plain := strings.ReplaceAll(host, "*", "x")
		if d := set.Decide(request("GET", plain, path)); d.Site == "" {
			t.Errorf("the host %q is not found by %q", host, plain)
		}
		if plain == "[x]" || strings.HasPrefix(plain, "[") {
			return
		}
		d := set.Decide(request("GET", strings.TrimSuffix(plain, ".")+"."+domain, "/", header+": "+goodKey, site.DefaultKeyHeader+": "+goodKey))
		if d.Site == "" && len(plain)+len(domain) < 250 {
			t.Errorf("the host %q with %q appended is not found", plain, domain)
		}
	})
}
