// Package interceptor reads payment requests that were meant for an acquirer: it maps their fields to a decision request, finds out
// which fields there are, fills in answers, and says which headers go on. It is pure; forwarding is done by api.
package interceptor
