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

// The environment that makes the test binary the victim of TestKill9: the outbox's folder and the receiver's address.
const (
	victimFolder = "WAYGUARD_WEBHOOK_VICTIM"
	victimTarget = "WAYGUARD_WEBHOOK_VICTIM_TARGET"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimFolder); dir != "" {
		victim(folderOutbox(dir), os.Getenv(victimTarget))
	}
	os.Exit(m.Run())
}

func victim(outbox folderOutbox, url string) {
	w, err := integration.New(quick(), outbox, func(string) (integration.Target, bool) {
		return integration.Target{URL: url, Secret: secret}, true
	}, time.Now, slog.Default())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w.Run(context.Background())
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

func TestKill9LosesNoMessage(t *testing.T) {
	const messages, kills = 120, 10
	outbox := folderOutbox(t.TempDir())
	want := map[string]string{}
	for n := range messages {
		d := message(n)
		text, err := json.Marshal(d)
		if err == nil {
			err = os.WriteFile(outbox.path(d.ID, "pending"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		want[string(d.ID)] = string(d.Body)
	}
	var mu sync.Mutex
	var victims []*os.Process
	r := receive(t, func(n int, _ http.ResponseWriter, _ *http.Request) {
		if n%9 == 0 && n/9 <= kills { // between the post and the mark
			mu.Lock()
			defer mu.Unlock()
			_ = victims[len(victims)-1].Kill() // it may be dead already
		}
	})
	for range kills + 1 {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), victimFolder+"="+string(outbox), victimTarget+"="+r.URL)
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
	if len(times) != messages {
		t.Errorf("%d of %d messages arrived", len(times), messages)
	}
	if repeated, most := len(r.got)-messages, kills*quick().Concurrency; repeated < 1 || repeated > most {
		t.Errorf("%d messages came again, at most %d were on their way when it was killed", repeated, most)
	}
}
