// Package state keeps live sessions, entity memories and the keys that lead to them. Its one shape is load and commit
// with compare-and-set, so that engines stay stateless and any node can take any event: a caller that still has an
// entry's version commits in one round trip, and gets the current value back when it was stale.
//
// Memory is the embedded implementation. Its log is the record stream itself: a snapshot names the stream position it
// stands at, and what came after is folded in again at start (engine.Restore).
package state
