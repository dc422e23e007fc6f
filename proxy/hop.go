package proxy

import (
	"net/http"
	"strings"
)

// Connection headers are where a direct connection and one through us must differ: each has two ends of its own.
// httputil.ReverseProxy takes out more than those, and lets either side name others to be taken out; an application that
// is spoken to directly gets them all, and what a spec has seen the origin must see too.

// hopHeader says whether a header belongs to a single connection.
func hopHeader(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings":
		return true
	}
	return false
}

// forwardedHeader says whether forwarded decides about a header.
func forwardedHeader(name string) bool {
	switch name {
	case "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return true
	}
	return false
}

// namesOthers says whether ReverseProxy takes more out of a head than hopHeader says, which is rare.
func namesOthers(header http.Header) bool {
	for _, value := range header["Connection"] {
		if !strings.EqualFold(value, "keep-alive") && !strings.EqualFold(value, "close") && !strings.EqualFold(value, "upgrade") {
			return true
		}
	}
	return len(header["Proxy-Authorization"]) > 0 || len(header["Proxy-Authenticate"]) > 0
}

// restore puts back the visitor's headers that were taken for those of the connection.
func restore(out, in http.Header) {
	if !namesOthers(in) {
		return
	}
	for name, values := range in {
		if _, there := out[name]; !there && !hopHeader(name) && !forwardedHeader(name) {
			out[name] = values
		}
	}
}

// originTrip carries one passage's request to the origin.
type originTrip struct{ passage *passage }

// RoundTrip implements http.RoundTripper. It notes the headers that ReverseProxy will take for the connection's own.
func (t originTrip) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.passage.wire.transport.RoundTrip(request)
	if err != nil || !namesOthers(response.Header) {
		return response, err
	}
	t.passage.kept = make(http.Header)
	for name, values := range response.Header {
		if !hopHeader(name) {
			t.passage.kept[name] = values
		}
	}
	return response, nil
}
