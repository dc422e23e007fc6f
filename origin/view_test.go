package origin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func many(name string, n int, weights ...int) Config {
	c := config(name)
	for i := range n {
		weight := 1
		if len(weights) > 0 {
			weight = weights[i%len(weights)]
		}
		c.Endpoints = append(c.Endpoints, EndpointConfig{URL: fmt.Sprintf("http://10.0.%d.%d", i/200, i%200+1), Weight: weight})
	}
	return c
}

func counted(t *testing.T, g *Group, n int, choice func(i int) Choice) map[string]int {
	t.Helper()
	got := map[string]int{}
	for i := range n {
		e, err := g.Pick(choice(i))
		if err != nil {
			t.Fatal(err)
		}
		got[e.address]++
	}
	return got
}

func none(int) Choice { return Choice{} }

func TestEvenGivesEveryoneExactlyItsShare(t *testing.T) {
	c := many("a", 4, 1, 2, 3, 10)
	c.Balance = BalanceEven
	g := still(t, Deps{}, c).Find("a")
	// Any window of as many requests as there are shares has everyone exactly as often as its weight.
	for window := range 20 {
		got := counted(t, g, 16, none)
		for _, e := range g.endpoints {
			if got[e.address] != e.weight {
				t.Fatalf("window %d: %s got %d of 16, weight %d", window, e.address, got[e.address], e.weight)
			}
		}
	}
	// And the turns are spread: the one of weight 10 never waits long.
	longest, run := 0, 0
	for _, who := range g.view.Load().turns {
		if run++; who == 3 {
			longest, run = max(longest, run), 0
		}
	}
	if longest > 3 {
		t.Errorf("the heaviest waits for %d turns", longest)
	}
}

func TestRandomIsUniform(t *testing.T) {
	for name, c := range map[string]Config{"equal": many("a", 8), "weighted": many("a", 8, 1, 3), "two": many("a", 2, 7, 3)} {
		g := still(t, Deps{}, c).Find("a")
		const n = 40_000
		got := counted(t, g, n, none)
		total := 0
		for _, e := range g.endpoints {
			total += e.weight
		}
		chi := 0.0
		for _, e := range g.endpoints {
			expected := float64(n) * float64(e.weight) / float64(total)
			d := float64(got[e.address]) - expected
			chi += d * d / expected
		}
		// With 7 degrees of freedom chi² exceeds 40 once in a million.
		if chi > 40 {
			t.Errorf("%s: chi-square %.1f: %v", name, chi, got)
		}
	}
}

func TestLeastConnectionsAvoidsTheBusy(t *testing.T) {
	c := many("a", 3, 1, 1, 2)
	c.Balance = BalanceLeastConnections
	g := still(t, Deps{}, c).Find("a")
	g.endpoints[0].busy.Store(50)
	got := counted(t, g, 1000, func(int) Choice { return Choice{} })
	if got[g.endpoints[0].address] != 0 {
		t.Errorf("the busy one got %v", got)
	}
	// Requests that never end: shares come out as the weights are.
	g.endpoints[0].busy.Store(0)
	for range 4000 {
		e := pick(t, g)
		e.busy.Add(1)
	}
	for _, e := range g.endpoints {
		want := int64(1000 * e.weight)
		if got := e.busy.Load(); got < want-200 || got > want+200 {
			t.Errorf("weight %d has %d requests of 4000", e.weight, got)
		}
	}
}

func key(i int) Choice { return Choice{Sticky: fmt.Sprintf("visitor-%d", i)} }

func TestStickyKeysStay(t *testing.T) {
	for name, c := range map[string]Config{"equal": many("a", 5), "weighted": many("a", 5, 1, 2, 5)} {
		g := still(t, Deps{}, c).Find("a")
		const n = 5000
		where := make([]*Endpoint, n)
		share := map[*Endpoint]int{}
		total := 0
		for _, e := range g.endpoints {
			total += e.weight
		}
		for i := range n {
			where[i], _ = g.Pick(key(i))
			share[where[i]]++
			if again, _ := g.Pick(key(i)); again != where[i] {
				t.Fatalf("%s: key %d moved without reason", name, i)
			}
		}
		for _, e := range g.endpoints {
			expected := n * e.weight / total
			if share[e] < expected*8/10 || share[e] > expected*12/10 {
				t.Errorf("%s: %s of weight %d has %d of %d keys", name, e.address, e.weight, share[e], n)
			}
		}
		// One leaves: its keys move, to everyone; nobody else's do.
		gone := g.endpoints[2]
		g.mu.Lock()
		gone.condition.unhealthy = true
		g.rebuild()
		g.mu.Unlock()
		heirs := map[*Endpoint]int{}
		for i := range n {
			e, _ := g.Pick(key(i))
			switch {
			case where[i] == gone:
				heirs[e]++
			case e != where[i]:
				t.Fatalf("%s: key %d moved although its endpoint is there", name, i)
			}
		}
		if len(heirs) != 4 || heirs[gone] != 0 {
			t.Errorf("%s: keys went to %d endpoints", name, len(heirs))
		}
		// To be avoided is to be gone, for one request.
		for i := range 100 {
			if e, _ := g.Pick(Choice{Sticky: key(i).Sticky, Avoid: where[i]}); e == where[i] && e != gone {
				t.Fatalf("%s: key %d was not moved away from what failed", name, i)
			}
		}
	}
}

