// Package payment holds the words of a payment decision: the request, its credential, the answer, what happens to the payment later.
// It reads and checks requests, masks and fingerprints credentials. It is pure.
//
// # What is read
//
// Parse reads a request strictly: types, required fields, bounds, no name twice. What it does not know it keeps for rules and warns of.
// Two things are never kept but in Request.Credential: card numbers and IBANs. Where one stands anywhere else, in a name, a text, a number
// or a field that nobody knows, it is masked, and a warning says where; security codes are left out. What tells customers, orders and
// devices apart gets a keyed mark when it is masked, so that two of them stay two.
//
// A text is taken for a card number when it has 12 to 19 digits, in one piece or in groups, with a valid check digit and the beginning and
// length of a scheme. Stored payloads are masked by a wider rule (MaskPayload): there the check digit alone is enough. Hashes in
// hexadecimal, UUIDs and telephone numbers after a plus sign are left alone unless they hold the request's own number.
//
// # How it is kept
//
// Addresses, countries and currencies are brought to their usual form, so that rules, counters and lists compare equal things. Texts of the
// Tree are copies of their own: a counter that keeps one of them for a month does not keep the request's body with its card number alive.
package payment
