package identity_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/identity"
)

// town is a store with what a test asks of it.
type town struct {
	t     *testing.T
	shelf *shelf
	q     identity.Inquiry
	next  int
}

func newTown(t *testing.T) *town {
	return &town{t: t, shelf: &shelf{pieces: map[string]piece{}, bytes: map[byte]int{}}}
}

// see makes a session of one sight.
func (w *town) see(hour, fingerprint, address int, change func(*identity.Sight)) (identity.Decision, identity.Bond) {
	w.t.Helper()
	w.next++
	at := epoch().Add(time.Duration(hour) * time.Hour)
	s := identity.Sight{Environment: "e", At: at, Address: spread(uint64(address)), Prefix: spread(uint64(address)>>8 | 1<<40),
		Network: spread(uint64(address)>>16 | 1<<41), Fingerprint: spread(uint64(fingerprint) | 1<<42), Kind: spread(1 << 43), Client: spread(1 << 44),
		Language: spread(1 << 45), Major: 140, Cycle: 28, Sharp: true, Headers: spread(1 << 46), Fresh: event.DeriveID(at, "d", fmt.Sprint(w.next))}
	if change != nil {
		change(&s)
	}
	d, b, err := w.shelf.inquire(&w.q, &s, identity.Bond{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d, b
}

func presents(key string) func(*identity.Sight) {
	return func(s *identity.Sight) { s.Keys = []uint64{identity.KeyOf("cookie:sid", key)} }
}

func gets(key string) func(*identity.Sight) {
	return func(s *identity.Sight) { s.Given = []uint64{identity.KeyOf("cookie:sid", key)} }
}

func proves(account int) func(*identity.Sight) {
	return func(s *identity.Sight) { s.Accounts, s.Proven = []uint64{spread(uint64(account) | 1<<50)}, true }
}

func (w *town) device(id event.ID) *identity.Device {
	var d identity.Device
	if err := d.Load(w.shelf.get(identity.DeviceKey("e", identity.RefOf(id)))); err != nil {
		w.t.Fatal(err)
	}
	return &d
}

func TestKeyLinksAnywhere(t *testing.T) {
	w := newTown(t)
	first, _ := w.see(0, 1, 1, gets("k"))
	again, bond := w.see(50, 1, 700000, presents("k"))
	if !first.New || again.New || again.Device != first.Device || again.Tier != identity.ByKey || !again.Trusted() || !bond.Trusted() {
		t.Errorf("first %+v, again %+v", first, again)
	}
	other, _ := w.see(51, 1, 700000, func(s *identity.Sight) {
		presents("k")(s)
		s.Kind = spread(99)
	})
	if other.Device == first.Device || !other.Forked {
		t.Errorf("another browser with the key is the same device: %+v", other)
	}
}

func TestFingerprintAloneNeverLinksAtANewAddress(t *testing.T) {
	w := newTown(t)
	ids := map[event.ID]bool{}
	for i := range 200 {
		d, _ := w.see(i, 1, 1000+i*300, nil)
		ids[d.Device] = true
	}
	if len(ids) != 200 {
		t.Errorf("200 addresses, %d devices", len(ids))
	}
}

func TestAccountLinksTheSameBrowserOnly(t *testing.T) {
	w := newTown(t)
	for i := range 40 { // a crowd, so that the fingerprint says something
		w.see(i, 500+i, 90000+i*300, nil)
	}
	home, _ := w.see(50, 1, 1, proves(1))
	for i := range 4 {
		w.see(60+24*i, 1, 1, proves(1))
	}
	away, _ := w.see(200, 1, 70000*40, proves(1))
	if away.Device != home.Device || away.Tier != identity.ByAccount || away.Trusted() {
		t.Errorf("the same browser with the account elsewhere: %+v, trusted %v", away, away.Trusted())
	}
	phone, _ := w.see(201, 2, 1, proves(1))
	if phone.Device == home.Device || phone.Person != home.Person && phone.Person != "" {
		t.Errorf("another browser with the account is the same device: %+v", phone)
	}
	if p := w.device(phone.Device).Person(); p == "" || p != w.device(home.Device).Person() {
		t.Errorf("the account's devices are of the persons %q and %q", p, w.device(home.Device).Person())
	}
	sibling, _ := w.see(202, 1, 1, proves(2))
	if sibling.Device == home.Device && sibling.Tier == identity.ByAccount {
		t.Errorf("another account proved this one's device: %+v", sibling)
	}
}

// Two keys of one place in turn are two browsers, however they came to be one.
func TestTwoKeysInTurnPart(t *testing.T) {
	w := newTown(t)
	w.see(0, 1, 1, gets("a"))
	w.see(1, 1, 1, presents("a"))
	first, _ := w.see(2, 1, 1, presents("a"))
	var k identity.Key // the mistake: b is bound to the device of a
	b := identity.KeyOf("cookie:sid", "b")
	w.see(3, 1, 1, gets("b"))
	other, _ := w.see(4, 1, 2, presents("b"))
	if other.Device != first.Device {
		if err := k.Load(w.shelf.get(identity.KeyKey("e", b))); err != nil {
			t.Fatal(err)
		}
		if err := identity.Separate(w.device(other.Device), w.device(first.Device), []*identity.Key{&k}, nil, "", epoch()); err != nil {
			t.Fatal(err)
		}
		w.shelf.put(identity.KeyKey("e", b), k.Append(nil), time.Hour*999)
	}
	parted := event.ID("")
	last := map[string]event.ID{}
	for i := range 8 {
		key := []string{"a", "b"}[i%2]
		d, _ := w.see(5+i, 1, 1+i%2, presents(key))
		last[key] = d.Device
		if d.Parted != "" {
			parted = d.Parted
		}
	}
	if parted == "" || last["a"] == last["b"] {
		t.Fatalf("parted %q: %v", parted, last)
	}
	for i := range 6 { // and they stay two
		key := []string{"a", "b"}[i%2]
		if d, _ := w.see(30+i, 1, 1, presents(key)); d.Device != last[key] {
			t.Errorf("%s: %s, want %s", key, d.Device, last[key])
		}
	}
}

// What an analyst took apart stays apart, under the ids that it had.
func TestSeparatedStaysSeparated(t *testing.T) {
	w := newTown(t)
	for i := range 40 {
		w.see(i, 500+i, 90000+i*300, nil)
	}
	var whole identity.Decision
	for i := range 6 {
		whole, _ = w.see(50+24*i, 1, 1, proves(1))
	}
	part, bond := w.see(400, 1, 5, gets("p"))
	merged, _, err := w.shelf.inquire(&w.q, sightWith(part, 401, 1, 5, proves(1)), bond)
	if err != nil || merged.Device != whole.Device || merged.Merged != part.Device {
		t.Fatalf("%+v %v, want %s merged into %s", merged, err, part.Device, whole.Device)
	}
	d, p := w.device(whole.Device), &identity.Device{}
	if err := p.Load(w.shelf.get(identity.DeviceKey("e", identity.RefOf(part.Device)))); err != nil || p.Into() != whole.Device {
		t.Fatalf("the old id leads to %q, %v", p.Into(), err)
	}
	var k identity.Key
	if err := k.Load(w.shelf.get(identity.KeyKey("e", identity.KeyOf("cookie:sid", "p")))); err != nil {
		t.Fatal(err)
	}
	if err := identity.Separate(d, p, []*identity.Key{&k}, nil, "", epoch()); err != nil {
		t.Fatal(err)
	}
	w.shelf.put(identity.DeviceKey("e", identity.RefOf(d.ID())), d.Append(nil), time.Hour*9999)
	w.shelf.put(identity.DeviceKey("e", identity.RefOf(p.ID())), p.Append(nil), time.Hour*9999)
	w.shelf.put(identity.KeyKey("e", identity.KeyOf("cookie:sid", "p")), k.Append(nil), time.Hour*9999)
	for i := range 5 {
		if got, _ := w.see(410+i, 1, 5, func(s *identity.Sight) { presents("p")(s); proves(1)(s) }); got.Device != part.Device || got.Merged != "" {
			t.Fatalf("%+v, want %s for itself", got, part.Device)
		}
	}
}

func sightWith(d identity.Decision, hour, fingerprint, address int, change func(*identity.Sight)) *identity.Sight {
	s := &identity.Sight{Environment: "e", At: epoch().Add(time.Duration(hour) * time.Hour), Address: spread(uint64(address)),
		Network: spread(uint64(address)>>16 | 1<<41), Fingerprint: spread(uint64(fingerprint) | 1<<42), Kind: spread(1 << 43),
		Language: spread(1 << 45), Major: 140, Cycle: 28, Sharp: true, Headers: spread(1 << 46), Fresh: d.Device}
	change(s)
	return s
}

// Whatever comes, the device decided on is one that is kept, ids lead somewhere, and records stay small.
func TestAnyVisitsLeadSomewhere(t *testing.T) {
	for seed := range uint64(20) {
		r, w := rand.New(rand.NewPCG(seed, 1)), newTown(t)
		for i := range 300 {
			d, bond := w.see(i/3, r.IntN(6), r.IntN(5), func(s *identity.Sight) {
				s.Major = int64(138 + r.IntN(4))
				if r.IntN(2) == 0 {
					presents(fmt.Sprint(r.IntN(12)))(s)
				}
				if r.IntN(3) == 0 {
					gets(fmt.Sprint(r.IntN(12)))(s)
				}
				if r.IntN(3) == 0 {
					proves(r.IntN(4))(s)
				}
			})
			kept := w.device(d.Device)
			if d.Device == "" || kept.ID() != d.Device || kept.Into() != "" || bond.Device() != d.Device || kept.Sessions() < 1 {
				t.Fatalf("seed %d, visit %d: %+v, kept %q into %q", seed, i, d, kept.ID(), kept.Into())
			}
			if d.Confidence < 0 || d.Confidence > 99 || d.New != (d.Tier == identity.New || d.Tier == identity.Ambiguous) && d.Parted == "" {
				t.Fatalf("seed %d, visit %d: %+v", seed, i, d)
			}
		}
		for _, kind := range []byte{'a', 'd', 'k', 'u', 'p'} {
			if n := w.shelf.bytes[kind]; n > 720 || kind == 'd' && n > identity.DeviceSize || kind == 'a' && n > 640 {
				t.Errorf("a record of kind %c takes %d bytes", kind, n)
			}
		}
	}
}

// One shared device leaves two accounts two persons, as a family has it; several that nobody else uses do not.
func TestAccountsOfOnePersonComeTogether(t *testing.T) {
	w := newTown(t)
	looks := map[string]int{"phone": 1, "laptop": 2, "tablet": 3}
	for _, key := range []string{"phone", "laptop", "tablet"} {
		w.see(0, looks[key], 1, gets(key))
	}
	login := func(hour int, key string, account int) event.ID {
		w.see(hour, looks[key], 1, func(s *identity.Sight) {
			presents(key)(s)
			proves(account)(s)
			s.Mobile = key == "phone"
		})
		var a identity.Account
		if err := a.Load(w.shelf.get(identity.AccountKey("e", spread(uint64(account)|1<<50)))); err != nil {
			t.Fatal(err)
		}
		var p identity.Person
		if err := p.Load(w.shelf.get(identity.PersonKey("e", identity.RefOf(a.Person())))); err != nil {
			t.Fatal(err)
		}
		if p.Into() != "" {
			return p.Into()
		}
		return a.Person()
	}
	var one, two event.ID
	for i := range 4 {
		one, two = login(10+4*i, "phone", 1), login(12+4*i, "phone", 2)
	}
	if one == "" || one == two {
		t.Fatalf("a shared phone made %q and %q one person", one, two)
	}
	for i := range 4 {
		for k, key := range []string{"laptop", "tablet", "phone"} {
			one, two = login(50+20*i+2*k, key, 1), login(51+20*i+2*k, key, 2)
		}
	}
	if one != two {
		t.Errorf("three shared devices left %q and %q two persons", one, two)
	}
}

// BenchmarkInquiry is one returning visitor of a home, with the store's part in it.
func BenchmarkInquiry(b *testing.B) {
	s := &shelf{pieces: map[string]piece{}, bytes: map[byte]int{}}
	q := &identity.Inquiry{}
	sight := sightWith(identity.Decision{Device: event.DeriveID(epoch(), "d")}, 0, 1, 1, presents("k"))
	b.ReportAllocs()
	for b.Loop() {
		sight.At = sight.At.Add(time.Minute)
		if _, _, err := s.inquire(q, sight, identity.Bond{}); err != nil {
			b.Fatal(err)
		}
	}
}
