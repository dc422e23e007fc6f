package proxy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// dice makes random trials.
type dice struct{ *rand.Rand }

func (d dice) of(list ...string) string { return list[d.IntN(len(list))] }

func (d dice) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(d.Uint32())
	}
	return out
}

func (d dice) size() int {
	switch d.IntN(12) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return 60_000 + d.IntN(20_000)
	case 3:
		return 400_000
	}
	return d.IntN(3000)
}

func (d dice) target(method string) string {
	if method == "OPTIONS" && d.IntN(4) == 0 {
		return "*"
	}
	var target strings.Builder
	target.WriteString("/")
	for range d.IntN(8) {
		target.WriteString(d.of("a", "b", "/", ".", "..", "%2F", "%2f", "%2e", ";a=b", "|", "\"", "{", "}", "^", "`", "\\", ":", "@",
			"!", "~", "é", "\xe9", "[", "]", "'", "*", ",", "+", "%41", "%00", "$", "<", ">", "=", "&", "wp-login.php"))
	}
	path := target.String()
	if d.IntN(2) == 0 {
		return path
	}
	var query strings.Builder
	for range d.IntN(8) {
		query.WriteString(d.of("a=b", "&", "&&", ";", "x=1;y=2", "%zz", "%", "?", "=", "+", "é", "\xff", "a[]=1", "/../", "%3B", "|", "\""))
	}
	return path + "?" + query.String()
}

func (d dice) header(answer bool) []string {
	lines := []string{"X-Plain: 1", "X-Twice: a", "X-Twice: b", "X-Empty:", "X-Spaces:   a  b\tc  ", "X-Latin: caf\xe9", "x-lower: 1",
		"X_Under_Score: 1", "X-Quote: \"a\\\"b\"", "X-Long: " + strings.Repeat("v", 5000), "Cache-Control: no-cache, no-store",
		"Via: 1.1 other", "Content-Language: de", "X-Colon: a:b:c", "Warning: 199 - x", "X-Comma: a,,b, ,c",
		"Content-Type: text/x; charset=\"odd", "Content-Type: application/x-www-form-urlencoded", "X-Powered-By: PHP/5",
		"Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4, 5.6.7.8", "X-Forwarded-Proto: https", "X-Request-Id: 7", "X-Real-Ip: 1.2.3.4"}
	if answer {
		lines = append(lines, "Set-Cookie: a=b; Path=/", "Set-Cookie: c=\"d e\"; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "Date: today",
			"Server: Apache/2.4", "Location: /a b?c|d;e", "Etag: W/\"x\"", "Vary: *", "Accept-Ranges: bytes", "Last-Modified: then",
			"Content-Encoding: gzip", "Www-Authenticate: Basic realm=\"x\"", "Alt-Svc: h3=\":443\"", "Strict-Transport-Security: max-age=1",
			"Proxy-Authenticate: Basic", "Connection: X-Plain, keep-alive", "Connection: keep-alive", "Content-Disposition: attachment; filename=\"a\"", "Age: 3", "Content-Range: bytes 0-1/9")
	} else {
		lines = append(lines, "Cookie: a=b; c=\"d e\"; f", "Cookie: g=h", "Accept: */*", "Accept-Encoding: br;q=1, gzip, zstd",
			"Accept-Encoding: identity", "Range: bytes=0-1,5-", "If-Range: \"x\"", "If-None-Match: W/\"x\", \"y\"", "Referer: http://a/b?c",
			"If-Modified-Since: whenever", "Authorization: Basic YTpi", "User-Agent: curl/8", "TE: trailers", "Proxy-Authorization: Basic YTpi",
			"Content-Encoding: gzip", "Sec-Fetch-Mode: navigate", "Upgrade-Insecure-Requests: 1", "Origin: null", "Dnt: 1", "Max-Forwards: 3",
			"Idempotency-Key: 7", "Connection: X-Plain, Cookie", "Connection: keep-alive", "From: a@b", "X-Http-Method-Override: PUT")
	}
	d.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines[:d.IntN(12)]
}

