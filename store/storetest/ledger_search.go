package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

func idsOf(list []decision.Entry) []event.ID {
	ids := []event.ID{}
	for _, e := range list {
		ids = append(ids, e.Decision.ID)
	}
	return ids
}

// searching compares every question with a look at all decisions.
func searching(t *testing.T, l Ledger) {
	ctx := context.Background()
	var all []decision.Entry
	for n := range 60 {
		e := Entry(n)
		e.Decision.Context = []string{"checkout", "subscription"}[n%2]
		e.Decision.CustomerID, e.Decision.TransactionReference = fmt.Sprint("c", n%7), fmt.Sprint("o", n%9)
		e.Decision.DeviceIP, e.Decision.DeviceFingerprint, e.Decision.CredentialFingerprint = nil, pointer(fmt.Sprint("d", n%3)), pointer(fmt.Sprint("p", n%4))
		if n%5 > 0 {
			e.Decision.DeviceIP = pointer(fmt.Sprint("198.51.100.", n%5))
		}
		if n%6 == 0 {
			e.Decision.PaymentState = pointer(payment.StateChargedback)
		}
		if n%8 == 0 {
			e.Decision.Resolution = &payment.Resolution{Resolution: payment.Rejected}
		}
		if delete(e.Values, "$.customer.email"); n%3 > 0 {
			e.Values["$.customer.email"] = fmt.Sprintf("b%d@example.org", n%3)
		}
		all = append(all, e)
		must(t, l.Record(ctx, e))
	}
	d := func(e decision.Entry) payment.Decision { return e.Decision }
	for name, test := range map[string]struct {
		q    decision.Query
		want func(e decision.Entry) bool
	}{
		"all":     {decision.Query{}, func(decision.Entry) bool { return true }},
		"context": {decision.Query{Context: "subscription"}, func(e decision.Entry) bool { return d(e).Context == "subscription" }},
		"customer and outcome": {decision.Query{CustomerID: "c1", Outcome: payment.Review},
			func(e decision.Entry) bool { return d(e).CustomerID == "c1" && d(e).Decision == payment.Review }},
		"fingerprint": {decision.Query{Fingerprint: "p2"}, func(e decision.Entry) bool { return *d(e).CredentialFingerprint == "p2" }},
		"reference":   {decision.Query{Reference: "o3"}, func(e decision.Entry) bool { return d(e).TransactionReference == "o3" }},
		"rule":        {decision.Query{RuleID: "rule-4"}, func(e decision.Entry) bool { return slices.Contains(ruleIDs(d(e)), "rule-4") }},
		"rule and device": {decision.Query{RuleID: "rule-4", DeviceFingerprint: "d1"},
			func(e decision.Entry) bool {
				return slices.Contains(ruleIDs(d(e)), "rule-4") && *d(e).DeviceFingerprint == "d1"
			}},
		"ip":      {decision.Query{DeviceIP: "198.51.100.3"}, func(e decision.Entry) bool { return d(e).DeviceIP != nil && *d(e).DeviceIP == "198.51.100.3" }},
		"session": {decision.Query{Sessions: []string{string(Entry(9).Decision.Journey.Session)}}, func(e decision.Entry) bool { return d(e).Journey.Session == Entry(9).Decision.Journey.Session }},
		"sessions": {decision.Query{Sessions: []string{string(Entry(9).Decision.Journey.Session), "another", string(Entry(14).Decision.Journey.Session)}}, func(e decision.Entry) bool {
			return d(e).Journey.Session == Entry(9).Decision.Journey.Session || d(e).Journey.Session == Entry(14).Decision.Journey.Session
		}},
		"email": {decision.Query{Email: "b2@example.org"}, func(e decision.Entry) bool { return e.Values["$.customer.email"] == "b2@example.org" }},
		"email and rule": {decision.Query{Email: "b1@example.org", RuleID: "rule-4"}, func(e decision.Entry) bool {
			return e.Values["$.customer.email"] == "b1@example.org" && slices.Contains(ruleIDs(d(e)), "rule-4")
		}},
		"state": {decision.Query{PaymentState: payment.StateChargedback}, func(e decision.Entry) bool { return d(e).PaymentState != nil }},
		"from and to": {decision.Query{From: Entry(10).Decision.EvaluatedAt, To: Entry(20).Decision.EvaluatedAt}, func(e decision.Entry) bool {
			return !d(e).EvaluatedAt.Before(Entry(10).Decision.EvaluatedAt) && d(e).EvaluatedAt.Before(Entry(20).Decision.EvaluatedAt)
		}},
		"nothing": {decision.Query{CustomerID: "' OR 1=1 --"}, func(decision.Entry) bool { return false }},
	} {
		want := []event.ID{}
		for _, e := range slices.Backward(all) {
			if test.want(e) {
				want = append(want, e.Decision.ID)
			}
		}
		test.q.Environment, test.q.Limit = Production, 100
		page, err := l.Search(ctx, test.q)
		if got := idsOf(page.Entries); err != nil || page.More || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, more %v, %v; want %v", name, got, page.More, err, want)
		}
	}
	page, err := l.Search(ctx, decision.Query{Environment: Production, Open: true, Limit: 3})
	if want := []event.ID{all[4].Decision.ID, all[12].Decision.ID, all[20].Decision.ID}; err != nil || !page.More || !reflect.DeepEqual(idsOf(page.Entries), want) {
		t.Errorf("open are %v, %v", idsOf(page.Entries), err)
	}
}

