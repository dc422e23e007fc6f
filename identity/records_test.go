package identity

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/event"
)

func day(n int) time.Time { return time.Date(2026, 3, 1+n, 12, 0, 0, 0, time.UTC) }

func testID(n int) event.ID { return event.DeriveID(day(0), "test", fmt.Sprint(n)) }

// hash spreads a number over 64 bits, as velocity.HashOf does with texts.
func hash(n int) uint64 { return hashAll(fmt.Sprint(n)) }

func view(n, address int, at time.Time) *Sight {
	return &Sight{Environment: "production", At: at, Address: hash(address), Prefix: hash(address / 256), Network: hash(7000 + address/1000),
		Country: hash(49), Fingerprint: hash(n), Kind: hash(n % 10), Client: hash(n % 20), Language: hash(1), Major: 140, Cycle: 28,
		Sharp: true, Headers: hash(n % 10), Fresh: testID(n*100000 + address)}
}

func TestLogarithmsAreThoseOfFloats(t *testing.T) {
	for _, x := range []uint64{1, 2, 3, 5, 100, 1000, 1 << 30, 1<<40 + 12345, 1 << 63, math.MaxUint64} {
		if got, want := float64(log2(x)), 100*math.Log2(float64(x)); math.Abs(got-want) > 1.5 {
			t.Errorf("log2(%d) = %v, want %v", x, got, want)
		}
	}
	for c := int64(0); c < 2000; c += 7 {
		got, want := float64(power(c))/float64(unit), math.Exp2(-float64(c)/100)
		if math.Abs(got-want) > want*.004+1e-9 {
			t.Errorf("power(%d) = %v, want %v", c, got, want)
		}
	}
	if got := float64(fade(30, 30)) / float64(unit); math.Abs(got-1/math.E) > .005 {
		t.Errorf("fade = %v", got)
	}
	for c, want := range map[int64]int64{0: 50, 100: 66, 700: 99, -100: 33, -2000: 0, 2000: 99} {
		if got := percent(c); got < want-1 || got > want+1 {
			t.Errorf("percent(%d) = %d, want %d", c, got, want)
		}
	}
}

type packed interface {
	Load([]byte) error
	Append([]byte) []byte
}

// full makes one of each record with as much in it as there can be.
func full() map[string]packed {
	r := rand.New(rand.NewPCG(1, 2))
	l, d, k, a := &Ledger{}, &Device{}, &Key{}, &Account{}
	p, m, c := &Person{}, &Mark{}, &Crowd{}
	id, _ := rawOf(testID(1))
	*d = Device{id: id, person: id, actor: id, bits: 900}
	for i := range 200 {
		s := view(i, i, day(i/20).Add(time.Duration(i)*time.Minute))
		l.note(s, Ref(r.Uint64()), uint8(i), uint16(hash(i)), false)
		d.look(look{s.Fingerprint, 140, stampOf(s.At), 7})
		d.addressed = visit(d.addresses[:], d.addressed, place{short(s.Address), 1, stampOf(s.At)})
		d.networked = visit(d.networks[:], d.networked, place{short(s.Network), 1, stampOf(s.At)})
		d.own(owner{hash(i), stampOf(s.At), stampOf(s.At), 1})
		d.Pin(Ref(i + 1))
		k.show(s)
		a.prove(s, Ref(r.Uint64()))
		a.history.remember(s, Ref(i))
		p.hold(hash(i))
		p.use(Ref(i+1), 1, stampOf(s.At))
		m.note(Ref(i+1), stampOf(s.At))
		c.Note(s.At)
	}
	actor := &Actor{id: id, devices: 9}
	for i := range 20 {
		actor.remember(Ref(i + 1))
	}
	return map[string]packed{"ledger": l, "device": d, "alias": &Device{id: id, into: id}, "key": k, "account": a, "person": p, "mark": m, "crowd": c,
		"actor": actor, "bond": &Bond{device: id, tier: 2, bits: 700, made: true, shown: true, near: true, sure: 80}}
}

