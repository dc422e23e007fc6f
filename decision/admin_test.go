package decision

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

func TestRulesetsGoFromDraftToActiveAndBack(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	ctx := t.Context()
	one := b.activate("shop", `[{"id":"a","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 1)"}]`)
	b.clock.advance(time.Second)
	draft, err := b.CloneRuleset(ctx, one.ID, "ann")
	if err != nil || draft.Status != ruleset.Draft || draft.Version != 2 || draft.ID == one.ID || *draft.CreatedBy != "ann" {
		t.Fatalf("cloned %+v, %v", draft, err)
	}
	tag := RulesetTag(draft)
	edit := func(r *ruleset.Ruleset) error {
		r.Rules[0].Action, r.Context, r.Status = payment.Review, "elsewhere", ruleset.Active
		return nil
	}
	edited, err := b.UpdateRuleset(ctx, draft.ID, edit, tag, "ann")
	if err != nil || edited.Rules[0].Action != payment.Review || edited.Context != "shop" || edited.Status != ruleset.Draft {
		t.Errorf("edited %+v, %v", edited, err)
	}
	if _, err := b.UpdateRuleset(ctx, draft.ID, edit, tag, "bob"); !errors.Is(err, ErrConflict) {
		t.Errorf("editing what somebody else has edited: %v", err)
	}
	if _, err := b.UpdateRuleset(ctx, one.ID, edit, "", "ann"); !errors.Is(err, ErrStatus) {
		t.Errorf("editing an active one: %v", err)
	}
	if _, err := b.RollbackRuleset(ctx, draft.ID, "ann"); !errors.Is(err, ErrStatus) {
		t.Errorf("rolling back to a draft: %v", err)
	}
	in := func() payment.Outcome {
		return b.decide(b.pay(func(body map[string]any) { body["context"] = "shop" })).Decision
	}
	if o := in(); o != payment.Block {
		t.Errorf("before: %v", o)
	}
	if _, err := b.ActivateRuleset(ctx, draft.ID, "ann"); err != nil || in() != payment.Review {
		t.Errorf("the second version is not in force: %v", err)
	}
	if old, _ := b.Ruleset(ctx, one.ID); old.Status != ruleset.Inactive {
		t.Errorf("the first version is %s", old.Status)
	}
	if _, err := b.RollbackRuleset(ctx, one.ID, "ann"); err != nil || in() != payment.Block {
		t.Errorf("the first version is not in force again: %v", err)
	}
	list, more, err := b.Rulesets(ctx, "shop", "", 1)
	if err != nil || len(list) != 1 || !more || list[0].Version != 2 {
		t.Errorf("listed %v, %v, %v", list, more, err)
	}
	if b.changes.Load() != 6 {
		t.Errorf("%d changes were told, want 6", b.changes.Load())
	}
}

func TestRulesetsAreChecked(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.KnownBackend = func(name string) bool { return name == "link/known" } })
	for _, c := range []struct{ context, rules, field string }{
		{"", `[]`, "$.context"},
		{"../x", `[]`, "$.context"},
		{"shop", `[{"id":"a","type":"backend","backend":"link/other"}]`, "$.rules[0].backend"},
		{"shop", `[{"id":"a","type":"condition","action":"BLOCK","condition":{"op":"in","field":"$.customer.id","list":"nope"}}]`, "$.rules[0].condition.list"},
		{"shop", `[{"id":"a","type":"backend","backend":"link/known"},{"id":"a","type":"backend","backend":"link/known"}]`, "$.rules[1].id"},
	} {
		_, err := b.CreateRuleset(t.Context(), ruleset.Ruleset{Context: c.context, Rules: b.rulesFrom(c.rules)}, "ann")
		if !isInvalid(err, c.field) {
			t.Errorf("%q %s: %v, want %s", c.context, c.rules, err, c.field)
		}
	}
	b.ledger.breakDisk(true)
	if _, err := b.CreateRuleset(t.Context(), ruleset.Ruleset{Context: "shop"}, "ann"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a broken disk: %v", err)
	}
}

