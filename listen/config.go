package listen

import (
	"time"

	"wayguard/document"
)

// Config is one address visitors connect to.
type Config struct {
	At document.Mark `yaml:"-"`
	// Address is host:port; an empty host is every interface, port 0 any free port.
	Address string `yaml:"address"`
	// TLS makes the door speak TLS; nil is clear.
	TLS *TLSConfig `yaml:"tls"`
	// ProxyProtocol believes load balancers that say whom they forward for; nil believes nobody.
	ProxyProtocol *ProxyProtocolConfig `yaml:"proxy_protocol"`
	// HTTP2 false offers HTTP/1.1 only over TLS; nil is true.
	HTTP2 *bool `yaml:"http2"`
	// H2C accepts HTTP/2 by prior knowledge in clear.
	H2C bool `yaml:"h2c"`
	// HTTP3 opens the UDP port of the same number for HTTP/3.
	HTTP3 bool `yaml:"http3"`
	// Connections bounds the open connections of this door; more wait in the system's backlog. 0 is no bound. Whoever
	// opens the door sets it.
	Connections int `yaml:"-"`
}

// SpeaksHTTP2 says whether visitors may use HTTP/2: over TLS unless it is switched off, in clear only if it is on.
func (c Config) SpeaksHTTP2() bool {
	if c.TLS == nil {
		return c.H2C
	}
	return c.HTTP2 == nil || *c.HTTP2
}

// TLSConfig is where certificates come from and what is accepted. At least one of a pair, a list or ACME is needed; with
// several, files go before ACME.
type TLSConfig struct {
	// Certificate and Key are one pair of PEM files, the certificate with its chain.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Certificates are more pairs, chosen by the names in them.
	Certificates []PairConfig `yaml:"certificates"`
	ACME         *ACMEConfig  `yaml:"acme"`
	// MinVersion is "1.2" or "1.3".
	MinVersion string `yaml:"min_version"`
	// ClientCA is a PEM file of authorities; visitors must then show a certificate of one of them.
	ClientCA string `yaml:"client_ca"`
	// ClientCertificate is "require" or "optional": whether a visitor without a certificate is let in.
	ClientCertificate string `yaml:"client_certificate"`
}

// PairConfig names a certificate's files, in PEM. They are read again when they change.
type PairConfig struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// ACMEConfig obtains certificates from an authority by RFC 8555, each domain its own, proving the domain by TLS-ALPN-01
// (RFC 8737) on port 443 or HTTP-01 on port 80.
type ACMEConfig struct {
	// Domains are exact names; a wildcard cannot be proved in these ways.
	Domains document.Strings `yaml:"domains"`
	// Email is told to the authority, which may write there.
	Email string `yaml:"email"`
	// Directory is the authority's URL; empty is Let's Encrypt.
	Directory string `yaml:"directory"`
	// DirectoryCA is a PEM file of the authorities that the directory's own certificate is checked by; empty is the
	// system's.
	DirectoryCA string `yaml:"directory_ca"`
	// Cache is a folder for the account's key and the certificates; processes may share it.
	Cache string `yaml:"cache"`
	// AcceptTerms says that the operator has read and accepts the authority's terms of service.
	AcceptTerms bool `yaml:"accept_terms"`
	// ExternalAccount binds the ACME account to one at the authority, where it asks for that.
	ExternalAccount *ExternalAccountConfig `yaml:"external_account"`
}

// ExternalAccountConfig is RFC 8555 section 7.3.4.
type ExternalAccountConfig struct {
	KeyID string `yaml:"key_id"`
	// Key is the MAC key in base64url, as authorities hand it out.
	Key string `yaml:"key"`
}

// ProxyProtocolConfig is whose PROXY header (version 1 or 2) is believed.
type ProxyProtocolConfig struct {
	// From are addresses and networks of load balancers. Their connections must begin with a header, those of all others
	// must not.
	From document.Strings `yaml:"from"`
	// Optional lets connections from From in without a header too, such as their health checks.
	Optional bool `yaml:"optional"`
}

// The values of TLSConfig.MinVersion and TLSConfig.ClientCertificate; empty is the first of each.
const (
	MinVersion12 = "1.2"
	MinVersion13 = "1.3"

	ClientCertificateRequire  = "require"
	ClientCertificateOptional = "optional"
)

// LetsEncrypt is the ACME directory used when none is configured.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// handshakeWait bounds the wait of a handshake for the very first certificate of an ACME domain.
const handshakeWait = 10 * time.Second
