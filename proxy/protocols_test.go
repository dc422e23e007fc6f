package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/listen"
)

// way is how a visitor reaches the proxy.
type way struct {
	name   string
	change change
	client func(files TLSConfig) http.RoundTripper
	scheme string
}

func ways(t *testing.T) []way {
	overTLS := func(files TLSConfig, two bool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: trusting(t, files), ForceAttemptHTTP2: two}
	}
	clear2 := func(TLSConfig) http.RoundTripper {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		return transport
	}
	standard := func(c *Config) { c.MessageHandling = HandlingStandard }
	none := func(*Config) {}
	return []way{
		{"HTTP/1.1", none, func(TLSConfig) http.RoundTripper { return &http.Transport{} }, "http"},
		{"HTTP/1.1, TLS", none, func(f TLSConfig) http.RoundTripper { return overTLS(f, false) }, "https"},
		{"HTTP/2", none, func(f TLSConfig) http.RoundTripper { return overTLS(f, true) }, "https"},
		{"h2c", func(c *Config) { c.Listen[0].H2C = true }, clear2, "http"},
		{"HTTP/3", func(c *Config) { c.Listen[0].HTTP3 = true },
			func(f TLSConfig) http.RoundTripper { return &http3.Transport{TLSClientConfig: trusting(t, f)} }, "https"},
		{"standard", standard, func(TLSConfig) http.RoundTripper { return &http.Transport{} }, "http"},
		{"standard, HTTP/2", standard, func(f TLSConfig) http.RoundTripper { return overTLS(f, true) }, "https"},
	}
}

// TestEveryProtocol carries the same requests by every protocol visitors may speak, to origins that speak HTTP/1.1 and HTTP/2.
func TestEveryProtocol(t *testing.T) {
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/trailers":
			rw.Header().Set("X-Sum", r.Trailer.Get("X-Sum"))
			_, _ = rw.Write(body)
			rw.(http.Flusher).Flush() // else HTTP/1.1 has a length, and no place for trailers
			rw.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		case "/none":
			rw.WriteHeader(http.StatusNoContent)
		case "/large":
			_, _ = io.CopyN(rw, zeros{}, 5<<20)
		default:
			_, _ = fmt.Fprintf(rw, "%s %s %s %d", r.Method, r.RequestURI, r.Host, len(body))
		}
	})
	clear := application(t, handler)
	secured := secureApplication(t, handler)
	for _, w := range ways(t) {
		for _, at := range []string{clear, secured} {
			for _, spec := range []route{nil, inline(1000)} {
				t.Run(fmt.Sprintf("%s to %.5s, %v", w.name, at, spec != nil), func(t *testing.T) {
					files := writeCertificate(t, t.TempDir(), "one")
					s := start(t, at, spec, newObserver(), w.change, func(c *Config) {
						c.Origin.TLS.Insecure = true
						if w.scheme == "https" {
							c.Listen[0].TLS = &files
						}
					})
					client := &http.Client{Transport: w.client(files), Timeout: 10 * time.Second}
					t.Cleanup(func() {
						if closer, ok := client.Transport.(io.Closer); ok {
							_ = closer.Close()
						}
						client.CloseIdleConnections()
					})
					checkProtocol(t, client, w.scheme+"://"+s.address)
				})
			}
		}
	}
}

func checkProtocol(t *testing.T, client *http.Client, url string) {
	t.Helper()
	send := func(method, path string, body io.Reader, trailer http.Header) (*http.Response, string) {
		request, _ := http.NewRequest(method, url+path, body)
		request.Host, request.Trailer = "shop.example", trailer
		answer, err := client.Do(request)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return answer, string(text)
	}
	for range 3 { // the second time over the same connection
		if _, text := send("GET", "/a/../b?x=1;y", nil, nil); text != "GET /a/../b?x=1;y shop.example 0" {
			t.Errorf("%q", text)
		}
		for _, size := range []int{5, 20000, 300000} {
			if _, text := send("POST", "/p", strings.NewReader(strings.Repeat("x", size)), nil); text != fmt.Sprintf("POST /p shop.example %d", size) {
				t.Errorf("%q", text)
			}
		}
		answer, text := send("POST", "/trailers", io.MultiReader(strings.NewReader("hello")), http.Header{"X-Sum": {"42"}})
		if text != "hello" || answer.Header.Get("X-Sum") != "42" || answer.Trailer.Get("Grpc-Status") != "0" {
			t.Errorf("%q %v %v", text, answer.Header, answer.Trailer)
		}
		if answer, text := send("DELETE", "/none", nil, nil); answer.StatusCode != 204 || text != "" {
			t.Errorf("%d %q", answer.StatusCode, text)
		}
		if answer, text := send("HEAD", "/p", nil, nil); answer.StatusCode != 200 || text != "" {
			t.Errorf("%d %q", answer.StatusCode, text)
		}
		if _, text := send("GET", "/large", nil, nil); len(text) != 5<<20 {
			t.Errorf("%d bytes", len(text))
		}
	}
}

// TestIntroduced has a load balancer say whom it forwards for.
func TestIntroduced(t *testing.T) {
	seen := make(chan string, 10)
	spec := passThrough(100)
	spec.exchange = func(r *capture.Request, _ *capture.Response) { seen <- r.Peer.String() }
	files := writeCertificate(t, t.TempDir(), "one")
	for _, handling := range []string{HandlingOwn, HandlingStandard} {
		s := start(t, echo(t), spec, newObserver(), func(c *Config) {
			c.MessageHandling = handling
			c.Listen[0].ProxyProtocol = &listen.ProxyProtocolConfig{From: document.Strings{"127.0.0.0/8"}}
			c.Listen = append(c.Listen, ListenConfig{Address: "127.0.0.1:0", TLS: &files, ProxyProtocol: c.Listen[0].ProxyProtocol})
		})
		const header = "PROXY TCP4 192.0.2.7 198.51.100.1 1234 80\r\n"
		got := exchangeRaw(t, s.address, header+"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasSuffix(got, "origin got ") {
			t.Errorf("%s: %q", handling, got)
		}
		if peer := <-seen; peer != "192.0.2.7" {
			t.Errorf("%s: visitor %s", handling, peer)
		}
		if got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got != "" {
			t.Errorf("%s: without a header: %q", handling, got)
		}
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: trusting(t, files), ForceAttemptHTTP2: true,
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				conn, err := net.Dial(network, address)
				if err == nil {
					_, err = io.WriteString(conn, header)
				}
				return conn, err
			},
		}}
		answer, err := client.Get("https://" + s.Addresses()[1].String())
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		client.CloseIdleConnections()
		if peer := <-seen; peer != "192.0.2.7" || answer.ProtoMajor != 2 {
			t.Errorf("%s, TLS: visitor %s, HTTP/%d", handling, peer, answer.ProtoMajor)
		}
	}
}

// TestHandshakeThatNeverEnds is bounded like a head.
func TestHandshakeThatNeverEnds(t *testing.T) {
	files := writeCertificate(t, t.TempDir(), "one")
	s := start(t, "http://127.0.0.1:1", nil, newObserver(), func(c *Config) {
		c.Listen[0].TLS, c.Limits.HeaderTimeout = &files, 50*time.Millisecond
	})
	if got := exchangeRaw(t, s.address, "\x16\x03\x01"); got != "" {
		t.Errorf("%q", got)
	}
	conn, err := tls.Dial("tcp", s.address, trusting(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a silent visitor: %v", err)
	}
}
