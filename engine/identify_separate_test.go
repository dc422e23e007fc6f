package engine_test

import (
	"errors"
	"testing"
	"time"

	"wayguard/engine"
	"wayguard/event"
)

// shelf is a state that events are observed on.
type shelf map[string]engine.Held

func (s shelf) from(key string) (engine.Held, bool) { h, found := s[key]; return h, found }

func (s shelf) observe(t *testing.T, e *engine.Engine, ev event.Event) event.Record {
	t.Helper()
	step, err := e.ObserveFrom(&ev, s.from)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range step.Changes {
		s[c.Key] = engine.Held(c)
	}
	return step.Record
}

func (s shelf) separate(t *testing.T, e *engine.Engine, what *engine.Separation) error {
	t.Helper()
	var held []engine.Held
	for _, key := range what.Keys() {
		if h, found := s[key]; found {
			held = append(held, h)
		}
	}
	changes, err := e.Separate(what, held)
	for _, c := range changes {
		s[c.Key] = engine.Held(c)
	}
	return err
}

// Two cookies that one device was held to have are two devices once an analyst says so, and stay two.
func TestSeparatedDevicesStayApart(t *testing.T) {
	e, s := newEngine(t, rules), shelf{}
	day := 24 * time.Hour
	token := func(name, hash string, issued bool) event.Token {
		return event.Token{Name: name, Hash: hash, Issued: issued}
	}
	serial := 0
	page := func(n int, tokens ...event.Token) event.Record {
		serial++
		at := start().Add(time.Duration(n)*day + time.Duration(serial)*time.Second)
		return s.observe(t, e, visit(serial, at, event.ProductView, event.Success, homeAddress, tokens))
	}
	page(1, token("cookie:sid", "a", true))
	page(1, token("cookie:sid", "a", false))
	page(2, token("cookie:sid", "a", false), token("cookie:alt", "b", true))
	whole := page(2, token("cookie:sid", "a", false), token("cookie:alt", "b", false)).Session.Journey
	if got := page(3, token("cookie:alt", "b", false)).Session.Journey; got != whole {
		t.Fatalf("the second cookie is of journey %s, want %s", got, whole)
	}
	fresh := event.DeriveID(start().Add(3*day), "separated", "1")
	what := engine.Separation{Environment: event.DefaultEnvironment, Device: whole, Fresh: fresh, Tokens: []event.Token{{Name: "cookie:alt", Hash: "b"}}, At: start().Add(3*day + time.Hour)}
	if err := s.separate(t, e, &what); err != nil {
		t.Fatal(err)
	}
	for n := 4; n < 10; n += 2 {
		if got := page(n, token("cookie:alt", "b", false)).Session.Journey; got != fresh {
			t.Errorf("day %d: the part is journey %s, want %s", n, got, fresh)
		}
		if got := page(n+1, token("cookie:sid", "a", false)).Session.Journey; got != whole {
			t.Errorf("day %d: the rest is journey %s, want %s", n+1, got, whole)
		}
	}
	again := what
	if err := s.separate(t, e, &again); !errors.Is(err, engine.ErrSeparatePart) {
		t.Errorf("to separate into a device that is known gave %v", err)
	}
}

func TestSeparateRefusesWhatItCannotDo(t *testing.T) {
	e, s := newEngine(t, rules), shelf{}
	known := s.observe(t, e, visit(1, start(), event.ProductView, event.Success, homeAddress, nil)).Session.Journey
	fresh := event.DeriveID(start(), "separated", "2")
	for _, c := range []struct {
		name string
		what engine.Separation
		want error
	}{
		{"nobody", engine.Separation{Device: fresh, Fresh: known}, engine.ErrSeparateUnknown},
		{"no alias", engine.Separation{Device: known, Part: fresh}, engine.ErrSeparatePart},
		{"too much", engine.Separation{Device: known, Fresh: fresh, Accounts: make([]string, 1000)}, engine.ErrSeparateSize},
	} {
		c.what.Environment, c.what.At = event.DefaultEnvironment, start()
		if err := s.separate(t, e, &c.what); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if err := s.separate(t, e, &engine.Separation{Environment: event.DefaultEnvironment, Device: known, At: start()}); err == nil {
		t.Error("a part without any id was made")
	}
}
