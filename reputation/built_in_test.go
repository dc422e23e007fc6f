package reputation_test

import (
	"bytes"
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"wayguard/event"
	"wayguard/reputation"
)

var update = flag.Bool("update", false, "pack the lists anew")

// listFolder is where the lists lie as their projects publish them.
const listFolder = "../../shared/data/ip-lists"

// sources are the lists that are built in, each folder with what it says.
func sources() map[string]reputation.Entry {
	taken := map[string]reputation.Entry{
		"x4bnet/output/datacenter": {Kind: event.Hosting},
		"x4bnet/output/vpn":        {Kind: event.VPN},
		"ipranges/protonvpn":       {Kind: event.VPN, Owner: "protonvpn"},
		"ipranges/apple-proxy":     {Kind: event.Relay, Owner: "icloud-relay"},
	}
	for _, cloud := range []string{"amazon", "microsoft", "google", "oracle", "digitalocean", "linode", "vultr", "github"} {
		taken["ipranges/"+cloud] = reputation.Entry{Kind: event.Hosting, Owner: cloud}
	}
	for _, crawler := range []string{"googlebot", "bing", "duckduckbot", "duckassistbot", "facebook", "twitter", "telegram", "openai", "perplexity", "pingdom"} {
		taken["ipranges/"+crawler] = reputation.Entry{Kind: event.Crawler, Owner: crawler}
	}
	return taken
}

// TestBuiltInIsThePublishedLists packs the lists and holds what is embedded against it; -update writes it.
func TestBuiltInIsThePublishedLists(t *testing.T) {
	if _, err := os.Stat(listFolder); err != nil {
		t.Skipf("NOT CHECKED: the lists are not at %s", listFolder)
	}
	var ranges []reputation.Range
	taken := sources()
	for _, folder := range slices.Sorted(maps.Keys(taken)) {
		files, err := filepath.Glob(filepath.Join(listFolder, folder, "ipv*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no list in %s: %v", folder, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part, err := reputation.ReadList(bytes.NewReader(data), taken[folder])
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			ranges = append(ranges, slices.DeleteFunc(part, nobodys)...)
		}
	}
	networks, err := reputation.New(ranges)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := networks.Write(&packed); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("ranges.bin.gz", packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	builtIn, err := reputation.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if builtIn.Len() != networks.Len() {
		t.Fatalf("%d spans are built in, the lists have %d: run this test with -update", builtIn.Len(), networks.Len())
	}
	for _, r := range ranges {
		got, _ := builtIn.Find(r.First)
		if want, _ := networks.Find(r.First); got != want {
			t.Fatalf("%v is %v, the lists say %v: run this test with -update", r.First, got, want)
		}
	}
}

// nobodys says whether a range is one that nobody can come from: a list in circulation has one for documentation.
func nobodys(r reputation.Range) bool {
	for _, reserved := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if netip.MustParsePrefix(reserved).Contains(r.First) {
			return true
		}
	}
	return r.First.IsPrivate() || r.First.IsLoopback() || r.First.IsLinkLocalUnicast()
}
