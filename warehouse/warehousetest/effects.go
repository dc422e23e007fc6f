package warehousetest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/search"
	"wayguard/warehouse"
)

// fact is one action of a record as a warehouse must tell it: what the verdict asked for, with what became of it.
type fact struct{ event.Action }

func (f fact) who() string { return cmp.Or(f.Policy, f.Name) }

func (f fact) done() bool { return f.Outcome == event.Done && !f.Shadow }

func (f fact) matches(field string, is func(string) bool) bool {
	switch field {
	case search.FieldPolicy:
		return is(f.who())
	case search.FieldOutcome:
		return is(string(f.Outcome))
	}
	happened := !f.Shadow && f.Outcome != event.Withheld && f.Outcome != event.Unavailable
	return happened && (is(string(f.Kind)) || is(f.Name))
}

// factsOf are the facts of a record of the generator, whose policies have one step each.
func factsOf(r *event.Record) []fact {
	var facts []fact
	for _, action := range r.Verdict.Actions {
		for _, done := range r.Event.Actions {
			if done.Name == action.Name {
				action = done
			}
		}
		facts = append(facts, fact{action})
	}
	return facts
}

// span are the records of an environment from one time to another, in the order of the log.
func span(entries []warehouse.Entry, q search.EffectQuery) []event.Record {
	var records []event.Record
	for _, entry := range entries {
		at := entry.Record.Event.Time
		if entry.Record.Event.Environment == q.Environment && !at.Before(q.From) && at.Before(q.To) {
			records = append(records, entry.Record)
		}
	}
	return records
}

