package proxy

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// injecting puts a word before the end of pages.
func injecting() *mitigation.Edit {
	return &mitigation.Edit{Types: []string{"text/html"}, BodyLimit: 100_000, Transform: func(_ string, body []byte) ([]byte, error) {
		if bytes.Contains(body, []byte("refuse")) {
			return nil, errors.New("not this one")
		}
		return bytes.Replace(body, []byte("</body>"), []byte("INJECTED</body>"), 1), nil
	}}
}

const plainPage = "<body>hello</body>"

// pages is an application with a page for each case.
func pages(t *testing.T) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		header, body := rw.Header(), []byte(plainPage)
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("ETag", `"one"`)
		header.Set("Accept-Ranges", "bytes")
		header.Set("X-Gone", "1")
		header.Set("X-Set", "old")
		header.Set("X-Kept", "one")
		name, status := strings.TrimPrefix(r.URL.Path, "/"), 200
		switch name {
		case "gzip", "deflate", "br", "zstd":
			coded, err := encode(name, body)
			if err != nil {
				t.Error(err)
			}
			body = coded
			header.Set("Content-Encoding", name)
		case "broken":
			header.Set("Content-Encoding", "gzip")
		case "unknown":
			header.Set("Content-Encoding", "pack200")
		case "bomb":
			body, _ = encode("gzip", make([]byte, 200_000))
			header.Set("Content-Encoding", "gzip")
		case "partial":
			status = 206
			header.Set("Content-Range", "bytes 0-17/100")
		case "kept":
			header.Set("Cache-Control", "public, no-transform")
		case "json":
			header.Set("Content-Type", "application/json")
		case "large", "large-flushed":
			body = append(bytes.Repeat([]byte("x"), 150_000), plainPage...)
		case "refuse":
			body = []byte("<body>refuse</body>")
		case "none":
			body, status = nil, 204
		case "trailers":
			header.Set("Trailer", "X-Sum")
		}
		if !strings.Contains(name, "flushed") && name != "trailers" && status != 204 {
			header.Set("Content-Length", fmt.Sprint(len(body)))
		}
		rw.WriteHeader(status)
		if strings.Contains(name, "flushed") {
			_, _ = rw.Write(body[:7])
			rw.(http.Flusher).Flush()
			body = body[7:]
		}
		_, _ = rw.Write(body)
		header.Set("X-Sum", "7")
	}
}

func TestResponseEdits(t *testing.T) {
	edit := injecting()
	edit.Remove, edit.Set = []string{"x-gone", "Content-Length"}, []capture.Field{{Name: "X-Set", Value: "new"}, {Name: "Content-Length", Value: "1"}}
	edit.Add = []capture.Field{{Name: "X-Kept", Value: "two"}, {Name: "Set-Cookie", Value: "a=1"}}
	policy := always(mitigation.Measure{Actions: done(event.Inject), Response: edit})
	const injected = "<body>helloINJECTED</body>"
	cases := map[string]struct {
		text string
		why  skipReason
	}{
		"plain": {text: injected}, "gzip": {text: injected}, "deflate": {text: injected}, "br": {text: injected}, "zstd": {text: injected},
		"flushed": {text: injected}, "trailers": {text: injected},
		"broken": {plainPage, skipCoding}, "unknown": {plainPage, skipCoding}, "bomb": {"", skipLarge}, "partial": {plainPage, skipPartial},
		"kept": {plainPage, skipNoTransform}, "json": {plainPage, skipType}, "refuse": {"<body>refuse</body>", skipFailed}, "none": {"", skipNoBody},
		"large": {strings.Repeat("x", 150_000) + plainPage, skipLarge}, "large-flushed": {strings.Repeat("x", 150_000) + plainPage, skipLarge},
	}
	for _, at := range []string{application(t, pages(t)), secureApplication(t, pages(t))} {
		everyWay(t, at, inline(1000), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
			for name, c := range cases {
				answer, text := sending(t, client, "GET", url+"/"+name, "", "Accept-Encoding", "gzip")
				got := answer.Header
				if got.Get("X-Gone") != "" || got.Get("X-Set") != "new" || strings.Join(got["X-Kept"], ",") != "one,two" || got.Get("Set-Cookie") != "a=1" {
					t.Errorf("%s: %v", name, got)
				}
				if coding := got.Get("Content-Encoding"); c.why == "" && coding != "" {
					plain, err := decode(coding, []byte(text), 1000)
					if err != nil || coding != name {
						t.Errorf("%s: %s, %v", name, coding, err)
					}
					text = string(plain)
				}
				if c.text != "" && text != c.text {
					t.Errorf("%s: %.200q", name, text)
				}
				if changed := c.why == ""; changed != (got.Get("ETag") == `W/"one"`) || changed != (got.Get("Accept-Ranges") == "") {
					t.Errorf("%s: %v", name, got)
				}
				if name == "trailers" && answer.Trailer.Get("X-Sum") != "7" {
					t.Errorf("trailers %v", answer.Trailer)
				}
				if n := s.Counts().Unchanged[string(c.why)]; c.why != "" && n == 0 {
					t.Errorf("%s: %v", name, s.Counts().Unchanged)
				}
				if e := s.observer.next(t); name == "plain" && value(e, "response") != plainPage {
					t.Errorf("the event tells %q", value(e, "response"))
				}
			}
			if answer, _ := sending(t, client, "HEAD", url+"/plain", ""); answer.ContentLength != int64(len(plainPage)) {
				t.Errorf("HEAD: %d", answer.ContentLength)
			}
			s.observer.next(t)
			if c := s.Counts(); c.Reshaped != 7 || c.Unchanged[string(skipHead)] != 1 {
				t.Errorf("counts %+v", c)
			}
			until(t, "giving back the memory", func() bool { return s.Counts().Memory == 0 })
		})
	}
}

