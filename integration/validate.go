package integration

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/event"
	"wayguard/walls"
)

// integrationName is what an integration may be called.
var integrationName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// The bounds of a configuration.
const (
	maxIntegrations = 100
	maxNameLength   = 64
)

// Validate tells every problem of the configuration.
func (c IntegrationsConfig) Validate() document.Problems {
	var problems document.Problems
	if len(c) > maxIntegrations {
		problems = append(problems, c[maxIntegrations].At.Problem("", fmt.Sprintf("there are more than %d integrations", maxIntegrations), ""))
	}
	seen := map[string]document.Mark{}
	for _, one := range c {
		problems = append(problems, one.validate()...)
		if first, twice := seen[one.Name]; twice && one.Name != "" {
			problems = append(problems, one.At.Problem("name", fmt.Sprintf("%q is the name of another integration already", one.Name), "see "+first.String()))
			continue
		}
		seen[one.Name] = one.At
	}
	return problems
}

// Within tells of enrichers that an event would wait for longer than a held request may wait. budget is that of proxy.inline.
func (c IntegrationsConfig) Within(budget time.Duration) document.Problems {
	var problems document.Problems
	for _, one := range c {
		if one.Kind == Enrich && one.Mode != ModeLater && one.Deadline >= budget && one.Deadline > 0 {
			problems = append(problems, one.At.Problem("deadline", fmt.Sprintf("must be less than proxy.inline.budget, %s", budget),
				"leave it out for the smaller of 50ms and half the budget, or write mode: later"))
		}
	}
	return problems
}

// CheckElements tells of enrichers that take or use elements that are not in the catalogue. names are the catalogue's.
func (c IntegrationsConfig) CheckElements(names []string) document.Problems {
	var problems document.Problems
	for _, one := range c {
		for _, taken := range sortedKeys(one.Take) {
			if !slices.Contains(names, taken) {
				problems = append(problems, one.At.Problem("take."+taken, fmt.Sprintf("there is no element %q", taken),
					orElse(document.DidYouMean(taken, names), "define it in elements.custom")))
			}
		}
		for _, used := range []fact{{"url", one.URL}, {"request", one.Request}} {
			for _, place := range parseTemplate(used.text).names() {
				element, ok := strings.CutPrefix(place, elementWord)
				element, _, _ = strings.Cut(element, ".")
				if ok && one.Kind == Enrich && !slices.Contains(names, element) {
					problems = append(problems, one.At.Problem(used.name, fmt.Sprintf("there is no element %q", element), document.DidYouMean(element, names)))
				}
			}
		}
	}
	return problems
}

// CheckSpecs tells of enrichers that are limited to specs that do not exist.
func (c IntegrationsConfig) CheckSpecs(names []string) document.Problems {
	var problems document.Problems
	for _, one := range c {
		for i, spec := range one.EnrichConfig.Specs {
			if !slices.Contains(names, spec) {
				problems = append(problems, one.At.Problem(fmt.Sprintf("specs[%d]", i), fmt.Sprintf("there is no spec %q", spec), document.DidYouMean(spec, names)))
			}
		}
	}
	return problems
}

// checker collects one integration's problems.
type checker struct {
	c        IntegrationConfig
	problems document.Problems
}

func (v *checker) tell(path, message, suggestion string) {
	v.problems = append(v.problems, v.c.At.Problem(path, message, suggestion))
}

func (c IntegrationConfig) validate() document.Problems {
	v := &checker{c: c}
	if !integrationName.MatchString(c.Name) || len(c.Name) > maxNameLength {
		v.tell("name", fmt.Sprintf("an integration's name is lower-case words joined by dashes, not %q", clip(c.Name, maxNameLength)), "")
	}
	if !slices.Contains(Kinds(), c.Kind) {
		var known []string
		for _, k := range Kinds() {
			known = append(known, string(k))
		}
		v.tell("kind", fmt.Sprintf("there is no kind of integration %q", clip(string(c.Kind), maxNameLength)),
			orElse(document.DidYouMean(string(c.Kind), known), "known here: "+strings.Join(known, ", ")))
		return v.problems
	}
	v.keys()
	v.bounds()
	v.addresses()
	v.forms()
	v.templates()
	if c.Kind == Enrich {
		v.enrich()
	}
	return v.problems
}

