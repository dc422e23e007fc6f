package mitigation

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

func TestTheLadderIsClimbedStepByStep(t *testing.T) {
	config := ladder("p", "tag", "challenge", "block")
	config.Steps[0].Times, config.Steps[1].Times = 2, 3
	d := newDesk(t, policy.MitigationConfig{}, config)
	for n, want := range []string{"tag", "tag", "challenge", "challenge", "challenge", "block", "block", "block"} {
		d.now = d.now.Add(time.Minute)
		action, how, _ := outcome(d.decide(visit{asks: []string{"p"}, header: nil}), "p")
		if action != want || how != event.Done {
			t.Fatalf("request %d: %s %s, want %s", n, action, how, want)
		}
	}
	expect(t, d.decide(visit{session: "other", asks: []string{"p"}}), "p", "tag", event.Done)
	if m := d.decide(visit{}); len(m.Actions) != 0 {
		t.Fatalf("a policy without a time deals with somebody it does not ask for: %+v", m)
	}
	d.now = d.now.Add(ladderMemory)
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "tag", event.Done)
}

// Whatever the order of requests, and however many come at once, the steps taken are a ladder's: none is left out before a later one.
func TestTheLadderNeverSkips(t *testing.T) {
	config := ladder("p", "tag", "delay", "challenge", "block")
	config.Steps[1].Times = 3
	d := newDesk(t, policy.MitigationConfig{}, config)
	type visited struct {
		mu    sync.Mutex
		steps []int
	}
	sessions := make([]visited, 8)
	var all sync.WaitGroup
	for worker := range 8 {
		random := rand.New(rand.NewPCG(uint64(worker), 1))
		var visits []visit
		for range 60 {
			visits = append(visits, visit{session: fmt.Sprint(random.IntN(len(sessions))), asks: []string{"p"}, rating: event.Malicious})
		}
		for i := range visits {
			head, e, j := d.event(visits[i])
			all.Go(func() {
				who := &sessions[j.Session.ID[0]-'0']
				m := d.plan.Decide(head, e, j)
				for at, step := range d.plan.named["p"].steps {
					if len(m.Actions) == 1 && m.Actions[0].Name == step.action.Name && m.Actions[0].Outcome == event.Done {
						who.mu.Lock()
						who.steps = append(who.steps, at)
						who.mu.Unlock()
					}
				}
			})
		}
	}
	all.Wait()
	for n := range sessions {
		seen := make([]int, len(config.Steps))
		for _, at := range sessions[n].steps {
			seen[at]++
		}
		for at := range seen {
			times := max(config.Steps[at].Times, 1)
			if seen[at] < times && at < len(seen)-1 {
				t.Errorf("session %d: step %d was taken %d times of %d, steps %v", n, at, seen[at], times, seen)
			}
		}
		if seen[3] == 0 {
			t.Errorf("session %d never came to the end: %v", n, seen)
		}
	}
}

func TestAStepThatCannotBeDoneDoesNotEndTheLadder(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge", "block"))
	head, e, j := d.event(visit{asks: []string{"p"}})
	head.Method = "OPTIONS" // a preflight cannot be asked for a check
	head.Header = append(head.Header, capture.Field{Name: "Origin", Value: "https://shop.example"}, capture.Field{Name: "Access-Control-Request-Method", Value: "POST"})
	m := d.plan.Decide(head, e, j)
	expect(t, m, "p", "challenge", event.Failed)
	if m.Answer != nil {
		t.Fatalf("answer %+v", m.Answer)
	}
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Done)
	if n := d.control.Status().Policies[0].Effect; n.Subjects != 1 || n.Deeds != 1 {
		t.Fatalf("what failed is counted as a deed: %+v", n)
	}
}

func TestGrantsLastForTheirTime(t *testing.T) {
	config := ladder("p", "block")
	config.For, config.Specs = time.Hour, []string{"login"}
	d := newDesk(t, policy.MitigationConfig{}, config)
	d.note(visit{asks: []string{"p"}, notHeld: true})
	expect(t, d.decide(visit{}), "p", "block", event.Done)
	if m := d.decide(visit{spec: "search"}); len(m.Actions) != 0 {
		t.Fatalf("a grant reaches requests that are none of the policy's: %+v", m)
	}
	if m := d.decide(visit{session: "other"}); len(m.Actions) != 0 {
		t.Fatalf("a grant reaches other sessions: %+v", m)
	}
	d.now = d.now.Add(50 * time.Minute)
	d.note(visit{asks: []string{"p"}})
	d.now = d.now.Add(59 * time.Minute)
	expect(t, d.decide(visit{}), "p", "block", event.Done)
	d.now = d.now.Add(2 * time.Minute)
	if m := d.decide(visit{}); len(m.Actions) != 0 {
		t.Fatalf("a grant does not end: %+v", m)
	}
}

