package capture_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
)

// compile compiles specs written in YAML.
func compile(t testing.TB, text string) (*capture.Set, document.Problems) {
	t.Helper()
	return compileWith(normaliser(t), text)
}

// compileWith spares tests that compile often the making of a normaliser.
func compileWith(n *element.Normaliser, text string) (*capture.Set, document.Problems) {
	doc, problems := document.Parse("specs.yaml", []byte(text))
	var config capture.Config
	if doc != nil {
		problems = append(problems, doc.Decode(&config)...)
	}
	set, more := capture.Compile(config, n, capture.Knowledge{Locate: locate})
	return set, append(problems, more...)
}

// compileKnowing compiles with other knowledge.
func compileKnowing(t testing.TB, text string, knowledge capture.Knowledge) (*capture.Set, document.Problems) {
	t.Helper()
	doc, problems := document.Parse("specs.yaml", []byte(text))
	var config capture.Config
	if doc != nil {
		problems = append(problems, doc.Decode(&config)...)
	}
	set, more := capture.Compile(config, normaliser(t), knowledge)
	return set, append(problems, more...)
}

// mustCompile compiles specs that must be right.
func mustCompile(t testing.TB, text string) *capture.Set {
	t.Helper()
	set, problems := compile(t, text)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func normaliser(t testing.TB) *element.Normaliser {
	t.Helper()
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return element.NewNormaliser(element.Default(), keys, element.Options{})
}

// locate knows one network.
func locate(a netip.Addr) capture.Place {
	if !netip.MustParsePrefix("203.0.113.0/24").Contains(a) {
		return capture.Place{}
	}
	return capture.Place{Country: "NL", City: "Utrecht", ASN: "64500", Network: "Example Net"}
}

// request makes a request from "POST /path?query" and header lines "Name: value".
func request(line string, body string, header ...string) *capture.Request {
	method, target, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(target, "?")
	return &capture.Request{ID: "0193", Time: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Environment: "production",
		Method: method, Scheme: "https", Host: "shop.example", Path: path, Query: query, Header: fields(header),
		Peer: netip.MustParseAddr("203.0.113.9"), Body: capture.Body{Bytes: []byte(body)}}
}

func response(status int, body string, header ...string) *capture.Response {
	return &capture.Response{Status: status, Header: fields(header), Body: capture.Body{Bytes: []byte(body)},
		Duration: 12 * time.Millisecond}
}

func fields(lines []string) []capture.Field {
	var list []capture.Field
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		list = append(list, capture.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return list
}

// observe matches and makes the event; an event with an empty spec when nothing matches.
func observe(set *capture.Set, r *capture.Request, resp *capture.Response) event.Event {
	spec := set.Match(r)
	if spec == nil {
		return event.Event{}
	}
	return spec.Exchange(r, resp)
}

// values are the shown texts of an event's elements of a name.
func values(e event.Event, name string) []string {
	var list []string
	for i := range e.Elements {
		if e.Elements[i].Name == name {
			list = append(list, e.Elements[i].Value)
		}
	}
	return list
}

func hasIssue(e event.Event, code, element string) bool {
	for _, issue := range e.Issues {
		if issue.Code == code && issue.Element == element {
			return true
		}
	}
	return false
}

const form = "Content-Type: application/x-www-form-urlencoded"
const jsonType = "Content-Type: application/json"
