// Package fingerprint writes down how a visitor's software greets: the TLS hello as JA4, and the opening of an HTTP/2
// connection as text.
//
// A fingerprint names a kind of software (a browser's version family, a library), never a person. It is a claim to be
// compared with the other claims of a request, such as its User-Agent.
//
// JA4 is TLS client fingerprinting by FoxIO, free to use under the BSD 3-Clause licence that lies in testdata beside the
// vectors. The other members of that family (JA4S, JA4H, JA4X ...) have another licence and are no part of this package.
package fingerprint
