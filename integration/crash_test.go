package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// The environment that makes the test binary the victim of a test: the outbox's folder, the receiver's address, and the kind of
// integration, empty for a plain webhook.
const (
	victimFolder = "WAYGUARD_WEBHOOK_VICTIM"
	victimTarget = "WAYGUARD_WEBHOOK_VICTIM_TARGET"
	victimKind   = "WAYGUARD_WEBHOOK_VICTIM_KIND"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimFolder); dir != "" {
		victim(folderOutbox(dir), os.Getenv(victimTarget))
	}
	if ledger := os.Getenv(receiverLedger); ledger != "" {
		runReceiver(ledger, os.Getenv(receiverAddress))
	}
	os.Exit(m.Run())
}

func victim(outbox folderOutbox, url string) {
	target := integration.Target{URL: url, Secret: secret}
	if kind := os.Getenv(victimKind); kind != "" {
		n := integration.NewNotifiers(integration.NotifierDeps{Now: time.Now})
		must(n.Configure(integration.IntegrationsConfig{{Name: "alert", Kind: integration.Kind(kind), URL: url,
			Concurrency: quick().Concurrency, AllowPrivate: quick().AllowPrivate}}))
		target.Notifier, _ = n.Named("alert")
	}
	w, err := integration.New(quick(), outbox, func(string) (integration.Target, bool) { return target, true }, time.Now, slog.Default())
	must(err)
	w.Run(context.Background())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// folderOutbox keeps each message in a file, so that it outlives a process: the smallest honest outbox.
type folderOutbox string

func (o folderOutbox) path(id event.ID, state string) string {
	return filepath.Join(string(o), string(id)+"."+state)
}

func (o folderOutbox) DueDeliveries(_ context.Context, _ time.Time, limit int) ([]event.Delivery, error) {
	paths, err := filepath.Glob(filepath.Join(string(o), "*.pending"))
	if err != nil {
		return nil, err
	}
	var due []event.Delivery
	for _, path := range paths[:min(limit, len(paths))] {
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue // delivered meanwhile
		}
		var d event.Delivery
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			return nil, err
		}
		due = append(due, d)
	}
	return due, nil
}

func (o folderOutbox) MarkDelivered(_ context.Context, id event.ID, _ time.Time) error {
	return os.Rename(o.path(id, "pending"), o.path(id, "delivered"))
}

func (o folderOutbox) MarkFailed(context.Context, event.ID, string, time.Time) error { return nil }

func (o folderOutbox) MarkDead(_ context.Context, id event.ID, _ string, _ time.Time) error {
	return os.Rename(o.path(id, "pending"), o.path(id, "dead"))
}

// fill puts messages into an outbox.
func (o folderOutbox) fill(t *testing.T, list []event.Delivery) {
	t.Helper()
	for _, d := range list {
		text, err := json.Marshal(d)
		if err == nil {
			err = os.WriteFile(o.path(d.ID, "pending"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sendDespiteKills has an outbox sent by processes, each of which is killed between a post and its mark, until it is empty.
func sendDespiteKills(t *testing.T, outbox folderOutbox, kills int, kind string) *receiver {
	t.Helper()
	var mu sync.Mutex
	var victims []*os.Process
	r := receive(t, func(n int, _ http.ResponseWriter, _ *http.Request) {
		if n%9 == 0 && n/9 <= kills {
			mu.Lock()
			defer mu.Unlock()
			_ = victims[len(victims)-1].Kill() // it may be dead already
		}
	})
	for range kills + 1 {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), victimFolder+"="+string(outbox), victimTarget+"="+r.URL, victimKind+"="+kind)
		mu.Lock()
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		victims = append(victims, command.Process)
		mu.Unlock()
		died := make(chan error, 1)
		go func() { died <- command.Wait() }()
		eventually(t, "the victim is killed or has sent all", func() bool {
			left, err := filepath.Glob(filepath.Join(string(outbox), "*.pending"))
			if err == nil && len(left) == 0 {
				_ = command.Process.Kill() // it may be dead already
			}
			return len(died) == 1
		})
	}
	return r
}

func TestKill9LosesNoMessage(t *testing.T) {
	const count, kills = 120, 10
	var list []event.Delivery
	want := map[string]string{}
	for n := range count {
		list = append(list, message(n))
		want[string(list[n].ID)] = string(list[n].Body)
	}
	outbox := folderOutbox(t.TempDir())
	outbox.fill(t, list)
	r := sendDespiteKills(t, outbox, kills, "")
	times := map[string]int{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, request := range r.got {
		id := request.Header.Get("Webhook-Id")
		if body, known := want[id]; !known || body != r.bodies[i] {
			t.Errorf("message %q came with body %q", id, r.bodies[i])
		}
		times[id]++
	}
	if len(times) != count {
		t.Errorf("%d of %d messages arrived", len(times), count)
	}
	if repeated, most := len(r.got)-count, kills*quick().Concurrency; repeated < 1 || repeated > most {
		t.Errorf("%d messages came again, at most %d were on their way when it was killed", repeated, most)
	}
}

// A chat shows every copy. No alert is lost there, and only what was on its way at a kill comes twice, word for word the same.
func TestKill9LosesNoAlertOfAChat(t *testing.T) {
	const count, kills = 60, 5
	outbox := folderOutbox(t.TempDir())
	outbox.fill(t, alerts(0, count))
	r := sendDespiteKills(t, outbox, kills, string(integration.Slack))
	times := map[string]int{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.bodies {
		times[body]++
	}
	if len(times) != count {
		t.Errorf("%d different messages of %d alerts", len(times), count)
	}
	if repeated, most := len(r.bodies)-count, kills*quick().Concurrency; repeated < 1 || repeated > most {
		t.Errorf("%d messages came again, at most %d were on their way when it was killed", repeated, most)
	}
}
