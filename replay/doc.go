// Package replay compares what two sets of rules make of the same recorded events: which sessions a rule hits newly, which
// it hits no longer, how ratings move, and whose money that touches. It is pure: whoever runs the events through both sets
// hands in what came out, in the order of the log, and gets a report that is the same each time.
package replay
