package engine

import (
	"fmt"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/rule"
)

// The groups in which bad outcomes are summed up, the narrowest first, as rule.ClusterKinds names them.
const (
	addressGroup = iota
	toolNetworkGroup
	toolGroup
	binGroup
	promoGroup
	domainGroup
	networkGroup
	routeGroup
	everythingGroup
	groupCount
)

// How long groups are kept after they last changed: narrow ones come and go with visitors.
const (
	narrowLife = 24 * time.Hour
	broadLife  = 28 * 24 * time.Hour
)

// clusters are the groups that one event belongs to. Its outcome is explained by the narrowest group in alarm, and does not
// count in the broader ones (science 2.6): so a burst from one address does not put a whole network under suspicion.
type clusters struct {
	// family is what kind of attempt the event is, 0 for one that has no groups.
	family byte
	keys   [groupCount]int
	groups [groupCount]group
	season season
	// weight is how bad the outcome was, in hundredths; counted says that there was one.
	weight  int64
	counted bool
	// alarmed says which groups are in alarm and not explained by a narrower one, changed which are to be stored.
	alarmed, changed [groupCount]bool
}

// familyOf is the kind of attempt that an event is: a group's bad logins say nothing about its payments.
func familyOf(t event.Type) byte {
	switch t {
	case event.AuthenticationAttempt:
		return 'l'
	case event.Transaction:
		return 'p'
	case event.AccountCreation:
		return 's'
	case event.GiftCardCheck:
		return 'g'
	case event.PromotionRedemption:
		return 'o'
	case event.PasswordResetRequest:
		return 'r'
	}
	return 0
}

// layClusters names the groups' keys.
func (d *Desk) layClusters() {
	c, e := &d.clusters, &d.event
	if c.family = familyOf(e.Type); c.family == 0 {
		return
	}
	v := &e.Evidence
	tool := v.HeaderShape
	if v.Wire.Headers != "" {
		tool = v.Wire.Headers
	}
	network := v.Network.AS
	for i := range c.keys {
		c.keys[i] = -1
	}
	prefix, bin, promo, domain := parts(e)
	c.keys[addressGroup] = d.groupKey(addressGroup, 0, v.Address)
	if tool != "" || v.UserAgent != "" {
		c.keys[toolGroup] = d.groupKey(toolGroup, 0, tool, v.UserAgent)
		if network != 0 || prefix != "" {
			c.keys[toolNetworkGroup] = d.groupKey(toolNetworkGroup, network, tool, v.UserAgent, prefixUnless(network, prefix))
		}
	}
	c.keys[binGroup] = d.groupKey(binGroup, 0, bin)
	c.keys[promoGroup] = d.groupKey(promoGroup, 0, promo)
	c.keys[domainGroup] = d.groupKey(domainGroup, 0, domain)
	c.keys[networkGroup] = d.groupKey(networkGroup, network, prefixUnless(network, prefix))
	c.keys[routeGroup] = d.groupKey(routeGroup, 0, e.HTTP.Route)
	c.keys[everythingGroup] = d.groupKey(everythingGroup, 0, "*")
}

// prefixUnless is the address's prefix where the autonomous system is not known.
func prefixUnless(system int64, prefix string) string {
	if system != 0 {
		return ""
	}
	return prefix
}

// parts are what of an event's values makes groups.
func parts(e *event.Event) (prefix, bin, promo, domain string) {
	for i := range e.Elements {
		switch el := &e.Elements[i]; el.Name {
		case "ip_address":
			prefix = el.Parts.Of("prefix")
		case "payment_from":
			bin = el.Parts.Of("first_six")
		case "promo_code":
			promo = el.Value
		case "email":
			domain = el.Parts.Of("domain")
		}
	}
	return prefix, bin, promo, domain
}

// groupKey is the place of the key of a group that a number and texts make, -1 when there is neither.
func (d *Desk) groupKey(kind byte, number int64, texts ...string) int {
	begin, told := len(d.text), number
	d.text = append(append(append(d.text, "b\x00"...), d.event.Environment...), 0, d.clusters.family, 'a'+kind)
	for _, text := range texts {
		d.text = append(append(d.text, 0), text...)
		told += int64(len(text))
	}
	if told == 0 {
		return -1
	}
	for n := uint64(number); n > 0; n >>= 8 {
		d.text = append(d.text, byte(n))
	}
	return d.key(textOf(d.text[begin:len(d.text):len(d.text)]))
}

