package session_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/session"
)

// habitOf is what is known of a name after so many days of visitors, who show a value some times each and get it from the
// answer where given says so. values is how many different ones there are, 0 for one a visitor.
func habitOf(name string, visitors, shows, values int, given bool) session.Habit {
	h, at := session.NewHabit(name), noon()
	seen, shown, last := map[int]bool{}, map[int]bool{}, map[int]int{}
	for i := range shows {
		for v := range visitors {
			value := v
			if values > 0 {
				value = v % values
			}
			at = at.Add(20 * time.Second)
			o := session.Observation{Shown: i > 0 || !given, Given: i == 0 && given && !seen[value], Fresh: !seen[value], First: (i > 0 || !given) && !shown[value]}
			o.Foreign = o.Shown && seen[value] && last[value] != v
			h.Note(o, at)
			seen[value], shown[value], last[value] = true, shown[value] || o.Shown, v
		}
	}
	return h
}

// Names whose values tell visitors apart become keys; those of a language, a test group or an answer's own become none.
func TestNamesAreLearned(t *testing.T) {
	const own = session.Undeclared + "cookie:shop_session"
	for name, c := range map[string]struct {
		habit session.Habit
		want  bool
	}{
		"a session cookie":                {habitOf(own, 300, 8, 0, true), true},
		"an analytics cookie":             {habitOf(own, 300, 8, 0, false), true},
		"too little seen":                 {habitOf(own, 15, 8, 0, true), false},
		"a language":                      {habitOf(own, 900, 8, 5, false), false},
		"a test group":                    {habitOf(own, 900, 2, 40, false), false},
		"never shown again":               {habitOf(own, 900, 1, 0, false), false},
		"declared, little seen":           {habitOf("cookie:sid", 3, 2, 0, true), true},
		"declared, and a few clients'":    {habitOf("header:authorization", 3, 400, 0, false), true},
		"declared, and everybody's alike": {habitOf("cookie:sid", 900, 8, 5, false), false},
	} {
		later := noon().Add(365 * 24 * time.Hour).UnixMicro()
		if got := c.habit.Key(later); got != c.want {
			t.Errorf("%s: a key %t, want %t", name, got, c.want)
		}
		declared := c.habit.Key(noon().UnixMicro())
		if declared != strings.HasPrefix(name, "declared") {
			t.Errorf("%s: the judgement changed for a session that was under way", name)
		}
		back := session.NewHabit(name)
		if !declared {
			back = session.NewHabit(own)
		}
		if packed := c.habit.Append(nil); !back.Load(packed) || back != c.habit {
			t.Errorf("%s: it came back as another", name)
		}
	}
}

// A site whose visitors pause long, and come back the next day, gets a long idle time; one without a valley keeps half an hour.
func TestIdleTimeIsFitted(t *testing.T) {
	for name, c := range map[string]struct {
		within, between time.Duration
		least, most     time.Duration
	}{
		"readers":   {9 * time.Minute, 20 * time.Hour, 35 * time.Minute, session.IdleMost},
		"shoppers":  {90 * time.Second, 3 * time.Hour, session.IdleLeast, 45 * time.Minute},
		"no valley": {20 * time.Minute, 40 * time.Minute, session.IdleTimeout, session.IdleTimeout},
	} {
		r := rand.New(rand.NewPCG(1, 9))
		d, at := session.NewIdle(session.IdleTimeout), noon()
		for range 9000 {
			at = at.Add(time.Minute)
			middle := c.within
			if r.IntN(3) == 0 {
				middle = c.between
			}
			spread := 0.3 + r.Float64()*1.4
			if gap := time.Duration(float64(middle) * spread); session.Tells(gap) {
				d.Note(gap, at)
			}
		}
		if got := d.Of(at.UnixMicro()); got < c.least || got > c.most {
			t.Errorf("%s: sessions end after %s, want %s to %s", name, got, c.least, c.most)
		}
		if got := d.Of(noon().UnixMicro()); got != session.IdleTimeout {
			t.Errorf("%s: the idle time of a session that was under way is %s now", name, got)
		}
		back := session.NewIdle(session.IdleTimeout)
		if !back.Load(d.Append(nil)) || back != d {
			t.Errorf("%s: it came back as another", name)
		}
	}
}

