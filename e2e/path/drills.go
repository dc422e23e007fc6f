//go:build e2e

package path

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/e2e"
)

// CheckDrills breaks what surrounds us and counts what users see.
func CheckDrills(ctx context.Context) ([]e2e.Figure, error) {
	var figures []e2e.Figure
	for _, drill := range []struct {
		name string
		run  func(context.Context) ([]e2e.Figure, error)
	}{
		{"origin killed", killedOrigin}, {"origin hanging", hangingOrigin}, {"origin resetting", resettingOrigin},
		{"origin closing without a word", silentOrigin}, {"observer panicking", panickingObserver}, {"log disk full", fullLog},
		{"10,000 slow connections", slowConnections},
	} {
		some, err := drill.run(ctx)
		figures = append(figures, some...)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", drill.name, err)
		}
	}
	return figures, nil
}

// A drill says something when so many were served; and users are to wait no longer than soon, on a busy machine too.
const (
	enough = 50
	soon   = 2 * time.Second
)

// tally is what users saw: how many of each outcome, and the longest wait.
type tally struct {
	mu       sync.Mutex
	outcomes map[string]int
	slowest  time.Duration
}

func (t *tally) note(outcome string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.outcomes == nil {
		t.outcomes = map[string]int{}
	}
	t.outcomes[outcome]++
	t.slowest = max(t.slowest, took)
}

func (t *tally) total() (n int) {
	for _, count := range t.outcomes {
		n += count
	}
	return n
}

// String is the outcomes and the longest wait.
func (t *tally) String() string {
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(t.outcomes)) {
		parts = append(parts, fmt.Sprintf("%s: %d", outcome, t.outcomes[outcome]))
	}
	return fmt.Sprintf("%s; slowest %s", strings.Join(parts, ", "), t.slowest.Round(time.Millisecond))
}

// only says that everybody saw the one outcome, soon enough, and that there was somebody.
func (t *tally) only(name, outcome string, atLeast int, within time.Duration) e2e.Figure {
	met := t.outcomes[outcome] == t.total() && t.total() >= atLeast && t.slowest <= within
	return e2e.Holds(name, t.String(), met, fmt.Sprintf("%d or more, all %s, within %s", atLeast, outcome, within))
}

// ask sends one request and notes the status, or what went wrong with a whole answer.
func (t *tally) ask(client *http.Client, method, url, body string) {
	started := time.Now()
	outcome := func() string {
		request, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			return err.Error()
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		if err != nil {
			return "no answer"
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return "broken off"
		}
		return fmt.Sprint(response.StatusCode)
	}()
	t.note(outcome, time.Since(started))
}

