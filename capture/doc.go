// Package capture turns exchanges into events. Specs, written in YAML, say which exchanges count, which event they make,
// which elements to take from where, and how the answer tells the result; docs/specs.md is their reference.
//
// # How the data path uses it
//
//	spec := set.Match(&request)   // head only, no allocation on a miss; nil: neither read nor recorded
//	needs := spec.Needs()         // which bodies to copy, up to which size, and whether to hold the request
//	spec = spec.Resolve(&request) // only when needs.Undecided: once the body is copied; nil: not to be recorded after all
//	e := spec.Request(&request)   // what the request alone tells, for the inline question
//	e = spec.Exchange(&request, &response)
//
// RequestIn and ExchangeIn do the same in the memory of a Scratch, which belongs to one worker or travels with one
// exchange: they allocate nothing, and the event lives until Scratch.Reset. So Reset comes after the observer's Observe
// has returned, and what Consider returned is no longer in use.
//
// A GraphQL operation stands in the body, so that Match can give no more than a candidate: Needs.Undecided says so, and
// Resolve gives the spec that matches in full. Request and Exchange of an undecided spec resolve by themselves; an event
// with an empty Spec means that nothing matched and nothing may be recorded.
//
// # What it promises
//
// The same exchange makes the same event, byte for byte, whatever was remembered of others before: testdata/corpus.sums
// holds thousands of exchanges to it.
//
// Exact or absent: what cannot be read for certain (a cut body, a duplicated JSON key, text that is no UTF-8) is absent,
// and an issue on the event says why. Nothing sensitive leaves in clear: every value goes through element.Normaliser,
// routes are patterns and not paths, and no issue quotes a value. Everything is bounded: bodies, what they decompress to,
// depth, parts, values an element and values an event.
package capture
