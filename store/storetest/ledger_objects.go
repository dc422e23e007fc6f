package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

func rules(n int, contextName string) ruleset.Ruleset {
	return ruleset.Ruleset{ID: id(n), Context: contextName, Description: pointer("as <before> & more"), CreatedBy: pointer("ann"), CreatedAt: at(n),
		Score: &ruleset.Thresholds{BlockAt: 100}, Rules: []ruleset.Rule{{ID: "r1", Type: ruleset.ConditionRule, Action: payment.Review,
			Live: pointer(false), Condition: json.RawMessage(`{"op":"gte","field":"$.transaction.amount","value":75000}`)}}}
}

func rulesets(t *testing.T, l Ledger) {
	ctx := context.Background()
	var made []ruleset.Ruleset
	for n, name := range []string{"checkout", "checkout", "subscription", "checkout"} {
		want := rules(n, name)
		want.Status, want.Version = ruleset.Draft, []int64{1, 2, 1, 3}[n]
		got, err := l.CreateRuleset(ctx, Production, rules(n, name))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("ruleset is %+v, %v; want %+v", got, err, want)
		}
		made = append(made, want)
	}
	if _, err := l.CreateRuleset(ctx, Production, rules(0, "checkout")); !errors.Is(err, decision.ErrConflict) {
		t.Errorf("the same id gave %v", err)
	}
	change := made[0]
	change.Description, change.Score, change.Context, change.Version, change.Rules = nil, nil, "odd", 9, []ruleset.Rule{}
	must(t, l.UpdateRuleset(ctx, Production, change))
	made[0].Description, made[0].Score, made[0].Rules = nil, nil, []ruleset.Rule{}
	activate := func(n int, from ruleset.Status, want error) {
		t.Helper()
		got, err := l.ActivateRuleset(ctx, Production, id(n), from, at(50+n))
		if !errors.Is(err, want) {
			t.Fatalf("activating %d gave %v, want %v", n, err, want)
		}
		if want == nil {
			made[n].Status, made[n].ActivatedAt = ruleset.Active, pointer(at(50+n))
			if !reflect.DeepEqual(got, made[n]) {
				t.Errorf("it is %+v, want %+v", got, made[n])
			}
		}
	}
	activate(0, ruleset.Draft, nil)
	activate(2, ruleset.Draft, nil)
	activate(1, ruleset.Draft, nil)
	made[0].Status = ruleset.Inactive
	activate(1, ruleset.Draft, decision.ErrStatus)
	activate(3, ruleset.Inactive, decision.ErrStatus)
	activate(0, ruleset.Inactive, nil) // a rollback
	made[1].Status = ruleset.Inactive
	if _, err := l.ActivateRuleset(ctx, "staging", id(0), ruleset.Draft, at(1)); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("another environment's gave %v", err)
	}
	if err := l.UpdateRuleset(ctx, Production, made[0]); !errors.Is(err, decision.ErrStatus) {
		t.Errorf("changing an active one gave %v", err)
	}
	if err := l.UpdateRuleset(ctx, Production, rules(9, "checkout")); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("changing an absent one gave %v", err)
	}
	active, err := l.ActiveRulesets(ctx, Production)
	if want := []ruleset.Ruleset{made[0], made[2]}; err != nil || !reflect.DeepEqual(active, want) {
		t.Errorf("active are %+v, %v; want %+v", active, err, want)
	}
	rulesetPages(t, l, made)
}

