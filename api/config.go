package api

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/payment"
	"wayguard/walls"
)

// Config is the decision API's part of the configuration.
type Config struct {
	At document.Mark `yaml:"-"`
	// Listen is where merchants connect to, host and port; empty: there is no listener.
	Listen string `yaml:"listen"`
	// Certificate and Key are PEM files; with both the listener speaks TLS.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Instance is the audience a token must name.
	Instance string `yaml:"instance"`
	// Issuer is who our own tokens say they are from; empty is the instance.
	Issuer string `yaml:"issuer"`
	// TokenLife is how long our own tokens are good for, KeyLife how long the key that signs them signs new ones.
	TokenLife time.Duration `yaml:"token_life"`
	KeyLife   time.Duration `yaml:"key_life"`
	// JWKS are issuers of others whose tokens are accepted.
	JWKS []IssuerConfig `yaml:"jwks"`
	// PCILevel is SAQ_A, SAQ_D or ROC; SAQ_A refuses full card numbers.
	PCILevel string `yaml:"pci_level"`
	// BinTable is a CSV file of card ranges; see payment.ReadBins.
	BinTable string `yaml:"bin_table"`
	// AllowPrivate lists networks inside the operator's own walls that interceptors, backends, webhooks and key sets may be at.
	AllowPrivate document.Strings `yaml:"allow_private"`
	// AllowSharedContext lets several interceptors of one context be active.
	AllowSharedContext bool `yaml:"allow_shared_context"`
	// BodyLimit bounds the body of a request. A longer one to an interceptor is passed on without a decision.
	BodyLimit document.Bytes  `yaml:"body_limit"`
	RateLimit RateConfig      `yaml:"rate_limit"`
	Retention RetentionConfig `yaml:"retention"`
	// Lists are named lists that rules look in.
	Lists map[string]ListConfig `yaml:"lists"`
	// AsyncTimeout is how long an asynchronous backend may take before the rule's on_error decides.
	AsyncTimeout time.Duration `yaml:"async_timeout"`
}

// IssuerConfig is an issuer of tokens that is not ours.
type IssuerConfig struct {
	At document.Mark `yaml:"-"`
	// URL is where its key set is (RFC 7517), Issuer what its tokens say in "iss".
	URL    string `yaml:"url"`
	Issuer string `yaml:"issuer"`
	// Audience is what its tokens must name; empty is the instance.
	Audience string `yaml:"audience"`
	// Algorithms are those it signs with: RS256, ES256, EdDSA. A key of the set is good for one of them only.
	Algorithms document.Strings `yaml:"algorithms"`
}

