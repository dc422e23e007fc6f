package site

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/http1"
)

// The bounds of a customer key, in bytes.
const (
	shortestKey = 16
	longestKey  = 512
)

func (c *compiler) appendedDomains(config *Config, s *site) {
	for i, text := range config.AppendedDomains {
		at := fmt.Sprintf("appended_domains[%d]", i)
		domain := strings.ToLower(strings.TrimSuffix(text, "."))
		switch {
		case !wellFormed(domain) || !strings.Contains(domain, ".") || numeric([]byte(domain)):
			c.tell(config.At.Problem(at, "must be a domain of at least two labels, such as edge.example.net", ""))
		case s.appended[domain]:
			c.tell(config.At.Problem(at, fmt.Sprintf("the domain %q is named twice", domain), ""))
		default:
			s.appended[domain] = true
			c.set.appended[domain] = true
		}
	}
}

// separate tells hosts that lie below an appended domain: nobody could say whether such a name is the visitor's.
func (c *compiler) separate(configs []Config) {
	for i := range configs {
		for j, text := range configs[i].Hosts {
			form, err := parseHost(text)
			if err != nil || form.any {
				continue
			}
			for domain := range c.set.appended {
				if form.name == domain || strings.HasSuffix(form.name, "."+domain) {
					c.tell(configs[i].At.Problem(fmt.Sprintf("hosts[%d]", j),
						fmt.Sprintf("is the appended domain %q or lies below it", domain), "append a domain that no site uses"))
				}
			}
		}
	}
}

// worker compiles what is said between a worker and us.
func (c *compiler) worker(config *Config, s *site) {
	key := config.CustomerKey
	place(&key.At, config.At.Child("customer_key"))
	s.required = key.Required
	if s.required == "" {
		s.required = RequiredAppended
	}
	if !slices.Contains([]string{RequiredAppended, RequiredAlways, RequiredNever}, s.required) {
		c.tell(key.At.Problem("required", "must be appended, always or never", ""))
	}
	s.controls.keys = c.keys(key)
	if len(key.Keys) == 0 && s.required == RequiredAlways {
		c.tell(key.At.Problem("keys", "no key is known, and every request would be refused", ""))
	}
	if len(key.Keys) == 0 && s.required == RequiredAppended && len(s.appended) > 0 {
		c.tell(config.At.Problem("appended_domains",
			"need a customer key: without one everybody who learns the domain can speak for your CDN",
			"give customer_key.keys, or write customer_key.required: never"))
	}
	if len(key.Keys) == 0 && len(s.appended) == 0 {
		return
	}
	s.controls.key = c.header(key.At, "header", key.Header, DefaultKeyHeader)
	s.controls.forward = c.header(config.At, "forward_origin.header", config.ForwardOrigin.Header, DefaultForwardHeader)
	s.controls.handled = c.header(config.At, "handled.header", config.Handled.Header, DefaultHandledHeader)
	if sameName(s.controls.key, s.controls.forward) || sameName(s.controls.key, s.controls.handled) ||
		sameName(s.controls.forward, s.controls.handled) {
		c.tell(config.At.Problem("", "the headers of customer_key, forward_origin and handled must differ", ""))
	}
	value := config.Handled.Value
	if value == "" {
		value = DefaultHandledValue
	}
	c.value(config.At, "handled.value", value)
	s.controls.drop = dropper(s.controls.names())
	s.controls.dropResponse = dropper([]string{s.controls.handled})
	s.handled = []http1.Field{{Name: s.controls.handled, Value: value}}
}

// keys keeps the hashes of the keys: a presented one is compared by hash, so that time tells nothing of it.
func (c *compiler) keys(key KeyConfig) [][sha256.Size]byte {
	var hashes [][sha256.Size]byte
	if len(key.Keys) > mostKeys {
		c.tell(key.At.Problem("keys", fmt.Sprintf("there are more than %d keys", mostKeys), ""))
		return nil
	}
	for i, text := range key.Keys {
		at := fmt.Sprintf("keys[%d]", i)
		hash := sha256.Sum256([]byte(text))
		switch {
		case len(text) < shortestKey || len(text) > longestKey:
			c.tell(key.At.Problem(at, fmt.Sprintf("must be %d to %d characters", shortestKey, longestKey), "make one with: openssl rand -hex 32"))
		case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
			c.tell(key.At.Problem(at, "must be printable ASCII without spaces", "make one with: openssl rand -hex 32"))
		case slices.Contains(hashes, hash):
			c.tell(key.At.Problem(at, "is given twice", ""))
		default:
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// header checks a header's name that we take away or add: one that HTTP or the application needs is none.
func (c *compiler) header(at document.Mark, path, name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	if !token(name) || len(name) > 128 {
		c.tell(at.Problem(path, fmt.Sprintf("%q is no header name", name), ""))
	} else if needed(name) {
		c.tell(at.Problem(path, fmt.Sprintf("the header %q has another meaning that must not be lost", name), ""))
	}
	return name
}

// value checks the value of a header that we write.
func (c *compiler) value(at document.Mark, path, value string) {
	if len(value) > 256 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(value) != value {
		c.tell(at.Problem(path, "must be at most 256 characters of printable ASCII", ""))
	}
}

func needed(name string) bool {
	names := []string{"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
		"cookie", "set-cookie", "authorization", "content-type", "content-encoding", "location", "date", "via", "forwarded",
		"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "cdn-loop", "accept", "user-agent", "referer", "origin",
		"cache-control", "vary", "etag", "range", "age", "server", "signature", "signature-input"}
	return slices.Contains(names, strings.ToLower(name))
}

// token says whether a text is a token of RFC 9110 section 5.6.2.
func token(text string) bool {
	if text == "" {
		return false
	}
	for i := range len(text) {
		c := lower(text[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

func (c *compiler) healthCheck(config *Config, s *site) {
	h := config.Health
	if h.On == "" {
		h.On = HealthAppended
	}
	switch {
	case h.On != HealthAppended && h.On != HealthEverywhere:
		c.tell(config.At.Problem("health.on", "must be appended or everywhere", ""))
	case h.Path == "":
		if config.Health.On != "" {
			c.tell(config.At.Problem("health", "has no path", "such as /example/healthz"))
		}
	case !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, "?# ") || len(h.Path) < 2:
		c.tell(config.At.Problem("health.path", "must be a path, without a query", "such as /example/healthz"))
	case h.On == HealthAppended && len(s.appended) == 0:
		c.tell(config.At.Problem("health", "never reached: the site has no appended domain", "write on: everywhere"))
	}
	s.health, s.anywhere = h.Path, h.On == HealthEverywhere
	s.answers.health = plainAnswer(200)
}
