package proxy

import (
	"strings"

	"wayguard/http1"
)

// forwarded writes the X-Forwarded-* headers for the origin. A trusted peer's are kept, and the peer is added to the list;
// anybody else's are replaced, because the origin believes us.
func (p *passage) forwarded() {
	if p.wire.config.ForwardedHeaders == ForwardedKeep {
		return
	}
	who := &p.asked.origin
	drop := http1.NewNames(http1.XForwardedFor)
	list, host, proto := who.peerText, false, false
	if who.trusted {
		list, host, proto = p.forwardedBefore()
	} else {
		drop = http1.NewNames(http1.XForwardedFor, http1.XForwardedHost, http1.XForwardedProto, http1.XForwardedPort, http1.XForwarded,
			http1.Forwarded)
	}
	p.edit.Drop |= drop
	if list != "" {
		p.added = append(p.added, http1.Field{Name: "X-Forwarded-For", Value: list})
	}
	if !host {
		p.added = append(p.added, http1.Field{Name: "X-Forwarded-Host", Value: p.directive.Host})
	}
	if !proto {
		p.added = append(p.added, http1.Field{Name: "X-Forwarded-Proto", Value: p.asked.scheme})
	}
}

// forwardedBefore is what a trusted peer says: the list with the peer added, and whether it tells the host and the scheme.
func (p *passage) forwardedBefore() (list string, host, proto bool) {
	var lines []string
	for i, field := range p.asked.fields {
		switch p.known(i) {
		case http1.XForwardedFor:
			lines = append(lines, field.Value)
		case http1.XForwardedHost:
			host = true
		case http1.XForwardedProto:
			proto = true
		}
	}
	if peer := p.asked.origin.peerText; peer != "" {
		lines = append(lines, peer)
	}
	return strings.Join(lines, ", "), host, proto
}
