package packs_test

import (
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/rule"
)

// cookie tells who an event is by, "" where it brought none.
func cookie(h happened) string {
	if len(h.event.Evidence.Tokens) == 0 {
		return ""
	}
	return h.event.Evidence.Tokens[0].Hash
}

// loginRisk is the plainest there can be: so much for a device, a network and a country that the account was never used from.
func (r recollection) loginRisk() int64 {
	e := &r.now.event
	if e.Type != event.AuthenticationAttempt || e.Result != event.Success {
		return 0
	}
	var logins, device, network, country int64
	for _, h := range r.with("username", 180*24*time.Hour) {
		if h.session == r.now.session || h.event.Type != e.Type || h.event.Result != event.Success {
			continue
		}
		logins++
		device += one(cookie(h) != "" && cookie(h) == cookie(r.now))
		network += one(h.event.Evidence.Network.AS == e.Evidence.Network.AS)
		country += one(slices.Equal(values(h, "country"), values(r.now, "country")))
	}
	if logins == 0 {
		return 0
	}
	risk := 400*one(device == 0) + 250*one(network == 0) + 400*one(country == 0)
	if logins < 5 {
		risk = risk * logins / (logins + 3)
	}
	return risk - 600*one(device >= 3)
}

func one(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}

// person is who opened the same accounts, with the devices that did.
func (r recollection) person() rule.Person {
	devices, accounts, p := map[string]bool{}, map[string]bool{}, rule.Person{}
	for _, mine := range values(r.now, "username") {
		accounts[mine] = true
	}
	for range 3 { // as far as it goes from one to the next
		for _, h := range r.past {
			names := values(h, "username")
			if h.event.Result != event.Success || cookie(h) == "" || len(names) == 0 || !accounts[names[0]] && !devices[cookie(h)] {
				continue
			}
			accounts[names[0]], devices[cookie(h)] = true, true
			p.AgeDays = max(p.AgeDays, int64(r.now.event.Time.Sub(h.event.Time)/(24*time.Hour)))
		}
	}
	p.Accounts, p.Devices = int64(len(accounts)), int64(len(devices))
	return p
}

// actor drives this device and the suspicious ones that showed the same card, telephone or address to deliver to.
func (r recollection) actor() rule.Actor {
	brought, mine := map[string]bool{}, false
	telling := func(h happened) []string {
		return slices.Concat(values(h, "payment_from"), values(h, "phone"), values(h, "shipping_address"))
	}
	for _, h := range r.past {
		if cookie(h) == cookie(r.now) && cookie(h) != "" {
			mine = mine || h.session.rating >= event.Suspicious
			for _, v := range telling(h) {
				brought[v] = true
			}
		}
	}
	devices, sessions := map[string]bool{}, map[event.ID]bool{}
	for _, h := range r.past {
		if !mine || h.session.rating < event.Suspicious || cookie(h) == "" {
			continue
		}
		if cookie(h) == cookie(r.now) || slices.ContainsFunc(telling(h), func(v string) bool { return brought[v] }) {
			devices[cookie(h)], sessions[h.session.id] = true, true
		}
	}
	if len(devices) < 2 {
		return rule.Actor{}
	}
	return rule.Actor{Devices: int64(len(devices)), Sessions: int64(len(sessions))}
}

// clones counts the other devices that made the same first twelve steps within a day.
func (r recollection) clones() int64 {
	mine, whole := r.steps(r.now.session)
	if !whole {
		return 0
	}
	others, asked := map[string]bool{}, map[*visit]bool{r.now.session: true}
	for _, h := range r.past {
		if asked[h.session] || r.now.event.Time.Sub(h.session.opened) > 24*time.Hour {
			continue
		}
		asked[h.session] = true
		if theirs, whole := r.steps(h.session); whole && theirs == mine && cookie(h) != cookie(r.now) {
			others[cookie(h)] = true
		}
	}
	return int64(len(others))
}

// steps are the first twelve of a session; false where there are fewer.
func (r recollection) steps(v *visit) (string, bool) {
	var all []string
	for _, h := range r.past {
		if h.session == v && len(all) < 12 {
			all = append(all, string(h.event.Type)+" "+h.event.HTTP.Route)
		}
	}
	return strings.Join(all, "\n"), len(all) == 12
}