func TestTokensWearOut(t *testing.T) {
	show := func(k *session.Token, n int, family string, as int64) {
		k.Show(&event.Event{Time: noon().Add(time.Duration(n) * time.Minute), Evidence: event.Evidence{Address: fmt.Sprintf("10.0.%d.1", n),
			Client: event.Client{Family: family, Platform: "linux"}, Network: event.Network{AS: as}}})
	}
	var own, copied, spread, roaming session.Token
	for i := range 20 {
		show(&own, i, "chrome", int64(1+i%3))
		show(&copied, i, fmt.Sprint("tool", i%5), 1)
		show(&spread, i, "chrome", int64(1+i))
		show(&roaming, i, "chrome", 0)
	}
	for name, c := range map[string]struct {
		token *session.Token
		worn  bool
	}{"a person's": {&own, false}, "shown by many programs": {&copied, true}, "shown from many networks": {&spread, true}, "a phone's": {&roaming, false}} {
		var back session.Token
		if got := c.token.Worn(); got != c.worn || !back.Load(c.token.Append(nil)) || back != *c.token {
			t.Errorf("%s: worn %t, and came back as %+v", name, got, back)
		}
	}
	show(&spread, 60*24*2, "chrome", 1)
	if spread.Worn() {
		t.Error("what was copied once is worn for ever")
	}
}

// A session that has seen everything there is takes 4 KiB at most, and comes back whole.
func TestSessionsAreSmall(t *testing.T) {
	s := opened(&event.Event{ID: event.DeriveID(noon(), "e"), Environment: "production-of-some-brand", Time: noon()})
	s.Journey, s.Person, s.Actor = event.DeriveID(noon(), "j"), event.DeriveID(noon(), "p"), event.DeriveID(noon(), "a")
	s.Progress, s.Bond = make([]byte, session.ProgressLimit), make([]byte, 37)
	types := event.Types()
	for i := range 3000 {
		at := noon().Add(time.Duration(i*i) * time.Millisecond)
		e := &event.Event{Time: at, Type: types[i%len(types)].Type, HTTP: event.HTTP{Route: fmt.Sprint("/", i)},
			Evidence: event.Evidence{Wire: event.Wire{Kind: event.Document, Page: fmt.Sprint(i)}}}
		for j := range 30 {
			e.Elements = append(e.Elements, event.Element{Name: fmt.Sprint("some_element_", j), Kind: event.Entity, Value: fmt.Sprint(i, " ", j)})
		}
		apply(s, e, nil)
		for _, counter := range counters() {
			s.Add(contribution(counter, 1<<30))
		}
		s.Settle(&event.Verdict{Rating: event.Malicious, Labels: []event.Label{
			{Name: fmt.Sprint("Some Label of a Rule ", i), Rule: fmt.Sprint("some-rule-of-a-pack-", i), Version: "0123456789abcdef", Family: "velocity", Points: int64(i % 3 * 450), Shadow: i%5 == 0}}})
	}
	packed := s.Pack(nil)
	if len(packed) > 4096 {
		t.Errorf("a session takes %d bytes", len(packed))
	}
	var back session.Session
	if err := back.Unpack(packed); err != nil || !bytes.Equal(back.Pack(nil), packed) {
		t.Errorf("it does not come back: %v", err)
	}
	if s.LabelNames()[0] == "" || back.Shape().Pages() == 0 || back.Shape().DistinctPages() < 500 {
		t.Errorf("it knows %d labels and %d pages", len(s.LabelNames()), back.Shape().DistinctPages())
	}
}

func FuzzLearned(f *testing.F) {
	var k session.Token
	k.Show(hit(noon()))
	h, d := session.NewHabit("x"), session.NewIdle(session.IdleTimeout)
	d.Note(time.Hour, noon())
	f.Add(k.Append(nil))
	f.Add(h.Append(nil))
	f.Add(d.Append(nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		var k session.Token
		if k.Load(packed) {
			k.Show(hit(noon()))
			if !k.Load(k.Append(nil)) {
				t.Fatal("a token is not read again")
			}
		}
		if h := session.NewHabit("x"); h.Load(packed) {
			h.Note(session.Observation{Shown: true}, noon())
			if !h.Load(h.Append(nil)) {
				t.Fatal("a habit is not read again")
			}
		}
		if d := session.NewIdle(session.IdleTimeout); d.Load(packed) {
			d.Note(time.Hour, noon())
			if got := d.Of(noon().UnixMicro()); got <= 0 {
				t.Fatalf("sessions end after %s", got)
			}
		}
	})
}
