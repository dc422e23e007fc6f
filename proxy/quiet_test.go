package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"wayguard/capture"
)

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestNothingSentIsLogged has both sides send what cannot be read, with a card number in it; the log is as talkative as it
// can be.
func TestNothingSentIsLogged(t *testing.T) {
	const secret = "4111111111111111"
	answers := map[string]string{
		"trailer":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ncard " + secret + "\r\n\r\n",
		"chunk size":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\nok\r\n0\r\n\r\n",
		"header":      "HTTP/1.1 200 OK\r\ncard " + secret + "\r\n\r\n",
		"status line": secret + "\r\n\r\n",
		"length":      "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "x\r\n\r\nok",
		"encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\nok",
		"upgrade":     "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + secret + "\r\n\r\n",
	}
	requests := []string{
		"POST /" + secret + " HTTP/1.1\r\nHost: " + secret + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		"GET /\x01" + secret + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\ncard " + secret + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: " + secret + "\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + secret + "\r\nx",
		"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\ncard " + secret + "\r\n\r\n",
	}
	for name, answer := range answers {
		log := &journal{}
		o := newRawOrigin(t, answer)
		config := DefaultConfig()
		config.Listen = []ListenConfig{{Address: "127.0.0.1:0"}}
		config.Origin.URL = o.url
		logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		server, err := New(config, Deps{Observer: newObserver(), Log: logger})
		if err != nil {
			t.Fatal(err)
		}
		spec := passThrough(1000)
		spec.request = func(r *capture.Request) { panic(r.Path) }
		server.inspection.current.Store(&snapshot{match: func(*capture.Request) route { return spec }})
		address := serveUntilEnd(t, server)
		for _, request := range requests {
			if got := exchangeRaw(t, address, request); strings.HasPrefix(got, "HTTP/1.1 4") && strings.Contains(got, secret) {
				t.Errorf("%s: the refusal quotes: %q", name, got)
			}
		}
		until(t, "the events' end", func() bool { return server.Counts().QueueDepth == 0 })
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s: the log quotes what was sent:\n%s", name, log)
		}
	}
}

// TestBrokenAnswerIsCounted tells an answer that the origin broke off.
func TestBrokenAnswerIsCounted(t *testing.T) {
	o := newRawOrigin(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	s := start(t, o.url, nil, newObserver())
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	until(t, "the count", func() bool { return s.Counts().Upstream["broken_off"] == 1 })
}

// serveUntilEnd runs a server for the length of a test.
func serveUntilEnd(t *testing.T, server *Server) (address string) {
	t.Helper()
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-stopped
	})
	return server.Addresses()[0].String()
}

// TestAnswerToHEADWithBody has an origin send a body where there may be none. It must not become the answer to somebody
// else's request, nor make that request fail.
func TestAnswerToHEADWithBody(t *testing.T) {
	at := connOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			answer := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
			if request.Method == http.MethodHead {
				answer = "HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
			}
			_, _ = io.WriteString(conn, answer)
		}
	})
	quoted := &journal{} // net/http's transport quotes an unexpected body in the standard log
	log.SetOutput(quoted)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	s := start(t, "http://"+at, nil, newObserver())
	for range 200 {
		answer, err := http.Head(s.url)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		answer, err = http.Post(s.url, "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if string(text) != "right" {
			t.Fatalf("%d %q", answer.StatusCode, text)
		}
	}
	if strings.Contains(quoted.String(), "wrong") {
		t.Errorf("the log quotes what was sent: %.200s", quoted)
	}
}
