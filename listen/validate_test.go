package listen

import (
	"strings"
	"testing"

	"wayguard/document"
)

// holder is whoever has the key listen.
type holder struct {
	At     document.Mark `yaml:"-"`
	Listen []Config      `yaml:"listen"`
}

func decode(t *testing.T, text string) (holder, document.Problems) {
	t.Helper()
	doc, problems := document.Parse("wayguard.yaml", []byte(text))
	var h holder
	if doc != nil {
		problems = append(problems, doc.Decode(&h)...)
	}
	return h, append(problems, Validate(h.At, h.Listen)...)
}

func TestConfigIsRead(t *testing.T) {
	h, problems := decode(t, `
listen:
  - address: ":80"
    h2c: true
    http2: true
  - address: ":443"
    http2: false
    http3: true
    tls:
      certificate: a.pem
      key: a.key
      certificates: [{ certificate: b.pem, key: b.key }]
      min_version: "1.3"
      client_ca: clients.pem
      client_certificate: optional
      acme:
        domains: [www.example.com, bücher.example]
        email: admin@example.com
        directory: https://acme.example/directory
        directory_ca: ca.pem
        cache: certificates
        accept_terms: true
        external_account: { key_id: kid, key: c2VjcmV0 }
  - address: 127.0.0.1:0
    proxy_protocol: { from: [10.0.0.0/8, 192.0.2.1], optional: true }
  - address: 127.0.0.1:0
`)
	if len(problems) != 0 {
		t.Fatalf("problems %v", problems)
	}
	c := h.Listen[1]
	switch {
	case !h.Listen[0].H2C, *c.HTTP2, !c.HTTP3, c.TLS.Certificates[0].Key != "b.key", c.TLS.MinVersion != "1.3":
		t.Errorf("%+v", c)
	case c.TLS.ACME.Domains[1] != "bücher.example", c.TLS.ACME.ExternalAccount.KeyID != "kid", !h.Listen[2].ProxyProtocol.Optional:
		t.Errorf("%+v", c.TLS.ACME)
	}
}