func ruleIDs(d payment.Decision) (ids []string) {
	for _, r := range d.TriggeredRules {
		ids = append(ids, r.RuleID)
	}
	return ids
}

// paging meets every decision once, several of which were made at the same time, also when the one it stands at is taken away.
func paging(t *testing.T, l Ledger) {
	ctx := context.Background()
	var all []event.ID
	for n := range 31 {
		e := Entry(4 * n)
		e.Decision.EvaluatedAt = Entry(n / 4 * 4).Decision.EvaluatedAt
		e.Decision.ID = event.DeriveID(e.Decision.EvaluatedAt, "paging", fmt.Sprint(n))
		e.Decision.TriggeredRules = []payment.TriggeredRule{{RuleID: "r"}}
		all = append(all, e.Decision.ID)
		must(t, l.Record(ctx, e))
	}
	slices.Sort(all)
	for name, q := range map[string]decision.Query{"all": {}, "rule": {RuleID: "r"}, "open": {Open: true}, "two": {Context: "checkout", Outcome: payment.Review}} {
		q.Environment, q.Limit = Production, 5
		var got []event.ID
		for more := true; more && len(got) < 100; {
			page, err := l.Search(ctx, q)
			must(t, err)
			got, more = append(got, idsOf(page.Entries)...), page.More
			q.After = got[len(got)-1]
		}
		if !q.Open {
			slices.Reverse(got)
		}
		if !reflect.DeepEqual(got, all) {
			t.Errorf("%s: pages have\n%v, want\n%v", name, got, all)
		}
	}
	page, err := l.Search(ctx, decision.Query{Environment: Production, After: event.DeriveID(Entry(8).Decision.EvaluatedAt, "gone")})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].Decision.EvaluatedAt.After(Entry(8).Decision.EvaluatedAt) {
		t.Errorf("after one that is gone: %v, %v", idsOf(page.Entries), err)
	}
}

func walking(t *testing.T, l Ledger) {
	ctx := context.Background()
	const count = 600 // more than two pages
	want := []event.ID{}
	for n := range count {
		e := Entry(n)
		e.Decision.EvaluatedAt = Entry(n / 7).Decision.EvaluatedAt
		must(t, l.Record(ctx, e))
		if n/7 >= 2 && n/7 < 80 {
			want = append(want, e.Decision.ID)
		}
	}
	got := []event.ID{}
	var last time.Time
	must(t, l.Each(ctx, Production, Entry(2).Decision.EvaluatedAt, Entry(80).Decision.EvaluatedAt, func(e *decision.Entry) error {
		if e.Decision.EvaluatedAt.Before(last) || e.Tree == nil {
			t.Errorf("%s comes after %s", e.Decision.EvaluatedAt, last)
		}
		last = e.Decision.EvaluatedAt
		got = append(got, e.Decision.ID)
		return nil
	}))
	slices.Sort(got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d decisions, want %d", len(got), len(want))
	}
	odd := errors.New("odd")
	if err := l.Each(ctx, Production, at(0), at(9), func(*decision.Entry) error { return odd }); err != odd {
		t.Errorf("an error of visit gave %v", err)
	}
}

