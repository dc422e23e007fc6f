package integration

import (
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/event"
)

// maxWaiting bounds the messages that a tally remembers as waiting.
const maxWaiting = 10_000

// tally is what an integration has done, and what it may do now. The zero tally is ready.
type tally struct {
	mu sync.Mutex
	// aloft is how many messages are on their way, sent when those of the last minute began.
	aloft int
	sent  []time.Time

	counts  Counts
	last    time.Time
	failure string
	failed  time.Time
	// waiting are the messages that failed or were held back and have not ended.
	waiting map[event.ID]bool
}

// Counts are what became of an integration's alerts since the start.
type Counts struct {
	// Sent is how many messages the receiver took, Told how many alerts they stand for: more than Sent where there were digests.
	Sent int64 `json:"sent"`
	Told int64 `json:"told"`
	// Failed is how many attempts failed, Dead how many alerts were given up.
	Failed int64 `json:"failed"`
	Dead   int64 `json:"dead"`
	// Held is how many alerts had to wait for the limit of messages in a minute.
	Held int64 `json:"held"`
}

// room is how many messages may be sent now: by concurrency, and by the limit of messages in a minute. next is when the limit has
// room again, where it has none.
func (t *tally) room(now time.Time, concurrency, perMinute int) (byConcurrency, byLimit int, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	byConcurrency = max(concurrency-t.aloft, 0)
	if perMinute <= 0 {
		return byConcurrency, 1 << 30, now
	}
	old := 0
	for old < len(t.sent) && now.Sub(t.sent[old]) >= time.Minute {
		old++
	}
	t.sent = slices.Delete(t.sent, 0, old)
	if byLimit = max(perMinute-len(t.sent), 0); byLimit == 0 {
		next = t.sent[len(t.sent)-perMinute].Add(time.Minute)
	}
	return byConcurrency, byLimit, next
}

// takeOff counts a message on its way.
func (t *tally) takeOff(now time.Time, limited bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aloft++
	if limited {
		t.sent = append(t.sent, now)
	}
}

func (t *tally) land() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aloft--
}

// hold remembers messages that wait.
func (t *tally) hold(id event.ID, limited bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limited && !t.waiting[id] {
		t.counts.Held++
	}
	t.wait(id)
}

func (t *tally) wait(id event.ID) {
	if t.waiting == nil {
		t.waiting = map[event.ID]bool{}
	}
	if len(t.waiting) < maxWaiting {
		t.waiting[id] = true
	}
}

// note keeps what became of an attempt. dead says which of the members were given up.
func (t *tally) note(members []event.Delivery, o outcome, dead func(event.Delivery) bool, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.reason == "" {
		t.counts.Sent++
		t.counts.Told += int64(len(members))
		t.last = now
	} else {
		t.counts.Failed++
		t.failure, t.failed = o.reason, now
	}
	for _, d := range members {
		switch {
		case o.reason == "":
			delete(t.waiting, d.ID)
		case dead(d):
			t.counts.Dead++
			delete(t.waiting, d.ID)
		default:
			t.wait(d.ID)
		}
	}
}

// Status is how an integration fares, for the Hub. It holds no secret.
type Status struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Target is where it goes: scheme and host.
	Target string `json:"target"`
	Counts Counts `json:"counts"`
	// Waiting is how many alerts were tried or held back and have not ended.
	Waiting int `json:"waiting"`
	// LastSent is when the receiver took a message last.
	LastSent time.Time `json:"last_sent,omitzero"`
	// LastError is why an attempt failed last, at LastErrorAt.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	// Asked is an enricher's counts; nil for those that are told.
	Asked *Asked `json:"asked,omitempty"`
}

// Status tells how each integration fares, by name.
func (n *Notifiers) Status() []Status {
	var list []Status
	for name, one := range *n.byName.Load() {
		s := Status{Name: name, Kind: one.config.Kind, Target: one.config.target()}
		one.tally.describe(&s)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (t *tally) describe(s *Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Counts, s.Waiting, s.LastSent, s.LastError, s.LastErrorAt = t.counts, len(t.waiting), t.last, t.failure, t.failed
}

// target is what of the address may be shown.
func (c IntegrationConfig) target() string {
	switch {
	case c.SMTP != "":
		return "smtp://" + c.SMTP
	case c.Address != "":
		return c.Address
	}
	return hostOf(c.URL)
}
