// Package http1 reads and writes the messages of HTTP/1.1 (RFC 9112): heads and chunked bodies. Every message has one
// reading or none: what two implementations could read in two ways is refused. It does no I/O.
package http1
