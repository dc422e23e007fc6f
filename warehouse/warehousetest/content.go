package warehousetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/search"
	"wayguard/warehouse"
)

func testStory(t *testing.T, s *subject) {
	entries := NewGenerator(11).Entries(2000)
	s.insert(t, entries[:1200])
	s.insert(t, entries[1200:])
	m := newModel(entries)
	told, labels, actions, links := 0, 0, 0, int64(0)
	for id, want := range m.sessions {
		if told++; told > 60 {
			break
		}
		story := s.story(t, want.environment, id)
		if story.Session != want.row || story.Truncated {
			t.Fatalf("session is %+v, want %+v", story.Session, want.row)
		}
		newest := slices.Clone(want.records)
		slices.Reverse(newest)
		slices.SortStableFunc(newest, func(a, b event.Record) int { return b.Event.Time.Compare(a.Event.Time) })
		if !reflect.DeepEqual(story.Events, newest) {
			t.Fatalf("the records of %s came back changed:\n%+v\nwant\n%+v", id, story.Events, newest)
		}
		checkLabels(t, story, want)
		checkActions(t, story, want)
		for _, entity := range story.Linked {
			if n := m.linked(want, entity.Element, entity.Value); entity.Sessions != n {
				t.Errorf("%s %s: %d linked sessions, want %d", entity.Element, entity.Value, entity.Sessions, n)
			}
			if entity.Element == "card_number" && entity.Display != "453201******0366" {
				t.Errorf("a card is shown as %q", entity.Display)
			}
			links += entity.Sessions
		}
		if !slices.IsSortedFunc(story.Linked, func(a, b search.LinkedEntity) int { return int(b.Sessions - a.Sessions) }) {
			t.Errorf("linked entities are not sorted: %+v", story.Linked)
		}
		labels, actions = labels+len(story.Labels), actions+len(story.Actions)
	}
	if labels == 0 || actions == 0 || links == 0 {
		t.Fatalf("nothing was compared: %d labels, %d actions, %d links", labels, actions, links)
	}
	for id, some := range m.sessions {
		other := map[event.Environment]event.Environment{Production: Staging, Staging: Production}[some.environment]
		if _, err := s.Story(t.Context(), other, id); !errors.Is(err, warehouse.ErrNotFound) {
			t.Fatalf("a session is told in another environment: %v", err)
		}
		break
	}
}

func checkLabels(t *testing.T, story search.Story, want *told) {
	t.Helper()
	type key struct {
		name   string
		shadow bool
	}
	placed := map[key]*search.PlacedLabel{}
	for _, r := range want.records {
		for _, label := range r.Verdict.Labels {
			k := key{label.Name, label.Shadow}
			if placed[k] == nil {
				placed[k] = &search.PlacedLabel{Label: label, Event: r.Event.ID, At: r.Event.Time}
			}
			placed[k].Times++
		}
	}
	if len(story.Labels) != len(placed) {
		t.Fatalf("%d labels, want %d", len(story.Labels), len(placed))
	}
	for _, label := range story.Labels {
		if known := placed[key{label.Name, label.Shadow}]; known == nil || !reflect.DeepEqual(label, *known) {
			t.Fatalf("label %+v, want %+v", label, known)
		}
	}
}

func checkActions(t *testing.T, story search.Story, want *told) {
	t.Helper()
	outcomes := map[event.ID]map[string]event.Outcome{}
	count := 0
	for _, r := range want.records {
		for _, action := range r.Verdict.Actions {
			if outcomes[r.Event.ID] == nil {
				outcomes[r.Event.ID] = map[string]event.Outcome{}
			}
			outcomes[r.Event.ID][action.Name] = ""
			count++
		}
		for _, action := range r.Event.Actions {
			outcomes[r.Event.ID][action.Name] = action.Outcome
		}
	}
	if len(story.Actions) != count {
		t.Fatalf("%d actions, want %d", len(story.Actions), count)
	}
	for i, action := range story.Actions {
		if outcome, ok := outcomes[action.Event][action.Name]; !ok || outcome != action.Outcome || action.Because == "" {
			t.Errorf("action %+v, want outcome %q", action, outcome)
		}
		if i > 0 && action.At.Before(story.Actions[i-1].At) {
			t.Errorf("actions are not in the order of time")
		}
	}
}