func rulesetPages(t *testing.T, l Ledger, made []ruleset.Ruleset) {
	ctx := context.Background()
	first, err := l.RulesetPage(ctx, Production, "", "", 3)
	if want := []ruleset.Ruleset{made[3], made[2], made[1]}; err != nil || !reflect.DeepEqual(first, want) {
		t.Errorf("the first page is %+v, %v", first, err)
	}
	second, err := l.RulesetPage(ctx, Production, "", made[1].ID, 3)
	if err != nil || !reflect.DeepEqual(second, made[:1]) {
		t.Errorf("the second page is %+v, %v", second, err)
	}
	if own, err := l.RulesetPage(ctx, Production, "subscription", "", 3); err != nil || !reflect.DeepEqual(own, made[2:3]) {
		t.Errorf("the context's page is %+v, %v", own, err)
	}
	if got, found, err := l.Ruleset(ctx, Production, made[1].ID); !found || err != nil || !reflect.DeepEqual(got, made[1]) {
		t.Errorf("it is %+v, %v, %v", got, found, err)
	}
}

func interception(n int, ref, contextName string) interceptor.Interceptor {
	return interceptor.Interceptor{ID: id(n), Ref: ref, Context: contextName, Active: pointer(false), Destination: interceptor.Destination{URL: "https://acquirer.example/pay"},
		FieldMapping: []interceptor.Entry{{Source: "$.a", Filter: "first(6)", Target: "credential.first_six"}, {Const: json.RawMessage(`"masked_pan"`), Target: "credential.type"}},
		Responses:    interceptor.Responses{Block: &interceptor.Response{Mode: "template", Body: json.RawMessage(`{"ok":"<no>"}`)}},
		Discovered:   []interceptor.DiscoveredKey{}, InsertedAt: at(n), UpdatedAt: at(n)}
}

func interceptors(t *testing.T, l Ledger) {
	ctx := context.Background()
	for n, ref := range []string{"a", "a", "b"} {
		want := interception(n, ref, "checkout")
		want.Status, want.Version = ruleset.Draft, []int64{1, 2, 1}[n]
		got, err := l.CreateInterceptor(ctx, Production, interception(n, ref, "checkout"))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("interceptor is %+v, %v; want %+v", got, err, want)
		}
	}
	change := interception(1, "odd", "other")
	change.Version, change.InsertedAt, change.UpdatedAt, change.StorePayload = 9, at(40), at(41), true
	must(t, l.UpdateInterceptor(ctx, Production, change))
	keys := []interceptor.DiscoveredKey{{Key: "$.a", Type: "string", Count: 3, LastSeen: at(3)}}
	must(t, l.SetDiscovered(ctx, Production, id(1), keys))
	want := interception(1, "a", "other")
	want.Version, want.Status, want.UpdatedAt, want.StorePayload, want.Discovered = 2, ruleset.Draft, at(41), true, keys
	if got, found, err := l.Interceptor(ctx, Production, id(1)); !found || err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it is %+v, %v, %v; want %+v", got, found, err, want)
	}
	got, err := l.ActivateInterceptor(ctx, Production, id(1), ruleset.Draft, false, at(50))
	want.Status, want.UpdatedAt = ruleset.Active, at(50)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("active it is %+v, %v; want %+v", got, err, want)
	}
	if err := l.UpdateInterceptor(ctx, Production, change); !errors.Is(err, decision.ErrStatus) {
		t.Errorf("changing an active one gave %v", err)
	}
	if found, err := l.DeleteInterceptor(ctx, Production, id(1)); !found || !errors.Is(err, decision.ErrStatus) {
		t.Errorf("deleting an active one gave %v, %v", found, err)
	}
	if found, err := l.DeleteInterceptor(ctx, Production, id(0)); !found || err != nil {
		t.Errorf("deleting a draft gave %v, %v", found, err)
	}
	if found, err := l.DeleteInterceptor(ctx, Production, id(0)); found || err != nil {
		t.Errorf("deleting an absent one gave %v, %v", found, err)
	}
	if err := l.SetDiscovered(ctx, Production, id(0), nil); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("keys of an absent one gave %v", err)
	}
	page, err := l.InterceptorPage(ctx, Production, "", 10)
	if err != nil || len(page) != 2 || page[0].ID != id(2) || page[1].ID != id(1) {
		t.Errorf("the page is %+v, %v", page, err)
	}
	if page, err := l.InterceptorPage(ctx, Production, id(2), 10); err != nil || len(page) != 1 {
		t.Errorf("the second page is %+v, %v", page, err)
	}
	_, err = l.DeleteInterceptor(ctx, Production, id(2))
	must(t, err)
	if again, err := l.CreateInterceptor(ctx, Production, interception(4, "b", "checkout")); err != nil || again.Version != 2 {
		t.Errorf("the version after a deleted one is %d, %v", again.Version, err)
	}
}

