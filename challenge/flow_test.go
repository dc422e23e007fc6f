package challenge_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

// A solution of the captcha is taken exactly as it was asked for: no digit moves from the number into the salt.
func TestCaptchaSolutions(t *testing.T) {
	for name, spoil := range map[string]func(c map[string]any){
		"algorithm": func(c map[string]any) { c["algorithm"] = "SHA-1" },
		"challenge": func(c map[string]any) { c["challenge"] = hash("1") },
		"number":    func(c map[string]any) { c["number"] = c["number"].(float64) + 1 },
		"signature": func(c map[string]any) { c["signature"] = hash("1") },
		"salt":      func(c map[string]any) { c["salt"] = c["salt"].(string) + "&" },
		"spliced": func(c map[string]any) {
			digits := strconv.Itoa(int(c["number"].(float64)))
			c["salt"], c["number"] = c["salt"].(string)+digits[:1], json.Number(cmp.Or(strings.TrimLeft(digits[1:], "0"), "0"))
		},
		"text": func(c map[string]any) { c["number"] = "1" },
	} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		p := b.offer(ask("captcha"), b.navigate("GET", "/"))
		form := solve(t, p)
		raw, err := base64.StdEncoding.DecodeString(form.Get("visit-solution"))
		var c map[string]any
		if err != nil || json.Unmarshal(raw, &c) != nil {
			t.Fatal(string(raw), err)
		}
		spoil(c)
		if raw, err = json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		form.Set("visit-solution", base64.StdEncoding.EncodeToString(raw))
		if b.serve(b.form(prefix+"pass", form.Encode())); b.last().Result != challenge.Refused {
			t.Errorf("other %s: %+v", name, b.last())
		}
	}
}

// Every check that needs no provider is passed once on a page, and the visitor is sent on to where it wanted to go.
func TestPassingOnAPage(t *testing.T) {
	for _, kind := range []string{"refresh", "preload", "hints", "proof", "captcha"} {
		for _, rating := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
			t.Run(kind+" "+rating.String(), func(t *testing.T) {
				b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
				p := b.offer(rated(kind, rating), b.navigate("GET", "/cart?item=7"))
				if p.Status != 403 || headerOf(p, "Cache-Control") != "no-store" || !strings.Contains(headerOf(p, "X-Robots-Tag"), "noindex") {
					t.Fatalf("status %d, header %v", p.Status, p.Header)
				}
				b.loadEverything(p)
				b.now = b.now.Add(2 * time.Second)
				passed := b.serve(b.form(prefix+"pass", solve(t, p).Encode()))
				if got := headerOf(passed, "Location"); passed.Status != 303 || got != "/cart?item=7" {
					t.Fatalf("status %d to %q, outcome %+v", passed.Status, got, b.last())
				}
				if o := b.last(); o.Result != challenge.Passed || o.Check != kind || o.Rating != rating || o.Took != 2*time.Second {
					t.Errorf("outcome %+v", o)
				}
				if got := b.held("/cart"); got != kind {
					t.Errorf("holds %q", got)
				}
				if b.now = b.now.Add(time.Hour); b.held("/cart") != "" {
					t.Error("held beyond its time")
				}
			})
		}
	}
}

// loadEverything fetches what a page refers to, and gives the hints that it asks for.
func (b *browser) loadEverything(p challenge.Page) {
	if sheet := match(p, `rel="stylesheet" href="([^"]*)"`); sheet != "" {
		b.serve(b.load(sheet, "style"))
	}
	if picture := match(p, `<img src="([^"]*)"`); picture != "" {
		b.serve(b.load(picture, "image"))
	}
	if headerOf(p, "Accept-CH") != "" {
		b.extra = []capture.Field{{Name: "Sec-CH-UA", Value: `"Chromium";v="128", "Not;A=Brand";v="24"`}, {Name: "Sec-CH-UA-Platform", Value: `"Windows"`},
			{Name: "Sec-CH-UA-Full-Version-List", Value: `"Chromium";v="128.0.6613.84", "Not;A=Brand";v="24.0.0.0"`}}
	}
}

// The checks that need no script go on by themselves, by the address in the page.
func TestGoingOnWithoutScript(t *testing.T) {
	for _, kind := range []string{"refresh", "preload", "hints"} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		p := b.offer(ask(kind), b.navigate("GET", "/cart"))
		b.loadEverything(p)
		b.now = b.now.Add(2 * time.Second)
		next := match(p, `http-equiv="refresh" content="2; url=([^"]*)"`)
		if passed := b.serve(b.navigate("GET", next)); passed.Status != 303 || b.held("/") != kind {
			t.Errorf("%s: status %d, outcome %+v, next %q", kind, passed.Status, b.last(), next)
		}
	}
}

