package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"wayguard/decision"
	"wayguard/event"
)

func testID(at time.Time) event.ID { return event.DeriveID(at, "test") }

// watched is a connection that remembers its deadlines.
type watched struct {
	*httptest.ResponseRecorder
	read []time.Time
}

// SetReadDeadline is asked for by http.ResponseController.
func (w *watched) SetReadDeadline(at time.Time) error {
	w.read = append(w.read, at)
	return nil
}

// TestUploadsLeaveNoDeadline sees that a stream's parts have a deadline each, and that none is left while the destination thinks.
func TestUploadsLeaveNoDeadline(t *testing.T) {
	w := &watched{ResponseRecorder: httptest.NewRecorder()}
	notices := 0
	u := &upload{reader: strings.NewReader("abc"), control: http.NewResponseController(w), notice: func() { notices++ }}
	if got, err := io.ReadAll(u); err != nil || string(got) != "abc" {
		t.Fatalf("%q %v", got, err)
	}
	if len(w.read) < 4 || w.read[0].IsZero() || !w.read[len(w.read)-1].IsZero() || notices != len(w.read)/2 {
		t.Errorf("deadlines %v, %d notices", w.read, notices)
	}
}

// TestBodiesAreBounded sees that bodies take no more than they may, all together, and give it back.
func TestBodiesAreBounded(t *testing.T) {
	a := &API{config: DefaultConfig(), deps: Deps{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}}
	var calls []*call
	for {
		c := &call{}
		if !a.hold(c, 1<<20) {
			break
		}
		calls = append(calls, c)
	}
	if len(calls) != mostHeld/(1<<20) || a.held.Load() != mostHeld || a.Metrics()["bodies_overfull"] != 1 {
		t.Errorf("%d bodies, %d held", len(calls), a.held.Load())
	}
	for _, c := range calls {
		a.finish(&written{ResponseWriter: httptest.NewRecorder(), status: 200}, httptest.NewRequest("GET", "/", nil), c)
	}
	if a.held.Load() != 0 {
		t.Errorf("%d stay held", a.held.Load())
	}
}

// trickle gives one byte at a time.
type trickle struct{ reader io.Reader }

func (s trickle) Read(data []byte) (int, error) { return s.reader.Read(data[:min(1, len(data))]) }

// TestMemoryIsTakenAsBodiesCome sees that nothing is held for what was only announced, that the true length is held in the end, that a body
// for which there is no room is no body lost, and that a whole one leaves no deadline for reading.
func TestMemoryIsTakenAsBodiesCome(t *testing.T) {
	a := &API{config: DefaultConfig(), deps: Deps{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}}
	w := &watched{ResponseRecorder: httptest.NewRecorder()}
	for _, announced := range []int64{-1, 10_000} {
		c := &call{}
		sent := strings.Repeat("x", 10_000)
		var most int64
		read, err := a.take(w, c, trickle{io.TeeReader(strings.NewReader(sent), writer(func() { most = max(most, a.held.Load()) }))}, announced, 1<<20)
		if err != nil || read.end != complete || string(read.body) != sent || read.held != 10_000 || c.held.Load() != 10_000 || most > 16<<10 {
			t.Errorf("announced %d: end %d, held %d, most %d, %v", announced, read.end, c.held.Load(), most, err)
		}
		if len(w.read) == 0 || !w.read[len(w.read)-1].IsZero() {
			t.Error("a deadline for reading is left")
		}
		a.release(c, c.held.Load())
	}
	silent := &call{}
	if read, err := a.take(w, silent, io.MultiReader(iotest.ErrReader(io.ErrUnexpectedEOF)), 1<<20, 1<<20); err == nil || a.held.Load() > firstHold {
		t.Errorf("announced and not sent: end %d, %d held", read.end, a.held.Load())
	}
	a.release(silent, silent.held.Load())
	a.held.Store(mostHeld - 5000)
	c := &call{}
	sent := strings.NewReader(strings.Repeat("y", 9000))
	read, err := a.take(w, c, sent, -1, 1<<20)
	if err != nil || read.end != noRoom {
		t.Fatalf("end %d, %v", read.end, err)
	}
	if all, err := io.ReadAll(a.onward(c, read, sent)); err != nil || len(all) != 9000 || c.held.Load() != 0 || a.held.Load() != mostHeld-5000 {
		t.Errorf("%d bytes went on, %d stay held, %v", len(all), c.held.Load(), err)
	}
	a.release(c, 1)
	if a.held.Load() != mostHeld-5000 {
		t.Error("more was given back than was held")
	}
}

// writer calls back for each write.
type writer func()

func (w writer) Write(data []byte) (int, error) {
	w()
	return len(data), nil
}

// TestTokensAreRemembered sees that a flood of tokens is bounded, that a known one costs no allocation to speak of, and that a store that is away
// does not end good tokens.
func TestTokensAreRemembered(t *testing.T) {
	now := time.Now()
	keys, err := OpenKeys(t.TempDir()+"/keys", Sealing{}, now)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	v := &verifier{keys: keys, issuer: "wayguard", instance: "wayguard", now: func() time.Time { return now }, known: map[[32]byte]knownToken{},
		client: func(context.Context, string) (decision.Client, error) {
			asked++
			return decision.Client{}, errors.New("away")
		}}
	a := &API{config: DefaultConfig(), deps: Deps{Keys: keys, NewID: testID}}
	token, err := a.sign("cli", []string{"decisions:read"}, []string{"wayguard"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if who, err := v.verify(t.Context(), token); err != nil || who.name != "cli" || !who.may("decisions:read") || asked != 1 {
			t.Fatalf("%v %v, asked %d times", who, err, asked)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = v.verify(context.Background(), token) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
	for i := range tokensKept + 100 {
		v.remember([32]byte{byte(i), byte(i >> 8), 1}, knownToken{until: now.Add(time.Minute)}, now)
	}
	if len(v.known) > tokensKept {
		t.Errorf("%d tokens are kept", len(v.known))
	}
}

// TestKeySetsGoStale sees that a set that cannot be fetched is used for a day and no longer.
func TestKeySetsGoStale(t *testing.T) {
	at := time.Now()
	s := newKeySet(IssuerConfig{URL: "https://127.0.0.1:1/", Algorithms: []string{"ES256"}}, &http.Client{Timeout: time.Second}, func() time.Time { return at })
	s.keys, s.fetched = []jose.JSONWebKey{{KeyID: "a", Algorithm: "ES256"}}, at
	at = at.Add(keySetStale - time.Minute)
	if _, err := s.find(t.Context(), "a", "ES256"); err != nil {
		t.Error(err)
	}
	at = at.Add(2 * time.Minute)
	if _, err := s.find(t.Context(), "a", "ES256"); err == nil {
		t.Error("a stale key is used")
	}
}

func TestSpreadsheetsGetNoFormulas(t *testing.T) {
	w := httptest.NewRecorder()
	if err := writeCSV(w, decision.Analytics{Rules: []decision.Row{{Key: "=cmd()", Total: 1, Money: map[string]int64{"EUR": 5, "CHF": 1}}, {Key: "a,b"}}}); err != nil {
		t.Fatal(err)
	}
	want := "by,key,total,allowed,reviewed,blocked,provisional,fraud,money\nrule,'=cmd(),1,0,0,0,0,0,CHF 1; EUR 5\nrule,\"a,b\",0,0,0,0,0,0,\n"
	if w.Body.String() != want {
		t.Errorf("%q", w.Body.String())
	}
}
