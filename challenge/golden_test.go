package challenge_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// The answers as they are sent, byte for byte. With the same key, time and order of requests they are always the same.
func TestGoldenPages(t *testing.T) {
	hcaptcha := policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "hcaptcha", SiteKey: "10000000-ffff-ffff-ffff-000000000001", Secret: "secret"}}
	turnstile := policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "turnstile", SiteKey: "1x00000000000000000000AA", Secret: "secret"}}
	factor := policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "/2fa?back={return}&state={state}", Secret: factorSecret}}
	cases := []struct {
		name, kind string
		config     policy.MitigationConfig
		head       func(b *browser) *capture.Request
		again      bool
	}{
		{name: "cookie", kind: "cookie"},
		{name: "refresh", kind: "refresh"},
		{name: "refresh-again", kind: "refresh", again: true},
		{name: "preload", kind: "preload"},
		{name: "hints", kind: "hints"},
		{name: "proof", kind: "proof"},
		{name: "proof-form", kind: "proof", head: login},
		{name: "proof-form-not-kept", kind: "proof", head: func(b *browser) *capture.Request { h := login(b); h.Body.Truncated = true; return h }},
		{name: "captcha", kind: "captcha"},
		{name: "captcha-again", kind: "captcha", again: true},
		{name: "hcaptcha", kind: "captcha", config: hcaptcha},
		{name: "turnstile", kind: "captcha", config: turnstile},
		{name: "second-factor", kind: "second_factor", config: factor},
		{name: "second-factor-form", kind: "second_factor", config: factor, head: login},
		{name: "problem", kind: "proof", head: func(b *browser) *capture.Request {
			h := b.navigate("GET", "/api")
			set(h, "Sec-Fetch-Mode", "cors")
			return h
		}},
		{name: "grpc", kind: "proof", head: func(b *browser) *capture.Request { h := login(b); set(h, "Content-Type", "application/grpc"); return h }},
	}
	for _, c := range cases {
		b := newBrowser(t, newSet(t, c.config, &provided{}))
		head := b.navigate("GET", "/cart?item=7")
		if c.head != nil {
			head = c.head(b)
		}
		p := b.offer(challenge.Ask{Kind: c.kind, Rating: event.Suspicious, Again: c.again}, head)
		golden(t, c.name, p)
	}
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	golden(t, "useless", b.serve(b.navigate("GET", prefix+"pass")))
}

func login(b *browser) *capture.Request { return b.form("/login", "user=ada&password=lovelace") }

func golden(t *testing.T, name string, p challenge.Page) {
	t.Helper()
	var got bytes.Buffer
	fmt.Fprintf(&got, "%d\n", p.Status)
	for _, f := range p.Header {
		fmt.Fprintf(&got, "%s: %s\n", f.Name, f.Value)
	}
	got.WriteString("\n")
	// The style is the same in all of them, and has a file of its own.
	got.Write(regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAll(p.Body, []byte("<style>...</style>")))
	for _, f := range p.Trailer {
		fmt.Fprintf(&got, "%s: %s\n", f.Name, f.Value)
	}
	file := filepath.Join("testdata", "pages", name+".txt")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s:\n%s", name, got.Bytes())
	}
}

// What every page promises, whatever its check.
func TestPagesKeepTheirPromises(t *testing.T) {
	files, err := filepath.Glob("testdata/pages/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := string(text)
		if strings.Contains(strings.ToLower(page), "wayguard") || strings.Contains(page, "lovelace") {
			t.Errorf("%s names what it must not name", file)
		}
		if !strings.Contains(page, "<!doctype html>") {
			continue
		}
		for _, part := range []string{`<html lang="en" dir="ltr">`, "<title>", "<h1>", "<main>", "default-src 'none'", "base-uri 'none'", "frame-ancestors 'self'", "no-store", "noindex",
			"nosniff", "Referrer-Policy: same-origin"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s lacks %s", file, part)
			}
		}
		outside := regexp.MustCompile(`(?:src|href|action)="(https?:)?//[^"]*"`).FindAllString(page, -1)
		if provider := strings.Contains(file, "hcaptcha") || strings.Contains(file, "turnstile"); len(outside) > 0 != provider || len(outside) > 1 {
			t.Errorf("%s reaches outside: %v", file, outside)
		}
		if strings.Contains(page, "unsafe-") || regexp.MustCompile(` on[a-z]+="`).MatchString(page) || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s needs a looser policy, or lost a value", file)
		}
		if regexp.MustCompile(`(?i)<input id="answer"`).MatchString(page) && !strings.Contains(page, `<label for="answer">`) {
			t.Errorf("%s has a field without a label", file)
		}
	}
}
