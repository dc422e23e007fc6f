package site

import (
	"time"

	"wayguard/http1"
)

// Request is what of a request decides.
type Request struct {
	Method string
	// Host is the authority as sent, with its port.
	Host string
	// Path and Query are as on the wire, the query without its "?".
	Path, Query string
	Fields      []http1.Field
	// PeerTrusted says that the request came from a trusted proxy.
	PeerTrusted bool
	Now         time.Time
	// Random gives 16 bytes nobody can guess; it is asked for signatures and identities only.
	Random func() [16]byte
}

// Reason is why a request is answered here; one of few words, fit for a counter's label.
type Reason string

// The reasons.
const (
	ReasonHealth      Reason = "health"
	ReasonMirror      Reason = "mirror"
	ReasonMaintenance Reason = "maintenance"
	ReasonBadHost     Reason = "bad_host"
	ReasonUnknownHost Reason = "unknown_host"
	ReasonCustomerKey Reason = "customer_key"
	ReasonLoop        Reason = "loop"
	ReasonUnsigned    Reason = "unsigned"
)

// Answer is an answer given here. It is shared by many requests and must not be written to. Its length is that of Body,
// and a HEAD request gets the same without the body.
type Answer struct {
	// Status 0, in Directive.ErrorPage only, is the failure's own.
	Status int
	// ContentType is empty where there is no body.
	ContentType string
	// Fields are further headers, such as Cache-Control and Retry-After.
	Fields []http1.Field
	Body   []byte
}

// Directive is what is to be done with one request.
type Directive struct {
	// Site and Route name what was found; empty: the default site, no route.
	Site, Route string
	Mode        Mode
	// Host is the host that the visitor asked for, an appended domain and what follows it taken away: specs match it
	// and X-Forwarded-Host says it. For any other host it is what the visitor sent.
	Host string
	// Origin is the name of a group of origins; empty is the default one.
	Origin string
	// UpstreamHost is the Host for the origin. Empty: the site says nothing, proxy.preserve_host decides, about Host.
	UpstreamHost string
	// Answer, when there is one, is given and nothing is forwarded; Reason says why.
	Answer *Answer
	Reason Reason
	// Inspect says that the request is to be looked at; an answered one has no response to look at.
	Inspect bool
	// Health says that this is a health check: an instance that is about to stop answers it with 503 instead.
	Health bool
	// Drop names request headers that are not to reach the origin; nil names none. Underscores count as hyphens.
	Drop func(name string) bool
	// DropResponse names response headers of the origin that are not to reach the visitor; nil names none.
	DropResponse func(name string) bool
	// AddRequest goes with the request to the origin.
	AddRequest []http1.Field
	// AddResponse goes with the origin's response and with Answer, but not with an answer of our own that tells of an
	// origin that never got the request: a worker that misses it then goes to the origin itself. ResponseFields gives
	// the same and the identity cookie where it may be set.
	AddResponse []http1.Field
	// Worker says that the request came with the right customer key.
	Worker bool
	// Spoofed says that the request had a control header or a signature that only others may send.
	Spoofed bool
	// ForwardedFor says that the peer's X-Forwarded-For is to be believed, as a trusted proxy's.
	ForwardedFor bool
	// Identity is the visitor's identity by cookie: the one that was sent, or, once ResponseFields has set it, the new
	// one. Empty: none.
	Identity string
	// Secure is for the caller to set where the visitor has come by HTTPS; only then is he asked for client hints.
	Secure bool
	// HintsAsked says that the response asks for client hints, once ResponseFields has been called.
	HintsAsked bool
	// ErrorPage, when there is one, stands for our own 502, 503 and 504.
	ErrorPage *Answer

	cookie *cookie
	hints  bool
	random func() [16]byte
}