// single is a record of a session of its own.
func single(position uint64, at time.Time, session string, elements ...event.Element) warehouse.Entry {
	return warehouse.Entry{Position: position, Record: event.Record{
		Event: event.Event{ID: event.DeriveID(at, "event", session), Environment: Production, Time: at, Name: "View",
			Type: event.ProductView, Spec: "view", Elements: elements},
		Session: event.Session{ID: event.ID(session), Journey: "journey", Number: 1, Opened: at, Join: event.Join{By: "opened"}},
	}}
}

func testLinkWindow(t *testing.T, s *subject) {
	device := event.Element{Name: "device", Kind: event.Entity, Type: "text", Value: "d1"}
	language := event.Element{Name: "language", Kind: event.Attribute, Type: "text", Value: "de"}
	day := 24 * time.Hour
	s.insert(t, []warehouse.Entry{
		single(1, Start(), "old", device, language),
		single(2, Start().Add(10*day), "recent", device, language),
		single(3, Start().Add(95*day), "asked", device, language),
		single(4, Start().Add(96*day), "later", device),
		single(5, Start().Add(300*day), "far later", device),
	})
	linked := s.story(t, Production, "asked").Linked
	want := []search.LinkedEntity{{Element: "device", Value: "d1", Display: "d1", Sessions: 2}}
	if !reflect.DeepEqual(linked, want) {
		t.Errorf("linked are %+v, want %+v", linked, want)
	}
}

func testHostileText(t *testing.T, s *subject) {
	hostile := []string{"'; DROP TABLE sessions; --", "a\x00b", "\xff\xfe", "%", "_", `\`, `"`, "\u202e", string(make([]byte, 100))}
	var entries []warehouse.Entry
	for i, text := range hostile {
		entry := single(uint64(i+1), Start().Add(time.Duration(i)*time.Second), fmt.Sprintf("session-%d-%s", i, text),
			event.Element{Name: "note", Kind: event.Entity, Type: "text", Value: text, Display: text})
		entry.Record.Event.Name, entry.Record.Event.Spec = text, text
		entry.Record.Verdict.Labels = []event.Label{{Name: text, Severity: event.Informational, Rule: text, Sentence: text}}
		entry.Record.Event.Actions = []event.Action{{Name: text, Kind: event.Tag, Because: text, Outcome: event.Outcome(text)}}
		entries = append(entries, entry)
	}
	s.insert(t, entries)
	for i, text := range hostile {
		for _, field := range []string{"note", search.FieldEventName, search.FieldLabel} {
			page, err := s.Search(t.Context(), search.Query{Environment: Production, Field: field, Values: []string{text}})
			if err != nil || page.Total != 1 {
				t.Errorf("%s %q: %d sessions, %v", field, text, page.Total, err)
			}
		}
		story := s.story(t, Production, entries[i].Record.Session.ID)
		if len(story.Events) != 1 || len(story.Labels) != 1 || len(story.Actions) != 1 || len(story.Linked) != 1 {
			t.Errorf("%q: story is %+v", text, story)
		}
		q := search.Query{Environment: Production, Filters: []search.Filter{{Column: search.ColumnSession, Contains: text}}}
		page, err := s.Search(t.Context(), q)
		if err != nil || page.Total < 1 || (text == "%" && page.Total != 1) {
			t.Errorf("filter %q: %d sessions, %v", text, page.Total, err)
		}
	}
	if page, err := s.Search(t.Context(), search.Query{Environment: "' OR 1=1 --"}); err != nil || page.Total != 0 {
		t.Errorf("an environment of SQL found %d, %v", page.Total, err)
	}
	if page, err := s.Search(t.Context(), search.Query{Environment: Production, Field: "x' OR '1'='1", Values: []string{"1"}}); err != nil || page.Total != 0 {
		t.Errorf("a field of SQL found %d, %v", page.Total, err)
	}
}

func testEnvironments(t *testing.T, s *subject) {
	one := single(1, Start(), "same", event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: "a@b.example"})
	two := single(2, Start(), "same", event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: "a@b.example"})
	two.Record.Event.Environment = Staging
	two.Record.Verdict.Rating = event.Malicious
	s.insert(t, []warehouse.Entry{one, two})
	for env, rating := range map[event.Environment]event.Rating{Production: event.Normal, Staging: event.Malicious} {
		page, err := s.Search(t.Context(), search.Query{Environment: env, Field: "email", Values: []string{"A@B.EXAMPLE"}})
		if err != nil || page.Total != 1 || page.Sessions[0].Rating != rating || page.Sessions[0].Events != 1 {
			t.Errorf("%s: %+v, %v", env, page, err)
		}
		story := s.story(t, env, "same")
		if len(story.Events) != 1 || story.Events[0].Event.Environment != env || story.Linked[0].Sessions != 0 {
			t.Errorf("%s: story is %+v", env, story)
		}
	}
	if n, err := s.Forget(t.Context(), Staging, Start().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	if totals, err := s.Totals(t.Context(), Production, time.Time{}, time.Time{}); err != nil || totals.Events != 1 || totals.Normal != 1 {
		t.Errorf("production lost what staging forgot: %+v, %v", totals, err)
	}
}

