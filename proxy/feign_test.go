package proxy

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/site"
)

// learning is a policy that feigns, once told to, the answer it has learned last.
type learning struct {
	fakePolicy
	learned chan *capture.Response
}

func newLearning() *learning {
	l := &learning{learned: make(chan *capture.Response, 100)}
	l.learns = func(string) int { return 1000 }
	l.learn = func(_ *event.Event, _ *capture.Request, response *capture.Response) {
		own := &capture.Response{Status: response.Status, Body: capture.Body{Bytes: []byte(string(response.Body.Bytes))}}
		for _, field := range response.Header {
			own.Header = append(own.Header, capture.Field{Name: strings.Clone(field.Name), Value: strings.Clone(field.Value)})
		}
		l.learned <- own
	}
	return l
}

// feigning gives the answer that was learned.
func (l *learning) feigning(t *testing.T) fakePolicy {
	t.Helper()
	select {
	case response := <-l.learned:
		p := l.fakePolicy
		p.decide = always(mitigation.Measure{Actions: done(event.Feign), Answer: &mitigation.Answer{Feigned: true, After: time.Millisecond,
			Status: response.Status, Header: response.Header, Body: response.Body.Bytes}}).decide
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was learned")
		return fakePolicy{}
	}
}

// TestFeignedIsAsGenuine compares what the origin answers, through the proxy, with what passes for it: every byte.
func TestFeignedIsAsGenuine(t *testing.T) {
	heads := map[string]string{
		"length first":         "HTTP/1.1 401 UNAUTHORIZED\r\nContent-Length: 5\r\nServer: gunicorn\r\nConnection: keep-alive\r\nDate: Mon\r\n\r\nwrong",
		"odd spelling, last":   "HTTP/1.1 200 OK\r\nserver: x\r\nSet-Cookie: a=1\r\ncOnTent-LENGTH: 5\r\n\r\nwrong",
		"no word":              "HTTP/1.1 403 \r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nwrong",
		"chunked":              "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\nServer: x\r\n\r\n5\r\nwrong\r\n0\r\n\r\n",
		"until the end":        "HTTP/1.1 401 Unauthorized\r\nServer: x\r\n\r\nwrong",
		"until the end, 1.0":   "HTTP/1.0 401 UNAUTHORIZED\r\nServer: x\r\nContent-Length: 5\r\n\r\nwrong",
		"redirect":             "HTTP/1.1 302 Found\r\nLocation: /in\r\nContent-Length: 0\r\n\r\n",
		"nothing":              "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
		"a header of a worker": "HTTP/1.1 401 Unauthorized\r\nx-atvak-activity-count: 9\r\nContent-Length: 5\r\n\r\nwrong",
	}
	requests := []string{
		"POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b",
		"POST /in HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
		"POST /in HTTP/1.0\r\nHost: a.example\r\nContent-Length: 3\r\n\r\na=b",
		"POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 3000),
	}
	for name, head := range heads {
		t.Run(name, func(t *testing.T) {
			l := newLearning()
			s := start(t, newRawOrigin(t, head).url, inline(100), newObserver())
			s.put(sites(t, site.Config{Name: "a", Hosts: []string{"*.example"}}))
			for i, request := range requests {
				s.obeys(l.fakePolicy)
				genuine := exchangeRaw(t, s.address, request)
				s.obeys(l.feigning(t))
				if feigned := exchangeRaw(t, s.address, request); feigned != genuine || genuine == "" {
					t.Errorf("request %d: feigned\n%q, genuine\n%q", i, feigned, genuine)
				}
			}
		})
	}
}

