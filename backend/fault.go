package backend

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// The codes of payment.BackendResult.Error.
const (
	codeInsufficient = "insufficient_context"
	codeDisabled     = "backend_capability_disabled"
	codeTimeout      = "timeout"
	codeUnavailable  = "unavailable"
	codeBadResponse  = "bad_response"
	codeMapping      = "mapping_error"
	codeCircuitOpen  = "circuit_open"
	// codeCancelled is of calls that the caller did not want any longer; it stands in no result.
	codeCancelled = "cancelled"
)

// fault is why a call gave nothing. It never holds anything of what was sent or answered.
type fault struct {
	code string
	// detail is for the operator, in words of our own.
	detail string
	// ill says that the backend is not well: its breaker counts that. A backend that refuses what it is asked is well.
	ill bool
	// stale says that the credentials were refused, so that a token may have to be fetched anew.
	stale bool
}

// Error implements error.
func (f *fault) Error() string {
	if f.detail == "" {
		return f.code
	}
	return f.code + ": " + f.detail
}

// ofTransport judges a call that got no whole answer.
func ofTransport(ctx context.Context, err error) *fault {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &fault{code: codeCancelled}
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return &fault{code: codeTimeout, ill: true}
	case errors.Is(err, errWalls):
		return &fault{code: codeUnavailable, detail: errWalls.Error(), ill: true}
	}
	return &fault{code: codeUnavailable, detail: "no connection, or it broke", ill: true}
}

// ofStatus judges an answer by its status; nil for a good one.
func ofStatus(status int) *fault {
	detail := "status " + http.StatusText(status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &fault{code: codeUnavailable, detail: "the credentials were refused", stale: status == http.StatusUnauthorized}
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return &fault{code: codeMapping, detail: detail}
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return &fault{code: codeTimeout, detail: detail, ill: true}
	case status == http.StatusTooManyRequests, status >= 500:
		return &fault{code: codeUnavailable, detail: detail, ill: true}
	}
	return &fault{code: codeBadResponse, detail: detail}
}