// Another process with the same endpoints in another order chooses alike.
func TestStickyIsTheSameEverywhere(t *testing.T) {
	c := many("a", 6)
	g := still(t, Deps{}, c).Find("a")
	turned := c
	turned.Endpoints = slices.Clone(c.Endpoints)
	slices.Reverse(turned.Endpoints)
	h := still(t, Deps{}, turned).Find("a")
	for i := range 500 {
		a, _ := g.Pick(key(i))
		b, _ := h.Pick(key(i))
		if a.address != b.address {
			t.Fatalf("key %d goes to %s and %s", i, a.address, b.address)
		}
	}
	// A golden value: another release must not move everybody.
	if got := keyHash("visitor-1"); got != 0x628c53a97428537a {
		t.Errorf("keyHash is %#x", got)
	}
}

func TestAvoid(t *testing.T) {
	for _, balance := range []Balance{BalanceRandom, BalanceEven, BalanceLeastConnections} {
		c := many("a", 3, 5, 1, 1)
		c.Balance = balance
		g := still(t, Deps{}, c).Find("a")
		bad := g.endpoints[0]
		got := counted(t, g, 300, func(int) Choice { return Choice{Avoid: bad} })
		if got[bad.address] != 0 {
			t.Errorf("%s: what failed was chosen %d times", balance, got[bad.address])
		}
	}
	g := still(t, Deps{}, many("a", 1)).Find("a")
	if e, err := g.Pick(Choice{Avoid: g.endpoints[0]}); err != nil || e != g.endpoints[0] {
		t.Error("the only one must be chosen again")
	}
}

func TestSpreadIsBoundedAndFair(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		shares := make([]int, 1+dice.IntN(40))
		for i := range shares {
			shares[i] = 1 + dice.IntN(maxWeight*rampSteps)
		}
		turns := spread(shares)
		if len(turns) > maxTurns+len(shares) {
			t.Fatalf("%d turns", len(turns))
		}
		count := make([]int, len(shares))
		sum := 0
		for _, who := range turns {
			count[who]++
		}
		for _, s := range shares {
			sum += s
		}
		for i, s := range shares {
			expected := float64(s) / float64(sum) * float64(len(turns))
			if d := float64(count[i]) - expected; d > 2+expected/20 || d < -2-expected/20 {
				t.Fatalf("share %d of %d got %d turns of %d", s, sum, count[i], len(turns))
			}
		}
	}
	if spread(nil) != nil {
		t.Error("nobody has turns")
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	for _, balance := range []Balance{BalanceRandom, BalanceEven, BalanceLeastConnections} {
		c := many("a", 5, 1, 2)
		c.Balance = balance
		g := still(t, Deps{}, c).Find("a")
		for _, choice := range []Choice{{}, {Sticky: "abc"}, {Avoid: g.endpoints[0]}} {
			if n := testing.AllocsPerRun(100, func() { _, _ = g.Pick(choice) }); n != 0 {
				t.Errorf("%s: %v allocations", balance, n)
			}
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, balance := range []Balance{BalanceRandom, BalanceEven, BalanceLeastConnections, "sticky"} {
		c := many("a", 8)
		choice := Choice{}
		if balance == "sticky" {
			choice.Sticky = "some-cookie-of-a-visitor"
		} else {
			c.Balance = balance
		}
		s, err := build([]Config{c}, Deps{})
		if err != nil {
			b.Fatal(err)
		}
		g := s.Find("a")
		b.Run(string(balance), func(b *testing.B) {
			for b.Loop() {
				_, _ = g.Pick(choice)
			}
		})
		s.Close()
	}
}
