package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/site"
)

// TestCustomerKeyOnEveryProtocol asks without the key, with a wrong, a doubled and a disguised one, and with the right one.
func TestCustomerKeyOnEveryProtocol(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			_, _ = fmt.Fprintf(rw, "%s\n", strings.ToLower(name))
		}
	})
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			files := writeCertificate(t, t.TempDir(), "one")
			s := start(t, at, nil, newObserver(), w.change, func(c *Config) {
				if w.scheme == "https" {
					c.Listen[0].TLS = &files
				}
			})
			one := site.Config{Name: "one", Hosts: []string{"*"}, Mode: site.Active}
			one.CustomerKey.Keys, one.CustomerKey.Required = []string{key}, site.RequiredAlways
			s.put(sites(t, one))
			client := &http.Client{Transport: w.client(files), Timeout: 20 * time.Second}
			for name, c := range map[string]struct {
				header http.Header
				status int
			}{
				"none":      {http.Header{}, 403},
				"wrong":     {http.Header{"X-Spec-Customer-Authorization": {"wrong"}}, 403},
				"twice":     {http.Header{"X-Spec-Customer-Authorization": {key, key}}, 403},
				"disguised": {http.Header{"X_spec_customer_authorization": {key}}, 403},
				"right":     {http.Header{"X-Spec-Customer-Authorization": {key}}, 200},
			} {
				request, _ := http.NewRequestWithContext(context.Background(), "GET", w.scheme+"://"+s.address+"/", nil)
				request.Header = c.header
				answer, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != c.status || strings.Contains(string(text), "spec") {
					t.Errorf("%s: %d, the origin got\n%s", name, answer.StatusCode, text)
				}
			}
		})
	}
}

// gathered is a connection whose last writes go out together with its end.
type gathered struct {
	net.Conn
	holds bool
	all   []byte
}

func (g *gathered) Write(p []byte) (int, error) {
	if !g.holds {
		return g.Conn.Write(p)
	}
	g.all = append(g.all, p...)
	return len(p), nil
}

func (g *gathered) Close() error {
	_ = g.Conn.SetWriteDeadline(time.Time{}) // TLS has ended writing
	_, _ = g.Conn.Write(g.all)
	return g.Conn.Close()
}

// TestAnswerAndEndAtOnceOverTLS has an origin answer a body that is sent in pieces with its answer and the end of TLS in one
// packet.
func TestAnswerAndEndAtOnceOverTLS(t *testing.T) {
	files := writeCertificate(t, t.TempDir(), "one")
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	at := connOrigin(t, func(conn net.Conn) {
		g := &gathered{Conn: conn}
		secure := tls.Server(g, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}) //nolint:gosec // a test
		if secure.Handshake() != nil {
			return
		}
		request, err := http.ReadRequest(bufio.NewReader(secure))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		g.holds = true
		_, _ = io.WriteString(secure, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		_ = secure.Close()
	})
	s := start(t, "https://"+at, nil, newObserver(), func(c *Config) { c.Origin.TLS.Insecure = true })
	for range 20 {
		got := exchangeRaw(t, s.address, "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n"+strings.Repeat("x", 50000))
		if !strings.HasPrefix(got, "HTTP/1.1 200") || !strings.HasSuffix(got, "ok") {
			t.Fatalf("%q", got)
		}
	}
}
