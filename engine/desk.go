package engine

import (
	"hash/maphash"
	"slices"
	"time"
	"unsafe"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/identity"
	"wayguard/rule"
	"wayguard/session"
	"wayguard/velocity"
)

// Desk is the working space of one event at a time, used again for the next one, so that observing makes no garbage. What is
// read from it (keys, the Step and every text in them) is good until the next Lay. A Desk is for one goroutine at a time; the
// zero Desk is ready, one that NewDesk made remembers what visitors show again and again.
type Desk struct {
	digests  velocity.Digests
	visitors visitors

	event    event.Event
	elements []event.Element
	// device is the place of the device's fingerprint among the elements, -1 when there is none.
	device int
	// text holds the texts made for this event.
	text   []byte
	keys   []string
	tokens []token
	habits []habit
	// fallback, wire and idleKey are the places of the keys of looks, connection and idle times, -1 when there is none.
	fallback, wire, idleKey int
	idle                    session.Idle
	// fixed says that the idle time is the operator's and is not fitted, paused that a pause was noted.
	fixed, paused bool
	visit         session.Visit
	entities      []remembered
	// told is the place of the key of the session that the event's maker named, -1 when he named none; shown are the event's tokens
	// with the one that names it, by which it was named.
	told  int
	shown []event.Token

	held []Held
	// at says where each key's piece stands among held, -1 when it is not there.
	at []int
	// followed is how many keys were named already, round how often Follow was asked since the event was joined; begun says that
	// what was loaded first was read, wrong is what went wrong.
	followed, round int
	begun           bool
	wrong           error

	candidates []session.Candidate
	// sessions are those that were read, as far as read says; origins are the keys they were read from.
	sessions []*session.Session
	origins  []string
	read     int

	session *session.Session
	// recorded is the place in a session that the event was given before, nil when it is yet to be given one; fragment is an
	// earlier session that this one took in.
	recorded *event.Session
	fragment *session.Session
	join     event.Join
	// link is why the session belongs to its device, where that was decided on this event.
	link   event.Link
	fresh  bool
	rating event.Rating
	score  int64
	// memories are what is remembered of the entities, in their order; they stand in the room for all there ever were.
	memories, room []*entity.Memory
	occasion       entity.Occasion
	contributions  []velocity.Contribution
	// late are contributions that follow from the verdict.
	late   []velocity.Contribution
	hashes []uint64
	// others are what the event shows beside its entities.
	others []entity.Meeting
	// cloneKey is the place of the key of those who made the same first steps, -1 when the event does not complete them.
	cloneKey int
	clones   velocity.Set
	clusters clusters

	who identification

	facts           rule.Facts
	sheet           rule.Sheet
	count, distinct func(string) int64
	first, before   func(event.Type) (time.Time, bool)
	changes         []Change
	packed          []byte
	step            Step
}

// remembered is an entity that has a memory, with the places of its element, -1 when it is none, and of its key.
type remembered struct {
	name, value  string
	element, key int
}

// entityLimit is how many entities of one event are remembered. Where an event has more, each element's first value goes
// before any element's second: nobody hides an account behind two dozen addresses.
const entityLimit = 24

// NewDesk makes a Desk that is to be used for many events.
func NewDesk() *Desk {
	return &Desk{digests: velocity.NewDigests(), visitors: visitors{seed: maphash.MakeSeed(), slots: make([]visitor, visitorSlots)}}
}

// Lay puts an event on the desk, adds what is derived from it, and names the pieces of state that it touches. The event's
// elements are not changed; the desk reads them until the next Lay.
func (d *Desk) Lay(ev *event.Event) []string {
	return d.lay(ev, nil)
}

// LayRecord is Lay for an event whose place in a session was recorded, and is to be kept.
func (d *Desk) LayRecord(record *event.Record) []string { return d.lay(&record.Event, &record.Session) }

func (d *Desk) lay(ev *event.Event, recorded *event.Session) []string {
	d.event, d.text, d.keys, d.recorded = *ev, d.text[:0], d.keys[:0], recorded
	d.setAsideTold()
	seen := d.see(&d.event.Evidence)
	d.prepare(seen)
	d.layJoining(seen)
	d.remember()
	d.layClusters()
	d.layIdentity()
	d.followed, d.round, d.begun, d.wrong, d.held = len(d.keys), 0, false, nil, nil
	return d.keys
}

// Rounds is how often keys are named for one event: by Lay, and then by Follow as a session leads to its device, that to its
// person, that to its actor.
const Rounds = 7

// Follow joins the event on the desk to its session and names the pieces of state that this leads to. held is what is held of
// the keys that were named before, and what those refer to. It is to be asked again with what was found, until it names none.
func (e *Engine) Follow(d *Desk, held []Held) []string {
	if d.round >= Rounds-2 || d.wrong != nil {
		return nil
	}
	d.spread(held)
	if d.round == 0 {
		if d.wrong = e.begin(d); d.wrong == nil && d.followed < len(d.keys) {
			return d.more() // joining waits for these
		}
	}
	if d.round++; d.round == 1 && d.wrong == nil {
		d.wrong = d.enter()
	}
	if d.wrong == nil {
		d.followClones()
		d.followIdentity()
	}
	return d.more()
}

// more are the keys that were not named yet.
func (d *Desk) more() []string {
	more := d.keys[d.followed:]
	d.followed = len(d.keys)
	return more
}

