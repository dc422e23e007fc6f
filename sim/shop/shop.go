// Package shop is a placeholder until the real one lands.
package shop

import "net/http"

// New makes a shop.
func New(seed uint64) http.Handler { return http.NotFoundHandler() }
