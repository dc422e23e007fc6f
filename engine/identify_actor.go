package engine

import (
	"time"

	"wayguard/event"
	"wayguard/identity"
)

// ring is what is needed to tell which operator a suspicious device belongs to.
type ring struct {
	traits []identity.Trait
	marks  []identity.Mark
	keys   []int
	// actors are those that were named, with the places of their keys.
	actors []identity.Actor
	ids    []event.ID
	places []int
	whole  int
}

// traitLimit and actorLimit are how many values of one event, and operators, are looked at.
const (
	traitLimit = 4
	actorLimit = 6
)

// telling says which elements name an operator where few share a value.
func telling(element string) bool {
	switch element {
	case "payment_from", "phone", "shipping_address", "billing_address", "referral_code", "gift_card":
		return true
	}
	return false
}

// layRing names the marks of the event's values that few share.
func (d *Desk) layRing() {
	r := &d.who.ring
	r.traits, r.keys, r.marks, r.whole = r.traits[:0], r.keys[:0], r.marks[:0], -1
	r.actors, r.ids, r.places = r.actors[:0], r.ids[:0], r.places[:0]
	for i := range d.event.Elements {
		el := &d.event.Elements[i]
		if el.Kind != event.Entity || el.Value == "" || len(r.traits) == traitLimit || !telling(el.Name) {
			continue
		}
		hash := identity.TraitOf(el.Name, el.Value)
		r.traits = append(r.traits, identity.Trait{Hash: hash})
		r.keys = append(r.keys, d.made(identity.AppendTraitKey(d.text, d.event.Environment, hash)))
	}
	if len(r.traits) > 0 {
		r.whole = d.made(identity.AppendCrowdKey(d.text, d.event.Environment, 0))
	}
}

// followRing reads the marks and names the actors that they lead to.
func (d *Desk) followRing() {
	r := &d.who.ring
	if len(r.marks) == len(r.keys) {
		return
	}
	for _, key := range r.keys {
		var m identity.Mark
		if d.wrong = m.Load(d.value(key)); d.wrong != nil {
			return
		}
		r.marks = append(r.marks, m)
		d.wantActor(m.Actor())
	}
}

// wantActor names the key of an actor.
func (d *Desk) wantActor(id event.ID) {
	r := &d.who.ring
	if id == "" || len(r.ids) == actorLimit {
		return
	}
	for _, known := range r.ids {
		if known == id {
			return
		}
	}
	r.ids = append(r.ids, id)
	r.places = append(r.places, d.key(identity.ActorKey(d.event.Environment, identity.RefOf(id))))
}

// readActors reads the actors that were named, once.
func (d *Desk) readActors() {
	r := &d.who.ring
	for i := len(r.actors); i < len(r.ids); i++ {
		var a identity.Actor
		if a.Load(d.lookup(d.keys[r.places[i]])) != nil {
			a = identity.Actor{}
		}
		r.actors = append(r.actors, a)
	}
}

// actorOf is the actor of that id, nil when it is not known.
func (d *Desk) actorOf(id event.ID) *identity.Actor {
	if id == "" {
		return nil
	}
	d.readActors()
	for i := range d.who.ring.actors {
		if a := &d.who.ring.actors[i]; a.ID() == id {
			return a
		}
	}
	return nil
}

// enlist finds the operator of a device whose session turned suspicious.
func (d *Desk) enlist() {
	w, r, env := &d.who, &d.who.ring, d.event.Environment
	if len(r.traits) == 0 || len(r.marks) != len(r.traits) {
		return
	}
	d.readActors()
	var crowd identity.Crowd
	if crowd.Load(d.value(r.whole)) != nil {
		return
	}
	known := identity.Ring{At: d.event.Time, Population: crowd.Count(d.event.Time), Traits: r.traits, Marks: r.marks}
	for i := range r.traits {
		r.traits[i].Devices = d.sharers(i)
	}
	for i := range r.actors {
		known.Actors = append(known.Actors, &r.actors[i])
	}
	actor, _ := identity.Enlist(&w.device, &known, event.DeriveID(d.event.Time, "actor", string(d.event.ID)))
	for i := range r.marks {
		d.keep(d.keys[r.keys[i]], r.marks[i].Append(nil), ringLife)
	}
	for _, a := range known.Actors {
		if a.Known() {
			d.keep(identity.ActorKey(env, identity.RefOf(a.ID())), a.Append(nil), identity.Retention)
		}
	}
	if actor != nil {
		d.session.Actor = actor.ID()
	}
}

// ringLife is how long it is remembered which suspicious devices showed a value.
const ringLife = 90 * 24 * time.Hour

// sharers is how many devices showed the event's telling value at a place within 90 days.
func (d *Desk) sharers(trait int) int64 {
	n := d.who.ring.marks[trait].Devices()
	for i, m := range d.memories {
		e := &d.entities[i]
		if telling(e.name) && identity.TraitOf(e.name, e.value) == d.who.ring.traits[trait].Hash {
			n = max(n, m.Distinct("device_fingerprint", d.event.Time, ringLife))
		}
	}
	return max(1, n)
}
