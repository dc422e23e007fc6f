package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate makes a certificate for 127.0.0.1 with a name of its own.
func writeCertificate(t *testing.T, directory, name string) TLSConfig {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := TLSConfig{Certificate: filepath.Join(directory, "cert.pem"), Key: filepath.Join(directory, "key.pem")}
	for file, block := range map[string]*pem.Block{
		files.Certificate: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "EC PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func trusting(t *testing.T, files TLSConfig) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(files.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestTLSHandsOutNewCertificate(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, "ok") })
	directory := t.TempDir()
	files := writeCertificate(t, directory, "one")
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Listen[0].TLS = &files })
	served := func() string {
		conn, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test of names
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := served(); got != "one" {
		t.Fatalf("certificate %q", got)
	}
	writeCertificate(t, directory, "the second")
	until(t, "the new certificate", func() bool { return served() == "the second" })
}

func TestUnreadableCertificate(t *testing.T) {
	config := DefaultConfig()
	config.Origin.URL = "http://127.0.0.1:1"
	config.Listen = []ListenConfig{
		{Address: "127.0.0.1:0"},
		{Address: "127.0.0.1:0", TLS: &TLSConfig{Certificate: "nowhere.pem", Key: "nowhere.key"}},
	}
	s, err := New(config, Deps{Observer: newObserver(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err == nil {
		t.Error("listening without a certificate")
	}
	if len(s.Addresses()) != 0 {
		t.Error("some addresses are listened on")
	}
}

// TestLongAnswersOverTLS are written in few pieces, and arrive as they were.
func TestLongAnswersOverTLS(t *testing.T) {
	text := strings.Repeat("0123456789", 9000)
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			rw.Header().Set("Content-Length", fmt.Sprint(len(text)))
		}
		_, _ = io.WriteString(rw, text)
	})
	files := writeCertificate(t, t.TempDir(), "one")
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Listen[0].TLS = &files })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, files)}}
	defer client.CloseIdleConnections()
	for i := range 20 {
		answer, err := client.Get("https://" + s.address + []string{"/length", "/chunks"}[i%2])
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if string(got) != text || err != nil {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}
