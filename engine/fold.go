package engine

import (
	"errors"
	"fmt"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/rule"
	"wayguard/session"
)

// errDamaged means that held state is not what was stored.
var errDamaged = errors.New("state is damaged")

// fold folds the event on the desk in.
func (e *Engine) fold(d *Desk, held []Held) error {
	if d.round == 0 {
		for len(e.Follow(d, held)) > 0 {
			continue // the caller holds everything already
		}
	}
	d.spread(held)
	if d.wrong != nil {
		return d.wrong
	}
	if err := d.identify(d.recorded); err != nil {
		return err
	}
	if err := d.readClusters(); err != nil {
		return err
	}
	s, ev := d.session, &d.event
	d.rating, d.score = s.Rating, s.Score
	if s.Browser == 0 {
		s.Browser = session.BrowserOf(&ev.Evidence.Client)
	}
	s.Presented = s.Presented || d.visit.Presents
	d.contributions = AppendContributions(d.contributions[:0], ev)
	if d.fresh {
		d.contributions = one(d.contributions, "sessions")
	}
	d.meet()
	s.Apply(ev, d.contributions, d.hashes)
	for i := range d.others {
		s.See(d.others[i].Element, d.others[i].Hash)
	}
	d.ownership()
	d.note()
	d.clone()
	d.occasion.Fill(ev, s.Hash, d.contributions, d.hashes, d.others)
	d.foldClusters()
	for i, m := range d.memories {
		m.Apply(&d.occasion, d.entities[i].name)
	}
	return nil
}

// ownership notes whose account the session is in.
func (d *Desk) ownership() {
	if account := d.account(); account != 0 {
		d.session.Account, d.session.Left = account, false
	}
	if d.event.Type == event.Logout && d.event.Result != event.Failure && d.event.Result != event.Blocked {
		d.session.Left = true
	}
}

// meet lists what memories and sessions keep of an event beside the values of its entities.
func (d *Desk) meet() {
	d.others = d.others[:0]
	e := &d.event
	add := func(element, value string) {
		if value != "" {
			d.others = append(d.others, entity.Meeting{Element: element, Hash: d.digests.Of(value)})
		}
	}
	for i := range e.Elements {
		switch el := &e.Elements[i]; el.Name {
		case "product_id", "promo_code":
			if el.Kind != event.Entity {
				add(el.Name, el.Value)
			}
		case "ip_address":
			add(rule.NetworkValue, el.Parts.Of("prefix"))
		case "payment_from":
			add(rule.BinValue, el.Parts.Of("first_six"))
		}
	}
	add(rule.RouteValue, e.HTTP.Route)
	if len(d.entities) > 0 && d.entities[0].name == rule.ToolEntity {
		if hash, known := d.memories[0].Self(); known {
			d.others = append(d.others, entity.Meeting{Element: rule.ToolEntity, Hash: hash})
		}
	}
}

// spread finds each key's piece among what is held. Mostly they are in the keys' order.
func (d *Desk) spread(held []Held) {
	if d.round > 0 && len(held) == len(d.held) && len(d.at) == len(d.keys) {
		return // nothing has come since
	}
	d.held, d.at = held, d.at[:0]
	next := 0
	for _, key := range d.keys {
		place := d.search(key, next)
		if place >= 0 {
			next = place + 1
			if d.expired(place) {
				place = -1
			}
		}
		d.at = append(d.at, place)
	}
}

// search finds the piece of a key, from place next on first; -1 when it is not there.
func (d *Desk) search(key string, next int) int {
	for i := next; i < len(d.held); i++ {
		if d.held[i].Key == key {
			return i
		}
	}
	for i := range min(next, len(d.held)) {
		if d.held[i].Key == key {
			return i
		}
	}
	return -1
}

func (d *Desk) expired(place int) bool {
	h := &d.held[place]
	return !h.Expires.IsZero() && d.event.Time.After(h.Expires)
}

// piece is what is held of the key at a place, nil when nothing is.
func (d *Desk) piece(key int) *Held {
	if key < 0 || d.at[key] < 0 {
		return nil
	}
	return &d.held[d.at[key]]
}

// value is what is held of the key at a place, empty when nothing is.
func (d *Desk) value(key int) []byte {
	if h := d.piece(key); h != nil {
		return h.Value
	}
	return nil
}

// recollect reads the memory of each entity of the event.
func (d *Desk) recollect() error {
	for len(d.room) < len(d.entities) {
		d.room = append(d.room, &entity.Memory{})
	}
	d.memories = d.room[:len(d.entities)]
	for i, m := range d.memories {
		m.Forget()
		value := d.value(d.entities[i].key)
		if len(value) == 0 {
			continue
		}
		if err := m.Load(value); err != nil {
			return fmt.Errorf("memory of a %s: %w", d.entities[i].name, err)
		}
		if m.Stale(d.event.Time) {
			m.Forget()
		}
	}
	return nil
}