// key is one key of an integration: whether it was given, and which kinds may have it and must.
type key struct {
	name    string
	given   bool
	may     []Kind
	must    []Kind
	example string
}

func (c *IntegrationConfig) keys() []key {
	return []key{
		{"url", c.URL != "", []Kind{Slack, Teams, Jira, PagerDuty, Webhook, OCSF, Enrich}, []Kind{Slack, Teams, Jira, Webhook, Enrich}, "url: ${CHAT_URL}"},
		{"token", c.Token != "", []Kind{Jira, Webhook, OCSF, Enrich}, []Kind{Jira}, "token: ${JIRA_TOKEN}"},
		{"secret", c.Secret != "", []Kind{Webhook, OCSF}, nil, ""},
		{"headers", len(c.Headers) > 0, []Kind{Webhook, OCSF, Enrich}, nil, ""},
		{"project", c.Project != "", []Kind{Jira}, []Kind{Jira}, "project: SEC"},
		{"issue_type", c.IssueType != "", []Kind{Jira}, nil, ""},
		{"user", c.User != "", []Kind{Jira, Email}, []Kind{Jira}, "user: bot@example.com"},
		{"routing_key", c.RoutingKey != "", []Kind{PagerDuty}, []Kind{PagerDuty}, "routing_key: ${PAGERDUTY_KEY}"},
		{"severity", len(c.Severity) > 0, []Kind{PagerDuty}, nil, ""},
		{"smtp", c.SMTP != "", []Kind{Email}, []Kind{Email}, "smtp: mail.example.com:587"},
		{"tls", c.TLS != "", []Kind{Email}, nil, ""},
		{"password", c.Password != "", []Kind{Email}, nil, ""},
		{"from", c.From != "", []Kind{Email}, []Kind{Email}, "from: wayguard@example.com"},
		{"to", len(c.To) > 0, []Kind{Email}, []Kind{Email}, "to: security@example.com"},
		{"address", c.Address != "", []Kind{Syslog, OCSF}, []Kind{Syslog}, "address: tls://siem.example.com:6514"},
		{"facility", c.Facility != nil, []Kind{Syslog, OCSF}, nil, ""},
		{"template.title", c.Template.Title != "", []Kind{Slack, Teams, Jira, PagerDuty, Email, Syslog, OCSF}, nil, ""},
		{"template.text", c.Template.Text != "", []Kind{Slack, Teams, Jira, PagerDuty, Email, Syslog, OCSF}, nil, ""},
		{"template.body", c.Template.Body != "", []Kind{Slack, Teams, Webhook}, nil, ""},
		{"per_minute", c.PerMinute != 0, []Kind{Slack, Teams, Jira, PagerDuty, Email, Webhook, Syslog, OCSF}, nil, ""},
		{"specs", len(c.EnrichConfig.Specs) > 0, []Kind{Enrich}, nil, ""},
		{"mode", c.Mode != "", []Kind{Enrich}, nil, ""},
		{"method", c.Method != "", []Kind{Enrich}, nil, ""},
		{"request", c.Request != "", []Kind{Enrich}, nil, ""},
		{"deadline", c.Deadline != 0, []Kind{Enrich}, nil, ""},
		{"take", len(c.Take) > 0, []Kind{Enrich}, []Kind{Enrich}, "take: {risk_score: data.score}"},
		{"default", len(c.Default) > 0, []Kind{Enrich}, nil, ""},
		{"cache", c.Cache.Entries != 0 || c.Cache.For != 0 || c.Cache.Negative != 0, []Kind{Enrich}, nil, ""},
		{"breaker", c.Breaker.Percent != 0 || c.Breaker.AtLeast != 0 || c.Breaker.Window != 0 || c.Breaker.Cool != 0, []Kind{Enrich}, nil, ""},
	}
}

func (v *checker) keys() {
	for _, k := range v.c.keys() {
		if k.given && !slices.Contains(k.may, v.c.Kind) {
			var kinds []string
			for _, kind := range k.may {
				kinds = append(kinds, string(kind))
			}
			v.tell(k.name, fmt.Sprintf("belongs to integrations of kind %s, not %s", strings.Join(kinds, ", "), v.c.Kind), "")
		}
		if !k.given && slices.Contains(k.must, v.c.Kind) {
			v.tell("", fmt.Sprintf("an integration of kind %s needs %s", v.c.Kind, k.name), "such as "+k.example)
		}
	}
}