// sharedContexts: one is active for each ref and, unless they are shared, for each context.
func sharedContexts(t *testing.T, l Ledger) {
	ctx := context.Background()
	for n, ref := range []string{"a", "b", "c", "a"} {
		name := "checkout"
		if ref == "c" {
			name = "subscription"
		}
		_, err := l.CreateInterceptor(ctx, Production, interception(n, ref, name))
		must(t, err)
	}
	expect := func(n int, shared bool, from ruleset.Status, want ...event.ID) {
		t.Helper()
		_, err := l.ActivateInterceptor(ctx, Production, id(n), from, shared, at(50))
		must(t, err)
		list, err := l.ActiveInterceptors(ctx, Production)
		var got []event.ID
		for _, i := range list {
			got = append(got, i.ID)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("active are %v, %v; want %v", got, err, want)
		}
	}
	expect(0, true, ruleset.Draft, id(0))
	expect(2, false, ruleset.Draft, id(0), id(2))
	expect(1, true, ruleset.Draft, id(0), id(1), id(2))
	expect(3, true, ruleset.Draft, id(3), id(1), id(2))
	expect(0, false, ruleset.Inactive, id(0), id(2))
	if _, err := l.ActivateInterceptor(ctx, Production, id(0), ruleset.Draft, true, at(1)); !errors.Is(err, decision.ErrStatus) {
		t.Errorf("an active one gave %v", err)
	}
	if _, err := l.ActivateInterceptor(ctx, Production, id(9), ruleset.Draft, true, at(1)); !errors.Is(err, decision.ErrNotFound) {
		t.Errorf("an absent one gave %v", err)
	}
}

func listed(n int, path, value string, expires *time.Time) decision.ListValue {
	return decision.ListValue{ID: id(n), List: decision.Blacklist, FieldPath: path, Value: value, ExpiresAt: expires, InsertedAt: at(n), UpdatedAt: at(n)}
}

func values(t *testing.T, l Ledger) {
	ctx := context.Background()
	var made []decision.ListValue
	for n := range 5 {
		v := listed(n, "$.device.ip", fmt.Sprint("198.51.100.", n), nil)
		if n%2 == 1 {
			v.ExpiresAt = pointer(at(30 + n))
		}
		made = append(made, v)
	}
	made[4].List, made[4].FieldPath, made[4].Note, made[4].Manual = "friends", "", "ours", true
	made[2].DisplayHint, made[2].SourceDecisionID = pointer("****4242"), pointer(id(77))
	for _, v := range made {
		if kept, err := l.UpsertValue(ctx, Production, v); err != nil || !reflect.DeepEqual(kept, v) {
			t.Fatalf("kept is %+v, %v; want %+v", kept, err, v)
		}
		if got, found, err := l.Value(ctx, Production, v.ID); !found || err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("it is %+v, %v, %v; want %+v", got, found, err, v)
		}
	}
	valuePages(t, l, made)
	alive := func(n int) (got []decision.ListValue) {
		must(t, l.EachValue(ctx, Production, at(n), func(v decision.ListValue) error { got = append(got, v); return nil }))
		return got
	}
	if got := alive(30); !reflect.DeepEqual(got, made) {
		t.Errorf("alive are %+v", got)
	}
	if got := alive(31); len(got) != 4 {
		t.Errorf("alive are %+v", got)
	}
	odd := errors.New("odd")
	if err := l.EachValue(ctx, Production, at(0), func(decision.ListValue) error { return odd }); err != odd {
		t.Errorf("an error of visit gave %v", err)
	}
	if n, err := l.DeleteExpiredValues(ctx, at(32)); n != 1 || err != nil {
		t.Errorf("expired: %d, %v", n, err)
	}
	if found, err := l.DeleteValue(ctx, "staging", made[0].ID); found || err != nil {
		t.Errorf("another environment's: %v, %v", found, err)
	}
	if found, err := l.DeleteValue(ctx, Production, made[0].ID); !found || err != nil {
		t.Errorf("deleting gave %v, %v", found, err)
	}
	if got := alive(0); !reflect.DeepEqual(got, made[2:]) {
		t.Errorf("left are %+v", got)
	}
}

