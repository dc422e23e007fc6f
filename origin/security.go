package origin

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
)

// sessionsKept are the TLS sessions kept for each address, to make the next handshake shorter.
const sessionsKept = 8

// security is a group's TLS, and a digest of all that it is made of.
type security struct {
	config *tls.Config
	digest string
}

// newSecurity reads the files.
func newSecurity(c Config) (*security, error) {
	// An origin behind a proxy often has a certificate of its own making: the operator's choice, never the default.
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.TLS.Insecure, ServerName: c.ServerName} //nolint:gosec
	if c.TLS.MinVersion == "1.3" {
		config.MinVersion = tls.VersionTLS13
	}
	digest := sha256.New()
	_, _ = fmt.Fprintf(digest, "%q %q %v %v", c.ServerName, c.TLS.MinVersion, c.TLS.Insecure, c.ServerNameFromHost)
	if c.TLS.CA != "" {
		pem, err := os.ReadFile(c.TLS.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the authorities: %s holds no certificate", c.TLS.CA)
		}
		_, _ = fmt.Fprintf(digest, " ca %q", pem)
	}
	if c.TLS.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("read our certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
		_, _ = fmt.Fprintf(digest, " certificate %q", pair.Certificate)
	}
	return &security{config, hex.EncodeToString(digest.Sum(nil))}, nil
}

// to is the TLS towards one address of an endpoint.
func (s *security) to(p place) *tls.Config {
	config := s.config.Clone()
	if config.ServerName == "" {
		config.ServerName = p.host
	}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(sessionsKept)
	return config
}
