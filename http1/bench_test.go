package http1

import (
	"strings"
	"testing"
)

// browser is a request as a browser sends it, twelve lines.
const browser = "GET /shop/products/4711?colour=blue&size=xl HTTP/1.1\r\n" +
	"Host: shop.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: max-age=0\r\n" +
	"sec-ch-ua-mobile: ?0\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Referer: https://shop.example.com/shop\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: session=6f1ed002ab5595859014ebf0951522d9; theme=dark\r\n" +
	"\r\n"

const answer = "HTTP/1.1 200 OK\r\n" +
	"Server: nginx/1.22.1\r\n" +
	"Date: Mon, 02 Nov 2026 10:00:00 GMT\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Length: 1024\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: no-cache\r\n" +
	"Vary: Accept-Encoding\r\n" +
	"\r\n"

func BenchmarkParse(b *testing.B) {
	buf := []byte(browser)
	var r Request
	b.ReportAllocs()
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := r.Parse(buf, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendForward(b *testing.B) {
	var r Request
	if _, err := r.Parse([]byte(browser), Limits{}); err != nil {
		b.Fatal(err)
	}
	edit := Edit{
		Drop:      NewNames(XForwardedFor, XForwardedHost, XForwardedProto, Forwarded),
		DropNamed: func(name string) bool { return strings.HasPrefix(name, "X-Tag-") },
		Add:       []Field{{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}},
	}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = r.AppendForward(dst[:0], &edit)
	}
}

func BenchmarkParseResponse(b *testing.B) {
	buf := []byte(answer)
	var r Response
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Parse(buf, "GET", Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResponseAppendForward(b *testing.B) {
	var r Response
	if _, err := r.Parse([]byte(answer), "GET", Limits{}); err != nil {
		b.Fatal(err)
	}
	edit := ResponseEdit{Framing: r.Framing, Minor: 1}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = r.AppendForward(dst[:0], &edit)
	}
}

func BenchmarkChunks(b *testing.B) {
	var body []byte
	for range 16 {
		body = AppendChunk(body, make([]byte, 1024))
	}
	body = AppendLastChunk(body, nil)
	var c Chunks
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		c.Reset()
		for in := body; ; {
			_, n, done, err := c.Next(in)
			if err != nil {
				b.Fatal(err)
			}
			if done {
				break
			}
			in = in[n:]
		}
	}
}