// begin reads what was loaded first.
func (e *Engine) begin(d *Desk) error {
	if d.begun {
		return nil
	}
	d.begun = true
	if err := d.recollect(); err != nil {
		return err
	}
	d.hash()
	return d.readJoining(e)
}

// enter joins the event to its session.
func (d *Desk) enter() error {
	if err := d.readStrays(); err != nil {
		return err
	}
	if err := d.candidate(); err != nil {
		return err
	}
	d.link, d.paused = event.Link{}, false
	if err := d.joinSession(); err != nil {
		return err
	}
	if d.fresh {
		_, d.session.Crowd = d.collisions(0)
	}
	return nil
}

// prepare adds the device's fingerprint in its place among the elements.
func (d *Desk) prepare(seen sight) {
	e := &d.event
	d.device = slices.IndexFunc(e.Elements, func(el event.Element) bool { return el.Name == identity.DeviceElement })
	if d.device >= 0 || seen.device == "" {
		return
	}
	d.device = len(e.Elements)
	for i := range e.Elements {
		if e.Elements[i].Name > identity.DeviceElement {
			d.device = i
			break
		}
	}
	d.elements = append(d.elements[:0], e.Elements[:d.device]...)
	d.elements = append(d.elements, identity.Element(seen.device))
	d.elements = append(d.elements, e.Elements[d.device:]...)
	e.Elements = d.elements
}

// key is the place of a key among the keys; one that is there already is not named twice.
func (d *Desk) key(key string) int {
	if i := slices.Index(d.keys, key); i >= 0 {
		return i
	}
	d.keys = append(d.keys, key)
	return len(d.keys) - 1
}

// remember lists what of the event has a memory of its own: each entity once, and the tool that the request was made
// with, which is no element because it never links sessions.
func (d *Desk) remember() {
	e := &d.event
	d.entities = d.entities[:0]
	if e.Evidence.HeaderShape != "" || e.Evidence.UserAgent != "" { // a log of another server has no headers
		key := d.entityKey(rule.ToolEntity, e.Evidence.HeaderShape, "/", e.Evidence.UserAgent)
		value := key[len(key)-len(e.Evidence.HeaderShape)-1-len(e.Evidence.UserAgent):]
		d.entities = append(d.entities, remembered{rule.ToolEntity, value, -1, d.key(key)})
	}
	// Each element's first value goes before any element's second.
	again := false
	for i := range e.Elements {
		if el := &e.Elements[i]; el.Kind == event.Entity && el.Value != "" {
			if d.named(el.Name) {
				again = true
				continue
			}
			d.recall(i)
		}
	}
	for i := 0; again && i < len(e.Elements); i++ {
		if el := &e.Elements[i]; el.Kind == event.Entity && el.Value != "" && d.place(el.Name, el.Value) < 0 {
			d.recall(i)
		}
	}
}

func (d *Desk) recall(element int) {
	if el := &d.event.Elements[element]; len(d.entities) < entityLimit {
		d.entities = append(d.entities, remembered{el.Name, el.Value, element, d.key(d.entityKey(el.Name, el.Value, "", ""))})
	}
}

func (d *Desk) named(element string) bool {
	for i := range d.entities {
		if d.entities[i].name == element {
			return true
		}
	}
	return false
}

// place is where the entity stands among those remembered, -1 when it is none.
func (d *Desk) place(element, value string) int {
	for i := range d.entities {
		if d.entities[i].name == element && d.entities[i].value == value {
			return i
		}
	}
	return -1
}

// The first letter of a key says what it leads to; the environment comes next, so that no two share anything.

func (d *Desk) tokenKey(t event.Token) string {
	begin := len(d.text)
	d.text = append(append(append(d.text, "t\x00"...), d.event.Environment...), 0)
	d.text = append(append(append(d.text, t.Name...), 0), t.Hash...)
	return textOf(d.text[begin:])
}

func (d *Desk) entityKey(element, value, mark, more string) string {
	begin := len(d.text)
	d.text = append(append(append(d.text, "e\x00"...), d.event.Environment...), 0)
	d.text = append(append(d.text, element...), 0)
	d.text = append(append(append(d.text, value...), mark...), more...)
	return textOf(d.text[begin:])
}

// join3 is all four texts as one.
func (d *Desk) join3(kind, env, mark, rest string) string {
	begin := len(d.text)
	d.text = append(append(append(append(d.text, kind...), env...), mark...), rest...)
	return textOf(d.text[begin:])
}

// textOf is the bytes as a text, without a copy: they do not change as long as the text is used.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hash finds under which names the values are kept that memories and sessions keep.
func (d *Desk) hash() {
	d.hashes = slices.Grow(d.hashes[:0], len(d.event.Elements))[:len(d.event.Elements)]
	clear(d.hashes)
	for i, m := range d.memories {
		hash, known := m.Self()
		if !known {
			hash = d.digests.Of(d.entities[i].value)
			m.Name(hash)
		}
		if place := d.entities[i].element; place >= 0 { // the tool is no element
			d.hashes[place] = hash
		}
	}
	for i := range d.event.Elements {
		el := &d.event.Elements[i]
		if d.hashes[i] == 0 && el.Value != "" && (el.Kind == event.Entity || entity.Companion(el.Name)) {
			d.hashes[i] = d.digests.Of(el.Value)
		}
	}
}