func lifecycle(n int, of event.ID) payment.LifecycleEvent {
	return payment.LifecycleEvent{ID: event.DeriveID(at(n), "event", fmt.Sprint(n)), Type: payment.Chargeback, DecisionID: of, OccurredAt: at(n), ProcessedAt: at(n + 1),
		Data: payment.Tree{"reason": "<fraud>"}, Notifications: []payment.Notification{}}
}

func events(t *testing.T, l Ledger) {
	ctx, e := context.Background(), Entry(1)
	must(t, l.Record(ctx, e))
	first, second := lifecycle(5, e.Decision.ID), lifecycle(3, e.Decision.ID)
	for _, one := range []payment.LifecycleEvent{first, second} {
		if kept, repeated, err := l.AppendEvent(ctx, Production, one, fmt.Sprint("key ", one.ID)); repeated || err != nil || !reflect.DeepEqual(kept, one) {
			t.Fatalf("%+v, %v, %v", kept, repeated, err)
		}
	}
	first.Notifications = []payment.Notification{{Backend: "link/vdm", Status: "failed", Error: pointer("timeout")}}
	must(t, l.SetNotifications(ctx, Production, first.ID, first.Notifications))
	again := lifecycle(6, e.Decision.ID)
	if kept, repeated, err := l.AppendEvent(ctx, Production, again, fmt.Sprint("key ", first.ID)); !repeated || err != nil || !reflect.DeepEqual(kept, first) {
		t.Errorf("the same key gave %+v, %v, %v", kept, repeated, err)
	}
	if got, found, err := l.LifecycleEvent(ctx, Production, first.ID); !found || err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("it is %+v, %v, %v", got, found, err)
	}
	if _, found, err := l.LifecycleEvent(ctx, Production, again.ID); found || err != nil {
		t.Errorf("the repetition was kept: %v, %v", found, err)
	}
	same(t, l, e) // the decision has the events that Amend gives it
	add := func(e *decision.Entry) error {
		e.Decision.Events = append(e.Decision.Events, second, first)
		return nil
	}
	_, err := l.Amend(ctx, Production, e.Decision.ID, add)
	must(t, errors.Join(err, add(&e)))
	same(t, l, e)
	for range 2 { // without a key nothing is a repetition
		again.ID = event.DeriveID(at(7), string(again.ID))
		if _, repeated, err := l.AppendEvent(ctx, Production, again, ""); repeated || err != nil {
			t.Errorf("an event without a key: %v, %v", repeated, err)
		}
	}
	if _, _, err := l.AppendEvent(ctx, "staging", first, "k"); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("an event of an absent decision gave %v", err)
	}
	if err := l.SetNotifications(ctx, "staging", first.ID, nil); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("notifications of an absent event gave %v", err)
	}
}

// eventsAtOnce keeps one of several that come with the same key.
func eventsAtOnce(t *testing.T, l Ledger) {
	ctx, e := context.Background(), Entry(1)
	must(t, l.Record(ctx, e))
	kept := make([]event.ID, 8)
	var group sync.WaitGroup
	for n := range kept {
		group.Go(func() {
			one, _, err := l.AppendEvent(ctx, Production, lifecycle(n, e.Decision.ID), "key")
			if err != nil {
				t.Error(err)
			}
			kept[n] = one.ID
		})
	}
	group.Wait()
	for _, one := range kept {
		if one != kept[0] {
			t.Fatalf("kept are %v", kept)
		}
	}
	for n := range kept {
		one := lifecycle(n, e.Decision.ID).ID
		if _, found, err := l.LifecycleEvent(ctx, Production, one); err != nil || found != (one == kept[0]) {
			t.Errorf("event %d: found %v, %v", n, found, err)
		}
	}
}
