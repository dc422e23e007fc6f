// Package identity says who a visitor is over time, from what the wire shows and nothing else. It knows three layers. A device
// is one browser or program; a person is the accounts that were proven on devices and those devices; an actor is an operator
// behind many devices. Trust is inherited along devices only, suspicion along all three.
//
// A session is linked to one device that is known already, never to everything that shares a key with it: cookies and tokens
// link where nobody else shows them (Key), accounts where the same browser proved them before (Account), addresses where it is
// unlikely that somebody new would look the same there (Ledger). The last is Good's and Turing's estimate: the share of
// visitors of an address that were never seen there before is that of the fingerprints seen there exactly once. It is high
// behind the gateway of a mobile network and low in a home, and needs no list of either. Whatever stays ambiguous becomes a
// new device that remembers what it is related to.
//
// Everything is counted in integers and weighed in centibits (hundredths of a bit, 100·log2 of an odds ratio), so that the
// same events give the same answers on every machine. Every record is packed and bounded.
package identity
