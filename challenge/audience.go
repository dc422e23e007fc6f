package challenge

import (
	"strings"

	"wayguard/capture"
)

// audience is who reads an answer.
type audience uint8

const (
	// program is everything that reads no page: scripts in pages, API clients, pictures, WebSockets.
	program audience = iota
	// person is a navigation: its answer is shown.
	person
	grpcClient
	grpcWeb
)

// audienceOf says who reads the answer to a request. In doubt it is a program: a page in place of JSON breaks an application, a refusal
// in place of a page is at least understood.
func audienceOf(head *capture.Request) audience {
	contentType := strings.ToLower(header(head, "Content-Type"))
	switch {
	case strings.HasPrefix(contentType, "application/grpc-web"):
		return grpcWeb
	case strings.HasPrefix(contentType, "application/grpc"):
		return grpcClient
	case head.Method != "GET" && head.Method != "HEAD" && head.Method != "POST",
		header(head, "Upgrade") != "", header(head, "X-Requested-With") != "",
		head.Method == "POST" && contentType != "" && formType(head) == "":
		return program
	}
	if mode := header(head, "Sec-Fetch-Mode"); mode != "" {
		return fetched(mode, header(head, "Sec-Fetch-Dest"), header(head, "Sec-Fetch-Site"))
	}
	if takesPages(header(head, "Accept")) {
		return person
	}
	return program
}

// fetched says who reads what a browser fetches in its own words (Fetch Metadata). A frame in a page of another site is no person: our
// cookie would not come back from there, so the check would go on for ever.
func fetched(mode, dest, site string) audience {
	switch {
	case mode != "navigate":
		return program
	case dest == "" || dest == "document":
		return person
	case (dest == "iframe" || dest == "frame") && site != "cross-site":
		return person
	}
	return program
}

// takesPages says whether an Accept header names HTML, and not only everything.
func takesPages(accept string) bool {
	for entry := range strings.SplitSeq(strings.ToLower(accept), ",") {
		media, parameters, _ := strings.Cut(entry, ";")
		media = strings.TrimSpace(media)
		quality := strings.ReplaceAll(parameters, " ", "")
		if (media == "text/html" || media == "application/xhtml+xml") && quality != "q=0" && !strings.HasPrefix(quality, "q=0.0") {
			return true
		}
	}
	return false
}

// header is the first value of a header; empty when it is absent.
func header(head *capture.Request, name string) string {
	for i := range head.Header {
		if strings.EqualFold(head.Header[i].Name, name) {
			return head.Header[i].Value
		}
	}
	return ""
}

// hostOf is the host that a request goes to, without its port: cookies know none either.
func hostOf(head *capture.Request) []byte {
	host := strings.ToLower(head.Host)
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	return []byte(strings.TrimSuffix(host, "."))
}

// agentOf is what the visitor's software calls itself.
func agentOf(head *capture.Request) []byte { return []byte(header(head, "User-Agent")) }

// safePath is where a visitor may be sent on: a path of the same host with its query, of at most pathMost bytes, or "/".
func safePath(path, query string) string {
	if safe := escape(path, query); len(safe) <= pathMost {
		return safe
	}
	if safe := escape(path, ""); len(safe) <= pathMost {
		return safe
	}
	return "/"
}

// escape is a path of the same host with its query, fit for a header. What a browser could take for another host, or for another
// line, becomes "/"; what is no character of an address is escaped as browsers do it.
func escape(path, query string) string {
	if query != "" {
		path += "?" + query
	}
	route, _, _ := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsRune(route, '\\') {
		return "/"
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case c < ' ' || c == 0x7f:
			return "/"
		case c == ' ' || c > 0x7f || strings.IndexByte(`"<>\#`, c) >= 0:
			b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
