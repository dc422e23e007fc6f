// Package shop is a small but whole online shop for the demo: pages with forms, a JSON API, a GraphQL API, server-sent
// events and a WebSocket, over one stock, one set of accounts and one simulated acquirer. Everything is in memory,
// bounded, and seeded deterministically: the same seed makes the same customers, cards and gift cards.
//
// It knows nothing of Wayguard. It is built as shops are: a failed login renders its form again with status 200, GraphQL
// answers 200 to everything, a login rotates the session cookie.
package shop
