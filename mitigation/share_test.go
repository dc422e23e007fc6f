package mitigation

import (
	"fmt"
	"math"
	"testing"

	"wayguard/event"
	"wayguard/policy"
)

// With 20,000 subjects each share is met within 1 percent, stays the same, only grows, and the control arm stays what it is.
func TestSharesAreExactStickyAndMonotone(t *testing.T) {
	const people = 20_000
	in := make([]bool, people)
	var control []bool
	for percent := 0; percent <= 80; percent += 10 {
		c, problems := compilePolicy(shared(percent, 20).Complete(), map[string]*policy.ActionConfig{"block": {Name: "block", Kind: event.Block}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		dealt, spared := 0, 0
		arm := make([]bool, people)
		for n := range people {
			who := subject{scope: policy.ScopeSession, key: fmt.Sprint("0190a5e1-session-", n)}
			now := c.rolledOut(who) && !c.controlled(who)
			if now != (c.rolledOut(who) && !c.controlled(who)) {
				t.Fatal("the same subject is in and out")
			}
			if in[n] && !now {
				t.Fatalf("subject %d is out again at %d percent", n, percent)
			}
			in[n], arm[n] = now, c.controlled(who)
			dealt, spared = dealt+count(now), spared+count(arm[n])
		}
		if off := math.Abs(float64(dealt)/people - float64(percent)/100); off > 0.01 {
			t.Errorf("%d percent: %d of %d", percent, dealt, people)
		}
		if off := math.Abs(float64(spared)/people - 0.2); off > 0.01 {
			t.Errorf("control: %d of %d", spared, people)
		}
		for n := range arm {
			if control != nil && arm[n] != control[n] {
				t.Fatalf("the control arm changed at %d percent", percent)
			}
		}
		control = arm
	}
}

func shared(percent, control int) policy.Config {
	c := ladder("p", "block")
	c.Rollout = policy.RolloutConfig{Percent: &percent, Control: control}
	return c
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestPoliciesDoNotShareTheirShares(t *testing.T) {
	same := 0
	for n := range 10_000 {
		who := subject{key: fmt.Sprint(n)}
		same += count((place("one", who) < whole/2) == (place("two", who) < whole/2))
	}
	if same < 4800 || same > 5200 {
		t.Errorf("two policies agree on %d of 10,000", same)
	}
}

func TestTheControlArmIsWatched(t *testing.T) {
	config := ladder("p", "block")
	config.Rollout.Control = 100
	d := newDesk(t, policy.MitigationConfig{}, config)
	v := visit{asks: []string{"p"}}
	expect(t, d.decide(v), "p", "block", event.Withheld)
	for range 3 {
		d.now = d.now.Add(1)
		d.note(v)
	}
	effect := d.control.Status().Policies[0].Effect
	if effect.Subjects != 0 || effect.ControlSubjects != 1 || effect.ControlAfter != 3 {
		t.Errorf("%+v", effect)
	}
	if list := d.control.Affected("p", noon().Add(-1)); len(list) != 0 {
		t.Errorf("the control arm is listed as affected: %+v", list)
	}
}
