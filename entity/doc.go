// Package entity keeps what is remembered about one entity (an account, a card, an address) across sessions: when it
// was first seen, its counters and distinct companions, its labels, and the persona that last paid with it.
package entity
