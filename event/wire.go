package event

// Wire is what connection and headers show of the client's software. What was not seen is empty.
type Wire struct {
	// Connection names the connection that the request came by: keyed, and of no meaning elsewhere.
	Connection string `json:"connection,omitempty"`
	// JA4 is the fingerprint of the TLS ClientHello, HTTP2 that of the HTTP/2 settings and pseudo-header order.
	JA4   string `json:"ja4,omitempty"`
	HTTP2 string `json:"http2,omitempty"`
	// Headers is a hash of the header names in the order and spelling sent, and of what they accept.
	Headers string `json:"headers,omitempty"`
	// Kind is what was asked for.
	Kind RequestKind `json:"kind,omitempty"`
	// Page is a keyed hash of the path, From that of the path of the referring page on the same host.
	Page string `json:"page,omitempty"`
	From string `json:"from,omitempty"`
	// Hints says whether client hints were asked for, and came.
	Hints Hints `json:"hints,omitempty"`
	// Flaws are contradictions between what the client says and what the wire shows, each a word of Flaws.
	Flaws []Flaw `json:"flaws,omitempty"`
}

// RequestKind is what a request asks for, as Sec-Fetch-Dest tells, or the Accept header where that is missing.
type RequestKind string

// The kinds of request.
const (
	Document RequestKind = "document"
	Data     RequestKind = "data" // fetch and XMLHttpRequest
	Style    RequestKind = "style"
	Script   RequestKind = "script"
	Image    RequestKind = "image"
	Font     RequestKind = "font"
	Other    RequestKind = "other"
)

// Asset says whether the kind is something that a browser loads for a page on its own.
func (k RequestKind) Asset() bool { return k == Style || k == Script || k == Image || k == Font }

// Hints says how a client answered the request for client hints.
type Hints string

// The answers. The empty Hints means that nothing was asked.
const (
	HintsAnswered Hints = "answered"
	HintsMissing  Hints = "missing"
)

// Flaw is a contradiction between what a client says it is and what the wire shows.
type Flaw string

// The flaws.
const (
	// FlawTLS: the ClientHello is of no browser, and the client says that it is one.
	FlawTLS Flaw = "tls"
	// FlawHTTP2: the same of the HTTP/2 settings.
	FlawHTTP2 Flaw = "http2"
	// FlawHeaders: headers that this browser always sends are missing, or in an order in which it never sends them.
	FlawHeaders Flaw = "headers"
	// FlawFetch: Sec-Fetch-* are missing in a browser that sends them, or contradict each other.
	FlawFetch Flaw = "fetch"
	// FlawBrands: sec-ch-ua names another browser or version than the User-Agent.
	FlawBrands Flaw = "brands"
	// FlawPlatform: sec-ch-ua-platform names another system than the User-Agent.
	FlawPlatform Flaw = "platform"
	// FlawAutomation: the client says that it is driven by a program (HeadlessChrome, webdriver, PhantomJS).
	FlawAutomation Flaw = "automation"
	// FlawAgent: the client says that it is a known crawler or agent, and its address or signature refutes it.
	FlawAgent Flaw = "agent"
)

// Client is what the client says of itself. All of it can be a lie.
type Client struct {
	// Family is the browser or program in lower case: "chrome", "safari", "firefox", "edge", "samsung", "curl", "python-requests".
	Family string `json:"family,omitempty"`
	// Major is the version's first number, 0 when none is named.
	Major int64 `json:"major,omitempty"`
	// Platform is the system in lower case: "windows", "macos", "android", "ios", "linux".
	Platform string `json:"platform,omitempty"`
	// Model is the device, as client hints or the User-Agent name it; of a desktop, the version of its system.
	Model string `json:"model,omitempty"`
	// Language is the whole Accept-Language value, normalised.
	Language string `json:"language,omitempty"`
	Mobile   bool   `json:"mobile,omitempty"`
	// Agent names a declared crawler or AI agent, such as "googlebot"; Proof says whether it is one.
	Agent string `json:"agent,omitempty"`
	Proof Proof  `json:"proof,omitempty"`
}

// Proof says whether a declared crawler or agent is what it says. The empty Proof means that it could not be told.
type Proof string

// The proofs.
const (
	Verified Proof = "verified"
	Refuted  Proof = "refuted"
)

// Network is what lists and databases say of an address.
type Network struct {
	Kind NetworkKind `json:"kind,omitempty"`
	// AS is the number of the autonomous system, 0 when it is not known.
	AS int64 `json:"as,omitempty"`
	// Country is the two-letter code.
	Country string `json:"country,omitempty"`
}

// NetworkKind is what an address is used for. The empty NetworkKind is not known, most often a home or an office.
type NetworkKind string

// The kinds of network.
const (
	Hosting NetworkKind = "hosting"
	VPN     NetworkKind = "vpn"
	Tor     NetworkKind = "tor"
	Relay   NetworkKind = "relay"
	Crawler NetworkKind = "crawler"
)

// Known says whether k is one of the kinds.
func (k NetworkKind) Known() bool {
	return k == Hosting || k == VPN || k == Tor || k == Relay || k == Crawler
}
