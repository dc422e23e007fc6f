package mitigation

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"wayguard/event"
	"wayguard/http1"
	"wayguard/policy"
)

var updateAnswers = flag.Bool("update-answers", false, "write the golden answers anew")

// visitors are one of each form.
func visitors() map[string][]string {
	return map[string][]string{
		"html": {pageAccept, "Sec-Fetch-Dest: document"}, "json": {"Accept: application/json"}, "text": {"Accept: text/plain"},
		"grpc": {"Content-Type: application/grpc+proto"}, "grpc-web": {"Content-Type: application/grpc-web+proto"},
	}
}

func answerText(a *Answer) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d drop=%t feigned=%t after=%s\n", a.Status, a.Drop, a.Feigned, a.After)
	for _, f := range a.Header {
		fmt.Fprintf(&out, "%s: %s\n", f.Name, f.Value)
	}
	fmt.Fprintf(&out, "\n%s", a.Body)
	for _, f := range a.Trailer {
		fmt.Fprintf(&out, "trailer %s: %s\n", f.Name, f.Value)
	}
	return out.String()
}

// TestGoldenAnswers: what each kind of visitor gets where the operator says nothing.
func TestGoldenAnswers(t *testing.T) {
	for _, kind := range []event.ActionKind{event.Block, event.Maintenance, event.RateLimit} {
		for form, headers := range visitors() {
			o := occasion{head: answerHead("POST /x", headers...), event: answerEvent(), because: "bad"}
			wait := kind == event.RateLimit
			answer := o.refusal(&policy.ActionConfig{Name: "a", Kind: kind}, map[bool]time.Duration{true: 1500 * time.Millisecond}[wait])
			path := filepath.Join("testdata", "answers", string(kind)+"."+form+".txt")
			if *updateAnswers {
				if err := os.WriteFile(path, []byte(answerText(answer)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := answerText(answer); got != string(want) {
				t.Errorf("%s for %s:\n%s\nwant\n%s", kind, form, got, want)
			}
		}
	}
}

// TestDefaultPage: the page is readable by everybody, needs nothing from outside and names nobody.
func TestDefaultPage(t *testing.T) {
	for _, kind := range []event.ActionKind{event.Block, event.Maintenance, event.RateLimit} {
		o := occasion{head: answerHead("GET /", pageAccept), event: answerEvent()}
		answer := o.refusal(&policy.ActionConfig{Kind: kind}, 0)
		page := strings.ToLower(string(answer.Body))
		for _, wanted := range []string{"<!doctype html>", `<html lang="en">`, "<main>", "<title>", "viewport", "prefers-color-scheme", strings.ToLower(Reference(o.event.ID))} {
			if !strings.Contains(page, wanted) {
				t.Errorf("%s: the page lacks %q", kind, wanted)
			}
		}
		for _, unwanted := range []string{"http", "src=", "href=", "url(", "<script", "wayguard", "{", "style="} {
			// The style sheet's own braces are the only ones.
			style, rest := page[strings.Index(page, "<style>"):strings.Index(page, "</style>")], ""
			rest = strings.Replace(page, style, "", 1)
			if strings.Contains(rest, unwanted) || unwanted != "{" && strings.Contains(style, unwanted) {
				t.Errorf("%s: the page has %q", kind, unwanted)
			}
		}
		if _, err := html.Parse(strings.NewReader(page)); err != nil {
			t.Error(err)
		}
	}
}

// hostileWord tries to get out of every place that a word is put in.
const hostileWord = "a\"'<script>&\\\r\n\u2028{time}é</style>%41"

func TestWordsAreEscaped(t *testing.T) {
	o := occasion{event: answerEvent("username=" + hostileWord), because: "bad"}
	fill := func(line string, a policy.ActionConfig, headers ...string) *Answer {
		o.head = answerHead(line, headers...)
		a.Kind = event.Block
		return o.refusal(&a, 0)
	}
	pages := map[string]string{"html": `<p title="{el.username}">{el.username}</p><script>x='{el.username}'</script>`, "json": `{"user":"{el.username}","at":"{time}"}`,
		"text": "user {el.username}.", "grpc": "user {el.username}"}
	for form, headers := range visitors() {
		answer := fill("POST /x", policy.ActionConfig{Pages: pages}, headers...)
		body := string(answer.Body)
		switch form {
		case "html":
			if strings.Count(body, "<") != 4 || strings.Contains(body, "&<") || strings.Contains(body, `\`) || strings.ContainsAny(body, "\r\n") {
				t.Errorf("html: %s", body)
			}
		case "json":
			var read struct{ User, At string }
			if err := json.Unmarshal(answer.Body, &read); err != nil || read.User != hostileWord || read.At != "2026-03-04T05:06:07Z" {
				t.Errorf("json: %s, %v", body, err)
			}
		case "text":
			if strings.ContainsAny(body, "\r\n") {
				t.Errorf("text: %q", body)
			}
		default:
			for _, f := range append(answer.Trailer, answer.Header...) {
				if f.Name == "grpc-message" && (strings.ContainsAny(f.Value, "\r\né") || !strings.Contains(f.Value, "%C3%A9") || !strings.Contains(f.Value, "%2541")) {
					t.Errorf("%s: %q", form, f.Value)
				}
			}
		}
	}
	for contentType, want := range map[string]string{"application/problem+json": `a\"b`, "text/plain; charset=utf-8": `a"b`, "text/html": "a&#x22;b", "application/xml": "a&#x22;b", "": `a"b`} {
		o.event = answerEvent(`username=a"b`)
		if answer := fill("GET /x", policy.ActionConfig{Body: "{el.username}", ContentType: contentType}); string(answer.Body) != want {
			t.Errorf("%q: %s", contentType, answer.Body)
		}
	}
	o.event = answerEvent("username=" + hostileWord)
	answer := fill("GET /x", policy.ActionConfig{Headers: map[string]string{"X-User": "u {el.username}", "Cache-Control": "private", "bad name": "x", "X-None": "{el.nothing}"}})
	text := answerText(answer)
	if strings.Contains(text, "no-store") || !strings.Contains(text, "Cache-Control: private\n") || strings.Contains(text, "bad name") ||
		!strings.Contains(text, "X-User: u a\"'<script>&\\%0D%0A%E2%80%A8{time}%C3%A9</style>%41\n") || !strings.Contains(text, "X-None: \n") {
		t.Errorf("headers: %s", text)
	}
}

func TestBodyIsForAll(t *testing.T) {
	for form, headers := range visitors() {
		o := occasion{head: answerHead("GET /x", headers...), because: "bad"}
		answer := o.refusal(&policy.ActionConfig{Kind: event.Block, Status: 418, Body: "no {label}, {{label}}", ContentType: "text/plain"}, 0)
		grpc := form == "grpc" || form == "grpc-web"
		if !grpc && (answer.Status != 418 || string(answer.Body) != "no bad, {label}" || answer.Header[0].Value != "text/plain") || grpc && (answer.Status != 200 || len(answer.Body) > 0) {
			t.Errorf("%s: %s", form, answerText(answer))
		}
		empty := o.refusal(&policy.ActionConfig{Kind: event.Block, Status: 204}, 0)
		if !grpc && (len(empty.Body) > 0 || strings.Contains(answerText(empty), "Content-Type")) {
			t.Errorf("%s: %s", form, answerText(empty))
		}
	}
	long := occasion{head: answerHead("GET /x"), event: answerEvent("username=" + strings.Repeat("é", 4000))}
	if word, ok := long.word("el.username"); !ok || len(word) > longestWord || strings.ContainsRune(word, '\uFFFD') {
		t.Errorf("a long word has %d bytes", len(word))
	}
	odd := occasion{head: answerHead("POST /x", "Content-Type: application/grpc+<script>")}
	if answer := odd.refusal(&policy.ActionConfig{Kind: event.Block}, 0); answer.Header[0].Value != "application/grpc" {
		t.Errorf("%s", answerText(answer))
	}
}

func TestRedirect(t *testing.T) {
	browser := []string{pageAccept, "Sec-Fetch-Dest: document"}
	for _, c := range []struct {
		name, line, location string
		status               int
		headers              []string
		want                 string // status and location, or why not
	}{
		{"a page", "GET /x", "/help", 0, browser, "302 /help"},
		{"with a status", "POST /x", "https://other.example/help?ref={reference}", 303, browser, "303 https://other.example/help?ref=068F-78GV-5JNW"},
		{"a word stays a word", "GET /x", "/help/{el.username}?u={el.username}", 307, browser, "307 /help/%2F%2Fevil.example%2F%3Fa%3D%26%20b%5C%0D%0A?u=%2F%2Fevil.example%2F%3Fa%3D%26%20b%5C%0D%0A"},
		{"a word alone", "GET /x", "/{el.username}", 308, browser, "308 /%2F%2Fevil.example%2F%3Fa%3D%26%20b%5C%0D%0A"},
		{"a word as the address", "GET /x", "{el.username}", 0, browser, "the location is no address that a visitor can be sent to"},
		{"a word in the host", "GET /x", "https://{el.username}.example/", 0, browser, "the location is no address that a visitor can be sent to"},
		{"a word as the host", "GET /x", "//{el.username}/", 0, browser, "the location is no address that a visitor can be sent to"},
		{"another scheme", "GET /x", "javascript:alert(1)", 0, browser, "the location is no address that a visitor can be sent to"},
		{"nothing", "GET /x", "", 0, browser, "the location is no address that a visitor can be sent to"},
		{"in a circle", "GET /help?x=1", "/help", 0, browser, "the visitor is already there"},
		{"in a circle by name", "GET /", "https://SHOP.example", 0, browser, "the visitor is already there"},
		{"the same path elsewhere", "GET /help", "https://other.example/help", 0, browser, "302 https://other.example/help"},
		{"a program", "GET /x", "/help", 0, []string{"Accept: application/json"}, `403 {"type":"about:blank","title":"Forbidden","status":403,"detail":"Please continue at the location given.","location":"/help","reference":"068F-78GV-5JNW","time":"2026-03-04T05:06:07Z"}`},
		{"gRPC", "POST /x", "/help", 0, []string{"Content-Type: application/grpc"}, "200 7"},
	} {
		o := occasion{head: answerHead(c.line, c.headers...), event: answerEvent("username=//evil.example/?a=& b\\\r\n")}
		answer, why := o.redirect(&policy.ActionConfig{Kind: event.Redirect, Location: c.location, Status: c.status})
		got := why
		if answer != nil {
			got = fmt.Sprint(answer.Status, " ", strings.TrimSpace(string(answer.Body)))
			for _, f := range append(answer.Header, answer.Trailer...) {
				if f.Name == "Location" || f.Name == "grpc-status" {
					got += f.Value
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// FuzzLocation: no word decides to which host a visitor is sent, nor writes a header.
func FuzzLocation(f *testing.F) {
	for _, word := range []string{"//evil.example", "\\evil", "@evil.example", "..", "\r\nSet-Cookie: a=b", "?#", "%2f%2f", "javascript:", ""} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		o := occasion{head: answerHead("GET /x"), event: answerEvent("username=" + word), because: word}
		for template, host := range map[string]string{"/{el.username}": "", "/a/{label}?b={el.username}#{label}": "", "https://shop.example/{el.username}/{label}": "shop.example",
			"https://shop.example?{label}": "shop.example", "https://{label}/": "none", "{label}": "none", "https:{label}": "none"} {
			location, ok := o.location(template)
			parsed, err := url.Parse(location)
			if ok && (host == "none" || err != nil || parsed.Host != host || parsed.User != nil || strings.HasPrefix(location, "//") || strings.ContainsAny(location, "\r\n\\ ")) {
				t.Errorf("%q with %q leads to %q", template, word, location)
			}
		}
	})
}

// FuzzWords: a word stays inside the string, the text or the line that it is put in.
func FuzzWords(f *testing.F) {
	f.Add(hostileWord)
	f.Add("\xff\u2029")
	f.Fuzz(func(t *testing.T, word string) {
		var text string
		if err := json.Unmarshal([]byte(`"`+jsonWord(word)+`"`), &text); err != nil || text != word && utf8.ValidString(word) {
			t.Errorf("JSON: %q became %q, %v", word, text, err)
		}
		if escaped := htmlWord(word); strings.ContainsAny(escaped, "<>\"'`=\\\r\n") {
			t.Errorf("HTML: %q became %q", word, escaped)
		}
		if !http1.ValidValue(strings.TrimSpace(headerWord(word))) || !http1.ValidValue(strings.TrimSpace(statusWord(word))) {
			t.Errorf("header: %q became %q", word, headerWord(word))
		}
		if strings.ContainsAny(textWord(word), "\r\n\x00") {
			t.Errorf("text: %q became %q", word, textWord(word))
		}
	})
}
