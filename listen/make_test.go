package listen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// until waits for something that happens by itself.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newLog() (*slog.Logger, *logged) {
	l := &logged{}
	return slog.New(slog.NewTextHandler(l, nil)), l
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// maker is an authority of a test's own.
type maker struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	m := &maker{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &m.key.PublicKey, m.key)
	if err != nil {
		t.Fatal(err)
	}
	m.certificate, _ = x509.ParseCertificate(der)
	return m
}

func (m *maker) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(m.certificate)
	return pool
}

// sign gives a chain of two for the key, of a template that need not be complete.
func (m *maker) sign(t testing.TB, template x509.Certificate, key any) [][]byte {
	t.Helper()
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, m.certificate, key, m.key)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{der, m.certificate.Raw}
}

func named(names ...string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
}

func pemOf(kind string, blocks ...[]byte) []byte {
	var out []byte
	for _, block := range blocks {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block})...)
	}
	return out
}

// write makes a pair of files in a folder.
func (m *maker) write(t testing.TB, folder, base string, template x509.Certificate) PairConfig {
	t.Helper()
	key := newKey(t)
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := PairConfig{Certificate: filepath.Join(folder, base+".pem"), Key: filepath.Join(folder, base+".key")}
	put(t, files.Certificate, pemOf("CERTIFICATE", m.sign(t, template, &key.PublicKey)...))
	put(t, files.Key, pemOf("EC PRIVATE KEY", secret))
	return files
}

func put(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// openDoors opens doors and serves each connection by a handshake and the name of the protocol chosen.
func openDoors(t *testing.T, log *slog.Logger, configs ...Config) *Doors {
	t.Helper()
	for i := range configs {
		if configs[i].Address == "" {
			configs[i].Address = "127.0.0.1:0"
		}
	}
	doors, err := Open(configs, Deps{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(doors.Close)
	for _, door := range doors.All() {
		if door.TLS == nil {
			continue
		}
		go func() {
			_ = door.Accept(t.Context(), func(conn *net.TCPConn) {
				go func() {
					defer door.Done()
					defer func() { _ = conn.Close() }()
					_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
					secure := tls.Server(conn, door.TLS)
					if secure.Handshake() == nil {
						_, _ = secure.Write([]byte(secure.ConnectionState().NegotiatedProtocol + "\n"))
						_ = secure.Close()
					}
				}()
			})
		}()
	}
	return doors
}

// visit makes a handshake and gives what came of it.
func visit(t *testing.T, doors *Doors, door int, config *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	dialer := &net.Dialer{Timeout: 15 * time.Second}
	conn, err := tls.DialWithDialer(dialer, "tcp", doors.Addresses()[door].String(), config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	// With TLS 1.3 a server's refusal comes after the client's handshake.
	n, err := conn.Read(make([]byte, 64))
	if n > 0 {
		err = nil // the end may come with the last bytes
	}
	return conn.ConnectionState(), err
}

// nameServed is the common name of the certificate shown for a server's name.
func nameServed(t *testing.T, doors *Doors, serverName string) string {
	t.Helper()
	state, err := visit(t, doors, 0, &tls.Config{ServerName: serverName, InsecureSkipVerify: true}) //nolint:gosec // a test of names
	if err != nil {
		t.Fatalf("visit %q: %v", serverName, err)
	}
	return state.PeerCertificates[0].Subject.CommonName
}
