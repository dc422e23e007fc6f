package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

// sortedLines makes heads comparable whatever the order of their headers, and forgets the connection's own ones.
func sortedLines(message string) string {
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\n")
	var lines []string
	for line := range strings.SplitSeq(rest, "\r\n") {
		if !strings.HasPrefix(strings.ToLower(line), "connection:") {
			lines = append(lines, line)
		}
	}
	sort.Strings(lines)
	return first + "\n" + strings.Join(lines, "\n") + "\n\n" + body
}

func TestRequestReachesOriginAsSent(t *testing.T) {
	head := "Host: Shop.example\r\nConnection: close\r\n"
	requests := map[string]string{
		"plain":             "GET / HTTP/1.1\r\n" + head + "\r\n",
		"no user agent":     "GET /a?b=c HTTP/1.1\r\n" + head + "Accept: */*\r\n\r\n",
		"semicolons":        "GET /a?x=1;y=2&x=3 HTTP/1.1\r\n" + head + "\r\n",
		"bad escape, query": "GET /a?x=%zz&%&y HTTP/1.1\r\n" + head + "\r\n",
		"empty query":       "GET /a? HTTP/1.1\r\n" + head + "\r\n",
		"dot segments":      "GET /a/../b/%2e%2e/./c HTTP/1.1\r\n" + head + "\r\n",
		"double slashes":    "GET //a//b HTTP/1.1\r\n" + head + "\r\n",
		"escaped slash":     "GET /a%2Fb%2fc HTTP/1.1\r\n" + head + "\r\n",
		"odd characters":    "GET /a|b\"{c}^`[d] HTTP/1.1\r\n" + head + "\r\n",
		"needless escapes":  "GET /%41%7e%62 HTTP/1.1\r\n" + head + "\r\n",
		"options star":      "OPTIONS * HTTP/1.1\r\n" + head + "\r\n",
		"cookies":           "GET / HTTP/1.1\r\n" + head + "Cookie: a=b; c=\"d e\"\r\nCookie: f=g\r\n\r\n",
		"repeated headers":  "GET / HTTP/1.1\r\n" + head + "X-One: 1\r\nX-One: 2\r\nX-Empty: \r\n\r\n",
		"forwarded":         "GET / HTTP/1.1\r\n" + head + "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n\r\n",
		"accept encoding":   "GET / HTTP/1.1\r\n" + head + "Accept-Encoding: br;q=1, gzip\r\n\r\n",
		"range":             "GET / HTTP/1.1\r\n" + head + "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n\r\n",
		"body":              "POST /a HTTP/1.1\r\n" + head + "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
		"odd method":        "FROB /a HTTP/1.1\r\n" + head + "Content-Length: 5\r\n\r\nhello",
		"delete":            "DELETE /a HTTP/1.1\r\n" + head + "\r\n",
		"empty post":        "POST /a HTTP/1.1\r\n" + head + "Content-Length: 0\r\n\r\n",
		"latin-1 value":     "GET / HTTP/1.1\r\n" + head + "X-Name: caf\xe9\r\n\r\n",
	}
	for _, spec := range []*fakeSpec{nil, passThrough(1000), inline(1000)} {
		kind := "unmatched"
		var matched route
		if spec != nil {
			kind, matched = spec.name, spec
		}
		o := newRawOrigin(t, okResponse)
		s := start(t, o.url, matched, newObserver())
		for name, request := range requests {
			t.Run(kind+"/"+name, func(t *testing.T) {
				before := len(o.all())
				exchangeRaw(t, s.address, request)
				received := o.all()
				if len(received) != before+1 {
					t.Fatalf("origin received %d requests, want 1", len(received)-before)
				}
				if got, want := sortedLines(received[before]), sortedLines(request); got != want {
					t.Errorf("origin received\n%q\nwant\n%q", got, want)
				}
			})
		}
	}
}

func TestResponseReachesVisitorAsSent(t *testing.T) {
	responses := map[string]string{
		"bare":          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"no sniffing":   "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
		"server, via":   "HTTP/1.1 200 OK\r\nServer: Apache\r\nVia: 1.1 cdn\r\nDate: x\r\nContent-Length: 0\r\n\r\n",
		"cookies":       "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
		"gzip":          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
		"redirect":      "HTTP/1.1 302 Found\r\nLocation: /a b?c|d\r\nContent-Length: 0\r\n\r\n",
		"no content":    "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
		"not modified":  "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n",
		"server error":  "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",
		"unknown code":  "HTTP/1.1 599 status code 599\r\nContent-Length: 0\r\n\r\n",
		"partial":       "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
		"chunked":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"empty header":  "HTTP/1.1 200 OK\r\nX-Empty: \r\nContent-Length: 0\r\n\r\n",
		"latin-1 value": "HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 0\r\n\r\n",
	}
	request := "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
	for name, response := range responses {
		t.Run(name, func(t *testing.T) {
			o := newRawOrigin(t, response)
			for _, spec := range []route{nil, passThrough(1000), inline(1000)} {
				s := start(t, o.url, spec, newObserver())
				if got := exchangeRaw(t, s.address, request); sortedLines(got) != sortedLines(response) {
					t.Errorf("visitor received\n%q\nwant\n%q", sortedLines(got), sortedLines(response))
				}
			}
		})
	}
}