func (v *checker) bounds() {
	c := v.c
	if c.Timeout != 0 && (c.Timeout < time.Millisecond || c.Timeout > 5*time.Minute) {
		v.tell("timeout", "must lie between 1ms and 5m", "")
	}
	if c.Concurrency < 0 || c.Concurrency > 256 {
		v.tell("concurrency", "must lie between 1 and 256", "")
	}
	if c.PerMinute < 0 || c.PerMinute > 6000 {
		v.tell("per_minute", "must lie between 1 and 6000", "leave it out for no limit")
	}
	if c.Facility != nil && (*c.Facility < 0 || *c.Facility > 23) {
		v.tell("facility", "must lie between 0 and 23", "16 is local0")
	}
	for i, text := range c.AllowPrivate {
		if _, err := walls.ParseNetwork(text); err != nil {
			v.tell(fmt.Sprintf("allow_private[%d]", i), "not an address or a network in CIDR notation", "such as 10.0.0.0/8")
		}
	}
	for header, value := range c.Headers {
		if !headerName.MatchString(header) || strings.ContainsAny(value, "\r\n\x00") || len(value) > 8<<10 {
			v.tell("headers", "holds a name or value that no HTTP header may have", "")
		}
	}
}

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")

// addresses checks where the integration is. What is wrong is told without the address, which may hold a token.
func (v *checker) addresses() {
	c := v.c
	if c.URL != "" && c.Kind != Enrich {
		v.web(c.URL)
	}
	if c.Address != "" {
		parsed, err := url.Parse(c.Address)
		_, port, splitErr := net.SplitHostPort(hostPart(parsed))
		switch {
		case err != nil || splitErr != nil || port == "" || !slices.Contains([]string{"udp", "tcp", "tls"}, parsed.Scheme) || parsed.Path != "":
			v.tell("address", "must be udp, tcp or tls with host and port", "such as tls://siem.example.com:6514")
		case c.Kind == OCSF && parsed.Scheme == "udp":
			v.tell("address", "a finding does not fit a datagram", "write tcp:// or tls://")
		}
	}
	if c.Kind == OCSF && (c.URL == "") == (c.Address == "") {
		v.tell("", "an integration of kind ocsf needs either url or address", "")
	}
	if host, port, err := net.SplitHostPort(c.SMTP); c.SMTP != "" && (err != nil || host == "" || port == "") {
		v.tell("smtp", "must be host and port", "such as mail.example.com:587")
	}
}

func hostPart(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Host
}

// web checks an address of HTTP. In clear it may only be where the operator has allowed his own networks: tokens travel with it.
func (v *checker) web(address string) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		v.tell("url", "must be an https address", "")
	case parsed.Scheme == "http" && v.c.Kind != Webhook && len(v.c.AllowPrivate) == 0:
		v.tell("url", "must be an https address; http is taken with allow_private only", "")
	}
}

func (v *checker) forms() {
	c := v.c
	if c.Project != "" && !jiraProject.MatchString(c.Project) {
		v.tell("project", "must be a project's key in capitals", "such as SEC")
	}
	if c.TLS != "" && !slices.Contains([]string{"starttls", "tls", "none"}, c.TLS) {
		v.tell("tls", fmt.Sprintf("must be starttls, tls or none, not %q", clip(c.TLS, maxNameLength)), document.DidYouMean(c.TLS, []string{"starttls", "tls", "none"}))
	}
	if c.Kind == Email && c.User != "" && c.TLS == "none" {
		v.tell("tls", "a password is not sent over a connection without tls", "write starttls or tls, or leave user out")
	}
	if _, err := mail.ParseAddress(c.From); c.From != "" && err != nil {
		v.tell("from", "is no mail address", "such as wayguard@example.com")
	}
	if len(c.To) > 50 {
		v.tell("to", "names more than 50 addresses", "")
	}
	for i, text := range c.To {
		if _, err := mail.ParseAddress(text); err != nil {
			v.tell(fmt.Sprintf("to[%d]", i), "is no mail address", "")
		}
	}
	severities := []string{"critical", "error", "warning", "info"}
	for _, rating := range sortedKeys(c.Severity) {
		if _, err := event.ParseRating(rating); err != nil {
			v.tell("severity."+rating, "is no rating", document.DidYouMean(rating, []string{"normal", "suspicious", "malicious"}))
		}
		if word := c.Severity[rating]; !slices.Contains(severities, word) {
			v.tell("severity."+rating, "must be critical, error, warning or info", document.DidYouMean(word, severities))
		}
	}
	if _, err := Sign(c.Secret, "x", time.Unix(0, 0), nil); err != nil {
		v.tell("secret", err.Error(), "")
	}
}

