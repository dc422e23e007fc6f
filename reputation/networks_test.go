package reputation_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/reputation"
)

func list(t *testing.T, kind event.NetworkKind, owner, text string) []reputation.Range {
	t.Helper()
	ranges, err := reputation.ReadList(strings.NewReader(text), reputation.Entry{Kind: kind, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	return ranges
}

func TestFind(t *testing.T) {
	ranges := list(t, event.Hosting, "cloud", "198.51.100.0/24 # a cloud\n2001:db8::/32")
	ranges = append(ranges, list(t, event.Crawler, "bot", "198.51.100.64/28\n2001:db8:7::/48")...)
	ranges = append(ranges, list(t, event.VPN, "", "198.51.100.70 ; one address\n203.0.113.9")...)
	networks, err := reputation.New(ranges)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"198.51.99.255": "", "198.51.100.0": "hosting cloud", "198.51.100.63": "hosting cloud", "198.51.100.64": "crawler bot",
		"198.51.100.70": "crawler bot", "198.51.100.79": "crawler bot", "198.51.100.80": "hosting cloud", "198.51.100.255": "hosting cloud",
		"198.51.101.0": "", "203.0.113.9": "vpn ", "203.0.113.10": "", "2001:db8::1": "hosting cloud", "2001:db8:7::1": "crawler bot",
		"2001:db9::": "", "::ffff:198.51.100.0": "hosting cloud",
	} {
		entry, found := networks.Find(netip.MustParseAddr(address))
		got := ""
		if found {
			got = string(entry.Kind) + " " + entry.Owner
		}
		if got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
	if _, found := networks.Find(netip.Addr{}); found {
		t.Error("no address was found on a list")
	}
}

// Whatever overlaps, the most telling range that holds an address is found.
func TestFindIsTheMostTellingRange(t *testing.T) {
	kinds := []event.NetworkKind{event.Hosting, event.VPN, event.Relay, event.Tor, event.Crawler}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var ranges []reputation.Range
		for range r.IntN(12) {
			first := r.IntN(250)
			last := min(255, first+r.IntN(60))
			address := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }
			kind := r.IntN(len(kinds))
			ranges = append(ranges, reputation.Range{First: address(first), Last: address(last), Entry: reputation.Entry{Kind: kinds[kind], Owner: fmt.Sprint(kind)}})
		}
		networks, err := reputation.New(ranges)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		if err := networks.Write(&packed); err != nil {
			t.Fatal(err)
		}
		again, err := reputation.Read(packed.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for n := range 256 {
			at := netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})
			want := ""
			for _, one := range ranges {
				if !at.Less(one.First) && !one.Last.Less(at) && one.Entry.Owner > want {
					want = one.Entry.Owner
				}
			}
			for _, lists := range []*reputation.Networks{networks, again} {
				if entry, _ := lists.Find(at); entry.Owner != want {
					t.Fatalf("seed %d: %v is %q, want %q", seed, at, entry.Owner, want)
				}
			}
		}
	}
}

func TestReadListRefusesWhatIsNoAddress(t *testing.T) {
	for _, text := range []string{"1.2.3", "1.2.3.4/33", "host.example", "fe80::1%eth0"} {
		if _, err := reputation.ReadList(strings.NewReader("10.0.0.1\n"+text), reputation.Entry{}); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBuiltIn(t *testing.T) {
	networks, err := reputation.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"66.249.66.1": "crawler googlebot", "40.77.167.20": "crawler bing", "3.80.0.1": "hosting", "192.0.2.1": "", "127.0.0.1": "",
	} {
		entry, _ := networks.Find(netip.MustParseAddr(address))
		if got := string(entry.Kind) + " " + entry.Owner; !strings.HasPrefix(got, want) || want == "" && got != " " {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
}

func TestAgents(t *testing.T) {
	networks, err := reputation.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	agents := reputation.Agents()
	for _, c := range []struct {
		userAgent, address, name string
		proof                    event.Proof
	}{
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "66.249.66.1", "googlebot", event.Verified},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "192.0.2.1", "googlebot", ""}, // its names are to be asked
		{"Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "192.0.2.1", "gptbot", event.Refuted},
		{"Mozilla/5.0 (compatible; ClaudeBot/1.0)", "192.0.2.1", "claudebot", ""},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0", "192.0.2.1", "", ""},
	} {
		agent, declared := reputation.Declared(agents, c.userAgent)
		if agent.Name != c.name || declared != (c.name != "") {
			t.Errorf("%s declares %q", c.userAgent, agent.Name)
		}
		if got := agent.Listed(networks, netip.MustParseAddr(c.address)); got != c.proof {
			t.Errorf("%s from %s: %q, want %q", c.name, c.address, got, c.proof)
		}
	}
	google, _ := reputation.Declared(agents, "Googlebot")
	for name, want := range map[string]bool{"crawl-66-249-66-1.googlebot.com.": true, "evilgooglebot.com": false, "googlebot.com.evil.example": false, "Crawl.GoogleBot.com": true} {
		if google.Named(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	networks, err := reputation.New([]reputation.Range{{First: netip.MustParseAddr("10.0.0.0"), Last: netip.MustParseAddr("10.0.0.9"), Entry: reputation.Entry{Kind: event.Tor}}})
	if err != nil {
		f.Fatal(err)
	}
	var packed bytes.Buffer
	if err := networks.Write(&packed); err != nil {
		f.Fatal(err)
	}
	f.Add(packed.Bytes())
	f.Add([]byte("no list"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		n, err := reputation.Read(packed)
		if err != nil {
			return
		}
		if entry, found := n.Find(netip.MustParseAddr("10.0.0.1")); found && entry == (reputation.Entry{}) && n.Len() == 0 {
			t.Error("an empty list knows an address")
		}
	})
}

func FuzzReadList(f *testing.F) {
	f.Add("10.0.0.0/8 # ten\n2001:db8::1\n")
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := reputation.ReadList(strings.NewReader(text), reputation.Entry{Kind: event.VPN})
		if err != nil {
			return
		}
		n, err := reputation.New(ranges)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ranges {
			if _, found := n.Find(r.Last); !found {
				t.Errorf("%v is on no list", r.Last)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	networks, err := reputation.BuiltIn()
	if err != nil {
		b.Fatal(err)
	}
	address := netip.MustParseAddr("66.249.66.1")
	b.ReportAllocs()
	for b.Loop() {
		networks.Find(address)
	}
}
