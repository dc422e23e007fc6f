//go:build e2e

package path

import (
	"encoding/binary"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

func hex(n int) string { return strconv.FormatInt(int64(n), 16) }

// frame is a WebSocket frame (RFC 6455, section 5.2); those of visitors are masked.
func frame(opcode byte, masked bool, payload string) string {
	out := []byte{0x80 | opcode}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	if len(payload) < 126 {
		out = append(out, mask|byte(len(payload)))
	} else {
		out = binary.BigEndian.AppendUint16(append(out, mask|126), uint16(len(payload)))
	}
	if !masked {
		return string(append(out, payload...))
	}
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	out = append(out, key...)
	for i := range len(payload) {
		out = append(out, payload[i]^key[i%4])
	}
	return string(out)
}

// The opcodes of WebSocket frames.
const (
	opText  = 1
	opBytes = 2
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// timedExchanges are those where it matters that nothing is kept back: each move is made only when the one before was seen.
func timedExchanges() []exchange {
	const (
		upgrade = get + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
		accept  = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
		events  = ok + "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
	)
	text := func(s string) string { return frame(opText, true, s) }
	return []exchange{
		{name: "events, chunked", moves: []move{visitorSays(get + "Accept: text/event-stream\r\n\r\n"),
			originSaysUntil(events+"Transfer-Encoding: chunked\r\n\r\n", "\r\n\r\n"), originSaysUntil("9\r\ndata: 1\n\n\r\n", "data: 1\n\n"), originSaysUntil("9\r\ndata: 2\n\n\r\n", "data: 2\n\n"),
			originSaysUntil("9\r\ndata: 3\n\n\r\n", "data: 3\n\n"), originSays("0\r\n\r\n")}},
		{name: "events until the end", closes: true, moves: []move{visitorSays(get + "Accept: text/event-stream\r\n\r\n"),
			originSays(events + "\r\ndata: 1\n\n"), originSays("data: 2\n\n"), originSays("data: 3\n\n")}},
		{name: "a call that streams both ways", passing: true, moves: []move{visitorSays(post + "Transfer-Encoding: chunked\r\n\r\n"), originSays(ok + "Transfer-Encoding: chunked\r\n\r\n"),
			visitorSaysUntil("4\r\nping\r\n", "ping"), originSaysUntil("4\r\npong\r\n", "pong"), visitorSaysUntil("5\r\nagain\r\n", "again"), originSaysUntil("4\r\nthen\r\n", "then"),
			visitorSays("0\r\n\r\n"), originSays("0\r\n\r\n")}},
		{name: "early hints", moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n"),
			originSays("HTTP/1.1 103 Early Hints\r\nLink: </c.css>\r\n\r\n"), originSays(okay)}},
		{name: "other interim answers", moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays("HTTP/1.1 102 Processing\r\n\r\n"), originSays("HTTP/1.1 199 Odd\r\nX-A: b\r\n\r\n"), originSays(okay)}},
		{name: "an interim answer and the final one at once", moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + okay)}},
		{name: "an expectation met", passing: true, moves: []move{visitorSays(post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"), originSays("HTTP/1.1 100 Continue\r\n\r\n"), visitorSays("hi"), originSays(okay)}},
		{name: "an expectation met, chunked", passing: true, moves: []move{visitorSays(post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"), originSays("HTTP/1.1 100 Continue\r\n\r\n"), visitorSays("2\r\nhi\r\n0\r\n\r\n"), originSays(okay)}},
		{name: "an expectation refused", passing: true, early: true, moves: []move{visitorSays(post + "Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"), originSays("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")}},
		{name: "an answer before the whole request", passing: true, early: true, moves: []move{visitorSays(post + "Content-Length: 1000000\r\n\r\nthe beginning"), originSays("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")}},
		{name: "an early answer that goes on", passing: true, moves: []move{visitorSays(post + "Content-Length: 8\r\n\r\nthe "), originSays(ok + "Content-Length: 4\r\n\r\nye"), visitorSays("rest"), originSays("ah")}},
		{name: "WebSocket", upgrade: true, closes: true, moves: []move{visitorSays(upgrade), originSays(accept + frame(opText, false, "welcome")),
			visitorSays(text("hello")), originSays(frame(opPing, false, "are you there")), visitorSays(frame(opPong, true, "are you there")),
			visitorSays(frame(opBytes, true, "\x00\x01\xff"+zipped("more than a hundred and twenty-six bytes of something that cannot be made smaller by gzip, such as these words here, and a few more of them"))),
			originSays(frame(opText, false, "bye")), visitorSays(frame(opClose, true, "\x03\xe8done")), originSays(frame(opClose, false, "\x03\xe8done"))}},
		{name: "WebSocket refused", moves: []move{visitorSays(upgrade), originSays("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 12\r\nContent-Length: 2\r\n\r\nno")}},
	}
}

// oldExchanges have a side that speaks HTTP/1.0.
func oldExchanges() []exchange {
	return []exchange{
		{name: "HTTP/1.0", old: true, closes: true, moves: []move{visitorSays("GET {path} HTTP/1.0\r\nHost: shop.example\r\n\r\n"), originSays("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")}},
		{name: "HTTP/1.0 with a body", old: true, closes: true, moves: []move{visitorSays("POST {path} HTTP/1.0\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nhi"), originSays("HTTP/1.0 200 OK\r\n\r\nuntil the end")}},
		{name: "HTTP/1.0 kept alive", old: true, moves: []move{visitorSays("GET {path} HTTP/1.0\r\nHost: shop.example\r\nConnection: keep-alive\r\n\r\n"), originSays("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")}},
		{name: "an origin of HTTP/1.0", old: true, closes: true, moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays("HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nuntil the end")}},
	}
}
