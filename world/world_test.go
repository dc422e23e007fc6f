package world

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/element"
	"wayguard/event"
)

func small(seed uint64) Options {
	o := Default(seed, 300)
	o.Days = 24
	o.Campaigns = AllCampaigns(o.Days, 0.03)
	return o
}

func collect(t *testing.T, o Options) []Item {
	t.Helper()
	w := New(o)
	var all []Item
	var item Item
	for w.Next(&item) {
		all = append(all, item)
	}
	if len(all) < 1000 {
		t.Fatalf("only %d events", len(all))
	}
	return all
}

func TestSameOptionsSameEvents(t *testing.T) {
	one, two := collect(t, small(7)), collect(t, small(7))
	if len(one) != len(two) {
		t.Fatalf("%d and %d events", len(one), len(two))
	}
	for i := range one {
		a, _ := json.Marshal(one[i])
		b, _ := json.Marshal(two[i])
		if string(a) != string(b) {
			t.Fatalf("event %d differs:\n%s\n%s", i, a, b)
		}
	}
	if other := collect(t, small(8)); one[0].Event.ID == other[0].Event.ID {
		t.Error("another seed gave the same event")
	}
}

// The events come in the order of their times, each with an id of its own, and every name and type in them is one that the
// product knows.
func TestEventsAreWellFormed(t *testing.T) {
	catalogue, ids := element.Default(), map[event.ID]bool{}
	var last time.Time
	for _, item := range collect(t, small(1)) {
		e := &item.Event
		if e.Time.Before(last) || ids[e.ID] {
			t.Fatalf("%s at %s after %s, id seen %v", e.ID, e.Time, last, ids[e.ID])
		}
		last, ids[e.ID] = e.Time, true
		if !e.Type.Known() || !e.Result.Known() || e.Evidence.Address == "" || e.Spec == "" {
			t.Fatalf("%+v", e)
		}
		if !slices.IsSortedFunc(e.Elements, func(a, b event.Element) int { return strings.Compare(a.Name, b.Name) }) {
			t.Fatalf("elements not by name: %+v", e.Elements)
		}
		for _, el := range e.Elements {
			d, ok := catalogue.Find(el.Name)
			if !ok || string(d.Kind) != string(el.Kind) || string(d.Type) != el.Type || el.Value == "" {
				t.Fatalf("element %+v is not that of the catalogue, %+v", el, d)
			}
		}
		if cap(e.Elements) != elementRoom || len(e.Elements) > elementRoom {
			t.Fatalf("%d elements of %s have outgrown their room", len(e.Elements), e.Spec)
		}
	}
}

// What the truth says of visits holds for them: visits of one device are half an hour apart, and one visit has no pause that long.
func TestVisitsAreApart(t *testing.T) {
	type span struct {
		visit uint32
		last  time.Time
	}
	devices, owners := map[uint32]span{}, map[uint32]uint32{}
	for _, item := range collect(t, small(2)) {
		truth := &item.Truth
		if truth.Attack != Honest {
			continue
		}
		was, known := devices[truth.Device]
		gap := item.Event.Time.Sub(was.last)
		if known && was.visit == truth.Visit && gap > 30*time.Minute {
			t.Fatalf("a pause of %s within visit %d", gap, truth.Visit)
		}
		if known && was.visit != truth.Visit && gap < 30*time.Minute {
			t.Fatalf("visits %d and %d of device %d are %s apart", was.visit, truth.Visit, truth.Device, gap)
		}
		devices[truth.Device] = span{truth.Visit, item.Event.Time}
		if owner, seen := owners[truth.Visit]; seen && owner != truth.Device {
			t.Fatalf("visit %d is of two devices", truth.Visit)
		}
		owners[truth.Visit] = truth.Device
	}
}

func TestEveryAttackAtEveryLevel(t *testing.T) {
	o := small(3)
	w := New(o)
	attempts, losses := map[string]int{}, map[string]int{}
	var item Item
	for w.Next(&item) {
		if item.Truth.Attack == Honest {
			if item.Truth.Actor != 0 || item.Truth.Attempt || item.Truth.Loss {
				t.Fatalf("honest, and yet %+v", item.Truth)
			}
			continue
		}
		c := w.Campaign(item.Truth.Actor)
		if c.Attack != item.Truth.Attack || c.Level != item.Truth.Level {
			t.Fatalf("%+v is not of %s", item.Truth, c.Name())
		}
		if item.Truth.Attempt {
			attempts[c.Name()]++
			if item.Event.Time.Before(w.Start(item.Truth.Actor)) {
				t.Fatalf("%s attempts something before it begins", c.Name())
			}
		}
		if item.Truth.Loss {
			losses[c.Attack.String()]++
		}
	}
	for _, c := range o.Campaigns {
		if attempts[c.Name()] == 0 {
			t.Errorf("%s makes no attempt", c.Name())
		}
	}
	for _, a := range []Attack{CardTesting, FakeAccounts, RefundAbuse, Scraping, Hoarding, Enumeration, Takeover, AgentAbuse} {
		if losses[a.String()] == 0 {
			t.Errorf("%s does no damage", a)
		}
	}
}

