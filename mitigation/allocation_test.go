package mitigation

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// quiet is a busy site's usual request: policies with a breaker, grants for others, and nothing that asks for anything.
func quiet(t testing.TB) (*desk, visit) {
	var all []policy.Config
	for n := range 10 {
		c := ladder(fmt.Sprint("p", n), "block")
		c.Budget, c.For = nil, time.Hour
		all = append(all, c)
	}
	d := newDesk(t, policy.MitigationConfig{Allow: []policy.AllowConfig{{Name: "office", Addresses: []string{"10.0.0.0/8"}}}}, all...)
	d.decide(visit{session: "bad", asks: []string{"p1"}})
	return d, visit{session: "good", device: "device"}
}

func TestARequestThatNothingIsDoneToCostsNoMemory(t *testing.T) {
	d, v := quiet(t)
	none := newDesk(t, policy.MitigationConfig{})
	head, e, j := d.event(v)
	for name, plan := range map[string]*Plan{"ten policies": d.plan, "no policy": none.plan} {
		if n := testing.AllocsPerRun(1000, func() { plan.Decide(head, e, j) }); n != 0 {
			t.Errorf("%s: Decide allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(1000, func() { plan.Facts(head, e) }); n != 0 {
			t.Errorf("%s: Facts allocates %v times", name, n)
		}
	}
	r := &event.Record{Event: *e, Session: j.Session, Verdict: j.Verdict}
	if n := testing.AllocsPerRun(1000, func() { d.plan.Note(r) }); n != 0 {
		t.Errorf("Note allocates %v times", n)
	}
}

func BenchmarkDecideNothing(b *testing.B) {
	for name, policies := range map[string]bool{"none": false, "ten": true} {
		b.Run(name, func(b *testing.B) {
			d, v := quiet(b)
			if !policies {
				d = newDesk(b, policy.MitigationConfig{})
			}
			head, e, j := d.event(v)
			b.ReportAllocs()
			for b.Loop() {
				d.plan.Decide(head, e, j)
			}
		})
	}
}

func BenchmarkFacts(b *testing.B) {
	d, v := quiet(b)
	head, e, _ := d.event(v)
	b.ReportAllocs()
	for b.Loop() {
		d.plan.Facts(head, e)
	}
}

func BenchmarkDecideBlock(b *testing.B) {
	d, v := quiet(b)
	v.asks = []string{"p1"}
	head, e, j := d.event(v)
	b.ReportAllocs()
	for b.Loop() {
		d.plan.Decide(head, e, j)
	}
}

func BenchmarkNote(b *testing.B) {
	d, v := quiet(b)
	_, e, j := d.event(v)
	r := &event.Record{Event: *e, Session: j.Session, Verdict: j.Verdict}
	b.ReportAllocs()
	for b.Loop() {
		d.plan.Note(r)
	}
}

// Everything at once, for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	config := ladder("p", "tag", "challenge", "rate_limit")
	config.For, config.Budget = time.Hour, &policy.BudgetConfig{Percent: 50, AtLeast: 50, Window: time.Minute, Cool: time.Second}
	control := ladder("q", "delay")
	control.Scope, control.Rollout.Control = policy.ScopeAddress, 50
	d := newDesk(t, policy.MitigationConfig{}, config, control)
	d.control.deps.Now = noon
	var visits []visit
	for n := range 300 {
		v := visit{session: fmt.Sprint(n % 70), device: fmt.Sprint(n % 40), address: fmt.Sprintf("192.0.2.%d", n%50)}
		if n%3 == 0 {
			v.asks = []string{"p", "q"}
		}
		visits = append(visits, v)
	}
	var all sync.WaitGroup
	var decided sync.Map
	for n, v := range visits {
		head, e, j := d.event(v)
		all.Go(func() {
			d.plan.Facts(head, e)
			m := d.plan.Decide(head, e, j)
			e.Actions = m.Actions
			d.plan.Note(&event.Record{Event: *e, Session: j.Session, Verdict: j.Verdict})
			decided.Store(n, len(m.Actions))
			switch n % 25 {
			case 0:
				d.control.Status()
				d.plan.Trail(e, j)
			case 1:
				d.control.Undo("p", noon())
			case 2:
				if _, err := d.control.Save(); err != nil {
					t.Error(err)
				}
			case 3:
				_ = d.control.Spare(policy.ScopeSession, fmt.Sprint(n), noon().Add(time.Hour))
				d.control.Spared()
			case 4:
				if _, problems := d.control.Compile(Rules{Actions: oneOfEach(), Policies: []policy.Config{config, control}}); len(problems) > 0 {
					t.Error(problems)
				}
			}
		})
	}
	all.Wait()
	counted := int64(0)
	for _, p := range d.control.Status().Policies {
		for _, c := range p.Counts {
			counted += c.Count
		}
	}
	facts := int64(0)
	decided.Range(func(_, n any) bool { facts += int64(n.(int)); return true })
	if facts < 200 || facts != counted {
		t.Errorf("%d facts, %d counted", facts, counted)
	}
}
