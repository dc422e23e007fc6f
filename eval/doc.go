// Package eval measures who is recognised and what is detected: it lets the world of package world happen in front of the
// engine with the default packs, compares the verdicts with the truth, and says beside each figure what the goal is, how sure
// the figure is, and what a cookie, an address with a browser's name, and a firewall's thresholds per address would have
// reached on the same events.
//
// The engine sees the events only. Where requests would be held, the world's answer depends on the verdict: a payment of a
// Malicious session never reaches the shop.
package eval
