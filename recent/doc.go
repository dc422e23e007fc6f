// Package recent remembers what was asked for lately, within a bound. It is pure; its users lock it.
package recent
