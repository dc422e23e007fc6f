//go:build e2e

package listen

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Pebble is Let's Encrypt's own server for tests of ACME clients, with a DNS server that says 127.0.0.1 to everything. It
// is installed for the test and no dependency of the module.
const pebbleVersion = "@v2.10.1"

func installPebble(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, command := range []string{"pebble", "pebble-challtestsrv"} {
		install := exec.Command("go", "install", "github.com/letsencrypt/pebble/v2/cmd/"+command+pebbleVersion)
		install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=")
		install.Dir = folder
		if output, err := install.CombinedOutput(); err != nil {
			t.Fatalf("install %s: %v\n%s", command, err, output)
		}
	}
	return folder
}

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		probe, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = probe.Close() }()
		return probe.LocalAddr().(*net.UDPAddr).Port
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = probe.Close() }()
	return probe.Addr().(*net.TCPAddr).Port
}

func run(t *testing.T, output io.Writer, environment []string, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

// startPebble gives the directory's URL and the file its certificate is checked by.
func startPebble(t *testing.T, binaries string, httpPort, tlsPort int, external bool) (config *ACMEConfig, management string, output *logged) {
	t.Helper()
	m, folder := newMaker(t), t.TempDir()
	pair := m.write(t, folder, "pebble", named("localhost"))
	ca := filepath.Join(folder, "ca.pem")
	put(t, ca, pemOf("CERTIFICATE", m.certificate.Raw))
	directory, manage, dns := freePort(t, "tcp"), freePort(t, "tcp"), freePort(t, "udp")
	settings := map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", directory), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", manage),
		"certificate": pair.Certificate, "privateKey": pair.Key, "httpPort": httpPort, "tlsPort": tlsPort,
		"externalAccountBindingRequired": external, "externalAccountMACKeys": map[string]string{"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"},
		"retryAfter": map[string]int{"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"default": map[string]any{"description": "default", "validityPeriod": 7776000}},
	}
	text, err := json.Marshal(map[string]any{"pebble": settings})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "pebble.json")
	put(t, file, text)
	output = &logged{}
	run(t, output, nil, filepath.Join(binaries, "pebble-challtestsrv"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "",
		"-https01", "", "-tlsalpn01", "", "-doh", "", "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns), "-management", fmt.Sprintf("127.0.0.1:%d", freePort(t, "tcp")))
	run(t, output, []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=20"}, filepath.Join(binaries, "pebble"), "-config", file, "-strict",
		"-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	until(t, "pebble", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", manage))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return &ACMEConfig{
		Email: "admin@site.example", Directory: fmt.Sprintf("https://localhost:%d/dir", directory), DirectoryCA: ca,
		Cache: filepath.Join(folder, "cache"), AcceptTerms: true,
	}, fmt.Sprintf("https://localhost:%d", manage), output
}

// trustPebble gives what checks certificates that pebble makes: its root is new at every start.
func trustPebble(t *testing.T, management, ca string) *tls.Config {
	t.Helper()
	roots, err := readPool(ca)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	response, err := client.Get(management + "/roots/0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if block, _ := pem.Decode(text); err != nil || block == nil {
		t.Fatalf("no root: %v, %q", err, text)
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	put(t, root, bytes.TrimSpace(text))
	pool, err := readPool(root)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: pool}
}

func TestPebble(t *testing.T) {
	binaries := installPebble(t)
	for name, byTLS := range map[string]bool{"TLS-ALPN-01": true, "HTTP-01": false} {
		t.Run(name, func(t *testing.T) {
			httpPort, tlsPort := freePort(t, "tcp"), freePort(t, "tcp")
			provedPort := tlsPort
			if !byTLS {
				provedPort = freePort(t, "tcp") // nobody is there: the first kind of proof fails, the second must do
			}
			acme, management, output := startPebble(t, binaries, httpPort, provedPort, !byTLS)
			acme.Domains = []string{"www.site.example", "shop.site.example"}
			if !byTLS {
				acme.ExternalAccount = &ExternalAccountConfig{KeyID: "kid-1", Key: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}
			}
			log, lines := newLog()
			doors := openDoors(t, log, Config{Address: fmt.Sprintf("127.0.0.1:%d", tlsPort), TLS: &TLSConfig{ACME: acme}},
				Config{Address: fmt.Sprintf("127.0.0.1:%d", httpPort)})
			go func() {
				_ = http.Serve(doors.All()[1].Listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test
					body, ok := doors.Challenge(r.Host, r.URL.Path)
					if !ok {
						w.WriteHeader(http.StatusNotFound)
						return
					}
					_, _ = w.Write(body)
				}))
			}()
			trust := trustPebble(t, management, acme.DirectoryCA)
			for _, domain := range acme.Domains {
				trust.ServerName = domain
				var err error
				deadline := time.Now().Add(time.Minute)
				for time.Now().Before(deadline) {
					var state tls.ConnectionState
					if state, err = visit(t, doors, 0, trust); err == nil {
						t.Logf("%s: issued by %s until %v", domain, state.PeerCertificates[0].Issuer.CommonName, state.PeerCertificates[0].NotAfter)
						break
					}
				}
				if err != nil {
					t.Fatalf("%s: %v\n%s\n%s", domain, err, lines, output)
				}
			}
			if byTLS == strings.Contains(output.String(), "Attempting to validate w/ HTTP") {
				t.Errorf("proved in the wrong way:\n%s", output)
			}
		})
	}
}
