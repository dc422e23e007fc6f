package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/element"
	"wayguard/event"
)

// house is a hub with fakes around it and a clock that stands still until it is told to go on.
type house struct {
	hub       *Hub
	warehouse *fakeWarehouse
	store     *fakeStore
	control   *fakeMitigation
	log       *lockedBuffer
	mu        sync.Mutex
	now       time.Time
	// hash is that of samplePassword, made once a test.
	hash string
}

const samplePassword = "correct horse battery staple"

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *house) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *house) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// build makes a house; change may alter the dependencies before the hub is built.
func build(t *testing.T, config Config, change func(*Deps)) *house {
	t.Helper()
	b := &house{warehouse: &fakeWarehouse{}, store: newFakeStore(), control: newFakeMitigation(), log: &lockedBuffer{}, now: sampleNow()}
	deps := Deps{
		Warehouse: b.warehouse, Users: b.store, Logins: b.store, Audit: b.store,
		Environments: []event.Environment{sampleEnvironment, "staging"},
		Health:       func(context.Context, event.Environment) Health { return sampleHealth() },
		Elements:     func(event.Environment) []element.Definition { return sampleElements() },
		Labels:       func(event.Environment) ([]string, []string) { return sampleLabels() },
		Explain:      explainSample,
		Actions:      b.warehouse,
		Mitigation: func(env event.Environment) Mitigation {
			if env != sampleEnvironment {
				return nil
			}
			return b.control
		},
		SearchForm:  func(_, text string) string { return strings.ToLower(text) },
		NotFound:    func(err error) bool { return errors.Is(err, errAbsent) },
		IdleTimeout: 30 * time.Minute,
		Version:     "0.1.0",
		Now:         b.clock,
		Logger:      slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&deps)
	}
	hub, err := New(config, deps)
	if err != nil {
		t.Fatal(err)
	}
	b.hub = hub
	b.hub.pace.refusal = time.Millisecond
	b.hub.hasher = newHasher(256) // cheap: what is tested here is not its cost
	return b
}

// user adds a person with samplePassword.
func (b *house) user(t *testing.T, email string, grants map[event.Environment]access.Role) access.User {
	t.Helper()
	if b.hash == "" {
		hash, err := b.hub.hasher.hash(t.Context(), samplePassword)
		if err != nil {
			t.Fatal(err)
		}
		b.hash = hash
	}
	id := event.DeriveID(sampleNow(), "user", email)
	user := access.User{ID: id, Email: email, Name: "Ada Okafor", PasswordHash: b.hash, Grants: grants, Created: sampleNow()}
	if err := b.store.CreateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	return user
}

// token opens a login for the user without asking for the password.
func (b *house) token(t *testing.T, user access.User) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	if err := b.hub.openLogin(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/", nil), user.ID); err != nil {
		t.Fatal(err)
	}
	return recorder.Result().Cookies()[0].Value
}

// loggedIn is a house with one user of the role in the sample environment, and that user's token.
func loggedIn(t *testing.T, role access.Role) (*house, string) {
	t.Helper()
	b := build(t, Config{}, nil)
	return b, b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: role}))
}

// send asks the hub as a browser with that token would; body "" means none.
func (b *house) send(t *testing.T, method, target, token, body string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, target, reader)
	if method == http.MethodPost || method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	}
	for _, f := range change {
		f(r)
	}
	recorder := &deadlineRecorder{httptest.NewRecorder()}
	b.hub.Handler().ServeHTTP(recorder, r)
	return recorder.Result()
}

// deadlineRecorder takes the deadlines a real connection takes.
type deadlineRecorder struct{ *httptest.ResponseRecorder }

func (deadlineRecorder) SetReadDeadline(time.Time) error  { return nil }
func (deadlineRecorder) SetWriteDeadline(time.Time) error { return nil }

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// code is the error code of an answer, "" when it is none.
func code(t *testing.T, r *http.Response) (code, field string) {
	t.Helper()
	var answer struct {
		Error struct{ Code, Message, Field string }
	}
	body := text(t, r)
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("status %d with a body that is no JSON: %q", r.StatusCode, body)
	}
	if answer.Error.Code != "" && answer.Error.Message == "" {
		t.Errorf("error %s has no message", answer.Error.Code)
	}
	return answer.Error.Code, answer.Error.Field
}
