package site

import (
	"time"

	"wayguard/document"
)

// Mode is what is done with a site's traffic.
type Mode string

const (
	// PassThrough copies and judges; every request goes through at once.
	PassThrough Mode = "pass-through"
	// Active also holds the requests that inline specs name, and carries out what the verdict asks for.
	Active Mode = "active"
	// Mirror takes copies that somebody else makes of the traffic: each ends here with an empty 200.
	Mirror Mode = "mirror"
)

func modes() []string { return []string{string(PassThrough), string(Active), string(Mirror)} }

// UnknownHost is what becomes of a request for a host that no site names.
type UnknownHost string

const (
	// ForwardUnknown treats it as if there were no sites: active mode, the default origin.
	ForwardUnknown UnknownHost = "forward"
	// RefuseUnknown answers 421.
	RefuseUnknown UnknownHost = "refuse"
)

// The names of control headers and of the cookie where the operator chooses none. They are those that existing workers
// send.
const (
	DefaultKeyHeader     = "x-spec-customer-authorization"
	DefaultForwardHeader = "x-spec-forward-origin"
	DefaultHandledHeader = "x-atvak-activity-count"
	DefaultHandledValue  = "1"
	DefaultCookieName    = "x-spec-id"
)

// Config is one site. Everything has a default; a site without hosts is for every host that no other site names.
type Config struct {
	At document.Mark `yaml:"-"`
	// Name tells the sites apart in counters and in the Hub.
	Name string `yaml:"name"`
	// Hosts are names ("www.example.com"), everything below a name ("*.example.com"), or "*" for any.
	Hosts document.Strings `yaml:"hosts"`
	// Mode is "active" when empty.
	Mode Mode `yaml:"mode"`
	// Origin names a group of origins; empty is the default one.
	Origin string `yaml:"origin"`
	// Host is what the origin gets as Host: "keep" is the visitor's, anything else is a name. Empty leaves it to
	// proxy.preserve_host.
	Host string `yaml:"host"`
	// Routes are exceptions for some paths; the first that fits holds.
	Routes []RouteConfig `yaml:"routes"`
	// AppendedDomains are what workers append to the visitor's host.
	AppendedDomains document.Strings `yaml:"appended_domains"`
	CustomerKey     KeyConfig        `yaml:"customer_key"`
	ForwardOrigin   ForwardConfig    `yaml:"forward_origin"`
	Handled         HandledConfig    `yaml:"handled"`
	Mirror          MirrorConfig     `yaml:"mirror"`
	Health          HealthConfig     `yaml:"health"`
	IdentityCookie  CookieConfig     `yaml:"identity_cookie"`
	// ClientHints asks browsers for the device's model and for full versions (Accept-CH) with pages over HTTPS.
	ClientHints bool            `yaml:"client_hints"`
	Sidechain   SidechainConfig `yaml:"sidechain"`
	Maintenance PauseConfig     `yaml:"maintenance"`
	ErrorPage   PageConfig      `yaml:"error_page"`
}

// RouteConfig is an exception for some requests of a site.
type RouteConfig struct {
	At document.Mark `yaml:"-"`
	// Name tells routes apart in counters; the path when empty.
	Name string `yaml:"name"`
	// Path is a pattern as in specs: "/static/{rest...}", "/img/*.png".
	Path string `yaml:"path"`
	// Methods are those the route is for; none means any.
	Methods document.Strings `yaml:"methods"`
	// Mode and Origin replace the site's; empty keeps it.
	Mode   Mode   `yaml:"mode"`
	Origin string `yaml:"origin"`
}

// KeyConfig is how workers show that they are the operator's.
type KeyConfig struct {
	At document.Mark `yaml:"-"`
	// Keys are the valid keys, several while one takes over from another. They belong in the environment: ${NAME}.
	Keys document.Strings `yaml:"keys"`
	// Header is where the key is sent.
	Header string `yaml:"header"`
	// Required says which requests need a key: those for an "appended" host (the default), "always", or "never".
	Required string `yaml:"required"`
	// Refusal answers a request that lacks it: 403 without a body where nothing is said.
	Refusal PageConfig `yaml:"refusal"`
}