// TestUnchangedIsAsSent compares every byte of answers whose body cannot be changed, or needs no change.
func TestUnchangedIsAsSent(t *testing.T) {
	answers := []string{
		"HTTP/1.1 200 Fine\r\nContent-Type: text/html\r\ncontent-LENGTH: 5\r\nETag: \"a\"\r\nX-Odd: 1\r\nConnection: close\r\n\r\nhello",
		"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n6\r\nrefuse\r\n0\r\n\r\n",
		"HTTP/1.1 200 Fine\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\nno gzip",
	}
	for _, answer := range answers {
		at := newRawOrigin(t, answer).url
		const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		s := start(t, at, inline(1000), newObserver())
		want := exchangeRaw(t, s.address, request)
		s.obeys(always(mitigation.Measure{Response: injecting()}))
		if got := exchangeRaw(t, s.address, request); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestInformationIsNotEdited leaves answers of the 1xx class as they are.
func TestInformationIsNotEdited(t *testing.T) {
	at := newRawOrigin(t, "HTTP/1.1 103 Early Hints\r\nX-Gone: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Gone: 1\r\nContent-Length: 2\r\n\r\nok")
	s := start(t, at.url, inline(1000), newObserver())
	s.obeys(always(mitigation.Measure{Response: &mitigation.Edit{Remove: []string{"X-Gone"}}}))
	got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if want := "HTTP/1.1 103 Early Hints\r\nX-Gone: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"; got != want {
		t.Errorf("%q", got)
	}
}

// TestPageThatComesSlowly is passed on when it is not all there in time; one that breaks off is seen to.
func TestPageThatComesSlowly(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	at := "http://" + connOrigin(t, func(conn net.Conn) {
		buffer := make([]byte, 1000)
		n, _ := conn.Read(buffer)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<body>\r\n")
		if strings.HasPrefix(string(buffer[:n]), "GET /broken") {
			return
		}
		time.Sleep(patience + 50*time.Millisecond)
		_, _ = io.WriteString(conn, "5\r\nhello\r\n")
		<-goOn
		_, _ = io.WriteString(conn, "7\r\n</body>\r\n0\r\n\r\n")
	})
	s := start(t, at, inline(1000), newObserver())
	s.obeys(always(mitigation.Measure{Response: injecting()}))
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	begin := make([]byte, 11)
	if _, err := io.ReadFull(answer.Body, begin); err != nil || string(begin) != "<body>hello" {
		t.Errorf("%q, %v", begin, err)
	}
	close(goOn)
	if rest, err := io.ReadAll(answer.Body); err != nil || string(rest) != "</body>" {
		t.Errorf("%q, %v", rest, err)
	}
	_ = answer.Body.Close()
	if got := exchangeRaw(t, s.address, "GET /broken HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasSuffix(got, "6\r\n<body>\r\n") {
		t.Errorf("%q", got)
	}
	if c := s.Counts(); c.Unchanged[string(skipSlow)] != 1 || c.Unchanged[string(skipBroken)] != 1 || c.Upstream[string(upstreamBrokenOff)] != 1 {
		t.Errorf("counts %+v", c)
	}
}

// TestContentOfDecoys is put into pages for GET requests, whether a spec matches or not.
func TestContentOfDecoys(t *testing.T) {
	policy := fakePolicy{content: func(path string) *mitigation.Edit {
		if path == "/json" {
			t.Error("content was asked for something else than a page")
		}
		if path != "/gzip" && path != "/plain" {
			return nil
		}
		return injecting()
	}}
	for _, at := range []string{application(t, pages(t)), secureApplication(t, pages(t))} {
		for _, spec := range []route{nil, passThrough(1000), inline(1000)} {
			s := start(t, at, spec, newObserver(), func(c *Config) { c.Origin.TLS.Insecure = true })
			s.obeys(policy)
			client := &http.Client{Transport: &http.Transport{}}
			if _, text := sending(t, client, "GET", s.url+"/plain", ""); !strings.Contains(text, "INJECTED") {
				t.Errorf("%q", text)
			}
			if _, text := sending(t, client, "GET", s.url+"/gzip", "", "Accept-Encoding", "gzip"); !strings.Contains(unzipped(t, text), "INJECTED") {
				t.Errorf("%q", text)
			}
			for _, other := range [][]string{{"POST", "/plain"}, {"GET", "/json"}, {"GET", "/flushed"}, {"HEAD", "/plain"}} {
				if _, text := sending(t, client, other[0], s.url+other[1], ""); strings.Contains(text, "INJECTED") {
					t.Errorf("%v: %q", other, text)
				}
			}
			client.CloseIdleConnections()
		}
	}
}

func unzipped(t *testing.T, text string) string {
	t.Helper()
	reader, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// FuzzReshaping has bodies of any kind pass: unless one was changed, and that is one that could be, it stays as it was.
func FuzzReshaping(f *testing.F) {
	for _, coding := range []string{"", "gzip", "deflate", "br", "zstd"} {
		body := []byte(plainPage)
		if coding != "" {
			body, _ = encode(coding, body)
		}
		f.Add(coding, body)
	}
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		known, fine := codingOf(coding)
		if !fine || known == "" {
			return
		}
		plain, err := decode(known, body, 1000)
		if err != nil {
			return
		}
		if len(plain) > 1000 {
			t.Fatalf("%d bytes", len(plain))
		}
		coded, err := encode(known, plain)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decode(known, coded, 1000); err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%v, %q", err, again)
		}
	})
}
