package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRequestsRefused(t *testing.T) {
	const line, host, end = "GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n"
	chunked := "Transfer-Encoding: chunked\r\n"
	cases := []struct {
		name, head string
		status     int
		reason     string
	}{
		{"no version", "GET /\r\n" + host + end, 400, ReasonLine},
		{"no target", "GET HTTP/1.1\r\n" + host + end, 400, ReasonLine},
		{"two spaces", "GET  / HTTP/1.1\r\n" + host + end, 400, ReasonLine},
		{"space after version", "GET / HTTP/1.1 \r\n" + host + end, 400, ReasonLine},
		{"two spaces before version", "GET /  HTTP/1.1\r\n" + host + end, 400, ReasonVersion},
		{"tab for space", "GET\t/ HTTP/1.1\r\n" + host + end, 400, ReasonLine},
		{"space before method", " GET / HTTP/1.1\r\n" + host + end, 400, ReasonLine},
		{"three empty lines", "\r\n\r\n\r\n" + line + host + end, 400, ReasonLine},
		{"bare LF before the line", "\n" + line + host + end, 400, ReasonLine},
		{"bare CR before the line", "\r" + line + host + end, 400, ReasonLine},
		{"odd method", "G(T / HTTP/1.1\r\n" + host + end, 400, ReasonLine},
		{"long method", strings.Repeat("G", 33) + " / HTTP/1.1\r\n" + host + end, 501, ReasonMethod},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00", 400, ReasonLine},
		{"space in target", "GET /a b HTTP/1.1\r\n" + host + end, 400, ReasonVersion},
		{"fragment", "GET /a#b HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"NUL in target", "GET /a\x00b HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"tab in target", "GET /a\tb HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"DEL in target", "GET /a\x7fb HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"relative target", "GET a/b HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"other scheme", "GET ftp://a/b HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"authority target", "GET a:80 HTTP/1.1\r\n" + host + end, 400, ReasonTarget},
		{"user in target", "GET http://u:p@a/b HTTP/1.1\r\n" + host + end, 400, ReasonHost},
		{"no authority", "GET http:///b HTTP/1.1\r\n" + host + end, 400, ReasonHost},
		{"star", "GET * HTTP/1.1\r\n" + host + end, 400, ReasonMethodUse},
		{"CONNECT without port", "CONNECT a HTTP/1.1\r\n" + host + end, 400, ReasonMethodUse},
		{"CONNECT with path", "CONNECT /a HTTP/1.1\r\n" + host + end, 400, ReasonMethodUse},
		{"CONNECT to IPv6 without port", "CONNECT [::1] HTTP/1.1\r\n" + host + end, 400, ReasonMethodUse},
		{"lower-case protocol", "GET / http/1.1\r\n" + host + end, 400, ReasonVersion},
		{"other protocol", "GET / HTTQ/1.1\r\n" + host + end, 400, ReasonVersion},
		{"letter in version", "GET / HTTP/1.x\r\n" + host + end, 400, ReasonVersion},
		{"long version", "GET / HTTP/1.10\r\n" + host + end, 400, ReasonLine},
		{"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + end, 505, ReasonVersion},
		{"HTTP/0.9", "GET / HTTP/0.9\r\n" + host + end, 505, ReasonVersion},
		{"preface", Preface, 505, ReasonVersion},
		{"bare LF after the line", "GET / HTTP/1.1\n" + host + end, 400, ReasonLine},
		{"bare LF after a field", line + "Host: a\n\r\n", 400, ReasonLineEnd},
		{"bare LF for the end", line + host + "\n", 400, ReasonLineEnd},
		{"bare CR in value", line + host + "X: a\rb\r\n" + end, 400, ReasonLineEnd},
		{"bare CR at the end", line + host + "\rX", 400, ReasonLineEnd},
		{"CR CR LF", line + host + "X: a\r\r\n" + end, 400, ReasonLineEnd},
		{"NUL in value", line + host + "X: a\x00b\r\n" + end, 400, ReasonValue},
		{"control in value", line + host + "X: a\x0bb\r\n" + end, 400, ReasonValue},
		{"DEL in value", line + host + "X: a\x7fb\r\n" + end, 400, ReasonValue},
		{"fold", line + host + "X: a\r\n b\r\n" + end, 400, ReasonFold},
		{"fold at first", line + " X: a\r\n" + host + end, 400, ReasonFold},
		{"tab fold", line + host + "X: a\r\n\tb\r\n" + end, 400, ReasonFold},
		{"space before colon", line + host + "X : a\r\n" + end, 400, ReasonName},
		{"tab before colon", line + host + "X\t: a\r\n" + end, 400, ReasonName},
		{"no colon", line + host + "X\r\n" + end, 400, ReasonName},
		{"no name", line + host + ": a\r\n" + end, 400, ReasonName},
		{"odd name", line + host + "X(y): a\r\n" + end, 400, ReasonName},
		{"byte from 0x80 on in name", line + host + "X\xe9: a\r\n" + end, 400, ReasonName},
		{"no Host", line + end, 400, ReasonHost},
		{"two Hosts", line + host + host + end, 400, ReasonHost},
		{"two Hosts, HTTP/1.0", "GET / HTTP/1.0\r\n" + host + host + end, 400, ReasonHost},
		{"empty Host", line + "Host:\r\n" + end, 400, ReasonHost},
		{"Host with path", line + "Host: a/b\r\n" + end, 400, ReasonHost},
		{"list in Host", line + "Host: a, b\r\n" + end, 400, ReasonHost},
		{"bad Host beside absolute-form", "GET http://b/ HTTP/1.1\r\nHost: a b\r\n" + end, 400, ReasonHost},
		{"no Host beside absolute-form", "GET http://b/ HTTP/1.1\r\n" + end, 400, ReasonHost},
		{"two lengths", line + host + "Content-Length: 5\r\nContent-Length: 6\r\n" + end, 400, ReasonLength},
		{"equal lengths", line + host + "Content-Length: 5\r\nContent-Length: 5\r\n" + end, 400, ReasonLength},
		{"length and chunked", line + host + "Content-Length: 5\r\n" + chunked + end, 400, ReasonCoding},
		{"chunked and length", line + host + chunked + "Content-Length: 5\r\n" + end, 400, ReasonCoding},
		{"chunked twice", line + host + chunked + chunked + end, 400, ReasonCoding},
		{"chunked by HTTP/1.0", "POST / HTTP/1.0\r\n" + host + chunked + end, 400, ReasonCoding},
		{"gzip, chunked", line + host + "Transfer-Encoding: gzip, chunked\r\n" + end, 501, ReasonCoding},
		{"chunked, chunked", line + host + "Transfer-Encoding: chunked, chunked\r\n" + end, 501, ReasonCoding},
		{"chunked,", line + host + "Transfer-Encoding: chunked,\r\n" + end, 501, ReasonCoding},
		{"identity", line + host + "Transfer-Encoding: identity\r\n" + end, 501, ReasonCoding},
		{"quoted coding", line + host + "Transfer-Encoding: \"chunked\"\r\n" + end, 400, ReasonCoding},
		{"coding with parameter", line + host + "Transfer-Encoding: chunked;q=1\r\n" + end, 400, ReasonCoding},
		{"no coding", line + host + "Transfer-Encoding:\r\n" + end, 400, ReasonCoding},
		{"coding with no-break space", line + host + "Transfer-Encoding: \xa0chunked\r\n" + end, 400, ReasonCoding},
		{"tab before coding", line + host + "Transfer-Encoding:\tchunked\r\n" + end, 400, ReasonValue},
		{"tab after length", line + host + "Content-Length: 5\t\r\n" + end, 400, ReasonValue},
		{"disguised coding", line + host + "Transfer_Encoding: chunked\r\n" + end, 400, ReasonDisguise},
		{"disguised length", line + host + "content.length: 5\r\n" + end, 400, ReasonDisguise},
		{"other expectation", line + host + "Expect: 200-ok\r\n" + end, 417, ReasonExpect},
		{"two expectations", line + host + "Expect: 100-continue\r\nExpect: 100-continue\r\n" + end, 417, ReasonExpect},
		{"many options", line + host + "Connection: " + strings.Repeat("x,", 17) + "\r\n" + end, 400, ReasonConnection},
		{"framing in Trailer", line + host + chunked + "Trailer: X, content-length\r\n" + end, 400, ReasonTrailer},
	}
	for _, length := range []string{"", "+5", "-5", "0x5", "5 5", "5,5", "5.0", "05", "00", "9223372036854775808", "99999999999999999999", "1e3", "\u0665", "5a"} {
		cases = append(cases, struct {
			name, head string
			status     int
			reason     string
		}{"length " + length, line + host + "Content-Length: " + length + "\r\n" + end, 400, ReasonLength})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Request
			_, err := r.Parse([]byte(c.head), Limits{})
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != c.status || refusal.Reason != c.reason {
				t.Errorf("%q: %v, want %d %s", c.head, err, c.status, c.reason)
			}
		})
	}
}