func TestARulesetThatCannotBeRunDecidesNothing(t *testing.T) {
	ledger := newMemory()
	id := prepared(t, ledger, nil).activate("default", velocityRule).ID
	broken := ledger.rulesets[id]
	broken.Rules[0].Condition = []byte(`{"op":"from the future"}`)
	ledger.rulesets[id] = broken
	b := prepared(t, ledger, nil)
	if _, err := b.Decide(t.Context(), b.pay(nil), Caller{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("answered %v", err)
	}
	b.activate("default", velocityRule)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Errorf("another version: %v", d.Decision)
	}
}

func TestAChangeThatCouldNotBeLoadedComesIntoForceLater(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	r, err := b.CreateRuleset(t.Context(), ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(`[{"id":"a","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 1)"}]`)}, "ann")
	if err != nil {
		t.Fatal(err)
	}
	at := b.clock.Now()
	if _, err := b.ledger.ActivateRuleset(t.Context(), "", r.ID, ruleset.Draft, at); err != nil { // another process did it
		t.Fatal(err)
	}
	b.ledger.breakDisk(true)
	b.refresh(t.Context())
	b.ledger.breakDisk(false)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow || b.Metrics().ReloadFailures != 1 {
		t.Errorf("before: %v", d.Decision)
	}
	b.refresh(t.Context())
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("after: %v", d.Decision)
	}
}

func TestListValues(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.ListValues = 4 })
	ctx := t.Context()
	b.activate("default", `[{"id":"vip","type":"condition","action":"ALLOW","terminal":true,"condition":{"op":"in","field":"$.customer.id","list":"vip"}},
		{"id":"bl","type":"blacklist","action":"BLOCK","fields":["$.device.ip","$.customer.email"]}]`)
	bad := []struct {
		v     ListValue
		ttl   time.Duration
		field string
	}{
		{ListValue{FieldPath: "$.device.ip"}, 0, "$.value"},
		{ListValue{Value: "x"}, 0, "$.field_path"},
		{ListValue{FieldPath: "device.ip", Value: "x"}, 0, "$.field_path"},
		{ListValue{FieldPath: "$.credential.pan.value", Value: "x"}, 0, "$.field_path"},
		{ListValue{FieldPath: fingerprintPath, Value: "4242424242424242"}, 0, "$.value"},
		{ListValue{FieldPath: "$.device.ip", Value: strings.Repeat("1", 600)}, 0, "$.value"},
		{ListValue{FieldPath: "$.device.ip", Value: "192.0.2.1"}, -1, "$.ttl_seconds"},
		{ListValue{List: "nope", Value: "x"}, 0, "$.list"},
	}
	for _, c := range bad {
		_, err := b.AddValue(ctx, c.v, c.ttl, "ann")
		if !isInvalid(err, c.field) || strings.Contains(err.Error(), "4242") {
			t.Errorf("%q %q: %v, want %s", c.v.FieldPath, c.field, err, c.field)
		}
	}
	mail, err := b.AddValue(ctx, ListValue{FieldPath: "$.customer.email", Value: "ANN@example.com"}, time.Minute, "ann")
	if err != nil || mail.Value != "ann@example.com" || !mail.Manual {
		t.Fatalf("added %+v, %v", mail, err)
	}
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("on the blacklist: %v", d.Decision)
	}
	longer, err := b.AddValue(ctx, ListValue{FieldPath: "$.customer.email", Value: "ann@example.com"}, 0, "ann")
	if err != nil || longer.ID != mail.ID || longer.ExpiresAt != nil {
		t.Errorf("extended %+v, %v", longer, err)
	}
	if shorter, err := b.AddValue(ctx, ListValue{FieldPath: "$.customer.email", Value: "ann@example.com"}, time.Second, "ann"); err != nil || shorter.ExpiresAt != nil {
		t.Errorf("shortened to %v, %v", shorter.ExpiresAt, err)
	}
	b.clock.advance(time.Hour)
	if d := b.decide(b.pay(customer("c-vip"))); d.Decision != payment.Allow {
		t.Errorf("on the list of the configuration: %v", d.Decision)
	}
	if _, err := b.AddValue(ctx, ListValue{List: "vip", Value: "c-1"}, 0, "ann"); err != nil {
		t.Fatal(err)
	}
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Errorf("on the named list: %v", d.Decision)
	}
	if err := b.RemoveValue(ctx, mail.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if d := b.decide(b.pay(customer("c-9"))); d.Decision != payment.Allow {
		t.Errorf("taken off the blacklist: %v", d.Decision)
	}
	if err := b.RemoveValue(ctx, mail.ID, "ann"); !errors.Is(err, ErrNotFound) {
		t.Errorf("taken off twice: %v", err)
	}
	for i := range 4 {
		_, err = b.AddValue(ctx, ListValue{List: "vip", Value: strings.Repeat("v", i+1)}, 0, "ann")
	}
	if !isInvalid(err, "$") {
		t.Errorf("more than there is room for: %v", err)
	}
	if restarted := prepared(t, b.ledger, nil); restarted.Metrics().ListValues != 4 {
		t.Errorf("%d values after a restart", restarted.Metrics().ListValues)
	}
}

