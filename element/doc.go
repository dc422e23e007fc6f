// Package element holds the catalogue of elements and everything that turns what a visitor sent into a value that can
// be compared, kept and shown.
//
// An element is a named, typed value: an entity links sessions, an attribute describes. The Catalogue says which names
// exist, the Normaliser brings text to its canonical form (equal values are equal strings) and hides what must not be
// kept: hashed elements become keyed hashes with a mask, secrets become the bare fact that they were there.
//
// The package is pure: no I/O, no clock, no goroutine. A Normaliser may be used from many goroutines at once.
package element