// effectOf works out what one policy did by looking at every record.
func effectOf(m *model, records []event.Record, q search.EffectQuery, who string) search.Effect {
	effect := search.Effect{Policy: who, Why: []search.Reason{}}
	for at := q.From; at.Before(q.To); at = at.Add(q.Step) {
		effect.Buckets = append(effect.Buckets, search.Bucket{At: at})
	}
	specs, why := map[string]bool{}, map[string]int64{}
	first := map[string]map[event.ID]event.Record{"dealt": {}, "control": {}}
	noticed := map[event.ID]bool{}
	note := func(arm string, r event.Record) {
		if known, ok := first[arm][r.Session.ID]; !ok || r.Event.Time.Before(known.Event.Time) {
			first[arm][r.Session.ID] = r
		}
	}
	for _, r := range records {
		for _, f := range factsOf(&r) {
			if f.who() != who {
				continue
			}
			specs[r.Event.Spec] = true
			if !slices.Contains(effect.Kinds, f.Kind) {
				effect.Kinds = append(effect.Kinds, f.Kind)
			}
			bucket := &effect.Buckets[r.Event.Time.Sub(q.From)/q.Step]
			switch {
			case f.Shadow:
				effect.Shadow++
			case f.Outcome == event.Done:
				effect.Done++
				bucket.Done++
				note("dealt", r)
				noticed[r.Session.ID] = noticed[r.Session.ID] || f.Kind != event.Webhook
			case f.Outcome == event.Withheld:
				effect.Withheld++
				bucket.Withheld++
				reason, _, _ := strings.Cut(f.Detail, " until ")
				why[reason]++
				if strings.HasPrefix(f.Detail, "control") {
					note("control", r)
				}
			default:
				*map[event.Outcome]*int64{event.Passed: &effect.Passed, event.Refused: &effect.Refused, event.Failed: &effect.Failed,
					event.Unavailable: &effect.Unavailable, "": &effect.Asked}[f.Outcome]++
			}
		}
	}
	slices.Sort(effect.Kinds)
	for detail, count := range why {
		effect.Why = append(effect.Why, search.Reason{Reason: detail, Count: count})
	}
	slices.SortFunc(effect.Why, func(a, b search.Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	for _, r := range records {
		if specs[r.Event.Spec] {
			effect.Buckets[r.Event.Time.Sub(q.From)/q.Step].Attempts++
		}
	}
	effect.Dealt, effect.Control = armOf(m, records, first["dealt"], specs), armOf(m, records, first["control"], specs)
	effect.Touched = touchedOf(m, records, noticed)
	return effect
}

func armOf(m *model, records []event.Record, first map[event.ID]event.Record, specs map[string]bool) search.Arm {
	arm := search.Arm{Sessions: int64(len(first))}
	var dwell []float64
	for id, r := range first {
		row := m.sessions[id].row
		arm.Then[r.Verdict.Rating]++
		arm.Now[row.Rating]++
		dwell = append(dwell, float64(row.LastSeen.Sub(r.Event.Time).Microseconds())/1e6)
	}
	for _, r := range records {
		began, ok := first[r.Session.ID]
		if !ok || !specs[r.Event.Spec] {
			continue
		}
		reached := !slices.ContainsFunc(factsOf(&r), func(f fact) bool { return f.done() && (f.Kind == event.Block || f.Kind == event.Feign) })
		tried, seen := &arm.After, &arm.ReachedAfter
		if r.Event.Time.Before(began.Event.Time) {
			tried, seen = &arm.Before, &arm.ReachedBefore
		}
		*tried++
		if reached {
			*seen++
		}
		if reached && seen == &arm.ReachedAfter && r.Event.Result == event.Success {
			arm.Succeeded++
		}
	}
	if len(dwell) > 0 {
		slices.Sort(dwell)
		arm.DwellMedian, arm.DwellLongest = (dwell[(len(dwell)-1)/2]+dwell[len(dwell)/2])/2, dwell[len(dwell)-1]
	}
	return arm
}

func touchedOf(m *model, records []event.Record, noticed map[event.ID]bool) search.Touched {
	var touched search.Touched
	passed := map[event.ID]bool{}
	for _, r := range records {
		for _, f := range factsOf(&r) {
			passed[r.Session.ID] = passed[r.Session.ID] || f.Outcome == event.Passed
		}
	}
	for id, seen := range noticed {
		if !seen {
			continue
		}
		normal := m.sessions[id].row.Rating == event.Normal
		if normal {
			touched.Normal++
		}
		if passed[id] {
			touched.Passed++
		}
		if normal || passed[id] {
			touched.Sessions++
		}
	}
	return touched
}

func testEffects(t *testing.T, s *subject) {
	entries := NewGenerator(29).Entries(4000)
	s.insert(t, entries[:2500])
	s.insert(t, entries[2500:])
	m := newModel(entries)
	last := entries[len(entries)-1].Record.Event.Time
	for _, q := range []search.EffectQuery{
		{Environment: Production, From: Start().Add(-time.Hour), To: last.Add(time.Hour), Step: 10 * time.Minute},
		{Environment: Production, From: Start().Add(90 * time.Second), To: last.Add(-time.Minute), Step: 13 * time.Second},
		{Environment: Staging, From: Start(), To: last.Add(time.Millisecond), Step: time.Minute},
	} {
		got, err := s.Effects(t.Context(), q)
		if err != nil {
			t.Fatalf("effects: %v", err)
		}
		var names []string
		for _, effect := range got.Policies {
			names = append(names, effect.Policy)
			want := effectOf(m, span(entries, q), q, effect.Policy)
			slices.Sort(effect.Kinds)
			if !closeTo(effect.Dealt.DwellMedian, want.Dealt.DwellMedian) || !closeTo(effect.Control.DwellMedian, want.Control.DwellMedian) {
				t.Errorf("%s: dwell %v and %v, want %v and %v", effect.Policy, effect.Dealt.DwellMedian, effect.Control.DwellMedian,
					want.Dealt.DwellMedian, want.Control.DwellMedian)
			}
			effect.Dealt.DwellMedian, effect.Control.DwellMedian = want.Dealt.DwellMedian, want.Control.DwellMedian
			if !reflect.DeepEqual(effect, want) {
				t.Errorf("%s is\n%+v, want\n%+v", effect.Policy, effect, want)
			}
		}
		if !slices.Equal(names, []string{"ladder", "stop", "tell"}) {
			t.Errorf("policies are %v", names)
		}
		if ladder := got.Policies[0]; q.Environment == Production && (ladder.Dealt.Sessions == 0 || ladder.Control.Sessions == 0 ||
			ladder.Touched.Sessions == 0 || ladder.Dealt.ReachedBefore == 0 || ladder.Dealt.Succeeded == 0 || len(ladder.Why) == 0) {
			t.Errorf("nothing was compared: %+v", ladder)
		}
	}
	for field, q := range map[string]search.EffectQuery{
		"to":   {From: last, To: last, Step: time.Hour},
		"step": {From: Start(), To: Start().Add(search.MaxBuckets*time.Minute + 1), Step: time.Minute},
	} {
		_, err := s.Effects(t.Context(), q)
		var bad *warehouse.QueryError
		if !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func closeTo(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

// testSteps: the verdict names a policy's first step; what was done may be a later one.
func testSteps(t *testing.T, s *subject) {
	entry := single(1, Start(), "one")
	entry.Record.Verdict.Actions = []event.Action{{Name: "check", Kind: event.Challenge, Because: "Card Testing", Policy: "ladder"},
		{Name: "tell", Kind: event.Webhook, Because: "Card Testing"}}
	entry.Record.Event.Actions = []event.Action{{Name: "pretend", Kind: event.Feign, Policy: "ladder", Outcome: event.Done, Detail: "step 2"}}
	s.insert(t, []warehouse.Entry{entry})
	want := []event.Action{{Name: "pretend", Kind: event.Feign, Because: "Card Testing", Policy: "ladder", Outcome: event.Done, Detail: "step 2"},
		{Name: "tell", Kind: event.Webhook, Because: "Card Testing"}}
	var got []event.Action
	for _, placed := range s.story(t, Production, "one").Actions {
		got = append(got, placed.Action)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("actions are %+v, want %+v", got, want)
	}
}

func login(position uint64, after time.Duration, session, username string, result event.Result) warehouse.Entry {
	entry := single(position, Start().Add(after), session,
		event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: username + "@mail.example"},
		event.Element{Name: "username", Kind: event.Entity, Type: "string", Value: username})
	entry.Record.Event.Type, entry.Record.Event.Spec, entry.Record.Event.Result = event.AuthenticationAttempt, "login", result
	return entry
}

func testAccounts(t *testing.T, s *subject) {
	feigned := func(entry warehouse.Entry, policy string) warehouse.Entry {
		entry.Record.Event.Actions = []event.Action{{Name: "pretend", Kind: event.Feign, Policy: policy, Outcome: event.Done, Because: "x"}}
		return entry
	}
	withheld := feigned(login(9, 9*time.Minute, "attack-1", "spared", event.Failure), "guard")
	withheld.Record.Event.Actions[0].Outcome = event.Withheld
	onlyMail := feigned(single(10, Start().Add(10*time.Minute), "attack-2",
		event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: "dora@mail.example"}), "other")
	s.insert(t, []warehouse.Entry{
		login(1, -100*24*time.Hour, "long-ago", "bert", event.Success),
		login(2, -48*time.Hour, "home", "anna", event.Success),
		login(3, -time.Hour, "home-2", "bert", event.Failure),
		feigned(login(4, 4*time.Minute, "attack-1", "anna", event.Failure), "guard"),
		feigned(login(5, 5*time.Minute, "attack-1", "bert", event.Failure), "guard"),
		feigned(login(6, 6*time.Minute, "attack-2", "bert", event.Failure), "guard"),
		login(7, 7*time.Minute, "attack-2", "bert", event.Success), // the attacker's own
		login(8, 8*time.Minute, "someone", "carl", event.Success),
		withheld, onlyMail,
	})
	q := search.AccountQuery{Environment: Production, From: Start(), To: Start().Add(time.Hour)}
	got, err := s.Accounts(t.Context(), q)
	at := func(minutes int) time.Time { return Start().Add(time.Duration(minutes) * time.Minute) }
	want := search.Accounts{Total: 3, Known: 1, Accounts: []search.Account{
		{Element: "username", Value: "anna", Display: "anna", Times: 1, First: at(4), Last: at(4), Sessions: 1, Some: []event.ID{"attack-1"},
			LastLogin: Start().Add(-48 * time.Hour)},
		{Element: "username", Value: "bert", Display: "bert", Times: 2, First: at(5), Last: at(6), Sessions: 2, Some: []event.ID{"attack-1", "attack-2"}},
		{Element: "email", Value: "dora@mail.example", Display: "dora@mail.example", Times: 1, First: at(10), Last: at(10), Sessions: 1,
			Some: []event.ID{"attack-2"}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("accounts are %+v, %v, want %+v", got, err, want)
	}
	q.Policy, q.Limit = "guard", 1
	if got, err := s.Accounts(t.Context(), q); err != nil || len(got.Accounts) != 1 || got.Total != 2 || got.Known != 1 {
		t.Errorf("of one policy: %+v, %v", got, err)
	}
	q.Environment = Staging
	if got, err := s.Accounts(t.Context(), q); err != nil || len(got.Accounts) != 0 || got.Accounts == nil {
		t.Errorf("of another environment: %+v, %v", got, err)
	}
	if _, err := s.Accounts(t.Context(), search.AccountQuery{From: Start(), To: Start()}); !errors.Is(err, warehouse.ErrBadQuery) {
		t.Errorf("without a span of time: %v", err)
	}
}
