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
	// Relayed says that a trusted proxy's connection is seen instead of the visitor's.
	Relayed bool
	// ID names the connection, and no other since the start of time.
	ID string
	// Protocol is "HTTP/1.0", "HTTP/1.1", "HTTP/2" or "HTTP/3".
	Protocol string
	// JA4 is the TLS client hello's fingerprint, HTTP2 that of the first frames and of the pseudo-headers' order.
	JA4, HTTP2 string
	// HintsAsked says that an earlier answer on the connection, to a page of the same host, asked for client hints.
	HintsAsked bool
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
	// Kind is what the address is used for.
	Kind event.NetworkKind
}

// Locator tells where an address is.
type Locator func(netip.Addr) Place

// Knowledge is what is known beside the exchange itself. Each may be nil: then nothing is known.
type Knowledge struct {
	Locate Locator
	// Declared is the name of the crawler or AI agent that a User-Agent header declares, empty for all others.
	Declared func(userAgent string) string
	// Prove says whether such an agent comes from there; it answers at once, with nothing when it is not known yet.
	Prove func(agent string, address netip.Addr) event.Proof
	// Signed is the agent that has signed a request (HTTP Message Signatures) and whether it has; it answers at once. It is
	// asked for requests with such a signature only, and must keep nothing of them.
	Signed func(r *Request) (agent string, proof event.Proof)
}

func (k *Knowledge) prove(agent string, address netip.Addr) event.Proof {
	if k.Prove == nil {
		return ""
	}
	return k.Prove(agent, address.Unmap().WithZone(""))
}

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
