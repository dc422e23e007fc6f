package entity_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/velocity"
)

// plain is a memory kept in the plainest way.
type plain struct {
	first, last time.Time
	counters    map[string]*velocity.Counter
	circles     map[string]*velocity.Set
	labels      []string
}

func newPlain() *plain {
	return &plain{counters: map[string]*velocity.Counter{}, circles: map[string]*velocity.Set{}}
}

func (p *plain) apply(e *event.Event, self, session string, contributions []velocity.Contribution) {
	if p.first.IsZero() || e.Time.Before(p.first) {
		p.first = e.Time
	}
	if e.Time.After(p.last) {
		p.last = e.Time
	}
	for _, c := range contributions {
		if p.counters[c.Counter] == nil {
			p.counters[c.Counter] = &velocity.Counter{}
		}
		p.counters[c.Counter].Add(e.Time, c.Amount)
	}
	p.meet(e.Time, "session", session)
	for _, el := range e.Elements {
		if el.Name == self || !slices.Contains(entity.Companions(), el.Name) {
			continue
		}
		p.meet(e.Time, el.Name, el.Value)
		if entity.Account(self) && entity.Proves(e) {
			p.meet(e.Time, "proven "+el.Name, el.Value)
		}
	}
}

func (p *plain) meet(at time.Time, element, value string) {
	if p.circles[element] == nil {
		p.circles[element] = &velocity.Set{}
	}
	p.circles[element].Add(at, value)
}

func (p *plain) mark(label string) {
	if !slices.Contains(p.labels, label) {
		p.labels = append(p.labels, label)
		p.labels = p.labels[max(0, len(p.labels)-entity.LabelLimit):]
	}
}

// compare holds the packed memory against the plain one.
func (p *plain) compare(t *testing.T, m *entity.Memory, at time.Time) {
	t.Helper()
	for n := range 14 {
		name := fmt.Sprint("c", n)
		for _, w := range velocity.Windows() {
			want := int64(0)
			if c := p.counters[name]; c != nil {
				want = c.Sum(at, w)
			}
			if got := m.Count(name, velocity.MomentOf(at), w); got != want {
				t.Fatalf("%s in %s: %d, want %d", name, w.Name, got, want)
			}
		}
	}
	for _, element := range entity.Companions() {
		set, proven := velocity.Set{}, velocity.Set{}
		if s := p.circles[element]; s != nil {
			set = *s
		}
		if s := p.circles["proven "+element]; s != nil {
			proven = *s
		}
		if got, want := m.Distinct(element, at, 48*time.Hour), set.Count(at, 48*time.Hour); got != want {
			t.Fatalf("distinct %s: %d, want %d", element, got, want)
		}
		for n := range 12 {
			hash, before := velocity.HashOf(fmt.Sprint("d", n)), at.Add(-3*time.Hour)
			if m.Met(element, hash, before) != set.HashSeenBefore(hash, before) || m.Proven(element, hash, before) != proven.HashSeenBefore(hash, before) {
				t.Fatalf("whom it met among %s is wrong", element)
			}
		}
	}
	for n := range 50 {
		if label := fmt.Sprint("label ", n); m.Labelled(label) != slices.Contains(p.labels, label) {
			t.Fatalf("%s is wrong", label)
		}
	}
	if got, want := m.Age(at), max(0, at.Sub(p.first)); len(p.counters) > 0 && got != want {
		t.Fatalf("age %s, want %s", got, want)
	}
}