func empty(name string) packed {
	return map[string]packed{"ledger": &Ledger{}, "device": &Device{}, "alias": &Device{}, "key": &Key{}, "account": &Account{}, "person": &Person{},
		"mark": &Mark{}, "crowd": &Crowd{}, "actor": &Actor{}, "bond": &Bond{}}[name]
}

func TestRecordsSurvivePackingAndStaySmall(t *testing.T) {
	limits := map[string]int{"ledger": 640, "device": DeviceSize, "alias": 40, "key": 160, "account": 720, "person": 400, "mark": 64, "crowd": 16,
		"actor": 192, "bond": BondSize}
	for name, r := range full() {
		b := r.Append(nil)
		if len(b) > limits[name] {
			t.Errorf("%s: %d bytes, more than %d", name, len(b), limits[name])
		}
		again := empty(name)
		if err := again.Load(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(again.Append(nil), b) {
			t.Errorf("%s: packed anew it is another", name)
		}
		for n := 1; n < len(b); n++ {
			if err := empty(name).Load(b[:n]); err == nil && name != "ledger" {
				t.Errorf("%s: %d of %d bytes were taken for all of it", name, n, len(b))
				break
			}
		}
		if err := again.Load(nil); err != nil {
			t.Errorf("%s: nothing is an error: %v", name, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	names := []string{"ledger", "device", "alias", "key", "account", "person", "mark", "crowd", "actor", "bond"}
	for i, name := range names {
		f.Add(uint8(i), full()[name].Append(nil))
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		r := empty(names[int(kind)%len(names)])
		if r.Load(b) != nil || len(b) == 0 {
			return
		}
		if got := r.Append(nil); len(got) > len(b) {
			t.Errorf("%x became longer: %x", b, got)
		}
		if l, ok := r.(*Ledger); ok {
			l.note(view(1, 1, day(1)), 7, 1, 0, false)
			var c contest
			c.weigh(l, view(1, 1, day(2)), unit/64, unit, 5)
			if u := l.Unseen(day(3)); u < 0 || u > 100 {
				t.Errorf("unseen %d %%", u)
			}
		}
	})
}

// A home's visitors come back, a gateway's do not.
func TestUnseenTellsAHomeFromAGateway(t *testing.T) {
	home, gateway := &Ledger{}, &Ledger{}
	for i := range 60 {
		at := day(0).Add(time.Duration(i) * 6 * time.Hour)
		home.note(view(i%2, 1, at), Ref(i%2+1), 0, 0, false)
		gateway.note(view(100+i, 2, at), Ref(100+i), 0, 0, false)
	}
	at := day(15)
	if h, g := home.Unseen(at), gateway.Unseen(at); h > 5 || g < 90 {
		t.Errorf("unseen: home %d %%, gateway %d %%", h, g)
	}
	if h, g := home.Visitors(at), gateway.Visitors(at); h > 3 || g < 100 {
		t.Errorf("visitors: home %d, gateway %d", h, g)
	}
	if home.enough(view(0, 1, at), unit/16) != true || gateway.enough(view(0, 1, at), unit/1000) {
		t.Error("a home says too little, or a gateway enough")
	}
	s := view(0, 1, day(0).Add(59*6*time.Hour))
	if c := home.Collision(s, Share(unit/100), 10*time.Minute); c > 1 {
		t.Errorf("collisions at home: %d", c)
	}
	busy := &Ledger{}
	for i := range 200 {
		busy.note(view(200+i, 3, day(0).Add(time.Duration(i)*time.Second)), Ref(200+i), 0, 0, false)
	}
	if c := busy.Collision(view(1, 3, day(0)), Share(unit/10), 10*time.Minute); c < 100 {
		t.Errorf("collisions of a busy gateway: %d", c)
	}
}

func TestKeyThatIsHandedRoundProvesNothing(t *testing.T) {
	k := &Key{}
	for i := range keyNetworks {
		if !k.show(view(1, i*1000, day(0))) {
			t.Fatalf("network %d was too much", i+1)
		}
	}
	if k.show(view(1, 99000, day(0))) || !k.Replayed(day(1)) {
		t.Error("a key shown from six networks within a day still proves")
	}
	if k.Replayed(day(20)) {
		t.Error("it never proves again")
	}
	k = &Key{}
	for i := range 30 { // a traveller
		if !k.show(view(1, i*1000, day(2*i))) {
			t.Fatal("a key shown from another network every other day does not prove")
		}
	}
	if k.show(view(2, 0, day(61))) {
		t.Error("another browser shows the key, and it proves")
	}
}

func TestVersionsNeverGoBack(t *testing.T) {
	s := view(1, 1, day(0))
	for _, c := range []struct {
		was   uint8
		days  int64
		lower likelihood
		upper likelihood
	}{{140, 3, unit + 1, 2 * unit}, {139, 28, unit, unit}, {139, 200, 1, unit / 8}, {141, 5, 0, 0}, {0, 5, unit, unit}} {
		if got := versionRatio(c.was, s, c.days); got < c.lower || got > c.upper {
			t.Errorf("version %d after %d days: %v", c.was, c.days, got)
		}
	}
}

func TestLoginRisk(t *testing.T) {
	a, usual := &Account{}, view(1, 1, day(0))
	p := &Population{Logins: 10000, Address: 3, Prefix: 10, Network: 1500, Country: 7000, Client: 900}
	if r := a.LoginRisk(usual, 5, p); r != 0 {
		t.Errorf("an account without logins has a risk of %d", r)
	}
	for i := range 12 {
		s := view(1, 1, day(3*i))
		a.prove(s, 5)
		a.history.remember(s, 5)
	}
	at := day(40)
	same, roaming, foreign := view(1, 1, at), view(1, 200, at), view(33, 900000, at)
	foreign.Country = hash(1)
	known, moved, thief := a.LoginRisk(same, 5, p), a.LoginRisk(roaming, 5, p), a.LoginRisk(foreign, 6, &Population{Logins: 10000, Network: 40, Country: 90, Client: 30})
	if known >= moved || moved >= thief {
		t.Errorf("risk at home %d, in the same network %d, of a stranger %d", known, moved, thief)
	}
	if known > 0 || moved > 300 || thief < 700 {
		t.Errorf("risk at home %d, in the same network %d, of a stranger %d", known, moved, thief)
	}
	// What has not stood for a day does not make itself usual.
	a.history.remember(foreign, 6)
	if again := a.LoginRisk(foreign, 6, p); again < 300 {
		t.Errorf("the thief's second login on the same day: %d", again)
	}
	a.Reverse(6)
	later := *foreign
	later.At = day(45)
	if r := a.LoginRisk(&later, 6, p); r < 300 {
		t.Errorf("a login that was taken back made itself usual: %d", r)
	}
}

func TestEnlist(t *testing.T) {
	var devices [4]Device
	for i := range devices {
		devices[i].id, _ = rawOf(testID(i))
	}
	marks := map[uint64]Mark{}
	actors := []*Actor{}
	enlist := func(d *Device, traits ...Trait) *Actor {
		r := &Ring{At: day(0), Population: 100000, Traits: traits, Actors: actors}
		for _, trait := range traits {
			r.Marks = append(r.Marks, marks[trait.Hash])
		}
		a, _ := Enlist(d, r, testID(50+int(d.id.ref()%7)))
		for i, trait := range traits {
			marks[trait.Hash] = r.Marks[i]
		}
		actors = r.Actors
		return a
	}
	card, shop := Trait{hash(1), 2}, Trait{hash(2), 40000}
	if a := enlist(&devices[0], card, shop); a != nil {
		t.Error("one device alone has an operator")
	}
	if a := enlist(&devices[1], shop); a != nil {
		t.Error("what half of all devices share makes an operator")
	}
	a := enlist(&devices[1], card)
	if a == nil || a.Devices() != 2 || devices[1].Actor() != a.ID() {
		t.Fatalf("two devices with one card: %+v", a)
	}
	phone := Trait{hash(3), 2}
	enlist(&devices[2], phone)
	b := enlist(&devices[3], phone)
	if b == nil || b == a {
		t.Fatal("two devices with one phone number have no operator of their own")
	}
	c := enlist(&devices[3], phone, card)
	if c == nil || c.Devices() != 4 || (a.Into() == "") == (b.Into() == "") {
		t.Errorf("the operators did not become one: %+v", c)
	}
}
