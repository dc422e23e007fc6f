//go:build e2e

package path

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/andybalholm/brotli"
)

func visitorSays(text string) move           { return move{text: text} }
func originSays(text string) move            { return move{origin: true, text: text} }
func originSaysUntil(text, seen string) move { return move{origin: true, text: text, until: seen} }
func visitorSaysUntil(text, seen string) move {
	return move{text: text, until: seen}
}

// plain is one request and one answer.
func plain(name, request, answer string) exchange {
	return exchange{name: name, moves: []move{visitorSays(request), originSays(answer)}}
}

// corpus is all exchanges; {path} stands for a path that leads to a spec or to none.
func corpus() []exchange {
	var all []exchange
	all = append(all, headExchanges()...)
	all = append(all, bodyExchanges()...)
	all = append(all, timedExchanges()...)
	return append(all, oldExchanges()...)
}

const (
	get  = "GET {path} HTTP/1.1\r\nHost: shop.example\r\n"
	post = "POST {path} HTTP/1.1\r\nHost: shop.example\r\n"
	ok   = "HTTP/1.1 200 OK\r\n"
	okay = ok + "Content-Length: 2\r\n\r\nok"
)

// headExchanges are about lines: what they are called, how they are written, in which order they come.
func headExchanges() []exchange {
	return []exchange{
		plain("case, order and repetition of header lines", "POST {path} HTTP/1.1\r\nhOsT: shop.example\r\nx-b: 2\r\nX-A: 1\r\nX-B: 3\r\nCONTENT-LENGTH: 2\r\nx-a: 4\r\nCookie: a=b; c=\"d e\"\r\ncookie: f=g\r\n\r\nhi",
			ok+"x-b: 2\r\nX-A: 1\r\nSet-Cookie: a=b\r\nX-B: 3\r\nset-cookie: c=d\r\ncontent-LENGTH: 2\r\nx-a: 4\r\nDate: some day\r\nSERVER: odd\r\n\r\nok"),
		plain("empty values", post+"X-Empty:\r\nX-Space: \r\nUser-Agent:\r\nAccept-Encoding:\r\nContent-Length: 2\r\n\r\nhi", ok+"X-Empty:\r\nX-Space: \r\nServer:\r\nContent-Length: 2\r\n\r\nok"),
		plain("spaces around values", post+"X-A:b\r\nX-C:   d   \r\nX-E:\tf\t\r\nX-G: h  i\r\nContent-Length: 2\r\n\r\nhi", ok+"X-A:b\r\nX-C:   d   \r\nX-E:\tf\t\r\nContent-Length: 2\r\n\r\nok"),
		plain("bytes above 127", post+"X-Name: caf\xe9 \xff\x80\r\nX-Utf: caf\u00e9\r\nContent-Length: 2\r\n\r\nhi", ok+"X-Name: caf\xe9 \xff\x80\r\nContent-Length: 2\r\n\r\nok"),
		plain("odd names", post+"X_Under_Score: 1\r\nx.dot: 2\r\n!#$%&'*+-.^_`|~: 3\r\n1: 4\r\nContent-Length: 2\r\n\r\nhi", ok+"X_Under_Score: 1\r\n!#$%&'*+-.^_`|~: 3\r\nContent-Length: 2\r\n\r\nok"),
		plain("odd target", "GET {path}//a/../b/%2e%2e/./c%2Fd|\"{e}^`[f]?x=1;y=2&x=%zz&&%&q HTTP/1.1\r\nHost: shop.example\r\n\r\n", okay),
		plain("empty query", "GET {path}? HTTP/1.1\r\nHost: shop.example\r\n\r\n", okay),
		plain("long target", "GET {path}?q="+strings.Repeat("0123456789", 800)+" HTTP/1.1\r\nHost: shop.example\r\n\r\n", okay),
		plain("long and many lines", post+"X-Long: "+strings.Repeat("abcdefgh", 3000)+"\r\n"+strings.Repeat("X-Many: value\r\n", 150)+"Content-Length: 2\r\n\r\nhi",
			ok+"X-Long: "+strings.Repeat("abcdefgh", 12000)+"\r\n"+strings.Repeat("X-Many: value\r\n", 150)+"Content-Length: 2\r\n\r\nok"),
		plain("methods nobody knows", "Frob-It {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nhi", okay),
		plain("DELETE without a body", "DELETE {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n", okay),
		plain("OPTIONS", "OPTIONS {path} HTTP/1.1\r\nHost: shop.example\r\nOrigin: null\r\nAccess-Control-Request-Method: PUT\r\n\r\n", "HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n"),
		plain("conditions and ranges", get+"Range: bytes=0-1,5-\r\nIf-Range: \"x\"\r\nIf-None-Match: W/\"y\"\r\n\r\n", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nETag: \"x\"\r\nContent-Length: 2\r\n\r\nok"),
		plain("several ranges", get+"Range: bytes=0-0,2-2\r\n\r\n", "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=B\r\nContent-Length: 13\r\n\r\n--B\r\n\r\na\r\n--B"),
		plain("range that cannot be", get+"Range: bytes=99-\r\n\r\n", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n"),
		plain("forwarded, via, pragma", post+"Forwarded: for=192.0.2.1\r\nVia: 1.1 cdn\r\nPragma: no-cache\r\nMax-Forwards: 3\r\nContent-Length: 2\r\n\r\nhi", ok+"Via: 1.1 cdn\r\nAge: 3\r\nAlt-Svc: clear\r\nContent-Length: 2\r\n\r\nok"),
		plain("lines of a connection", post+"Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nX-Theirs: 2\r\nTE: trailers\r\nContent-Length: 2\r\n\r\nhi", ok+"Connection: X-Mine\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nX-Theirs: 2\r\nContent-Length: 2\r\n\r\nok"),
		plain("a reason of one's own", post+"Content-Length: 2\r\n\r\nhi", "HTTP/1.1 200 Quite All Right, Thank You\r\nContent-Length: 2\r\n\r\nok"),
		plain("no reason", post+"Content-Length: 2\r\n\r\nhi", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
		plain("a status nobody knows", post+"Content-Length: 2\r\n\r\nhi", "HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nno"),
		plain("redirect", get+"\r\n", "HTTP/1.1 302 Found\r\nLocation: /a b?c|d\r\nContent-Length: 0\r\n\r\n"),
		plain("not modified, with a length", get+"If-None-Match: \"x\"\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 12345\r\nContent-Type: text/html\r\n\r\n"),
		plain("no content", post+"Content-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"),
		plain("no content, with a type", "PUT {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 204 Gone Well\r\nContent-Type: text/plain\r\n\r\n"),
		{name: "HEAD with a length", head: true, moves: []move{visitorSays("HEAD {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n"), originSays(ok + "Content-Type: image/png\r\nContent-Length: 12345\r\n\r\n")}},
		{name: "HEAD, chunked", head: true, moves: []move{visitorSays("HEAD {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n"), originSays(ok + "Transfer-Encoding: chunked\r\n\r\n")}},
		{name: "HEAD without a length", head: true, moves: []move{visitorSays("HEAD {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n"), originSays(ok + "X-A: b\r\n\r\n")}},
	}
}

// bodyExchanges are about bodies and how they are framed.
func bodyExchanges() []exchange {
	every := make([]byte, 0, 256*40)
	for range 40 {
		for b := range 256 {
			every = append(every, byte(b))
		}
	}
	// What waits for the end of these must not take a part of them for it.
	const end = "--the-end"
	binary, page := string(every)+end, strings.Repeat("<p>a page of some length</p>\n", 500)+end
	up, down := strings.Repeat("0123456789abcdef", 1<<16)+end, strings.Repeat("fedcba9876543210", 1<<16)+end
	const coded = "Transfer-Encoding: chunked\r\n"
	return []exchange{
		plain("no body at all", post+"Content-Length: 0\r\n\r\n", ok+"Content-Length: 0\r\n\r\n"),
		plain("POST without a length", post+"\r\n", okay),
		plain("GET with a body", get+"Content-Length: 2\r\n\r\nhi", okay),
		plain("every byte there is", post+sized(binary), ok+sized(binary)),
		plain("every byte there is, chunked", post+coded+"\r\n"+chunks(binary, 1<<20)+"0\r\n\r\n", ok+coded+"\r\n"+chunks(binary, 1<<20)+"0\r\n\r\n"),
		plain("gzip", post+"Content-Encoding: gzip\r\nAccept-Encoding: br;q=1, gzip\r\n"+sized(zipped(page)), ok+"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"+sized(zipped(page))),
		plain("brotli", post+"Content-Encoding: br\r\n"+sized(brotlied(page)), ok+"Content-Encoding: br\r\n"+sized(brotlied(page))),
		plain("gzip that is none", post+"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi", ok+"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
		plain("chunks of odd sizes", post+coded+"\r\n1\r\na\r\n2\r\nbc\r\n0005\r\ndefgh\r\nA\r\n0123456789\r\n3;x=\"y\";z\r\nijk\r\n0\r\n\r\n",
			ok+coded+"\r\n1\r\na\r\n00002\r\nbc\r\nB;x=y\r\n01234567890\r\n1\r\nz\r\n0\r\n\r\n"),
		plain("trailers both ways", post+"TE: trailers\r\nTrailer: X-Sum, x-other\r\n"+coded+"\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-other: caf\xe9\r\nX-Not-Told: 2\r\n\r\n",
			ok+"Trailer: X-Sum\r\n"+coded+"\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nx-Other: 2\r\nX-Sum: 3\r\n\r\n"),
		plain("trailers behind nothing", post+"Trailer: X-Sum\r\n"+coded+"\r\n0\r\nX-Sum: 1\r\n\r\n", ok+coded+"\r\n0\r\nX-Sum: 1\r\n\r\n"),
		plain("a form", post+"Content-Type: application/x-www-form-urlencoded\r\n"+sized("username=a%20b&username=c+d&=&e"), okay),
		plain("JSON", post+"Content-Type: application/json\r\n"+sized(`{"a": [1, 2.50, "\u00e9"]}`), ok+"Content-Type: application/json\r\n"+sized(`{ "b":null }`)),
		plain("a megabyte both ways", post+sized(up), ok+sized(down)),
		plain("a megabyte both ways, chunked", post+coded+"\r\n"+chunks(up, 777)+"0\r\n\r\n", ok+coded+"\r\n"+chunks(down, 4099)+"0\r\n\r\n"),
		{name: "a body that the connection's end ends", closes: true, moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays(ok + "Content-Type: text/plain\r\n\r\n" + page)}},
		{name: "a connection that closes behind a length", closes: true, moves: []move{visitorSays(post + "Connection: close\r\nContent-Length: 2\r\n\r\nhi"), originSays(ok + "Connection: close\r\nContent-Length: 2\r\n\r\nok")}},
		{name: "two exchanges on one connection", moves: []move{visitorSays(post + "Content-Length: 2\r\n\r\nhi"), originSays(ok + "X-N: 1\r\nContent-Length: 2\r\n\r\nno"), visitorSays(post + "Content-Length: 2\r\n\r\nho"), originSays(okay)}},
		{name: "a body in pieces", moves: []move{visitorSays(post + "Content-Length: 9\r\n\r\none"), visitorSays("two"), visitorSays("six"), originSays(ok + "Content-Length: 9\r\n\r\none"), originSays("two"), originSays("six")}, passing: true},
	}
}

func sized(body string) string { return "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body }

func zipped(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return out.String()
}

func brotlied(text string) string {
	var out bytes.Buffer
	w := brotli.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return out.String()
}

func chunks(text string, size int) string {
	var out strings.Builder
	for len(text) > 0 {
		n := min(size, len(text))
		out.WriteString(hex(n) + "\r\n" + text[:n] + "\r\n")
		text = text[n:]
	}
	return out.String()
}
