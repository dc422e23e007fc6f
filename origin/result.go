package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Result is how a request to an endpoint went, as far as the endpoint's health is concerned.
type Result uint8

// The results.
const (
	// ResultOK is an answer, whatever its status but 502, 503 and 504.
	ResultOK Result = iota
	// ResultConnect: no connection could be made, so nothing was sent.
	ResultConnect
	// ResultTimeout: no answer in time.
	ResultTimeout
	// ResultReset: the connection broke, or what came was not HTTP.
	ResultReset
	// ResultStatus5xx is 502, 503 or 504: the endpoint says itself that it cannot serve. A 500 is not counted, because one
	// visitor's request can cause it again and again.
	ResultStatus5xx
	// ResultStale: a kept connection had been closed by the endpoint. This says nothing about its health.
	ResultStale
	// ResultBusy: all of Config.Connections are in use.
	ResultBusy
	// ResultGone: our side gave up, because the visitor left or we are stopping.
	ResultGone

	results // how many there are
)

// String is the result's name in metrics.
func (r Result) String() string {
	switch r {
	case ResultOK:
		return "ok"
	case ResultConnect:
		return "connect"
	case ResultTimeout:
		return "timeout"
	case ResultReset:
		return "reset"
	case ResultStatus5xx:
		return "status_5xx"
	case ResultStale:
		return "stale"
	case ResultBusy:
		return "busy"
	}
	return "gone"
}

// failed says whether the result speaks against the endpoint.
func (r Result) failed() bool {
	return r == ResultConnect || r == ResultTimeout || r == ResultReset || r == ResultStatus5xx
}

// Errors of Pick and Connect.
var (
	// ErrNone says that the group has no endpoint at all, because no host name of it could be resolved yet.
	ErrNone = errors.New("the origin has no endpoint")
	// ErrBusy says that all connections that the configuration allows are in use, and that none became free in time.
	ErrBusy = errors.New("all connections to the origin are in use")
)

// Failure is an error of an endpoint. Its text names the endpoint and never quotes what the endpoint sent.
type Failure struct {
	Result Result
	// Sent says that some of the request may have reached the endpoint.
	Sent bool
	// Address is the endpoint's.
	Address string
	Cause   error
}

// Error implements error.
func (f *Failure) Error() string {
	switch f.Result {
	case ResultTimeout:
		return fmt.Sprintf("origin endpoint %s: no answer in time", f.Address)
	case ResultConnect:
		return fmt.Sprintf("origin endpoint %s: connect: %v", f.Address, f.Cause)
	case ResultBusy:
		return fmt.Sprintf("origin endpoint %s: %v", f.Address, f.Cause)
	}
	return fmt.Sprintf("origin endpoint %s: the connection broke (%s)", f.Address, f.Result)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Timeout says whether time ran out, as net.Error does.
func (f *Failure) Timeout() bool {
	var timeout net.Error
	return f.Result == ResultTimeout || errors.As(f.Cause, &timeout) && timeout.Timeout()
}

// ResultOf is what an error of this package's connections means for the endpoint; ResultOK for none.
func ResultOf(err error) Result {
	var failure *Failure
	var timeout net.Error
	switch {
	case err == nil:
		return ResultOK
	case errors.As(err, &failure):
		return failure.Result
	case errors.Is(err, context.Canceled):
		return ResultGone
	case errors.As(err, &timeout) && timeout.Timeout():
		return ResultTimeout
	}
	return ResultReset
}

// ResultOfStatus is what an answer's status means for the endpoint.
func ResultOfStatus(status int) Result {
	if status >= 502 && status <= 504 {
		return ResultStatus5xx
	}
	return ResultOK
}

// idempotent says whether a request of this method may be repeated when it may have been carried out (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// RetryAllowed says whether a request may be sent again, to the same endpoint or another, after attempt attempts failed
// (1 after the first); it is counted when it may. sent says that some of the request may have reached an endpoint, which
// is so after everything but a failed Connect. The caller answers for the rest: that nothing of an answer has come, and
// that the whole request, its body included, is still there to be sent.
func (g *Group) RetryAllowed(method string, sent bool, attempt int) bool {
	if attempt > g.config.Retries || sent && !idempotent(method) {
		return false
	}
	g.count().retries.Add(1)
	return true
}