func (v *checker) templates() {
	words := alertWords()
	known := func(name string) bool { return slices.Contains(words, name) }
	t := v.c.Template
	for _, one := range []struct{ path, text string }{{"title", t.Title}, {"text", t.Text}, {"body", t.Body}} {
		if len(one.text) > maxTemplate {
			v.tell("template."+one.path, fmt.Sprintf("is longer than %d bytes", maxTemplate), "")
		}
		v.problems = append(v.problems, parseTemplate(one.text).problems(v.c.At, "template."+one.path, known, words)...)
	}
	if strings.ContainsAny(t.Title, "\r\n") {
		v.tell("template.title", "must be one line", "")
	}
	if t.Body == "" {
		return
	}
	a := SampleAlert()
	l := &letter{id: a.EventID, alert: a, more: []Alert{a}}
	if body, ok := (wording{body: parseTemplate(t.Body)}).custom(l); !ok || !json.Valid(body) {
		v.tell("template.body", "is no JSON when it is filled in", "put placeholders between quotes")
	}
}

func (v *checker) enrich() {
	c := v.c
	v.question()
	if c.Mode != "" && c.Mode != ModeInline && c.Mode != ModeLater {
		v.tell("mode", fmt.Sprintf("must be inline or later, not %q", clip(c.Mode, maxNameLength)), document.DidYouMean(c.Mode, []string{ModeInline, ModeLater}))
	}
	if methods := []string{http.MethodGet, http.MethodPost, http.MethodPut}; c.Method != "" && !slices.Contains(methods, c.Method) {
		v.tell("method", "must be GET, POST or PUT", document.DidYouMean(c.Method, methods))
	}
	if c.Method == http.MethodGet && c.Request != "" {
		v.tell("request", "a GET has no body", "write method: POST")
	}
	if c.Deadline != 0 && (c.Deadline < time.Millisecond || c.Deadline > 10*time.Second) {
		v.tell("deadline", "must lie between 1ms and 10s", "")
	}
	if len(c.Take) > maxTaken {
		v.tell("take", fmt.Sprintf("names more than %d elements", maxTaken), "")
	}
	for _, element := range sortedKeys(c.Take) {
		if _, err := parsePath(c.Take[element]); err != nil {
			v.tell("take."+element, err.Error(), "such as data.risk.score or items.0.name")
		}
	}
	for _, element := range sortedKeys(c.Default) {
		if _, taken := c.Take[element]; !taken {
			v.tell("default."+element, "is not taken from the answer", document.DidYouMean(element, sortedKeys(c.Take)))
		}
		if len(c.Default[element]) > maxWord {
			v.tell("default."+element, fmt.Sprintf("is longer than %d bytes", maxWord), "")
		}
	}
	v.memory()
}

func (v *checker) memory() {
	cache, breaker := v.c.Cache, v.c.Breaker
	if cache.Entries < 0 || cache.Entries > 1_000_000 {
		v.tell("cache.entries", "must lie between 1 and 1000000", "")
	}
	for _, one := range []struct {
		path  string
		value time.Duration
	}{{"cache.for", cache.For}, {"cache.negative", cache.Negative}, {"breaker.window", breaker.Window}, {"breaker.cool", breaker.Cool}} {
		if one.value < 0 || one.value > 30*24*time.Hour || one.value > 0 && one.value < 100*time.Millisecond {
			v.tell(one.path, "must lie between 100ms and 30d", "")
		}
	}
	if breaker.Percent < 0 || breaker.Percent > 100 {
		v.tell("breaker.percent", "must lie between 1 and 100", "")
	}
	if breaker.AtLeast < 0 || breaker.AtLeast > 100_000 {
		v.tell("breaker.at_least", "must lie between 1 and 100000", "")
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
