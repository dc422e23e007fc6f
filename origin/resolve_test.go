package origin

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestNamesAreLookedUpAgain(t *testing.T) {
	noLeak(t)
	time0 := &clock{}
	dns := &names{}
	dns.say("app.example", nil, "10.0.0.2", "10.0.0.1")
	c := config("a", "http://app.example:8080", "http://10.0.9.9:8080")
	s := still(t, Deps{Now: time0.now, Resolver: dns}, c)
	g := s.Find("a")
	again := func() {
		time0.advance(31 * time.Second)
		s.sweep(time0.now())
		settled(t, s)
	}
	want := func(what, all string) {
		t.Helper()
		got := strings.ReplaceAll(addresses(g), ":8080", "")
		if got != all {
			t.Errorf("%s: %s, want %s", what, got, all)
		}
	}
	want("at the start", "10.0.9.9 10.0.0.1 10.0.0.2")
	first := g.endpoints[1]
	dns.say("app.example", nil, "10.0.0.1", "10.0.0.3")
	s.sweep(time0.now())
	settled(t, s)
	want("before it is due", "10.0.9.9 10.0.0.1 10.0.0.2")
	again()
	want("one went, one came", "10.0.9.9 10.0.0.1 10.0.0.3")
	if g.endpoints[1] != first {
		t.Error("an endpoint that stayed was made anew")
	}
	dns.say("app.example", errors.New("server failure"))
	again()
	want("no answer", "10.0.9.9 10.0.0.1 10.0.0.3")
	dns.say("app.example", nil)
	again()
	want("an empty answer", "10.0.9.9 10.0.0.1 10.0.0.3")
	dns.say("app.example", nil, "0.0.0.0", "224.0.0.1")
	again()
	want("a nonsensical answer", "10.0.9.9 10.0.0.1 10.0.0.3")
	dns.say("app.example", nil, "10.0.0.4")
	again()
	want("all went, one came", "10.0.9.9 10.0.0.4")
	if all, bad := g.count().lookups.Load(), g.count().badLookups.Load(); all != 6 || bad != 3 {
		t.Errorf("counted %d lookups, %d bad", all, bad)
	}
}

func TestNameUnknownAtTheStart(t *testing.T) {
	time0 := &clock{}
	dns := &names{}
	dns.say("app.example", errors.New("no such host"))
	s := still(t, Deps{Now: time0.now, Resolver: dns}, config("a", "http://app.example"))
	g := s.Find("a")
	if _, err := g.Pick(Choice{}); !errors.Is(err, ErrNone) {
		t.Errorf("error %v", err)
	}
	dns.say("app.example", nil, "10.0.0.1")
	time0.advance(2 * time.Second) // much sooner than a name that is known
	s.sweep(time0.now())
	settled(t, s)
	if addresses(g) != "10.0.0.1:80" {
		t.Errorf("candidates %s", addresses(g))
	}
}

// A name with addresses of both families is as many endpoints as it has of the first; the other family is only for when
// those cannot be reached.
func TestBothFamilies(t *testing.T) {
	a := serve(t, nil, good)
	dns := &names{}
	dns.say("localhost", nil, "::1", "127.0.0.1", "::ffff:127.0.0.1") // the application listens on 127.0.0.1 only
	s := still(t, Deps{Resolver: dns}, config("a", "http://localhost:"+a.port()))
	g := s.Find("a")
	if got := addresses(g); got != "[::1]:"+a.port() {
		t.Fatalf("candidates %s", got)
	}
	e := g.endpoints[0]
	for range 2 {
		conn := connect(t, e)
		ask(t, conn)
		conn.Release(false)
		if e.pool.dialer.prefer.Load() != 1 {
			t.Error("what worked is not remembered")
		}
	}
	if e.Host() != "localhost:"+a.port() || e.URL() != "http://localhost:"+a.port() || e.Secure() {
		t.Errorf("endpoint %s %s", e.Host(), e.URL())
	}
}

func TestTargets(t *testing.T) {
	parse := func(texts ...string) []netip.Addr {
		var all []netip.Addr
		for _, text := range texts {
			all = append(all, netip.MustParseAddr(text))
		}
		return all
	}
	got := targets(append(parse("10.0.0.3", "2001:db8::2", "10.0.0.1", "10.0.0.3", "2001:db8::1"), netip.Addr{}))
	if len(got) != 2 || got[0].address.String() != "10.0.0.1" || got[0].others[0].String() != "2001:db8::1" ||
		got[1].address.String() != "10.0.0.3" || got[1].others[0].String() != "2001:db8::2" {
		t.Errorf("targets %v", got)
	}
	if got := targets(parse("::1", "10.0.0.1", "::2")); len(got) != 2 || got[1].others[0].String() != "10.0.0.1" {
		t.Errorf("targets %v", got)
	}
	var crowd []netip.Addr
	for i := range 255 {
		crowd = append(crowd, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	if got := targets(crowd); len(got) != maxAddresses {
		t.Errorf("%d targets", len(got))
	}
}

// Connections to an address that went are closed, those in use when they are released.
func TestAddressThatWent(t *testing.T) {
	noLeak(t)
	time0 := &clock{}
	a := serve(t, nil, good)
	dns := &names{}
	dns.say("app.example", nil, "127.0.0.1")
	s := still(t, Deps{Now: time0.now, Resolver: dns}, config("a", "http://app.example:"+a.port()))
	g := s.Find("a")
	e := pick(t, g)
	idle, used := connect(t, e), connect(t, e)
	idle.Release(true)
	dns.say("app.example", nil, "127.0.0.2")
	time0.advance(31 * time.Second)
	s.sweep(time0.now())
	settled(t, s)
	if got := e.pool.state(); got.idle != 0 || got.open != 1 || len(g.retired) != 1 {
		t.Errorf("state %+v", got)
	}
	used.SetTimeout(time.Second)
	ask(t, used)
	used.Release(true)
	if got := e.pool.state(); got.open != 0 {
		t.Errorf("state %+v", got)
	}
	s.sweep(time0.now())
	if len(g.retired) != 0 {
		t.Error("the pool is still swept")
	}
	if made := g.count().made.Load(); made != 2 {
		t.Errorf("%d connections counted", made)
	}
}
