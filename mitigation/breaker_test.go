package mitigation

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

func budgeted(percent, atLeast int) policy.Config {
	c := ladder("p", "block")
	c.Budget = &policy.BudgetConfig{Percent: percent, AtLeast: atLeast, Window: time.Minute, Cool: 10 * time.Minute}
	return c
}

func TestABadPolicyOpensItsBreaker(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, budgeted(50, 100))
	blocked := 0
	everybody := func(n int) event.Outcome {
		d.now = d.now.Add(50 * time.Millisecond)
		m := d.decide(visit{session: fmt.Sprint("s", n), asks: []string{"p"}})
		blocked += count(m.Answer != nil)
		_, how, _ := outcome(m, "p")
		return how
	}
	for n := range 1000 {
		everybody(n)
	}
	if blocked != 99 {
		t.Errorf("%d of 1,000 were blocked before the breaker opened, want one less than at_least", blocked)
	}
	status := func() *BreakerStatus { return d.control.Status().Policies[0].Breaker }
	if s := status(); s.State != BreakerOpen || s.Opened != 1 || s.Dealt < 500 || s.Percent != 50 {
		t.Errorf("%+v", s)
	}
	// While everybody would still be blocked, it stays open without hurting anybody.
	for n := range 12_500 {
		if how := everybody(n); how != event.Withheld {
			t.Fatalf("request %d after %s: %s", n, d.now.Sub(noon()), how)
		}
	}
	if s := status(); s.State != BreakerOpen || s.Opened != 1 {
		t.Errorf("%+v", s)
	}
	// The policy has come to its senses: one of ten.
	good := func(n int) Measure {
		d.now = d.now.Add(50 * time.Millisecond)
		v := visit{session: fmt.Sprint("t", n)}
		if n%10 == 0 {
			v.asks = []string{"p"}
		}
		return d.decide(v)
	}
	for n := range 10_900 {
		good(n)
	}
	if s := status(); s.State != BreakerHalfOpen {
		t.Fatalf("%+v", s)
	}
	if m := good(0); m.Answer == nil {
		t.Error("half open, it does not act")
	}
	for n := range 2000 {
		good(n)
	}
	if s := status(); s.State != BreakerClosed || s.Opened != 1 {
		t.Errorf("%+v", s)
	}
}

func TestABreakerThatIsHalfOpenOpensAgain(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, budgeted(50, 20))
	for n := range 100 {
		d.decide(visit{session: fmt.Sprint("s", n), asks: []string{"p"}})
	}
	d.now = d.now.Add(11 * time.Minute) // nobody came
	blocked := 0
	for n := range 100 {
		blocked += count(d.decide(visit{session: fmt.Sprint("u", n), asks: []string{"p"}}).Answer != nil)
	}
	if s := d.control.Status().Policies[0].Breaker; s.State != BreakerOpen || s.Opened != 2 || blocked != 19 {
		t.Errorf("%d blocked, %+v", blocked, s)
	}
	if !d.control.CloseBreaker("p") || d.control.CloseBreaker("none") {
		t.Error("the breaker of no policy was closed, or that of one was not")
	}
	if m := d.decide(visit{session: "v", asks: []string{"p"}}); m.Answer == nil {
		t.Error("closed by hand, it does not act")
	}
}

// Whatever comes, within any window the policy deals with no more sessions than the budget's share of those looked at, or one less than
// at_least where there are too few.
func TestTheBreakerKeepsItsBudget(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		budget := policy.BudgetConfig{Percent: 10 + random.IntN(80), AtLeast: 10 + random.IntN(100), Window: time.Minute, Cool: 2 * time.Minute}
		b := breaker{}
		b.settle(&budget)
		type seen struct {
			at    time.Time
			dealt bool
			who   int
		}
		var all []seen
		now := noon()
		share := random.Float64()
		for n := range 6000 {
			now = now.Add(time.Duration(random.IntN(100)) * time.Millisecond)
			if n%1000 == 0 {
				share = random.Float64()
			}
			one := seen{at: now, who: random.IntN(2000)}
			hash := uint64(one.who) * 0x9e3779b97f4a7c15
			b.look(hash, now)
			if random.Float64() < share && b.closed(now) {
				one.dealt = b.admit(hash, now)
			}
			all = append(all, one)
		}
		// Windows that end with a deed, by the breaker's own buckets at the widest.
		for i := range all {
			if !all[i].dealt || i%7 != 0 {
				continue
			}
			looked, dealt := map[int]bool{}, map[int]bool{}
			for k := i; k >= 0 && all[i].at.Sub(all[k].at) <= budget.Window; k-- {
				looked[all[k].who] = true
				if all[k].dealt {
					dealt[all[k].who] = true
				}
			}
			// One bucket of the window may have slid out of the breaker's view.
			bound := max(budget.AtLeast, (len(looked)*budget.Percent+99)/100)
			if len(dealt) > bound+bound/breakerBuckets*2+2 {
				t.Fatalf("seed %d: %d of %d sessions in a window, budget %d%% and at least %d", seed, len(dealt), len(looked), budget.Percent, budget.AtLeast)
			}
		}
	}
}

func TestTheBreakersMemoryIsBoundedAndItsShareStaysTrue(t *testing.T) {
	b := breaker{}
	b.settle(&policy.BudgetConfig{Percent: 100, AtLeast: 10, Window: time.Minute, Cool: time.Minute})
	random := rand.New(rand.NewPCG(1, 2))
	now := noon()
	for n := range 200_000 {
		now = now.Add(100 * time.Microsecond)
		hash := random.Uint64()
		b.look(hash, now)
		if n%10 < 3 {
			b.admit(hash, now)
		}
		if len(b.sessions) > breakerSample {
			t.Fatalf("%d sessions are remembered", len(b.sessions))
		}
	}
	s := b.status(now)
	if share := float64(s.Dealt) / float64(s.Looked); share < 0.27 || share > 0.33 || s.Looked < 170_000 || s.Looked > 230_000 {
		t.Errorf("%d of %d, a share of %.3f", s.Dealt, s.Looked, share)
	}
	for n := range 100 {
		now = now.Add(time.Minute)
		b.look(uint64(n)<<20, now)
	}
	if b.level != 0 {
		t.Errorf("quiet again, the sample is still of level %d", b.level)
	}
}

func TestWhatCannotHurtHasNoBreaker(t *testing.T) {
	tag, ends, own := ladder("tag", "tag", "rewrite", "inject"), ladder("ends", "tag", "delay"), ladder("own", "tag")
	tag.Budget, ends.Budget = nil, nil
	own.Budget = &policy.BudgetConfig{Percent: 5}
	d := newDesk(t, policy.MitigationConfig{}, tag, ends, own)
	for n, want := range []bool{false, true, true} {
		if s := d.control.Status().Policies[n]; (s.Breaker != nil) != want {
			t.Errorf("%s: breaker %v", s.Name, s.Breaker)
		}
	}
}
