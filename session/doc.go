// Package session keeps what one visitor did lately: it says which session an event belongs to and why, and folds the
// event into it.
package session
