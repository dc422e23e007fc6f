// Package session keeps what one visitor did lately: it says which session an event belongs to and why, and folds the
// event into it.
//
// A token joins, where its name is one whose values tell visitors apart (Habit); then the connection; then address and browser,
// where it is unlikely that somebody else looks the same. Which names are keys, and after which pause a session is over (Idle), is
// learned from what visitors do, in counts that are judged once an hour: the same events give the same judgements, and none
// changes a session that is under way. A token that took the place of another leads on to the same session (Token.Successor);
// a visit that began without a token is taken in once one shows whose it is (Fragment).
//
// A session takes 4 KiB at most, whatever its visitor does: counters by number, hashes of values, labels, how the visitor moves about
// (Shape), and what sequences of rules need.
package session
