package http1

import "errors"

// What is taken when a limit is left at zero.
const (
	DefaultHeadBytes = 64 << 10
	DefaultFields    = 128
)

// mostHeadBytes is the most that positions of 32 bits are used for.
const mostHeadBytes = 1 << 30

// Limits bound a head (or a trailer section).
type Limits struct {
	HeadBytes int // bytes of the whole head with its empty line; 0 means DefaultHeadBytes
	Fields    int // field lines; 0 means DefaultFields
}

func (l Limits) filled() Limits {
	if l.HeadBytes <= 0 {
		l.HeadBytes = DefaultHeadBytes
	}
	l.HeadBytes = min(l.HeadBytes, mostHeadBytes)
	if l.Fields <= 0 {
		l.Fields = DefaultFields
	}
	return l
}

// ErrMore says that the head is not complete yet: read more and parse again from the start.
var ErrMore = errors.New("http1: the head is not complete")

// Error says why a message is refused. For a request, Status is the answer that is due; for a response it is always 502.
type Error struct {
	Status int
	Reason string // one of the constants below, fit for a counter's label; never anything out of the message
}

// Error implements error.
func (e *Error) Error() string { return "http1: " + e.Reason }

// The reasons of an Error.
const (
	ReasonLine       = "start line"         // the request or status line is malformed
	ReasonMethod     = "method"             // not a token, or too long
	ReasonTarget     = "target"             // the request target has a form or a byte that is not allowed
	ReasonVersion    = "version"            // not HTTP/1.0 or HTTP/1.1
	ReasonName       = "field name"         // not a token, or white space before the colon
	ReasonValue      = "field value"        // a control character
	ReasonLineEnd    = "line end"           // a bare CR or LF
	ReasonFold       = "folded line"        // obs-fold
	ReasonHost       = "host"               // missing, several or malformed
	ReasonLength     = "content length"     // malformed, several or too large
	ReasonCoding     = "transfer encoding"  // anything but one "chunked", or beside a Content-Length
	ReasonDisguise   = "disguised field"    // a framing field spelled with another character in place of "-"
	ReasonExpect     = "expectation"        // an Expect other than 100-continue
	ReasonConnection = "connection options" // too many of them
	ReasonHeadSize   = "head size"          // the head is too large
	ReasonTargetSize = "target size"        // the request line alone fills the head
	ReasonFields     = "field count"        // too many lines
	ReasonMethodUse  = "method and target"  // such as "*" for a method other than OPTIONS
	ReasonChunk      = "chunk"              // a malformed chunk
	ReasonChunkSize  = "chunk size"         // too large
	ReasonExtension  = "chunk extension"    // malformed, or more of them than data
	ReasonTrailer    = "trailer"            // a field that has no business in a trailer section, or too many
	ReasonStatus     = "status"             // a status nobody asked for
)

func refuse(status int, reason string) error { return &Error{status, reason} }
