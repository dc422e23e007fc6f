package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"wayguard/packs"

	"wayguard/app"
)

// journal is a program's output that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func world(out *journal) app.World {
	return app.World{Stdout: out, Stderr: out, Lookup: func(name string) (string, bool) { return "sesame", name == "WEBHOOK_SECRET" },
		Now: time.Now, Logger: slog.New(slog.NewTextHandler(out, nil)), Version: "test"}
}

const siteConfig = `
proxy:
  listen: [{address: "%[1]s"}]
  origin: {url: "%[2]s"}
hub: {listen: "127.0.0.1:0"}
metrics: {listen: "%[4]s"}
data: data
packs: {off: [agents, api, automation, ban, firstparty, flood, giftcard, inventory, login, payment, probing, promo, refund, returning, scraping, signup, support, takeover]}
webhooks: {allow_private: [127.0.0.0/8], poll: 50ms}
specs:
  - name: login
    event: Login
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /login}
    take: {username: {form: username}}
    outcome:
      - {result: success, when: {status: 204}}
      - {result: failure, when: {status: 401}}
rules:
  - {id: failures, label: Failed Logins, severity: malicious, family: outcome, points: 900, when: 'session.count("login_failures") >= 2', sentence: too many}
  - {id: names, label: Many Names, severity: suspicious, family: identity, points: 750, when: 'session.distinct("username") >= 4', sentence: too many}
actions:
  - {name: tell-origin, kind: tag, when: {rating: normal}}
  - {name: stop, kind: block, when: {rating: malicious}, specs: [login], status: 429, body: "%[5]s", content_type: text/plain}
  - {name: page-soc, kind: webhook, when: {label: Failed Logins}, url: "%[3]s", secret: "whsec_c2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1lc2VzYW0="}
`

type site struct {
	out              *journal
	proxy, metrics   string
	config           string
	reload           chan os.Signal
	tags             chan http.Header
	hooks            chan []byte
	stop             func() error
	origin, receiver string
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *site) write(t *testing.T, body string) {
	t.Helper()
	text := fmt.Sprintf(siteConfig, s.proxy, s.origin, s.receiver, s.metrics, body)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T) *site { return openAs(t, app.Everything) }

func openAs(t *testing.T, role app.Role) *site {
	t.Helper()
	s := &site{out: &journal{}, proxy: free(t), metrics: free(t), reload: make(chan os.Signal), tags: make(chan http.Header, 100), hooks: make(chan []byte, 100)}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.tags <- r.Header.Clone()
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(origin.Close)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Webhook-Signature") == "" {
			t.Error("a webhook came unsigned")
		}
		s.hooks <- body
	}))
	t.Cleanup(receiver.Close)
	s.origin, s.receiver, s.config = origin.URL, receiver.URL, filepath.Join(t.TempDir(), "wayguard.yaml")
	s.write(t, "no")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.Run(ctx, world(s.out), app.RunOptions{Config: s.config, Role: role}, app.Signals{Reload: s.reload})
	}()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = s.stop() })
	s.await(t, func() bool { return strings.Contains(s.out.String(), "state restored") })
	return s
}

func (s *site) await(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("it did not come to pass:\n%s", s.out)
}