func TestTwinsAppear(t *testing.T) {
	o := small(4)
	o.Devices, o.Days, o.Campaigns = 3000, 40, nil
	seen := map[Twin]bool{}
	for _, item := range collect(t, o) {
		seen[item.Truth.Twin] = true
		if item.Truth.Attack != Honest {
			t.Fatal("an attacker in a world without any")
		}
	}
	for _, twin := range Twins() {
		if !seen[twin] {
			t.Errorf("nobody is like %s", twin)
		}
	}
	o.Still = true
	for _, item := range collect(t, o) {
		if item.Truth.Twin != NoTwin {
			t.Fatalf("%s in a still world", item.Truth.Twin)
		}
	}
}

func TestVariants(t *testing.T) {
	bare := small(5)
	bare.Cookieless = true
	for _, item := range collect(t, bare) {
		if len(item.Event.Evidence.Tokens) > 0 {
			t.Fatal("a cookie in a world without any")
		}
	}
	plain := small(5)
	plain.Clutter, plain.Hints = false, false
	for _, item := range collect(t, plain) {
		if item.Event.Evidence.Wire.Hints != "" {
			t.Fatal("hints that nobody asked for")
		}
		for _, token := range item.Event.Evidence.Tokens {
			if token.Name == "undeclared:cookie:csrf" || token.Name == "undeclared:cookie:consent" {
				t.Fatalf("%s in a plain world", token.Name)
			}
		}
	}
	families := func(o Options) float64 {
		android, all := 0.0, 0.0
		for _, item := range collect(t, o) {
			if item.Truth.Attack == Honest {
				all++
				if item.Event.Evidence.Client.Platform == "android" {
					android++
				}
			}
		}
		return android / all
	}
	one, two := small(6), small(6)
	one.Devices, two.Devices, two.Drift = 1500, 1500, true
	if now, then := families(one), families(two); now-then < 0.01 {
		t.Errorf("Android has %.3f of requests, and %.3f after the shares have changed", now, then)
	}
}

// A presented cookie was issued before, to the same device or to the one it was stolen from.
func TestCookiesComeFromTheShop(t *testing.T) {
	issued := map[string]uint32{}
	for _, item := range collect(t, small(9)) {
		for _, token := range item.Event.Evidence.Tokens {
			if token.Name == "undeclared:cookie:consent" || token.Name == "header:authorization" {
				continue
			}
			if token.Issued {
				issued[token.Hash] = item.Truth.Device
				continue
			}
			owner, ok := issued[token.Hash]
			if !ok {
				t.Fatalf("%s presented by %+v was never issued", token.Name, item.Truth)
			}
			if owner != item.Truth.Device && item.Truth.Attack != TokenForwarding && item.Truth.Twin != NewPhone {
				// The victim goes on with what the thief was given, and the other way round.
				if thief := item.Truth; thief.Attack != Honest {
					t.Fatalf("%s of device %d presented by %+v", token.Name, owner, item.Truth)
				}
			}
		}
	}
}

// Who is blocked at the highest level goes on with another device; the simplest programs do not even notice.
func TestTheAdaptiveChangeDevices(t *testing.T) {
	devices := func(block bool) int {
		o := small(10)
		o.Campaigns = []Campaign{{Attack: CardTesting, Level: 4, From: 8 * 24 * time.Hour, Length: 48 * time.Hour, Attempts: 60, Devices: 4, Addresses: 50}}
		w := New(o)
		seen := map[uint32]bool{}
		var item Item
		for w.Next(&item) {
			if item.Truth.Attack == Honest {
				continue
			}
			seen[item.Truth.Device] = true
			if block && item.Event.Type == event.Transaction {
				w.Blocked()
			}
		}
		return len(seen)
	}
	if left, blocked := devices(false), devices(true); left != 4 || blocked <= 4 {
		t.Errorf("%d devices when left alone, %d when blocked", left, blocked)
	}
}

// The memory of a world is that of its people: visits use the room of those that are over.
func TestVisitsUseRoomAgain(t *testing.T) {
	w := New(small(11))
	var item Item
	for w.Next(&item) {
	}
	if len(w.visits) > 400 || w.serial < 1000 {
		t.Errorf("room for %d visits at once, of %d", len(w.visits), w.serial)
	}
}

func TestDistributions(t *testing.T) {
	d := dice(1)
	var sum, square float64
	const n = 200000
	for range n {
		x := d.normal()
		sum, square = sum+x, square+x*x
	}
	if mean, variance := sum/n, square/n; mean < -0.02 || mean > 0.02 || variance < 0.97 || variance > 1.03 {
		t.Errorf("mean %.3f, variance %.3f", mean, variance)
	}
	z, counts := newZipf(10, 1), [10]int{}
	for range n {
		counts[z.draw(&d)]++
	}
	if !slices.IsSortedFunc(counts[:], func(a, b int) int { return b - a }) || counts[9] == 0 {
		t.Errorf("Zipf: %v", counts)
	}
}

// BenchmarkNext is how fast the world goes. The goal is 200,000 events a second on one core.
func BenchmarkNext(b *testing.B) {
	w := New(Default(1, 6000))
	var item Item
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if !w.Next(&item) {
			w = New(Default(1, 6000))
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
