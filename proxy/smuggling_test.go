package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is an origin that keeps every byte of every connection and answers what it can read.
type recorder struct {
	url string

	mu          sync.Mutex
	connections []*bytes.Buffer
}

func newRecorder(t testing.TB) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	o := &recorder{url: "http://" + listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go o.serve(conn)
		}
	}()
	return o
}

func (o *recorder) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	kept := &bytes.Buffer{}
	o.mu.Lock()
	o.connections = append(o.connections, kept)
	o.mu.Unlock()
	r := bufio.NewReader(writerTee{conn, func(p []byte) {
		o.mu.Lock()
		defer o.mu.Unlock()
		kept.Write(p)
	}})
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

type writerTee struct {
	io.Reader
	tell func([]byte)
}

func (w writerTee) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.tell(p[:n])
	return n, err
}

// take gives the bytes of the connections so far, and forgets them.
func (o *recorder) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	for _, kept := range o.connections {
		if kept.Len() > 0 {
			all = append(all, kept.String())
		}
		kept.Reset()
	}
	return all
}

// checkOneReading fails when the origin could read something else than the proxy did.
func checkOneReading(t *testing.T, forwarded []string, seen uint64) {
	t.Helper()
	var requests uint64
	for _, connection := range forwarded {
		r := bufio.NewReader(strings.NewReader(connection))
		rest := connection
		for rest != "" {
			head, _, whole := strings.Cut(rest, "\r\n\r\n")
			if !whole {
				t.Errorf("the origin got a head without an end: %q", rest)
				return
			}
			checkFraming(t, head)
			request, err := http.ReadRequest(r)
			if problem := (*url.Error)(nil); errors.As(err, &problem) || err != nil && strings.HasPrefix(err.Error(), "parse ") {
				return // a target that net/http does not like: it refuses it, and closes
			}
			if err != nil {
				t.Errorf("the origin cannot read %q: %v", rest, err)
				return
			}
			requests++
			if _, err := io.Copy(io.Discard, request.Body); err != nil {
				return // broken off: the connection was closed in the middle, nothing can follow
			}
			left, _ := io.ReadAll(r)
			rest = string(left)
			r = bufio.NewReader(strings.NewReader(rest))
		}
	}
	if requests > seen {
		t.Errorf("the origin reads %d requests where the proxy read %d: %q", requests, seen, forwarded)
	}
}

// checkFraming wants one unambiguous framing in a forwarded head.
func checkFraming(t *testing.T, head string) {
	t.Helper()
	framings := 0
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("control character in a forwarded line %q", line)
		}
		lower := strings.ToLower(line)
		switch name, value, _ := strings.Cut(lower, ":"); {
		case strings.TrimSpace(name) == "content-length":
			framings++
		case strings.TrimSpace(name) == "transfer-encoding":
			framings++
			if strings.Trim(value, " \t") != "chunked" {
				t.Errorf("odd framing %q (%q)", line, value)
			}
		}
	}
	if framings > 1 {
		t.Errorf("several framings in %q", head)
	}
}

