package eval

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/world"
)

// Seen is what came of a world: what was thought of each visit, beside the truth about it.
type Seen struct {
	Name   string
	Events int
	world  *world.World
	// visits by their number less one.
	visits []visit
	// journeys, sessions and the baselines' clusters are numbered in the order they appear.
	journeys, sessions, cookies, shapes numbers
	persons, actors, labels             numbers
	labelled                            []labelled
	// absorbed are sessions whose events came to belong to another, by their numbers.
	absorbed map[uint32]uint32
	// tiers counts decisions about devices by the kind of evidence.
	tiers      map[string]int
	thresholds thresholds
	timeout    timeout
	attackers  map[uint32]*attacker
	// payments and blocked count those of people.
	payments, blocked int
	// reasons counts, by how many reasons tipped it, each rating that rose to Malicious.
	reasons map[int]int
	// times are how long observing took, in nanoseconds, of a sample.
	times []int32
}

// visit is one of them.
type visit struct {
	truth                  world.Truth
	journey, cookie, shape uint32
	// person is the journey's own number where no person is known; actor is 0 where none is.
	person, actor uint32
	confidence    int64
	// tier is the kind of evidence that its device was decided by, labels are those placed on its events.
	tier               string
	labels             []uint32
	requests           int32
	rating             event.Rating
	score              int64
	sessions, timeouts []share
	keyed, threshold   bool
}

// share is how many of a visit's requests went into a cluster.
type share struct {
	cluster uint32
	count   int32
}

// attacker is one device of an attack.
type attacker struct {
	truth                                        world.Truth
	attempts, suspicious, malicious, thresholded int
	losses, flagged                              int
	paid                                         int
	began, alarmed, condemned, thresholdAlarm    time.Time
}

func newSeen(w *world.World, plan Plan) *Seen {
	return &Seen{Name: plan.Name, world: w, journeys: numbers{}, sessions: numbers{}, cookies: numbers{}, shapes: numbers{}, persons: numbers{},
		actors: numbers{}, labels: numbers{}, absorbed: map[uint32]uint32{}, tiers: map[string]int{},
		thresholds: newThresholds(), timeout: timeout{}, attackers: map[uint32]*attacker{}, reasons: map[int]int{}}
}

// numbers gives each text a number, from 1.
type numbers map[string]uint32

func (n numbers) of(text string) uint32 {
	if found, ok := n[text]; ok {
		return found
	}
	own := string(append([]byte(nil), text...)) // the text is only lent
	n[own] = uint32(len(n) + 1)
	return n[own]
}

// note takes down one record.
func (s *Seen) note(r *event.Record, truth *world.Truth) {
	s.Events++
	for len(s.visits) < int(truth.Visit) {
		s.visits = append(s.visits, visit{})
	}
	v := &s.visits[truth.Visit-1]
	if v.requests == 0 {
		v.truth = *truth
		v.cookie = s.cookies.of("visit " + strconv.Itoa(int(truth.Visit)))
	}
	v.requests++
	e := &r.Event
	s.place(v, &r.Session)
	v.timeouts = addShare(v.timeouts, s.timeout.session(e))
	v.shape = s.shapes.of(e.Evidence.Address + e.Evidence.UserAgent)
	for i := range e.Evidence.Tokens {
		if t := &e.Evidence.Tokens[i]; !t.Issued {
			v.keyed = true
		}
		if t := &e.Evidence.Tokens[i]; t.Name == "undeclared:cookie:visitor" {
			v.cookie = s.cookies.of(t.Hash)
		}
	}
	s.label(v, r.Verdict.Labels)
	v.rating, v.score = max(v.rating, r.Verdict.Rating), max(v.score, r.Verdict.Score)
	flagged := s.thresholds.exceeded(e)
	v.threshold = v.threshold || flagged
	if r.Verdict.Rating == event.Malicious && r.Verdict.Before < event.Malicious {
		s.reasons[len(r.Verdict.Tipped)]++
	}
	if truth.Attack == world.Honest {
		s.person(e, truth)
		return
	}
	s.attack(r, truth, flagged)
}

