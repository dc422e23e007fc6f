package proxy

import (
	"io"
	"net/netip"

	"wayguard/event"
	"wayguard/http1"
	"wayguard/mitigation"
)

// This file is the seam between message handling and what to do with a request. A connection (HTTP/1.1, a stream of
// HTTP/2, or a handler of net/http's for HTTP/3) reads a request into an asked and lets a passage carry it; the passage
// answers through visitor.

// asked is a request as a visitor made it. Its strings are valid until the passage is over.
type asked struct {
	// head is the request as it stood on the wire; nil unless it came by HTTP/1.
	head *http1.Request

	method, scheme, authority, path, query string
	target                                 string // path and query as sent, "*" included
	fields                                 []http1.Field
	framing                                http1.Framing
	upgrade                                string // "websocket" or ""
	expects                                bool   // waits for 100 Continue before it sends the body

	// whole says that the body is all here, in body; else it is read from stream.
	whole  bool
	body   []byte
	stream stream

	origin identity
}

// identity is what a connection shows of the visitor. It is the same for all of the connection's requests.
type identity struct {
	peer     netip.Addr
	peerText string
	trusted  bool // the peer's word about forwarding is believed
	secure   bool // TLS
	protocol string
	// connection names it; empty where many visitors share it.
	connection string
	// hints is what the connection remembers of client hints; nil where many visitors share it.
	hints *hintMemory
	ja4   string
	// alternative is told in Alt-Svc, empty for nothing.
	alternative string
	http2       string
}

// stream is a body that is still coming.
type stream interface {
	io.Reader // io.EOF at the end
	// trailers are known once Read has given io.EOF.
	trailers() []http1.Field
	// proceed tells a visitor who waits for it to send the body.
	proceed() error
	// over says that Read has given io.EOF.
	over() bool
	// stop makes a Read that waits, and all to come, fail.
	stop()
}

// reply is the head of an answer.
type reply struct {
	// head is the answer as it stood on the wire; nil unless it came by HTTP/1. Then status, reason and fields tell.
	head    *http1.Response
	status  int
	reason  string
	fields  []http1.Field
	framing http1.Framing
	add     []http1.Field
	drop    func(name string) bool
	// last says that the visitor's connection must end with this answer.
	last bool
}

// visitor takes an answer. Its methods are called by one goroutine; an error of any means that the visitor cannot be
// reached any more.
type visitor interface {
	// inform passes on an answer of the 1xx class.
	inform(r *reply) error
	// respond begins the final answer. It may be kept back until flush or finish.
	respond(r *reply) error
	// write passes on a piece of the body, in the framing that respond was given. The piece may be written over afterwards.
	write(p []byte) error
	// flush sends what was kept back.
	flush() error
	// finish ends the answer; trailers are sent where the framing has a place for them.
	finish(trailers []http1.Field) error
	// abort ends an answer that is not whole, so that the visitor can tell.
	abort()
	// hangUp ends the connection, or the stream, without an answer. It is called instead of respond.
	hangUp()
	// watched is the place where waits are announced.
	watched() *watch
}

// disposition is what is to be done with a held request.
type disposition struct {
	measure mitigation.Measure
	// refused says that there was no verdict.
	refused bool
	// tags are headers for the origin.
	tags []http1.Field
	// session is the visitor's, empty where there is no verdict. unmatched says that the request is of no spec after all.
	session   event.ID
	unmatched bool
}