func TestRequestsRead(t *testing.T) {
	const host = "Host: a\r\n"
	cases := []struct {
		head, want string
	}{
		{"GET /a?b HTTP/1.1\r\nHost: A.example:80\r\n\r\n", `GET "/a" "b" A.example:80 1.1 {0} close=false`},
		{"GET /a? HTTP/1.1\r\nHost: [2001:DB8::1]\r\n\r\n", `GET "/a" "" [2001:DB8::1] 1.1 {0} close=false`},
		{"GET //x/../y?a?b HTTP/1.1\r\n" + host + "\r\n", `GET "//x/../y" "a?b" a 1.1 {0} close=false`},
		{"GET /%zz%2f\xff|^{} HTTP/1.1\r\n" + host + "\r\n", `GET "/%zz%2f\xff|^{}" "" a 1.1 {0} close=false`},
		{"GET / HTTP/1.0\r\n\r\n", `GET "/" ""  1.0 {0} close=true`},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", `GET "/" ""  1.0 {0} close=false`},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", `GET "/" ""  1.0 {0} close=true`},
		{"GET / HTTP/1.1\r\n" + host + "Connection: foo ,\t, CLOSE\r\n\r\n", `GET "/" "" a 1.1 {0} close=true`},
		{"GET / HTTP/1.1\r\n" + host + "Connection: closed\r\n\r\n", `GET "/" "" a 1.1 {0} close=false`},
		{"GET http://B:1/x?y HTTP/1.1\r\n" + host + "\r\n", `GET "/x" "y" B:1 1.1 {0} close=false`},
		{"GET HTTPS://b?y HTTP/1.1\r\n" + host + "\r\n", `GET "/" "y" b 1.1 {0} close=false`},
		{"OPTIONS http://b HTTP/1.1\r\n" + host + "\r\n", `OPTIONS "*" "" b 1.1 {0} close=false`},
		{"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", `OPTIONS "*" "" a 1.1 {0} close=false`},
		{"CONNECT [::1]:443 HTTP/1.1\r\n" + host + "\r\n", `CONNECT "" "" [::1]:443 1.1 {0} close=false`},
		{"POST / HTTP/1.1\r\n" + host + "content-LENGTH:  9223372036854775807 \r\n\r\n", `POST "/" "" a 1.1 {9223372036854775807} close=false`},
		{"POST / HTTP/1.1\r\n" + host + "transfer-encoding:Chunked\r\n\r\n", `POST "/" "" a 1.1 {-1 chunked} close=false`},
		{"POST / HTTP/1.1\r\n" + host + "Expect: 100-Continue\r\n\r\n", `POST "/" "" a 1.1 {0} close=false expect`},
		{"POST / HTTP/1.0\r\n" + host + "Expect: 100-Continue\r\n\r\n", `POST "/" "" a 1.0 {0} close=true`},
		{"GET / HTTP/1.1\r\n" + host + "Upgrade: WebSocket\r\nConnection: keep-alive\r\nConnection: upgrade\r\n\r\n", `GET "/" "" a 1.1 {0} close=false upgrade`},
		{"GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\n\r\n", `GET "/" "" a 1.1 {0} close=false`},
		{"GET / HTTP/1.1\r\n" + host + "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n", `GET "/" "" a 1.1 {0} close=false`},
		{"GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", `GET "/" "" a 1.1 {0} close=false`},
		{"POST / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", `POST "/" "" a 1.1 {0} close=false`},
		{"GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\n", `GET "/" "" a 1.1 {1} close=false`},
		{"GET / HTTP/1.0\r\n" + host + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", `GET "/" "" a 1.0 {0} close=true`},
	}
	for _, c := range cases {
		for _, before := range []string{"", "\r\n", "\r\n\r\n"} {
			var r Request
			n, err := r.Parse([]byte(before+c.head+"left over"), Limits{})
			if err != nil || n != len(before+c.head) {
				t.Errorf("%q: %d, %v", c.head, n, err)
				continue
			}
			if got := describe(&r); got != c.want {
				t.Errorf("%q:\n got %s\nwant %s", c.head, got, c.want)
			}
			if string(r.HeadBytes()) != c.head {
				t.Errorf("%q: head %q", c.head, r.HeadBytes())
			}
		}
	}
}

