package engine

import (
	"strconv"
	"time"

	"wayguard/velocity"
)

// cloneReach is how long the devices that made the same first steps are counted.
const cloneReach = 24 * time.Hour

// followClones names the key of those who made the same first steps, on the event that completes them.
func (d *Desk) followClones() {
	if d.round > 1 {
		return
	}
	d.cloneKey = -1
	opening, completes := d.session.Shape().Completes(&d.event)
	if !completes {
		return
	}
	begin := len(d.text)
	d.text = append(append(append(d.text, "q\x00"...), d.event.Environment...), 0)
	d.text = strconv.AppendUint(d.text, opening, 16)
	d.cloneKey = d.key(textOf(d.text[begin:len(d.text):len(d.text)]))
}

// clone counts the other devices with the same first steps, and adds this one to them.
func (d *Desk) clone() {
	if d.cloneKey < 0 {
		return
	}
	held := velocity.Set(d.value(d.cloneKey))
	if !held.Valid() {
		held = nil
	}
	d.clones = append(d.clones[:0], held...)
	device := d.digests.Of(string(d.session.Journey))
	moment := velocity.MomentOf(d.event.Time)
	others := d.clones.Count(d.event.Time, cloneReach)
	if d.clones.HashSeenBefore(device, d.event.Time.Add(time.Second)) {
		others = max(0, others-1)
	}
	d.session.Shape().SetClones(others)
	d.clones.AddHash(moment, device)
}
