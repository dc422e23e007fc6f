package http1

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestAppendForward(t *testing.T) {
	cases := []struct {
		name, head string
		edit       Edit
		want       string
	}{
		{"verbatim", "GET /a?b HTTP/1.1\r\nhOST: a\r\nX:  y \r\nx:\r\n\r\n", Edit{}, "GET /a?b HTTP/1.1\r\nhOST: a\r\nX:  y \r\nx:\r\n\r\n"},
		{"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nY: z\r\n\r\n", Edit{}, "GET / HTTP/1.1\r\nHost: a\r\nY: z\r\n\r\n"},
		{"hop by hop", "GET / HTTP/1.1\r\nConnection: keep-alive, X-Hop, cookie, host, x-forwarded-for\r\nHost: a\r\nKeep-Alive: x\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\n" +
			"Upgrade: h2c\r\nHTTP2-Settings: x\r\nx-hop: 1\r\nCookie: c\r\nX-Forwarded-For: f\r\nTE: gzip\r\nTrailer: t\r\nLast: 1\r\n\r\n", Edit{},
			"GET / HTTP/1.1\r\nHost: a\r\nCookie: c\r\nX-Forwarded-For: f\r\nLast: 1\r\n\r\n"},
		{"TE", "GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=1, trailers\r\nTE: trailers\r\nX: y\r\n\r\n", Edit{}, "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nX: y\r\nConnection: TE\r\n\r\n"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Edit{}, "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
		{"HTTP/1.0 with host", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", Edit{Host: "o:1"}, "GET / HTTP/1.1\r\nHost: o:1\r\n\r\n"},
		{"host", "GET / HTTP/1.1\r\nA: b\r\nhost:a\r\nC: d\r\n\r\n", Edit{Host: "o"}, "GET / HTTP/1.1\r\nA: b\r\nhost: o\r\nC: d\r\n\r\n"},
		{"host with odd space", "GET / HTTP/1.1\r\nHost:  a \r\n\r\n", Edit{}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"absolute", "GET http://b:8/x?y HTTP/1.1\r\nHost: a\r\n\r\n", Edit{}, "GET /x?y HTTP/1.1\r\nHost: b:8\r\n\r\n"},
		{"absolute without path", "GET http://b? HTTP/1.1\r\nHost: a\r\n\r\n", Edit{}, "GET /? HTTP/1.1\r\nHost: b\r\n\r\n"},
		{"absolute star", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", Edit{}, "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n"},
		{"target", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", Edit{Target: "/z?q"}, "GET /z?q HTTP/1.1\r\nHost: b\r\n\r\n"},
		{"dangerous edit", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", Edit{Target: "/ HTTP/1.1\r\nX: y", Host: "a\r\nX: y",
			Add: []Field{{"X", "a\r\nb"}, {"X y", "z"}, {"", ""}, {"Content-Length", "7"}, {"transfer-encoding", "chunked"}, {"Host", "b"}, {"Connection", "close"}, {"Y", " z"}, {"OK", "1"}}},
			"GET /x HTTP/1.1\r\nHost: a\r\nOK: 1\r\n\r\n"},
		{"drop", "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1\r\nX_Forwarded_For: 2\r\nX-Tag-A: 3\r\nAuthorization: 4\r\nVia: 5\r\n\r\n",
			Edit{Drop: NewNames(XForwardedFor), DropNamed: func(n string) bool { return strings.HasPrefix(n, "X-Tag-") || n == "Authorization" || n == "Host" }, Add: []Field{{"X-Forwarded-For", "9"}}},
			"GET / HTTP/1.1\r\nHost: a\r\nVia: 5\r\nX-Forwarded-For: 9\r\n\r\n"},
		{"length kept", "POST / HTTP/1.1\r\ncontent-length: 5\r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: 5}}, "POST / HTTP/1.1\r\ncontent-length: 5\r\nHost: a\r\n\r\n"},
		{"length tidied", "POST / HTTP/1.1\r\ncontent-length:5  \r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: 5}}, "POST / HTTP/1.1\r\ncontent-length: 5\r\nHost: a\r\n\r\n"},
		{"length changed", "POST / HTTP/1.1\r\ncontent-length: 5\r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: 6}}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"},
		{"length to chunked", "POST / HTTP/1.1\r\ncontent-length: 5\r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: -1, Chunked: true}}, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"length zero", "POST / HTTP/1.1\r\ncontent-length: 0\r\nHost: a\r\n\r\n", Edit{}, "POST / HTTP/1.1\r\ncontent-length: 0\r\nHost: a\r\n\r\n"},
		{"length zero said", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", Edit{Framing: Framing{HasLength: true}}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"chunked kept", "POST / HTTP/1.1\r\ntransfer-Encoding:CHUNKED\r\nTrailer: X\r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: -1, Chunked: true}},
			"POST / HTTP/1.1\r\ntransfer-Encoding: chunked\r\nTrailer: X\r\nHost: a\r\n\r\n"},
		{"chunked to length", "POST / HTTP/1.1\r\ntransfer-Encoding: chunked\r\nHost: a\r\n\r\n", Edit{Framing: Framing{Length: 3}}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"},
		{"expect", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", Edit{}, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"},
		{"expect dropped", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", Edit{DropExpect: true}, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"upgrade", "GET / HTTP/1.1\r\nconnection: keep-alive, upgrade\r\nHost: a\r\nUpgrade: WebSocket\r\nKeep-Alive: 5\r\nConnection: x\r\n\r\n", Edit{KeepUpgrade: true},
			"GET / HTTP/1.1\r\nconnection: Upgrade\r\nHost: a\r\nUpgrade: WebSocket\r\n\r\n"},
		{"upgrade not kept", "GET / HTTP/1.1\r\nconnection: upgrade\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", Edit{}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"other upgrade", "GET / HTTP/1.1\r\nconnection: upgrade\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", Edit{KeepUpgrade: true}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Request
			if _, err := r.Parse([]byte(c.head), Limits{}); err != nil {
				t.Fatal(err)
			}
			if got := string(r.AppendForward([]byte("before"), &c.edit)); got != "before"+c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestResponseAppendForward(t *testing.T) {
	chunked := Framing{Length: -1, Chunked: true}
	cases := []struct {
		name, head string
		edit       ResponseEdit // Framing: zero stands for the response's own
		want       string
	}{
		{"verbatim", "HTTP/1.1 200 Sure\r\ncontent-length: 5\r\nX:  y\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 200 Sure\r\ncontent-length: 5\r\nX:  y\r\n\r\n"},
		{"no reason", "HTTP/1.0 299\r\nContent-Length: 5\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 299 \r\nContent-Length: 5\r\n\r\n"},
		{"hop by hop", "HTTP/1.1 200 OK\r\nConnection: close, X-Hop, set-cookie\r\nX-Hop: 1\r\nSet-Cookie: a\r\nKeep-Alive: 1\r\nTrailer: t\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\n",
			ResponseEdit{Minor: 1}, "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nContent-Length: 1\r\n\r\n"},
		{"close", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ResponseEdit{Minor: 1, Close: true}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"},
		{"old visitor", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ResponseEdit{}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"},
		{"old visitor gets no chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n", ResponseEdit{}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{"until close", "HTTP/1.1 200 OK\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{"until close to chunked", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", ResponseEdit{Minor: 1, Framing: chunked}, "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"chunked kept", "HTTP/1.1 200 OK\r\ntransfer-encoding:Chunked\r\nTrailer: x\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTrailer: x\r\n\r\n"},
		{"lengths merged", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\ncontent-length: 5\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n"},
		{"length changed", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n", ResponseEdit{Minor: 1, Framing: Framing{Length: 7}}, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 7\r\n\r\n"},
		{"nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
		{"not modified, length dropped", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ResponseEdit{Minor: 1, Drop: NewNames(ContentLength)}, "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{"no content", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ResponseEdit{Minor: 1}, "HTTP/1.1 204 No Content\r\n\r\n"},
		{"hints", "HTTP/1.1 103 Early Hints\r\nLink: x\r\nConnection: close\r\n\r\n", ResponseEdit{Minor: 1, Close: true}, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
		{"upgrade", "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: keep-alive, upgrade\r\nA: b\r\n\r\n", ResponseEdit{Minor: 1, KeepUpgrade: true},
			"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nA: b\r\n\r\n"},
		{"drop and add", "HTTP/1.1 200 OK\r\nServer: x\r\nAlt-Svc: y\r\nX-Tag: z\r\nContent-Length: 1\r\n\r\n",
			ResponseEdit{Minor: 1, Drop: NewNames(AltSvc), DropNamed: func(n string) bool { return n == "X-Tag" }, Add: []Field{{"A", "b"}, {"B", "c\nd"}, {"Content-Length", "2"}}},
			"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1\r\nA: b\r\n\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Response
			if _, err := r.Parse([]byte(c.head), "GET", Limits{}); err != nil {
				t.Fatal(err)
			}
			if c.edit.Framing == (Framing{}) {
				c.edit.Framing = r.Framing
			}
			if got := string(r.AppendForward([]byte("before"), &c.edit)); got != "before"+c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// checkForwarded wants that what is forwarded reads as the same message, is the same when it is forwarded again, and has
// nothing that was to stay behind.
func checkForwarded(t *testing.T, data []byte) {
	t.Helper()
	var r, again Request
	if _, err := r.Parse(data, Limits{}); err != nil || r.Method == "CONNECT" {
		return
	}
	edit := Edit{Framing: r.Framing, Drop: NewNames(Cookie, XForwardedFor), KeepUpgrade: true}
	if r.Authority == "" {
		edit.Host = "h"
	}
	out := r.AppendForward(nil, &edit)
	checkOneFraming(t, out, true)
	n, err := again.Parse(out, Limits{HeadBytes: 2*len(out) + 100, Fields: 2 * DefaultFields})
	if err != nil || n != len(out) {
		t.Fatalf("%q is forwarded as %q: %v", data, out, err)
	}
	if r.Method != again.Method || r.Path != again.Path || r.Query != again.Query || r.HasQuery != again.HasQuery || edit.Host+r.Authority != again.Authority ||
		r.Framing != again.Framing || r.Expect != again.Expect || r.Upgrade != again.Upgrade || again.Close || again.Minor != 1 {
		t.Errorf("%q is forwarded as %q:\n%+v\n%+v", data, out, r, again)
	}
	allowed := NewNames(Connection, TE, Trailer, TransferEncoding, Upgrade)
	for i, known := range again.Known {
		f := again.Fields[i]
		switch {
		case known == Disguised || edit.Drop.Has(known) || known != Other && known <= HTTP2Settings && !allowed.Has(known),
			known == Connection && f.Value != "Upgrade" && f.Value != "TE", known == TE && f.Value != "trailers", known == Other && listed(r.listed, f.Name):
			t.Errorf("%q is forwarded as %q: %q", data, out, f)
		}
	}
	wantKept := func(r *Request) map[string][]string {
		var kept []Field
		for i, known := range r.Known {
			if known == Other && !listed(r.listed, r.Fields[i].Name) || known > Expect && !edit.Drop.Has(known) && known != Disguised {
				kept = append(kept, r.Fields[i])
			}
		}
		return valuesOf(kept)
	}
	listedBefore := r.listed
	again.listed = append(again.listed, listedBefore...)
	if a, b := wantKept(&r), wantKept(&again); !maps.EqualFunc(a, b, slices.Equal) {
		t.Errorf("%q is forwarded as %q: fields %q became %q", data, out, a, b)
	}
	again.listed = again.listed[:0]
	edit.Host = ""
	if twice := again.AppendForward(nil, &edit); !bytes.Equal(out, twice) {
		t.Errorf("%q is forwarded as %q, then as %q", data, out, twice)
	}
}

// checkOneFraming reads a forwarded head as carelessly as anybody might, and wants one framing at most.
// Gateways that read other characters as "-" are a matter of requests.
func checkOneFraming(t *testing.T, head []byte, gateway bool) {
	t.Helper()
	framings := 0
	for _, line := range bytes.FieldsFunc(head, func(c rune) bool { return c == '\r' || c == '\n' || c == 0 }) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		careless := strings.Map(func(c rune) rune {
			switch {
			case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
				return c
			case c >= 'A' && c <= 'Z':
				return c + 'a' - 'A'
			case c <= ' ' || c >= 0x7f:
				return -1
			case gateway:
				return '-'
			}
			return c
		}, string(name))
		switch careless {
		case "content-length":
			framings++
			if number := strings.TrimSpace(string(value)); number != fmt.Sprint(parsed(number)) {
				t.Errorf("odd length in %q", head)
			}
		case "transfer-encoding":
			framings++
			if !bytes.HasSuffix(line, []byte(": chunked")) {
				t.Errorf("odd coding in %q", head)
			}
		}
	}
	if framings > 1 {
		t.Errorf("%d framings in %q", framings, head)
	}
}

func parsed(number string) (n int64) {
	_, _ = fmt.Sscan(number, &n)
	return n
}

func TestForwardedReadsTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 4))
	corpus := requests()
	for _, message := range corpus {
		checkForwarded(t, []byte(message))
	}
	for range 40_000 {
		if checkForwarded(t, []byte(mutate(random, corpus[random.IntN(len(corpus))], corpus))); t.Failed() {
			return
		}
	}
}

// TestForwardedResponseReadsTheSame does so for the other direction, and with net/http's reader for a visitor.
func TestForwardedResponseReadsTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 5))
	corpus := responses()
	for range 40_000 {
		method := []string{"GET", "HEAD"}[random.IntN(2)]
		if checkForwardedResponse(t, []byte(mutate(random, corpus[random.IntN(len(corpus))], corpus)), method); t.Failed() {
			return
		}
	}
}

func checkForwardedResponse(t *testing.T, data []byte, method string) {
	t.Helper()
	var r, again Response
	if _, err := r.Parse(data, method, Limits{}); err != nil {
		return
	}
	edit := ResponseEdit{Framing: r.Framing, Minor: 1, KeepUpgrade: true}
	out := r.AppendForward(nil, &edit)
	checkOneFraming(t, out, false)
	n, err := again.Parse(out, method, Limits{HeadBytes: 2*len(out) + 100, Fields: 2 * DefaultFields})
	if err != nil || n != len(out) {
		t.Fatalf("%q is forwarded as %q: %v", data, out, err)
	}
	again.Framing.HasLength = again.Framing.HasLength || r.Framing.Bodiless && r.Framing.HasLength // 1xx and 204 lose it
	if r.Status != again.Status || r.Reason != again.Reason || r.Framing != again.Framing || r.Upgrade != again.Upgrade || again.Close != r.Framing.UntilClose || again.Minor != 1 {
		t.Errorf("%q is forwarded as %q:\n%+v\n%+v", data, out, r, again)
	}
	if twice := again.AppendForward(nil, &edit); !bytes.Equal(out, twice) {
		t.Errorf("%q is forwarded as %q, then as %q", data, out, twice)
	}
}

func FuzzForward(f *testing.F) {
	for _, message := range slices.Concat(requests(), responses()) {
		f.Add([]byte(message))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkForwarded(t, data)
		checkForwardedResponse(t, data, "GET")
		checkForwardedResponse(t, data, "HEAD")
	})
}