// readClusters reads what is held of the groups, and how bad the outcome is in the light of what was known before.
func (d *Desk) readClusters() error {
	c := &d.clusters
	if c.family == 0 {
		return nil
	}
	c.alarmed, c.changed = [groupCount]bool{}, [groupCount]bool{}
	for i := range c.groups {
		c.groups[i] = group{}
		rest, ok := c.groups[i].load(d.value(c.keys[i]))
		if i == everythingGroup {
			ok = ok && c.season.load(rest)
		} else {
			ok = ok && len(rest) == 0
		}
		if !ok {
			return fmt.Errorf("group of bad outcomes: %w", errDamaged)
		}
	}
	c.weight, c.counted = d.badness()
	return nil
}

// badness is how bad the event's outcome is, in hundredths, and whether there is one.
func (d *Desk) badness() (weight int64, counted bool) {
	const blocked = 35
	e := &d.event
	switch e.Result {
	case event.Success, event.Challenged:
		return 0, true
	case event.Blocked:
		return blocked, true
	case "":
		if e.Type != event.PasswordResetRequest || e.HTTP.Status == 0 {
			return 0, false
		}
	}
	switch e.Type {
	case event.AuthenticationAttempt:
		return d.badLogin(100, 35, 10), true
	case event.PasswordResetRequest:
		return d.badLogin(30, 0, 0), true
	case event.Transaction:
		if d.unheard("payment_from") {
			return 100, true
		}
		return 50, true
	case event.GiftCardCheck:
		return 100, true
	case event.PromotionRedemption:
		return 70, true
	}
	return 50, true
}

// badLogin weighs a failure by whether anybody ever proved to hold the account, and whether this device did.
func (d *Desk) badLogin(nobody, elsewhere, here int64) int64 {
	weight := nobody
	for i, m := range d.memories {
		if !entity.Account(d.entities[i].name) || !m.Owned() {
			continue
		}
		if d.device >= 0 && m.Proven("device_fingerprint", d.hashes[d.device], d.event.Time) {
			return here
		}
		weight = min(weight, elsewhere)
	}
	return weight
}

// unheard says whether the event's value of the entity was never seen before.
func (d *Desk) unheard(element string) bool {
	for i, m := range d.memories {
		if d.entities[i].name == element {
			return !m.Seen()
		}
	}
	return false
}

// foldClusters walks the groups from narrow to broad.
func (d *Desk) foldClusters() {
	c := &d.clusters
	if c.family == 0 {
		return
	}
	at := d.event.Time
	all := &c.groups[everythingGroup]
	usual := all.usual(priorShare, everythingPrior)
	hourly := c.season.hourly(at)
	explained := false
	for i := range c.groups {
		g := &c.groups[i]
		if c.keys[i] < 0 {
			continue
		}
		share := usual
		if i != everythingGroup {
			share = g.usual(usual, narrowPrior)
		}
		g.settle(at, hourly, all.mass)
		if c.counted && !explained {
			c.changed[i] = g.add(c.weight, share, at) || i >= domainGroup || i == toolGroup
			if i == everythingGroup {
				c.season.add(c.weight, at, g.alarmed(at))
			}
		}
		if g.alarmed(at) && !explained {
			c.alarmed[i], explained = true, true
		}
	}
}

// changeClusters stores the groups that changed.
func (d *Desk) changeClusters() {
	c := &d.clusters
	if c.family == 0 {
		return
	}
	for i := range c.groups {
		if !c.changed[i] {
			continue
		}
		life := broadLife
		if i == addressGroup || i == binGroup || i == promoGroup {
			life = narrowLife
		}
		begin := len(d.text)
		d.text = c.groups[i].append(d.text)
		if i == everythingGroup {
			d.text = c.season.append(d.text)
		}
		d.changes = append(d.changes, Change{Key: d.keys[c.keys[i]], Value: d.text[begin:len(d.text):len(d.text)], Expires: d.event.Time.Add(life)})
	}
}

// groups answers the rules' questions about the event's groups.
type groups Desk

// Level implements rule.Clusters.
func (g *groups) Level(kind string) int64 {
	if i := groupOf(kind); i >= 0 && g.clusters.family != 0 && g.clusters.keys[i] >= 0 {
		return g.clusters.groups[i].level()
	}
	return 0
}

// Alarmed implements rule.Clusters.
func (g *groups) Alarmed(kind string) bool {
	i := groupOf(kind)
	return i >= 0 && g.clusters.family != 0 && g.clusters.alarmed[i]
}

var _ rule.Clusters = (*groups)(nil)

// groupOf is the place of a kind of group, -1 for one that is none.
func groupOf(kind string) int {
	switch kind {
	case "address":
		return addressGroup
	case "tool_network":
		return toolNetworkGroup
	case "tool":
		return toolGroup
	case "bin":
		return binGroup
	case "promo":
		return promoGroup
	case "email_domain":
		return domainGroup
	case "network":
		return networkGroup
	case "route":
		return routeGroup
	case "everything":
		return everythingGroup
	}
	return -1
}
