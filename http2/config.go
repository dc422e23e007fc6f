package http2

import (
	"log/slog"
	"time"
)

// Config bounds what visitors may take. What is zero gets the default named.
type Config struct {
	// MaxStreams is how many requests of one connection may be open at a time: 128.
	MaxStreams uint32
	// HeaderBytes bounds a request's field list, counted as RFC 9113 section 6.5.2 does (32 bytes on top of each field);
	// a longer one is answered with 431: 64 KiB. HeaderFields bounds the number of fields: 256.
	HeaderBytes, HeaderFields int
	// StreamWindow is how many bytes of one request's body may wait to be read: 256 KiB, 64 KiB at least.
	// ConnectionWindow is the same for all of a connection once BodyMemory is used up: 1 MiB, StreamWindow at least.
	StreamWindow, ConnectionWindow int
	// BodyMemory is how many bytes of bodies may wait to be read, of all connections together, before a connection's
	// window is given back only as they are read: 64 MiB.
	BodyMemory int64
	// HeadTimeout bounds the time until a connection's first SETTINGS, and that of a field block in pieces: 10 seconds.
	HeadTimeout time.Duration
	// IdleTimeout is how long a connection may be open without a request: 3 minutes.
	IdleTimeout time.Duration
	// StallTimeout is how long a visitor may send none of a body that is waited for, or take none of an answer: 1 minute.
	StallTimeout time.Duration
	// WebSocket announces extended CONNECT (RFC 8441). Without it such requests are malformed.
	WebSocket bool
	// Log is told of panics in the handler; nil tells nobody.
	Log *slog.Logger
	// Count is called once for each thing that went wrong, with one of the Count constants; nil counts nothing. It must
	// not block.
	Count func(what string)
}

// What Config.Count is told.
const (
	CountMalformed    = "malformed"          // a request that breaks the rules; its stream was reset
	CountHeadTooLong  = "head_too_long"      // a request answered with 431
	CountRefused      = "refused"            // a request beyond MaxStreams
	CountConnection   = "connection_error"   // a connection ended for breaking the protocol
	CountResets       = "rapid_reset"        // a connection ended for requests cancelled faster than finished
	CountContinuation = "continuation_flood" // a connection ended for a field block without end
	CountControl      = "control_flood"      // a connection ended for frames that bring nothing
	CountQueue        = "output_flood"       // a connection ended for asking for answers it does not take
	CountStalledRead  = "stalled_read"       // a request whose body did not come
	CountStalledWrite = "stalled_write"      // an answer that was not taken
	CountStalled      = "stalled_connection" // a connection ended because nothing moved
	CountPanic        = "panic"              // a handler panicked; its stream was reset
)

const (
	defaultStreams      = 128
	defaultHeaderBytes  = 64 << 10
	defaultHeaderFields = 256
	defaultStreamWindow = 256 << 10
	defaultConnWindow   = 1 << 20
	defaultBodyMemory   = 64 << 20
	defaultHeadTimeout  = 10 * time.Second
	defaultIdleTimeout  = 3 * time.Minute
	defaultStallTimeout = time.Minute
)

func (c Config) filled() Config {
	c.MaxStreams = positive(c.MaxStreams, defaultStreams)
	c.HeaderBytes = positive(c.HeaderBytes, defaultHeaderBytes)
	c.HeaderFields = positive(c.HeaderFields, defaultHeaderFields)
	// A visitor may use the window of the protocol's default before it has read our settings.
	c.StreamWindow = min(max(positive(c.StreamWindow, defaultStreamWindow), protocolWindow), maxWindow)
	c.ConnectionWindow = min(max(positive(c.ConnectionWindow, defaultConnWindow), c.StreamWindow), maxWindow)
	c.BodyMemory = positive(c.BodyMemory, defaultBodyMemory)
	c.HeadTimeout = positive(c.HeadTimeout, defaultHeadTimeout)
	c.IdleTimeout = positive(c.IdleTimeout, defaultIdleTimeout)
	c.StallTimeout = positive(c.StallTimeout, defaultStallTimeout)
	if c.Count == nil {
		c.Count = func(string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func positive[T uint32 | int | int64 | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// interval is how often the sweeper looks: often enough for the shortest timeout, never more than is cheap.
func (c Config) interval() time.Duration {
	shortest := min(c.HeadTimeout, c.IdleTimeout, c.StallTimeout)
	return min(max(shortest/4, 10*time.Millisecond), time.Second)
}
