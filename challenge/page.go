package challenge

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"wayguard/capture"
)

//go:embed pages/page.html
var pageText string

//go:embed pages/page.css
var styleText string

//go:embed pages/solve.js
var solveScript []byte

//go:embed pages/check.js
var checkScript []byte

// view is what the page's template is given.
type view struct {
	Title, Text, Note, NoScript string
	Style                       template.CSS
	// Path begins our own paths; Action is where the form is sent (empty: to the page's own address, spelled as the browser has it), Next
	// where the page goes by itself.
	Path, Action, Next string
	Names              names
	Ticket, Sealed     string
	// Mode is what the script does: "wait", "proof" or "captcha"; empty: there is none. Hold keeps the page from going on by itself.
	Mode string
	Hold bool
	// Sheet and Picture are the probes of the preload check.
	Sheet, Picture string
	Proof          *proofView
	Captcha        string
	Provider       *provider
	Question       string
	// Open shows the question at once, not behind a line of text.
	Open   bool
	Button bool
	Link   *link
}

type proofView struct {
	Prefix string
	Bits   int
}

type link struct {
	Address, Text string
	// Tab opens another tab.
	Tab bool
}

// names are those of a form's fields. The check's is the first one, so that a form that comes back is known by its first bytes.
type names struct{ Check, Solution, Answer, Body string }

func namesFor(cookie string) names {
	return names{Check: cookie + "-check", Solution: cookie + "-solution", Answer: cookie + "-answer", Body: cookie + "-body"}
}

// provider is a captcha of another company: the only outside asset of any page.
type provider struct {
	name, SiteKey, secret string
	Script, Class         string
	// field is the form field with the response, policy what the page's policy must allow.
	field, policy string
}

// providerFor is the provider of a name; nil for the built-in one.
func providerFor(name, siteKey, secret string) *provider {
	switch name {
	case "hcaptcha":
		const hosts = "https://hcaptcha.com https://*.hcaptcha.com"
		return &provider{name: name, SiteKey: siteKey, secret: secret, Script: "https://js.hcaptcha.com/1/api.js", Class: "h-captcha",
			field: "h-captcha-response", policy: "; script-src 'self' " + hosts + "; frame-src " + hosts + "; connect-src " + hosts + "; style-src 'self' %s " + hosts}
	case "turnstile":
		const host = "https://challenges.cloudflare.com"
		return &provider{name: name, SiteKey: siteKey, secret: secret, Script: host + "/turnstile/v0/api.js", Class: "cf-turnstile",
			field: "cf-turnstile-response", policy: "; script-src 'self' " + host + "; frame-src " + host + "; style-src 'self' %s"}
	}
	return nil
}

// pages makes the pages; it does not change.
type pages struct {
	page  *template.Template
	style string // the style's source in a Content-Security-Policy
}

func newPages() (*pages, error) {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("page of a check: %w", err)
	}
	sum := sha256.Sum256([]byte(styleText))
	return &pages{page: page, style: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"}, nil
}

// render makes a page. Its policy allows what the page needs and nothing else. It says nothing of form-action: browsers hold redirects
// to it too, and where the application sends a visitor after the form is not ours to forbid.
func (p *pages) render(v view) Page {
	v.Style = template.CSS(styleText)
	var body bytes.Buffer
	if err := p.page.Execute(&body, v); err != nil {
		return plain(500, "The page cannot be shown.")
	}
	rest := "; script-src 'self'; style-src 'self' " + p.style
	if v.Provider != nil {
		rest = strings.ReplaceAll(v.Provider.policy, "%s", p.style)
	}
	policy := "default-src 'none'; img-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'self'" + rest
	return Page{Status: 403, Body: body.Bytes(), Header: ours("text/html; charset=utf-8", capture.Field{Name: "Content-Security-Policy", Value: policy},
		capture.Field{Name: "Referrer-Policy", Value: "same-origin"})}
}

// ours are the header fields of every answer of our own that nobody may keep.
func ours(contentType string, more ...capture.Field) []capture.Field {
	return append([]capture.Field{{Name: "Content-Type", Value: contentType}, {Name: "Cache-Control", Value: "no-store"},
		{Name: "X-Robots-Tag", Value: "noindex, nofollow"}, {Name: "X-Content-Type-Options", Value: "nosniff"}}, more...)
}

// plain is an answer of one line of text.
func plain(status int, text string) Page {
	return Page{Status: status, Header: ours("text/plain; charset=utf-8"), Body: []byte(text + "\n")}
}

// redirect sends a visitor on; a setCookie that is empty sets none.
func redirect(status int, location, setCookie string) Page {
	header := []capture.Field{{Name: "Location", Value: location}, {Name: "Cache-Control", Value: "no-store"}, {Name: "X-Robots-Tag", Value: "noindex, nofollow"}}
	if setCookie != "" {
		header = append(header, capture.Field{Name: "Set-Cookie", Value: setCookie})
	}
	return Page{Status: status, Header: header}
}

// problem is what a program gets: RFC 9457, with the check and where a person could pass it.
func problem(check, address string) Page {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Check  string `json:"check"`
		URL    string `json:"url"`
	}{"check_required", "A check must be passed in a browser first.", 403, check, address})
	if err != nil {
		return plain(403, "A check must be passed in a browser first.")
	}
	return Page{Status: 403, Header: ours("application/problem+json"), Body: append(body, '\n')}
}

// permissionDenied is gRPC's status code for who may not, as he is.
const permissionDenied = 7

// grpc is a status for gRPC; the web's kind of it has its trailers in the body.
func grpc(contentType string, web bool) Page {
	const message = "a check must be passed in a browser first"
	p := Page{Status: 200, Header: []capture.Field{{Name: "Content-Type", Value: contentType}, {Name: "Cache-Control", Value: "no-store"}}}
	if !web {
		p.Trailer = []capture.Field{{Name: "grpc-status", Value: strconv.Itoa(permissionDenied)}, {Name: "grpc-message", Value: message}}
		return p
	}
	trailer := fmt.Sprintf("grpc-status:%d\r\ngrpc-message:%s\r\n", permissionDenied, message)
	p.Body = append([]byte{0x80, 0, 0, 0, byte(len(trailer))}, trailer...)
	if strings.HasPrefix(contentType, "application/grpc-web-text") {
		p.Body = []byte(base64.StdEncoding.EncodeToString(p.Body))
	}
	return p
}
