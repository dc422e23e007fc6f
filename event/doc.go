// Package event holds the words that travel through the house: the Event an exchange becomes, the Verdict the
// engine gives on it, and the Record that joins both for the log, the warehouse and the Hub.
//
// An event that was made for one exchange, with all its texts and lists, may live no longer than the call it is handed
// over in: who keeps any of it (state, log, memory) copies it, and nobody changes Parts, which events may share.
//
// It imports the standard library only and has no behaviour beyond naming, validating and encoding. What happened
// (Event) and what is thought of it (Verdict) are different types on purpose: a verdict may be replayed, an event
// may not.
package event
