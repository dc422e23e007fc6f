package engine

import (
	"wayguard/identity"
)

// login is what is needed to tell how unusual a login is.
type login struct {
	crowds [loginParts]identity.Crowd
	keys   [loginParts]int
	asked  bool
	risk   int64
}

// The parts of a login that are counted among all logins; the first is all of them.
const (
	allLogins = iota
	loginAddress
	loginPrefix
	loginNetwork
	loginCountry
	loginClient
	loginParts
)

// loginSalt keeps the counts of logins apart from those of devices.
const loginSalt = 0x9e3779b97f4a7c15

// layLogin names the counts of logins that a proven one needs.
func (d *Desk) layLogin() {
	l, s := &d.who.login, &d.who.sight
	l.risk, l.asked = 0, s.Proven && len(s.Accounts) > 0
	if !l.asked {
		return
	}
	for i, value := range [...]uint64{0, s.Address, s.Prefix, s.Network, s.Country, s.Client} {
		part := uint64(i+1) * loginSalt
		l.keys[i] = d.made(identity.AppendCrowdKey(d.text, d.event.Environment, value^part))
	}
}

// weighLogin tells how unusual the login is for its account, and counts it among all. A count that cannot be read begins anew: the
// risk is a hint, and not worth losing the event for.
func (d *Desk) weighLogin(device identity.Ref) {
	l, w, at := &d.who.login, &d.who, d.event.Time
	if !l.asked {
		return
	}
	var counts [loginParts]int64
	for i := range l.crowds {
		c := &l.crowds[i]
		if c.Load(d.value(l.keys[i])) != nil {
			*c = identity.Crowd{}
		}
		counts[i] = c.Count(at)
		c.Note(at)
		d.keep(d.keys[l.keys[i]], c.Append(nil), identity.CrowdReach)
	}
	p := identity.Population{Logins: counts[allLogins], Address: counts[loginAddress], Prefix: counts[loginPrefix],
		Network: counts[loginNetwork], Country: counts[loginCountry], Client: counts[loginClient]}
	if accounts := w.inquiry.Accounts(); len(accounts) > 0 {
		l.risk = accounts[0].LoginRisk(&w.sight, device, &p)
	}
}

// loginRisk is the risk of the event's login in centibits, 0 when it is none.
func (d *Desk) loginRisk() int64 {
	if !d.who.asked || !d.who.login.asked {
		return 0
	}
	return d.who.login.risk
}
