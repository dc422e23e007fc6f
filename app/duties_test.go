package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/config"
	"wayguard/element"
	"wayguard/event"
	"wayguard/proxy"
	"wayguard/stream"
)

func quietWorld() World {
	return World{Stdout: io.Discard, Stderr: io.Discard, Lookup: func(string) (string, bool) { return "", false }, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Version: "test"}
}

func localConfig(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.Data = t.TempDir()
	c.Proxy.Origin.URL = "http://127.0.0.1:1"
	c.Proxy.Listen = []proxy.ListenConfig{{Address: "127.0.0.1:0"}}
	c.Hub.Listen = "127.0.0.1:0"
	return c
}

// While storage cannot be opened, the site is served and the Hub's address says why it is not; it opens when it can, and
// all of it stops when told.
func TestHubSaysThatStorageIsNotOpen(t *testing.T) {
	c := localConfig(t)
	blocked := filepath.Join(c.Data, "settings.db")
	if err := os.MkdirAll(filepath.Join(blocked, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.run(ctx, Signals{}, nil) }()
	site := "http://" + h.proxy.Addresses()[0].String()
	hubAt := "http://" + h.hubListener.Addr().String()
	awaitAnswer(t, hubAt, func(status int, body string) bool {
		return status == http.StatusServiceUnavailable && strings.Contains(body, "storage cannot be opened")
	})
	awaitAnswer(t, site, func(status int, _ string) bool { return status == http.StatusBadGateway })
	if err := os.RemoveAll(blocked); err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, hubAt, func(status int, body string) bool { return status != http.StatusServiceUnavailable })
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("stopped with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
}

func awaitAnswer(t *testing.T, address string, right func(status int, body string) bool) {
	t.Helper()
	last := ""
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		response, err := client.Get(address)
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil && right(response.StatusCode, string(body)) {
			return
		}
		last = fmt.Sprint(response.StatusCode, " ", string(body))
	}
	t.Fatalf("%s answers %s", address, last)
}

// A stop while storage is still not open ends at once, and without an error: nothing was lost.
func TestStopBeforeStorageIsOpen(t *testing.T) {
	c := localConfig(t)
	if err := os.MkdirAll(filepath.Join(c.Data, "settings.db", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.run(ctx, Signals{}, nil); err != nil {
		t.Errorf("stopped with %v", err)
	}
	if err := h.close(); err != nil {
		t.Errorf("closed a second time: %v", err)
	}
}

// A port that is taken is told at once, and leaves nothing open behind.
func TestTakenPortIsTold(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, occupy := range map[string]func(*config.Config){
		"hub":     func(c *config.Config) { c.Hub.Listen = taken.Addr().String() },
		"metrics": func(c *config.Config) { c.Metrics.Listen = taken.Addr().String() },
		"listen":  func(c *config.Config) { c.Proxy.Listen[0].Address = taken.Addr().String() },
	} {
		c := localConfig(t)
		occupy(&c)
		if _, err := open(quietWorld(), c, RunOptions{}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The tenant key is written whole or not at all; half a key is told with its file.
func TestTenantKey(t *testing.T) {
	dir := t.TempDir()
	first, err := keysOfStart(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keysOfStart(dir)
	if err != nil || first.Hash("email", "x") != again.Hash("email", "x") {
		t.Errorf("the key did not stay: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v beside the key, %v", entries, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "tenant.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key may be read by others: %v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tenant.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keysOfStart(dir); err == nil || !strings.Contains(err.Error(), "tenant.key") {
		t.Errorf("an empty key: %v", err)
	}
}

// keysOfStart are those that a start with the data directory uses.
func keysOfStart(dir string) (element.Keys, error) {
	secret, err := tenantSecret(dir)
	if err != nil {
		return element.Keys{}, err
	}
	return tenantKeys(dir, secret)
}

// Where the log and the warehouse were removed and the settings stayed, new records get positions behind those that the
// webhooks have been sent for: else as many alerts as there had been records would never be sent.
func TestPositionsGoOnBehindTheWebhooks(t *testing.T) {
	c := localConfig(t)
	h, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, want := range []stream.Position{1, 5001} {
		if err := h.openStorage(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := h.log.Append(ctx, event.Record{Event: attempt(1)}); err != nil || got != want {
			t.Errorf("the next record is at %d, want %d (%v)", got, want, err)
		}
		if err := h.store.SetSetting(ctx, c.Environment, alertPosition, "5000", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := h.closeStorage(); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"log", "warehouse"} {
			if err := os.RemoveAll(filepath.Join(c.Data, gone)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
}

// What a reload cannot put in force is named; what it can is not.
func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) config.Config {
		path := filepath.Join(dir, "wayguard.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := config.Load(path, nil)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := "proxy: {origin: {url: \"http://127.0.0.1:1\"}, listen: [{address: \":1\"}]}\nhub: {listen: \"127.0.0.1:2\"}\n"
	running := read(base)
	for text, want := range map[string]string{
		base: "",
		"# moved down\n\n" + base + "specs: [{name: a, event: A, type: logout}]\nsessions: {idle_timeout: 5m}\n":                     "",
		base + "limits: {state_entries: 7000}\nenvironment: staging\n":                                                               "environment limits",
		strings.Replace(base, ":1\"}]", ":9\"}]", 1):                                                                                 "proxy",
		"proxy: {origin: {url: \"http://127.0.0.1:1\"}, listen: [{address: \":1\"}]}\nhub: {listen: \"127.0.0.1:3\"}\ndata: other\n": "data hub",
	} {
		if got := strings.Join(needRestart(running, read(text)), " "); got != want {
			t.Errorf("%q needs a restart for %q, want %q", text, got, want)
		}
	}
}

// Plans may be exchanged while events flow, and a plan that is wrong changes nothing.
func TestSwapWhileEventsFlow(t *testing.T) {
	c := localConfig(t)
	h, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.run(ctx, Signals{}, nil) }()
	var workers sync.WaitGroup
	for w := range 3 {
		workers.Go(func() {
			for i := range 60 {
				if err := h.judge.Observe(ctx, attempt(w*60+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wrong := c
	wrong.Location.Files = []string{filepath.Join(c.Data, "gone.mmdb")}
	for range 5 {
		if err := h.swap(c); err != nil {
			t.Error(err)
		}
		before := h.judge.plan.Load()
		if err := h.swap(wrong); err == nil || !strings.Contains(err.Error(), "gone.mmdb") {
			t.Errorf("a location file that is gone: %v", err)
		}
		if h.judge.plan.Load() != before {
			t.Error("a wrong plan came into force")
		}
	}
	workers.Wait()
	if got := h.judge.judged.Load(); got != 180 {
		t.Errorf("%d events judged", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
	again, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	go func() { done <- again.run(ctx, Signals{}, nil) }()
	e := attempt(180)
	if err := again.judge.Observe(ctx, e); err != nil {
		t.Error(err)
	}
	if n := again.memory.Stats().Entries; n < 40 {
		t.Errorf("%d entries came back after a restart", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
