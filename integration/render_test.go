package integration_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/integration"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hostile is an alert in which everything that a visitor or a rule can write is written against the receivers.
func hostile() integration.Alert {
	a := integration.SampleAlert()
	evil := "<!channel> *a* [x](http://evil.example) \"],\r\nBcc: all@example.com\r\n.\r\n\x00\u202e<script> & {because} \\ " + "\xff"
	a.Because, a.EventName, a.Labels = evil, evil, []string{evil, "Tor"}
	a.Placed[0].Sentence = evil
	return a
}

func kinds() map[string]integration.IntegrationConfig {
	private := []string{"127.0.0.0/8"}
	return map[string]integration.IntegrationConfig{
		"slack":     {Kind: integration.Slack, URL: "https://hooks.example.com/services/T0/B0/very-secret"},
		"teams":     {Kind: integration.Teams, URL: "https://flow.example.com/very-secret?sig=very-secret"},
		"jira":      {Kind: integration.Jira, URL: "https://team.example.com", User: "bot@example.com", Token: "very-secret", Project: "SEC"},
		"pagerduty": {Kind: integration.PagerDuty, RoutingKey: "very-secret", Severity: map[string]string{"malicious": "error"}},
		"email": {Kind: integration.Email, SMTP: "mail.example.com:587", From: "Wächter <wayguard@example.com>",
			To: []string{"security@example.com", "Night <night@example.com>"}, User: "u", Password: "very-secret"},
		"webhook":     {Kind: integration.Webhook, URL: "https://in.example.com/very-secret", Secret: "very-secret", Token: "very-secret"},
		"syslog":      {Kind: integration.Syslog, Address: "udp://siem.example.com:514", AllowPrivate: private},
		"ocsf":        {Kind: integration.OCSF, URL: "https://siem.example.com/very-secret", Headers: map[string]string{"Authorization": "Splunk very-secret"}},
		"ocsf-syslog": {Kind: integration.OCSF, Address: "tls://siem.example.com:6514"},
		"templates": {Kind: integration.Slack, URL: "https://hooks.example.com/very-secret", Template: integration.TemplateConfig{
			Title: "{rating} at {time} {unused_brace", Text: "Session <{link}|{session}> {score}\n{labels}\n{sentences}"}},
		"body": {Kind: integration.Webhook, URL: "https://in.example.com/", Template: integration.TemplateConfig{
			Body: `{"why": "{because}", "score": {score}, "labels": "{labels}", "key": "{id}"}`}},
	}
}

func TestPreviewsAreAsTheReceiversReadThem(t *testing.T) {
	for name, c := range kinds() {
		c.Name = "told"
		for which, a := range map[string]integration.Alert{"sample": integration.SampleAlert(), "hostile": hostile()} {
			shown, err := integration.Preview(c, a)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			whole, err := json.MarshalIndent(shown, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(whole, []byte("very-secret")) {
				t.Errorf("%s: a preview tells a secret: %s", name, whole)
			}
			if shown.ContentType == "application/json" && !json.Valid([]byte(shown.Body)) {
				t.Errorf("%s %s: the body is no JSON: %s", name, which, shown.Body)
			}
			golden(t, name+"-"+which, whole)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s\nwant\n%s", path, got, want)
	}
}

func preview(t *testing.T, c integration.IntegrationConfig, a integration.Alert) string {
	t.Helper()
	c.Name = "told"
	shown, err := integration.Preview(c, a)
	if err != nil {
		t.Fatal(err)
	}
	return shown.Body
}

func TestNothingAVisitorWroteIsMarkup(t *testing.T) {
	slack := preview(t, kinds()["slack"], hostile())
	if strings.Contains(slack, "<!channel>") || strings.Contains(slack, "<script>") {
		t.Errorf("Slack would read %s", slack)
	}
	syslog := preview(t, kinds()["syslog"], hostile())
	if strings.ContainsAny(syslog, "\r\n\x00") || len(syslog) > 2048 {
		t.Errorf("the message is %q", syslog)
	}
	if _, data, ok := strings.Cut(syslog, `because="`); !ok || !strings.Contains(data, `\"\]`) {
		t.Errorf("structured data is not escaped: %s", syslog)
	}
}

func TestMailIsWellFormed(t *testing.T) {
	for _, a := range []integration.Alert{integration.SampleAlert(), hostile()} {
		text := preview(t, kinds()["email"], a)
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if m.Header.Get("Bcc") != "" || len(m.Header) != 9 {
			t.Errorf("headers are %v", m.Header)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || !strings.HasPrefix(subject, "malicious: ") {
			t.Errorf("subject %q, %v", subject, err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 2 || to[1].Address != "night@example.com" {
			t.Errorf("to %v, %v", to, err)
		}
		if date, err := m.Header.Date(); err != nil || !date.Equal(a.Time) {
			t.Errorf("date %v, %v", date, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil || !strings.Contains(string(body), string(a.SessionID)) {
			t.Errorf("body %q, %v", body, err)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if strings.ContainsAny(line, "\r\n\x00") || len(line) > 998 {
				t.Errorf("line %q", line)
			}
		}
	}
}

// The attributes that the class Detection Finding of OCSF 1.4.0 requires, and what they must be.
func TestOCSFHasWhatTheSchemaRequires(t *testing.T) {
	for _, rating := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		a := integration.SampleAlert()
		a.Rating = rating
		var f map[string]any
		if err := json.Unmarshal([]byte(preview(t, kinds()["ocsf"], a)), &f); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{"activity_id": 1, "category_uid": 2, "class_uid": 2004, "type_uid": 200401,
			"time": float64(a.Time.UnixMilli()), "severity_id": []float64{1, 3, 4}[rating], "status_id": 1} {
			if f[name] != want {
				t.Errorf("%s is %v, want %v", name, f[name], want)
			}
		}
		info, _ := f["finding_info"].(map[string]any)
		metadata, _ := f["metadata"].(map[string]any)
		product, _ := metadata["product"].(map[string]any)
		if info["uid"] == "" || info["title"] == "" || metadata["version"] != "1.4.0" || product["vendor_name"] != "Wayguard" || info["uid"] != metadata["uid"] {
			t.Errorf("finding_info %v, metadata %v", info, metadata)
		}
	}
}

func TestLongAlertsStayWithinWhatReceiversTake(t *testing.T) {
	a := integration.SampleAlert()
	long := strings.Repeat("ü<>&*", 4000)
	a.Because, a.EventName, a.Policy, a.Placed[0].Sentence = long, long, long, long
	for range 200 {
		a.Labels = append(a.Labels, long[:500])
	}
	for name, limit := range map[string]int{"slack": 40_000, "teams": 28_000, "jira": 32_000, "pagerduty": 64_000, "syslog": 2048,
		"email": 64_000, "ocsf-syslog": 64_000} {
		body := preview(t, kinds()[name], a)
		if len(body) > limit {
			t.Errorf("%s: %d bytes, at most %d", name, len(body), limit)
		}
		if name == "ocsf-syslog" && !json.Valid([]byte(body[strings.Index(body, "] ")+2:])) {
			t.Errorf("the finding was cut: %s", body)
		}
	}
	var slack struct {
		Blocks []struct {
			Text   struct{ Text string }
			Fields []struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(preview(t, kinds()["slack"], a)), &slack); err != nil {
		t.Fatal(err)
	}
	for _, block := range slack.Blocks {
		if len(block.Text.Text) > 3000 || len(block.Fields) > 10 {
			t.Errorf("a block of %d bytes with %d fields", len(block.Text.Text), len(block.Fields))
		}
	}
}