// valuePages asks for parts of a list by every filter.
func valuePages(t *testing.T, l Ledger, made []decision.ListValue) {
	for name, test := range map[string]struct {
		q    decision.ValueQuery
		want []decision.ListValue
	}{
		"after":             {decision.ValueQuery{List: decision.Blacklist, After: made[3].ID, Limit: 2}, []decision.ListValue{made[2], made[1]}},
		"path":              {decision.ValueQuery{List: decision.Blacklist, FieldPath: "$.device.ip", Limit: 3}, []decision.ListValue{made[3], made[2], made[1]}},
		"another path":      {decision.ValueQuery{List: decision.Blacklist, FieldPath: "$.customer.id", Limit: 3}, nil},
		"value":             {decision.ValueQuery{List: decision.Blacklist, Value: made[1].Value, Limit: 3}, []decision.ListValue{made[1]}},
		"path and value":    {decision.ValueQuery{List: decision.Blacklist, FieldPath: "$.device.ip", Value: made[2].Value, Limit: 3}, []decision.ListValue{made[2]}},
		"value, after it":   {decision.ValueQuery{List: decision.Blacklist, Value: made[1].Value, After: made[1].ID, Limit: 3}, nil},
		"another list":      {decision.ValueQuery{List: "friends", Value: made[4].Value, Limit: 3}, []decision.ListValue{made[4]}},
		"of another list":   {decision.ValueQuery{List: decision.Blacklist, Value: made[4].Value, Limit: 3}, nil},
		"hostile":           {decision.ValueQuery{List: decision.Blacklist, Value: "' OR 1=1 --", Limit: 3}, nil},
		"hostile path":      {decision.ValueQuery{List: decision.Blacklist, FieldPath: "$1", Limit: 3}, nil},
		"nothing but a bit": {decision.ValueQuery{List: decision.Blacklist, Limit: 1}, []decision.ListValue{made[3]}},
	} {
		page, err := l.ValuePage(context.Background(), Production, test.q)
		if err != nil || len(page) != len(test.want) || len(page) > 0 && !reflect.DeepEqual(page, test.want) {
			t.Errorf("%s: the page is %+v, %v; want %+v", name, page, err, test.want)
		}
	}
}

// longer: a longer life extends a shorter one, never the other way round.
func longer(t *testing.T, l Ledger) {
	ctx := context.Background()
	for n, test := range []struct{ first, second, want *time.Time }{
		{pointer(at(60)), pointer(at(70)), pointer(at(70))}, {pointer(at(70)), pointer(at(60)), pointer(at(70))},
		{nil, pointer(at(60)), nil}, {pointer(at(60)), nil, nil}, {nil, nil, nil},
	} {
		path := fmt.Sprint("$.p", n)
		first, second := listed(2*n, path, "v", test.first), listed(2*n+1, path, "v", test.second)
		first.Manual, first.Note, first.DisplayHint = true, "by hand", pointer("****1")
		second.SourceDecisionID = pointer(id(99))
		_, err := l.UpsertValue(ctx, Production, first)
		must(t, err)
		kept, err := l.UpsertValue(ctx, Production, second)
		want := first
		want.ExpiresAt, want.UpdatedAt, want.SourceDecisionID = test.want, second.UpdatedAt, second.SourceDecisionID
		if err != nil || !reflect.DeepEqual(kept, want) {
			t.Errorf("%d: kept is %+v, %v; want %+v", n, kept, err, want)
		}
		if got, found, err := l.Value(ctx, Production, first.ID); !found || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d: it is %+v, %v, %v", n, got, found, err)
		}
	}
	old, fresh := listed(50, "$.old", "v", pointer(at(55))), listed(56, "$.old", "v", pointer(at(57)))
	old.Manual = true
	_, err := l.UpsertValue(ctx, Production, old)
	must(t, err)
	if kept, err := l.UpsertValue(ctx, Production, fresh); err != nil || !reflect.DeepEqual(kept, fresh) {
		t.Errorf("after the old one had expired: %+v, %v", kept, err)
	}
	if _, found, err := l.Value(ctx, Production, old.ID); found || err != nil {
		t.Errorf("the expired one: %v, %v", found, err)
	}
}