// RateConfig is a token bucket for each client; a PerSecond of 0 is none.
type RateConfig struct {
	// PerSecond is how many requests a client may make in the long run, Burst how many at once; a Burst of 0 is as many as PerSecond.
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

// RetentionConfig is how long decisions and what was sent with them are kept.
type RetentionConfig struct {
	Decisions time.Duration `yaml:"decisions"`
	Payloads  time.Duration `yaml:"payloads"`
}

// ListConfig is a named list. Its values are those written here and those of the file, one a line; # begins a comment.
type ListConfig struct {
	At document.Mark `yaml:"-"`
	// Kind is "block", "allow" or "review": what the list is for.
	Kind   string           `yaml:"kind"`
	Values document.Strings `yaml:"values"`
	File   string           `yaml:"file"`
}

const day = 24 * time.Hour

// DefaultConfig is the configuration of an operator who says nothing: no listener.
func DefaultConfig() Config {
	return Config{
		Instance: "wayguard", TokenLife: 30 * time.Minute, KeyLife: 90 * day, PCILevel: string(payment.SAQA), BodyLimit: 1 << 20,
		Retention: RetentionConfig{Decisions: 400 * day, Payloads: 30 * day}, AsyncTimeout: time.Minute,
	}
}

// issuer is what our own tokens say in "iss".
func (c Config) issuer() string {
	if c.Issuer != "" {
		return c.Issuer
	}
	return c.Instance
}

var instanceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// Validate tells every problem of the configuration.
func (c Config) Validate() document.Problems {
	var problems document.Problems
	tell := func(path, message, suggestion string) {
		problems = append(problems, c.At.Problem(path, message, suggestion))
	}
	c.validateNames(tell)
	c.validateBounds(tell)
	for i, text := range c.AllowPrivate {
		if _, err := walls.ParseNetwork(text); err != nil {
			tell(fmt.Sprintf("allow_private[%d]", i), "not an address or a network in CIDR notation", "such as 10.0.0.0/8")
		}
	}
	known := []string{c.issuer()}
	for i, issuer := range c.JWKS {
		if slices.Contains(known, issuer.Issuer) {
			tell(fmt.Sprintf("jwks[%d].issuer", i), "is taken: tokens are told apart by their issuer", "")
		}
		known = append(known, issuer.Issuer)
		issuer.validate(func(path, message, suggestion string) { tell(fmt.Sprintf("jwks[%d].%s", i, path), message, suggestion) })
	}
	for name, list := range c.Lists {
		list.validate(name, func(path, message, suggestion string) { tell("lists."+name+path, message, suggestion) })
	}
	return problems
}

func (c Config) validateNames(tell func(path, message, suggestion string)) {
	if _, port, err := net.SplitHostPort(c.Listen); c.Listen != "" && (err != nil || port == "") {
		tell("listen", "must be host:port", "such as 127.0.0.1:8443")
	}
	if !instanceName.MatchString(c.Instance) {
		tell("instance", "must be letters, digits, dots, dashes and underscores, at most 128", "such as wayguard")
	}
	if len(c.Issuer) > 512 || strings.ContainsFunc(c.Issuer, func(r rune) bool { return r <= ' ' }) {
		tell("issuer", "must hold no spaces and at most 512 bytes", "")
	}
	if (c.Certificate == "") != (c.Key == "") {
		tell("certificate", "certificate and key go together", "")
	}
	levels := []string{string(payment.SAQA), string(payment.SAQD), string(payment.ROC)}
	if !slices.Contains(levels, c.PCILevel) {
		tell("pci_level", "no such level", "known: "+strings.Join(levels, ", "))
	}
}

func (c Config) validateBounds(tell func(path, message, suggestion string)) {
	for _, one := range []struct {
		path        string
		value       time.Duration
		least, most time.Duration
		spoken      string
	}{
		{"token_life", c.TokenLife, time.Minute, day, "between 1m and 24h"},
		{"key_life", c.KeyLife, time.Hour, 3660 * day, "between 1h and 3660d"},
		{"async_timeout", c.AsyncTimeout, time.Second, time.Hour, "between 1s and 1h"},
		{"retention.decisions", c.Retention.Decisions, day, 36600 * day, "between 1d and 36600d"},
		{"retention.payloads", c.Retention.Payloads, time.Hour, 36600 * day, "between 1h and 36600d"},
	} {
		if one.value < one.least || one.value > one.most {
			tell(one.path, "must lie "+one.spoken, "")
		}
	}
	if c.BodyLimit < 1<<10 || c.BodyLimit > 16<<20 {
		tell("body_limit", "must lie between 1KiB and 16MiB", "")
	}
	if c.RateLimit.PerSecond < 0 || c.RateLimit.PerSecond > 1e6 || c.RateLimit.Burst < 0 || c.RateLimit.Burst > 1e6 {
		tell("rate_limit", "must lie between 0 and 1000000", "")
	}
}

func (c IssuerConfig) validate(tell func(path, message, suggestion string)) {
	if address, err := url.Parse(c.URL); err != nil || address.Host == "" || address.Scheme != "https" && !(address.Scheme == "http" && onThisMachine(address.Hostname())) {
		tell("url", "not an https address: whoever could change what is fetched could sign tokens", "such as https://login.example.org/keys")
	}
	if c.Issuer == "" {
		tell("issuer", "is needed: it tells its tokens from those of others", "")
	}
	if len(c.Algorithms) == 0 {
		tell("algorithms", "are needed", "such as [RS256]")
	}
	for i, name := range c.Algorithms {
		if known := []string{"RS256", "ES256", "EdDSA"}; !slices.Contains(known, name) {
			tell(fmt.Sprintf("algorithms[%d]", i), "no such algorithm", "known: "+strings.Join(known, ", "))
		}
	}
}

func onThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

var listName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (c ListConfig) validate(name string, tell func(path, message, suggestion string)) {
	if !listName.MatchString(name) || name == "blacklist" {
		tell("", "a list's name is small letters, digits, dashes and underscores, and not blacklist", "")
	}
	if kinds := []string{"block", "allow", "review"}; !slices.Contains(kinds, c.Kind) {
		tell(".kind", "no such kind", "known: "+strings.Join(kinds, ", "))
	}
}