func TestInterceptors(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	ctx := t.Context()
	make1 := func(ref, contextName string) interceptor.Interceptor {
		i, err := b.CreateInterceptor(ctx, interceptor.Interceptor{Ref: ref, Context: contextName, Destination: interceptor.Destination{URL: "https://acquirer.example.com/pay"}}, "ann")
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	one := make1("", "shop")
	if one.Ref == "" || one.Status != ruleset.Draft || one.Version != 1 {
		t.Fatalf("made %+v", one)
	}
	if _, found := b.InForce(one.Ref); found {
		t.Error("a draft is in force")
	}
	if _, err := b.ActivateInterceptor(ctx, one.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	p, found := b.InForce(one.Ref)
	if !found || p.Interceptor().ID != one.ID {
		t.Error("the interceptor is not in force")
	}
	two := make1(one.Ref, "shop")
	if two.Version != 2 || two.Ref != one.Ref {
		t.Errorf("the second version is %+v", two)
	}
	tag := InterceptorTag(two)
	change := func(i *interceptor.Interceptor) error {
		i.Destination.TimeoutMillis, i.Ref, i.Status = 1000, "other", ruleset.Active
		return nil
	}
	edited, err := b.UpdateInterceptor(ctx, two.ID, change, tag, "ann")
	if err != nil || edited.Destination.TimeoutMillis != 1000 || edited.Ref != one.Ref || edited.Status != ruleset.Draft {
		t.Errorf("edited %+v, %v", edited, err)
	}
	if _, err := b.UpdateInterceptor(ctx, one.ID, change, "", "ann"); !errors.Is(err, ErrStatus) {
		t.Errorf("editing an active one: %v", err)
	}
	if err := b.DeleteInterceptor(ctx, one.ID, "ann"); !errors.Is(err, ErrStatus) {
		t.Errorf("deleting an active one: %v", err)
	}
	if _, err := b.ActivateInterceptor(ctx, two.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	other := make1("acquirer-2", "shop")
	if _, err := b.ActivateInterceptor(ctx, other.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, found := b.InForce(one.Ref); found {
		t.Error("two interceptors are active in one context")
	}
	if _, err := b.RollbackInterceptor(ctx, two.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if p, found := b.InForce(one.Ref); !found || p.Interceptor().Version != 2 {
		t.Error("the rollback did not put the second version in force")
	}
	if list, more, err := b.Interceptors(ctx, "", 2); err != nil || len(list) != 2 || !more {
		t.Errorf("listed %d, %v, %v", len(list), more, err)
	}
	if err := b.DeleteInterceptor(ctx, other.ID, "ann"); err != nil {
		t.Error(err)
	}
	if _, err := b.Interceptor(ctx, other.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was deleted: %v", err)
	}
	if _, err := b.CreateInterceptor(ctx, interceptor.Interceptor{Ref: "a/b", Context: "shop"}, "ann"); !isInvalid(err, "$.ref") {
		t.Errorf("a ref with a slash: %v", err)
	}
}

func TestDiscoveredFieldsAreWrittenNowAndThen(t *testing.T) {
	ledger := newMemory()
	var id interceptor.Interceptor
	for round := range 2 { // and after a restart what was known stays
		b := prepared(t, ledger, nil)
		if round == 0 {
			var err error
			if id, err = b.CreateInterceptor(t.Context(), interceptor.Interceptor{Ref: "r", Context: "shop", Destination: interceptor.Destination{URL: "https://acquirer.example.com/"}}, "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err = b.ActivateInterceptor(t.Context(), id.ID, "ann"); err != nil {
				t.Fatal(err)
			}
		}
		b.Discover("no such interceptor", []interceptor.DiscoveredKey{{Key: "$.x", Type: "string"}})
		b.Discover(id.ID, []interceptor.DiscoveredKey{{Key: "$.amount", Type: "number"}})
		b.ledger.breakDisk(true)
		b.keepDiscovered(t.Context())
		b.ledger.breakDisk(false)
		b.Discover(id.ID, []interceptor.DiscoveredKey{{Key: "$.amount", Type: "number"}, {Key: "$.card", Type: "object"}})
		b.keepDiscovered(t.Context())
		kept, err := b.Interceptor(t.Context(), id.ID)
		if err != nil || len(kept.Discovered) != 2 || len(b.seen.seen) != 1 {
			t.Fatalf("round %d: discovered %+v, %v", round, kept.Discovered, err)
		}
		if want := int64(2 * (round + 1)); kept.Discovered[0].Count+kept.Discovered[1].Count != want+int64(round+1) {
			t.Errorf("round %d: counts %+v", round, kept.Discovered)
		}
	}
}

func TestClients(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	ctx := t.Context()
	if _, _, err := b.CreateClient(ctx, "", []string{"nope!"}, "ann"); !isInvalid(err, "$.name") || !isInvalid(err, "$.scopes[0]") {
		t.Errorf("a client without a name: %v", err)
	}
	c, secret, err := b.CreateClient(ctx, "shop", []string{"decisions:read", "admin:blacklist:write", "decisions:read"}, "ann")
	if err != nil || len(c.Scopes) != 2 || len(secret) < 40 || strings.Contains(c.SecretHash, secret) {
		t.Fatalf("made %v, %v", c.Scopes, err)
	}
	is := func(id, secret string, want bool) {
		t.Helper()
		if _, ok, err := b.Authenticate(ctx, id, secret); ok != want || err != nil {
			t.Errorf("authenticated %v, %v, want %v", ok, err, want)
		}
	}
	is(c.ID, secret, true)
	is(c.ID, secret+"x", false)
	is(c.ID, "", false)
	is("cli_unknown", secret, false)
	is(c.ID, strings.Repeat("x", 1<<16), false)
	_, second, err := b.RotateClient(ctx, c.ID, "ann")
	if err != nil {
		t.Fatal(err)
	}
	is(c.ID, secret, false)
	is(c.ID, second, true)
	if _, err := b.UpdateClient(ctx, c.ID, func(c *Client) error { c.Disabled = true; c.SecretHash = ""; return nil }, "ann"); err != nil {
		t.Fatal(err)
	}
	is(c.ID, second, false)
	if kept, _ := b.Client(ctx, c.ID); kept.SecretHash == "" {
		t.Error("an edit took the secret away")
	}
	if err := b.DeleteClient(ctx, c.ID, "ann"); err != nil {
		t.Error(err)
	}
	if err := b.DeleteClient(ctx, c.ID, "ann"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestIntegrations(t *testing.T) {
	told := 0
	b := prepared(t, newMemory(), func(d *Deps) { d.Integrated = func() { told++ } })
	ctx := t.Context()
	good := Integration{Type: LinkIntegration, Slug: "link-prod", Name: "Link", BaseURL: "http://link:4000", Enabled: true}
	for field, change := range map[string]func(*Integration){
		"$.slug":       func(i *Integration) { i.Slug = "Link/Prod" },
		"$.type":       func(i *Integration) { i.Type = "soap" },
		"$.name":       func(i *Integration) { i.Name = "" },
		"$.base_url":   func(i *Integration) { i.BaseURL = "https://user:secret@example.com" },
		"$.timeout_ms": func(i *Integration) { i.TimeoutMS = 1 << 40 },
	} {
		bad := good
		change(&bad)
		if _, err := b.CreateIntegration(ctx, bad, nil, "ann"); !isInvalid(err, field) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", field, err)
		}
	}
	i, err := b.CreateIntegration(ctx, good, []byte("token"), "ann")
	if err != nil || i.TimeoutMS != 5000 || strings.Contains(string(i.Sealed), "token") || told != 1 {
		t.Fatalf("made %+v, %v", i, err)
	}
	if opened, _ := b.deps.Open(i.Sealed); string(opened) != "token" {
		t.Error("the credentials cannot be opened")
	}
	if _, err := b.CreateIntegration(ctx, good, nil, "ann"); !errors.Is(err, ErrConflict) {
		t.Errorf("a slug that is taken: %v", err)
	}
	edited, err := b.UpdateIntegration(ctx, i.ID, func(i *Integration) error { i.Enabled, i.Sealed = false, nil; return nil }, nil, "ann")
	if err != nil || edited.Enabled || edited.Sealed == nil {
		t.Errorf("edited %+v, %v", edited, err)
	}
	if all := b.IntegrationsInForce(); len(all) != 1 || all[0].Enabled {
		t.Errorf("in force are %+v", all)
	}
	if edited, err = b.UpdateIntegration(ctx, i.ID, func(*Integration) error { return nil }, []byte{}, "ann"); err != nil || edited.Sealed != nil {
		t.Errorf("the credentials are still there: %v", err)
	}
	if err := b.DeleteIntegration(ctx, i.ID, "ann"); err != nil || len(b.IntegrationsInForce()) != 0 || told != 4 {
		t.Errorf("deleted: %v, told %d times", err, told)
	}
}

func TestWebhooksAreChecked(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	for _, c := range []struct {
		url, event, field string
	}{
		{"http://example.com", "decision.allow", "$.url"}, {"", "decision.allow", "$.url"}, {"https://", "decision.allow", "$.url"},
		{"https://example.com", "decision.nope", "$.events[0]"},
	} {
		if _, _, err := b.CreateEndpoint(t.Context(), c.url, []string{c.event}, "ann"); !isInvalid(err, c.field) {
			t.Errorf("%q %q: %v", c.url, c.event, err)
		}
	}
	w := b.hook()
	edited, err := b.UpdateEndpoint(t.Context(), w.ID, func(w *Endpoint) error { w.Events = []string{"decision.block"}; return nil }, "ann")
	if err != nil || len(edited.Events) != 1 || string(edited.Sealed) != string(w.Sealed) {
		t.Errorf("edited %+v, %v", edited, err)
	}
	b.decide(b.pay(nil))
	if err := b.DeleteEndpoint(t.Context(), w.ID, "ann"); err != nil || len(b.ledger.keys()) != 0 {
		t.Errorf("deleted: %v", err)
	}
	if _, _, found := b.EndpointKeys(w.ID); found {
		t.Error("a webhook that was deleted is in force")
	}
}

func TestRetentionAndErasure(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	old := b.decide(b.pay(nil))
	b.clock.advance(31 * 24 * time.Hour)
	fresh := b.decide(b.pay(customer("c-2")))
	b.forget(t.Context())
	if b.kept(old.ID).Tree != nil || b.kept(fresh.ID).Tree == nil {
		t.Error("payloads are kept for 30 days")
	}
	b.clock.advance(380 * 24 * time.Hour)
	b.forget(t.Context())
	if _, err := b.Service.Decision(t.Context(), old.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("after 400 days: %v", err)
	}
	if page, err := b.Search(t.Context(), Query{Limit: 1000}); err != nil || len(page.Entries) != 1 {
		t.Errorf("found %d, %v", len(page.Entries), err)
	}
	if n, err := b.Erase(t.Context(), "c-2", "ann"); err != nil || n != 1 {
		t.Errorf("erased %d, %v", n, err)
	}
	if !slices.Equal(b.journeys.forgotten, []string{"c-2"}) {
		t.Errorf("the journeys were told to forget %v", b.journeys.forgotten)
	}
	if _, err := b.Erase(t.Context(), "", "ann"); !isInvalid(err, "$.customer_id") {
		t.Errorf("erased nobody: %v", err)
	}
}

func TestChangesWhileDeciding(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.running()
	r := b.activate("default", blacklistRules)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 40 {
				if _, err := b.Decide(t.Context(), b.pay(nil), Caller{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		c, err := b.CloneRuleset(t.Context(), r.ID, "ann")
		if err == nil {
			_, err = b.ActivateRuleset(t.Context(), c.ID, "ann")
		}
		if err == nil {
			_, err = b.AddValue(t.Context(), ListValue{FieldPath: "$.device.ip", Value: "192.0.2.99"}, time.Hour, "ann")
		}
		if err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if b.ledger.records != 160 {
		t.Errorf("%d decisions were kept, want 160", b.ledger.records)
	}
}
