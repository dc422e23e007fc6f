package capture

import (
	"net/netip"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/http1"
)

// Field is one header line, name and value as on the wire.
type Field = http1.Field

// Body is a copy of a body as on the wire: its Content-Encoding still applies.
type Body struct {
	Bytes []byte
	// Truncated says that the body went on after the copy.
	Truncated bool
}

// Request is a request as it came in. Path and Query are raw, as on the request line.
type Request struct {
	ID          event.ID
	Time        time.Time
	Environment event.Environment
	Method      string
	Scheme      string
	Host        string
	Path        string
	Query       string
	Header      []Field
	// Peer is the visitor's address, trusted proxies already accounted for.
	Peer netip.Addr
	// Connection is what the visitor's connection shows of the program behind it.
	Connection Connection
	Body       Body
}

// Connection is what is known of a visitor's connection; absent stays empty.
type Connection struct {
	// Protocol is "HTTP/1.0", "HTTP/1.1", "HTTP/2" or "HTTP/3".
	Protocol string
	// JA4 is the TLS client hello's fingerprint, HTTP2 that of the first frames and of the pseudo-headers' order.
	JA4, HTTP2 string
	// SpoofedForwarding says that a peer who is not trusted claimed another address than its own.
	SpoofedForwarding bool
}

// Response is the origin's answer, or the one that was given instead.
type Response struct {
	Status int
	Header []Field
	Body   Body
	// Duration is the time from the request's head to the response's head.
	Duration time.Duration
}

// Place is what is known about where an address is; absent stays empty. Latitude and Longitude are decimal degrees.
type Place struct {
	Country, Region, City string
	Latitude, Longitude   string
	ASN, Network          string
}

// Locator tells where an address is.
type Locator func(netip.Addr) Place

// Needs is what a spec wants copied. Limits are bytes as on the wire.
type Needs struct {
	RequestBody, ResponseBody   bool
	RequestLimit, ResponseLimit int
	// Inline says that the request is to be held until the engine has answered.
	Inline bool
	// Undecided says that the head alone does not decide: ask Resolve once the request's body is copied.
	Undecided bool
}

// headerValue is the first value of a header, by its name without regard to case.
func headerValue(header []Field, name string) string {
	for i := range header {
		if equalFold(header[i].Name, name) {
			return header[i].Value
		}
	}
	return ""
}

// equalFold is strings.EqualFold with the cheap answer first.
func equalFold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
