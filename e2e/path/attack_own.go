//go:build e2e

package path

// The pieces of most of them.
const (
	ownHead    = "POST {first} HTTP/1.1\r\nHost: a\r\n"
	ownChunked = ownHead + "Transfer-Encoding: chunked\r\n"
	ownSized   = "Content-Length: {length}\r\n\r\n{inner}"
	ownEnding  = "{end}GET {next} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
)

// ownAttacks are those that need no odd Transfer-Encoding: chunks that end otherwise than others think, lengths named by a
// Connection header, upgrades that are none, bodies where nobody expects one, targets and hosts with more than one reading.
func ownAttacks() []form {
	return []form{
		{"Connection names the length", ownHead + "Connection: keep-alive, content-length\r\n" + ownSized + ownEnding, true},
		{"Connection names the coding", ownChunked + "Connection: Transfer-Encoding\r\n\r\n{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"Connection names the host", ownHead + "Connection: host\r\n" + ownSized + ownEnding, true},
		{"Connection names everything", ownHead + "Connection: close, host, content-length, transfer-encoding, connection, expect, te, trailer, upgrade\r\n" + ownSized + ownEnding, true},
		{"GET with a body", "GET {first} HTTP/1.1\r\nHost: a\r\n" + ownSized + ownEnding, true},
		{"HEAD with a body", "HEAD {first} HTTP/1.1\r\nHost: a\r\n" + ownSized + ownEnding, true},
		{"OPTIONS with a body", "OPTIONS {first} HTTP/1.1\r\nHost: a\r\n" + ownSized + ownEnding, true},
		{"DELETE with a body", "DELETE {first} HTTP/1.1\r\nHost: a\r\n" + ownSized + ownEnding, true},
		{"body in HTTP/1.0", "POST {first} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + ownSized + ownEnding, true},
		{"length with a plus", ownHead + "Content-Length: +{length}\r\n\r\n{inner}" + ownEnding, true},
		{"length with a minus", ownHead + "Content-Length: -{length}\r\n\r\n{inner}" + ownEnding, true},
		{"length with leading zeros", ownHead + "Content-Length: 000{length}\r\n\r\n{inner}" + ownEnding, true},
		{"length in hex", ownHead + "Content-Length: 0x{length}\r\n\r\n{inner}" + ownEnding, true},
		{"length as a list", ownHead + "Content-Length: {length}, {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length and zero", ownHead + "Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{inner}" + ownEnding, true},
		{"zero and length", ownHead + "Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length with a space in the name", ownHead + "Content-Length : {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length behind a tab", ownHead + "\tContent-Length: {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length behind a vertical tab", ownHead + "Content-Length: \x0b{length}\r\n\r\n{inner}" + ownEnding, true},
		{"length folded", ownHead + "Content-Length:\r\n {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length behind a bare CR", ownHead + "X: a\rContent-Length: {length}\r\n\r\n{inner}" + ownEnding, false},
		{"length behind a bare LF", ownHead + "X: a\nContent-Length: {length}\r\n\r\n{inner}" + ownEnding, true},
		{"length with an underscore", ownHead + "Content_Length: {length}\r\n\r\n{inner}" + ownEnding, false},
		{"length that overflows", ownHead + "Content-Length: 18446744073709551616\r\n\r\n{inner}" + ownEnding, true},
		{"length behind a NUL", ownHead + "X: a\x00\r\nContent-Length: {length}\r\n\r\n{inner}" + ownEnding, true},
		{"empty length", ownHead + "Content-Length: \r\n\r\n{inner}" + ownEnding, false},
		{"upgrade to h2c", ownHead + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" + ownSized + ownEnding, true},
		{"WebSocket of a version nobody speaks", "GET {first} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n{inner}" + ownEnding, false},
		{"WebSocket with a body", ownHead + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + ownSized + ownEnding, true},
		{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n{inner}" + ownEnding, false},
		{"TRACE with a body", "TRACE {first} HTTP/1.1\r\nHost: a\r\n" + ownSized + ownEnding, true},
		{"expectation nobody knows", ownHead + "Expect: 200-ok\r\n" + ownSized + ownEnding, true},
		{"expectation without a body", ownHead + "Expect: 100-continue\r\n\r\n{inner}" + ownEnding, false},
		{"expectation on a GET", "GET {first} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + ownSized + ownEnding, true},
		{"expectation twice", ownHead + "Expect: 100-continue\r\nExpect: 100-continue\r\n" + ownSized + ownEnding, true},
		{"expectation in HTTP/1.0", "POST {first} HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n" + ownSized + ownEnding, true},
		{"chunk extension", ownChunked + "\r\n{size};a=b\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"LF in a chunk extension", ownChunked + "\r\n2;\nxx\r\n{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"CR in a chunk extension", ownChunked + "\r\n2;\rxx\r\n{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"quoted line end in a chunk extension", ownChunked + "\r\n2;a=\"\r\nxx\r\n{size}\r\n{inner}\r\n0\r\n\r\n\"" + ownEnding, true},
		{"LF after the size", ownChunked + "\r\n{size}\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"LF after the data", ownChunked + "\r\n2\r\nxx\n{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"two bytes after the data", ownChunked + "\r\n2\r\nxxXX{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"nothing after the data", ownChunked + "\r\n2\r\nxx{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with a space before it", ownChunked + "\r\n {size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with a space behind it", ownChunked + "\r\n{size} \r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with 0x", ownChunked + "\r\n0x{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with a plus", ownChunked + "\r\n+{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with an underscore", ownChunked + "\r\n0_{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size that overflows 32 bits", ownChunked + "\r\n1000000{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size that overflows 64 bits", ownChunked + "\r\n100000000000000{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"size with many zeros", ownChunked + "\r\n00000000000000000000{size}\r\n{inner}\r\n0\r\n\r\n" + ownEnding, true},
		{"last chunk of two zeros", ownChunked + "\r\n00\r\n\r\n{inner}" + ownEnding, false},
		{"last chunk with LF", ownChunked + "\r\n0\n\n{inner}" + ownEnding, false},
		{"last chunk without an empty line", ownChunked + "\r\n0\r\n{inner}" + ownEnding, false},
		{"length in a trailer", ownChunked + "Trailer: Content-Length\r\n\r\n0\r\nContent-Length: 100\r\n\r\n{inner}" + ownEnding, false},
		{"coding in a trailer", ownChunked + "\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n{inner}" + ownEnding, false},
		{"request line in a trailer", ownChunked + "\r\n0\r\nX: y\r\n{inner}" + ownEnding, true},
		{"LF in a trailer", ownChunked + "\r\n0\r\nX: y\n\n{inner}" + ownEnding, true},
		{"chunked in HTTP/1.0", "POST {first} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}" + ownEnding, false},
		{"chunked in HTTP/1.2", "POST {first} HTTP/1.2\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}" + ownEnding, false},
		{"chunked, gzip", ownHead + "Transfer-Encoding: gzip, ownChunked\r\n\r\n0\r\n\r\n{inner}" + ownEnding, false},
		{"two hosts", "GET {first} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{inner}" + ownEnding, false},
		{"host with a space", "GET {first} HTTP/1.1\r\nHost: a b\r\n\r\n{inner}" + ownEnding, false},
		{"host with a path", "GET {first} HTTP/1.1\r\nHost: a/b?c#d\r\n\r\n{inner}" + ownEnding, false},
		{"line ends of LF", "GET {first} HTTP/1.1\nHost: a\n\n{inner}" + ownEnding, false},
		{"line ends of CR", "GET {first} HTTP/1.1\rHost: a\r\r{inner}" + ownEnding, false},
		{"empty lines first", "\r\n\r\nGET {first} HTTP/1.1\r\nHost: a\r\n\r\n{inner}" + ownEnding, false},
		{"space before the method", " GET {first} HTTP/1.1\r\nHost: a\r\n\r\n{inner}" + ownEnding, false},
		{"two spaces", "GET  {first} HTTP/1.1\r\nHost: a\r\n\r\n{inner}" + ownEnding, false},
		{"tab in the request line", "GET\t{first}\tHTTP/1.1\r\nHost: a\r\n\r\n{inner}" + ownEnding, false},
		{"HTTP/0.9", "GET {first}\r\n\r\n{inner}" + ownEnding, false},
		{"header line without a colon", "GET {first} HTTP/1.1\r\nHost: a\r\nGET /plain HTTP/1.1\r\n\r\n{inner}" + ownEnding, false},
		{"empty header name", "GET {first} HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n{inner}" + ownEnding, false},
		{"bytes behind a GET", "GET {first} HTTP/1.1\r\nHost: a\r\n\r\n={inner}" + ownEnding, false},
	}
}
