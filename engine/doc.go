// Package engine has one verb, Observe: state in, event in, verdict and new state out. It is pure; who loads and
// commits the state, and in which order events come, is decided above. The same events in the same order give the
// same verdicts, byte for byte.
//
// What an event touches is named step by step: Lay names what the event itself shows, and Follow what that leads to once it is
// loaded (a session, the device that it has, whom that belongs to). Whoever loads state asks until nothing more is named.
//
// ObserveOn is the same on a Desk, whose room is used again for every event: an event on which nothing new is found makes no
// garbage. What it gives is good until the next event is laid on the desk.
package engine
