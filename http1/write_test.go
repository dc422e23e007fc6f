package http1

import (
	"strings"
	"testing"
)

func TestAppendRequest(t *testing.T) {
	cases := []struct {
		name, method, target, host string
		fields                     []Field
		framing                    Framing
		close                      bool
		want                       string
	}{
		{"plain", "GET", "/a?b", "a:80", []Field{{"x-a", "b"}}, Framing{}, false, "GET /a?b HTTP/1.1\r\nHost: a:80\r\nx-a: b\r\n\r\n"},
		{"no host", "OPTIONS", "*", "", nil, Framing{}, true, "OPTIONS * HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n"},
		{"length", "POST", "/", "a", nil, Framing{Length: 5}, false, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"},
		{"length zero", "POST", "/", "a", nil, Framing{HasLength: true}, false, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"chunked", "POST", "/", "a", []Field{{"trailer", "x"}, {"te", "trailers"}}, Framing{Length: -1, Chunked: true}, false,
			"POST / HTTP/1.1\r\nHost: a\r\ntrailer: x\r\nte: trailers\r\nTransfer-Encoding: chunked\r\nConnection: TE\r\n\r\n"},
		{"te and close", "GET", "/", "a", []Field{{"te", "trailers"}}, Framing{}, true, "GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\nConnection: close, TE\r\n\r\n"},
		{"websocket", "GET", "/", "a", []Field{{"Upgrade", "websocket"}, {"Upgrade", "h2c"}, {"Connection", "x"}}, Framing{}, false,
			"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
		{"dangerous fields", "GET", "/", "a", []Field{{"content-length", "5"}, {"Transfer-Encoding", "chunked"}, {"host", "b"}, {"connection", "close"}, {"keep-alive", "x"}, {"x", "a\r\nb: c"},
			{"x y", "z"}, {"", "z"}, {"x:", "z"}, {"x", "\x00"}, {":path", "/"}, {"trailer", "x"}, {"te", "gzip"}}, Framing{}, false, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "/", "a", nil, Framing{}, false, ""},
		{"target", "GET", "/ HTTP/1.1\r\nX: y", "a", nil, Framing{}, false, ""},
		{"relative", "GET", "a", "a", nil, Framing{}, false, ""},
		{"host", "GET", "/", "a\r\nX: y", nil, Framing{}, false, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := string(AppendRequest([]byte("before"), c.method, c.target, c.host, c.fields, c.framing, c.close))
			if got != "before"+c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			var r Request
			if head := strings.TrimPrefix(got, "before"); head != "" && c.host != "" {
				if n, err := r.Parse([]byte(head), Limits{}); err != nil || n != len(head) || r.Framing.Chunked != c.framing.Chunked || r.Framing.Length != c.framing.Length || r.Close != c.close {
					t.Errorf("%q: %v %+v", head, err, r)
				}
			}
		})
	}
}

func TestAppendResponse(t *testing.T) {
	cases := []struct {
		name    string
		status  int
		reason  string
		fields  []Field
		framing Framing
		close   bool
		want    string
	}{
		{"plain", 200, "", []Field{{"A", "b"}}, Framing{Length: 5}, false, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\n"},
		{"reason", 299, "Sure", nil, Framing{}, true, "HTTP/1.1 299 Sure\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"no reason", 299, "", nil, Framing{}, false, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
		{"dangerous", 200, "O\r\nK", []Field{{"Content-Length", "9"}, {"Connection", "x"}, {"A", "b\nc"}}, Framing{}, false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"chunked", 200, "", []Field{{"Trailer", "X"}}, Framing{Length: -1, Chunked: true}, false, "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"until close", 200, "", nil, Framing{Length: -1, UntilClose: true}, false, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{"head", 200, "", nil, Framing{Bodiless: true, HasLength: true, Length: 7}, false, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"},
		{"head without length", 200, "", nil, Framing{Bodiless: true}, false, "HTTP/1.1 200 OK\r\n\r\n"},
		{"no content", 204, "", nil, Framing{HasLength: true}, false, "HTTP/1.1 204 No Content\r\n\r\n"},
		{"not modified", 304, "", nil, Framing{}, false, "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{"hints", 103, "", []Field{{"Link", "x"}}, Framing{}, false, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
		{"continue", 100, "", nil, Framing{}, false, "HTTP/1.1 100 Continue\r\n\r\n"},
		{"switch", 101, "", []Field{{"Upgrade", "websocket"}}, Framing{}, false, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := string(AppendResponse(nil, c.status, c.reason, c.fields, c.framing, c.close))
			if got != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			var r Response
			if n, err := r.Parse([]byte(got), "GET", Limits{}); err != nil || n != len(got) || r.Status != c.status {
				t.Errorf("%q: %v %+v", got, err, r)
			}
		})
	}
}

func TestReasonPhrases(t *testing.T) {
	for status, want := range map[int]string{100: "Continue", 200: "OK", 308: "Permanent Redirect", 413: "Content Too Large", 416: "Range Not Satisfiable", 417: "Expectation Failed",
		431: "Request Header Fields Too Large", 502: "Bad Gateway", 299: "", 499: "", 600: "", 0: ""} {
		if got := ReasonPhrase(status); got != want {
			t.Errorf("%d: %q", status, got)
		}
	}
}

func TestValid(t *testing.T) {
	for target, want := range map[string]bool{"/": true, "*": true, "/a?b": true, "/\xff": true, "": false, "a": false, "**": false, "/ ": false, "/\r": false, "/#": false, "http://a/": false} {
		if ValidTarget(target) != want {
			t.Errorf("target %q", target)
		}
	}
	for value, want := range map[string]bool{"": true, "a": true, "a b\tc": true, "\xff": true, " a": false, "a ": false, "a\n": false, "\x00": false, "\t": false} {
		if ValidValue(value) != want {
			t.Errorf("value %q", value)
		}
	}
	for name, want := range map[string]bool{"a": true, "X-y_z.~!": true, "": false, "a b": false, "a:": false, "\xe9": false} {
		if ValidName(name) != want || ValidMethod(name) != want {
			t.Errorf("name %q", name)
		}
	}
	if ValidMethod(strings.Repeat("M", 33)) {
		t.Error("a long method")
	}
}