func (s *site) login(t *testing.T, username string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+s.proxy+"/login", strings.NewReader(url.Values{"username": {username}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Visit-Rating", "normal, says the visitor")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// An engine judges, acts and keeps the log, and has nothing else: no Hub, no warehouse, no webhook.
func TestOnlyEngine(t *testing.T) {
	s := openAs(t, app.OnlyEngine)
	for i := range 3 {
		if status, _ := s.login(t, fmt.Sprint("user", i)); status != http.StatusUnauthorized {
			t.Fatalf("login %d was answered %d", i+1, status)
		}
		s.await(t, func() bool {
			return strings.Contains(s.scrape(t), fmt.Sprintf("wayguard_engine_judged_total %d\n", i+1))
		})
	}
	if status, _ := s.login(t, "user9"); status != http.StatusTooManyRequests {
		t.Errorf("a Malicious session was answered %d", status)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(filepath.Dir(s.config), "data")
	var exported journal
	if err := app.Export(context.Background(), world(&exported), data); err != nil || !strings.Contains(exported.String(), "Failed Logins") {
		t.Errorf("the log holds %v, %.200s", err, exported.String())
	}
	for _, name := range []string{"warehouse", "settings.db"} {
		if _, err := os.Stat(filepath.Join(data, name)); !os.IsNotExist(err) {
			t.Errorf("an engine made %s: %v", name, err)
		}
	}
	if strings.Contains(s.out.String(), "hub") || len(s.hooks) > 0 {
		t.Errorf("an engine opened a Hub or sent a webhook:\n%s", s.out)
	}
}

// The whole way: tag, block, webhook, metrics, reload.
func TestSiteIsProtected(t *testing.T) {
	s := open(t)
	var ratings []string
	for i := range 3 {
		if status, _ := s.login(t, fmt.Sprint("user", i)); status != http.StatusUnauthorized {
			t.Fatalf("login %d answered %d", i+1, status)
		}
		ratings = append(ratings, (<-s.tags).Get("X-Visit-Rating"))
		s.await(t, func() bool {
			return strings.Contains(s.scrape(t), fmt.Sprintf("wayguard_engine_judged_total %d\n", i+1))
		})
	}
	if want := "[normal normal suspicious]"; fmt.Sprint(ratings) != want {
		t.Errorf("the origin was told %v, want %s", ratings, want)
	}
	if status, body := s.login(t, "user9"); status != http.StatusTooManyRequests || body != "no" {
		t.Errorf("a Malicious session got %d %q", status, body)
	}
	if len(s.tags) != 0 {
		t.Error("a blocked login reached the origin")
	}
	s.hook(t)
	s.write(t, "still no")
	s.reload <- os.Interrupt
	s.await(t, func() bool { return strings.Contains(s.out.String(), "configuration reloaded") })
	if _, body := s.login(t, "user9"); body != "still no" {
		t.Errorf("after the reload a block says %q", body)
	}
	if err := s.stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func (s *site) scrape(t *testing.T) string {
	t.Helper()
	response, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s *site) hook(t *testing.T) {
	t.Helper()
	select {
	case body := <-s.hooks:
		var alert struct {
			Action, Because string
			Rating          string
			Labels          []string
		}
		if err := json.Unmarshal(body, &alert); err != nil {
			t.Fatal(err)
		}
		if alert.Action != "page-soc" || alert.Because == "" || len(alert.Labels) == 0 {
			t.Errorf("webhook %s", body)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("no webhook came:\n%s", s.out)
	}
	time.Sleep(200 * time.Millisecond)
	if n := len(s.hooks); n != 0 {
		t.Errorf("%d more webhooks came for the same session", n)
	}
}

// A wrong configuration changes nothing at a reload and stops a start, with every problem told.
func TestWrongConfiguration(t *testing.T) {
	s := open(t)
	if err := os.WriteFile(s.config, []byte("proxy: {origin: {url: \"http://127.0.0.1:1\"}}\nspecz: []\nrules: [{id: x, label: X, severity: bad, family: velocity, when: 'el.emial == \"x\"'}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload <- os.Interrupt
	s.await(t, func() bool { return strings.Contains(s.out.String(), "the one before stays in force") })
	if status, _ := s.login(t, "bob"); status != http.StatusUnauthorized {
		t.Errorf("after a wrong reload a login answers %d", status)
	}
	out := &journal{}
	err := app.Check(world(out), s.config)
	if err == nil {
		t.Fatal("a wrong configuration is right")
	}
	for _, want := range []string{`wayguard.yaml:2:1: .*specz.*specs`, `wayguard.yaml:3:.*severity`, `emial.*email`} {
		if !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%q is not told:\n%v", want, err)
		}
	}
}

func TestNoOriginIsTold(t *testing.T) {
	err := app.Run(context.Background(), world(&journal{}), app.RunOptions{Data: t.TempDir()}, app.Signals{})
	if err == nil || !strings.Contains(err.Error(), "--origin") {
		t.Errorf("without an origin: %v", err)
	}
}

// The packs that are on by default hold what their journeys promise, and no rule goes untested.
func TestPacksPassTheirJourneys(t *testing.T) {
	out := &journal{}
	if err := app.Test(world(out), "", nil); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`\n([5-9]\d|\d{3,}) passed, 0 failed, 0 gaps`).MatchString(out.String()) {
		t.Errorf("too few tests ran:\n%s", out)
	}
}

// What the README tells a newcomer to write is right.
func TestReadmeConfiguration(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no configuration")
	}
	file := filepath.Join(t.TempDir(), "wayguard.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.Check(world(&journal{}), file); err != nil {
		t.Error(err)
	}
}

// Every built-in pack can be switched off, the starter specs too; a name that is none is told.
func TestPacksCanBeSwitchedOff(t *testing.T) {
	check := func(off string) error {
		file := filepath.Join(t.TempDir(), "wayguard.yaml")
		text := "proxy: {origin: {url: \"http://127.0.0.1:1\"}}\npacks: {off: [" + off + "]}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return app.Check(world(&journal{}), file)
	}
	names := map[string]bool{}
	for _, file := range slices.Concat(packs.Default(), packs.Starter()) {
		names[file.Pack()] = true
	}
	for name := range names {
		if err := check(name); err != nil {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if err := check(strings.Join(slices.Sorted(maps.Keys(names)), ", ")); err != nil {
		t.Errorf("without any: %v", err)
	}
	if err := check("strater"); err == nil || !strings.Contains(err.Error(), "starter") {
		t.Errorf("a misspelt pack: %v", err)
	}
}
