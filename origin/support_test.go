package origin

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// until polls.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within ten seconds: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// noLeak fails the test when goroutines of this package are left at its end.
func noLeak(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		until(t, "goroutines have ended", func() bool {
			buffer := make([]byte, 1<<20)
			stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
			for _, stack := range stacks[1:] {
				if strings.Contains(stack, "wayguard/origin.") && !strings.Contains(stack, "_test.go") ||
					strings.Contains(stack, "persistConn") || strings.Contains(stack, "http2ClientConn") {
					return false
				}
			}
			return true
		})
	})
}

// config is the default configuration with endpoints.
func config(name string, urls ...string) Config {
	c := DefaultConfig()
	c.Name = name
	for _, u := range urls {
		c.Endpoints = append(c.Endpoints, EndpointConfig{URL: u, Weight: 1})
	}
	return c
}

// clock is time that a test moves. It begins at the real time.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// still makes a Set that sweeps only when the test says so.
func still(t *testing.T, deps Deps, configs ...Config) *Set {
	t.Helper()
	s, err := build(configs, deps)
	if err != nil {
		t.Fatal(err)
	}
	s.resolveAll()
	t.Cleanup(s.Close)
	return s
}

// running makes a Set as users have it.
func running(t *testing.T, configs ...Config) *Set {
	t.Helper()
	s, err := New(configs, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func pick(t *testing.T, g *Group) *Endpoint {
	t.Helper()
	e, err := g.Pick(Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func connect(t *testing.T, e *Endpoint) *Conn {
	t.Helper()
	c, err := e.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const question = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func ask(t *testing.T, c *Conn) string {
	t.Helper()
	into := make([]byte, 4096)
	n, err := c.Ask([]byte(question), into, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return string(into[:n])
}

// application is an origin that speaks HTTP/1.1 by hand, so that it can misbehave.
type application struct {
	listener net.Listener
	accepted atomic.Int64
	requests atomic.Int64
	mu       sync.Mutex
	conns    []net.Conn
	done     sync.WaitGroup
}

// answer says what to do with a request: write something and go on (true), or stop and close.
type answer func(conn net.Conn, n int) bool

func good(conn net.Conn, _ int) bool {
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	return err == nil
}

func serve(t *testing.T, secure *tls.Config, how answer) *application {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &application{listener: listener}
	if secure != nil {
		a.listener = tls.NewListener(listener, secure)
	}
	a.done.Add(1)
	go a.accept(how)
	t.Cleanup(a.stop)
	return a
}

func (a *application) accept(how answer) {
	defer a.done.Done()
	for {
		conn, err := a.listener.Accept()
		if err != nil {
			return
		}
		a.accepted.Add(1)
		a.mu.Lock()
		a.conns = append(a.conns, conn)
		a.mu.Unlock()
		a.done.Add(1)
		go func() {
			defer a.done.Done()
			defer func() { _ = conn.Close() }()
			reader := bufio.NewReader(conn)
			for {
				r, err := http.ReadRequest(reader)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				if !how(conn, int(a.requests.Add(1))) {
					return
				}
			}
		}()
	}
}

// hangUp closes all connections, and goes on listening.
func (a *application) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, conn := range a.conns {
		_ = conn.Close()
	}
	a.conns = nil
}

func (a *application) stop() {
	_ = a.listener.Close()
	a.hangUp()
	a.done.Wait()
}

func (a *application) port() string {
	_, port, _ := net.SplitHostPort(a.listener.Addr().String())
	return port
}

func (a *application) url() string  { return "http://" + a.listener.Addr().String() }
func (a *application) urls() string { return "https://" + a.listener.Addr().String() }

// refused is the URL of a port that nobody listens on.
func refused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return "http://" + listener.Addr().String()
}

// authority issues certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	last int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir(), last: 1}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool = x509.NewCertPool()
	a.pool.AddCert(a.cert)
	writePEM(t, a.file(), "CERTIFICATE", der)
	return a
}

func (a *authority) file() string { return filepath.Join(a.dir, "ca.pem") }

// issue makes a certificate for names and addresses, and the files that hold it.
func (a *authority) issue(t *testing.T, names ...string) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	a.last++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(a.last), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile = filepath.Join(a.dir, fmt.Sprintf("%d.pem", a.last))
	keyFile = filepath.Join(a.dir, fmt.Sprintf("%d.key", a.last))
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "PRIVATE KEY", encoded)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// names is a resolver of the test's making.
type names struct {
	mu      sync.Mutex
	answers map[string][]netip.Addr
	err     error
	asked   int
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	return n.answers[host], n.err
}

func (n *names) say(host string, err error, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.answers == nil {
		n.answers = map[string][]netip.Addr{}
	}
	var all []netip.Addr
	for _, a := range addresses {
		all = append(all, netip.MustParseAddr(a))
	}
	n.answers[host], n.err = all, err
}

// settled waits until a Set that stands still has finished what it began.
func settled(t *testing.T, s *Set) {
	t.Helper()
	until(t, "lookups and checks have ended", func() bool {
		for _, g := range s.groups {
			for _, source := range g.sources {
				if source.looking.Load() {
					return false
				}
			}
			endpoints, _ := g.snapshot()
			for _, e := range endpoints {
				if e.checking.Load() {
					return false
				}
			}
		}
		return true
	})
}

func addresses(g *Group) string {
	var all []string
	for _, e := range g.view.Load().fit {
		all = append(all, e.address)
	}
	return strings.Join(all, " ")
}
