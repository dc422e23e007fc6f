package entity_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/velocity"
)

// grown is a memory after some events.
func grown(seed uint64, events int) *entity.Memory {
	r := rand.New(rand.NewPCG(seed, 3))
	m, at := &entity.Memory{}, noon()
	for range events {
		at = at.Add(time.Duration(r.IntN(7200)) * time.Second)
		e := purchase(at, fmt.Sprint("d", r.IntN(9)), "DE")
		counters := []velocity.Contribution{{Counter: fmt.Sprint("c", r.IntN(12)), Amount: r.Int64N(9)}}
		m.Apply(e, event.Element{Name: "order_id", Value: "order-1"}, event.ID(fmt.Sprint("s", r.IntN(100))), counters)
		if r.IntN(5) == 0 {
			m.Mark(fmt.Sprint("label ", r.IntN(5)), "rule", at)
		}
	}
	return m
}

func TestPackedMemoryComesBackWhole(t *testing.T) {
	for seed := range uint64(30) {
		m := grown(seed, int(seed*seed))
		packed := m.Pack()
		kept := bytes.Clone(packed)
		back, err := entity.Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Pack(), packed) || !reflect.DeepEqual(back.Labels, m.Labels) || !reflect.DeepEqual(back.Persona, m.Persona) {
			t.Fatalf("seed %d: %+v came back as %+v", seed, m, back)
		}
		// What grows in one part must not run into the next, nor into the stored bytes.
		again, _ := entity.Unpack(packed)
		for i := range 40 {
			e := purchase(noon().Add(time.Duration(i)*time.Hour), fmt.Sprint("new", i), "FR")
			added := []velocity.Contribution{{Counter: "c1", Amount: 1}, {Counter: "events", Amount: 1}}
			m.Apply(e, event.Element{Name: "order_id"}, "s", added)
			again.Apply(e, event.Element{Name: "order_id"}, "s", added)
		}
		if !bytes.Equal(m.Pack(), again.Pack()) || !bytes.Equal(packed, kept) {
			t.Fatalf("seed %d: a memory read back grows otherwise", seed)
		}
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
		m.Apply(purchase(noon(), "d", "DE"), event.Element{Name: "order_id"}, "s", []velocity.Contribution{{Counter: "c", Amount: 1}})
		if _, err := entity.Unpack(m.Pack()); err != nil {
			t.Fatal("what was read cannot be read again")
		}
	})
}
