package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/rule"
	"wayguard/state"
)

// newEngine is an engine under the fifty rules of the engine's golden records.
func newEngine(t testing.TB) *engine.Engine {
	t.Helper()
	text, err := os.ReadFile("../engine/testdata/golden/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// One of them makes a text of a number, which takes memory whoever does it; that is not what is measured here.
	plainer := strings.ReplaceAll(string(text), `string(event.status) == "418"`, "event.status == 418")
	var c rule.Config
	doc, problems := document.Parse("rules.yaml", []byte(plainer))
	if doc != nil {
		problems = append(problems, doc.Decode(&c)...)
	}
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Compile(c, rule.StandardVocabulary(element.Default(), nil))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(set, engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// crowd is a series of events of a few visitors.
func crowd(seed uint64, n int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	events := make([]event.Event, n)
	for i := range events {
		at = at.Add(time.Duration(r.IntN(40_000)) * time.Millisecond)
		address, who := fmt.Sprintf("203.0.113.%d", r.IntN(5)), fmt.Sprint("user", r.IntN(15))
		e := event.Event{ID: event.DeriveID(at, fmt.Sprint(i)), Environment: "production", Time: at, Spec: "s",
			Type:     []event.Type{event.AuthenticationAttempt, event.Transaction, event.RefundRequest, event.SessionUpdate}[r.IntN(4)],
			Result:   []event.Result{event.Success, event.Failure, ""}[r.IntN(3)],
			Evidence: event.Evidence{Address: address, HeaderShape: "shape", UserAgent: fmt.Sprint("agent", r.IntN(2))}}
		if r.IntN(2) == 0 {
			e.Evidence.Tokens = []event.Token{{Name: "cookie:sid", Hash: fmt.Sprint("h", r.IntN(20)), Issued: r.IntN(3) == 0}}
		}
		for name, value := range map[string]string{"ip_address": address, "username": who, "order_id": fmt.Sprint("o", r.IntN(40)), "payment_from": fmt.Sprint("c", r.IntN(9))} {
			e.Elements = append(e.Elements, event.Element{Name: name, Kind: event.Entity, Type: "string", Value: value})
		}
		sortElements(e.Elements)
		events[i] = e
	}
	return events
}

func sortElements(elements []event.Element) {
	for i := range elements {
		for k := i; k > 0 && elements[k].Name < elements[k-1].Name; k-- {
			elements[k], elements[k-1] = elements[k-1], elements[k]
		}
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Through a turn and a store events get the verdicts that they get from the engine alone, also when another is taken back
// between, when others are asked about between, and when the state is restored from the records.
func TestTurnsAreTheEnginesWay(t *testing.T) {
	ctx, e, events := context.Background(), newEngine(t), crowd(1, 800)
	want, err := e.Play(events)
	if err != nil {
		t.Fatal(err)
	}
	turn, beside, m := state.NewTurn(), state.NewTurn(), state.NewMemory(0)
	for i := range events {
		if i%5 == 0 {
			if _, err := beside.Consider(ctx, m, e, &events[(i+3)%len(events)]); err != nil {
				t.Fatal(err)
			}
		}
		if i%7 == 0 {
			lost := events[(i+11)%len(events)]
			lost.ID, lost.Time = event.DeriveID(lost.Time, fmt.Sprint("lost ", i)), events[i].Time
			if _, err := turn.Observe(ctx, m, e, &lost); err != nil {
				t.Fatal(err)
			}
			if err := turn.Undo(ctx, m); err != nil {
				t.Fatal(err)
			}
		}
		step, err := turn.Observe(ctx, m, e, &events[i])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, &step.Record), text(t, &want[i]); got != want {
			t.Fatalf("record %d:\n%s\n%s", i, got, want)
		}
	}
	restored := state.NewMemory(0)
	for i := range want[:500] {
		if err := turn.Restore(ctx, restored, e, &want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range want[500:] {
		step, err := turn.Observe(ctx, restored, e, &events[500+i])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, &step.Record), text(t, &want[500+i]); got != want {
			t.Fatalf("after the restore, record %d:\n%s\n%s", 500+i, got, want)
		}
	}
}

// many are events of so many visitors with a cookie and ten elements each.
func many(visitors int) []event.Event {
	events := make([]event.Event, visitors)
	for i := range events {
		address := fmt.Sprintf("198.51.%d.%d", i>>8, i&255)
		events[i] = event.Event{ID: event.ID(fmt.Sprintf("01935a8e-0000-7000-8000-%012d", i)), Environment: "production", Name: "Checkout",
			Type: event.Checkout, Result: event.Success, Spec: "checkout", HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/pay", Status: 201},
			Evidence: event.Evidence{Address: address, HeaderShape: "5f2a1b7c9d3e4f60", UserAgent: fmt.Sprintf("agent %016x", i%20),
				Tokens: []event.Token{{Name: "cookie:sid", Hash: fmt.Sprintf("%032x", i*2654435761)}}},
			Elements: []event.Element{
				{Name: "campaign", Kind: event.Attribute, Type: "string", Value: "autumn"},
				{Name: "country", Kind: event.Attribute, Type: "country", Value: "US"},
				{Name: "customer_id", Kind: event.Entity, Type: "string", Value: fmt.Sprintf("C-%07d", i*7919)},
				{Name: "email", Kind: event.Entity, Type: "email", Value: fmt.Sprintf("visitor.%d@mail%d.example", i, i%40)},
				{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: address},
				{Name: "order_id", Kind: event.Entity, Type: "string", Value: fmt.Sprintf("O-%09d", i*31)},
				{Name: "payment_from", Kind: event.Entity, Type: "payment_account", Value: fmt.Sprintf("%016x", i*104729)},
				{Name: "phone", Kind: event.Entity, Type: "phone", Value: fmt.Sprintf("+1617555%04d", i)},
				{Name: "product_sku", Kind: event.Attribute, Type: "string", Value: "SKU-00017"},
				{Name: "transaction_amount", Kind: event.Attribute, Type: "money", Value: "1250"},
				{Name: "username", Kind: event.Entity, Type: "string", Value: fmt.Sprintf("visitor.%d", i)},
			}}
	}
	return events
}

// BenchmarkTurn is engine and state together: one event of one hot visitor, and of one of a thousand.
func BenchmarkTurn(b *testing.B) {
	for _, visitors := range []int{1, 1000} {
		b.Run(fmt.Sprint(visitors, " visitors"), func(b *testing.B) {
			ctx, e, turn, m, events := context.Background(), newEngine(b), state.NewTurn(), state.NewMemory(0), many(visitors)
			at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
			observe := func(i int) {
				ev := &events[i*389%visitors]
				ev.Time = at.Add(time.Duration(i) * 500 * time.Microsecond)
				if _, err := turn.Observe(ctx, m, e, ev); err != nil {
					b.Fatal(err)
				}
			}
			warm := 4 * visitors
			for i := range warm {
				observe(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := processor(b)
			for i := range b.N {
				observe(warm + i)
			}
			b.ReportMetric(float64((processor(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// processor is the CPU that the process has used: on a machine with other work the clock tells little.
func processor(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
