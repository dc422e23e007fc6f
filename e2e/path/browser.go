//go:build e2e

package path

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"wayguard/e2e"
)

// visit is what e2e/browser/protocols.mjs tells.
type visit struct {
	Protocols map[string]int `json:"protocols"`
	Requests  int            `json:"requests"`
	Bad       []string       `json:"bad"`
	Problems  []string       `json:"problems"`
	Pages     []string       `json:"pages"`
	LoggedIn  bool           `json:"loggedIn"`
}

// CheckBrowser has a real Chromium visit a real WordPress through us by every version of HTTP.
func CheckBrowser(ctx context.Context) ([]e2e.Figure, error) {
	wp, err := e2e.StartWordPress(ctx)
	if err != nil {
		return nil, err
	}
	defer wp.Close()
	i, err := Start(ctx, Settings{Origin: "http://" + wp.Address, SecureKeys: []string{"http3: true"}})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	key, err := keyHash(filepath.Join(i.Dir, "certificate.pem"))
	if err != nil {
		return nil, err
	}
	var figures []e2e.Figure
	for _, one := range []struct {
		protocol string
		secure   bool
	}{{"http/1.1", false}, {"http/1.1", true}, {"h2", true}, {"h3", true}} {
		v, err := i.visit(ctx, one.protocol, one.secure, key)
		if err != nil {
			return figures, err
		}
		name := fmt.Sprintf("Chromium by %s (TLS %t): ", one.protocol, one.secure)
		figures = append(figures,
			e2e.Holds(name+"requests by protocol", fmt.Sprint(v.Protocols), len(v.Protocols) == 1 && v.Protocols[one.protocol] >= 20, "20 or more, all "+one.protocol),
			none("  of them neither 200 nor a redirection", v.Bad),
			none("  errors in the pages", v.Problems),
			e2e.Holds("  logged in, pages", fmt.Sprintf("%t, %d of %d requests", v.LoggedIn, len(v.Pages), v.Requests), v.LoggedIn && len(v.Pages) == 3, "true, 3"))
	}
	return figures, nil
}

// visit runs the browser against one of the doors.
func (i *Instance) visit(ctx context.Context, protocol string, secure bool, key string) (visit, error) {
	root, err := e2e.Root()
	if err != nil {
		return visit{}, err
	}
	scheme, address := "http", i.Clear
	if secure {
		scheme, address = "https", i.Secure
	} else {
		key = ""
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return visit{}, err
	}
	command := exec.CommandContext(ctx, "node", filepath.Join(root, "e2e", "browser", "protocols.mjs"), protocol, fmt.Sprintf("%s://%s:%s/", scheme, Host, port), key)
	var complaint strings.Builder
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		return visit{}, fmt.Errorf("the browser by %s: %w\n%s", protocol, err, complaint.String())
	}
	var v visit
	return v, json.Unmarshal(text, &v)
}

// keyHash is how Chromium names the public key of a certificate that it is to trust.
func keyHash(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", errors.New("no certificate in " + filepath.Base(file))
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:]), nil
}
