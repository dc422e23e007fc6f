package journey

import (
	"hash/maphash"
	"slices"
	"strings"

	"wayguard/event"
	"wayguard/recent"
)

// key is a keyed hash of something that leads to sessions or names a card, with its kind.
type key [16]byte

// kind is what a key is of. The numbers are hashed, and saved with the keys.
type kind uint8

const (
	bySession kind = iota + 1
	// The account was proven in the session: by a login or a sign-up that succeeded.
	byProvenAccount
	byProvenEmail
	// It was mentioned there.
	byAccount
	byEmail
	byCard
	byAddress
	theAccount
	theDevice
	cardPair
	cardNumber
	cardPrint
	cardMasked
)

// limit is how many keys of a kind lead to one session; the oldest goes first.
func (k kind) limit() int {
	switch k {
	case bySession, byAccount:
		return 8
	case byCard:
		return 16
	}
	return 4
}

// lead is a key that leads to a session, and when it was pointed there last.
type lead struct {
	key key
	way kind
	at  uint64
}

// list are the sessions that a key leads to, the one pointed at last first.
type list [recentLimit]*entry

func (l list) empty() bool { return l[0] == nil }

// meeting is a device on which an account was proven: since when and when last, in Unix microseconds.
type meeting struct {
	device      key
	since, last int64
}

// key hashes a value of a kind. The caller holds the lock.
func (x *Index) key(k kind, value string) key {
	at := &x.hashed[maphash.String(x.seed, value)%uint64(len(x.hashed))]
	if at.kind == k && at.value == value {
		return at.key
	}
	x.text = append(append(x.text[:0], byte(k)), value...)
	x.mac.Reset()
	_, _ = x.mac.Write(x.text)
	x.sum = x.mac.Sum(x.sum[:0])
	*at = hashed{k, strings.Clone(value), key(x.sum[:len(key{})])}
	return at.key
}

// known is the part that has an account.
func (x *Index) known(k key) *recent.Map[key, []meeting] { return &x.met[k[0]%metParts] }

// proves says whether an event shows who holds its account; package entity has the same rule.
func proves(e *event.Event) bool {
	return e.Result == event.Success && (e.Type == event.AuthenticationAttempt || e.Type == event.AccountCreation)
}

// lead makes the event's keys lead to its session. An account is sure where the event proves it, and only mentioned else; what failed or
// was blocked proves and mentions nothing. Of a decision it is the card alone that leads: who is named in it the merchant said, or the buyer.
func (x *Index) lead(e *entry, v *event.Event) {
	told := v.Type == event.PaymentDecision
	if !told {
		for i := range v.Evidence.Tokens {
			x.point(e, bySession, x.key(bySession, v.Evidence.Tokens[i].Hash))
		}
		if v.Evidence.Address != "" {
			x.point(e, byAddress, x.key(byAddress, v.Evidence.Address))
		}
	}
	if v.Result == event.Failure || v.Result == event.Blocked {
		return
	}
	proven := proves(v)
	for i := range v.Elements {
		el := &v.Elements[i]
		if el.Value == "" {
			continue
		}
		switch el.Name {
		case "payment_from", "credential_fingerprint":
			x.point(e, byCard, x.key(byCard, el.Value))
		case "customer_id", "username", "email":
			if !told {
				x.name(e, v, el, proven)
			}
		}
	}
}

// name makes an account, or an email, lead to the session.
func (x *Index) name(e *entry, v *event.Event, el *event.Element, proven bool) {
	way, sure := byAccount, byProvenAccount
	if el.Name == "email" {
		way, sure = byEmail, byProvenEmail
	}
	if !proven {
		x.point(e, way, x.key(way, el.Value))
		return
	}
	x.point(e, sure, x.key(sure, el.Value))
	x.meet(e, el.Value, v.Time.UnixMicro())
}

// point makes a key lead to a session, before the others that it leads to.
func (x *Index) point(e *entry, way kind, k key) {
	x.tick++
	at, oldest, count := -1, -1, 0
	for i := range e.leads {
		l := &e.leads[i]
		if l.key == k {
			at = i
			break
		}
		if l.way == way {
			if count++; oldest < 0 || l.at < e.leads[oldest].at {
				oldest = i
			}
		}
	}
	switch {
	case at >= 0:
		e.leads[at].at = x.tick
	case count >= way.limit():
		x.unpoint(e, e.leads[oldest].key)
		e.leads[oldest] = lead{k, way, x.tick}
	default:
		e.leads = append(e.leads, lead{k, way, x.tick})
	}
	x.front(e, k)
}

// front puts a session at the front of a key's list.
func (x *Index) front(e *entry, k key) {
	now := x.leads[k]
	if now[0] == e {
		return
	}
	fresh := list{e}
	next := 1
	for _, other := range now {
		if other != nil && other != e && next < len(fresh) {
			fresh[next] = other
			next++
		}
	}
	x.leads[k] = fresh
}

// unpoint takes a session out of a key's list.
func (x *Index) unpoint(e *entry, k key) {
	now, known := x.leads[k]
	if !known {
		return
	}
	left, next := list{}, 0
	for _, other := range now {
		if other != nil && other != e {
			left[next] = other
			next++
		}
	}
	if left.empty() {
		delete(x.leads, k)
		return
	}
	x.leads[k] = left
}

// meet notes that an account was proven on the session's device. One session makes few accounts known.
func (x *Index) meet(e *entry, account string, at int64) {
	if e.device == "" {
		return
	}
	k, device := x.key(theAccount, account), x.key(theDevice, string(e.device))
	devices, _ := x.known(k).Find(k)
	place := slices.IndexFunc(devices, func(m meeting) bool { return m.device == device })
	if place < 0 && e.pairs >= pairLimit {
		return
	}
	// The list is made anew: a snapshot may have it.
	m, fresh := meeting{device, at, at}, make([]meeting, 0, len(devices)+1)
	for i, other := range devices {
		switch {
		case i == place:
			m.since = min(other.since, at)
		case i > 0 || place >= 0 || len(devices) < deviceLimit:
			fresh = append(fresh, other)
		}
	}
	if place < 0 {
		e.pairs++
	}
	x.known(k).Put(k, append(fresh, m))
}

// Forget takes away what is known of whoever holds one of the accounts or emails: the sessions in which he proved it, and what leads from
// them to others.
func (x *Index) Forget(accounts, emails []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	proven, named := map[key]bool{}, map[key]bool{}
	for i, value := range slices.Concat(accounts, emails) {
		sure, way := byProvenAccount, byAccount
		if i >= len(accounts) {
			sure, way = byProvenEmail, byEmail
		}
		proven[x.key(sure, value)], named[x.key(way, value)] = true, true
		account := x.key(theAccount, value)
		x.known(account).Remove(account)
	}
	clear(x.hashed)
	for e := x.oldest; e != nil; {
		next := e.newer
		if slices.ContainsFunc(e.leads, func(l lead) bool { return proven[l.key] }) {
			x.remove(e)
		} else if slices.ContainsFunc(e.leads, func(l lead) bool { return named[l.key] }) {
			x.touch(e)
			e.leads = slices.DeleteFunc(e.leads, func(l lead) bool {
				if named[l.key] {
					x.unpoint(e, l.key)
				}
				return named[l.key]
			})
		}
		e = next
	}
}