func TestQuestionInsteadOfScript(t *testing.T) {
	for _, kind := range []string{"preload", "hints", "proof", "captcha"} {
		for range 20 {
			b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
			b.now = b.now.Add(time.Duration(len(kind)) * time.Millisecond)
			p := b.offer(ask(kind), b.navigate("GET", "/cart"))
			form := solve(t, p)
			form.Set("visit-solution", "")
			form.Set("visit-answer", answer(t, p))
			b.now = b.now.Add(3 * time.Second)
			if passed := b.serve(b.form(prefix+"pass", form.Encode())); passed.Status != 303 || b.held("/") != kind || b.last().Detail != "question" {
				t.Fatalf("%s: status %d, outcome %+v", kind, passed.Status, b.last())
			}
		}
	}
}

func TestCookieEcho(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	p := b.offer(ask("cookie"), b.navigate("GET", "/cart?a=b"))
	if p.Status != 303 || headerOf(p, "Location") != "/cart?a=b" || b.held("/cart") != "cookie" {
		t.Errorf("status %d, %v, held %q", p.Status, p.Header, b.held("/cart"))
	}
	b = newBrowser(t, b.set)
	p = b.offer(ask("cookie"), b.form("/login?next=%2F", "user=a"))
	if p.Status != 307 || headerOf(p, "Location") != "/login?next=%2F" || b.held("/login") != "cookie" {
		t.Errorf("a form: status %d, %v", p.Status, p.Header)
	}
}

func TestCookieAttributes(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{Cookie: "seen_1"}, nil))
	got := headerOf(b.offer(challenge.Ask{Kind: "cookie"}, b.navigate("GET", "/")), "Set-Cookie")
	if !strings.HasPrefix(got, "seen_1=") || !strings.HasSuffix(got, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure") || len(got) > 130 {
		t.Errorf("cookie %q", got)
	}
	b.scheme, b.jar = "http", map[string]string{}
	if got := headerOf(b.offer(ask("cookie"), b.navigate("GET", "/")), "Set-Cookie"); strings.Contains(got, "Secure") {
		t.Errorf("over http: %q", got)
	}
}

func TestRefusals(t *testing.T) {
	cases := []struct {
		name, kind, detail string
		spoil              func(b *browser, p challenge.Page, form map[string][]string)
	}{
		{"no wait", "refresh", "too fast", func(b *browser, _ challenge.Page, _ map[string][]string) { b.now = b.now.Add(-2 * time.Second) }},
		{"nothing loaded", "preload", "nothing was loaded", func(b *browser, _ challenge.Page, _ map[string][]string) { delete(b.jar, "visit-seen") }},
		{"no hints", "hints", "hints missing", func(b *browser, _ challenge.Page, _ map[string][]string) { b.extra = nil }},
		{"other version", "hints", "hints disagree", func(b *browser, _ challenge.Page, _ map[string][]string) {
			b.extra[2].Value = `"Chromium";v="127.0.1.1"`
		}},
		{"other brief version", "hints", "hints disagree", func(b *browser, _ challenge.Page, _ map[string][]string) {
			b.extra[0].Value = `"Chromium";v="127"`
		}},
		{"other platform", "hints", "hints disagree", func(b *browser, _ challenge.Page, _ map[string][]string) { b.extra[1].Value = `"macOS"` }},
		{"nothing computed", "proof", "wrong solution", func(_ *browser, _ challenge.Page, f map[string][]string) { f["visit-solution"] = []string{""} }},
		{"guessed", "proof", "wrong solution", func(_ *browser, _ challenge.Page, f map[string][]string) { f["visit-solution"] = []string{"1"} }},
		{"other spelling", "proof", "wrong solution", func(_ *browser, _ challenge.Page, f map[string][]string) {
			f["visit-solution"] = []string{"0" + f["visit-solution"][0]}
		}},
		{"no captcha", "captcha", "wrong solution", func(_ *browser, _ challenge.Page, f map[string][]string) { f["visit-solution"] = []string{"e30="} }},
		{"wrong answer", "proof", "wrong answer", func(_ *browser, _ challenge.Page, f map[string][]string) { f["visit-answer"] = []string{"99"} }},
		{"quick answer", "captcha", "too fast", func(b *browser, p challenge.Page, f map[string][]string) {
			f["visit-answer"] = []string{answer(b.t, p)}
			b.now = b.now.Add(-time.Second)
		}},
		{"late", "proof", "expired", func(b *browser, _ challenge.Page, _ map[string][]string) { b.now = b.now.Add(16 * time.Minute) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
			p := b.offer(ask(c.kind), b.navigate("GET", "/cart"))
			b.loadEverything(p)
			b.now = b.now.Add(2 * time.Second)
			form := solve(t, p)
			c.spoil(b, p, form)
			again := b.serve(b.form(prefix+"pass", form.Encode()))
			if o := b.last(); again.Status != 403 || o.Result != challenge.Refused || o.Detail != c.detail || o.Check != c.kind || b.held("/") != "" {
				t.Fatalf("status %d, outcome %+v, held %q", again.Status, o, b.held("/"))
			}
			// The new page tells of it, and waits for the visitor: nothing goes round by itself.
			if text := string(again.Body); !strings.Contains(text, "try again") || strings.Contains(text, `http-equiv="refresh"`) ||
				!strings.Contains(text, `data-hold="true"`) {
				t.Errorf("page:\n%s", text)
			}
			if field(again, "visit-check") == field(p, "visit-check") {
				t.Error("the same ticket again")
			}
			b.loadEverything(again)
			b.now = b.now.Add(2 * time.Second)
			if passed := b.serve(b.form(prefix+"pass", solve(t, again).Encode())); headerOf(passed, "Location") != "/cart" {
				t.Errorf("the second time: %+v", b.last())
			}
		})
	}
}