func TestScopes(t *testing.T) {
	account := func(name, value string) []event.Element {
		return []event.Element{{Name: name, Kind: event.Entity, Value: value}}
	}
	cases := []struct {
		scope        policy.Scope
		first        visit
		same, others []visit
	}{
		{policy.ScopeSession, visit{session: "a", device: "d"}, []visit{{session: "a"}}, []visit{{session: "b", device: "d"}}},
		{policy.ScopeDevice, visit{session: "a", device: "d"}, []visit{{session: "b", device: "d"}}, []visit{{session: "a", device: "e"}}},
		{policy.ScopeDevice, visit{session: "a"}, []visit{{session: "a"}}, []visit{{session: "b"}}},
		{policy.ScopePerson, visit{session: "a", device: "d", person: "p"}, []visit{{device: "e", person: "p"}}, []visit{{device: "d", person: "q"}}},
		{policy.ScopePerson, visit{session: "a", device: "d"}, []visit{{session: "b", device: "d"}}, []visit{{session: "a", device: "e"}}},
		{policy.ScopeAccount, visit{elements: account("username", "h1")}, []visit{{session: "b", elements: account("username", "h1")}},
			[]visit{{}, {elements: account("username", "h2")}, {elements: account("email", "h1")}, {elements: account("gift_card", "h1")}}},
		{policy.ScopeAccount, visit{elements: append(account("email", "m"), account("username", "h")...)},
			[]visit{{elements: account("username", "h")}, {elements: account("email", "m")}}, []visit{{elements: account("email", "h")}}},
		{policy.ScopeAddress, visit{address: "2001:db8:1:2::1"}, []visit{{session: "b", address: "2001:db8:1:2:ffff::"}}, []visit{{address: "2001:db8:1:3::1"}, {}}},
		{policy.ScopeAddress, visit{address: "192.0.2.7"}, []visit{{session: "b", address: "192.0.2.7"}, {address: "::ffff:192.0.2.7"}}, []visit{{}}},
	}
	for n, c := range cases {
		config := ladder("p", "block")
		config.For, config.Scope = time.Hour, c.scope
		d := newDesk(t, policy.MitigationConfig{}, config)
		c.first.asks = []string{"p"}
		expect(t, d.decide(c.first), "p", "block", event.Done)
		for _, v := range c.same {
			if m := d.decide(v); m.Answer == nil {
				t.Errorf("case %d (%s): %+v is let through", n, c.scope, v)
			}
		}
		for _, v := range c.others {
			if m := d.decide(v); len(m.Actions) != 0 {
				t.Errorf("case %d (%s): %+v is dealt with", n, c.scope, v)
			}
		}
	}
}

func TestAnAccountPolicyNeedsAnAccount(t *testing.T) {
	config := ladder("p", "block")
	config.Scope = policy.ScopeAccount
	d := newDesk(t, policy.MitigationConfig{}, config)
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Withheld)
}

func TestMemoryIsBounded(t *testing.T) {
	config := ladder("p", "tag")
	config.For = time.Hour
	d := newDesk(t, policy.MitigationConfig{}, config)
	l := d.plan.named["p"].ledger
	for n := range mostDealings + 100 {
		l.grant(subject{scope: policy.ScopeSession, key: fmt.Sprint(n)}, &event.Session{}, "bad", time.Hour, d.now)
	}
	if len(l.dealings) > mostDealings || l.recent.Len() != len(l.dealings) || l.evicted < 100 {
		t.Fatalf("%d dealings, %d evicted", len(l.dealings), l.evicted)
	}
	if _, ok := l.granted([]subject{{scope: policy.ScopeSession, key: "5"}}, d.now); ok {
		t.Error("the oldest is still there")
	}
	if _, ok := l.granted([]subject{{scope: policy.ScopeSession, key: fmt.Sprint(mostDealings)}}, d.now); !ok {
		t.Error("a young one is gone")
	}
	d.now = d.now.Add(dealingMemory + 2*time.Hour)
	l.grant(subject{scope: policy.ScopeSession, key: "new"}, &event.Session{}, "bad", time.Hour, d.now)
	if len(l.dealings) != 1 {
		t.Errorf("%d dealings are left after a week", len(l.dealings))
	}
}
