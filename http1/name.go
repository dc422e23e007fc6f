package http1

// Name is a header whose name is known; Other is every other one.
type Name uint8

// The known names. Those up to HTTP2Settings concern one connection only and are never forwarded as they came.
const (
	Other Name = iota
	Connection
	KeepAlive
	ProxyConnection
	ProxyAuthenticate
	ProxyAuthorization
	TE
	Trailer
	TransferEncoding
	Upgrade
	HTTP2Settings
	ContentLength
	Host
	Expect
	Accept
	AcceptEncoding
	AcceptLanguage
	AltSvc
	Authorization
	CacheControl
	CFConnectingIP
	ContentEncoding
	ContentRange
	ContentType
	Cookie
	Date
	ETag
	FastlyClientIP
	Forwarded
	Location
	MaxForwards
	Origin
	Proxy
	Range
	Referer
	Server
	SetCookie
	TrueClientIP
	UserAgent
	Vary
	Via
	WWWAuthenticate
	XClientIP
	XForwarded
	XForwardedFor
	XForwardedHost
	XForwardedPort
	XForwardedProto
	XRealIP
	Disguised // a name that gateways like CGI read as one of the forwarding names: "X_Forwarded_For"; never forwarded
	names     // how many there are; at most 64, the bits of Names
)

// Names is a set of known names.
type Names uint64

// NewNames is the set of the given names.
func NewNames(names ...Name) Names {
	var set Names
	for _, n := range names {
		set |= 1 << n
	}
	return set
}

// Has reports whether n is in the set.
func (s Names) Has(n Name) bool { return s>>n&1 != 0 }

// With is the set and n.
func (s Names) With(n Name) Names { return s | 1<<n }

// Lookup finds a header's name whatever its case.
func Lookup(name string) Name { return lookup(name) }

// LookupRequest finds a name of a request's header as gateways read it: a name with odd characters that some of them take
// for a framing or forwarding name is Disguised, and never forwarded.
func LookupRequest(name string) Name {
	known := lookup(name)
	if known != Other {
		return known
	}
	if _, classes := tokenEnd(octetsOf(name), 0); classes&oddOctet == 0 {
		return Other
	}
	known, err := undisguise(name)
	if err != nil {
		return Disguised
	}
	return known
}
