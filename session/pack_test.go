package session_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/session"
	"wayguard/velocity"
)

// lived is a session after some events.
func lived(seed uint64, events int) *session.Session {
	r := rand.New(rand.NewPCG(seed, 5))
	s := opened(hit(noon()))
	for i := range events {
		e := hit(noon().Add(time.Duration(i)*time.Second), event.Token{Name: "t", Hash: "h", Issued: r.IntN(9) > 0})
		for range r.IntN(4) {
			e.Elements = append(e.Elements, event.Element{Name: []string{"username", "route", "mine", "yours", "phone", "email"}[r.IntN(6)], Kind: event.Entity, Value: fmt.Sprint(r.IntN(99))})
		}
		apply(s, e, []velocity.Contribution{{Counter: []string{"events", "loss", "c1", "c2", "logins"}[r.IntN(5)], Amount: r.Int64N(1 << 40)}})
		s.Journey = event.ID(fmt.Sprint("journey", r.IntN(3)))
		s.Settle(&event.Verdict{Rating: event.Rating(r.IntN(3)), Score: int64(r.IntN(200) - 50), Labels: []event.Label{{Name: fmt.Sprint("L", r.IntN(200)),
			Severity: event.Trusting, Rule: "rule", Version: "v", Family: []string{"f", "velocity", ""}[r.IntN(3)], Points: int64(r.IntN(9) - 4), Signature: r.IntN(2) == 0, Shadow: r.IntN(2) == 0}}})
	}
	return s
}

// same says whether two sessions answer alike.
func same(a, b *session.Session) bool {
	for i := range 40 {
		if a.Count("loss") != b.Count("loss") || a.Distinct("mine") != b.Distinct("mine") || a.Count(fmt.Sprint("c", i)) != b.Count(fmt.Sprint("c", i)) || a.Distinct(fmt.Sprint("element", i)) != b.Distinct(fmt.Sprint("element", i)) {
			return false
		}
	}
	return a.ID == b.ID && a.Environment == b.Environment && a.Journey == b.Journey && a.Opened == b.Opened && a.Last == b.Last &&
		a.Events == b.Events && a.Score == b.Score && a.Rating == b.Rating && a.Presented == b.Presented && a.Hash == b.Hash &&
		(len(a.Labels) == 0 && len(b.Labels) == 0 || reflect.DeepEqual(a.Labels, b.Labels))
}

func TestPackedSessionComesBackWhole(t *testing.T) {
	reused := &session.Session{} // what it was before must leave nothing behind
	for seed := range uint64(40) {
		s := lived(seed, int(seed*seed/4))
		packed := s.Pack(nil)
		if err := reused.Unpack(packed); err != nil {
			t.Fatal(err)
		}
		if !same(s, reused) || !bytes.Equal(reused.Pack(nil), packed) {
			t.Fatalf("seed %d: %+v came back as %+v", seed, s, reused)
		}
		kept := bytes.Clone(packed)
		for i := range 30 {
			e := hit(noon().Add(time.Hour + time.Duration(i)))
			e.Elements = []event.Element{{Name: fmt.Sprint("element", i), Kind: event.Entity, Value: "new"}}
			apply(s, e, []velocity.Contribution{{Counter: fmt.Sprint("c", i), Amount: 1}})
			apply(reused, e, []velocity.Contribution{{Counter: fmt.Sprint("c", i), Amount: 1}})
		}
		if !same(s, reused) || !bytes.Equal(packed, kept) {
			t.Fatalf("seed %d: a session read back goes on otherwise", seed)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(lived(1, 0).Pack(nil))
	f.Add(lived(2, 50).Pack(nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		var s session.Session
		if err := s.Unpack(packed); err != nil {
			return
		}
		apply(&s, hit(noon()), []velocity.Contribution{{Counter: "c", Amount: 1}})
		var back session.Session
		if err := back.Unpack(s.Pack(nil)); err != nil {
			t.Fatal("what was read cannot be read again")
		}
	})
}

func BenchmarkUnpackAndPack(b *testing.B) {
	packed := lived(1, 20).Pack(nil)
	var s session.Session
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Unpack(packed); err != nil {
			b.Fatal(err)
		}
		out = s.Pack(out[:0])
	}
}
