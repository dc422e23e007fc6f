package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// moody is an origin that answers with the number it was asked for, often badly: it sends more than it said, bodies where there
// may be none, answers before the question is complete, closes and breaks connections, informs without being asked.
func moody(t *testing.T) string {
	t.Helper()
	at := connOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if rand.IntN(8) > 0 {
				_, _ = io.Copy(io.Discard, request.Body)
			}
			if !answerMoodily(conn, request) {
				return
			}
		}
	})
	return "http://" + at
}

func answerMoodily(conn net.Conn, request *http.Request) bool {
	number := request.URL.Query().Get("n")
	body := "number " + number + strings.Repeat(".", []int{0, 10, 5000, 40000, 200000}[rand.IntN(5)])
	evil := "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nnumber X"
	say := func(format string, values ...any) bool {
		_, err := fmt.Fprintf(conn, format, values...)
		return err == nil
	}
	if request.Method == http.MethodHead {
		if rand.IntN(3) == 0 {
			return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nContent-Length: %d\r\n\r\n%s", number, len(evil), evil) && false
		}
		return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nContent-Length: %d\r\n\r\n", number, len(body))
	}
	switch rand.IntN(10) {
	case 0:
		return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nContent-Length: %d\r\n\r\n%s%s", number, len(body), body, evil) && false
	case 1:
		return say("HTTP/1.1 103 Early Hints\r\nX-Number: %s\r\n\r\nHTTP/1.1 200 OK\r\nX-Number: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
			number, number, len(body), body)
	case 2:
		return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\n\r\n%s", number, body) && false
	case 3:
		return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nContent-Length: %d\r\n\r\n%s", number, len(body)+5, body) && false
	case 4:
		_ = conn.(*net.TCPConn).SetLinger(0)
		return false
	case 5:
		return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n%s", number, len(body), body, evil) && false
	}
	return say("HTTP/1.1 200 OK\r\nX-Number: %s\r\nContent-Length: %d\r\n\r\n%s", number, len(body), body)
}

// TestNobodyGetsAnothersAnswer has many visitors ask by two protocols, and leave in the middle, while the origin is moody.
// Whatever is answered is answered to the one who asked.
func TestNobodyGetsAnothersAnswer(t *testing.T) {
	s := start(t, moody(t), passThrough(1000), newObserver(), withH2C)
	go func() {
		for range s.observer.seen {
		}
	}()
	var next, good atomic.Int64
	until := time.Now().Add(2 * time.Second)
	visit := func(client *http.Client) {
		for time.Now().Before(until) && !t.Failed() {
			number := fmt.Sprint(next.Add(1))
			ctx, cancel := context.WithCancel(context.Background())
			if rand.IntN(4) == 0 {
				time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, cancel)
			}
			method := []string{"GET", "HEAD", "POST", "PUT"}[rand.IntN(4)]
			var body io.Reader
			if method[0] == 'P' {
				body = io.MultiReader(strings.NewReader(strings.Repeat("x", []int{0, 10, 6000, 100000}[rand.IntN(4)])))
			}
			request, _ := http.NewRequestWithContext(ctx, method, s.url+"/?n="+number, body)
			answer, err := client.Do(request)
			if err == nil {
				if checkAnswer(t, number, answer) == nil {
					good.Add(1)
				}
				_ = answer.Body.Close()
			}
			cancel()
		}
	}
	var visitors sync.WaitGroup
	for range 10 {
		visitors.Go(func() { visit(&http.Client{Transport: &http.Transport{DisableCompression: true}}) })
		visitors.Go(func() { visit(clearHTTP2(t)) })
	}
	visitors.Wait()
	if good.Load() < 20 || s.Counts().Panics != 0 {
		t.Errorf("%d whole answers, counts %+v", good.Load(), s.Counts())
	}
}

func checkAnswer(t *testing.T, number string, answer *http.Response) error {
	t.Helper()
	if answer.StatusCode == http.StatusBadGateway {
		return errors.New("none")
	}
	if got := answer.Header.Get("X-Number"); got != number {
		t.Errorf("number %s got a head for %q", number, got)
	}
	body, err := io.ReadAll(answer.Body)
	if text := strings.TrimRight(string(body), "."); err == nil && answer.Request.Method != http.MethodHead && text != "number "+number {
		t.Errorf("number %s got the body %q", number, text)
	}
	return err
}
