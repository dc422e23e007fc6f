package capture_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// corpusSize is how many exchanges the corpus holds.
const corpusSize = 4000

// TestCorpus makes thousands of exchanges of every kind and compares the encoded events, byte for byte, with those that
// the first, plain implementation made of them: the file holds a hash of each. Anything that is done for speed must
// leave it as it is. -update writes it anew; CORPUS_DUMP names a file for the events in full.
func TestCorpus(t *testing.T) {
	set := mustCompile(t, corpusSpecs)
	const golden = "testdata/corpus.sums"
	known := map[string]string{}
	if data, err := os.ReadFile(golden); err == nil {
		for line := range strings.Lines(string(data)) {
			name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
			known[name] = sum
		}
	}
	if !*update && len(known) != corpusSize {
		t.Fatalf("%s holds %d sums, want %d", golden, len(known), corpusSize)
	}
	var sums, dump strings.Builder
	seen, failures := map[string]int{}, 0
	var scratch capture.Scratch
	for i := range corpusSize {
		x := newCorpusCase(i)
		text := encodeCase(t, set, x, nil)
		scratch.Reset()
		for range 2 { // an inline question and the final event share a scratch
			if again := encodeCase(t, set, x, &scratch); again != text {
				t.Fatalf("case %d: in a used scratch\n%s\nelse\n%s", i, again, text)
			}
		}
		digest := sha256.Sum256([]byte(text))
		name, sum := fmt.Sprintf("%04d-%s", i, x.kind), hex.EncodeToString(digest[:8])
		fmt.Fprintf(&sums, "%s %s\n", name, sum)
		fmt.Fprintf(&dump, "%s %s\n", name, text)
		seen[x.kind]++
		if !*update && known[name] != sum && failures < 5 {
			failures++
			t.Errorf("%s: another event than before:\n%s\nof %s %s?%s %q\n%.2000q", name, text, x.request.Method, x.request.Path,
				x.request.Query, x.request.Header, x.request.Body.Bytes)
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %v was made", seen)
	}
	if path := os.Getenv("CORPUS_DUMP"); path != "" {
		if err := os.WriteFile(path, []byte(dump.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(sums.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func encodeCase(t *testing.T, set *capture.Set, x corpusCase, scratch *capture.Scratch) string {
	t.Helper()
	spec := set.Match(x.request)
	if spec == nil {
		return "no spec"
	}
	var e event.Event
	if scratch == nil {
		e = spec.Exchange(x.request, x.response)
	} else {
		e = spec.ExchangeIn(scratch, x.request, x.response)
	}
	return encoded(t, e)
}

func encoded(t *testing.T, e event.Event) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// corpusCase is one exchange.
type corpusCase struct {
	kind     string
	request  *capture.Request
	response *capture.Response
}

// dice makes one case; each case has dice of its own, so that adding cases changes no other.
type dice struct{ *rand.Rand }

func (d dice) of(list ...string) string { return list[d.Intn(len(list))] }

func (d dice) chance(percent int) bool { return d.Intn(100) < percent }

func newCorpusCase(i int) corpusCase {
	d := dice{rand.New(rand.NewSource(int64(i)*7919 + 17))}
	kinds := []string{"json", "json", "json", "json", "form", "form", "multipart", "xml", "graphql", "get", "token", "deep"}
	x := corpusCase{kind: kinds[i%len(kinds)]}
	r := &capture.Request{ID: event.ID(fmt.Sprintf("id-%d", i)), Time: time.Date(2026, 11, 21, 10, 0, i%60, i*1000, time.UTC),
		Environment: "production", Scheme: "https", Host: d.of("shop.example", "SHOP.example:8443", "shop.example.", "203.0.113.5", "bad host", "4111111111111111.example"),
		Method: "POST", Header: d.head()}
	r.Query = d.query()
	r.Peer = netip.MustParseAddr(d.of("203.0.113.9", "203.0.113.77", "198.51.100.3", "::ffff:203.0.113.9", "2001:db8::7", "fe80::1%eth0"))
	if d.chance(3) {
		r.Peer = netip.Addr{}
	}
	var body, media string
	r.Path, body, media = d.target(x.kind, r)
	if media != "" {
		r.Header = append(r.Header, capture.Field{Name: d.of("Content-Type", "content-type"), Value: media})
	}
	r.Body, r.Header = d.wire(body, r.Header)
	x.request = r
	if d.chance(80) {
		x.response = d.answer()
	}
	return x
}

// wire lays content encodings over the body, cuts it, or breaks it.
func (d dice) wire(body string, header []capture.Field) (capture.Body, []capture.Field) {
	if body != "" && d.chance(12) {
		for range 1 + d.Intn(2) {
			coding := d.of("gzip", "deflate", "br", "zstd", "odd")
			if coding != "odd" {
				body = compressedAs(coding, body)
			}
			header = append(header, capture.Field{Name: "Content-Encoding", Value: coding})
		}
	}
	coded := len(header) > 0 && header[len(header)-1].Name == "Content-Encoding"
	truncated := false
	// What a compressor makes of a text is its own affair, so only plain bodies are cut and broken.
	if d.chance(6) && len(body) > 2 && !coded {
		body, truncated = body[:d.Intn(len(body))], true
	}
	if d.chance(4) && len(body) > 2 && !coded {
		at := d.Intn(len(body))
		body = body[:at] + string([]byte{byte(d.Intn(256))}) + body[at+1:]
	}
	return capture.Body{Bytes: []byte(body), Truncated: truncated}, header
}

func (d dice) target(kind string, r *capture.Request) (path, body, media string) {
	switch kind {
	case "form":
		return d.of("/form/login", "/form//login", "/form/./log%69n", "/form/login;x=1"), d.form(),
			d.of("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8", "", "application/x-www-form-urlencoded; charset=latin1", "Application/X-WWW-Form-Urlencoded")
	case "multipart":
		return "/upload", d.multipart(), d.of("multipart/form-data; boundary=b", `multipart/form-data; boundary="b"`, "multipart/form-data")
	case "xml":
		return "/soap", d.xml(), d.of("text/xml", "application/soap+xml; charset=utf-8", "application/xml")
	case "graphql":
		return "/graphql", d.graphql(), "application/json"
	case "get":
		r.Method = d.of("GET", "GET", "HEAD")
		return "/item/" + d.of("42", "4111111111111111", "%2e%2e", "a%20b", "b/../42", "caf%C3%A9") + "/rest/" + d.of("", "a/b", "x"), "", ""
	case "token":
		return "/api/" + d.of("v1", "v2") + "/pay", d.json(), d.of("application/json", "application/vnd.api+json")
	case "deep":
		return "/deep", d.json(), "application/json"
	}
	return "/orders/" + d.of("7", "a-b", "%37"), d.json(), d.of("application/json", "application/json", "application/json; charset=utf-8",
		"application/json;charset=UTF-8", "text/plain", "", "application/json; charset=utf-16", "application/json; ;", "APPLICATION/JSON", " application/json ", "application/problem+json; v=\"1\"")
}

func (d dice) head() []capture.Field {
	names := [][2]string{{"Host", "shop.example"}, {"User-Agent", d.agent()}, {"Accept", "*/*"},
		{"Accept-Language", d.of("en-US,en;q=0.9", "de-DE", "nl,en;q=0.5", "*", "x", "fr-CH, fr;q=0.9, *;q=0.5", "en_US.UTF-8", "")},
		{"Accept-Encoding", "gzip, br"}, {"Cookie", d.cookies()}, {"sec-ch-ua", `"Chromium";v="126"`}, {"sec-ch-ua-mobile", "?0"},
		{"Sec-CH-UA-Platform", `"Linux"`}, {"Referer", d.url()}, {"Origin", "https://shop.example"}, {"DNT", "1"}, {"X-Token", d.word()},
		{"Authorization", d.of("Bearer "+d.word(), "Basic YW5uOnNlY3JldA==", "Digest x", "basic zzz", "")}, {"X-User", d.of("id:ANN@example.com", "x", "")}}
	var header []capture.Field
	for _, pair := range names {
		if !d.chance(75) {
			continue
		}
		name := pair[0]
		if d.chance(15) {
			name = strings.ToLower(name)
		}
		header = append(header, capture.Field{Name: name, Value: pair[1]})
	}
	if d.chance(10) {
		header = append(header, capture.Field{Name: "Cookie", Value: d.cookies()})
	}
	d.Shuffle(len(header), func(i, j int) {
		if d.chance(20) {
			header[i], header[j] = header[j], header[i]
		}
	})
	return header
}

func (d dice) agent() string {
	return d.of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"curl/8.5.0", "python-requests/2.31", "", "  spaced \t out  ", "Mozilla/5.0 4111 1111 1111 1111", "\xff\xfe", strings.Repeat("x", 600), "Googlebot/2.1")
}

func (d dice) cookies() string {
	var list []string
	for range d.Intn(6) {
		list = append(list, d.of("sid", "theme", "PHPSESSID", "_ga", "wordpress_logged_in_"+d.word(), "app_session", "SSESS4111111111111111", " odd name ", "empty", "u")+
			"="+d.of(d.word(), `"quoted"`, "", "a=b", d.word()))
	}
	return strings.Join(list, d.of("; ", ";", " ;  "))
}

func (d dice) answer() *capture.Response {
	resp := &capture.Response{Status: []int{200, 201, 302, 303, 400, 401, 403, 429, 500}[d.Intn(9)], Duration: time.Duration(d.Intn(1e9))}
	if d.chance(60) {
		resp.Header = append(resp.Header, capture.Field{Name: "Content-Type", Value: d.of("application/json", "text/html", "application/json; charset=utf-8")})
	}
	if d.chance(40) {
		resp.Header = append(resp.Header, capture.Field{Name: "Location", Value: d.of("/account", "/login?error=1", "https://x.example/mfa", "::", "/otp#x")})
	}
	for range d.Intn(3) {
		resp.Header = append(resp.Header, capture.Field{Name: "Set-Cookie", Value: d.of("sid", "u", "theme", "PHPSESSID", "") + "=" + d.of(d.word(), "deleted", "", `"q"`) +
			d.of("", "; Path=/; HttpOnly", "; Max-Age=0", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT")})
	}
	resp.Body, resp.Header = d.wire(d.of(d.json(), `{"success":false}`, `{"mfa_required":true}`, `{"errors":["x"]}`, "<html>welcome</html>", `{"id":"A-1","user":{"id":7}}`, ""), resp.Header)
	return resp
}
