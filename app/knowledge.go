package app

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/document"
	"wayguard/location"
	"wayguard/reputation"
)

// knowledge is what is known beside the exchanges: where addresses are, what they are used for, and who declared crawlers
// are. The prover is nil when nobody's name is asked for.
func knowledge(c config.Config) (capture.Knowledge, *prover, document.Problems) {
	var problems document.Problems
	places, err := openPlaces(c.Location)
	if err != nil {
		problems = append(problems, document.Problem{Path: "location.files", Message: err.Error()})
	}
	networks, more := openNetworks(c.Networks)
	problems = append(problems, more...)
	var dns names = net.DefaultResolver
	if off(c.Networks.ReverseDNS) {
		dns = nil
	}
	p := newProver(networks, dns, time.Now)
	p.signers, more = newSigners(c.Agents, c.Webhooks.AllowPrivate, time.Now)
	problems = append(problems, more...)
	return capture.Knowledge{Locate: locator(places, networks), Declared: p.declared, Prove: p.prove, Signed: p.signers.signed}, p, problems
}

func off(set *bool) bool { return set != nil && !*set }

// openNetworks reads the operator's lists and those built in.
func openNetworks(c config.NetworksConfig) (*reputation.Networks, document.Problems) {
	var problems document.Problems
	if len(c.Lists) == 0 && !off(c.BuiltIn) {
		networks, err := reputation.BuiltIn()
		if err != nil {
			problems = append(problems, document.Problem{Path: "networks", Message: err.Error()})
		}
		return networks, problems
	}
	var ranges []reputation.Range
	for i, list := range c.Lists {
		path := fmt.Sprintf("lists[%d]", i)
		if !list.Kind.Known() {
			problems = append(problems, c.At.Problem(path+".kind", fmt.Sprintf("%q is no kind of network", list.Kind), "hosting, vpn, tor, relay or crawler"))
			continue
		}
		data, err := os.ReadFile(list.File)
		if err != nil {
			problems = append(problems, c.At.Problem(path+".file", "cannot be read: "+err.Error(), ""))
			continue
		}
		part, err := reputation.ReadList(bytes.NewReader(data), reputation.Entry{Kind: list.Kind, Owner: list.Owner})
		if err != nil {
			problems = append(problems, c.At.Problem(path+".file", list.File+": "+err.Error(), "an address or a prefix on each line, comments behind #"))
			continue
		}
		ranges = append(ranges, part...)
	}
	own, err := reputation.New(ranges)
	if err != nil {
		problems = append(problems, c.At.Problem("lists", err.Error(), ""))
		return nil, problems
	}
	if off(c.BuiltIn) {
		return own, problems
	}
	builtIn, err := reputation.BuiltIn()
	if err != nil {
		problems = append(problems, c.At.Problem("built_in", err.Error(), ""))
		return own, problems
	}
	return own.Before(builtIn), problems
}

// locator adapts the location database and the lists to what capture asks for.
func locator(places *location.Database, networks *reputation.Networks) capture.Locator {
	return func(address netip.Addr) capture.Place {
		place := placeOf(places, address)
		if entry, found := networks.Find(address); found {
			place.Kind = entry.Kind
		}
		return place
	}
}
