package http1

import (
	"math/rand/v2"
	"strings"
)

// requests are messages to mutate and to start fuzzing from.
func requests() []string {
	chunked := "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	return []string{
		browser,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a:80\r\n\r\n",
		"\r\n\r\nGET /x?y=%zz HTTP/1.1\r\nhost:a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
		"GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS https://B.example HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"PUT /a\x80b HTTP/1.1\r\nHost: a\r\nX-Y:\t caf\xe9 \t\r\nEmpty:\r\nContent-Length: 0\r\n\r\n",
		chunked + "\r\n5\r\nhello\r\n6;a=b;c=\"d;\\\"\"\r\n world\r\n0\r\n\r\n",
		chunked + "Trailer: X-Sum\r\nTE: trailers, deflate\r\nConnection: TE, X-Hop\r\nX-Hop: 1\r\n\r\n00a\r\n0123456789\r\n0;x\r\nX-Sum: 1\r\nX-Sum: 2\r\nSet-Cookie: a=b\r\n\r\nGET /next HTTP/1.1\r\n",
		"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n\x81\x00",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
		"DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: close, Cookie\r\nCookie: a=b\r\nX_Forwarded_For: 1.2.3.4\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nPragma: no-cache\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	}
}

// responses are for the other direction.
func responses() []string {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	return []string{
		answer + strings.Repeat("x", 1024),
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 404 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.0 200 Sure  thing\xe9\r\nConnection: keep-alive\r\n\r\nuntil the end",
		"HTTP/1.0 302 Found\r\nLocation: /x\r\nContent-Length: 3\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\nabc",
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		chunked + "Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nDate: x\r\n\r\nrest",
		chunked + "Content-Length: 3\r\n\r\n0\r\n\r\n",
	}
}

// scraps are what attacks are made of.
func scraps() []string {
	return []string{
		"\r\n", "\n", "\r", " ", "\t", ":", ",", ";", "\x00", "\x0b", "\x0c", "\x7f", "\xa0", "\xff", "#", "?", "/", "%", "\"", "\\", "+", "-", "_", "0", "f",
		"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "transfer-encoding:chunked\r\n", "Transfer-Encoding : chunked\r\n",
		"Transfer_Encoding: chunked\r\n", "Content-Length: 5\r\n", "Content-Length: 05\r\n", "Content-Length: +5\r\n", "content-length:0\r\n", "Content-Length: 5, 5\r\n",
		"Host: b\r\n", "Host: a@b\r\n", "Connection: close\r\n", "Connection: upgrade, keep-alive\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n",
		"Trailer: X-Sum\r\n", "TE: trailers\r\n", " folded: x\r\n", "X: y\r\n", "0\r\n\r\n", "5\r\nhello\r\n", ";a=b", ";a=\"b\"", "1;", "ffffffffffffffff", "HTTP/1.1", "HTTP/1.0",
		"http://", "https://c/", "*", "[::1]", "chunked", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n", "200", "HEAD", "204", "304", "100",
	}
}

// mutate changes message in one to four places.
func mutate(random *rand.Rand, message string, others []string) string {
	b := []byte(message)
	for range 1 + random.IntN(4) {
		at := random.IntN(len(b) + 1)
		switch random.IntN(8) {
		case 0, 1, 2:
			scrap := scraps()[random.IntN(len(scraps()))]
			b = append(b[:at:at], append([]byte(scrap), b[at:]...)...)
		case 3:
			if at < len(b) {
				b[at] = byte(random.IntN(256))
			}
		case 4:
			if at < len(b) {
				b[at] ^= 1 << random.IntN(8)
			}
		case 5:
			end := min(len(b), at+1+random.IntN(6))
			b = append(b[:at:at], b[end:]...)
		case 6:
			b = reline(random, b)
		case 7:
			other := others[random.IntN(len(others))]
			b = append(b[:at:at], other[random.IntN(len(other)):]...)
		}
	}
	return string(b)
}

// reline doubles a line, moves one or puts a scrap at the start of one.
func reline(random *rand.Rand, b []byte) []byte {
	lines := strings.SplitAfter(string(b), "\r\n")
	i, j := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(3) {
	case 0:
		lines[j] = lines[i] + lines[j]
	case 1:
		lines[i], lines[j] = lines[j], lines[i]
	case 2:
		lines[i] = scraps()[random.IntN(len(scraps()))] + lines[i]
	}
	return []byte(strings.Join(lines, ""))
}
