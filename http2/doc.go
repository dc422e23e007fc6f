// Package http2 speaks HTTP/2 (RFC 9113) with visitors: a stream layer of our own over the HPACK of golang.org/x/net.
//
// # In and out
//
// In: a connection whose protocol is known to be HTTP/2, by ALPN or by its preface. Out: for each request a *Stream, given
// to a function that runs on a goroutine of its own, reads the body and answers:
//
//	server := http2.NewServer(config, func(s *http2.Stream) {
//		n, err := s.Read(buffer)                       // the request's body, flow control included
//		err = s.Answer(200, fields, first, false)      // the head and the first bytes: one system call
//		_, err = s.Write(more)
//		err = s.Finish(trailers)
//	})
//	err := server.Serve(conn, http2.Opening{Info: visitor}) // returns when the connection has ended
//
// # How
//
// One goroutine reads a connection: frames are handled where they lie in its buffer, and requests are given to workers when
// the buffer is used up, so that a small body is there when its request starts. Workers are kept and used again, as are
// streams, their field lists and all buffers. There is no goroutine that writes: whoever has something to say appends it
// to the connection's outgoing bytes, and whoever finds that nobody writes does so for all (group commit). Timeouts are
// found by one sweeper for all connections, which is as exact as its interval.
//
// # What a request may be
//
// Requests are written to HTTP/1.1 origins, so whatever could read differently there is refused: names, values, method,
// path and authority are checked byte by byte, connection fields are not allowed, Host must agree with :authority, the
// body must have the length it was said to have. Cookie crumbs are joined (RFC 9113 section 8.2.3). A malformed request
// resets its stream; it never reaches the handler.
//
// # What hostile visitors cost
//
// Bounded each: streams, also those whose request was cancelled but still runs; bytes and count of fields, CONTINUATION
// frames, HPACK table; bytes of bodies that were not read, per stream and of all connections together; bytes waiting to be
// sent; frames that ask for work and bring none (resets, SETTINGS, PING, PRIORITY, empty DATA), weighed against requests
// finished. Who goes beyond is sent GOAWAY with ENHANCE_YOUR_CALM. A visitor who does not read stalls its stream only; one
// whose connection takes nothing at all, or sends nothing of what it began, is closed after Config.StallTimeout.
package http2
