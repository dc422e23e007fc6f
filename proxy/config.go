package proxy

import (
	"time"

	"wayguard/document"
	"wayguard/listen"
)

// Config is the data path's part of the configuration.
type Config struct {
	At document.Mark `yaml:"-"`
	// Listen is where visitors connect to.
	Listen []ListenConfig `yaml:"listen"`
	Origin OriginConfig   `yaml:"origin"`
	// MessageHandling is "own" or "standard", which has net/http's server read the requests: slower, and it forgets the
	// order and spelling of headers; for trouble that is thought to come from ours.
	MessageHandling string `yaml:"message_handling"`
	// PreserveHost gives the origin the Host that the visitor asked for; otherwise the origin URL's.
	PreserveHost bool `yaml:"preserve_host"`
	// TrustedProxies are the networks whose X-Forwarded-* headers are believed.
	TrustedProxies document.Strings `yaml:"trusted_proxies"`
	// ForwardedHeaders is "write" (the origin is told the visitor's address, scheme and host by X-Forwarded-*, and
	// those of peers not trusted are removed) or "keep" (they pass as they came, nothing is added).
	ForwardedHeaders string         `yaml:"forwarded_headers"`
	Tag              TagConfig      `yaml:"tag"`
	Inline           InlineConfig   `yaml:"inline"`
	Queue            QueueConfig    `yaml:"queue"`
	Limits           LimitsConfig   `yaml:"limits"`
	Shutdown         ShutdownConfig `yaml:"shutdown"`
}

// ListenConfig is one address visitors connect to.
type ListenConfig = listen.Config

// TLSConfig is where certificates come from and what is accepted.
type TLSConfig = listen.TLSConfig

// OriginConfig is the application being protected.
type OriginConfig struct {
	// URL is scheme (http or https), host and port; it has no path, because paths are forwarded as they came.
	URL string `yaml:"url"`
	// ConnectTimeout bounds the TCP and the TLS handshake, each.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// ResponseTimeout bounds the wait for the response's head after the whole request was sent; 0 waits for ever.
	ResponseTimeout time.Duration `yaml:"response_timeout"`
	// IdleTimeout is how long an unused connection is kept. It should be shorter than the origin's own, else the origin
	// may close a connection while a request is put on it.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// IdleConnections is how many unused connections are kept.
	IdleConnections int             `yaml:"idle_connections"`
	TLS             OriginTLSConfig `yaml:"tls"`
}

// OriginTLSConfig is how the origin's certificate is checked.
type OriginTLSConfig struct {
	// CA is a PEM file of authorities to trust instead of the system's.
	CA string `yaml:"ca"`
	// ServerName is the name asked for and checked; empty: the URL's host.
	ServerName string `yaml:"server_name"`
	// Insecure accepts any certificate.
	Insecure bool `yaml:"insecure"`
}

// TagConfig is how the origin is told what is thought of a visitor.
type TagConfig struct {
	// Prefix begins the names of the headers. Whatever a visitor sends under it is removed from every request.
	Prefix string `yaml:"prefix"`
}

// InlineConfig is how requests are held for a verdict.
type InlineConfig struct {
	// Budget is how long a request may wait for its verdict, from the time its body is there.
	Budget time.Duration `yaml:"budget"`
	// BodyTimeout is how long a held request's body is waited for; then the verdict is asked on what has arrived.
	BodyTimeout time.Duration `yaml:"body_timeout"`
	// Concurrency bounds the questions under way, those that were given up on but still run included.
	Concurrency int `yaml:"concurrency"`
	// FailClosed names the specs whose requests are refused when there is no verdict.
	FailClosed document.Strings `yaml:"fail_closed"`
}

// QueueConfig bounds the work done after the visitor was answered.
type QueueConfig struct {
	// Length is how many finished exchanges may wait, PerVisitor how many of one visitor.
	Length     int `yaml:"length"`
	PerVisitor int `yaml:"per_visitor"`
	Workers    int `yaml:"workers"`
	// Memory bounds the heads and bodies copied for inspection, all exchanges together.
	Memory document.Bytes `yaml:"memory"`
}

// LimitsConfig bounds what a visitor may take.
type LimitsConfig struct {
	// HeaderBytes bounds a request's head.
	HeaderBytes document.Bytes `yaml:"header_bytes"`
	// HeaderTimeout bounds the time in which a head must arrive, IdleTimeout that between two requests.
	HeaderTimeout time.Duration `yaml:"header_timeout"`
	IdleTimeout   time.Duration `yaml:"idle_timeout"`
	// StallTimeout is how long a visitor may send none of an unfinished body, or take none of a waiting answer.
	StallTimeout time.Duration `yaml:"stall_timeout"`
	// Connections bounds the open connections, those of all listeners together. Beyond it those that have been idle longest
	// are closed for new ones, and when none is idle new ones are answered 503.
	Connections int `yaml:"connections"`
}

// ShutdownConfig bounds how long the end may take.
type ShutdownConfig struct {
	// Grace is for requests under way, Drain for the queue after that.
	Grace time.Duration `yaml:"grace"`
	Drain time.Duration `yaml:"drain"`
}

// The values of Config.MessageHandling and Config.ForwardedHeaders.
const (
	HandlingOwn      = "own"
	HandlingStandard = "standard"

	ForwardedWrite = "write"
	ForwardedKeep  = "keep"
)

// DefaultConfig listens on port 8000 of every interface; it lacks the origin's URL.
func DefaultConfig() Config {
	return Config{
		Listen: []ListenConfig{{Address: ":8000"}},
		Origin: OriginConfig{
			ConnectTimeout:  5 * time.Second,
			ResponseTimeout: 2 * time.Minute,
			// Node.js closes idle connections after 5 s, the shortest default of the common servers.
			IdleTimeout:     4 * time.Second,
			IdleConnections: 512,
		},
		PreserveHost:     true,
		MessageHandling:  HandlingOwn,
		ForwardedHeaders: ForwardedWrite,
		Tag:              TagConfig{Prefix: "X-Visit-"},
		Inline: InlineConfig{
			Budget: 20 * time.Millisecond, BodyTimeout: 10 * time.Second, Concurrency: 1024,
		},
		Queue: QueueConfig{Length: 16384, PerVisitor: 256, Workers: 4, Memory: 128 << 20},
		Limits: LimitsConfig{
			HeaderBytes: 64 << 10, HeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
			StallTimeout: time.Minute, Connections: 20000,
		},
		Shutdown: ShutdownConfig{Grace: 15 * time.Second, Drain: 10 * time.Second},
	}
}
