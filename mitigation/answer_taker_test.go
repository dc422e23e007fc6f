package mitigation

import (
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// answerHead is a request from "GET /path" and lines of headers.
func answerHead(line string, headers ...string) *capture.Request {
	method, path, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(path, "?")
	r := &capture.Request{ID: "0190f3a2-1b2c-7abc-8def-0123456789ab", Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Method: method, Scheme: "https",
		Host: "shop.example", Path: path, Query: query}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header = append(r.Header, capture.Field{Name: name, Value: value})
	}
	return r
}

func answerEvent(elements ...string) *event.Event {
	e := &event.Event{ID: "0190f3a2-1b2c-7abc-8def-0123456789ab", Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Spec: "login"}
	for _, element := range elements {
		name, value, _ := strings.Cut(element, "=")
		e.Elements = append(e.Elements, event.Element{Name: name, Value: value})
	}
	return e
}

const pageAccept = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

func TestTaker(t *testing.T) {
	for _, c := range []struct {
		name, line string
		headers    []string
		want       takes
	}{
		{"a browser's page", "GET /", []string{pageAccept, "Sec-Fetch-Dest: document"}, takesHTML},
		{"a browser's form", "POST /login", []string{pageAccept, "Sec-Fetch-Dest: document", "Content-Type: application/x-www-form-urlencoded"}, takesHTML},
		{"a frame", "GET /", []string{"Accept: */*", "Sec-Fetch-Dest: iframe"}, takesHTML},
		{"an old browser", "GET /", []string{pageAccept}, takesHTML},
		{"an old browser's page below /api", "GET /api/docs", []string{pageAccept}, takesHTML},
		{"fetch", "GET /x", []string{"Accept: */*", "Sec-Fetch-Dest: empty"}, takesJSON},
		{"fetch of JSON", "POST /x", []string{"Accept: application/json, text/plain, */*", "Sec-Fetch-Dest: empty"}, takesJSON},
		{"fetch of a piece of a page", "GET /x", []string{"Accept: text/html, */*", "Sec-Fetch-Dest: empty", "X-Requested-With: XMLHttpRequest"}, takesHTML},
		{"jQuery", "GET /x", []string{"Accept: application/json, text/javascript, */*; q=0.01", "X-Requested-With: XMLHttpRequest"}, takesJSON},
		{"curl", "GET /", []string{"Accept: */*", "User-Agent: curl/8.5.0"}, takesJSON},
		{"nothing said", "GET /", nil, takesJSON},
		{"a JSON call", "POST /login", []string{"Content-Type: application/json"}, takesJSON},
		{"a JSON call that takes both", "POST /login", []string{"Content-Type: application/json; charset=utf-8", "Accept: text/html, application/json"}, takesJSON},
		{"both, in an API", "GET /api/v1/users", []string{"Accept: text/html, application/json"}, takesJSON},
		{"both, in a file", "GET /users.JSON", []string{"Accept: text/html, application/json"}, takesJSON},
		{"both, elsewhere", "GET /users", []string{"Accept: text/html, application/json"}, takesHTML},
		{"HTML less", "GET /users", []string{"Accept: text/html;q=0.5, application/json"}, takesJSON},
		{"no HTML", "GET /users", []string{"Accept: text/html;q=0, application/vnd.api+json"}, takesJSON},
		{"GraphQL", "POST /graphql", []string{"Content-Type: application/json", "Accept: application/graphql-response+json, application/json;q=0.9"}, takesJSON},
		{"text", "GET /robots.txt", []string{"Accept: text/plain"}, takesText},
		{"events", "GET /stream", []string{"Accept: text/event-stream"}, takesText},
		{"a picture", "GET /a.png", []string{"Accept: image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Dest: image"}, takesText},
		{"a picture of an old browser", "GET /a.png", []string{"Accept: image/png"}, takesText},
		{"gRPC", "POST /shop.Cart/Add", []string{"Content-Type: application/grpc"}, takesGRPC},
		{"gRPC with a codec", "POST /shop.Cart/Add", []string{"Content-Type: application/grpc+proto"}, takesGRPC},
		{"gRPC-Web", "POST /shop.Cart/Add", []string{"Content-Type: application/grpc-web-text", pageAccept, "Sec-Fetch-Dest: empty"}, takesGRPCWeb},
		{"not gRPC", "POST /", []string{"Content-Type: application/grpcx", "Accept: */*"}, takesJSON},
		{"nonsense", "GET /", []string{"Accept: ;q=,,text/html;q=2, a;b=\"", "Content-Type: ;;"}, takesText},
	} {
		if got := taker(answerHead(c.line, c.headers...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReference(t *testing.T) {
	for _, id := range []event.ID{"0190f3a2-1b2c-7abc-8def-0123456789ab", "00000000-0000-7000-8000-000000000000", "ffffffff-ffff-7fff-bfff-ffffffffffff"} {
		code := Reference(id)
		if len(code) != 14 {
			t.Errorf("%s: %q", id, code)
		}
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " "), strings.ReplaceAll(strings.ReplaceAll(code, "0", "o"), "1", "l")} {
			if prefix, ok := Referenced(typed); !ok || prefix != string(id[:18]) {
				t.Errorf("%q leads to %q, %t, not to %s", typed, prefix, ok, id)
			}
		}
	}
	for _, id := range []event.ID{"", "x", "0190f3a2-1b2c-4abc-8def-0123456789ab"} {
		if code := Reference(id); code != "" {
			t.Errorf("%q has the reference %q", id, code)
		}
	}
	for _, typed := range []string{"", "ABCD", "UUUU-UUUU-UUUU", "0000-0000-0000-0", "0000-0000-000é"} {
		if prefix, ok := Referenced(typed); ok {
			t.Errorf("%q leads to %q", typed, prefix)
		}
	}
}

// FuzzTaker: whatever the headers say, one who asks for JSON alone gets no page, and a page that is shown is one.
func FuzzTaker(f *testing.F) {
	f.Add("text/html;q=0.5, */*", "application/json", "empty", "/api")
	f.Add(";,;q=", "multipart/form-data; boundary", "document", "")
	f.Add("application/json;q=1.0", "application/grpc-web+x", "", "/a.json")
	f.Fuzz(func(t *testing.T, accept, contentType, dest, path string) {
		head := &capture.Request{Method: "POST", Path: path, Header: []capture.Field{{Name: "accept", Value: accept}, {Name: "content-type", Value: contentType},
			{Name: "sec-fetch-dest", Value: dest}}}
		got := taker(head)
		grpc := got == takesGRPC || got == takesGRPCWeb
		if grpc && !strings.Contains(strings.ToLower(contentType), "grpc") {
			t.Errorf("a call of %q is gRPC", contentType)
		}
		if strings.TrimSpace(dest) == "document" && !grpc && got != takesHTML {
			t.Errorf("a page gets %s", got)
		}
		if got == takesHTML && dest == "empty" && !strings.Contains(strings.ToLower(accept), "html") {
			t.Errorf("a call that takes %q gets a page", accept)
		}
		head.Header = append([]capture.Field{{Name: "Accept", Value: "application/json"}}, head.Header[1])
		if got := taker(head); got != takesJSON && !grpc {
			t.Errorf("who takes JSON alone gets %s", got)
		}
	})
}

// FuzzReferenced: what is read as a reference is one.
func FuzzReferenced(f *testing.F) {
	f.Add("068F-78GV-5JNW")
	f.Add("o0il")
	f.Fuzz(func(t *testing.T, typed string) {
		prefix, ok := Referenced(typed)
		if !ok {
			return
		}
		if again, _ := Referenced(Reference(event.ID(prefix + "-8000-000000000000"))); len(prefix) != 18 || again != prefix {
			t.Errorf("%q leads to %q, and that to %q", typed, prefix, again)
		}
	})
}
