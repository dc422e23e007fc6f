package engine

import (
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/session"
)

// change gathers everything that the event touched.
func (e *Engine) change(d *Desk) {
	at, brief := d.event.Time, 2*e.settings.IdleTimeout
	own := d.join3("s\x00", string(d.event.Environment), "\x00", string(d.session.ID))
	d.packed = d.session.Pack(d.packed[:0])
	d.changes = append(d.changes[:0], Change{Key: own, Value: d.packed, Expires: at.Add(brief)})
	d.point(own, brief)
	until := at.Add(entity.Reach)
	for i, m := range d.memories {
		d.changes = append(d.changes, Change{Key: d.keys[d.entities[i].key], Value: m.Pack(), Expires: until})
	}
}

// point makes the event's tokens, and its fallback key where that joins, lead to the session. A token keeps the
// journey as its value, so that the same visitor is known after the session is over.
func (d *Desk) point(own string, brief time.Duration) {
	at, strangers, claim := d.event.Time, 0, !showsToken(&d.event)
	first := len(d.changes)
	for i, place := range d.tokens {
		key, issued := d.keys[place], d.event.Evidence.Tokens[i].Issued
		// A token that was only handed out is kept no longer than its session: a tool that throws every cookie away
		// would fill the memory with them. So is one that is presented for the first time: anybody can make them up.
		life := brief
		known := len(d.value(place)) > 0
		if !issued && known {
			life = tokenLife
		}
		if !issued && !known {
			if strangers++; strangers > strangerLimit {
				continue
			}
		}
		if c := changeOf(d.changes[first:], key); c != nil {
			c.Expires = latest(c.Expires, at.Add(life))
			continue
		}
		d.changes = append(d.changes, Change{Key: key, Ref: own, Value: d.tokenValue(claim), Expires: at.Add(life)})
	}
	if d.fallback >= 0 && d.leads() {
		d.changes = append(d.changes, Change{Key: d.keys[d.fallback], Ref: own, Expires: at.Add(brief)})
	}
}

func changeOf(changes []Change, key string) *Change {
	for i := range changes {
		if changes[i].Key == key {
			return &changes[i]
		}
	}
	return nil
}

// leads says whether the fallback key should lead to this session: always when it was joined or opened by it, but a
// session that keeps cookies does not take it away from a neighbour's.
func (d *Desk) leads() bool {
	if d.fresh || d.join.By == session.ByFallback {
		return true
	}
	h := d.piece(d.fallback)
	return h == nil || h.Ref == ""
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// claimMark stands before the journey of a token that was handed to a visitor who showed none.
const claimMark = '?'

// tokenValue is what a token's key holds: the journey. As long as nobody has shown a token, several visitors may look like
// one; a token given then is a claim, and who comes back first has the session.
func (d *Desk) tokenValue(claim bool) []byte {
	begin := len(d.text)
	if claim {
		d.text = append(d.text, claimMark)
	}
	d.text = append(d.text, d.session.Journey...)
	return d.text[begin:len(d.text):len(d.text)]
}

// claimed says whether a token's value is a claim.
func claimed(value []byte) bool { return len(value) > 0 && value[0] == claimMark }

// journeyOf reads a token's value.
func journeyOf(value []byte) event.ID {
	if claimed(value) {
		return event.ID(value[1:])
	}
	return event.ID(value)
}

// showsToken says whether the visitor sent a token.
func showsToken(ev *event.Event) bool {
	for i := range ev.Evidence.Tokens {
		if !ev.Evidence.Tokens[i].Issued {
			return true
		}
	}
	return false
}
