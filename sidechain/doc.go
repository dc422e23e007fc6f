// Package sidechain signs a request that has been looked at and goes back to the CDN it came from, and checks such a
// signature, by HTTP Message Signatures (RFC 9421) with Ed25519 or HMAC-SHA256.
//
// The program that runs on the CDN sends a request here unless it carries a valid signature; a request that carries one
// goes on to the application. So the signature is the only thing that keeps an attacker from walking past inspection:
// it covers method, authority, path and query, names its key, and lives for a minute at most. A Verifier refuses what
// covers less, and what it has seen before.
//
// Nothing here does I/O, looks at the clock or rolls dice: time and nonce are given by the caller.
package sidechain
