package challenge_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/policy"
)

func holder(t testing.TB, s *challenge.Set) *browser {
	b := newBrowser(t, s)
	b.offer(ask("cookie"), b.navigate("GET", "/"))
	return b
}

// What was proven for one host and browser holds for no other, and for no other TLS stack on the same transport.
func TestWhatACookieIsBoundTo(t *testing.T) {
	s := newSet(t, policy.MitigationConfig{}, nil)
	for name, c := range map[string]struct {
		change func(b *browser)
		holds  bool
	}{
		"nothing changed":   {func(*browser) {}, true},
		"port":              {func(b *browser) { b.host = "shop.example:8443" }, true},
		"case":              {func(b *browser) { b.host = "SHOP.example" }, true},
		"address":           {func(b *browser) { b.peer = netip.MustParseAddr("2001:db8::1") }, true},
		"resumed session":   {func(b *browser) { b.ja4 = "t13d1517h2_8daaf6152771_b0da82dd1658" }, true},
		"http/3":            {func(b *browser) { b.ja4 = "q13d0310h3_55b375c5d22e_cd85d2d88918" }, true},
		"unknown hello":     {func(b *browser) { b.ja4 = "" }, true},
		"other hello":       {func(b *browser) { b.ja4 = "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6" }, false},
		"other host":        {func(b *browser) { b.host = "evil.example" }, false},
		"subdomain":         {func(b *browser) { b.host = "a.shop.example" }, false},
		"other agent":       {func(b *browser) { b.agent = firefox }, false},
		"other agent by 1":  {func(b *browser) { b.agent += " " }, false},
		"cut":               {func(b *browser) { b.jar["visit"] = b.jar["visit"][1:] }, false},
		"changed":           {func(b *browser) { b.jar["visit"] = flip(b.jar["visit"], 4) }, false},
		"stronger by hand":  {func(b *browser) { b.jar["visit"] = "AQY" + b.jar["visit"][3:] }, false},
		"ended":             {func(b *browser) { b.now = b.now.Add(time.Hour) }, false},
		"other cookie name": {func(b *browser) { b.jar["visits"] = b.jar["visit"]; delete(b.jar, "visit") }, false},
	} {
		b := holder(t, s)
		c.change(b)
		if got := b.held("/") == "cookie"; got != c.holds {
			t.Errorf("%s: holds %v", name, got)
		}
	}
}

func flip(text string, i int) string {
	if text[i] == 'A' {
		return text[:i] + "B" + text[i+1:]
	}
	return text[:i] + "A" + text[i+1:]
}

// No character of a cookie or a ticket can be changed.
func TestEveryCharacterIsSigned(t *testing.T) {
	b := holder(t, newSet(t, policy.MitigationConfig{}, nil))
	cookie := b.jar["visit"]
	for i := range cookie {
		b.jar["visit"] = flip(cookie, i)
		if b.held("/") != "" {
			t.Errorf("character %d of the cookie is not signed", i)
		}
	}
	b = newBrowser(t, b.set)
	p := b.offer(ask("refresh"), b.navigate("GET", "/"))
	ticket := field(p, "visit-check")
	b.now = b.now.Add(2 * time.Second)
	for i := range ticket {
		if b.serve(b.navigate("GET", prefix+"pass?visit-check="+flip(ticket, i))); b.last().Result != challenge.Refused {
			t.Errorf("character %d of the ticket is not signed", i)
		}
	}
}

func TestTheStrongestCookieCounts(t *testing.T) {
	b := holder(t, newSet(t, policy.MitigationConfig{}, nil))
	light := b.jar["visit"]
	p := b.offer(ask("proof"), b.navigate("GET", "/"))
	b.serve(b.form(prefix+"pass", encode(solve(t, p))))
	head := b.navigate("GET", "/")
	head.Header = append(head.Header[:len(head.Header)-1], capture.Field{Name: "cookie", Value: "a=b;visit=" + light + "; visit=\"" + b.jar["visit"] + "\"; visit=x"})
	if got := b.set.Held(head, b.now).Kind; got != "proof" {
		t.Errorf("held %q", got)
	}
	// A lighter check does not take the heavier one away.
	if p := b.offer(ask("cookie"), b.navigate("GET", "/")); headerOf(p, "Set-Cookie") != "" || b.held("/") != "proof" {
		t.Errorf("%v, held %q", p.Header, b.held("/"))
	}
}

