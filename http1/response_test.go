package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestResponsesRefused(t *testing.T) {
	const line = "HTTP/1.1 200 OK\r\n"
	cases := []struct{ name, head, reason string }{
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", ReasonVersion},
		{"no protocol", "200 OK\r\n\r\n", ReasonVersion},
		{"ICY", "ICY 200 OK\r\n\r\n", ReasonVersion},
		{"two digits", "HTTP/1.1 20 OK\r\n\r\n", ReasonLine},
		{"four digits", "HTTP/1.1 2000 OK\r\n\r\n", ReasonLine},
		{"below 100", "HTTP/1.1 099 OK\r\n\r\n", ReasonStatus},
		{"signed", "HTTP/1.1 +20 OK\r\n\r\n", ReasonLine},
		{"two spaces", "HTTP/1.1  200 OK\r\n\r\n", ReasonLine},
		{"bare LF", "HTTP/1.1 200 OK\n\r\n", ReasonLineEnd},
		{"bare LF for the reason", "HTTP/1.1 200\n\r\n", ReasonLine},
		{"bare CR", "HTTP/1.1 200 O\rK\r\n\r\n", ReasonLineEnd},
		{"control in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n", ReasonValue},
		{"empty line first", "\r\n" + line + "\r\n", ReasonVersion},
		{"fold", line + "X: a\r\n b\r\n\r\n", ReasonFold},
		{"space before colon", line + "X : a\r\n\r\n", ReasonName},
		{"two lengths", line + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", ReasonLength},
		{"two spellings of a length", line + "Content-Length: 1\r\nContent-Length: 01\r\n\r\n", ReasonLength},
		{"list of lengths", line + "Content-Length: 1, 1\r\n\r\n", ReasonLength},
		{"length and coding", line + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ReasonCoding},
		{"other coding", line + "Transfer-Encoding: gzip, chunked\r\n\r\n", ReasonCoding},
		{"coding twice", line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ReasonCoding},
		{"coding by HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ReasonCoding},
		{"bad length without a body", "HTTP/1.1 304 OK\r\nContent-Length: x\r\n\r\n", ReasonLength},
		{"too large", line + "X: " + strings.Repeat("y", DefaultHeadBytes), ReasonHeadSize},
		{"too many", line + strings.Repeat("X: y\r\n", DefaultFields+1), ReasonFields},
		{"many options", line + "Connection: " + strings.Repeat("x,", 17) + "\r\n\r\n", ReasonConnection},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Response
			n, err := r.Parse([]byte(c.head), "GET", Limits{})
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != 502 || refusal.Reason != c.reason || n != 0 {
				t.Errorf("%.60q: %d, %v, want %s", c.head, n, err, c.reason)
			}
		})
	}
	var r Response
	if _, err := r.Parse([]byte(line+"\r\n"), "CONNECT", Limits{}); err == nil {
		t.Error("a tunnel was read as a message")
	}
}

func TestResponsesRead(t *testing.T) {
	cases := []struct{ method, head, want string }{
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", `200 "OK" {5 false false true false} close=false`},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", `200 "OK" {5 false false true false} close=false`},
		{"GET", "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", `200 "" {-1 true false false false} close=false`},
		{"GET", "HTTP/1.1 200 \r\n\r\n", `200 "" {-1 false true false false} close=true`},
		{"GET", "HTTP/1.0 200 A  b\xe9 \r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", "200 \"A  b\\xe9 \" {0 false false true false} close=false"},
		{"GET", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", `200 "OK" {0 false false true false} close=true`},
		{"GET", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\nConnection: x, close\r\n\r\n", `999 "Odd" {0 false false true false} close=true`},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", `200 "OK" {0 false false true true} close=false`},
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", `200 "OK" {0 false false false true} close=false`},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", `304 "Not Modified" {0 false false true true} close=false`},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", `204 "No Content" {0 false false false true} close=false`},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\n", `100 "Continue" {0 false false false true} close=false`},
		{"GET", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n", `101 "X" {0 false false false true} close=false upgrade`},
		{"GET", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n", `101 "X" {0 false false false true} close=false`},
		{"GET", "HTTP/1.1 200 X\r\nContent-Length: 1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", `200 "X" {1 false false true false} close=false`},
		{"GET", "HTTP/1.1 200 X\r\nX_Forwarded_For: 1\r\nContent_Length: 2\r\nContent-Length: 1\r\n\r\n", `200 "X" {1 false false true false} close=false`},
	}
	for _, c := range cases {
		var r Response
		for i := range c.head {
			if n, err := r.Parse([]byte(c.head)[:i], c.method, Limits{}); err != ErrMore || n != 0 {
				t.Errorf("%q: %d, %v", c.head[:i], n, err)
			}
		}
		n, err := r.Parse([]byte(c.head+"left over"), c.method, Limits{})
		if err != nil || n != len(c.head) {
			t.Errorf("%q: %d, %v", c.head, n, err)
			continue
		}
		got := fmt.Sprintf("%d %q %v close=%v", r.Status, r.Reason, r.Framing, r.Close)
		if r.Upgrade != "" {
			got += " upgrade"
		}
		if got != c.want || string(r.HeadBytes()) != c.head {
			t.Errorf("%q:\n got %s\nwant %s", c.head, got, c.want)
		}
	}
}

func TestResponseRebase(t *testing.T) {
	buf := []byte(answer)
	var r Response
	if _, err := r.Parse(buf, "GET", Limits{}); err != nil {
		t.Fatal(err)
	}
	memory := r.Rebase(nil)
	clear(buf)
	if string(memory) != answer || r.Reason != "OK" || r.Value(Server) != "nginx/1.22.1" || string(r.HeadBytes()) != answer {
		t.Errorf("%q %+v", memory, r)
	}
}

func TestResponseDoesNotAllocate(t *testing.T) {
	buf := []byte(answer)
	var r Response
	var dst []byte
	edit := ResponseEdit{Minor: 1, Add: []Field{{"X-A", "b"}}}
	round := func() {
		if _, err := r.Parse(buf, "GET", Limits{}); err != nil {
			t.Fatal(err)
		}
		edit.Framing = r.Framing
		dst = r.AppendForward(dst[:0], &edit)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
