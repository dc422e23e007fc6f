package hub

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
)

var update = flag.Bool("update", false, "write the golden files of testdata/wire anew")

// TestWire holds every answer against the files the TypeScript tests read: one vocabulary for both.
func TestWire(t *testing.T) {
	b := build(t, Config{}, nil)
	user := b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Administrator, "staging": access.Viewer})
	token := b.token(t, user)
	story := string(sampleStory().Session.ID)
	if err := b.hub.record(t.Context(), sampleEnvironment, user.Email, "sessions.export", "field=email values=1 from=2026-11-21T09:30:00Z to=2026-11-21T10:30:00Z", "192.0.2.10"); err != nil {
		t.Fatal(err)
	}
	for i, done := range []struct{ actor, action, detail string }{
		{"system", "user.created", "ada@shop.example as administrator"}, {"ada@shop.example", "user.created", "kim@shop.example as analyst"},
		{"kim@shop.example", "login", ""}, {"unknown", "login.failed", ""}, {"kim@shop.example", "search.sensitive", "field=ssn values=1"},
		{"ada@shop.example", "user.disabled", "lee@shop.example"},
	} {
		b.pass(time.Minute)
		if err := b.hub.record(t.Context(), sampleEnvironment, done.actor, done.action, done.detail, fmt.Sprintf("192.0.2.%d", 10+i%3)); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(-6 * time.Minute)
	for i := range b.store.entries {
		b.store.entries[i].ID = event.DeriveID(b.store.entries[i].At, "audit")
	}
	for email, role := range map[string]access.Role{"kim@shop.example": access.Analyst, "lee@shop.example": access.Viewer} {
		other := b.user(t, email, map[event.Environment]access.Role{sampleEnvironment: role})
		other.Name, other.Disabled = map[access.Role]string{access.Analyst: "Kim Abara", access.Viewer: "Lee Novak"}[role], role == access.Viewer
		if err := b.store.UpdateUser(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ file, method, target, body string }{
		{"hub-page.json", "POST", "/sessions/search", `{"environment":"production","field":"session_risk_rating","values":["Malicious Session"],"from":"2026-11-21T09:30:00Z","to":"2026-11-21T10:30:00Z","limit":50}`},
		{"hub-story.json", "GET", "/sessions/" + story + "?environment=production", ""},
		{"hub-explanation.json", "GET", "/sessions/" + story + "/explanation?environment=production", ""},
		{"hub-me.json", "GET", "/me", ""},
		{"hub-fields.json", "GET", "/fields?environment=production", ""},
		{"hub-totals.json", "GET", "/totals?environment=production&from=2026-11-21T09:30:00Z&to=2026-11-21T10:30:00Z", ""},
		{"hub-health.json", "GET", "/health?environment=production", ""},
		{"hub-audit.json", "GET", "/audit?environment=production", ""},
		{"hub-users.json", "GET", "/users?environment=production", ""},
		{"hub-mitigation.json", "GET", "/mitigation?environment=production", ""},
		{"hub-effects.json", "GET", "/mitigation/effects?environment=production&from=2026-11-21T10:10:00Z&to=2026-11-21T10:30:00Z", ""},
		{"hub-affected.json", "GET", "/mitigation/affected?environment=production&policy=stop-takeovers&since=2026-11-21T09:30:00Z", ""},
		{"hub-accounts.json", "GET", "/mitigation/accounts?environment=production&from=2026-11-21T09:30:00Z&to=2026-11-21T10:30:00Z", ""},
		{"hub-error.json", "POST", "/sessions/search", `{"environment":"production","filters":[{"column":"events","min":"many"}]}`},
	} {
		t.Run(c.file, func(t *testing.T) {
			response := b.send(t, c.method, base+c.target, token, c.body)
			if kind := response.Header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("content type %q", kind)
			}
			if want := http.StatusOK; c.file != "hub-error.json" && response.StatusCode != want {
				t.Errorf("status %d", response.StatusCode)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(text(t, response)), "", "  "); err != nil {
				t.Fatal(err)
			}
			checkGolden(t, c.file, pretty.Bytes())
		})
	}
}

// TestLiveWire fixes the frames of the live stream: the opening, health, a batch, one that skipped, a heartbeat.
func TestLiveWire(t *testing.T) {
	var records []liveRecord
	for _, record := range sampleTeller().records {
		records = append(records, summarise(&record))
	}
	frame := func(name string, data any) string {
		encoded, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		return messageFrame(name, encoded)
	}
	stream := retryFrame(2*time.Second) + frame("health", sampleHealth()) + frame("records", liveBatch{Records: records[:8]}) +
		commentFrame("still here") + frame("records", liveBatch{Records: records[8:], Skipped: 37})
	if strings.Contains(stream, "\r") || strings.Count(stream, "\n\n") != 5 {
		t.Errorf("the frames run together: %q", stream)
	}
	checkGolden(t, "hub-live.txt", []byte(stream))
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "testdata", "wire", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from its golden file; run with -update and look at the difference\ngot:\n%s", name, got)
	}
}
