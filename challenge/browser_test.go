package challenge_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"math/bits"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

const (
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
	prefix  = "/.well-known/visit/"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func start() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func newSet(t testing.TB, c policy.MitigationConfig, verify challenge.Verifier, earlier ...[]byte) *challenge.Set {
	t.Helper()
	s, problems := challenge.New(key(1), c, verify, earlier...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

// browser does what a browser does with our answers: it keeps cookies, follows redirects and submits forms.
type browser struct {
	t       testing.TB
	set     *challenge.Set
	agent   string
	host    string
	scheme  string
	ja4     string
	peer    netip.Addr
	extra   []capture.Field
	jar     map[string]string
	now     time.Time
	results []challenge.Outcome
}

func newBrowser(t testing.TB, s *challenge.Set) *browser {
	return &browser{t: t, set: s, agent: chrome, host: "shop.example", scheme: "https", ja4: "t13d1516h2_8daaf6152771_02713d6af862",
		peer: netip.MustParseAddr("198.51.100.7"), jar: map[string]string{}, now: start()}
}

// navigate is the head of a navigation.
func (b *browser) navigate(method, target string) *capture.Request {
	path, query, _ := strings.Cut(target, "?")
	h := &capture.Request{ID: "0195", Time: b.now, Method: method, Scheme: b.scheme, Host: b.host, Path: path, Query: query, Peer: b.peer,
		Connection: capture.Connection{JA4: b.ja4},
		Header: []capture.Field{{Name: "User-Agent", Value: b.agent}, {Name: "Accept", Value: "text/html,application/xhtml+xml,*/*;q=0.8"},
			{Name: "Sec-Fetch-Mode", Value: "navigate"}, {Name: "Sec-Fetch-Dest", Value: "document"}, {Name: "Sec-Fetch-Site", Value: "same-origin"}}}
	h.Header = append(h.Header, b.extra...)
	return b.withCookies(h)
}

func (b *browser) withCookies(h *capture.Request) *capture.Request {
	var pairs []string
	for name, value := range b.jar {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) > 0 {
		h.Header = append(h.Header, capture.Field{Name: "Cookie", Value: strings.Join(pairs, "; ")})
	}
	return h
}

// load is the head of what a page loads.
func (b *browser) load(target, dest string) *capture.Request {
	h := b.navigate("GET", target)
	for i, f := range h.Header {
		switch f.Name {
		case "Sec-Fetch-Mode":
			h.Header[i].Value = "no-cors"
		case "Sec-Fetch-Dest":
			h.Header[i].Value = dest
		case "Accept":
			h.Header[i].Value = "*/*"
		}
	}
	return h
}

func (b *browser) form(target string, body string) *capture.Request {
	h := b.navigate("POST", target)
	h.Header = append(h.Header, capture.Field{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
		capture.Field{Name: "Content-Length", Value: strconv.Itoa(len(body))})
	h.Body.Bytes = []byte(body)
	return h
}

func (b *browser) keep(p challenge.Page) challenge.Page {
	for _, f := range p.Header {
		if f.Name == "Set-Cookie" {
			b.keepCookie(f.Value)
		}
	}
	return p
}

func (b *browser) keepCookie(setCookie string) {
	pair, _, _ := strings.Cut(setCookie, ";")
	name, value, _ := strings.Cut(pair, "=")
	b.jar[name] = value
}

func (b *browser) offer(a challenge.Ask, head *capture.Request) challenge.Page {
	b.t.Helper()
	p, ok := b.set.Offer(a, head, b.now)
	if !ok {
		b.t.Fatal("not askable")
	}
	return b.keep(p)
}

func (b *browser) serve(head *capture.Request) challenge.Page {
	p, o := b.set.Serve(head, head.Body.Bytes, b.now)
	b.results = append(b.results, o)
	return b.keep(p)
}

func (b *browser) last() challenge.Outcome {
	b.t.Helper()
	if len(b.results) == 0 {
		b.t.Fatal("nothing was answered")
	}
	return b.results[len(b.results)-1]
}

func (b *browser) held(target string) string {
	return b.set.Held(b.navigate("GET", target), b.now).Kind
}

// field is a form field's value in a page.
func field(p challenge.Page, name string) string {
	return match(p, `name="`+regexp.QuoteMeta(name)+`"[^>]* value="([^"]*)"`)
}

func match(p challenge.Page, pattern string) string {
	m := regexp.MustCompile(pattern).FindSubmatch(p.Body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(string(m[1]))
}

func headerOf(p challenge.Page, name string) string {
	for _, f := range p.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// solve is what the page's script and its visitor make of a page: the fields of its form.
func solve(t testing.TB, p challenge.Page) url.Values {
	t.Helper()
	form := url.Values{"visit-check": {field(p, "visit-check")}, "visit-solution": {""}}
	if form.Get("visit-check") == "" {
		t.Fatalf("no ticket in page:\n%s", p.Body)
	}
	if sealed := field(p, "visit-body"); sealed != "" {
		form.Set("visit-body", sealed)
	}
	if prefix := match(p, `data-prefix="([^"]*)"`); prefix != "" {
		difficulty, err := strconv.Atoi(match(p, `data-bits="([^"]*)"`))
		if err != nil {
			t.Fatal(err)
		}
		form.Set("visit-solution", prove(prefix, difficulty))
	}
	if c := match(p, `data-challenge="([^"]*)"`); c != "" {
		form.Set("visit-solution", altcha(t, c))
	}
	return form
}

// encode is a form as a browser sends it: its fields in the page's order.
func encode(form url.Values) string {
	var b strings.Builder
	for i, name := range []string{"visit-check", "visit-solution", "visit-answer", "visit-body"} {
		if form.Has(name) {
			b.WriteString(strings.Repeat("&", min(i, 1)) + name + "=" + url.QueryEscape(form.Get(name)))
		}
	}
	return b.String()
}

func prove(prefix string, difficulty int) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256([]byte(prefix + strconv.Itoa(n)))
		zero := 0
		for _, b := range sum {
			zero += bits.LeadingZeros8(b)
			if b != 0 {
				break
			}
		}
		if zero >= difficulty {
			return strconv.Itoa(n)
		}
	}
}

func altcha(t testing.TB, text string) string {
	t.Helper()
	var c struct {
		Algorithm string `json:"algorithm"`
		Challenge string `json:"challenge"`
		MaxNumber int    `json:"maxnumber"`
		Salt      string `json:"salt"`
		Signature string `json:"signature"`
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	for n := 0; n <= c.MaxNumber; n++ {
		sum := sha256.Sum256([]byte(c.Salt + strconv.Itoa(n)))
		if hex.EncodeToString(sum[:]) == c.Challenge {
			payload, err := json.Marshal(map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "number": n, "salt": c.Salt, "signature": c.Signature, "took": 12})
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(payload)
		}
	}
	t.Fatal("no number solves the captcha")
	return ""
}

// answer reads a page's question as a person does.
func answer(t testing.TB, p challenge.Page) string {
	t.Helper()
	q := match(p, `<label for="answer">([^<]*)</label>`)
	names := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen")
	var found []int
	for _, word := range regexp.MustCompile(`[a-z]+`).FindAllString(strings.ToLower(q), -1) {
		for n, name := range names {
			if word == name {
				found = append(found, n)
			}
		}
	}
	sum := 0
	switch {
	case strings.Contains(q, "minus") && len(found) == 2:
		return strconv.Itoa(found[0] - found[1])
	case strings.Contains(q, "largest") && len(found) == 3:
		return names[max(found[0], found[1], found[2])]
	case len(found) == 2:
		sum = found[0] + found[1]
		return strconv.Itoa(sum)
	}
	t.Fatalf("nobody understands %q", q)
	return ""
}

func ask(kind string) challenge.Ask { return challenge.Ask{Kind: kind, Valid: time.Hour} }

func rated(kind string, r event.Rating) challenge.Ask {
	return challenge.Ask{Kind: kind, Rating: r, Valid: time.Hour}
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