func (d dice) chunks(body []byte, trailer []string) []byte {
	var out bytes.Buffer
	for len(body) > 0 {
		n := min(len(body), 1+d.IntN(9000))
		extension := d.of("", "", "", ";a=b", ";x=\"y\"")
		_, _ = fmt.Fprintf(&out, d.of("%x%s\r\n", "%X%s\r\n", "0%x%s\r\n"), n, extension)
		out.Write(body[:n])
		out.WriteString("\r\n")
		body = body[n:]
	}
	out.WriteString("0\r\n")
	for _, line := range trailer {
		out.WriteString(line + "\r\n")
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

// framed puts head lines and a body together. declare says whether a chunked body's trailers are announced.
func (d dice) framed(first string, lines []string, body []byte, how string) (head, rest []byte) {
	switch how {
	case "length":
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
		rest = body
	case "chunked":
		lines = append(lines, "Transfer-Encoding: chunked")
		var trailer []string
		switch d.IntN(4) {
		case 0:
			lines = append(lines, "Trailer: X-Sum, X-Other")
			trailer = []string{"X-Sum: 42", "X-Other: b"}
		case 1:
			trailer = []string{"X-Unannounced: 42"}
		}
		rest = d.chunks(body, trailer)
	case "close":
		rest = body
	}
	return []byte(strings.Join(append([]string{first}, lines...), "\r\n") + "\r\n\r\n"), rest
}

func (d dice) request() trialRequest {
	method := d.of("GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH", "get", "X")
	lines := append([]string{"Host: " + d.of("shop.example", "Shop.Example:8080", "127.0.0.1", "[::1]:80", "a_b.example", "x")}, d.header(false)...)
	how := d.of("none", "length", "chunked")
	if method == "GET" || method == "HEAD" {
		how = d.of("none", "none", "none", how)
	}
	request := trialRequest{method: method}
	if how != "none" && d.IntN(6) == 0 {
		request.expects = true
		lines = append(lines, "Expect: 100-continue")
	}
	body := d.bytes(d.size())
	if len(body) == 0 {
		request.expects = false
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Expect") })
	}
	request.head, request.body = d.framed(method+" "+d.target(method)+" HTTP/1.1", lines, body, how)
	return request
}

func (d dice) answer(method string, last bool) scriptedAnswer {
	var out bytes.Buffer
	for range max(0, d.IntN(8)-5) {
		out.WriteString("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Twice: a\r\nX-Twice: b\r\n\r\n")
	}
	status := d.of("200", "200", "200", "201", "204", "206", "301", "304", "401", "404", "405", "418", "429", "500", "503", "299", "599", "700")
	how := d.of("length", "chunked")
	if last {
		how = d.of("length", "chunked", "close")
	}
	body := d.bytes(d.size())
	lines := d.header(true)
	if status == "204" || status == "304" || method == "HEAD" {
		body = nil
		how = "bodyless"
		if status == "304" || method == "HEAD" && status != "204" {
			lines = append(lines, d.of("Content-Length: 12345", "Content-Length: 0", "Content-Length: 1"))
		} else if d.IntN(2) == 0 {
			lines = append(lines, "Content-Length: 0")
		}
	}
	head, rest := d.framed("HTTP/1.1 "+status+d.of(" OK", " Odd Reason", " "), lines, body, how)
	out.Write(head)
	out.Write(rest)
	return scriptedAnswer{out.Bytes(), how == "close"}
}

func (d dice) trial() *trial {
	tr := &trial{}
	count := 1 + d.IntN(4)
	for i := range count {
		request := d.request()
		tr.requests = append(tr.requests, request)
		tr.answers = append(tr.answers, d.answer(request.method, i == count-1))
	}
	return tr
}
