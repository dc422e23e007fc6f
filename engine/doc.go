// Package engine has one verb, Observe: state in, event in, verdict and new state out. It is pure; who loads and
// commits the state, and in which order events come, is decided above. The same events in the same order give the
// same verdicts, byte for byte.
package engine
