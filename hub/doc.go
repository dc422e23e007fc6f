// Package hub speaks HTTP with people: the JSON the Hub's pages read, logging in, live updates, and the embedded pages
// themselves. It listens apart from the visitors' traffic.
//
// Everything that costs something is bounded here: bodies, values of a query, concurrent searches, exports, password
// checks and live streams. What the Hub needs from elsewhere (sessions, users, audit, health) it asks through the small
// interfaces of deps.go; who answers them is not its affair.
package hub
