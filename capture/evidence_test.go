package capture_test

import (
	"net/netip"
	"strings"
	"testing"

	"wayguard/event"
)

func TestSessionTokens(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	resp := response(302, "", "Set-Cookie: PHPSESSID=new; HttpOnly", "Set-Cookie: sid=; Max-Age=0",
		"Set-Cookie: connect.sid=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Set-Cookie: theme=dark")
	e := observe(set, request("GET /", "", "Cookie: PHPSESSID=old; theme=dark; wordpress_logged_in_1f=ann%7C1; sid="), resp)
	var got []string
	for _, token := range e.Evidence.Tokens {
		text := token.Name
		if token.Issued {
			text += " issued"
		}
		got = append(got, text)
		if token.Hash == "" || strings.Contains(token.Hash, "old") || strings.Contains(token.Hash, "new") {
			t.Errorf("hash %q", token.Hash)
		}
	}
	if want := "cookie:PHPSESSID, cookie:wordpress_logged_in_1f, cookie:PHPSESSID issued"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	later := observe(set, request("GET /", "", "Cookie: PHPSESSID=new"), nil)
	if later.Evidence.Tokens[0].Hash != e.Evidence.Tokens[2].Hash {
		t.Error("the issued token and the one sent back differ")
	}
}

func TestConfiguredTokens(t *testing.T) {
	set := mustCompile(t, "sessions: { tokens: [ { header: authorization }, { cookie: my_* } ] }\nspecs:\n"+spec("a", "{ path: / }"))
	e := observe(set, request("GET /", "", "Authorization: Bearer abc", "Cookie: sid=1; my_app=2"), nil)
	if len(e.Evidence.Tokens) != 2 || e.Evidence.Tokens[0].Name != "cookie:my_app" || e.Evidence.Tokens[1].Name != "header:authorization" {
		t.Errorf("%+v", e.Evidence.Tokens)
	}
	e = observe(set, request("GET /", "", "Authorization: Basic YW5uOnNlY3JldA=="), nil)
	if len(e.Evidence.Tokens) != 0 {
		t.Errorf("credentials became a token: %+v", e.Evidence.Tokens)
	}
}

func TestHeaderShape(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	shape := func(names ...string) string {
		for i := range names {
			names[i] += ": x"
		}
		return observe(set, request("GET /", "", names...), nil).Evidence.HeaderShape
	}
	page := shape("Host", "sec-ch-ua", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language")
	same := map[string]string{
		"form":   shape("Host", "Content-Length", "sec-ch-ua", "Origin", "Content-Type", "User-Agent", "Accept", "Referer", "Accept-Encoding", "Accept-Language", "Cookie"),
		"script": shape("User-Agent", "sec-ch-ua", "X-Requested-With", "Accept", "Accept-Encoding", "Accept-Language", "X-Forwarded-For"),
	}
	for name, got := range same {
		if got != page {
			t.Errorf("the shape changes with a %s", name)
		}
	}
	other := map[string]string{
		"order":   shape("sec-ch-ua", "Accept", "User-Agent", "Accept-Encoding", "Accept-Language"),
		"case":    shape("sec-ch-ua", "user-agent", "Accept", "Accept-Encoding", "Accept-Language"),
		"missing": shape("sec-ch-ua", "User-Agent", "Accept", "Accept-Encoding"),
		"hints":   shape("User-Agent", "Accept", "Accept-Encoding", "Accept-Language"),
	}
	for name, got := range other {
		if got == page || len(got) != 16 {
			t.Errorf("the shape %q does not change with %s", got, name)
		}
	}
}

func TestSurroundings(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: '/{x}' }")+"    take: { country: { query: c } }\n")
	r := request("GET /secret-path?c=DE", "", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Accept-Language: nl-NL,nl;q=0.9", "Referer: https://x.example/")
	r.Peer = netip.MustParseAddr("::ffff:203.0.113.9")
	resp := response(200, "")
	e := observe(set, r, resp)
	for name, want := range map[string]string{"ip_address": "203.0.113.9", "country": "DE", "city": "Utrecht", "language": "nl-NL"} {
		if got := values(e, name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if e.Find("user_agent") == nil || e.Find("referer") != nil || e.Find("asn") == nil {
		t.Errorf("elements: %+v", e.Elements)
	}
	want := event.HTTP{Method: "GET", Host: "shop.example", Route: "/{x}", Status: 200, Duration: resp.Duration}
	if e.HTTP != want || e.Evidence.Address != "203.0.113.9" || e.Evidence.UserAgent == "" {
		t.Errorf("%+v, %+v", e.HTTP, e.Evidence)
	}
	for i := 1; i < len(e.Elements); i++ {
		if e.Elements[i-1].Name > e.Elements[i].Name {
			t.Error("the elements are not sorted")
		}
	}
	r.Method, r.Host = "4111111111111111", "4111111111111111\n.example:1"
	if e := observe(set, r, nil); e.HTTP.Method != "OTHER" || e.HTTP.Host != "" {
		t.Errorf("hostile head: %+v", e.HTTP)
	}
}
