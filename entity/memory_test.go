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
	apply(&m, purchase(noon(), "d1", "DE"), self, "s1", added)
	apply(&m, purchase(noon().Add(time.Minute), "d2", "DE"), self, "s2", added)
	hour, _ := velocity.WindowOf(time.Hour)
	at := noon().Add(2 * time.Minute)
	if got := m.Count("payment_amount", velocity.MomentOf(at), hour); got != 2500 {
		t.Errorf("payment_amount %d, want 2500", got)
	}
	if got := m.Count("refunds", velocity.MomentOf(at), hour); got != 0 {
		t.Errorf("refunds %d, want 0", got)
	}
	for of, want := range map[string]int64{"device_fingerprint": 2, "session": 2, "country": 1, "username": 1, "order_id": 0} {
		if got := m.Distinct(of, at, time.Hour); got != want {
			t.Errorf("distinct %s: %d, want %d", of, got, want)
		}
	}
	if !m.Met("username", velocity.HashOf("bob"), at) || m.Met("username", velocity.HashOf("bob"), noon()) || m.Met("username", velocity.HashOf("eve"), at) {
		t.Error("whom it met is wrong")
	}
	if got := m.Age(at); got != 2*time.Minute {
		t.Errorf("age %s", got)
	}
}

func TestPersonaDistance(t *testing.T) {
	var m entity.Memory
	apply(&m, purchase(noon(), "d1", "DE"), event.Element{Name: "order_id", Value: "order-1"}, "s1", nil)
	for _, c := range []struct {
		device, country string
		want            int64
	}{{"d1", "DE", 0}, {"d2", "DE", 1}, {"d2", "KR", 2}, {"", "DE", 0}, {"", "", -1}} {
		refund := purchase(noon(), c.device, c.country)
		refund.Type = event.RefundRequest
		who := entity.Who(refund)
		if got := m.PersonaDistance(&who); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
		apply(&m, refund, event.Element{Name: "order_id", Value: "order-1"}, "s2", nil)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	var m entity.Memory
	for i := range 2 * entity.LabelLimit {
		m.Mark(fmt.Sprint("label ", i), "r", noon())
		m.Mark(fmt.Sprint("label ", i), "r", noon().Add(time.Hour))
	}
	for i := range 2 * entity.LabelLimit {
		if got, want := m.Labelled(fmt.Sprint("label ", i)), i >= entity.LabelLimit; got != want {
			t.Errorf("label %d: %t", i, got)
		}
	}
}

func TestStale(t *testing.T) {
	var m entity.Memory
	apply(&m, purchase(noon(), "d1", "DE"), event.Element{Name: "order_id", Value: "order-1"}, "s1", nil)
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
		apply(&order, purchase(noon(), device, "DE"), event.Element{Name: "order_id", Value: "order-1"}, "s1", nil)
		apply(&customer, purchase(noon(), device, "DE"), event.Element{Name: "customer_id", Value: "7"}, "s1", nil)
	}
	for device, want := range map[string][2]int64{"d1": {0, 1}, "d2": {1, 0}} {
		who := entity.Who(purchase(noon(), device, "DE"))
		if got := [2]int64{order.PersonaDistance(&who), customer.PersonaDistance(&who)}; got != want {
			t.Errorf("%s is this far from the order's buyer and the customer: %d", device, got)
		}
	}
}

// A label placed again lasts from then on; what shows only after an event was folded in is counted with it.
func TestLateFindings(t *testing.T) {
	var m entity.Memory
	hour, _ := velocity.WindowOf(time.Hour)
	if _, there := m.LabelledAt("marked"); there || m.Seen() || m.Owned() {
		t.Error("something is known of nobody")
	}
	m.Mark("marked", "r", noon())
	m.Mark("marked", "r", noon().Add(time.Hour))
	m.Mark("marked", "r", noon().Add(time.Minute))
	if at, there := m.LabelledAt("marked"); !there || !at.Equal(noon().Add(time.Hour)) {
		t.Errorf("it was last marked at %s", at)
	}
	m.Add(velocity.Contribution{Counter: "loss", Amount: 2}, velocity.MomentOf(noon()))
	if got := m.Count("loss", velocity.MomentOf(noon()), hour); got != 2 {
		t.Errorf("the loss is %d", got)
	}
}

// Values that are no elements of their own are counted beside those that are, each kind apart, and come back from the bytes.
func TestOtherMeetings(t *testing.T) {
	var m entity.Memory
	e := purchase(noon(), "d", "DE")
	e.Type, e.Result = event.AuthenticationAttempt, event.Success
	var o entity.Occasion
	var others []entity.Meeting
	for i, element := range entity.Companions() {
		for j := range i + 1 {
			others = append(others, entity.Meeting{Element: element, Hash: uint64(1000*i + j + 1)})
		}
	}
	e.Elements = nil
	o.Fill(e, 7, nil, nil, others)
	m.Apply(&o, "username")
	back, err := entity.Unpack(m.Pack())
	if err != nil {
		t.Fatal(err)
	}
	for i, element := range entity.Companions() {
		want := int64(i + 1)
		switch element {
		case "session":
			want++ // that of the event
		case "username":
			want = 0 // the entity's own
		}
		if got := back.Distinct(element, noon(), time.Hour); got != want {
			t.Errorf("%d different values of %s, want %d", got, element, want)
		}
		if got := back.Proven(element, uint64(1000*i+1), noon().Add(time.Minute)); got != (element != "username") {
			t.Errorf("%s proven: %t", element, got)
		}
	}
	if !back.Owned() || !back.Seen() {
		t.Error("an account that was proven is nobody's")
	}
}

// apply notes one event as the engine does.
func apply(m *entity.Memory, e *event.Event, self event.Element, session string, contributions []velocity.Contribution) {
	var hashes []uint64
	for _, el := range e.Elements {
		hashes = append(hashes, velocity.HashOf(el.Value))
	}
	var o entity.Occasion
	o.Fill(e, velocity.HashOf(session), contributions, hashes, nil)
	m.Apply(&o, self.Name)
}