// TestFeignedByEveryWay compares what clients can see.
func TestFeignedByEveryWay(t *testing.T) {
	handler := func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rw.Header()["Date"] = nil
		rw.Header().Set("X-Frame-Options", "DENY")
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(401)
		if r.URL.Path == "/flushed" {
			rw.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(rw, `{"error":"no"}`)
	}
	for _, at := range []string{application(t, handler), secureApplication(t, handler)} {
		l := newLearning()
		everyWay(t, at, inline(1000), l.fakePolicy, func(t *testing.T, s *setup, client *http.Client, url string) {
			for _, path := range []string{"/", "/flushed"} {
				for _, body := range []string{"a=b", strings.Repeat("x", 50_000)} {
					s.obeys(l.fakePolicy)
					genuine, text := sending(t, client, "POST", url+path, body)
					s.obeys(l.feigning(t))
					feigned, again := sending(t, client, "POST", url+path, body)
					if text != again || genuine.Status != feigned.Status || genuine.ContentLength != feigned.ContentLength || len(genuine.Header) != len(feigned.Header) {
						t.Errorf("%v %v %q, %v %v %q", genuine.Status, genuine.Header, text, feigned.Status, feigned.Header, again)
					}
					for name := range genuine.Header {
						if genuine.Header.Get(name) != feigned.Header.Get(name) {
							t.Errorf("%s: %q, %q", name, genuine.Header[name], feigned.Header[name])
						}
					}
					for range 2 {
						s.observer.next(t)
					}
				}
			}
		})
	}
}

// TestFeignedKeepsTheConnection where a genuine answer does, also behind a body that nobody wanted to look at.
func TestFeignedKeepsTheConnection(t *testing.T) {
	files := writeCertificate(t, t.TempDir(), "one")
	policy := always(mitigation.Measure{Answer: &mitigation.Answer{Feigned: true, Status: 401, Body: []byte("no"),
		Header: []capture.Field{{Name: "Content-Length", Value: "2"}}}})
	for _, secure := range []bool{false, true} {
		s := start(t, unreached(t), inline(10), newObserver(), func(c *Config) {
			if secure {
				c.Listen[0].TLS = &files
			}
		})
		s.obeys(policy)
		var conn net.Conn = dial(t, s.address)
		if secure {
			config := trusting(t, files)
			config.ServerName = "127.0.0.1"
			conn = tls.Client(conn, config)
		}
		for range 3 {
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000))
			const want = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
			got := make([]byte, len(want))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
}

// TestFeignedHeadThatCannotBe falls back to an answer of our own.
func TestFeignedHeadThatCannotBe(t *testing.T) {
	s := start(t, unreached(t), inline(10), newObserver())
	header := make([]capture.Field, 600)
	for i := range header {
		header[i] = capture.Field{Name: "X-A", Value: "b"}
	}
	s.obeys(always(mitigation.Measure{Answer: &mitigation.Answer{Feigned: true, Status: 401, Body: []byte("no"), Header: header}}))
	got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 401 Unauthorized\r\n") || !strings.HasSuffix(got, "\r\n\r\nno") {
		t.Errorf("%.100q", got)
	}
}

// TestFeignedWaitsBehindTheBody has a visitor let its body wait: the answer's time begins when it is there.
func TestFeignedWaitsBehindTheBody(t *testing.T) {
	const after, pause = 60 * time.Millisecond, 100 * time.Millisecond
	policy := always(mitigation.Measure{Answer: &mitigation.Answer{Feigned: true, Status: 401, After: after}})
	for _, limit := range []int{1000, 3} { // read ahead, and read only to be rid of it
		everyWay(t, unreached(t), inline(limit), policy, func(t *testing.T, _ *setup, client *http.Client, url string) {
			reader, writer := io.Pipe()
			ended := make(chan time.Time, 1)
			go func() {
				_, _ = io.WriteString(writer, "first ")
				time.Sleep(pause)
				ended <- time.Now()
				_, _ = io.WriteString(writer, "second")
				_ = writer.Close()
			}()
			request, _ := http.NewRequest("POST", url, reader)
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if took := time.Since(<-ended); answer.StatusCode != 401 || took < after {
				t.Errorf("%v, %v after the body", answer.Status, took)
			}
		})
	}
}
