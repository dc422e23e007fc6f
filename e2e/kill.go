//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/search"
)

// killConfig protects a login whose answer depends on the password.
const killConfig = `
proxy:
  listen: [{address: "%s"}]
  origin: {url: "%s"}
hub: {listen: "%s"}
data: data
specs:
  - name: login
    event: Login through Form
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /login}
    take:
      username: {form: username}
      password: {form: password}
    outcome:
      - {result: success, when: {status: 302}}
      - {result: failure, when: {status: 401}}
`

// loginOrigin is an application with a login and nothing else.
func loginOrigin() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("password") == "right" {
			w.Header().Set("Location", "/account")
			w.WriteHeader(http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
}

// killing is a run of starts and kills over one data directory.
type killing struct {
	dir, config, proxy, hub string
	email, password         string

	mu           sync.Mutex
	acknowledged map[event.ID]bool
	kills        int
	slowest      time.Duration
}

// CheckKill kills a loaded instance rounds times with kill -9 and then counts what it had acknowledged.
func CheckKill(ctx context.Context, rounds int) ([]Figure, error) {
	origin := loginOrigin()
	defer origin.Close()
	k := &killing{acknowledged: map[event.ID]bool{}}
	if err := k.prepare(origin.URL); err != nil {
		return nil, err
	}
	defer os.RemoveAll(k.dir)
	for round := range rounds {
		if err := k.round(ctx, round); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	return k.count(ctx, rounds)
}

func (k *killing) prepare(origin string) (err error) {
	if k.dir, err = os.MkdirTemp("", "wayguard-kill-"); err != nil {
		return err
	}
	if k.proxy, err = FreeAddress(); err != nil {
		return err
	}
	if k.hub, err = FreeAddress(); err != nil {
		return err
	}
	k.config = filepath.Join(k.dir, "wayguard.yaml")
	return os.WriteFile(k.config, fmt.Appendf(nil, killConfig, k.proxy, origin, k.hub), 0o600)
}

// round starts, waits until the proxy answers, loads it, and kills it in the middle.
func (k *killing) round(ctx context.Context, round int) error {
	answering := make(chan time.Duration, 1)
	go func() {
		took, err := until(startLimit, func() (bool, error) {
			response, err := http.Get("http://" + k.proxy + "/")
			if err != nil {
				return false, err
			}
			response.Body.Close()
			return true, nil
		})
		if err != nil {
			took = startLimit
		}
		answering <- took
	}()
	w, err := k.start(ctx)
	if err != nil {
		return err
	}
	defer w.Kill()
	if took := <-answering; round > 0 {
		k.slowest = max(k.slowest, took)
	}
	analyst, err := LogIn(ctx, w.Hub, k.email, k.password)
	if err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() {
		_ = analyst.Live(loading, func(r liveRecord) { // it ends with the kill
			k.mu.Lock()
			defer k.mu.Unlock()
			k.acknowledged[r.Event] = true
		})
	})
	for worker := range 4 {
		work.Go(func() { k.load(loading, round, worker) })
	}
	time.Sleep(time.Duration(600+37*(round%11)) * time.Millisecond)
	w.Kill()
	if strings.Contains(fmt.Sprint(w.failure), "signal: killed") {
		k.kills++
	}
	stop()
	work.Wait()
	return nil
}

func (k *killing) start(ctx context.Context) (*Wayguard, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	p, err := Start(ctx, binary, "run", "--config", k.config)
	if err != nil {
		return nil, err
	}
	w, err := ready(p)
	if err == nil && w.Password != "" {
		k.email, k.password = w.Email, w.Password
	}
	return w, err
}

func (k *killing) load(ctx context.Context, round, worker int) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := 0; ctx.Err() == nil; i++ {
		form := url.Values{"username": {fmt.Sprintf("user-%d-%d-%d", round, worker, i)}, "password": {"wrong"}}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+k.proxy+"/login", strings.NewReader(form.Encode()))
		if err != nil {
			return
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		if err != nil {
			return // the kill
		}
		response.Body.Close()
		time.Sleep(10 * time.Millisecond)
	}
}

// count compares what was acknowledged with what the log and the warehouse hold.
func (k *killing) count(ctx context.Context, rounds int) ([]Figure, error) {
	w, err := k.start(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Kill()
	analyst, err := LogIn(ctx, w.Hub, k.email, k.password)
	if err != nil {
		return nil, err
	}
	shelved, err := settledTotal(ctx, analyst)
	if err != nil {
		return nil, err
	}
	page, err := analyst.Search(ctx, search.Query{})
	if err != nil {
		return nil, err
	}
	if err := w.Stop(15 * time.Second); err != nil {
		return nil, err
	}
	logged, doubled, err := exported(ctx, filepath.Join(k.dir, "data"))
	if err != nil {
		return nil, err
	}
	missing := 0
	for id := range k.acknowledged {
		if !logged[id] {
			missing++
		}
	}
	return []Figure{
		Count("kill -9 under load: times it died of it", k.kills, rounds),
		AtLeast("  records acknowledged before a kill", len(k.acknowledged), rounds),
		Count("  acknowledged records missing from the log", missing, 0),
		Count("  records doubled in the log", doubled, 0),
		Count("  records in the warehouse", int(shelved), len(logged)),
		AtLeast("  sessions found by the Hub's search", page.Total, 1),
		Within("  slowest restart until the proxy answers", k.slowest, time.Second),
	}, nil
}

// settledTotal is the number of events in the warehouse once it stands still.
func settledTotal(ctx context.Context, analyst *Analyst) (int64, error) {
	last, since := int64(-1), time.Now()
	_, err := until(30*time.Second, func() (bool, error) {
		totals, err := analyst.Totals(ctx)
		if err != nil {
			return false, err
		}
		if totals.Events != last {
			last, since = totals.Events, time.Now()
		}
		return time.Since(since) > time.Second, nil
	})
	return last, err
}

// exported reads the log with `wayguard export` and counts ids that come twice.
func exported(ctx context.Context, data string) (map[event.ID]bool, int, error) {
	binary, err := Binary()
	if err != nil {
		return nil, 0, err
	}
	output, err := exec.CommandContext(ctx, binary, "export", "--data", data).Output()
	if err != nil {
		return nil, 0, fmt.Errorf("wayguard export: %w", err)
	}
	seen, doubled := map[event.ID]bool{}, 0
	lines := bufio.NewScanner(strings.NewReader(string(output)))
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var line struct {
			Event struct {
				ID event.ID `json:"id"`
			} `json:"event"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, 0, err
		}
		if seen[line.Event.ID] {
			doubled++
		}
		seen[line.Event.ID] = true
	}
	return seen, doubled, lines.Err()
}