func TestOneReadingOfAmbiguousRequests(t *testing.T) {
	const host = "Host: a\r\n"
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
	chunked := "0\r\n\r\n" + smuggled
	post := "POST / HTTP/1.1\r\n" + host
	cases := map[string]struct {
		request string
		refused bool // must be answered 4xx or 5xx and not reach the origin
		broken  bool // breaks off in its body: the head may have reached the origin, the visitor gets 400
	}{
		"length and chunked":         {request: post + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n", len(chunked)) + chunked, refused: true},
		"chunked and length":         {request: post + fmt.Sprintf("Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n", len(chunked)) + chunked, refused: true},
		"two lengths":                {request: post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", refused: true},
		"list of lengths":            {request: post + "Content-Length: 5, 5\r\n\r\nhello", refused: true},
		"equal lengths":              {request: post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", refused: true},
		"signed length":              {request: post + "Content-Length: +5\r\n\r\nhello", refused: true},
		"negative length":            {request: post + "Content-Length: -5\r\n\r\nhello", refused: true},
		"hex length":                 {request: post + "Content-Length: 0x5\r\n\r\nhello", refused: true},
		"huge length":                {request: post + "Content-Length: 99999999999999999999\r\n\r\nhello", refused: true},
		"chunked twice":              {request: post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, refused: true},
		"chunked, identity":          {request: post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked, refused: true},
		"space before colon":         {request: post + "Transfer-Encoding : chunked\r\n\r\n" + chunked, refused: true},
		"unknown coding":             {request: post + "Transfer-Encoding: xchunked\r\n\r\n" + chunked, refused: true},
		"vertical tab":               {request: post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunked, refused: true},
		"bare CR in value":           {request: post + "X: a\rTransfer-Encoding: chunked\r\n\r\n" + chunked, refused: true},
		"NUL in value":               {request: post + "X: a\x00b\r\n\r\n", refused: true},
		"bare LF lines":              {request: "POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello", refused: true},
		"folded line":                {request: post + "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", refused: true},
		"two hosts":                  {request: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", refused: true},
		"no host":                    {request: "GET / HTTP/1.1\r\n\r\n", refused: true},
		"space in target":            {request: "GET /a b HTTP/1.1\r\n" + host + "\r\n", refused: true},
		"unknown version":            {request: "GET / HTTP/9.9\r\n" + host + "\r\n", refused: true},
		"bad chunk size":             {request: post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", broken: true},
		"signed chunk size":          {request: post + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", broken: true},
		"chunk longer than its size": {request: post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", broken: true},
		"chunk extension":            {request: post + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n"},
		"LF after a chunk":           {request: post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n", broken: true},
		"length in a trailer":        {request: post + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", broken: true},
		"pipelined":                  {request: "GET /1 HTTP/1.1\r\n" + host + "\r\n" + smuggled},
		"body on GET":                {request: "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello"},
		"absolute form":              {request: "GET http://b.example/x?y HTTP/1.1\r\n" + host + "\r\n"},
		"HTTP/1.0, chunked":          {request: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, refused: true},
		"CONNECT":                    {request: "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n", refused: true},
		"TRACE":                      {request: "TRACE / HTTP/1.1\r\n" + host + "\r\n", refused: true},
	}
	for _, spec := range []route{nil, passThrough(1000), inline(1000)} {
		for name, c := range cases {
			t.Run(fmt.Sprintf("%v/%s", spec != nil, name), func(t *testing.T) {
				o := newRecorder(t)
				s := start(t, o.url, spec, newObserver())
				answer := sendAndClose(t, s.address, c.request)
				forwarded := o.take()
				checkOneReading(t, forwarded, s.Counts().Requests)
				status, _, _ := strings.Cut(strings.TrimPrefix(answer, "HTTP/1.1 "), " ")
				switch {
				case c.refused && (!slices.Contains([]string{"400", "405", "501", "505"}, status) || len(forwarded) > 0):
					t.Errorf("answer %q, forwarded %q", answer, forwarded)
				case c.broken && status != "400":
					t.Errorf("answer %q", answer)
				case !c.refused && !c.broken && (status != "200" || len(forwarded) == 0):
					t.Errorf("answer %q, forwarded %q", answer, forwarded)
				}
			})
		}
	}
}

// sendAndClose sends bytes, says that no more will come, and reads all answers.
func sendAndClose(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, request)
	answers := bufio.NewReader(conn)
	var text strings.Builder
	// The half-close comes after the first answer: net/http takes it for a visitor who has gone.
	first, err := http.ReadResponse(answers, nil)
	if err == nil {
		_, _ = fmt.Fprintf(&text, "HTTP/1.1 %d \r\n", first.StatusCode)
		_, _ = io.Copy(io.Discard, first.Body)
		if first.Close {
			return text.String()
		}
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	rest, _ := io.ReadAll(answers)
	text.Write(rest)
	return text.String()
}

// TestTransferEncodingGadgets sends every known spelling of Transfer-Encoding beside a Content-Length.
func TestTransferEncodingGadgets(t *testing.T) {
	file, err := os.Open("../../shared/data/smuggling/transfer-encoding-gadgets.jsonl")
	if err != nil {
		t.Skip("the corpus of transfer-encoding gadgets is not here: ", err)
	}
	defer func() { _ = file.Close() }()
	o := newRecorder(t)
	s := start(t, o.url, nil, newObserver())
	lines := bufio.NewScanner(file)
	tried := 0
	for lines.Scan() {
		var gadget struct {
			Name   string `json:"name"`
			Header string `json:"header_latin1"`
		}
		if err := json.Unmarshal(lines.Bytes(), &gadget); err != nil {
			t.Fatal(err)
		}
		tried++
		var header []byte
		for _, letter := range gadget.Header {
			header = append(header, byte(letter))
		}
		body := "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
		sendAndClose(t, s.address, fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Length: %d\r\n\r\n%s",
			gadget.Name, header, len(body), body))
	}
	// What the proxy forwards of a request whose visitor has gone may come late: look when it has stopped.
	s.stop()
	<-s.stopped
	s.stopped <- nil
	forwarded := o.take()
	checkOneReading(t, forwarded, s.Counts().Requests)
	if tried < 100 || len(forwarded) == 0 {
		t.Errorf("%d gadgets were tried, %d connections made", tried, len(forwarded))
	}
}

// FuzzOneReading sends anything, and wants the origin to read no more requests than the proxy did, each in one way only: the
// proxy is compared with net/http's reader, which the origin uses.
func FuzzOneReading(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nGET /b HTTP/1.0\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"))
	f.Add([]byte("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: X-A, close\r\nX-A: 1\r\n\r\n"))
	f.Add([]byte("GET http://b/x HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
	o := newRecorder(f)
	s := start(f, o.url, nil, newObserver(), func(c *Config) { c.Limits.StallTimeout = 200 * time.Millisecond })
	f.Fuzz(func(t *testing.T, sent []byte) {
		before := s.Counts().Requests
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
		if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", sent, err)
		}
		_ = conn.Close()
		checkOneReading(t, o.take(), s.Counts().Requests-before)
		if s.Counts().Panics > 0 {
			t.Fatalf("%q: a panic", sent)
		}
	})
}
