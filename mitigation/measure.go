package mitigation

import (
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// Judgement is what the engine says of a held request.
type Judgement struct {
	Session event.Session
	Verdict event.Verdict
}

// Measure is what is done with a held request. The zero Measure lets it go on as it is.
type Measure struct {
	// Answer is given instead of the origin's; nil lets the request go on.
	Answer *Answer
	// Delay is waited before the request goes on; never with an Answer, whose own time is Answer.After.
	Delay time.Duration
	// Request and Response change what the origin and what the visitor gets; nil leaves it.
	Request  *Edit
	Response *Edit
	// Origin is the group of origins that answers instead of the site's own; empty keeps it.
	Origin string
	// Tags says that the origin is to be told rating, score and labels.
	Tags bool
	// Actions are what was done and what was withheld, facts for the event.
	Actions []event.Action
}

// Answer is a response of our own.
type Answer struct {
	Status int
	Reason string
	// Header holds everything but framing, in order, spelled as it is to be sent.
	Header []capture.Field
	Body   []byte
	// Trailer is for gRPC: grpc-status and grpc-message.
	Trailer []capture.Field
	// After is when the answer is given, counted from the arrival of the request's head; 0 is at once.
	After time.Duration
	// Drop closes the connection (the stream, in HTTP/2) without an answer.
	Drop bool
	// Feigned says that the answer passes for the origin's: nothing may tell it from one, so no header is added or dropped
	// that an answer of the origin would not have had.
	Feigned bool
}

// Edit changes a request on its way to the origin, or an answer on its way to the visitor.
type Edit struct {
	// Remove names headers, Set replaces or adds them.
	Remove []string
	Set    []capture.Field
	// Add are headers beside those there are, such as Set-Cookie.
	Add []capture.Field
	// Body replaces a request's body that was read whole; nil keeps it.
	Body []byte
	// Transform changes an answer's whole body; nil keeps it. It is called only for answers that are not compressed, or that can
	// be decompressed, of at most BodyLimit bytes, and of a content type that Types names by prefix; where it does not apply, the
	// answer passes as it is.
	Transform func(contentType string, body []byte) ([]byte, error)
	Types     []string
	BodyLimit int
}
