package proxy

import (
	"net/http"
	"strings"
)

// forwarded writes the X-Forwarded-* headers for the origin. A trusted peer's are kept, and the peer is added to the
// list; anybody else's are replaced, because the origin believes us.
func (p *passage) forwarded(in *http.Request, out http.Header) {
	names := [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"}
	trusted := p.wire.trusted.contain(p.peer)
	if p.wire.forwardedHeaders == ForwardedKeep || trusted {
		for _, name := range names {
			if values, sent := in.Header[name]; sent {
				out[name] = values
			}
		}
	}
	if p.wire.forwardedHeaders == ForwardedKeep {
		return
	}
	if p.peer.IsValid() {
		list := append(append([]string(nil), out["X-Forwarded-For"]...), p.peer.String())
		out["X-Forwarded-For"] = []string{strings.Join(list, ", ")}
	}
	if _, known := out["X-Forwarded-Host"]; !known {
		out["X-Forwarded-Host"] = []string{in.Host}
	}
	if _, known := out["X-Forwarded-Proto"]; !known {
		out["X-Forwarded-Proto"] = []string{scheme(in)}
	}
}

// scheme is how the peer reached us.
func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// visitorScheme is how the visitor reached the first trusted proxy.
func visitorScheme(r *http.Request, peerTrusted bool) string {
	if peerTrusted {
		switch proto := strings.ToLower(r.Header.Get("X-Forwarded-Proto")); proto {
		case "http", "https":
			return proto
		}
	}
	return scheme(r)
}
