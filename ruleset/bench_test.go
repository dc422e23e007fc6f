package ruleset

import (
	"context"
	"fmt"
	"testing"
	"time"

	"wayguard/payment"
)

// quiet answers without an allocation.
type quiet struct{ values map[string]int64 }

func (q quiet) Count(_, value, _ string, _ time.Duration) (int64, bool) { return q.values[value], true }

func (q quiet) Sum(_, value, _, _ string, _ time.Duration) (int64, bool) {
	return q.values[value], true
}

func (q quiet) Distinct(_, value, _, _ string, _ time.Duration) (int64, bool) {
	return q.values[value], true
}

func (q quiet) Blacklisted(_, value string) bool { return q.values[value] < 0 }

func (q quiet) Listed(_, value string) (bool, bool) { return q.values[value] < 0, true }

// hundredRules are mixed and never fire.
func hundredRules(t testing.TB) *Program {
	var rules []Rule
	for i := range 100 {
		id := fmt.Sprintf("r%d", i)
		switch i % 5 {
		case 0:
			rules = append(rules, conditionRule(t, id, fmt.Sprintf(`and(gte($.transaction.amount, %d), eq($.metadata.device_known, "false"))`, 80_000+i), payment.Review))
		case 1:
			rules = append(rules, conditionRule(t, id, fmt.Sprintf(`in($.billing.country, ["X%d", "XX", "XY"])`, i), payment.Block))
		case 2:
			path := []string{"$.device.ip", "$.customer.id", "$.device.fingerprint", "$.credential_fingerprint"}[i%4]
			rules = append(rules, conditionRule(t, id, fmt.Sprintf(`gt(velocity(%s, %d), %d)`, path, 600*(1+i%3), 5+i), payment.Block))
		case 3:
			rules = append(rules, Rule{ID: id, Type: BlacklistRule, Fields: []string{"$.device.ip", "$.customer.email", "$.credential_fingerprint"}})
		default:
			rules = append(rules, conditionRule(t, id, fmt.Sprintf(`or(and(neq($.billing.country, $.shipping.country), gt($.transaction.amount, %d)), eq($.journey.rating, "malicious%d"))`, 90_000+i, i), payment.Block))
		}
	}
	p, problems := Compile(Ruleset{Rules: rules}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

func quietInput(t testing.TB) Input {
	q := quiet{map[string]int64{"192.0.2.7": 2, "c-1": 1}}
	in := usualInput(t)
	in.Counters, in.Lists = q, q
	return in
}

func BenchmarkEvaluate(b *testing.B) {
	p, in := hundredRules(b), quietInput(b)
	b.ReportAllocs()
	for b.Loop() {
		if e := p.Evaluate(context.Background(), in); e.Outcome != payment.Allow {
			b.Fatal(e)
		}
	}
}

func BenchmarkEvaluateTraced(b *testing.B) {
	p, in := hundredRules(b), quietInput(b)
	in.Trace = true
	b.ReportAllocs()
	for b.Loop() {
		if e := p.Evaluate(context.Background(), in); len(e.Trace) != 100 {
			b.Fatal(e)
		}
	}
}

func BenchmarkExpression(b *testing.B) {
	p, problems := Compile(Ruleset{Rules: []Rule{{ID: "r", Type: ConditionRule, Action: payment.Block,
		Expression: `transaction.amount > 80000 && billing.country != shipping.country || count("$.device.ip", "1h") > 5`}}}, Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	in := quietInput(b)
	b.ReportAllocs()
	for b.Loop() {
		if e := p.Evaluate(context.Background(), in); e.Outcome != payment.Allow {
			b.Fatal(e)
		}
	}
}

// An evaluation in which nothing fires allocates nothing.
func TestEvaluateAllocatesNothing(t *testing.T) {
	p, in := hundredRules(t), quietInput(t)
	in.Request.Tree["customer"].(payment.Tree)["email"] = "ann@example.com"
	p.Evaluate(t.Context(), in)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { p.Evaluate(ctx, in) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
