package app

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/reputation"
)

// phoneBook answers as the DNS would.
type phoneBook struct {
	names     map[string][]string
	addresses map[string][]netip.Addr
	down      bool
}

func (b phoneBook) LookupAddr(_ context.Context, address string) ([]string, error) {
	if b.down {
		return nil, errors.New("no server answers")
	}
	if found, ok := b.names[address]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
}

func (b phoneBook) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if found, ok := b.addresses[host]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
}

func TestProveByNames(t *testing.T) {
	networks, err := reputation.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	real, forged, nameless := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.12")
	book := phoneBook{
		names: map[string][]string{"192.0.2.10": {"crawl-10.applebot.apple.com."}, "192.0.2.11": {"crawl-10.applebot.apple.com."}},
		addresses: map[string][]netip.Addr{
			"crawl-10.applebot.apple.com.": {real},
		},
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	p := newProver(networks, book, func() time.Time { return now })
	// Each of these has proofsOfNetwork questions at most under way, and is answered at once.
	if name := p.declared("Mozilla/5.0 (compatible; Applebot/0.1)"); name != "applebot" {
		t.Fatalf("declared %q", name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for address, want := range map[netip.Addr]event.Proof{real: event.Verified, forged: event.Refuted, nameless: event.Refuted} {
		if got := p.prove("applebot", address); got != "" {
			t.Errorf("%v: %q before anybody was asked", address, got)
		}
		q := <-p.waiting
		p.answered(q, p.ask(ctx, q))
		if got := p.prove("applebot", address); got != want {
			t.Errorf("%v: %q, want %q", address, got, want)
		}
	}
	now = now.Add(proofLife + time.Second)
	if got := p.prove("applebot", real); got != "" {
		t.Errorf("an answer of yesterday still counts: %q", got)
	}
	p.dns = phoneBook{down: true}
	if a := p.ask(ctx, question{"applebot", forged}); a.proof != "" {
		t.Errorf("a DNS that is down proves %q", a.proof)
	}
}

func TestProveIsBounded(t *testing.T) {
	p := newProver(nil, phoneBook{}, time.Now)
	for i := range 3 * proofsWaiting {
		p.prove("applebot", netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}))
	}
	if len(p.waiting) != proofsWaiting || len(p.known) != proofsWaiting {
		t.Errorf("%d questions wait, %d are remembered", len(p.waiting), len(p.known))
	}
	p.mu.Lock()
	for i := range proofsKept + 100 {
		p.remember(question{"applebot", netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})}, answer{})
	}
	p.mu.Unlock()
	if len(p.known) > proofsKept {
		t.Errorf("%d answers are remembered", len(p.known))
	}
}

// A network whose names nobody answers for must not keep the questions about others waiting, and what it makes us remember
// must not drive out what is proven.
func TestOneNetworkStarvesNobody(t *testing.T) {
	p := newProver(nil, phoneBook{}, time.Now)
	for _, space := range []string{"2001:db8:1:2::", "192.0.2.0"} {
		address, network := netip.MustParseAddr(space), len(p.waiting)
		for range 200 {
			address = address.Next()
			p.prove("applebot", address)
		}
		if asked := len(p.waiting) - network; asked != proofsOfNetwork {
			t.Errorf("%d questions about %s wait, want %d", asked, space, proofsOfNetwork)
		}
	}
	for range 2 * proofsOfNetwork {
		p.answered(<-p.waiting, answer{})
	}
	if len(p.under) != 0 {
		t.Errorf("after the answers %v are still counted", p.under)
	}
	p.prove("applebot", netip.MustParseAddr("192.0.2.250"))
	if len(p.waiting) != 1 {
		t.Error("after the answers the network's next question is not asked")
	}
}

func TestProofsOutliveWhatTellsNothing(t *testing.T) {
	p := newProver(nil, nil, time.Now)
	p.mu.Lock()
	defer p.mu.Unlock()
	const proven = 200
	for i := range proofsKept + 5000 {
		a := answer{}
		if i < proven {
			a.proof = event.Verified
		}
		p.remember(question{"applebot", netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})}, a)
	}
	left := 0
	for _, a := range p.known {
		if a.proof == event.Verified {
			left++
		}
	}
	if left < proven*9/10 {
		t.Errorf("%d of %d proofs are left", left, proven)
	}
}
