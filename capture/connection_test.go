package capture_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"wayguard/capture"
	"wayguard/element"
	"wayguard/event"
)

// chrome is what a connection of a Chromium shows. The digits of its HTTP/2 fingerprint are as many as a card's.
func chrome() capture.Connection {
	return capture.Connection{Protocol: "HTTP/2", JA4: "t13d1516h2_8daaf6152771_02713d6af862", HTTP2: "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p",
		SpoofedForwarding: true}
}

func TestConnectionBecomesElements(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	r := request("GET /", "")
	if e := observe(set, r, nil); len(values(e, "http_version"))+len(values(e, "forwarded_spoofed"))+len(values(e, "tls_fingerprint")) > 0 {
		t.Errorf("elements of a connection of which nothing is known: %+v", e.Elements)
	}
	r.Connection = chrome()
	e := observe(set, r, nil)
	for name, want := range map[string]string{"http_version": "HTTP/2", "tls_fingerprint": chrome().JA4, "http2_fingerprint": chrome().HTTP2, "forwarded_spoofed": "true"} {
		if got := values(e, name); !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	r.Connection.JA4, r.Connection.HTTP2 = strings.Repeat("a", 300), "<b>"
	if e := observe(set, r, nil); len(values(e, "tls_fingerprint"))+len(values(e, "http2_fingerprint")) > 0 {
		t.Errorf("what is no fingerprint was taken: %+v", e.Elements)
	}
}

func TestConnectionElementsCanBeHiddenAndSwitchedOff(t *testing.T) {
	catalogue, err := element.Default().With(nil, []string{"http_version"}, map[string]element.Sensitivity{"tls_fingerprint": element.Hashed})
	if err != nil {
		t.Fatal(err)
	}
	n := element.NewNormaliser(catalogue, normaliser(t).Keys(), element.Options{})
	set, problems := compileWith(n, "specs:\n"+spec("a", "{ path: / }"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	r := request("GET /", "")
	r.Connection = chrome()
	e := observe(set, r, nil)
	if got := values(e, "tls_fingerprint"); len(got) != 1 || got[0] == chrome().JA4 {
		t.Errorf("the fingerprint is not hidden: %q", got)
	}
	if got := values(e, "http_version"); got != nil {
		t.Errorf("an element that is switched off: %q", got)
	}
}

// TestWaitingVisitorsDoNotWaitForBombs sends a few hundred bytes that decompress to tens of thousands of values.
func TestWaitingVisitorsDoNotWaitForBombs(t *testing.T) {
	bomb := `{"u":"ann","x":[` + strings.Repeat("1,", 40_000) + "1]}"
	specs := func(more string) *capture.Set {
		return mustCompile(t, "specs:\n"+spec("a", "{ path: / }")+"    take: { username: { json: $..u } }\n"+more)
	}
	r := request("POST /", compressed(t, "gzip", bomb), jsonType, "Content-Encoding: gzip")
	for _, test := range []struct {
		name, more string
		read       bool
	}{
		{"not inline", "", true},
		{"inline", "    inline: true\n", false},
		{"inline, with a higher limit", "    inline: true\n    limits: { decompressed: 128KiB }\n", true},
		{"not inline, with a lower limit", "    limits: { decompressed: 1KiB }\n", false},
	} {
		e := observe(specs(test.more), r, nil)
		if read := len(values(e, "username")) > 0; read != test.read {
			t.Errorf("%s: read %v", test.name, read)
		}
		if told := hasIssue(e, "body_too_large", ""); told == test.read {
			t.Errorf("%s: issues %v", test.name, e.Issues)
		}
	}
	_, problems := compile(t, "specs:\n"+spec("a", "{ path: / }")+"    limits: { decompressed: 33MiB }\n")
	if problems.Err() == nil {
		t.Error("a limit beyond all bounds is taken")
	}
}

// TestRememberedFactsAreEachVisitorsOwn asks for the facts of many visitors in turn, twice: nobody gets another's.
func TestRememberedFactsAreEachVisitorsOwn(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	seen := map[string]event.Evidence{}
	for round := range 2 {
		for i := range 3000 {
			agent, language := "agent/"+strings.Repeat("x", i%50)+string(rune('a'+i%26)), []string{"en", "de", "nl"}[i%3]
			r := request("GET /", "", "User-Agent: "+agent, "Accept-Language: "+language)
			e := observe(set, r, nil)
			if got := values(e, "user_agent"); len(got) != 1 || got[0] != agent {
				t.Fatalf("%q: got %q", agent, got)
			}
			if known, again := seen[agent+language]; again && !reflect.DeepEqual(known, e.Evidence) || !again && round > 0 {
				t.Fatalf("%q: evidence %+v, before %+v", agent, e.Evidence, known)
			}
			seen[agent+language] = e.Evidence
		}
	}
}

// TestAddressThatLooksLikeACard: the digits of a visitor's own address hide nothing.
func TestAddressThatLooksLikeACard(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	r := request("GET /", "")
	r.Peer = netip.MustParseAddr("2a02:101:1000:5500:d368:3401:9895:1408")
	if got := values(observe(set, r, nil), "ip_address"); len(got) != 1 || got[0] != r.Peer.String() {
		t.Errorf("ip_address is %v", got)
	}
}

// TestHintsOutliveTheirRequest: what is remembered of a visitor's hints is not what the next one writes over them.
func TestHintsOutliveTheirRequest(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{ path: / }"))
	see := func(memory []byte) string {
		r := request("GET /", "", append(chromeHeaders(chromeAgent), "sec-ch-ua-model: \"\"")...)
		for i := range r.Header {
			if r.Header[i].Name == "sec-ch-ua-model" {
				r.Header[i].Value = unsafe.String(unsafe.SliceData(memory), len(memory))
			}
		}
		return strings.Clone(observe(set, r, nil).Evidence.Client.Model)
	}
	memory := []byte("Pixel 8 Pro")
	if got := see(memory); got != "Pixel 8 Pro" {
		t.Fatalf("model %q", got)
	}
	copy(memory, "sid=SECRET!")
	if got := see([]byte("Pixel 8 Pro")); got != "Pixel 8 Pro" {
		t.Errorf("another visitor's model is %q", got)
	}
}

// TestUndeclaredTokens: cookies that nobody named are told apart from those that are, and short ones are left alone.
func TestUndeclaredTokens(t *testing.T) {
	const key = "0123456789abcdef0123"
	text := "specs:\n" + spec("a", "{ path: / }") + "sessions:\n  tokens: [ { cookie: sid } ]\n"
	r := request("GET /", "", "Cookie: theme=dark; visitor="+key+"; sid=1; a="+key+"1; b="+key+"2; c="+key+"3; d="+key+"4")
	names := func(text string) []string {
		var list []string
		for _, token := range observe(mustCompile(t, text), r, response(200, "", "Set-Cookie: fresh="+key+"; Path=/", "Set-Cookie: lang=en")).Evidence.Tokens {
			list = append(list, fmt.Sprint(token.Name, " ", token.Issued))
		}
		return list
	}
	want := "[cookie:sid false undeclared:cookie:a false undeclared:cookie:b false undeclared:cookie:c false undeclared:cookie:visitor false undeclared:cookie:fresh true]"
	if got := fmt.Sprint(names(text)); got != want {
		t.Errorf("tokens %s, want %s", got, want)
	}
	for _, name := range []string{"ann@mail.example", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig", "a4111111111111111", strings.Repeat("x", 41)} {
		if namesOf := observe(mustCompile(t, text), request("GET /", "", "Cookie: "+name+"="+key), nil).Evidence.Tokens; len(namesOf) > 0 {
			t.Errorf("a name that a visitor chose is kept: %+v", namesOf)
		}
	}
	if got := fmt.Sprint(names(text + "  learn: false\n")); got != "[]" && got != "[cookie:sid false]" {
		t.Errorf("tokens %s though nothing is to be learned", got)
	}
}