func TestHeadKeepsLength(t *testing.T) {
	o := newRawOrigin(t, "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nContent-Type: image/png\r\n\r\n")
	s := start(t, o.url, nil, newObserver())
	answer, err := http.Head(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if answer.ContentLength != 12345 || answer.Header.Get("Content-Type") != "image/png" {
		t.Errorf("length %d, type %q", answer.ContentLength, answer.Header.Get("Content-Type"))
	}
}

func TestTrailersBothWays(t *testing.T) {
	got := make(chan http.Header, 1)
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Trailer.Clone()
		rw.Header().Set("Trailer", "X-Declared")
		_, _ = io.WriteString(rw, "body")
		rw.Header().Set("X-Declared", "one")
		rw.Header().Set(http.TrailerPrefix+"X-Undeclared", "two")
	})
	for _, spec := range []route{nil, passThrough(100), inline(100)} {
		s := start(t, at, spec, newObserver())
		request, _ := http.NewRequest(http.MethodPost, s.url, io.MultiReader(strings.NewReader("hello")))
		request.Trailer = http.Header{"X-Sum": {"42"}, "X-Visit-Rating": {"normal"}}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		trailer := <-got
		if trailer.Get("X-Sum") != "42" || len(trailer["X-Visit-Rating"]) != 0 {
			t.Errorf("request trailer %v", trailer)
		}
		if answer.Trailer.Get("X-Declared") != "one" || answer.Trailer.Get("X-Undeclared") != "two" {
			t.Errorf("response trailer %v", answer.Trailer)
		}
	}
}

func TestEarlyHints(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Link", "</a.css>; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(rw, "done")
	})
	s := start(t, at, passThrough(100), newObserver())
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, " ", header.Get("Link")))
		return nil
	}}
	request, _ := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), "GET", s.url, nil)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if len(hints) != 1 || hints[0] != "103 </a.css>; rel=preload" {
		t.Errorf("hints %q", hints)
	}
}

// TestEventStream has the visitor read the first event before the origin sends the second.
func TestEventStream(t *testing.T) {
	second := make(chan struct{})
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		rw.(http.Flusher).Flush()
		<-second
		_, _ = io.WriteString(rw, "data: one\n\n")
		rw.(http.Flusher).Flush()
		<-second
		_, _ = io.WriteString(rw, "data: two\n\n")
	})
	for _, spec := range []route{nil, passThrough(4)} {
		s := start(t, at, spec, newObserver())
		answer, err := http.Get(s.url)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"data: one\n\n", "data: two\n\n"} {
			second <- struct{}{}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != want {
				t.Fatalf("read %q, %v", got, err)
			}
			if spec != nil && want == "data: one\n\n" {
				// The copy's limit is reached: the event does not wait for the stream's end.
				if e := s.observer.next(t); value(e, "response") != "data…" {
					t.Errorf("event %+v", e)
				}
			}
		}
		_ = answer.Body.Close()
	}
}

// TestKnownLengthIsNotHeldBack has the visitor read the first half of a body of known length before the second is sent.
func TestKnownLengthIsNotHeldBack(t *testing.T) {
	second := make(chan struct{})
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "6")
		rw.(http.Flusher).Flush()
		<-second
		_, _ = io.WriteString(rw, "one")
		rw.(http.Flusher).Flush()
		<-second
		_, _ = io.WriteString(rw, "two")
	})
	s := start(t, at, nil, newObserver())
	answer, err := http.Get(s.url) // returns with the head alone
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	for _, want := range []string{"one", "two"} {
		second <- struct{}{}
		got := make([]byte, 3)
		if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != want {
			t.Fatalf("read %q, %v", got, err)
		}
	}
}

// TestBothWaysAtOnce has the visitor read an answer to each piece of a body before it sends the next piece.
func TestBothWaysAtOnce(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		piece := make([]byte, 4)
		for {
			if _, err := io.ReadFull(r.Body, piece); err != nil {
				return
			}
			_, _ = rw.Write(bytes.ToUpper(piece))
			rw.(http.Flusher).Flush()
		}
	})
	for _, spec := range []route{nil, passThrough(6)} {
		s := start(t, at, spec, newObserver())
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		var read strings.Builder
		buffer := make([]byte, 4096)
		for _, piece := range []string{"one.", "two."} {
			_, _ = io.WriteString(conn, "4\r\n"+piece+"\r\n")
			for !strings.Contains(read.String(), strings.ToUpper(piece)) {
				n, err := conn.Read(buffer)
				if err != nil {
					t.Fatalf("after %q read %q: %v", piece, read.String(), err)
				}
				read.Write(buffer[:n])
			}
		}
		_ = conn.Close()
	}
}

