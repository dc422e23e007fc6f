package mitigation

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

func full(t testing.TB) (*desk, []policy.Config) {
	first, second := ladder("first", "challenge", "block"), ladder("second", "block")
	first.For, second.Scope = time.Hour, policy.ScopeAccount
	third := budgeted(50, 1)
	third.Name = "third"
	d := newDesk(t, policy.MitigationConfig{}, first, second, third)
	account := []event.Element{{Name: "email", Value: "h:1"}}
	d.decide(visit{session: "a", device: "x", asks: []string{"first"}, rating: event.Suspicious})
	d.now = d.now.Add(time.Minute)
	d.note(visit{session: "a", device: "x", rating: event.Normal})
	d.decide(visit{session: "b", asks: []string{"first", "second", "third"}, elements: account})
	d.control.trusted.add("returning-user")
	for _, err := range []error{
		d.control.Spare(policy.ScopeAccount, "username:ü", d.now.Add(time.Hour)),
		d.control.Stop(d.now.Add(time.Hour), "why", "who"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return d, []policy.Config{first, second, third}
}

func TestASnapshotKeepsWhoIsDealtWith(t *testing.T) {
	d, policies := full(t)
	text, err := d.control.Save()
	if err != nil {
		t.Fatal(err)
	}
	other := newDesk(t, policy.MitigationConfig{})
	other.now = d.now
	if err := other.control.Load(text); err != nil {
		t.Fatal(err)
	}
	other.compile(policy.MitigationConfig{}, policies...)
	again, err := other.control.Save()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		t.Fatalf("saved again it differs:\n%s\n%s", text, again)
	}
	if halt := other.control.Halted(other.now); halt == nil || halt.Who != "who" {
		t.Errorf("the stop is gone: %+v", halt)
	}
	other.control.Go()
	expect(t, other.decide(visit{session: "a"}), "first", "block", event.Done)
	expect(t, other.decide(visit{session: "c", asks: []string{"third"}}), "third", "block", event.Withheld)
	if list := other.control.Affected("first", time.Time{}); len(list) != 1 || list[0].Times != 2 || list[0].Honest != HonestRating {
		t.Errorf("%+v", list)
	}
}

func TestASnapshotIsReadStrictly(t *testing.T) {
	d, _ := full(t)
	whole, err := d.control.Save()
	if err != nil {
		t.Fatal(err)
	}
	text := string(whole)
	for name, damaged := range map[string]string{
		"empty":         "",
		"cut":           text[:len(text)/2],
		"more behind":   text + "{}",
		"unknown key":   strings.Replace(text, `"version"`, `"colour":1,"version"`, 1),
		"version":       strings.Replace(text, `"version":1`, `"version":2`, 1),
		"scope":         strings.Replace(text, `"scope":"session"`, `"scope":"planet"`, 1),
		"negative":      strings.Replace(text, `"times":1`, `"times":-1`, 1),
		"long stop":     strings.Replace(text, `"until":"2026-03-04T13`, `"until":"2036-03-04T13`, 1),
		"spares nobody": strings.Replace(text, `"key":"username:ü"`, `"key":"ü"`, 1),
	} {
		c := New(Deps{Key: make([]byte, 32), Now: noon})
		if err := c.Load([]byte(damaged)); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
		if c.Halted(noon()) != nil || c.Status().Spared != 0 || len(c.ledgers) != 0 {
			t.Errorf("%s: half of it was taken over", name)
		}
	}
}

func TestAnOldSnapshotCanBeRead(t *testing.T) {
	text, err := os.ReadFile("testdata/snapshot-1.json")
	if err != nil {
		t.Fatal(err)
	}
	c := New(Deps{Key: make([]byte, 32), Now: noon})
	if err := c.Load(text); err != nil {
		t.Fatal(err)
	}
	if again, err := c.Save(); err != nil || !bytes.Equal(bytes.TrimSpace(text), again) {
		t.Errorf("%v, saved again:\n%s", err, again)
	}
}

func FuzzLoad(f *testing.F) {
	d, _ := full(f)
	text, err := d.control.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"ledgers":[{"policy":"p","dealings":[{"scope":"address","key":"::/64"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := New(Deps{Key: make([]byte, 32), Now: noon})
		if err := c.Load(text); err != nil {
			if !errors.Is(err, ErrSnapshot) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		saved, err := c.Save()
		if err != nil {
			t.Fatal(err)
		}
		other := New(Deps{Key: make([]byte, 32), Now: noon})
		if err := other.Load(saved); err != nil {
			t.Fatalf("what was saved cannot be loaded: %v\n%s", err, saved)
		}
		again, err := other.Save()
		if err != nil || !bytes.Equal(saved, again) {
			t.Fatalf("saved again it differs: %v\n%s\n%s", err, saved, again)
		}
	})
}

// Whoever can be dealt with can be saved: a snapshot that could not be read again would forget everybody.
func TestTheLongestKeysAreSaved(t *testing.T) {
	config := ladder("p", "block")
	config.Scope = policy.ScopeAccount
	d := newDesk(t, policy.MitigationConfig{}, config)
	saved := 0
	for length := longestKey - 2*longestElement; length < longestKey+longestElement; length++ {
		v := visit{session: strings.Repeat("s", 300), asks: []string{"p"}, elements: []event.Element{{Name: "account_id", Value: strings.Repeat("k", length)}}}
		_, how, _ := outcome(d.decide(v), "p")
		saved += count(how == event.Done)
	}
	text, err := d.control.Save()
	if err != nil {
		t.Fatal(err)
	}
	other := New(Deps{Key: make([]byte, 32), Now: noon})
	if err := other.Load(text); err != nil {
		t.Fatal(err)
	}
	if list := other.Affected("p", time.Time{}); len(list) != saved || saved == 0 {
		t.Errorf("%d of %d", len(list), saved)
	}
}
