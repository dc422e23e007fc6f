package origin

import (
	"time"

	"wayguard/document"
)

// Config is one group of endpoints that are each as good as the other.
type Config struct {
	At document.Mark `yaml:"-"`
	// Name is what sites and routes call the group; "" is the default group, which the caller makes.
	Name      string           `yaml:"name"`
	Endpoints []EndpointConfig `yaml:"endpoints"`
	// Balance is how requests are spread; weights count in each.
	Balance Balance      `yaml:"balance"`
	Sticky  StickyConfig `yaml:"sticky"`
	// ServerName is the name asked for and checked in TLS, whatever the HTTP Host is; empty: the endpoint's host.
	ServerName string `yaml:"server_name"`
	// ServerNameFromHost asks for the name of each request's own Host instead.
	ServerNameFromHost bool      `yaml:"server_name_from_host"`
	TLS                TLSConfig `yaml:"tls"`
	Protocol           Protocol  `yaml:"protocol"`
	// ConnectTimeout bounds the TCP and the TLS handshake, each, and the wait for one of Connections.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// ResponseTimeout bounds the wait for the answer's head; 0 waits for ever.
	ResponseTimeout time.Duration `yaml:"response_timeout"`
	// IdleTimeout is how long an unused connection is kept; it should be shorter than the origin's own.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// IdleConnections is how many unused connections are kept for each endpoint.
	IdleConnections int `yaml:"idle_connections"`
	// Connections bounds the HTTP/1.1 connections to each endpoint, 0 does not. As many requests may wait for one.
	Connections int           `yaml:"connections"`
	Health      HealthConfig  `yaml:"health"`
	Outlier     OutlierConfig `yaml:"outlier"`
	// Retries is how often a request may be sent again, where that is safe.
	Retries int `yaml:"retries"`
	// SlowStart is the time in which an endpoint that has come back takes up its full share; 0: at once.
	SlowStart time.Duration `yaml:"slow_start"`
	// PanicPercent is the share of endpoints below which, when no more are left, all are candidates again.
	PanicPercent int `yaml:"panic_percent"`
	// ResolveInterval is how often host names are looked up again.
	ResolveInterval time.Duration `yaml:"resolve_interval"`
	// Fallback is the group that is asked when this one has no candidate left.
	Fallback string `yaml:"fallback"`
}

// EndpointConfig is one place the application runs at. In YAML it may be the URL alone.
type EndpointConfig struct {
	At document.Mark `yaml:"-"`
	// URL is scheme (http or https), host and port; it has no path, because paths are forwarded as they came.
	URL string `yaml:"url"`
	// Weight is its share beside the others, 1 to 100.
	Weight int `yaml:"weight"`
}

// Balance is how requests are spread over the candidates.
type Balance string

// The kinds of balance.
const (
	// BalanceRandom throws dice: needs no memory, and several instances never fall into step.
	BalanceRandom Balance = "random"
	// BalanceEven goes round: every endpoint gets exactly its share of any run of requests.
	BalanceEven Balance = "even"
	// BalanceLeastConnections draws two and takes the one with fewer requests under way, for its weight.
	BalanceLeastConnections Balance = "least_connections"
)

// Protocol is what is spoken with the endpoints.
type Protocol string

// The protocols.
const (
	// ProtocolHTTP1 is HTTP/1.1, over TLS where the URL says https.
	ProtocolHTTP1 Protocol = "http1"
	// ProtocolH2 is HTTP/2 over TLS.
	ProtocolH2 Protocol = "h2"
	// ProtocolH2C is HTTP/2 without TLS, by prior knowledge.
	ProtocolH2C Protocol = "h2c"
	// ProtocolAuto is what the endpoint chooses in the TLS handshake; HTTP/1.1 without TLS.
	ProtocolAuto Protocol = "auto"
)

