package traffic

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/sim/shop"
)

func TestSameSeedSamePlan(t *testing.T) {
	for _, seed := range []uint64{0, 1, 1 << 63} {
		one, two := Plan(seed, 200), Plan(seed, 200)
		if !reflect.DeepEqual(one, two) {
			t.Fatalf("seed %d makes two different crowds", seed)
		}
		for n := range 5 {
			if !reflect.DeepEqual(planVisit(seed, one[n], n), planVisit(seed, two[n], n)) {
				t.Errorf("seed %d plans visit %d in two ways", seed, n)
			}
		}
	}
	if reflect.DeepEqual(Plan(1, 50), Plan(2, 50)) {
		t.Error("the seed does not matter")
	}
}

func TestPeopleAreDifferent(t *testing.T) {
	people := Plan(1, DefaultPeople)
	if len(people) != DefaultPeople {
		t.Fatalf("%d people", len(people))
	}
	personas, devices, countries, homes, accounts := map[Persona]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, p := range people {
		personas[p.Persona]++
		devices[p.device.name]++
		countries[p.Home.Country]++
		homes[p.Home.Address]++
		accounts[p.Account.Email]++
		if !shop.Luhn(p.Card) || !shop.CardWorks(p.Card) {
			t.Errorf("person %d has the card %s", p.Number, p.Card)
		}
		if p.Away.Country != p.Home.Country {
			t.Errorf("person %d lives in %s and is away in %s", p.Number, p.Home.Country, p.Away.Country)
		}
		if p.First < 0 || p.First > cycle {
			t.Errorf("person %d comes first after %s", p.Number, p.First)
		}
	}
	shared := 0
	for _, n := range homes {
		if n > 1 {
			shared += n
		}
	}
	if len(personas) != 8 || len(devices) < 8 || len(countries) < 10 || shared < 20 || len(accounts) != len(people) {
		t.Errorf("personas %v, devices %v, countries %v, %d share an address, %d accounts", personas, devices, countries, shared, len(accounts))
	}
}

func TestVisitsMakeSense(t *testing.T) {
	for _, p := range Plan(3, 300) {
		for n := range 6 {
			v := planVisit(3, p, n)
			if len(v.Steps) < 2 || len(v.Steps) > 40 || v.Pause <= 0 || v.Pause > 2*cycle {
				t.Fatalf("visit %d of a %s: %d steps, pause %s", n, p.Persona, len(v.Steps), v.Pause)
			}
			inCart := false
			for _, s := range v.Steps {
				inCart = inCart || s.do == addToCart
				if s.do == pay && !inCart {
					t.Errorf("visit %d of a %s pays for nothing", n, p.Persona)
				}
				if s.think <= 0 || s.think > 6*time.Second {
					t.Errorf("thinks for %s", s.think)
				}
			}
		}
	}
}

// Every address that is ever drawn is in the network it was drawn from, and no network is a private one.
func TestAddressesStayInTheirNetworks(t *testing.T) {
	r := randomness(1, "test", 0, 0)
	networks := 0
	for _, line := range strings.Split(strings.TrimSpace(homeNetworks+mobileNetworks+botNetworks), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		before, _, _ := strings.Cut(line, "|")
		for _, word := range strings.Fields(before)[1:] {
			network := netip.MustParsePrefix(word)
			networks++
			if network != network.Masked() || network.Addr().IsPrivate() || !network.Addr().IsGlobalUnicast() {
				t.Errorf("%s is no public network", word)
			}
			for range 50 {
				if a := netip.MustParseAddr(addressIn(r, network)); !network.Contains(a) {
					t.Errorf("%s is not in %s", a, word)
				}
			}
		}
	}
	if networks < 30 {
		t.Errorf("only %d networks", networks)
	}
	for range 100 {
		p := placeIn(r, homeNetworks)
		if len(p.Country) != 2 || p.City == "" || p.PostalCode == "" || p.Street == "" {
			t.Fatalf("place %+v", p)
		}
	}
	if n := neighbour(r, "113.160.7.9"); !netip.MustParsePrefix("113.160.7.0/24").Contains(netip.MustParseAddr(n)) {
		t.Errorf("neighbour %s", n)
	}
	if n := neighbour(r, "2003::1"); n != "2003::1" {
		t.Errorf("neighbour %s", n)
	}
}

func TestVictimsAreNoneOfThePeople(t *testing.T) {
	r := randomness(1, "test", 0, 1)
	people := map[string]bool{}
	for i := range MaxPeople {
		people[shop.AccountAt(1, i).Email] = true
	}
	for _, p := range stolen(r, 1, 500) {
		if people[p.email] {
			t.Errorf("%s is one of the people", p.email)
		}
	}
	for wave := range 100 {
		for n := range rightPairs {
			if number := shop.SeededAccounts - 1 - (n + wave%60*rightPairs); number < MaxPeople {
				t.Fatal(fmt.Sprint("victim ", number))
			}
		}
	}
}