func describe(r *Request) string {
	framing := fmt.Sprint(r.Framing.Length)
	if r.Framing.Chunked {
		framing += " chunked"
	}
	s := fmt.Sprintf("%s %q %q %s 1.%d {%s} close=%v", r.Method, r.Path, r.Query, r.Authority, r.Minor, framing, r.Close)
	if r.Expect {
		s += " expect"
	}
	if r.Upgrade == "websocket" {
		s += " upgrade"
	}
	return s
}

func TestFieldsKeepOrderSpellingAndBytes(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nhOST: a\r\nX-b:\r\nX-B: \t caf\xe9 \t x \t\r\nx.odd~name:1\r\nX_Forwarded_For: 1\r\nX.Real~IP: 1\r\nX_Other: 2\r\n\r\n"
	want := []Field{{"hOST", "a"}, {"X-b", ""}, {"X-B", "caf\xe9 \t x"}, {"x.odd~name", "1"}, {"X_Forwarded_For", "1"}, {"X.Real~IP", "1"}, {"X_Other", "2"}}
	known := []Name{Host, Other, Other, Other, Disguised, Disguised, Other}
	var r Request
	if _, err := r.Parse([]byte(head), Limits{}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.Fields) != fmt.Sprint(want) || fmt.Sprint(r.Known) != fmt.Sprint(known) {
		t.Errorf("got %q %v, want %q %v", r.Fields, r.Known, want, known)
	}
	if r.Value(Host) != "a" || r.Value(Cookie) != "" || r.Present != NewNames(Other, Host, Disguised) {
		t.Errorf("%q %q %b", r.Value(Host), r.Value(Cookie), r.Present)
	}
}

