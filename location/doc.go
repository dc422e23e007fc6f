// Package location tells where an IP address is, from MMDB files that the operator supplies: country, region, city,
// coordinates, and the network it belongs to.
//
// It reads bytes and opens no file. What a file does not say stays absent: an address that is not in it has no country,
// and nothing is guessed.
package location
