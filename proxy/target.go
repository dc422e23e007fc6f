package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// requestTarget is a request's path and query as they stood on the wire. forced says that there was a "?".
func requestTarget(r *http.Request) (path, query string, forced bool) {
	if strings.HasPrefix(r.RequestURI, "/") {
		return strings.Cut(r.RequestURI, "?")
	}
	// The absolute form, or "*" of OPTIONS.
	return r.URL.EscapedPath(), r.URL.RawQuery, r.URL.RawQuery != "" || r.URL.ForceQuery
}

// aim points the outgoing URL at the origin with the target as it came: dot segments, double slashes, odd escapes,
// semicolons and all. An application may read them in its own way, and the visitor must not see a difference.
func aim(out *url.URL, origin *url.URL, path, query string, forced bool) {
	out.Scheme, out.Host, out.User = origin.Scheme, origin.Host, nil
	out.RawQuery, out.ForceQuery = query, forced
	// url.URL writes an opaque path as it is, but would take one that begins with // for an authority; such a path stays
	// in Path and RawPath, where only bytes that have no place in a URL are escaped.
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		out.Opaque = path
	}
}