// place takes down which session, device, person and actor the engine thinks that it is. The last word on a visit counts:
// what is learned during it may change who it is.
func (s *Seen) place(v *visit, r *event.Session) {
	session := s.sessions.of(string(r.ID))
	v.sessions = addShare(v.sessions, session)
	if r.Absorbed != "" {
		if other := s.sessions.of(string(r.Absorbed)); other != session {
			s.absorbed[other] = session
		}
	}
	v.journey = s.journeys.of(string(r.Journey))
	if v.person = s.persons.of("journey " + string(r.Journey)); r.Person != "" {
		v.person = s.persons.of(string(r.Person))
	}
	v.actor = 0
	if r.Actor != "" {
		v.actor = s.actors.of(string(r.Actor))
	}
	if r.Confidence > 0 {
		v.confidence = r.Confidence
	}
	if r.Link.Tier != "" {
		v.tier = strings.Clone(r.Link.Tier) // the text is only lent
		s.tiers[v.tier]++
	}
}

// finish gives the events of sessions that were absorbed to those that absorbed them.
func (s *Seen) finish() {
	if len(s.absorbed) == 0 {
		return
	}
	for i := range s.visits {
		all := s.visits[i].sessions
		s.visits[i].sessions = nil
		for _, p := range all {
			for range s.visits { // a chain is no longer than there are visits
				into, ok := s.absorbed[p.cluster]
				if !ok {
					break
				}
				p.cluster = into
			}
			s.visits[i].sessions = mergeShare(s.visits[i].sessions, p)
		}
	}
}

// label takes down the labels that were placed, by their names.
func (s *Seen) label(v *visit, labels []event.Label) {
	for i := range labels {
		l := &labels[i]
		n := s.labels.of(l.Name)
		if int(n) > len(s.labelled) {
			s.labelled = append(s.labelled, labelled{strings.Clone(l.Name), strings.Clone(l.Family), l.Points, l.Shadow})
		}
		if !slices.Contains(v.labels, n) {
			v.labels = append(v.labels, n)
		}
	}
}

func mergeShare(shares []share, p share) []share {
	for i := range shares {
		if shares[i].cluster == p.cluster {
			shares[i].count += p.count
			return shares
		}
	}
	return append(shares, p)
}

func (s *Seen) person(e *event.Event, truth *world.Truth) {
	if e.Type == event.Transaction && truth.Human() {
		s.payments++
		if e.Result == event.Blocked {
			s.blocked++
		}
	}
}

// attack takes down what an attacker did.
func (s *Seen) attack(r *event.Record, truth *world.Truth, thresholded bool) {
	a := s.attackers[truth.Device]
	if a == nil {
		a = &attacker{truth: *truth}
		s.attackers[truth.Device] = a
	}
	e, rating := &r.Event, r.Verdict.Rating
	if truth.Loss {
		a.losses++
		if rating >= event.Suspicious {
			a.flagged++
		}
	}
	if e.Type == event.Transaction && e.Result != event.Blocked {
		a.paid++
	}
	if e.Time.Before(s.world.Start(truth.Actor)) {
		return // a device being made ready does no harm yet
	}
	if a.began.IsZero() {
		a.began = e.Time
	}
	if rating >= event.Suspicious && a.alarmed.IsZero() {
		a.alarmed = e.Time
	}
	if rating >= event.Malicious && a.condemned.IsZero() {
		a.condemned = e.Time
	}
	if thresholded && a.thresholdAlarm.IsZero() {
		a.thresholdAlarm = e.Time
	}
	if !truth.Attempt {
		return
	}
	a.attempts++
	if rating >= event.Suspicious {
		a.suspicious++
	}
	if rating >= event.Malicious {
		a.malicious++
	}
	if thresholded {
		a.thresholded++
	}
}

func addShare(shares []share, cluster uint32) []share { return mergeShare(shares, share{cluster, 1}) }