func TestKeysAreRotated(t *testing.T) {
	before, _ := challenge.New(key(7), policy.MitigationConfig{}, nil)
	b := newBrowser(t, before)
	b.offer(ask("cookie"), b.navigate("GET", "/"))
	waiting := newBrowser(t, before)
	p := waiting.offer(ask("captcha"), waiting.form("/login", "user=ada"))
	after := newSet(t, policy.MitigationConfig{}, nil, key(7))
	b.set, waiting.set = after, after
	if b.held("/") != "cookie" {
		t.Error("the cookie of the earlier key is lost")
	}
	head := waiting.form("/login", encode(solve(t, p)))
	if r, ok := after.Resume(head, head.Body.Bytes, b.now); !ok || string(r.Body) != "user=ada" || r.Outcome.Result != challenge.Passed {
		t.Errorf("the form of the earlier key: %v %+v", ok, r.Outcome)
	}
	b.set = newSet(t, policy.MitigationConfig{}, nil)
	if b.held("/") != "" {
		t.Error("a forgotten key still counts")
	}
}

// One solution counts once: whoever sends it, and across a reload of the configuration.
func TestSolutionsCountOnce(t *testing.T) {
	s := newSet(t, policy.MitigationConfig{}, nil)
	b := newBrowser(t, s)
	form := solve(t, b.offer(ask("proof"), b.navigate("GET", "/"))).Encode()
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			other := newBrowser(t, s)
			if other.serve(other.form(prefix+"pass", form)); other.results[0].Result == challenge.Passed {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 {
		t.Errorf("counted %d times", passed.Load())
	}
	again, problems := s.With(policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "built-in"}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	b = newBrowser(t, again)
	if b.serve(b.form(prefix+"pass", form)); b.last().Detail != "used before" {
		t.Errorf("after a reload: %+v", b.last())
	}
}

// A cookie that very many networks send is not one visitor's.
func TestCookiesThatAreHandedRound(t *testing.T) {
	b := holder(t, newSet(t, policy.MitigationConfig{}, nil))
	for i := range 40 {
		b.peer = netip.MustParseAddr(fmt.Sprintf("203.0.%d.9", i))
		if holds := b.held("/") != ""; holds != (i < 16) {
			t.Fatalf("from network %d: %v", i, holds)
		}
	}
	for i := range 5 {
		b.peer = netip.MustParseAddr(fmt.Sprintf("203.0.3.%d", i))
		if b.held("/") == "" {
			t.Error("a network that it came from does not count any more")
		}
	}
}

func TestConfigurations(t *testing.T) {
	verify := &provided{}
	for name, c := range map[string]struct {
		config policy.MitigationConfig
		verify challenge.Verifier
		want   string
	}{
		"path":            {policy.MitigationConfig{CheckPath: "visit/"}, nil, "check_path"},
		"path's end":      {policy.MitigationConfig{CheckPath: "/visit"}, nil, "check_path"},
		"whole site":      {policy.MitigationConfig{CheckPath: "/"}, nil, "check_path"},
		"cookie":          {policy.MitigationConfig{Cookie: "a b"}, nil, "cookie"},
		"provider":        {policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "turnstyle"}}, nil, "turnstile"},
		"keys":            {policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "turnstile"}}, verify, "site_key"},
		"nobody to ask":   {policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: "hcaptcha", SiteKey: "a", Secret: "b"}}, nil, "cannot be asked"},
		"factor's URL":    {policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "javascript:{return}{state}", Secret: factorSecret}}, nil, "url"},
		"factor's place":  {policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "/2fa", Secret: factorSecret}}, nil, "{state}"},
		"factor's secret": {policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "/2fa?r={return}&s={state}", Secret: "short"}}, nil, "secret"},
	} {
		s, problems := challenge.New(key(1), c.config, c.verify)
		if s != nil || len(problems) != 1 || !strings.Contains(problems[0].Error(), c.want) {
			t.Errorf("%s: %v", name, problems)
		}
	}
	if _, problems := challenge.New([]byte("short"), policy.MitigationConfig{}, nil); len(problems) != 1 || strings.Contains(problems[0].Error(), "short\"") {
		t.Errorf("a short key: %v", problems)
	}
}