// TestEveryPrefixIsShort wants no verdict on a good head before it is whole, and the same one however much is behind it.
func TestEveryPrefixIsShort(t *testing.T) {
	for _, message := range requests() {
		var r Request
		n, err := r.Parse([]byte(message), Limits{})
		if err != nil {
			continue
		}
		for i := range n {
			if m, err := r.Parse([]byte(message)[:i], Limits{}); err != ErrMore || m != 0 {
				t.Errorf("%q: %d, %v", message[:i], m, err)
			}
		}
		if m, err := r.Parse([]byte(message)[:n], Limits{}); err != nil || m != n {
			t.Errorf("%q: %d, %v", message[:n], m, err)
		}
	}
}

func TestLimits(t *testing.T) {
	const head = "GET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
	cases := []struct {
		input  string
		limits Limits
		status int
		reason string
	}{
		{head, Limits{HeadBytes: len(head), Fields: 2}, 0, ""},
		{head, Limits{HeadBytes: len(head) - 1}, 431, ReasonHeadSize},
		{"\r\n\r\n" + head, Limits{HeadBytes: len(head)}, 0, ""},
		{head, Limits{Fields: 1}, 431, ReasonFields},
		{head[:20], Limits{HeadBytes: 20}, 431, ReasonHeadSize},
		{head[:19], Limits{HeadBytes: 20}, -1, ""},
		{head[:8], Limits{HeadBytes: 8}, 414, ReasonTargetSize},
		{"GET /" + strings.Repeat("a", DefaultHeadBytes), Limits{}, 414, ReasonTargetSize},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", DefaultHeadBytes), Limits{}, 431, ReasonHeadSize},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", DefaultFields), Limits{}, 431, ReasonFields},
	}
	for _, c := range cases {
		var r Request
		_, err := r.Parse([]byte(c.input), c.limits)
		refusal, _ := err.(*Error)
		switch {
		case c.status == 0 && err != nil, c.status == -1 && err != ErrMore:
			t.Errorf("%.40q: %v", c.input, err)
		case c.status > 0 && (refusal == nil || refusal.Status != c.status || refusal.Reason != c.reason):
			t.Errorf("%.40q: %v, want %d %s", c.input, err, c.status, c.reason)
		}
	}
}

