// Command proxy measures Wayguard, inspecting every request, beside nginx, HAProxy and Caddy, which only forward. All of
// them run on this machine, in front of the same origin, in one interleaved run: each repetition visits every peer once, in
// random order, and ratios are taken to nginx of the same repetition. Absolute times of two runs must not be compared.
//
// The exit code says whether the goals hold: 0 they do, 1 one falls short, 2 the measurement failed.
package main
