package mitigation

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/http1"
	"wayguard/policy"
)

//go:embed answer_page.html
var pageHTML string

//go:embed answer_page.css
var pageCSS string

// The numbers of gRPC's statuses.
const (
	grpcPermissionDenied  = 7
	grpcResourceExhausted = 8
	grpcUnavailable       = 14
)

// maintenanceRetry is after how long a visitor is asked to come back from maintenance, in seconds.
const maintenanceRetry = 120

// message is what a refusal says, where the operator says nothing.
type message struct {
	title, text, advice string
	grpc                int
	status              int
}

func messageOf(kind event.ActionKind) message {
	switch kind {
	case event.Maintenance:
		return message{"Back soon", "This part of the site is being worked on.", "Please try again in a few minutes.", grpcUnavailable, policy.DefaultMaintenanceStatus}
	case event.RateLimit:
		return message{"Too many requests", "There were more requests than this site answers in so short a time.", "Please wait a moment and try again.",
			grpcResourceExhausted, policy.DefaultLimitStatus}
	}
	return message{"This request was not accepted", "The site could not accept this request.",
		"If you think that this is a mistake, please contact the site's support and quote the reference below.", grpcPermissionDenied, policy.DefaultBlockStatus}
}

// refusal is the answer of block, maintenance and rate_limit, in the form that the visitor takes; wait, when it is more than 0, is when
// to come back.
func (o *occasion) refusal(a *policy.ActionConfig, wait time.Duration) *Answer {
	m := messageOf(a.Kind)
	m.status = cmp.Or(a.Status, m.status)
	form := taker(o.head)
	answer := &Answer{Status: m.status}
	switch {
	case form == takesGRPC, form == takesGRPCWeb:
		answer = o.grpcAnswer(form, m, a.Pages["grpc"])
	case !hollow(m.status):
		answer.Header, answer.Body = o.page(form, m, a)
	}
	if seconds := retryAfter(a.Kind, wait); seconds > 0 && answer.Status != 200 {
		answer.Header = append(answer.Header, capture.Field{Name: "Retry-After", Value: strconv.Itoa(seconds)})
	}
	answer.Header = withFields(append(answer.Header, capture.Field{Name: "Cache-Control", Value: "no-store"}), o.fields(a.Headers))
	return answer
}

func retryAfter(kind event.ActionKind, wait time.Duration) int {
	if wait > 0 {
		return int((wait + time.Second - 1) / time.Second)
	}
	if kind == event.Maintenance {
		return maintenanceRetry
	}
	return 0
}

// hollow are the statuses whose answers have no body.
func hollow(status int) bool { return status == 204 || status == 205 || status == 304 }

// page is the content of a refusal, and the headers that belong to it.
func (o *occasion) page(form takes, m message, a *policy.ActionConfig) ([]capture.Field, []byte) {
	own := a.Pages[string(form)]
	switch {
	case a.Body != "":
		contentType := cmp.Or(a.ContentType, policy.DefaultContentType)
		return contentOf(contentType), []byte(o.fill(a.Body, escapeFor(contentType)))
	case form == takesHTML && own != "":
		return contentOf("text/html; charset=utf-8"), []byte(o.fill(own, htmlWord))
	case form == takesHTML:
		return append(contentOf("text/html; charset=utf-8"), capture.Field{Name: "Content-Security-Policy", Value: pagePolicy()},
			capture.Field{Name: "Referrer-Policy", Value: "no-referrer"}), []byte(o.fill(pageOf(m), htmlWord))
	case form == takesJSON && own != "":
		return contentOf("application/json"), []byte(o.fill(own, jsonWord))
	case form == takesJSON:
		return contentOf("application/problem+json"), o.problem(m, "")
	case own != "":
		return contentOf(policy.DefaultContentType), []byte(o.fill(own, textWord))
	}
	text := m.title + ". " + m.text + " " + m.advice + "\nReference: {reference}\nTime: {time}\n"
	return contentOf(policy.DefaultContentType), []byte(o.fill(text, textWord))
}

func contentOf(contentType string) []capture.Field {
	return []capture.Field{{Name: "Content-Type", Value: contentType}, {Name: "X-Content-Type-Options", Value: "nosniff"}}
}

// escapeFor is how words are put in a body of that type.
func escapeFor(contentType string) func(string) string {
	switch kind := mediaType(contentType); {
	case isJSON(kind):
		return jsonWord
	case kind == "text/plain":
		return textWord
	}
	return htmlWord // what is not known may be looked at as a page
}

// pageOf is the default page, with its placeholders still in it.
func pageOf(m message) string {
	return strings.NewReplacer("{{title}}", m.title, "{{text}}", m.text, "{{advice}}", m.advice, "{{style}}", pageCSS).Replace(pageHTML)
}

// pagePolicy is a Content-Security-Policy under which the default page can do nothing but be read.
func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// problem is a problem document (RFC 9457), whose title is the status's, as it has no type of its own; location, when there is one, is where the visitor should go instead.
func (o *occasion) problem(m message, location string) []byte {
	text := `{"type":"about:blank","title":"` + jsonWord(http1.ReasonPhrase(m.status)) + `","status":` + strconv.Itoa(m.status) + `,"detail":"` + jsonWord(m.text) + `"`
	if location != "" {
		text += `,"location":"` + jsonWord(location) + `"`
	}
	text += `,"reference":"` + jsonWord(o.reference()) + `","time":"` + o.head.Time.UTC().Format(time.RFC3339) + `"}`
	return []byte(text + "\n")
}

// grpcAnswer is a call's end without a message. In gRPC the status is in the trailer, in gRPC-Web, when there is nothing else, in the
// header. Either way it is HTTP's 200.
func (o *occasion) grpcAnswer(form takes, m message, own string) *Answer {
	text := m.text + " (" + o.reference() + ")"
	if own != "" {
		text = o.fill(own, textWord)
	}
	status := []capture.Field{{Name: "grpc-status", Value: strconv.Itoa(m.grpc)}, {Name: "grpc-message", Value: statusWord(text)}}
	answer := &Answer{Status: 200, Header: []capture.Field{{Name: "Content-Type", Value: grpcType(header(o.head, "Content-Type"))}}}
	if form == takesGRPCWeb {
		answer.Header = append(answer.Header, status...)
	} else {
		answer.Trailer = status
	}
	return answer
}

// grpcType is the content type of a call's answer: that of the call, as far as it is one of those that there are.
func grpcType(contentType string) string {
	kind := mediaType(contentType)
	if strings.ContainsFunc(kind, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-+./", r) }) || len(kind) > 60 {
		return "application/grpc"
	}
	return strings.Clone(kind)
}

// withFields sets headers of the operator's: they replace those of the same name.
func withFields(fields, set []capture.Field) []capture.Field {
	for _, own := range set {
		fields = slices.DeleteFunc(fields, func(f capture.Field) bool { return strings.EqualFold(f.Name, own.Name) })
	}
	return append(fields, set...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