func TestHintsAreSkippedWhereThereAreNone(t *testing.T) {
	for name, change := range map[string]func(b *browser){
		"firefox":   func(b *browser) { b.agent = firefox },
		"http":      func(b *browser) { b.scheme = "http" },
		"web view":  func(b *browser) { b.agent = strings.Replace(chrome, "x64)", "x64; wv)", 1) },
		"old":       func(b *browser) { b.agent = strings.Replace(chrome, "128", "88", 1) },
		"brave":     func(b *browser) { b.extra = []capture.Field{{Name: "Sec-CH-UA", Value: `"Brave";v="128"`}} },
		"no client": func(b *browser) { b.agent = "" },
	} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		change(b)
		p := b.offer(ask("hints"), b.navigate("GET", "/"))
		b.now = b.now.Add(2 * time.Second)
		if passed := b.serve(b.form(prefix+"pass", solve(t, p).Encode())); passed.Status != 303 {
			t.Errorf("%s: %+v", name, b.last())
		}
	}
}

func TestHintsAreInsistedOnOnce(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	p := b.offer(ask("hints"), b.navigate("GET", "/"))
	if headerOf(p, "Critical-CH") != "" || headerOf(p, "Accept-CH") == "" {
		t.Errorf("the first page: %v", p.Header)
	}
	b.now = b.now.Add(2 * time.Second)
	next := match(p, `http-equiv="refresh" content="2; url=([^"]*)"`)
	again := b.serve(b.navigate("GET", next))
	if again.Status != 403 || headerOf(again, "Critical-CH") == "" {
		t.Fatalf("status %d, %v", again.Status, again.Header)
	}
	// The browser repeats the same request by itself, with the hints.
	b.loadEverything(again)
	if passed := b.serve(b.navigate("GET", next)); passed.Status != 303 {
		t.Errorf("repeated: %+v", b.last())
	}
}

func TestProbesNeedARenderer(t *testing.T) {
	for name, change := range map[string]func(h *capture.Request){
		"navigation": func(h *capture.Request) { set(h, "Sec-Fetch-Mode", "navigate"); set(h, "Sec-Fetch-Dest", "document") },
		"fetch":      func(h *capture.Request) { set(h, "Sec-Fetch-Mode", "cors"); set(h, "Sec-Fetch-Dest", "empty") },
		"elsewhere":  func(h *capture.Request) { set(h, "Sec-Fetch-Site", "cross-site") },
		"json":       func(h *capture.Request) { set(h, "Sec-Fetch-Dest", ""); set(h, "Accept", "application/json") },
		"other host": func(h *capture.Request) { h.Host = "other.example" },
		"cut":        func(h *capture.Request) { h.Path = strings.TrimSuffix(h.Path, ".css")[:len(h.Path)-6] + ".css" },
		"head":       func(h *capture.Request) { h.Method = "HEAD" },
	} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		p := b.offer(ask("preload"), b.navigate("GET", "/"))
		h := b.load(match(p, `rel="stylesheet" href="([^"]*)"`), "style")
		change(h)
		b.serve(h)
		if len(b.jar) > 0 {
			t.Errorf("%s counts as a renderer", name)
		}
	}
}

func set(h *capture.Request, name, value string) {
	for i := range h.Header {
		if h.Header[i].Name == name {
			h.Header[i].Value = value
		}
	}
}

