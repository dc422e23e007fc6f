// Package journey finds the live session that a payment belongs to, by what a merchant's back end can tell: the session's id or token,
// the account, the email, the card, the address. It is an index over judged records, bounded and pure, and says of what it finds whether
// that is surely the payer's own: only then may anything be written into it.
package journey