// StickyConfig keeps a visitor on one endpoint. The first of what is named here that a request has is its key.
type StickyConfig struct {
	// Cookie and Header name where the key is.
	Cookie string `yaml:"cookie"`
	Header string `yaml:"header"`
	// Address takes the visitor's address.
	Address bool `yaml:"address"`
}

// TLSConfig is how the endpoints' certificates are checked and what is shown to them.
type TLSConfig struct {
	// CA is a PEM file of authorities to trust instead of the system's.
	CA string `yaml:"ca"`
	// Insecure accepts any certificate.
	Insecure bool `yaml:"insecure"`
	// Certificate and Key are PEM files of our own certificate, where the origin asks for one.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// MinVersion is "1.2" or "1.3".
	MinVersion string `yaml:"min_version"`
}

// HealthConfig asks each endpoint regularly how it is. Without a Path nothing is asked.
type HealthConfig struct {
	// Path is asked for by GET, over connections of its own made by the same rules as those of requests.
	Path string `yaml:"path"`
	// Host is the HTTP Host of the question; empty: the endpoint's.
	Host string `yaml:"host"`
	// Interval lies between two questions, Timeout bounds one.
	Interval time.Duration `yaml:"interval"`
	Timeout  time.Duration `yaml:"timeout"`
	// Unhealthy bad answers in a row take the endpoint out, Healthy good ones bring it back. The very first answer counts
	// at once.
	Healthy   int `yaml:"healthy"`
	Unhealthy int `yaml:"unhealthy"`
	// Status are the good ones: "200", "200-399".
	Status document.Strings `yaml:"status"`
}

// OutlierConfig takes an endpoint out for a while when requests to it fail one after the other: no connection, no answer
// in time, a broken connection, or 502, 503 or 504.
type OutlierConfig struct {
	// Failures in a row eject an endpoint; 0 never does.
	Failures int `yaml:"failures"`
	// BaseEjection is the first ejection's time. Each that follows soon is longer by as much, up to MaxEjection.
	BaseEjection time.Duration `yaml:"base_ejection"`
	MaxEjection  time.Duration `yaml:"max_ejection"`
	// MaxPercent of the endpoints may be out by ejection, rounded down: 50 is one of two, and none of one.
	MaxPercent int `yaml:"max_percent"`
}

// DefaultConfig is what holds where the operator says nothing; it lacks name and endpoints.
func DefaultConfig() Config {
	return Config{
		Balance:        BalanceRandom,
		Protocol:       ProtocolHTTP1,
		TLS:            TLSConfig{MinVersion: "1.2"},
		ConnectTimeout: 5 * time.Second, ResponseTimeout: 2 * time.Minute,
		// Node.js closes idle connections after 5 s, the shortest default of the common servers.
		IdleTimeout: 4 * time.Second, IdleConnections: 512,
		Health: HealthConfig{Interval: 10 * time.Second, Timeout: 3 * time.Second, Healthy: 2, Unhealthy: 3,
			Status: document.Strings{"200-399"}},
		Outlier: OutlierConfig{Failures: 5, BaseEjection: 10 * time.Second, MaxEjection: 5 * time.Minute, MaxPercent: 50},
		Retries: 1, ResolveInterval: 30 * time.Second,
	}
}

// UnmarshalDocument reads a group over the defaults.
func (c *Config) UnmarshalDocument(n document.Node) document.Problems {
	type plain Config
	*c = DefaultConfig()
	return n.Decode((*plain)(c))
}

// UnmarshalDocument reads a URL, or a map with url and weight.
func (e *EndpointConfig) UnmarshalDocument(n document.Node) document.Problems {
	*e = EndpointConfig{At: n.Mark(), Weight: 1}
	if n.Kind() == document.Scalar {
		return n.Decode(&e.URL)
	}
	type plain EndpointConfig
	return n.Decode((*plain)(e))
}

// Files are the paths that the configuration names, for the caller to make absolute.
func (c *Config) Files() []*string { return []*string{&c.TLS.CA, &c.TLS.Certificate, &c.TLS.Key} }