// The values of KeyConfig.Required.
const (
	RequiredAppended = "appended"
	RequiredAlways   = "always"
	RequiredNever    = "never"
)

// ForwardConfig names the header by which a worker says whether a request is to reach the origin ("true") or is a copy
// ("false").
type ForwardConfig struct {
	Header string `yaml:"header"`
}

// HandledConfig is the header by which a worker learns that an answer passed here.
type HandledConfig struct {
	Header string `yaml:"header"`
	Value  string `yaml:"value"`
}

// MirrorConfig is the answer to a copy.
type MirrorConfig struct {
	// CacheControl is "no-store" when empty, SurrogateControl is not sent when empty.
	CacheControl     string `yaml:"cache_control"`
	SurrogateControl string `yaml:"surrogate_control"`
}

// HealthConfig is where health checks ask. There are none while Path is empty.
type HealthConfig struct {
	// Path is compared exactly.
	Path string `yaml:"path"`
	// On is "appended" (the default: hosts with an appended domain) or "everywhere".
	On string `yaml:"on"`
}

// The values of HealthConfig.On.
const (
	HealthAppended   = "appended"
	HealthEverywhere = "everywhere"
)

// CookieConfig is a cookie that recognises a returning visitor; it is off by default.
type CookieConfig struct {
	At   document.Mark `yaml:"-"`
	On   bool          `yaml:"on"`
	Name string        `yaml:"name"`
	// Domain lets the cookie reach other hosts of the domain; empty: the host alone.
	Domain string `yaml:"domain"`
	// MaxAge is 365 days when 0; browsers keep none longer than 400.
	MaxAge time.Duration `yaml:"max_age"`
	// Insecure leaves the attribute Secure out, for sites without TLS.
	Insecure bool `yaml:"insecure"`
	// SameSite is "lax" when empty, "strict" or "none".
	SameSite string `yaml:"same_site"`
}

// SidechainConfig sends looked-at requests back to the CDN with a signature; it is off by default.
type SidechainConfig struct {
	At document.Mark `yaml:"-"`
	On bool          `yaml:"on"`
	// Keys are known; Active, or else the first, signs.
	Keys   []SidechainKeyConfig `yaml:"keys"`
	Active string               `yaml:"active"`
	// InputHeader and SignatureHeader are "Signature-Input" and "Signature" when empty.
	InputHeader     string `yaml:"input_header"`
	SignatureHeader string `yaml:"signature_header"`
	// Label and Tag are "sidechain" when empty.
	Label string `yaml:"label"`
	Tag   string `yaml:"tag"`
	// Lifetime is how long a signature is valid: 1 minute when 0.
	Lifetime time.Duration `yaml:"lifetime"`
	// Cover names headers to be signed where a request has them.
	Cover document.Strings `yaml:"cover"`
	// LoopID is what requests carry in CDN-Loop (RFC 8586), by which one that comes round again is known although its
	// signature was lost; "sidechain" when empty.
	LoopID string `yaml:"loop_id"`
}

// SidechainKeyConfig is one key.
type SidechainKeyConfig struct {
	At document.Mark `yaml:"-"`
	ID string        `yaml:"id"`
	// Algorithm is "ed25519" when empty, or "hmac-sha256".
	Algorithm string `yaml:"algorithm"`
	// Secret is the private key or the shared secret, in base64 or PEM. It belongs in the environment: ${NAME}.
	Secret string `yaml:"secret"`
}

// PauseConfig is maintenance: the site answers for itself, or another origin does.
type PauseConfig struct {
	On bool `yaml:"on"`
	// Origin, when set, gets every request instead of the site's own; then no page is given here.
	Origin     string `yaml:"origin"`
	PageConfig `yaml:",inline"`
}

// PageConfig is an answer of the operator's own.
type PageConfig struct {
	At document.Mark `yaml:"-"`
	// Status is the place's own default when 0.
	Status int `yaml:"status"`
	// Page is HTML, Text is plain text; one of them or none.
	Page string `yaml:"page"`
	Text string `yaml:"text"`
	// RetryAfter tells when to come again.
	RetryAfter time.Duration `yaml:"retry_after"`
}
