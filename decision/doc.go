// Package decision has one verb: Decide. It takes a checked payment, finds the buyer's journey, counts, evaluates the active ruleset of
// the context, keeps the decision before it is answered, and tells whoever registered. What happens to the payment later (lifecycle
// events, resolutions, late answers of backends) comes here too, and so do the objects people manage: rulesets, lists, interceptors.
//
// What is in force (programs, interceptors, webhooks, what is counted) stands behind one pointer that each decision reads once; a change
// makes another one. The lists have a lock of their own, because events add to them all the time. Counters live in memory, for what the
// rules in force ask for and nothing else, and are filled from the ledger after a start, newest first: until a counter has all of a window,
// checks of that window do not fire. When memory is full, what was seen once and longest ago is let go, and which it was is remembered:
// whoever comes again is read from the ledger. Values at paths that the ledger cannot search by are not known then.
//
// Nothing is answered that is not kept. What is to follow an answer (asynchronous rules, webhooks) is kept in the same transaction, so
// that a crash loses none of it and nobody is told twice (a backend may be asked twice); only shadow members are asked from memory.
package decision