func TestErrorsTellNothingOfTheMessage(t *testing.T) {
	var r Request
	_, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: a\r\nCookie: secret\x01\r\n\r\n"), Limits{})
	if err == nil || strings.Contains(err.Error(), "secret") || err.Error() != "http1: field value" {
		t.Error(err)
	}
}

// TestRebase wants every string to survive the buffer it came in.
func TestRebase(t *testing.T) {
	for _, message := range requests() {
		buf := []byte(message)
		var r, want Request
		n, err := r.Parse(buf, Limits{})
		if err != nil {
			continue
		}
		if _, err = want.Parse([]byte(strings.Clone(message)), Limits{}); err != nil {
			t.Fatal(err)
		}
		memory := r.Rebase([]byte("kept before"))
		clear(buf)
		if got := string(memory); got != "kept before"+strings.TrimLeft(message[:n], "\r\n") {
			t.Errorf("memory %q", got)
		}
		got, expected := fmt.Sprintf("%+v", r), fmt.Sprintf("%+v", want)
		if got != expected {
			t.Errorf("%q:\n got %s\nwant %s", message, got, expected)
		}
		edit := Edit{Framing: r.Framing}
		if a, b := string(r.AppendForward(nil, &edit)), string(want.AppendForward(nil, &edit)); a != b {
			t.Errorf("forwarded %q, want %q", a, b)
		}
	}
}

func TestAuthorities(t *testing.T) {
	long := strings.Repeat("a.", 127) + "a"
	for _, good := range []string{"a", "A-b_c.example", "a.", "127.0.0.1", "a:0", "a:65535", "[::1]", "[::ffff:1.2.3.4]:443", "xn--bcher-kva.example", long, "1"} {
		if !ValidAuthority(good) {
			t.Errorf("%q refused", good)
		}
	}
	for _, bad := range []string{"", ".", ".a", "a..b", "a:", "a:65536", "a:-1", "a:+1", "a:1x", "a:000080", ":80", "a b", "a,b", "a@b", "a/b", "a?b", "a\\b", "a%62", "b\u00fccher",
		"[::1", "::1", "[]", "[::1]x", "[::1]:", "[fe80::1%25eth0]", "[1.2.3.4]", "[:::]", "a[::1]", "a:80:80", long + "a", "a\x00", "a;b", "http://a"} {
		if ValidAuthority(bad) {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	buf, other := []byte(browser), []byte(requests()[12])
	var r Request
	var dst []byte
	edit := Edit{Host: "origin:8080", Drop: NewNames(Cookie), DropNamed: func(name string) bool { return name == "X-Tag" }, Add: []Field{{"X-Forwarded-For", "192.0.2.1"}}}
	round := func() {
		for _, b := range [][]byte{buf, other} {
			if _, err := r.Parse(b, Limits{}); err != nil {
				t.Fatal(err)
			}
			edit.Framing = r.Framing
			dst = r.AppendForward(dst[:0], &edit)
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
