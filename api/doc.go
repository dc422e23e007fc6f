// Package api is the decision API: HTTP with scoped tokens over decision.Service, the interceptors' forwarding, and the OpenAPI document
// of it all. It holds no rules of its own: what is decided is decided below, what is kept is kept below.
//
// # Errors
//
// Every error is JSON of one form, {"code","message","request_id","errors":[…]}, and never repeats what was sent.
//
// # The user's traffic
//
// An interceptor fails open: whatever breaks on the way to a decision, the request goes on to its destination unless the interceptor
// says otherwise. It is sent once: payments are not idempotent.
package api
