package listen

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"wayguard/document"
)

// The most of everything that a door may list.
const (
	maxPairs    = 10000
	maxDomains  = 500
	maxNetworks = 10000
)

// Validate tells every problem of a list of doors that stands under the key "listen" of what mark marks. It reads no
// file.
func Validate(mark document.Mark, configs []Config) document.Problems {
	v := &validation{mark: mark}
	if len(configs) == 0 {
		v.tell("listen", "at least one address is needed", "such as {address: \":8000\"}")
	}
	first := map[string]int{}
	for i, c := range configs {
		v.at = fmt.Sprintf("listen[%d]", i)
		v.door(c)
		host, port, err := net.SplitHostPort(c.Address)
		if err != nil || port == "0" {
			continue
		}
		key := net.JoinHostPort(strings.ToLower(host), strings.TrimLeft(port, "0"))
		if before, twice := first[key]; twice {
			v.tell(v.at+".address", fmt.Sprintf("is already the address of listen[%d]", before), "")
			continue
		}
		first[key] = i
	}
	return v.problems
}

type validation struct {
	mark     document.Mark
	at       string
	problems document.Problems
}

func (v *validation) tell(path, message, suggestion string) {
	v.problems = append(v.problems, v.mark.Problem(path, message, suggestion))
}

// tellHere is of a key of the door at hand.
func (v *validation) tellHere(key, message, suggestion string) {
	v.tell(v.at+"."+key, message, suggestion)
}

func (v *validation) door(c Config) {
	_, port, err := net.SplitHostPort(c.Address)
	if _, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil {
		v.tellHere("address", "must be host:port", "such as \":8000\"")
	}
	if c.TLS != nil {
		v.tls(*c.TLS)
		if c.H2C {
			v.tellHere("h2c", "is HTTP/2 in clear, this door speaks TLS", "over TLS, HTTP/2 is on by itself: http2")
		}
	} else {
		if c.HTTP3 {
			v.tellHere("http3", "needs tls: there is no HTTP/3 in clear", "")
		}
		if c.HTTP2 != nil && *c.HTTP2 && !c.H2C {
			v.tellHere("http2", "is about TLS, this door is in clear", "HTTP/2 in clear is h2c: true")
		}
	}
	if c.ProxyProtocol != nil {
		v.proxyProtocol(*c.ProxyProtocol)
		if c.HTTP3 {
			v.tellHere("http3", "cannot be used with proxy_protocol, which knows no UDP", "give HTTP/3 a door of its own")
		}
	}
}

func (v *validation) proxyProtocol(c ProxyProtocolConfig) {
	if len(c.From) == 0 {
		v.tellHere("proxy_protocol.from", "names no network whose PROXY headers are believed", "the load balancers' addresses")
	}
	if len(c.From) > maxNetworks {
		v.tellHere("proxy_protocol.from", fmt.Sprintf("lists more than %d networks", maxNetworks), "")
		return
	}
	for i, text := range c.From {
		if _, err := parseNetwork(text); err != nil {
			v.tellHere(fmt.Sprintf("proxy_protocol.from[%d]", i), err.Error(), "")
		}
	}
}

func (v *validation) tls(c TLSConfig) {
	if c.Certificate != "" || c.Key != "" || len(c.Certificates) == 0 && c.ACME == nil {
		v.pair("tls", PairConfig{Certificate: c.Certificate, Key: c.Key})
	}
	if len(c.Certificates) > maxPairs {
		v.tellHere("tls.certificates", fmt.Sprintf("lists more than %d pairs", maxPairs), "")
		return
	}
	for i, pair := range c.Certificates {
		v.pair(fmt.Sprintf("tls.certificates[%d]", i), pair)
	}
	if c.ACME != nil {
		v.acme(*c.ACME)
	}
	switch c.MinVersion {
	case "", MinVersion12, MinVersion13:
	default:
		v.tellHere("tls.min_version", "must be \"1.2\" or \"1.3\"", "older versions of TLS are broken (RFC 8996)")
	}
	switch c.ClientCertificate {
	case "", ClientCertificateRequire, ClientCertificateOptional:
	default:
		v.tellHere("tls.client_certificate", "must be require or optional", "")
	}
	if c.ClientCertificate != "" && c.ClientCA == "" {
		v.tellHere("tls.client_certificate", "needs client_ca: the authorities that visitors' certificates come from", "")
	}
}

func (v *validation) pair(key string, pair PairConfig) {
	if pair.Certificate == "" {
		v.tellHere(key, "names no certificate file", "")
	}
	if pair.Key == "" {
		v.tellHere(key, "names no key file", "")
	}
}

func (v *validation) acme(c ACMEConfig) {
	if len(c.Domains) == 0 {
		v.tellHere("tls.acme.domains", "names no domain", "")
	}
	if len(c.Domains) > maxDomains {
		v.tellHere("tls.acme.domains", fmt.Sprintf("lists more than %d domains", maxDomains), "")
		return
	}
	for i, domain := range c.Domains {
		if message, suggestion := domainProblem(domain); message != "" {
			v.tellHere(fmt.Sprintf("tls.acme.domains[%d]", i), message, suggestion)
		}
	}
	if !c.AcceptTerms {
		v.tellHere("tls.acme.accept_terms", "must be true: the authority gives no certificate to who does not accept its terms",
			"read them, Let's Encrypt's are at https://letsencrypt.org/repository/")
	}
	if c.Cache == "" {
		v.tellHere("tls.acme.cache", "missing: the folder where keys and certificates are kept",
			"without it every start asks for new certificates, and authorities limit that")
	}
	if c.Email != "" && (!strings.Contains(c.Email, "@") || strings.ContainsAny(c.Email, " ,;:<>?&\r\n")) {
		v.tellHere("tls.acme.email", "must be one mail address", "")
	}
	if c.Directory != "" {
		v.directory(c.Directory)
	}
	if c.ExternalAccount != nil {
		if key, err := macKey(c.ExternalAccount.Key); err != nil || len(key) == 0 || c.ExternalAccount.KeyID == "" {
			v.tellHere("tls.acme.external_account", "needs the key_id and the key, in base64url, that the authority handed out", "")
		}
	}
}

func (v *validation) directory(text string) {
	// The URL is not repeated: it may hold a password.
	if parsed, err := url.Parse(text); err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.User != nil {
		v.tellHere("tls.acme.directory", "must be an https URL without user and password", "such as "+LetsEncrypt)
	}
}

// domainProblem says what keeps a domain from being proved by the challenges there are.
func domainProblem(domain string) (message, suggestion string) {
	if strings.Contains(domain, "*") {
		return "a wildcard cannot be proved by TLS-ALPN-01 or HTTP-01, only in the DNS",
			"list each name, or obtain the wildcard by another program and name its files in certificates"
	}
	if _, err := netip.ParseAddr(strings.Trim(domain, "[]")); err == nil {
		return "is an address, certificates are obtained for names only", ""
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	labels := strings.Split(ascii, ".")
	if err != nil || len(labels) < 2 || len(ascii) > 253 || slices.ContainsFunc(labels, badLabel) {
		return "is no full domain name", "such as www.example.com"
	}
	return "", ""
}

// badLabel says whether a part of a name is none of a host's (RFC 1123 section 2.1).
func badLabel(label string) bool {
	return label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
		strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		})
}

// macKey reads base64url, padded or not.
func macKey(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
