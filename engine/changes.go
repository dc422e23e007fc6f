package engine

import (
	"time"

	"wayguard/entity"
	"wayguard/session"
)

// change gathers everything that the event touched.
func (e *Engine) change(d *Desk) {
	at, brief := d.event.Time, 2*d.idle.Of(d.session.Opened)
	own := d.join3("s\x00", string(d.event.Environment), "\x00", string(d.session.ID))
	d.packed = d.session.Pack(d.packed[:0])
	d.changes = append(d.changes[:0], Change{Key: own, Value: d.packed, Expires: at.Add(brief)})
	if d.fragment != nil {
		gone := d.join3("s\x00", string(d.event.Environment), "\x00", string(d.fragment.ID))
		d.changes = append(d.changes, Change{Key: gone, Expires: at})
	}
	d.point(own, brief)
	d.changeStatistics()
	until := at.Add(entity.Reach)
	for i, m := range d.memories {
		d.changes = append(d.changes, Change{Key: d.keys[d.entities[i].key], Value: m.Pack(), Expires: until})
	}
	d.changeClusters()
	d.changeIdentity()
}

// statisticsLife is how long the statistics of a token's name, and of pauses, are kept after they last changed.
const statisticsLife = 90 * 24 * time.Hour

// unsettledLife is how long a name is remembered of which little was seen: visitors can make them up.
const unsettledLife = 24 * time.Hour

// changeStatistics stores what is known of the tokens' names and of pauses, and of whoever made the same first steps.
func (d *Desk) changeStatistics() {
	until := d.event.Time.Add(statisticsLife)
	for i := range d.habits {
		if h := &d.habits[i]; h.noted {
			begin := len(d.text)
			d.text = h.habit.Append(d.text)
			expires := until
			if !h.habit.Settled() {
				expires = d.event.Time.Add(unsettledLife)
			}
			d.changes = append(d.changes, Change{Key: d.keys[h.key], Value: d.text[begin:len(d.text):len(d.text)], Expires: expires})
		}
	}
	if d.paused {
		begin := len(d.text)
		d.text = d.idle.Append(d.text)
		d.changes = append(d.changes, Change{Key: d.keys[d.idleKey], Value: d.text[begin:len(d.text):len(d.text)], Expires: until})
	}
	if d.cloneKey >= 0 {
		d.changes = append(d.changes, Change{Key: d.keys[d.cloneKey], Value: d.clones, Expires: d.event.Time.Add(cloneReach)})
	}
}

// point makes the event's tokens, its connection, and its fallback key where that joins, lead to the session.
func (d *Desk) point(own string, brief time.Duration) {
	at, strangers := d.event.Time, 0
	first := len(d.changes)
	for i := range d.tokens {
		t := &d.tokens[i]
		if !t.passed {
			continue
		}
		key, issued := d.keys[t.key], d.event.Evidence.Tokens[i].Issued
		// A token that was only handed out is kept no longer than its session: a tool that throws every cookie away
		// would fill the memory with them. So is one that is presented for the first time: anybody can make them up.
		life := brief
		if !issued && t.known {
			life = tokenLife
			if d.succeeded(i) {
				life = min(brief, successionLife) // requests that were sent at the same time still show it
			}
		}
		if !issued && !t.known {
			if strangers++; strangers > strangerLimit {
				continue
			}
		}
		d.changeOwned(t)
		if c := changeOf(d.changes[first:], key); c != nil {
			c.Expires = latest(c.Expires, at.Add(life))
			continue
		}
		begin := len(d.text)
		d.text = d.tokens[t.first].record.Append(d.text)
		d.changes = append(d.changes, Change{Key: key, Ref: own, Value: d.text[begin:len(d.text):len(d.text)], Expires: at.Add(life)})
	}
	if d.wire >= 0 {
		d.changes = append(d.changes, Change{Key: d.keys[d.wire], Ref: own, Value: d.wireValue(own), Expires: at.Add(brief)})
	}
	if d.fallback >= 0 && d.leads() {
		d.changes = append(d.changes, Change{Key: d.keys[d.fallback], Ref: own, Expires: at.Add(brief)})
	}
}

// changeOwned stores the token's own record where another browser shows the token: it leads where it led.
func (d *Desk) changeOwned(t *token) {
	h := d.piece(t.base)
	if h == nil {
		return
	}
	begin := len(d.text)
	d.text = t.owned.Append(d.text)
	d.changes = append(d.changes, Change{Key: d.keys[t.base], Ref: h.Ref, Value: d.text[begin:len(d.text):len(d.text)], Expires: h.Expires})
}

// wireValue says whether the connection is this visitor's alone: a session on it that is another's, and has not come to its end,
// tells that it is not.
func (d *Desk) wireValue(own string) []byte {
	value, mark := d.value(d.wire), byte(aloneOnWire)
	if h := d.piece(d.wire); mixed(value) || h != nil && h.Ref != own && !d.follows(h.Ref) {
		mark = mixedOnWire
	}
	begin := len(d.text)
	d.text = append(d.text, mark)
	return d.text[begin:len(d.text):len(d.text)]
}

// follows says whether the session that a key leads to was this visitor's too: it was taken in, or had ended.
func (d *Desk) follows(ref string) bool {
	for i, origin := range d.origins {
		if origin == ref {
			s := d.sessions[i]
			return s == d.fragment || d.event.Time.UnixMicro()-s.Last > d.idle.Of(s.Opened).Microseconds()
		}
	}
	return true
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