func parties(t *testing.T, l Ledger) {
	ctx := context.Background()
	c := decision.Client{ID: "shop", Name: "Shop", SecretHash: "$argon2id$x", Scopes: []string{"decisions:create"}, CreatedAt: at(1)}
	i := decision.Integration{ID: id(1), Type: "link", Slug: "link-prod", Name: "Link", BaseURL: "http://link.example", TimeoutMS: 5000, Enabled: true,
		Description: pointer("d"), Adapter: []byte(`{"a":1}`), Sealed: []byte{0, 1, 2}, InsertedAt: at(1), UpdatedAt: at(2)}
	w := decision.Endpoint{ID: id(2), URL: "https://shop.example/hook", Events: []string{"decision.allow"}, Sealed: []byte{3}, MaskedKey: "ABCDExxxxx",
		InsertedAt: at(1), UpdatedAt: at(1)}
	for range 2 { // once new and once not
		must(t, errors.Join(l.PutClient(ctx, Production, c), l.PutIntegration(ctx, Production, i), l.PutEndpoint(ctx, Production, w)))
		clients, err := l.Clients(ctx, Production)
		integrations, err2 := l.Integrations(ctx, Production)
		endpoints, err3 := l.Endpoints(ctx, Production)
		if err := errors.Join(err, err2, err3); err != nil || !reflect.DeepEqual(clients, []decision.Client{c}) ||
			!reflect.DeepEqual(integrations, []decision.Integration{i}) || !reflect.DeepEqual(endpoints, []decision.Endpoint{w}) {
			t.Errorf("they are %+v, %+v, %+v, %v", clients, integrations, endpoints, err)
		}
		if got, found, err := l.ClientByID(ctx, Production, "shop"); !found || err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("the client is %+v, %v, %v", got, found, err)
		}
		c.Disabled, c.SecretHash, i.Sealed, i.Slug, w.URL, w.Sealed = true, "$argon2id$y", []byte{9}, "link-2", "https://shop.example/2", []byte{4, 5}
	}
	other := i
	other.ID, other.Slug = id(3), "link-prod"
	must(t, l.PutIntegration(ctx, Production, other))
	other.Slug = "link-2"
	if err := l.PutIntegration(ctx, Production, other); err == nil {
		clash, _ := l.Integrations(ctx, Production)
		t.Errorf("a slug was given twice: %+v", clash)
	} else if !errors.Is(err, decision.ErrConflict) {
		t.Errorf("a slug that is taken gave %v", err)
	}
	if _, found, err := l.ClientByID(ctx, "staging", "shop"); found || err != nil {
		t.Errorf("another environment's client: %v, %v", found, err)
	}
	for n, remove := range []func() (bool, error){
		func() (bool, error) { return l.DeleteClient(ctx, Production, "shop") },
		func() (bool, error) { return l.DeleteIntegration(ctx, Production, id(1)) },
		func() (bool, error) { return l.DeleteEndpoint(ctx, Production, id(2)) },
	} {
		for _, want := range []bool{true, false} {
			if found, err := remove(); found != want || err != nil {
				t.Errorf("removing %d: %v, %v; want %v", n, found, err, want)
			}
		}
	}
}

