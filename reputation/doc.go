// Package reputation tells what lists say: what kind of network an address belongs to, and whether a declared crawler or
// agent comes from where its owner says it does. It knows no clock and no network; what must be asked of the DNS is asked by
// who uses it.
//
// The lists built in are those of x4bnet (data centres and VPNs, MIT) and of the ipranges project (published ranges of
// crawlers and relays, CC0), packed by its tests (-update). An operator's own lists stand before them.
package reputation
