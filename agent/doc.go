// Package agent checks who signed a request: crawlers and AI agents that declare themselves by HTTP Message Signatures
// (RFC 9421) in the profile of Web Bot Auth (draft-ietf-webbotauth-httpsig-protocol). The signature is of Ed25519, its tag is
// "web-bot-auth", its key is named by the thumbprint of its JWK (RFC 7638, RFC 8037 appendix A.3), and it covers the authority
// and, where the request has one, Signature-Agent, which says where the signer publishes his keys.
//
// A signature ends in one of three ways: it is good; it refutes the claim (forged, expired, replayed); or it says nothing,
// because its key is not known or because it covers too little or lives too long. Only the second is held against a client.
//
// Nothing here does I/O, looks at the clock or rolls dice. Whoever uses it gives the keys and the time, and fetches directories.
package agent
