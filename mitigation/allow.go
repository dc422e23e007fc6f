package mitigation

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// allowList is one list of those who are always let through. What is nil is not asked for.
type allowList struct {
	name string
	// networks are the prefixes, lengths the different lengths that they have.
	networks map[netip.Prefix]bool
	lengths  []int
	// agents are names in lower case of crawlers and agents that have proven who they are.
	agents   map[string]bool
	anyAgent bool
	labels   map[string]bool
	elements map[string]map[string]bool
	specs    map[string]bool
	until    time.Time
}

// compileAllow makes the lists of a configuration. Values of elements are brought into the form that events have them in.
func compileAllow(configs []policy.AllowConfig, canonical func(element, value string) string) ([]allowList, document.Problems) {
	var lists []allowList
	var problems document.Problems
	for i := range configs {
		list, wrong := compileAllowList(&configs[i], canonical)
		lists, problems = append(lists, list), append(problems, wrong...)
	}
	return lists, problems
}

func compileAllowList(c *policy.AllowConfig, canonical func(element, value string) string) (allowList, document.Problems) {
	list := allowList{name: c.Name, labels: setOf(c.Labels), specs: setOf(c.Specs)}
	problems := list.addNetworks(c)
	for _, name := range slices.Concat(c.Crawlers, c.Agents) {
		if list.agents == nil {
			list.agents = map[string]bool{}
		}
		list.anyAgent = list.anyAgent || name == "*"
		list.agents[strings.ToLower(name)] = true
	}
	for element, values := range c.Elements {
		if list.elements == nil {
			list.elements = map[string]map[string]bool{}
		}
		list.elements[element] = map[string]bool{}
		for _, value := range values {
			if known := canonical(element, value); known != "" {
				list.elements[element][known] = true
			}
		}
	}
	if c.Until != "" {
		until, err := time.Parse(time.RFC3339, c.Until)
		if err != nil {
			problems = append(problems, c.At.Problem("until", fmt.Sprintf("%.40q is no time as RFC 3339 writes it", c.Until), "such as 2026-12-31T00:00:00Z"))
		}
		list.until = until
	}
	if len(c.Addresses)+len(c.Crawlers)+len(c.Agents)+len(c.Labels)+len(c.Elements) == 0 {
		problems = append(problems, c.At.Problem("", "the list names nobody, and so would allow everybody", "give it addresses, crawlers, agents, labels or elements"))
	}
	return list, problems
}

func (l *allowList) addNetworks(c *policy.AllowConfig) (problems document.Problems) {
	for n, text := range c.Addresses {
		network, err := parseNetwork(text)
		if err != nil {
			problems = append(problems, c.At.Problem(fmt.Sprintf("addresses[%d]", n), fmt.Sprintf("%.60q is no address and no prefix", text), "such as 192.0.2.1 or 2001:db8::/32"))
			continue
		}
		if l.networks == nil {
			l.networks = map[netip.Prefix]bool{}
		}
		l.networks[network] = true
		if !slices.Contains(l.lengths, network.Bits()) {
			l.lengths = append(l.lengths, network.Bits())
		}
	}
	return problems
}

// parseNetwork reads an address or a prefix. An IPv4 prefix in IPv6 spelling is the IPv4 one.
func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("address: %w", err)
		}
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("prefix: %w", err)
	}
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), nil
}

func setOf(words []string) map[string]bool {
	if len(words) == 0 {
		return nil
	}
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

// allows says whether everything that the list asks for holds.
func (l *allowList) allows(e *event.Event, j *Judgement, now time.Time) bool {
	return (l.until.IsZero() || now.Before(l.until)) &&
		(l.specs == nil || l.specs[e.Spec]) &&
		(l.networks == nil || l.hasAddress(e.Evidence.Address)) &&
		(l.agents == nil || l.hasAgent(&e.Evidence.Client)) &&
		(l.labels == nil || l.hasLabel(j)) &&
		(l.elements == nil || l.hasElements(e))
}

func (l *allowList) hasAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	address = address.Unmap().WithZone("")
	for _, length := range l.lengths {
		if network, err := address.Prefix(length); err == nil && l.networks[network] {
			return true
		}
	}
	return false
}

// hasAgent says whether a crawler or agent of the list has proven who it is: a name alone proves nothing.
func (l *allowList) hasAgent(c *event.Client) bool {
	return c.Agent != "" && c.Proof == event.Verified && (l.anyAgent || l.agents[strings.ToLower(c.Agent)])
}

func (l *allowList) hasLabel(j *Judgement) bool {
	return slices.ContainsFunc(j.Session.Labels, func(name string) bool { return l.labels[name] }) ||
		slices.ContainsFunc(j.Verdict.Labels, func(label event.Label) bool { return !label.Shadow && l.labels[label.Name] })
}

// hasElements says whether for each element of the list the event has one of its values.
func (l *allowList) hasElements(e *event.Event) bool {
	for name, values := range l.elements {
		if !slices.ContainsFunc(e.Elements, func(one event.Element) bool { return one.Name == name && values[one.Value] }) {
			return false
		}
	}
	return true
}
