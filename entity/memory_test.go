package entity_test

import (
	"fmt"
	"testing"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/velocity"
)

func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func purchase(at time.Time, device, country string) *event.Event {
	return &event.Event{Time: at, Type: event.Transaction, Result: event.Success, Elements: []event.Element{
		{Name: "country", Value: country},
		{Name: "device_fingerprint", Value: device},
		{Name: "order_id", Kind: event.Entity, Value: "order-1"},
		{Name: "username", Kind: event.Entity, Value: "bob"},
	}}
}

func TestApplyCountsAndMeets(t *testing.T) {
	var m entity.Memory
	self := event.Element{Name: "order_id", Value: "order-1"}
	added := []velocity.Contribution{{Counter: "payments", Amount: 1}, {Counter: "payment_amount", Amount: 1250}}
	m.Apply(purchase(noon(), "d1", "DE"), self, "s1", added)
	m.Apply(purchase(noon().Add(time.Minute), "d2", "DE"), self, "s2", added)
	hour, _ := velocity.WindowOf(time.Hour)
	at := noon().Add(2 * time.Minute)
	if got := m.Count("payment_amount", at, hour); got != 2500 {
		t.Errorf("payment_amount %d, want 2500", got)
	}
	if got := m.Count("refunds", at, hour); got != 0 {
		t.Errorf("refunds %d, want 0", got)
	}
	for of, want := range map[string]int64{"device_fingerprint": 2, "session": 2, "country": 1, "username": 1, "order_id": 0} {
		if got := m.Distinct(of, at, time.Hour); got != want {
			t.Errorf("distinct %s: %d, want %d", of, got, want)
		}
	}
	if !m.Met("username", "bob", at) || m.Met("username", "bob", noon()) || m.Met("username", "eve", at) {
		t.Error("whom it met is wrong")
	}
	if got := m.Age(at); got != 2*time.Minute {
		t.Errorf("age %s", got)
	}
}

func TestPersonaDistance(t *testing.T) {
	var m entity.Memory
	m.Apply(purchase(noon(), "d1", "DE"), event.Element{Name: "order_id", Value: "order-1"}, "s1", nil)
	if m.Persona == nil {
		t.Fatal("a purchase left no persona")
	}
	for _, c := range []struct {
		device, country string
		want            int64
	}{{"d1", "DE", 0}, {"d2", "DE", 1}, {"d2", "KR", 2}, {"", "DE", 0}, {"", "", -1}} {
		refund := purchase(noon(), c.device, c.country)
		refund.Type = event.RefundRequest
		if got := m.Persona.Distance(entity.Who(refund)); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
		m.Apply(refund, event.Element{Name: "order_id", Value: "order-1"}, "s2", nil)
		if m.Persona.Device != "d1" {
			t.Fatal("a refund replaced the buyer's persona")
		}
	}
}

func TestLabelsAreBounded(t *testing.T) {
	var m entity.Memory
	for i := range 2 * entity.LabelLimit {
		m.Mark(fmt.Sprint("label ", i), "r", noon())
		m.Mark(fmt.Sprint("label ", i), "r", noon().Add(time.Hour))
	}
	if len(m.Labels) != entity.LabelLimit || m.Labelled("label 0") || !m.Labelled(fmt.Sprint("label ", 2*entity.LabelLimit-1)) {
		t.Errorf("%d labels kept", len(m.Labels))
	}
}

func TestStale(t *testing.T) {
	m := entity.Memory{First: noon().UnixMicro(), Last: noon().UnixMicro()}
	if m.Stale(noon().Add(entity.Reach)) || !m.Stale(noon().Add(entity.Reach+time.Second)) {
		t.Error("memory ends at the wrong time")
	}
	if (&entity.Memory{}).Stale(noon()) {
		t.Error("an entity never seen is stale")
	}
}

// Whoever names somebody's order in a purchase of his own is not its buyer.
func TestAnOrderKeepsItsBuyer(t *testing.T) {
	var order, customer entity.Memory
	for _, device := range []string{"d1", "d2"} {
		order.Apply(purchase(noon(), device, "DE"), event.Element{Name: "order_id", Value: "order-1"}, "s1", nil)
		customer.Apply(purchase(noon(), device, "DE"), event.Element{Name: "customer_id", Value: "7"}, "s1", nil)
	}
	if order.Persona.Device != "d1" || customer.Persona.Device != "d2" {
		t.Errorf("the order is %s's, the customer %s", order.Persona.Device, customer.Persona.Device)
	}
}

// The devices of an account are bounded, and one that logs in again stays.
func TestHomesAreBounded(t *testing.T) {
	var m entity.Memory
	for i := range 3 * entity.HomeLimit {
		m.Settle("own", "owner", noon().Add(time.Duration(2*i)*time.Minute))
		m.Settle(fmt.Sprint("other ", i), "thief", noon().Add(time.Duration(2*i+1)*time.Minute))
	}
	if len(m.Homes) != entity.HomeLimit || m.Home("own") != "owner" || m.Home("other 0") != "" || m.Home("never") != "" {
		t.Errorf("%d homes, the owner's journey is %q", len(m.Homes), m.Home("own"))
	}
	back, err := entity.Unpack(m.Pack())
	if err != nil || back.Home("own") != "owner" || len(back.Homes) != entity.HomeLimit {
		t.Errorf("packed: %v", err)
	}
}
