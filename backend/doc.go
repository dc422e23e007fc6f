// Package backend asks risk engines outside of the house about payments, and tells them later what became of these.
//
// An integration (decision.Integration) is where engines are found, and each engine is a backend, named "slug/id" by rules. There
// are two kinds. A "link" integration is a connector that speaks the Specter protocol: it is asked which backends it has, what they
// support and what they need. An "http" integration is one engine of any maker, described by an Adapter: what is asked, with which
// body, and where in the answer the outcome stands.
//
// Nothing here can hold a payment up for longer than its timeout or take the house down with it: each call is bounded in time, each
// backend in calls under way and by a circuit breaker, each answer in size. A call that fails is a result that says why.
//
// A card number or an IBAN goes only to a backend that asks for it by the variant it implements or by the placeholder in its
// adapter. Neither they nor credentials ever stand in a result, a status, an error or a log line.
package backend
