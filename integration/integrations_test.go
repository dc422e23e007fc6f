package integration_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/integration"
)

func decode(t *testing.T, text string) (integration.IntegrationsConfig, document.Problems) {
	t.Helper()
	doc, problems := document.ParseWith("wayguard.yaml", []byte(text), func(name string) (string, bool) {
		return "very-secret-" + name, name == "TOKEN" || name == "HOOK"
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var c struct {
		Integrations integration.IntegrationsConfig `yaml:"integrations"`
	}
	problems = doc.Decode(&c)
	return c.Integrations, append(problems, c.Integrations.Validate()...)
}

const everyKind = `
integrations:
  - {name: chat, kind: slack, url: "https://hooks.example.com/${HOOK}", per_minute: 10}
  - name: cards
    kind: teams
    url: https://flow.example.com/${HOOK}
    template: {title: "{rating} {because}", text: "{sentences}"}
  - {name: tickets, kind: jira, url: https://team.example.com, user: bot@example.com, token: "${TOKEN}", project: SEC, issue_type: Bug}
  - {name: pager, kind: pagerduty, routing_key: "${TOKEN}", severity: {suspicious: info}}
  - {name: mail, kind: email, smtp: "mail.example.com:587", from: a@example.com, to: b@example.com, user: a, password: "${TOKEN}"}
  - {name: hook, kind: webhook, url: "http://in.example.com/", secret: "${TOKEN}", headers: {X-Key: "${TOKEN}"}, template: {body: '{"a": "{because}"}'}}
  - {name: siem, kind: syslog, address: "tls://siem.example.com:6514", facility: 4, allow_private: 10.0.0.0/8}
  - {name: lake, kind: ocsf, url: "https://siem.example.com/", token: "${TOKEN}"}
  - name: fraud-score
    kind: enrich
    url: https://score.example.com/v1/{el.email.domain}?ip={address}&key=${TOKEN}
    request: '{"user": "{el.username}", "type": "{event_type}"}'
    specs: login
    deadline: 9ms
    take: {risk_score: data.score, country: data.0.country}
    default: {risk_score: "50"}
    cache: {entries: 100, for: 10m, negative: 1m}
    breaker: {percent: 20, at_least: 5, window: 30s, cool: 10s}
`

func TestConfigurationOfEveryKind(t *testing.T) {
	c, problems := decode(t, everyKind)
	if len(problems) > 0 || len(c) != len(integration.Kinds()) {
		t.Fatalf("%d integrations: %v", len(c), problems)
	}
	text, err := json.Marshal(c)
	if err != nil || strings.Contains(string(text), "very-secret") {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	if got := strings.Join(c.Notifying(), " "); got != "chat cards tickets pager mail hook siem lake" {
		t.Errorf("can be told: %s", got)
	}
	for _, one := range c {
		shown, err := integration.Preview(one, integration.SampleAlert())
		if err != nil || strings.Contains(fmt.Sprint(shown), "very-secret") || shown.Target == "" || shown.KnownBy == "" {
			t.Errorf("%s: %+v, %v", one.Name, shown, err)
		}
	}
	if _, ok := c.Named("pager"); !ok {
		t.Error("pager is not found")
	}
	if p := c.Within(20 * time.Millisecond); len(p) != 0 {
		t.Error(p)
	}
	if p := c.Within(5 * time.Millisecond); len(p) != 1 || p[0].Path != "integrations[8].deadline" || p[0].Line != 19 {
		t.Error(p)
	}
	if p := c.CheckElements([]string{"email", "username", "risk_score"}); len(p) != 1 || p[0].Path != "integrations[8].take.country" {
		t.Error(p)
	}
	if p := c.CheckElements([]string{"email", "risk_score", "country"}); len(p) != 1 || p[0].Path != "integrations[8].request" {
		t.Error(p)
	}
	if p := c.CheckSpecs([]string{"logins"}); len(p) != 1 || !strings.Contains(p[0].Suggestion, "logins") {
		t.Error(p)
	}
}

func TestEveryProblemOfAnIntegrationIsTold(t *testing.T) {
	for text, want := range map[string]string{
		`{name: Chat, kind: slack, url: "https://x.example/"}`:                                                      "name: an integration's name",
		`{name: a, kind: slak, url: "https://x.example/"}`:                                                          `did you mean "slack"`,
		`{name: a, kind: slack}`:                                                                                    "needs url",
		`{name: a, kind: slack, url: "http://x.example/"}`:                                                          "url: must be an https address; http",
		`{name: a, kind: slack, url: "ftp://x.example/"}`:                                                           "url: must be an https address",
		`{name: a, kind: slack, url: "https://x.example/", smtp: "x:1"}`:                                            "smtp: belongs to integrations of kind email",
		`{name: a, kind: slack, url: "https://x.example/", usr: x}`:                                                 "no such key",
		`{name: a, kind: slack, url: "https://x.example/", template: {title: "{becuase}"}}`:                         `did you mean "because"`,
		`{name: a, kind: slack, url: "https://x.example/", template: {body: "{because}"}}`:                          "is no JSON when it is filled in",
		`{name: a, kind: slack, url: "https://x.example/", template: {title: "a\nb"}}`:                              "must be one line",
		`{name: a, kind: slack, url: "https://x.example/", per_minute: -1}`:                                         "per_minute: must lie",
		`{name: a, kind: slack, url: "https://x.example/", concurrency: 1000, timeout: 1h}`:                         "concurrency: must lie",
		`{name: a, kind: slack, url: "https://x.example/", allow_private: everywhere}`:                              "allow_private[0]: not an address",
		`{name: a, kind: jira, url: "https://x.example", user: u, token: t, project: sec}`:                          "project: must be",
		`{name: a, kind: pagerduty, routing_key: k, severity: {malicious: critcal}}`:                                `did you mean "critical"`,
		`{name: a, kind: pagerduty, routing_key: k, severity: {evil: info}}`:                                        "severity.evil: is no rating",
		`{name: a, kind: email, smtp: "x", from: a@x.example, to: b@x.example}`:                                     "smtp: must be host and port",
		`{name: a, kind: email, smtp: "x:25", from: a, to: [b@x.example, "c\r\nd"]}`:                                "to[1]: is no mail address",
		`{name: a, kind: email, smtp: "x:25", from: a@x.example, to: b@x.example, user: u, password: p, tls: none}`: "a password is not sent",
		`{name: a, kind: email, smtp: "x:25", from: a@x.example, to: b@x.example, tls: startls}`:                    `did you mean "starttls"`,
		`{name: a, kind: webhook, url: "https://x.example/", secret: "whsec_***"}`:                                  "secret: secret after whsec_",
		`{name: a, kind: webhook, url: "https://x.example/", headers: {"a b": c}}`:                                  "headers: holds a name",
		`{name: a, kind: syslog, address: "siem:514"}`:                                                              "address: must be udp, tcp or tls",
		`{name: a, kind: syslog, address: "udp://siem:514", facility: 24}`:                                          "facility: must lie",
		`{name: a, kind: ocsf, address: "udp://siem:514"}`:                                                          "a finding does not fit a datagram",
		`{name: a, kind: ocsf, address: "tcp://siem:514", url: "https://x.example/"}`:                               "either url or address",
		`{name: a, kind: enrich, url: "https://x.example/"}`:                                                        "needs take",
		`{name: a, kind: enrich, url: "https://{el.email}/", take: {a: b}}`:                                         "without placeholders",
		`{name: a, kind: enrich, url: "https://x.example/{email}", take: {a: b}}`:                                   "nothing is known as {email}",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: "b..c"}}`:                                     "take.a: is no path",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, default: {b: c}}`:                         "default.b: is not taken",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, mode: latr}`:                              `did you mean "later"`,
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, method: GET, request: "{}"}`:              "a GET has no body",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, request: "{\"a\": {el.email}"}`:           "request: is no JSON",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, deadline: 1m}`:                            "deadline: must lie",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, cache: {for: 1ns}}`:                       "cache.for: must lie",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, breaker: {percent: 101, at_least: -1}}`:   "breaker.at_least: must lie",
		`{name: a, kind: enrich, url: "https://x.example/", take: {a: b}, per_minute: 5}`:                           "per_minute: belongs to",
	} {
		_, problems := decode(t, "integrations: ["+text+"]")
		found := strings.Contains(problems.Error(), want)
		if !found || len(problems) == 0 || problems[0].Line == 0 {
			t.Errorf("%s\ntells %v, want %q", text, problems, want)
		}
	}
	_, problems := decode(t, `integrations: [{name: a, kind: slack, url: "https://x.example/"}, {name: a, kind: teams, url: "https://x.example/"}]`)
	if len(problems) != 1 || problems[0].Path != "integrations[1].name" {
		t.Errorf("the same name twice: %v", problems)
	}
	_, problems = decode(t, `integrations: [{name: a, kind: slack, url: "ftp://${HOOK}"}, {name: b, kind: webhook, url: "https://x.example/", headers: {a: "${TOKEN}\n"}}]`)
	if len(problems) != 2 || strings.Contains(problems.Error(), "very-secret") {
		t.Errorf("a problem tells a secret: %v", problems)
	}
}

func TestAuthoritiesAreReadFromAFile(t *testing.T) {
	n := integration.NewNotifiers(integration.NotifierDeps{Now: time.Now})
	c := integration.IntegrationsConfig{{Name: "a", Kind: integration.Slack, URL: "https://x.example/", CA: "testdata/none.pem"}}
	if err := n.Configure(c); err == nil || !strings.Contains(err.Error(), "integration a: ca") {
		t.Errorf("an absent file gives %v", err)
	}
	path := t.TempDir() + "/empty.pem"
	if err := os.WriteFile(path, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	*c.Files()[0] = path
	if err := n.Configure(c); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("an empty file gives %v", err)
	}
	if _, ok := n.Named("a"); ok {
		t.Error("a configuration that failed was put in place")
	}
}