// Whatever happens to a memory, packed and read back between, it answers as one that is kept in the plainest way.
func TestPackedMemoryIsThePlainOne(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		m, p, at := &entity.Memory{}, newPlain(), noon()
		self := []string{"order_id", "username"}[seed%2]
		for i := range int(seed * 12) {
			at = at.Add(time.Duration(r.IntN(7200)-60) * time.Second)
			e := purchase(at, fmt.Sprint("d", r.IntN(90)), "DE")
			e.Type = []event.Type{event.Transaction, event.AuthenticationAttempt}[r.IntN(2)]
			var counters []velocity.Contribution
			for range 1 + r.IntN(3) {
				counters = append(counters, velocity.Contribution{Counter: fmt.Sprint("c", r.IntN(12)), Amount: r.Int64N(9)})
			}
			session := fmt.Sprint("s", r.IntN(100))
			apply(m, e, event.Element{Name: self}, session, counters)
			p.apply(e, self, session, counters)
			if r.IntN(3) == 0 {
				label := fmt.Sprint("label ", r.IntN(50))
				m.Mark(label, "rule", at)
				p.mark(label)
			}
			if i%7 == 0 {
				p.compare(t, m, at)
				packed := m.Pack()
				kept := bytes.Clone(packed)
				back, err := entity.Unpack(kept)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				p.compare(t, back, at)
				m = back
			}
		}
	}
}

// What is read keeps nothing of the bytes it was read from.
func TestUnpackedMemoryIsItsOwn(t *testing.T) {
	packed := grown(3, 40).Pack()
	kept := bytes.Clone(packed)
	back, err := entity.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	apply(back, purchase(noon(), "d", "DE"), event.Element{Name: "order_id"}, "s", []velocity.Contribution{{Counter: "c1", Amount: 1}})
	back.Mark("a label", "r", noon())
	if !bytes.Equal(packed, kept) {
		t.Error("the stored bytes changed")
	}
}

// grown is a memory after some events.
func grown(seed uint64, events int) *entity.Memory {
	r := rand.New(rand.NewPCG(seed, 3))
	m, at := &entity.Memory{}, noon()
	for range events {
		at = at.Add(time.Duration(r.IntN(7200)) * time.Second)
		counters := []velocity.Contribution{{Counter: fmt.Sprint("c", r.IntN(12)), Amount: r.Int64N(9)}}
		apply(m, purchase(at, fmt.Sprint("d", r.IntN(9)), "DE"), event.Element{Name: "order_id"}, fmt.Sprint("s", r.IntN(100)), counters)
		m.Mark(fmt.Sprint("label ", r.IntN(5)), "rule", at)
	}
	return m
}

// One event in a memory that knows all of it takes no memory.
func TestApplyMakesNoGarbage(t *testing.T) {
	m, e := &entity.Memory{}, purchase(noon(), "d", "DE")
	var o entity.Occasion
	hashes, added := make([]uint64, len(e.Elements)), []velocity.Contribution{{Counter: "events", Amount: 1}}
	apply(m, e, event.Element{Name: "order_id"}, "s", added)
	packed := bytes.Clone(m.Pack())
	if n := testing.AllocsPerRun(100, func() {
		o.Fill(e, 1, added, hashes, nil)
		if err := m.Load(packed); err != nil {
			t.Fatal(err)
		}
		m.Apply(&o, "order_id")
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(grown(1, 0).Pack())
	f.Add(grown(2, 50).Pack())
	f.Fuzz(func(t *testing.T, packed []byte) {
		m, err := entity.Unpack(packed)
		if err != nil {
			return
		}
		apply(m, purchase(noon(), "d", "DE"), event.Element{Name: "username"}, "s", []velocity.Contribution{{Counter: "c", Amount: 1}})
		m.Mark("label", "rule", noon())
		who := entity.Who(purchase(noon(), "d", "DE"))
		_ = m.PersonaDistance(&who)
		if !m.Labelled("label") {
			t.Fatal("what was added is not there")
		}
		if _, err := entity.Unpack(m.Pack()); err != nil {
			t.Fatal("what was read cannot be read again")
		}
	})
}

func BenchmarkApply(b *testing.B) {
	m, e := &entity.Memory{}, purchase(noon(), "d", "DE")
	added := []velocity.Contribution{{Counter: "events", Amount: 1}, {Counter: "payments", Amount: 1}, {Counter: "payment_amount", Amount: 1250}}
	var o entity.Occasion
	hashes := make([]uint64, len(e.Elements))
	o.Fill(e, 1, added, hashes, nil)
	m.Apply(&o, "order_id")
	packed := bytes.Clone(m.Pack())
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Load(packed); err != nil {
			b.Fatal(err)
		}
		m.Apply(&o, "order_id")
	}
}