func testReopen(t *testing.T, s *subject) {
	generator := NewGenerator(13)
	first, second := generator.Entries(400), generator.Entries(400)
	s.insert(t, first)
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := s.Insert(t.Context(), second); err == nil {
		t.Error("a closed warehouse takes records")
	}
	if _, err := s.Search(t.Context(), search.Query{Environment: Production}); err == nil {
		t.Error("a closed warehouse answers")
	}
	s.start(t)
	s.agrees(t, newModel(first))
	s.insert(t, append(slices.Clone(first[300:]), second...))
	s.agrees(t, newModel(append(first, second...)))
}

func testEach(t *testing.T, s *subject) {
	generator := NewGenerator(17)
	generator.Sessions = 3000
	entries := generator.Entries(6500)
	s.insert(t, entries)
	m := newModel(entries)
	for _, q := range []search.Query{
		{Environment: Production, Limit: 1, Offset: 5, Sort: search.ColumnEvents},
		{Environment: Production, Field: search.FieldEventType, Values: []string{"transaction"}, Sort: search.ColumnCity},
		{Environment: Staging, Field: "email", Values: []string{"nobody"}},
	} {
		var got []search.Session
		if err := s.Each(t.Context(), q, func(row search.Session) error { got = append(got, row); return nil }); err != nil {
			t.Fatalf("each: %v", err)
		}
		same(t, fmt.Sprintf("%+v", q), got, m.search(q))
	}
	enough := errors.New("enough")
	taken := 0
	err := s.Each(t.Context(), search.Query{Environment: Production}, func(search.Session) error {
		if taken++; taken == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || taken != 3 {
		t.Errorf("took %d, %v", taken, err)
	}
}

func testForget(t *testing.T, s *subject) {
	entries := NewGenerator(19).Entries(1500)
	s.insert(t, entries)
	before := entries[800].Record.Event.Time
	var want int64
	rest := map[event.ID]int64{}
	for _, entry := range entries {
		switch r := entry.Record; {
		case r.Event.Environment != Production:
		case r.Event.Time.Before(before):
			want++
		default:
			rest[r.Session.ID]++
		}
	}
	if n, err := s.Forget(t.Context(), Production, before); err != nil || n != want {
		t.Fatalf("forgot %d records, %v, want %d", n, err, want)
	}
	got := map[event.ID]int64{}
	err := s.Each(t.Context(), search.Query{Environment: Production}, func(row search.Session) error {
		got[row.ID] = row.Events
		return nil
	})
	if err != nil || !reflect.DeepEqual(got, rest) {
		t.Errorf("%d sessions are left, %v, want %d", len(got), err, len(rest))
	}
	for id, n := range rest {
		story := s.story(t, Production, id)
		live := map[string]bool{}
		for _, label := range story.Labels {
			if !label.Shadow {
				live[label.Name] = true
			}
		}
		if int64(len(story.Events)) != n || int64(len(live)) != story.Session.Labels {
			t.Fatalf("%s: %d events, want %d; %d labels, want %d", id, len(story.Events), n, len(live), story.Session.Labels)
		}
	}
	s.insert(t, entries) // a replay brings nothing back
	if n, err := s.Forget(t.Context(), Production, before); err != nil || n != 0 {
		t.Errorf("forgot %d records again, %v", n, err)
	}
}

func testShadow(t *testing.T, s *subject) {
	entry := single(1, Start(), "one")
	live := event.Label{Name: "Live", Severity: event.SuspiciousLabel, Rule: "live"}
	shadow := event.Label{Name: "Shadow", Severity: event.MaliciousLabel, Rule: "shadow", Shadow: true}
	entry.Record.Verdict.Labels = []event.Label{live, shadow}
	again := entry
	again.Position = 2
	again.Record.Event.ID = "second"
	s.insert(t, []warehouse.Entry{entry})
	s.insert(t, []warehouse.Entry{again})
	story := s.story(t, Production, "one")
	if story.Session.Labels != 1 || len(story.Labels) != 2 || story.Labels[0].Times != 2 {
		t.Errorf("story is %+v", story)
	}
	q := search.Query{Environment: Production, Field: search.FieldLabel, Values: []string{"Shadow"}}
	if page, err := s.Search(t.Context(), q); err != nil || page.Total != 0 {
		t.Errorf("a label in shadow was found: %+v, %v", page, err)
	}
}

func testConcurrent(t *testing.T, s *subject) {
	entries := NewGenerator(23).Entries(4000)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			var events int64
			for asked := 0; ; asked++ {
				select {
				case <-done:
					if asked == 0 {
						t.Error("a reader never had its turn")
					}
					return
				default:
				}
				totals, err := s.Totals(t.Context(), Production, time.Time{}, time.Time{})
				if err != nil || totals.Events < events || totals.Sessions != totals.Normal+totals.Suspicious+totals.Malicious {
					t.Errorf("totals are %+v after %d events, %v", totals, events, err)
					return
				}
				events = totals.Events
				if err := s.ask(t, reader); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for from := 0; from < len(entries); from += 250 {
		s.insert(t, entries[from:from+250])
	}
	close(done)
	readers.Wait()
	s.agrees(t, newModel(entries))
}

// ask asks one of the other questions and checks that the answer holds together.
func (s *subject) ask(t *testing.T, which int) error {
	q := search.Query{Environment: Production, Sort: search.ColumnEvents, Descending: true, Limit: 5}
	if which == 0 {
		var sum int64
		return s.Each(t.Context(), q, func(row search.Session) error { sum += row.Events; return nil })
	}
	page, err := s.Search(t.Context(), q)
	if err != nil || len(page.Sessions) == 0 {
		return err
	}
	story, err := s.Story(t.Context(), Production, page.Sessions[0].ID)
	if err != nil {
		return err
	}
	if int64(len(story.Events)) != story.Session.Events {
		return fmt.Errorf("the story has %d events of %d", len(story.Events), story.Session.Events)
	}
	return nil
}
