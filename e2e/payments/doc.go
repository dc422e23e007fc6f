// Package payments proves payment decisions with real parts: a validating destination, recorded requests of an acquirer, a browser, a
// load generator, and kill -9.
package payments
