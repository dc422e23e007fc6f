package proxy

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"
)

// TestRequestsThatHTTP1CannotSay come by libraries that are less strict than ours. The origin must see nothing of them: least
// of all the body as a request of its own.
func TestRequestsThatHTTP1CannotSay(t *testing.T) {
	const inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	length := "Content-Length: 36\r\n\r\n" + inner
	standard := func(c *Config) { c.MessageHandling = HandlingStandard }
	for _, head := range []string{
		"POST /# HTTP/1.1\r\nHost: a\r\n",
		"POST / HTTP/1.1\r\nHost: a,b\r\n",
		"POST / HTTP/1.1\r\nHost: user@a\r\n",
		strings.Repeat("P", 40) + " / HTTP/1.1\r\nHost: a\r\n",
	} {
		r := newRecorder(t)
		s := start(t, r.url, nil, newObserver(), standard)
		got := exchangeRaw(t, s.address, head+"Connection: close\r\n"+length)
		if all := r.take(); len(all) != 0 || !strings.HasPrefix(got, "HTTP/1.1 400") {
			t.Errorf("%q: the origin got %q, the visitor %q", head, all, got)
		}
	}
	r := newRecorder(t)
	files := writeCertificate(t, t.TempDir(), "one")
	s := start(t, r.url, nil, newObserver(), func(c *Config) { c.Listen[0].HTTP3, c.Listen[0].TLS = true, &files })
	transport := &http3.Transport{TLSClientConfig: trusting(t, files)}
	defer func() { _ = transport.Close() }()
	request, err := http.NewRequestWithContext(context.Background(), "POST", "https://"+s.address+"/", strings.NewReader(inner))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = "/a b"
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if all := r.take(); len(all) != 0 || answer.StatusCode != http.StatusBadRequest {
		t.Errorf("the origin got %q, the visitor %d", all, answer.StatusCode)
	}
}

// TestStandardAnswersAreKept has net/http write heads and trailers after the buffers that they came in are in use again.
func TestStandardAnswersAreKept(t *testing.T) {
	at := thriftyOrigin(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Some-Header: its value\r\nTrailer: X-Last\r\n\r\n2\r\nok\r\n0\r\nX-Last: last value\r\n\r\n")
	s := start(t, at, nil, newObserver(), func(c *Config) { c.MessageHandling = HandlingStandard })
	conn := dial(t, s.address)
	r := bufio.NewReader(conn)
	for range 50 {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(answer.Body); err != nil || answer.Trailer.Get("X-Last") != "last value" || answer.Header.Get("X-Some-Header") != "its value" {
			t.Fatalf("%v %v, %v", answer.Header, answer.Trailer, err)
		}
	}
}