func TestProblemsAreToldWithTheirPlace(t *testing.T) {
	const acme = "accept_terms: true, cache: c, domains: "
	for name, c := range map[string]struct{ door, path, message string }{
		"no port":            {`{address: localhost}`, "listen[0].address", "host:port"},
		"port too high":      {`{address: ":70000"}`, "listen[0].address", "host:port"},
		"no key":             {`{address: ":1", tls: {certificate: a}}`, "listen[0].tls", "names no key file"},
		"no certificate":     {`{address: ":1", tls: {key: a}}`, "listen[0].tls", "names no certificate file"},
		"pair without key":   {`{address: ":1", tls: {certificates: [{certificate: a}]}}`, "listen[0].tls.certificates[0]", "names no key file"},
		"old version":        {`{address: ":1", tls: {certificate: a, key: b, min_version: "1.1"}}`, "listen[0].tls.min_version", "1.2"},
		"client certificate": {`{address: ":1", tls: {certificate: a, key: b, client_ca: c, client_certificate: maybe}}`, "listen[0].tls.client_certificate", "require or optional"},
		"no client CA":       {`{address: ":1", tls: {certificate: a, key: b, client_certificate: require}}`, "listen[0].tls.client_certificate", "client_ca"},
		"h2c over TLS":       {`{address: ":1", h2c: true, tls: {certificate: a, key: b}}`, "listen[0].h2c", "in clear"},
		"http2 in clear":     {`{address: ":1", http2: true}`, "listen[0].http2", "is about TLS"},
		"http3 in clear":     {`{address: ":1", http3: true}`, "listen[0].http3", "needs tls"},
		"http3 and PROXY":    {`{address: ":1", http3: true, tls: {certificate: a, key: b}, proxy_protocol: {from: 10.0.0.1}}`, "listen[0].http3", "knows no UDP"},
		"nobody speaks":      {`{address: ":1", proxy_protocol: {from: []}}`, "listen[0].proxy_protocol.from", "no network"},
		"no network":         {`{address: ":1", proxy_protocol: {from: [10.0.0.1, lb.example]}}`, "listen[0].proxy_protocol.from[1]", "not an address"},
		"no domain":          {`{address: ":1", tls: {acme: {` + acme + `[]}}}`, "listen[0].tls.acme.domains", "names no domain"},
		"wildcard":           {`{address: ":1", tls: {acme: {` + acme + `["*.example.com"]}}}`, "listen[0].tls.acme.domains[0]", "wildcard"},
		"address":            {`{address: ":1", tls: {acme: {` + acme + `[192.0.2.1]}}}`, "listen[0].tls.acme.domains[0]", "is an address"},
		"IPv6 address":       {`{address: ":1", tls: {acme: {` + acme + `["[::1]"]}}}`, "listen[0].tls.acme.domains[0]", "is an address"},
		"single word":        {`{address: ":1", tls: {acme: {` + acme + `[localhost]}}}`, "listen[0].tls.acme.domains[0]", "no full domain name"},
		"URL":                {`{address: ":1", tls: {acme: {` + acme + `["https://a.example/"]}}}`, "listen[0].tls.acme.domains[0]", "no full domain name"},
		"with port":          {`{address: ":1", tls: {acme: {` + acme + `["a.example:443"]}}}`, "listen[0].tls.acme.domains[0]", "no full domain name"},
		"empty label":        {`{address: ":1", tls: {acme: {` + acme + `["a..example"]}}}`, "listen[0].tls.acme.domains[0]", "no full domain name"},
		"trailing dot":       {`{address: ":1", tls: {acme: {` + acme + `["a.example."]}}}`, "listen[0].tls.acme.domains[0]", "no full domain name"},
		"terms":              {`{address: ":1", tls: {acme: {domains: [a.example], cache: c}}}`, "listen[0].tls.acme.accept_terms", "must be true"},
		"no cache":           {`{address: ":1", tls: {acme: {domains: [a.example], accept_terms: true}}}`, "listen[0].tls.acme.cache", "missing"},
		"mail":               {`{address: ":1", tls: {acme: {` + acme + `[a.example], email: nobody}}}`, "listen[0].tls.acme.email", "mail address"},
		"directory":          {`{address: ":1", tls: {acme: {` + acme + `[a.example], directory: "http://u:hunter2@ca"}}}`, "listen[0].tls.acme.directory", "https URL"},
		"external account":   {`{address: ":1", tls: {acme: {` + acme + `[a.example], external_account: {key_id: k, key: "hunter2!"}}}}`, "listen[0].tls.acme.external_account", "base64url"},
		"twice":              {`{address: ":1"}, {address: ":01"}`, "listen[1].address", "listen[0]"},
		"unknown key":        {`{address: ":1", tsl: {}}`, "listen[0].tsl", "no such key"},
	} {
		_, problems := decode(t, "listen: ["+c.door+"]\n")
		if len(problems) != 1 || problems[0].Path != c.path || !strings.Contains(problems[0].Message, c.message) || problems[0].Line != 1 {
			t.Errorf("%s: %v, want one at %s", name, problems, c.path)
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: a secret is told", name)
		}
	}
	if _, problems := decode(t, "listen: []\n"); len(problems) != 1 || problems[0].Path != "listen" {
		t.Errorf("no door: %v", problems)
	}
	many := "listen: [{address: \":1\", tls: {acme: {" + acme + "[" + strings.Repeat("a.example,", maxDomains+1) + "]}}}]"
	if _, problems := decode(t, many); len(problems) != 1 || !strings.Contains(problems[0].Message, "more than") {
		t.Errorf("very many domains: %v", problems)
	}
	if _, err := Open(nil, Deps{Log: quiet()}); err == nil {
		t.Error("opened without a door")
	}
	if _, err := Open([]Config{{Address: ":0"}}, Deps{}); err == nil {
		t.Error("opened without a log")
	}
}
