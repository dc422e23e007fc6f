package site_test

import (
	"strings"
	"testing"

	"wayguard/http1"
	"wayguard/site"
)

const everyHint = "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version, Sec-CH-UA-Full-Version-List"

func TestClientHints(t *testing.T) {
	set := compile(t, "sites:\n  - {name: asking, hosts: a.example, client_hints: true, identity_cookie: {on: true}}\n  - {name: silent, hosts: b.example}\n  - {name: copied, hosts: c.example, client_hints: true, mode: mirror}\n")
	page := []string{"Content-Type: text/html; charset=utf-8", "Cache-Control: private, no-store"}
	for _, c := range []struct {
		name, host string
		insecure   bool
		method     string
		status     int
		fields     []string
		want       string
		asked      bool
	}{
		{"a page", "a.example", false, "GET", 200, page, everyHint, true},
		{"a page that tells an error", "a.example", false, "GET", 404, page, everyHint, true},
		{"a form's answer", "a.example", false, "POST", 200, []string{"content-type: TEXT/HTML"}, everyHint, true},
		{"XHTML", "a.example", false, "GET", 200, append([]string{"Content-Type: application/xhtml+xml"}, page[1]), everyHint, true},
		{"in clear", "a.example", true, "GET", 200, page, "", false},
		{"another site", "b.example", false, "GET", 200, page, "", false},
		{"a copy", "c.example", false, "GET", 200, page, "", false},
		{"no page", "a.example", false, "GET", 200, []string{"Content-Type: text/html-not", page[1]}, "", false},
		{"no type", "a.example", false, "GET", 200, page[1:], "", false},
		{"unchanged", "a.example", false, "GET", 304, page, "", false},
		{"on the way", "a.example", false, "GET", 103, page, "", false},
		{"what a cache may keep", "a.example", false, "GET", 200, page[:1], "", false},
		{"what a cache keeps apart", "a.example", false, "GET", 200, []string{page[0], "Cache-Control: public, max-age=60", "Vary: Accept, " + strings.ToLower(everyHint)}, everyHint, true},
		{"what a cache keeps apart in part", "a.example", false, "GET", 200, []string{page[0], "Vary: Sec-CH-UA-Model"}, "", false},
		{"what a cache cannot keep", "a.example", false, "GET", 200, []string{page[0], "Vary: *"}, everyHint, true},
		{"what the origin asks for is not asked twice", "a.example", false, "GET", 200, append(page, "Accept-CH: DPR, sec-ch-ua-model"),
			"Sec-CH-UA-Platform-Version, Sec-CH-UA-Full-Version-List", true},
		{"the origin asks for all", "a.example", false, "GET", 200, append(page, "Accept-CH: "+everyHint), "", true},
		{"the page forbids them", "a.example", false, "GET", 200, append(page, "Permissions-Policy: geolocation=(), ch-ua-model=()"), everyHint, false},
	} {
		d := set.Decide(request("GET", c.host, "/"))
		d.Secure = !c.insecure
		var got []string
		for _, f := range d.ResponseFields(c.method, c.status, fields(c.fields...)) {
			if f.Name == "Accept-CH" {
				got = append(got, f.Value)
			}
		}
		if strings.Join(got, "|") != c.want || d.HintsAsked != c.asked {
			t.Errorf("%s: %q, asked %t; want %q, %t", c.name, got, d.HintsAsked, c.want, c.asked)
		}
	}
}

// What is added to one answer is not in the next one's way.
func TestClientHintsShareNothing(t *testing.T) {
	set, problems := site.Compile([]site.Config{{Name: "s", ClientHints: true, CustomerKey: site.KeyConfig{Keys: []string{goodKey}}}}, site.ForwardUnknown)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	page := fields("Content-Type: text/html", "Cache-Control: no-store")
	for range 3 {
		d := set.Decide(request("GET", "a.example", "/", site.DefaultKeyHeader+": "+goodKey))
		d.Secure = true
		shared := d.AddResponse
		if got := d.ResponseFields("GET", 200, page); len(got) != 2 || got[1].Name != "Accept-CH" || len(shared) != 1 || cap(shared) > 1 && shared[:2][1] != (http1.Field{}) {
			t.Fatalf("%v, shared %v", got, shared)
		}
	}
}