func TestWebSocket(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(rw, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			_ = conn.Write(r.Context(), kind, append([]byte("echo "), message...))
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, spec := range []route{nil, passThrough(100), inline(100)} {
		observer := newObserver()
		s := start(t, at, spec, observer)
		conn, _, err := websocket.Dial(ctx, s.url+"/chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			_ = conn.Write(ctx, websocket.MessageText, fmt.Append(nil, i))
			_, message, err := conn.Read(ctx)
			if err != nil || string(message) != fmt.Sprintf("echo %d", i) {
				t.Fatalf("read %q, %v", message, err)
			}
		}
		if spec != nil {
			// The event does not wait for the end of the connection.
			if e := observer.next(t); e.HTTP.Status != http.StatusSwitchingProtocols {
				t.Errorf("status %d", e.HTTP.Status)
			}
		}
		// A stop must not wait for the connection's end longer than its grace.
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}

func TestOnlyWebSocketMayUpgrade(t *testing.T) {
	o := newRawOrigin(t, okResponse)
	s := start(t, o.url, nil, newObserver())
	for _, upgrade := range []string{"h2c", "foo/2", "websocket, h2c"} {
		exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\n"+
			"Upgrade: "+upgrade+"\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
	}
	for _, request := range o.all() {
		if lower := strings.ToLower(request); strings.Contains(lower, "upgrade") || strings.Contains(lower, "http2-settings") {
			t.Errorf("the origin was asked to upgrade: %q", request)
		}
	}
	if len(o.all()) != 3 {
		t.Errorf("origin received %d requests, want 3", len(o.all()))
	}
}

func TestExpectContinue(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			rw.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.Copy(rw, r.Body)
	})
	for _, spec := range []route{nil, inline(100)} {
		s := start(t, at, spec, newObserver())
		for path, want := range map[string]int{"/": 200, "/refuse": 413} {
			request, _ := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader("hello"))
			request.Header.Set("Expect", "100-continue")
			client := http.Client{Transport: &http.Transport{ExpectContinueTimeout: 10 * time.Second}}
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != want || want == 200 && string(got) != "hello" {
				t.Errorf("%s: %d %q", path, answer.StatusCode, got)
			}
			client.CloseIdleConnections()
		}
	}
}

// TestLargeBodiesStream sends a gigabyte's worth of nothing both ways at a proxy whose copies are bounded.
func TestLargeBodiesStream(t *testing.T) {
	const size = 64 << 20
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		rw.Header().Set("X-Received", fmt.Sprint(n))
		_, _ = io.CopyN(rw, zeros{}, size)
	})
	for _, spec := range []route{nil, passThrough(1000), inline(1000)} {
		observer := newObserver()
		s := start(t, at, spec, observer, func(c *Config) { c.Queue.Memory = 64 << 10 })
		answer, err := http.Post(s.url, "application/octet-stream", io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil || n != size || answer.Header.Get("X-Received") != fmt.Sprint(size) {
			t.Errorf("received %d, origin %s, %v", n, answer.Header.Get("X-Received"), err)
		}
		if spec != nil {
			e := observer.next(t)
			if len(value(e, "request")) != 1000+len("…") || len(value(e, "response")) != 1000+len("…") {
				t.Errorf("copied %d and %d bytes", len(value(e, "request")), len(value(e, "response")))
			}
		}
		until(t, "giving the budget back", func() bool { return s.Counts().Memory == 0 })
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestHTTP2Visitor(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(rw, "%s %s %s %s", r.Method, r.RequestURI, r.Host, body)
	})
	files := writeCertificate(t, t.TempDir(), "one")
	observer := newObserver()
	s := start(t, at, passThrough(100), observer, func(c *Config) { c.Listen[0].TLS = &files })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, files), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	request, _ := http.NewRequest(http.MethodPost, "https://"+s.address+"/a/../b?x=1;y", strings.NewReader("hello"))
	request.Host = "shop.example"
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.ProtoMajor != 2 || string(body) != "POST /a/../b?x=1;y shop.example hello" {
		t.Errorf("%s %q", answer.Proto, body)
	}
	if e := observer.next(t); value(e, "request") != "hello" || e.HTTP.Host != "shop.example" {
		t.Errorf("event %+v", e)
	}
}

func TestOriginOverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s := start(t, server.URL, nil, newObserver(), func(c *Config) { c.Origin.TLS.Insecure = true })
	if got := fetch(t, s.url); got != "HTTP/2.0" {
		t.Errorf("origin was asked by %q", got)
	}
	s = start(t, server.URL, nil, newObserver())
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusBadGateway {
		t.Errorf("an origin with an unknown certificate was believed: %d", answer.StatusCode)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
