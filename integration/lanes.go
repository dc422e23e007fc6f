package integration

import (
	"strings"
	"time"
)

// The room for messages on their way. Webhooks of payment decisions have their own, because each payment makes one.
const (
	// decisionRoom is how many of those are on their way at once, if concurrency is not more.
	decisionRoom = 128
	// laneShare is which part of the room one receiver may take.
	laneShare = 4
)

// The keeping of a receiver that does not answer.
const (
	// failuresInRow is after how many it is tried with one message at a time, and left alone between them.
	failuresInRow = 3
	// longestRest is for how long at most.
	longestRest = 5 * time.Minute
	// shortestLife is how long a message is kept at least for a receiver that is left alone, and is longer where the attempts go on for longer.
	shortestLife = 72 * time.Hour
)

// room is for messages on their way.
type room struct {
	// most is how many there may be, aloft how many there are, trials how many of them go to receivers that do not answer.
	most, aloft, trials int
}

func (r *room) full() bool { return r.aloft >= r.most }

// each is how many of them one receiver may take, so that one that hangs leaves room for the others.
func (r *room) each() int { return max(r.most/laneShare, 1) }

// lane is the way to one receiver of plain webhooks.
type lane struct {
	aloft int
	// failures is how many messages failed in a row, the last of them at last. The receiver is left alone until a time, when there are enough.
	failures    int
	last, until time.Time
	// stale says that there may be messages that are too old to be kept, which are looked for after each failure.
	stale bool
}

func (l *lane) failing() bool { return l.failures >= failuresInRow }

// open says whether a message may go. Receivers that do not answer have half of the room at most, all of them together.
func (l *lane) open(now time.Time, r *room) bool {
	if !l.failing() {
		return l.aloft < r.each()
	}
	return l.aloft == 0 && !now.Before(l.until) && r.trials < max(r.most/2, 1)
}

// note keeps whether the receiver answered. pause is how long it is left alone after so many failures beyond those that make it so. Messages
// that were on their way when it was last left alone say nothing new.
func (l *lane) note(answered bool, now time.Time, pause func(number int) time.Duration) {
	switch {
	case answered:
		l.failures, l.until = 0, time.Time{}
	case !now.Before(l.until):
		l.last = now
		if l.failures++; l.failing() {
			l.until, l.stale = now.Add(min(pause(l.failures-failuresInRow+1), longestRest)), true
		}
	}
}

// lanes are those of actions; one that has nothing to tell is forgotten.
type lanes map[string]*lane

func (l lanes) of(action string) *lane {
	if l[action] == nil {
		l[action] = &lane{}
	}
	return l[action]
}

// closed names the actions of which nothing needs to be read now, and forgets lanes that have nothing to tell.
func (w *Webhooks) closed(now time.Time) (actions []string) {
	for action, one := range w.lanes {
		switch {
		case one.stale:
			one.stale = false // it is looked at once more, and stays open while there are any
		case one.failing() && now.Before(one.until), one.aloft > 0 && !one.open(now, w.roomOf(action)):
			actions = append(actions, action)
		case one.aloft == 0 && (one.failures == 0 || now.Sub(one.last) > 2*longestRest):
			delete(w.lanes, action)
		}
	}
	return actions
}

// roomOf is where an action's messages have their place.
func (w *Webhooks) roomOf(action string) *room {
	if decides(action) {
		return &w.decisions
	}
	return &w.plain
}

// decides says whether an action tells of a payment decision.
func decides(action string) bool { return strings.HasPrefix(action, decisionPrefix) }

// lifeOf is how long messages are kept for a receiver that does not answer: as long as one is tried.
func lifeOf(c Config) time.Duration {
	var life time.Duration
	delay := c.FirstDelay
	for range c.Attempts - 1 {
		life += delay
		delay = min(2*delay, c.LongestDelay)
	}
	return max(life, shortestLife)
}