// provided stands for a captcha provider.
type provided struct {
	ok  bool
	err error
	got []string
}

func (p *provided) Verify(provider, secret, response string, address netip.Addr) (bool, error) {
	p.got = append(p.got, provider, secret, response, address.String())
	return p.ok, p.err
}

func TestProviders(t *testing.T) {
	for name, host := range map[string]string{"hcaptcha": "https://hcaptcha.com", "turnstile": "https://challenges.cloudflare.com"} {
		config := policy.MitigationConfig{Captcha: policy.CaptchaConfig{Provider: name, SiteKey: "site-1", Secret: "secret-1"}}
		responseField := map[string]string{"hcaptcha": "h-captcha-response", "turnstile": "cf-turnstile-response"}[name]
		for _, c := range []struct {
			verify provided
			result challenge.Result
			detail string
			until  time.Duration
		}{
			{provided{ok: true}, challenge.Passed, "", time.Hour},
			{provided{}, challenge.Refused, "wrong solution", 0},
			{provided{err: errors.New("timeout")}, challenge.Passed, "provider cannot be reached", 10 * time.Minute},
		} {
			b := newBrowser(t, newSet(t, config, &c.verify))
			p := b.offer(ask("captcha"), b.navigate("GET", "/"))
			if csp := headerOf(p, "Content-Security-Policy"); !strings.Contains(csp, "frame-src "+host) || strings.Contains(csp, "%s") {
				t.Errorf("%s: policy %q", name, csp)
			}
			if !strings.Contains(string(p.Body), `data-sitekey="site-1"`) || strings.Contains(string(p.Body), "secret-1") || strings.Contains(string(p.Body), `id="answer"`) {
				t.Errorf("%s: page:\n%s", name, p.Body)
			}
			form := solve(t, p)
			form.Set(responseField, "word")
			b.serve(b.form(prefix+"pass", form.Encode()))
			if o := b.last(); o.Result != c.result || o.Detail != c.detail {
				t.Errorf("%s: outcome %+v", name, o)
			}
			if got := strings.Join(c.verify.got, " "); got != name+" secret-1 word 198.51.100.7" {
				t.Errorf("%s was asked %q", name, got)
			}
			if until := b.set.Held(b.navigate("GET", "/"), b.now).Until; c.until > 0 && !until.Equal(b.now.Add(c.until)) {
				t.Errorf("%s: held until %v", name, until)
			}
		}
		b := newBrowser(t, newSet(t, config, &provided{ok: true}))
		p := b.offer(ask("captcha"), b.navigate("GET", "/"))
		if b.serve(b.form(prefix+"pass", solve(t, p).Encode())); b.last().Result != challenge.Refused {
			t.Errorf("%s: passed without a response", name)
		}
	}
}

func TestKindFollowsTheRating(t *testing.T) {
	s := newSet(t, policy.MitigationConfig{}, nil)
	for rating, want := range map[event.Rating]string{event.Normal: "cookie", event.Suspicious: "proof", event.Malicious: "captcha"} {
		if got := challenge.ForRating(rating); got != want {
			t.Errorf("%v: %q", rating, got)
		}
	}
	b := newBrowser(t, s)
	if p := b.offer(challenge.Ask{Rating: event.Suspicious}, b.navigate("GET", "/")); match(p, `data-bits="([^"]*)"`) != "17" {
		t.Error("no proof for a suspicious visitor")
	}
	if p := b.offer(challenge.Ask{Kind: "second_factor"}, b.navigate("GET", "/")); match(p, `data-challenge="([^"]*)"`) == "" {
		t.Error("no captcha where no second factor is configured")
	}
}

func TestStrength(t *testing.T) {
	kinds := policy.Checks()
	for i, kind := range kinds {
		for j, other := range kinds {
			if got := (challenge.Held{Kind: kind}).Enough(other); got != (i >= j) {
				t.Errorf("%s enough for %s: %v", kind, other, got)
			}
		}
		if (challenge.Held{}).Enough(kind) {
			t.Errorf("nothing is enough for %s", kind)
		}
	}
	if challenge.Strength("magic") != 0 {
		t.Error("an unknown kind has strength")
	}
}

// Who holds a heavier check and loads the page of a lighter one again is sent on.
func TestHeldSolutionsAreNotAskedAgain(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	p := b.offer(ask("proof"), b.navigate("GET", "/cart"))
	form := solve(t, p).Encode()
	b.serve(b.form(prefix+"pass", form))
	if again := b.serve(b.form(prefix+"pass", form)); again.Status != 303 || b.last().Result != "" {
		t.Errorf("a second click: status %d, %+v", again.Status, b.last())
	}
}
