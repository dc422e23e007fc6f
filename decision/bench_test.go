package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

// null is a ledger that keeps no decision.
type null struct{ *memory }

func (null) Record(context.Context, Entry) error { return nil }

// hundredRules are 85 conditions, 10 counters and 5 blacklist rules, none of which fires for an ordinary payment.
func hundredRules() string {
	var rules []string
	for i := range 85 {
		rules = append(rules, fmt.Sprintf(`{"id":"c%d","type":"condition","action":"BLOCK","condition":"and(gte($.transaction.amount, %d), in($.billing.country, [\"X%d\",\"Y\"]), not(eq($.customer.id, \"c-%d\")))"}`, i, 100000+i, i, i))
	}
	paths := []string{fingerprintPath, "$.device.ip", "$.device.fingerprint", "$.customer.id", "$.customer.email"}
	for i := range 10 {
		rules = append(rules, fmt.Sprintf(`{"id":"v%d","type":"condition","action":"REVIEW","condition":"velocity(%s, %d) > 1000000"}`, i, paths[i%5], 3600*(1+i/5)))
	}
	for i, path := range paths {
		rules = append(rules, fmt.Sprintf(`{"id":"b%d","type":"blacklist","action":"BLOCK","fields":["%s"]}`, i, path))
	}
	return "[" + strings.Join(rules, ",") + "]"
}

// parsed are request bodies of different customers, read again for each decision outside the time that is measured.
func (b *bench) parsed(n int) []*payment.Request {
	list := make([]*payment.Request, n)
	for i := range list {
		list[i] = b.pay(func(body map[string]any) {
			customer(fmt.Sprintf("c-%d", i))(body)
			body["device"].(map[string]any)["ip"] = fmt.Sprintf("198.51.100.%d", i%250)
			body["billing"] = map[string]any{"country": "DE"}
		})
	}
	return list
}

func benchmarkDecide(b *testing.B, change func(*Deps)) (*bench, []*payment.Request) {
	s := prepared(b, newMemory(), func(d *Deps) {
		d.Ledger, d.Journeys, d.Backends, d.Now = null{d.Ledger.(*memory)}, nil, nil, time.Now
		if change != nil {
			change(d)
		}
	})
	s.activate("default", hundredRules())
	for i := range 10_000 {
		s.lists.put(ListValue{List: Blacklist, FieldPath: "$.device.ip", Value: fmt.Sprintf("203.0.%d.%d", i/250, i%250)})
	}
	s.restoreNow(b)
	return s, s.parsed(512)
}

// restoreNow makes every counter whole, as if there were no past.
func (b *bench) restoreNow(t testing.TB) {
	for _, c := range b.force.Load().plan.counters {
		c.whole.Store(0)
	}
	if !b.Metrics().Restored {
		t.Fatal("counters are not whole")
	}
}

// BenchmarkDecide is a decision's own cost with a hundred rules, without the ledger's.
func BenchmarkDecide(b *testing.B) {
	s, requests := benchmarkDecide(b, nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d, err := s.Decide(b.Context(), requests[i%len(requests)], Caller{Client: "shop"})
		if err != nil || d.Decision != payment.Allow {
			b.Fatal(d.Decision, err)
		}
	}
}

// BenchmarkDecideFired is one where a rule fires, so that the explanation is made as well.
func BenchmarkDecideFired(b *testing.B) {
	s, requests := benchmarkDecide(b, nil)
	for _, r := range requests {
		r.Tree["billing"], r.Tree["transaction"].(map[string]any)["amount"] = payment.Tree{"country": "Y"}, json.Number("100050")
		r.Amount = 100050
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if d, err := s.Decide(b.Context(), requests[i%len(requests)], Caller{Client: "shop"}); err != nil || d.Decision != payment.Block {
			b.Fatal(d.Decision, err)
		}
	}
}

// BenchmarkDecideTogether is Decide from several sides at once.
func BenchmarkDecideTogether(b *testing.B) {
	s, requests := benchmarkDecide(b, nil)
	own := make(chan []*payment.Request, 64) // each side has requests of its own, as Decide writes into them
	for range cap(own) / 4 {
		own <- s.parsed(64)
	}
	own <- requests
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		mine := <-own
		for i := 0; pb.Next(); i++ {
			if _, err := s.Decide(b.Context(), mine[i%len(mine)], Caller{Client: "shop"}); err != nil {
				b.Error(err)
			}
		}
	})
}
