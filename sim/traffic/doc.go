// Package traffic visits the demo shop over real HTTP as hundreds of people and three attackers do, and knows the truth
// about each of them.
//
// Who comes, from where, with what device, to do what and how long they think is a plan that follows from the seed; the
// shop's answers do not change it. Client addresses are told by X-Forwarded-For, as a load balancer does: Wayguard must
// trust the loopback addresses. Nothing is sent to any other host than the target. Think times are shorter than real
// ones, so that a minute shows what a shop sees in an hour.
package traffic
