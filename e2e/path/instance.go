//go:build e2e

package path

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"wayguard/e2e"
)

// Host is the name in the certificate that instances show.
const Host = "shop.example"

// Instance is a Wayguard that is an engine only: nothing but the data path, with its verdicts and its log.
type Instance struct {
	*e2e.Process
	// Dir holds the configuration and the data.
	Dir string
	// Clear, Secure and Metrics are its addresses, host:port.
	Clear, Secure, Metrics string
	config                 string
}

// Settings are what a check wants of an instance.
type Settings struct {
	// Origin is the default origin's URL.
	Origin string
	// Proxy is more YAML for the section proxy, indented by two; More is more sections.
	Proxy, More string
	// Clear and Secure are keys of the two doors, such as "h2c: true"; each a line of its own without indentation.
	ClearKeys, SecureKeys []string
	// Dir is used instead of a new one.
	Dir string
	// Everything starts the Hub, the warehouse and the webhooks too.
	Everything bool
}

// base is the configuration of every instance: one spec that is judged beside the traffic, and one that is held.
const base = `data: data
packs: {off: [agents, api, automation, ban, firstparty, flood, giftcard, inventory, login, payment, probing, promo, refund, returning, scraping, signup, support, takeover]}
metrics: {listen: "%s"}
hub: {listen: "127.0.0.1:0"}
specs:
  - name: looked-at
    event: Page
    type: product_view
    match: {method: [GET, POST, PUT], path: "/seen/{rest...}"}
    take: {search_term: {query: q}}
  - name: held
    event: Login
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /held}
    take: {username: {form: username}}
proxy:
  origin: {url: "%s"}
  listen:
    - address: "%s"
%s    - address: "%s"
      tls: {certificate: certificate.pem, key: key.pem}
%s%s
%s
`

// Start starts an instance and waits until it judges.
func Start(ctx context.Context, s Settings) (*Instance, error) {
	i := &Instance{Dir: s.Dir}
	var err error
	if i.Dir == "" {
		if i.Dir, err = os.MkdirTemp("", "wayguard-path-"); err != nil {
			return nil, err
		}
	}
	for _, address := range []*string{&i.Clear, &i.Secure, &i.Metrics} {
		if *address, err = e2e.FreeAddress(); err != nil {
			return nil, err
		}
	}
	if err := WriteCertificate(i.Dir); err != nil {
		return nil, err
	}
	i.config = filepath.Join(i.Dir, "wayguard.yaml")
	if err := i.Configure(s); err != nil {
		return nil, err
	}
	binary, err := e2e.Binary()
	if err != nil {
		return nil, err
	}
	role := "engine"
	if s.Everything {
		role = "all"
	}
	if i.Process, err = e2e.Start(ctx, binary, "run", "--role", role, "--config", i.config); err != nil {
		return nil, err
	}
	if _, err := i.WaitFor(`msg=serving`, 30*time.Second); err != nil {
		i.Kill()
		return nil, err
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if counters, err := i.Counters(ctx); err == nil && counters["wayguard_engine_open"] == 1 {
			return i, nil
		}
		if time.Now().After(deadline) {
			i.Kill()
			return nil, fmt.Errorf("the engine did not open:\n%s", i.Printed())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Configure writes the instance's configuration; a running one reads it after a SIGHUP.
func (i *Instance) Configure(s Settings) error {
	indent := func(keys []string) string {
		var text strings.Builder
		for _, key := range keys {
			fmt.Fprintf(&text, "      %s\n", key)
		}
		return text.String()
	}
	proxy := s.Proxy
	if proxy != "" {
		proxy = strings.TrimRight(proxy, "\n") + "\n"
	}
	text := fmt.Sprintf(base, i.Metrics, s.Origin, i.Clear, indent(s.ClearKeys), i.Secure, indent(s.SecureKeys), proxy, s.More)
	return os.WriteFile(i.config, []byte(text), 0o600)
}

// Close ends the instance and removes what it kept.
func (i *Instance) Close() {
	i.Kill()
	_ = os.RemoveAll(i.Dir)
}

// Counters reads what the instance tells Prometheus, by name with labels.
func (i *Instance) Counters(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.Metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			all[line[:at]] = value
		}
	}
	return all, nil
}

// WriteCertificate writes certificate.pem and key.pem for Host, localhost and 127.0.0.1 into a directory, once.
func WriteCertificate(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "key.pem")); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: Host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{Host, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"certificate.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// tool builds one of the tools that tools/go.mod pins, and gives its path.
func tool(ctx context.Context, module string) (string, error) {
	root, err := e2e.Root()
	if err != nil {
		return "", err
	}
	// Two tools of one project have names such as client and server: the path keeps them apart.
	path := filepath.Join(root, "build", "tools", strings.ReplaceAll(module, "/", "-"))
	var said bytes.Buffer
	command := exec.CommandContext(ctx, "go", "build", "-modfile=tools/go.mod", "-o", path, module)
	command.Dir, command.Stdout, command.Stderr = root, &said, &said
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", module, err, said.String())
	}
	return path, nil
}
