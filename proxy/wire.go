package proxy

import (
	"context"
	"net"

	"wayguard/capture"
)

// This file is the seam between message handling and what to do with an exchange. A wire reads messages off listeners
// and forwards them; for each request it calls, in this order:
//
//	ex := inspector.begin(head)        // nil: stream it through and forget it
//	ex.requestTap() / ex.requestDone() // while the request's body passes
//	ex.arrived(body); ex.decide(ctx)   // instead, when ex.held(): before anything goes to the origin
//	ex.received(body)                  // and once as much of the body is there as is looked at
//	ex.answered(status, header)        // when the origin's final response head is there
//	ex.responseTap() / ex.responseDone()
//	ex.end()                           // always, once, when nothing more will pass
//
// All of an exchange's methods may be called from different goroutines, and none of them blocks but decide.

// wire is one implementation of message handling.
type wire interface {
	// serve answers the connections of one listener until shutdown; then its error is nil.
	serve(listener net.Listener, tls *certificate) error
	// shutdown takes no new connections and waits for the requests under way until ctx ends; what is left then is cut,
	// which is told by the error.
	shutdown(ctx context.Context) error
}

// inspector decides which requests are looked at.
type inspector interface {
	// begin takes a request's head; the body in it is ignored. It keeps the head when it returns an exchange, and does
	// not when it returns nil.
	begin(head *capture.Request) *exchange
}

// disposition is what is to be done with a held request.
type disposition struct {
	// answer is given instead of the origin's; nil lets the request go on.
	answer *answer
	// tags are headers for the origin.
	tags []capture.Field
}

// answer is a response of our own.
type answer struct {
	status      int
	contentType string
	body        []byte
}
