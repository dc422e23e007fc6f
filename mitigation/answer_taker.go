package mitigation

import (
	"mime"
	"strconv"
	"strings"

	"wayguard/capture"
)

// takes is the form of answer that a visitor can read. The first four are the names of ActionConfig.Pages.
type takes string

// The forms.
const (
	takesHTML    takes = "html"
	takesJSON    takes = "json"
	takesText    takes = "text"
	takesGRPC    takes = "grpc"
	takesGRPCWeb takes = "grpc-web"
)

// taker tells what the visitor takes, from the head alone. A browser that shows a page gets HTML; a program, or a script in a page, gets
// JSON unless it asks for something else by name.
func taker(head *capture.Request) takes {
	kind := mediaType(header(head, "Content-Type"))
	switch {
	case kind == "application/grpc" || strings.HasPrefix(kind, "application/grpc+"):
		return takesGRPC
	case strings.HasPrefix(kind, "application/grpc-web"):
		return takesGRPCWeb
	}
	switch header(head, "Sec-Fetch-Dest") {
	case "document", "iframe", "frame", "embed", "object", "fencedframe":
		return takesHTML
	case "", "empty":
		return takerByAccept(head, kind)
	}
	return takesText // a script, picture, style or font: whatever the answer says, nobody reads it
}

// takerByAccept decides by the Accept header, and where that leaves two by whether the request looks like a call of a program.
func takerByAccept(head *capture.Request, kind string) takes {
	page, data, text := accepted(header(head, "Accept"))
	call := isJSON(kind) || kind == "application/graphql" || header(head, "X-Requested-With") != "" || apiPath(head.Path) ||
		header(head, "Sec-Fetch-Dest") == "empty"
	switch {
	case page == 0 && data == 0 && text == 0:
		return byWildcard(head)
	case page > data && page >= text:
		return takesHTML
	case page > 0 && page == data && page >= text && !call:
		return takesHTML
	case data >= text && data > 0:
		return takesJSON
	}
	return takesText
}

// byWildcard is for who takes anything, or names only what we have not: JSON is what programs read, and no browser that shows a page
// says so little.
func byWildcard(head *capture.Request) takes {
	accept := header(head, "Accept")
	if accept == "" || strings.Contains(accept, "*/*") || strings.Contains(accept, "application/*") {
		return takesJSON
	}
	return takesText
}

// accepted are the qualities, in thousandths, that an Accept header (RFC 9110, section 12.5.1) gives by name to HTML, JSON and plain text.
func accepted(accept string) (page, data, text int) {
	for item := range strings.SplitSeq(accept, ",") {
		kind, rest, _ := strings.Cut(item, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
		q := quality(rest)
		switch {
		case kind == "text/html" || kind == "application/xhtml+xml":
			page = max(page, q)
		case isJSON(kind):
			data = max(data, q)
		case kind == "text/plain" || kind == "text/*":
			text = max(text, q)
		}
	}
	return page, data, text
}

func quality(parameters string) int {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return int(q * 1000)
		}
	}
	return 1000
}

// apiPath says whether a path looks like one that programs call.
func apiPath(path string) bool {
	path = strings.ToLower(path)
	if strings.HasSuffix(path, ".json") {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch segment {
		case "api", "graphql", "rest", "rpc", "ajax", "jsonrpc":
			return true
		}
	}
	return false
}

func isJSON(kind string) bool {
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

// mediaType is the type of a Content-Type header, in lower case, without its parameters.
func mediaType(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	return kind
}

// header is the first value of a header, without white space around it.
func header(head *capture.Request, name string) string {
	for i := range head.Header {
		if strings.EqualFold(head.Header[i].Name, name) {
			return strings.TrimSpace(head.Header[i].Value)
		}
	}
	return ""
}
