// Package http1 reads and writes the messages of HTTP/1.1 (RFC 9112): heads and chunked bodies. Every message has one
// reading or none: what two implementations could read in two ways is refused. It does no I/O.
//
// Parsing allocates nothing and copies nothing: the strings of a Request or a Response lie in the buffer that was parsed
// and hold until somebody writes to it. Forwarding copies the lines that nobody touches as they came, many at once, so
// that their order and spelling, which are evidence about the visitor, survive.
//
// A head that comes in pieces is parsed from its start with each piece. To a visitor who sends byte by byte that may cost
// a walk over Limits.HeadBytes for every byte; who reads from a socket may wait for a line feed among the new bytes first.
//
// Two other parsers are the oracles of its tests: net/http and llhttp (of node). Whatever Parse accepts they accept, and
// read as the same message, but for the differences listed in the tests. To compare for an hour:
//
//	go test -run '^$' -fuzz FuzzRequest -fuzztime 1h -fuzzminimizetime 1s ./http1
//
// The other targets are FuzzResponse, FuzzLlhttp, FuzzForward and FuzzChunks.
package http1