func forgetting(t *testing.T, l Ledger) {
	ctx := context.Background()
	const count = 320 // more than three transactions' worth
	for n := range count {
		e := full(n)
		e.Waiting, e.Messages, e.Client = n == 7, nil, fmt.Sprint("client ", n)
		e.Decision.EvaluatedAt = at(n)
		if n == 9 {
			e.Environment = "staging"
		}
		must(t, l.Record(ctx, e))
	}
	_, _, err := l.AppendEvent(ctx, Production, lifecycle(1, Entry(1).Decision.ID), "")
	must(t, err)
	decisions, payloads, err := l.Forget(ctx, at(150), at(270))
	if decisions != 149 || payloads != 120 || err != nil {
		t.Errorf("forgot %d decisions and %d payloads, %v", decisions, payloads, err)
	}
	if _, found, err := l.LifecycleEvent(ctx, Production, lifecycle(1, "").ID); found || err != nil {
		t.Errorf("the event of a forgotten decision: %v, %v", found, err)
	}
	for n, want := range map[int]bool{7: true, 8: false, 9: false, 149: false, 150: true} {
		if _, found, err := l.Decision(ctx, Production, Entry(n).Decision.ID); found != want || err != nil {
			t.Errorf("decision %d: found %v, %v", n, found, err)
		}
	}
	for n, want := range map[int]bool{7: true, 150: false, 269: false, 270: true} {
		e, _, err := l.Decision(ctx, Production, Entry(n).Decision.ID)
		if got := e.Tree != nil && e.Decision.Payload != nil && e.Deferred != nil; got != want || err != nil || e.Values["$.device.ip"] == "" {
			t.Errorf("decision %d has its payload: %v, %v", n, got, err)
		}
	}
	if _, _, found, err := l.Idempotent(ctx, Production, "client 300", "key 300"); !found || err != nil {
		t.Errorf("a living key: %v, %v", found, err)
	}
	decisions, payloads, err = l.Forget(ctx, time.Time{}, at(280))
	if decisions != 0 || payloads != 10 || err != nil {
		t.Errorf("forgot %d decisions and %d payloads, %v", decisions, payloads, err)
	}
	for _, rule := range []string{"rule-4", "shadow"} {
		if page, err := l.Search(ctx, decision.Query{Environment: Production, RuleID: rule, To: at(100)}); err != nil || len(page.Entries) > 1 {
			t.Errorf("%s still finds %v, %v", rule, idsOf(page.Entries), err)
		}
	}
}

func erasing(t *testing.T, l Ledger) {
	ctx := context.Background()
	for n := range 240 {
		e := full(n)
		e.Messages = nil
		e.Decision.CustomerID = []string{"jane", "joe"}[n%2]
		must(t, l.Record(ctx, e))
	}
	_, _, err := l.AppendEvent(ctx, Production, lifecycle(1, Entry(2).Decision.ID), "")
	must(t, err)
	if n, err := l.Erase(ctx, "staging", "jane"); n != 0 || err != nil {
		t.Errorf("in another environment %d, %v", n, err)
	}
	if n, err := l.Erase(ctx, Production, "jane"); n != 120 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	if _, found, _ := l.LifecycleEvent(ctx, Production, lifecycle(1, "").ID); found {
		t.Error("the event of an erased decision is there")
	}
	if _, _, found, _ := l.Idempotent(ctx, Production, "shop", "key 2"); found {
		t.Error("the key of an erased decision is there")
	}
	page, err := l.Search(ctx, decision.Query{Environment: Production, Limit: 1000})
	if err != nil || len(page.Entries) != 120 || page.Entries[0].Decision.CustomerID != "joe" {
		t.Errorf("left are %d, %v", len(page.Entries), err)
	}
}
