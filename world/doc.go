// Package world makes a shop's visitors out of one seed: persons, households, devices, accounts, addresses (homes, offices,
// carrier-grade NAT, relays), browser releases, cookie habits, honest visits, fourteen kinds of attack at five levels of
// skill, and the honest visitors who look like each of them. Every event comes with the truth about it, which stands beside
// the event and never in it.
//
// A World is a stream: Next gives the events in the order of their times, and the memory it takes is that of the people in
// it, not that of what they do. The same Options give the same events, one after the other.
//
// Addresses, names and cards are invented; those that look real are so by accident of drawing lots.
package world