// crowd has users ask for a while, each on a connection of their own, GET and POST by turns.
func crowd(users int, lasting time.Duration, url string) *tally {
	t := &tally{}
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			client, done := user()
			defer done()
			for end, n := time.Now().Add(lasting), 0; time.Now().Before(end); n++ {
				if n%2 == 0 {
					t.ask(client, http.MethodGet, url, "")
				} else {
					t.ask(client, http.MethodPost, url, "a=b")
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return t
}

// user is a client with connections of its own, none of which it asks twice for what failed.
func user() (*http.Client, func()) {
	transport := &http.Transport{}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}, transport.CloseIdleConnections
}

// killedOrigin kills nginx and starts it again.
func killedOrigin(ctx context.Context) ([]e2e.Figure, error) {
	dir, err := os.MkdirTemp("", "wayguard-nginx-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	at, err := e2e.FreeAddress()
	if err != nil {
		return nil, err
	}
	origin, err := startNginx(ctx, dir, at, nginxConfig)
	if err != nil {
		return nil, err
	}
	defer func() { origin.Kill() }()
	i, err := Start(ctx, Settings{Origin: "http://" + at})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	url := "http://" + i.Clear + "/seen/a"
	before := crowd(8, time.Second, url)
	origin.Kill()
	dead := crowd(8, 2*time.Second, url)
	if origin, err = startNginx(ctx, dir, at, nginxConfig); err != nil {
		return nil, err
	}
	client, done := user()
	defer done()
	returned := time.Now()
	for probe := (&tally{}); probe.outcomes["200"] == 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(returned) > 20*time.Second {
			return nil, fmt.Errorf("the origin was never asked again: %s", probe)
		}
		probe.ask(client, http.MethodGet, url, "")
	}
	served := time.Since(returned)
	after := crowd(8, time.Second, url)
	return []e2e.Figure{
		before.only("origin alive: answers", "200", enough, soon),
		dead.only("  killed: answers", "502", enough, soon),
		e2e.Within("  back: first answer of its own after", served, soon),
		after.only("  then: answers", "200", enough, soon),
	}, nil
}

// application is an origin group of its own with more keys, for the section More.
func application(url, keys string) string {
	return fmt.Sprintf("origins: [{name: app, endpoints: [{url: \"%s\"}], %s}]\nsites: [{name: app, origin: app}]\n", url, keys)
}

// hangingOrigin has an origin take some requests and never answer them.
func hangingOrigin(ctx context.Context) ([]e2e.Figure, error) {
	var waiting atomic.Int64
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "hang" {
			waiting.Add(1)
			<-r.Context().Done()
			waiting.Add(-1)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer origin.Close()
	const timeout = time.Second
	i, err := Start(ctx, Settings{Origin: origin.URL, More: application(origin.URL, "response_timeout: "+timeout.String())})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	hanging := &tally{}
	var users sync.WaitGroup
	for range 200 {
		users.Go(func() {
			client, done := user()
			defer done()
			hanging.ask(client, http.MethodGet, "http://"+i.Clear+"/seen/a?hang", "")
		})
	}
	others := crowd(4, timeout, "http://"+i.Clear+"/seen/a")
	users.Wait()
	released := time.Now()
	for waiting.Load() > 0 && time.Since(released) < 10*time.Second {
		time.Sleep(5 * time.Millisecond)
	}
	return []e2e.Figure{
		hanging.only("origin hanging: its users", "504", 200, 3*timeout),
		others.only("  other users meanwhile", "200", enough, soon),
		e2e.Count("  requests still waiting at the origin", int(waiting.Load()), 0),
	}, nil
}

// resettingOrigin has an origin reset connections before its answer, and in the middle of one.
func resettingOrigin(ctx context.Context) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how := r.URL.RawQuery
		if how == "" {
			_, _ = io.WriteString(w, "ok")
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		half := strings.Repeat("x", 50_000)
		switch how {
		case "length":
			_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + half)
		case "chunked":
			_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(half, 1000))
		}
		_ = buffered.Flush()
		time.Sleep(20 * time.Millisecond) // a reset takes away what was not read yet
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	var figures []e2e.Figure
	for _, door := range []struct {
		name, base string
	}{{"HTTP/1.1", "http://" + i.Clear}, {"HTTP/2", "https://" + i.Secure}} {
		client, done := i.anyUser()
		defer done()
		results := map[string]*tally{"before": {}, "length": {}, "chunked": {}, "": {}}
		var users sync.WaitGroup
		for n := range 200 {
			for how, t := range results {
				users.Go(func() {
					method, body := http.MethodGet, ""
					if n%2 == 1 {
						method, body = http.MethodPost, "a=b"
					}
					t.ask(client, method, door.base+"/seen/a?"+how, body)
				})
			}
			if n%10 == 9 {
				users.Wait()
			}
		}
		users.Wait()
		figures = append(figures,
			results["before"].only("origin resetting before its answer, "+door.name, "502", 200, 5*time.Second),
			results["length"].only("  in the middle of one with a length", "broken off", 200, 5*time.Second),
			results["chunked"].only("  in the middle of a chunked one", "broken off", 200, 5*time.Second),
			results[""].only("  other answers meanwhile", "200", 200, 5*time.Second))
	}
	return figures, nil
}

// silentOrigin closes every connection behind its answer without having said so, as a server does that is being restarted.
func silentOrigin(ctx context.Context) ([]e2e.Figure, error) {
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer origin.Close()
	go func() {
		for {
			conn, err := origin.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := conn.Read(make([]byte, 4096)); err == nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}()
		}
	}()
	i, err := Start(ctx, Settings{Origin: "http://" + origin.Addr().String()})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	client, done := user()
	defer done()
	t := &tally{}
	for n := range 400 {
		t.ask(client, []string{http.MethodGet, http.MethodPost}[n%2], "http://"+i.Clear+"/plain", "a=b")
		time.Sleep(2 * time.Millisecond) // the end of the connection has come before the next request
	}
	return []e2e.Figure{t.only("origin closing without a word: answers", "200", 400, soon)}, nil
}
