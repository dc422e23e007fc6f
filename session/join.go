package session

import (
	"strings"
	"time"

	"wayguard/event"
)

// The reasons for which an event is joined to a session.
const (
	ByOpening    = "opened"
	ByToken      = "token"
	ByLearned    = "learned_token"
	ByRotation   = "rotation"
	ByConnection = "connection"
	ByFallback   = "address_headers_user_agent"
	ByStitch     = "stitch"
	ByTold       = "told"
)

// Told begins the name of the token by which whoever makes an event names its session: the last of the event's tokens, with the
// session's id as its hash. What follows in the name says how he knew. No visitor's token has such a name.
const Told = "told:"

// Way is what leads to a candidate.
type Way uint8

// The ways.
const (
	// ByLooks: the same address, browser and language.
	ByLooks Way = iota
	// ByWire: the same connection, on which nobody else was seen.
	ByWire
	// ByKey: a token.
	ByKey
)

// Candidate is a session that an event might belong to.
type Candidate struct {
	Session *Session
	Way     Way
	// Token is the name of the event's token that leads to it, where one does.
	Token string
	// Contested means that the token was handed to a visitor without any, and that since then one with another token turned
	// out to be the session's: two people had asked at the same time.
	Contested bool
	// Worn means that more browsers or networks show the token than one person has.
	Worn bool
	// Successor means that the token took the place of another one of the session, and is shown for the first time.
	Successor bool
}

// Visit is what joining rests on beside the event and the candidates.
type Visit struct {
	// Idle is how long a session of that opening time, in Unix microseconds, lasts without an event.
	Idle func(opened int64) time.Duration
	// Collisions is how many other visitors who look the same are to be expected at the address within a gap, in thousandths;
	// nil is none.
	Collisions func(gap time.Duration) int64
	// Presents says that the visitor showed a token whose values tell visitors apart.
	Presents bool
	// Account is the hash of the account that the event logs in to, 0 when it logs in to none.
	Account uint64
}

// The most visitors who look the same, in thousandths, that may be expected where an event is joined by its looks; more when the
// page it comes from is one that the session has seen, fewer when it is not.
const (
	collisionLimit = 200
	witnessLimit   = 800
	strangerLimit  = 100
	// witnessReach is how long a referring page speaks for its session.
	witnessReach = 10 * time.Minute
	// stitchReach is how long after its last event a fragment can be taken in.
	stitchReach = 10 * time.Minute
)

// Join picks the session an event belongs to and says why; nil when a new one is to be opened.
//
// A token decides when the visitor presents one that is known. Without, the same connection joins, and then the same address
// and browser, but only where no cookie contradicts and where it is unlikely that somebody else looks the same: a visitor who
// presents an unknown token is somebody else than a session with a token of its own, and so is one without any token when
// that session's visitor keeps cookies. So the first hit counts before the cookie exists, a tool that never keeps cookies
// stays one session, and two people behind one address with the same browser are not thrown together.
func Join(e *event.Event, v *Visit, candidates []Candidate) (*Session, event.Join) {
	opened := event.Join{By: ByOpening, Detail: "nothing known of this visitor"}
	for i := range candidates {
		c := &candidates[i]
		if c.Session.Environment != e.Environment {
			continue
		}
		if reason := over(e, v, c.Session); reason != "" {
			opened.Detail = reason
			continue
		}
		if reason := refuse(e, v, c); reason != "" {
			opened.Detail = reason
			continue
		}
		return c.Session, joined(e, c)
	}
	return nil, opened
}

// over says why a session has come to its end, empty when it has not.
func over(e *event.Event, v *Visit, s *Session) string {
	at, idle := e.Time.UnixMicro(), v.Idle(s.Opened)
	switch {
	case at-s.Last > idle.Microseconds():
		return "idle for more than " + idle.String()
	case s.Opened-at > idle.Microseconds():
		// Events come late by moments. A session from further ahead was opened by a clock that was set back since, and
		// would not end before that time.
		return "the clock went back by more than " + idle.String()
	case at-s.Opened > LifeLimit.Microseconds():
		return "the session was older than " + LifeLimit.String()
	case s.Left && v.Account != 0 && s.Account != 0 && v.Account != s.Account:
		return "another account logged in after the first had logged out"
	}
	return ""
}

// refuse says why a candidate is not the visitor's session, empty when it is.
func refuse(e *event.Event, v *Visit, c *Candidate) string {
	switch {
	case c.Contested:
		return "same address, headers and user agent as another visitor when both had no cookie yet"
	case c.Worn:
		return "more browsers or networks show this cookie than one visitor has"
	}
	if browser := BrowserOf(&e.Evidence.Client); browser != 0 && c.Session.Browser != 0 && browser != c.Session.Browser {
		return "another browser shows the same cookie or connection"
	}
	switch c.Way {
	case ByKey:
		return ""
	case ByWire:
		if c.Session.Presented && v.Presents {
			return "same connection as a session with other cookies"
		}
		return ""
	}
	if v.Presents && telling(c.Session) {
		return "same address, headers and user agent as a session that says too much of somebody to be anybody's"
	}
	if c.Session.Presented && (v.Presents || !c.Session.Mixed) {
		return "same address, headers and user agent as a session that keeps cookies of its own"
	}
	return crowded(e, v, c.Session)
}

// telling says whether a session has a rating, or an account, of its own. Who shows a cookie that it has never seen is not put
// there for looks alone: a stranger at the same address, who wears the same browser, could else lend his rating to others.
func telling(s *Session) bool { return s.Rating > event.Normal || s.Account != 0 }

// crowded says why looks are not enough, empty when they are.
func crowded(e *event.Event, v *Visit, s *Session) string {
	if v.Collisions == nil {
		return ""
	}
	gap := time.Duration(max(0, e.Time.UnixMicro()-s.Last)) * time.Microsecond
	limit := int64(collisionLimit)
	if from := e.Evidence.Wire.From; from != "" {
		limit = strangerLimit
		if s.shape.Visited(from) && gap <= witnessReach {
			limit = witnessLimit
		}
	}
	if v.Collisions(gap) > limit {
		return "too many visitors look the same at this address"
	}
	return ""
}

func joined(e *event.Event, c *Candidate) event.Join {
	switch {
	case strings.HasPrefix(c.Token, Told):
		return event.Join{By: ByTold, Detail: c.Token[len(Told):]}
	case c.Way == ByWire:
		return event.Join{By: ByConnection, Detail: "the same connection"}
	case c.Way == ByLooks && e.Evidence.Wire.From != "" && c.Session.shape.Visited(e.Evidence.Wire.From):
		return event.Join{By: ByFallback, Detail: "it comes from a page of the session"}
	case c.Way == ByLooks:
		return event.Join{By: ByFallback}
	case c.Successor:
		return event.Join{By: ByRotation, Detail: c.Token}
	case len(c.Token) > len(Undeclared) && c.Token[:len(Undeclared)] == Undeclared:
		return event.Join{By: ByLearned, Detail: c.Token[len(Undeclared):]}
	}
	return event.Join{By: ByToken, Detail: c.Token}
}

// Fragment finds among the candidates the part of the visit that the event's session has not got yet: a session whose
// visitor has shown no token, seen a short time ago, who looks the same where few do. Nil when there is none. Two sessions
// that proved different accounts are never brought together.
func Fragment(e *event.Event, v *Visit, own *Session, candidates []Candidate) *Session {
	for i := range candidates {
		c := &candidates[i]
		f := c.Session
		if f == own || c.Way == ByKey || f.Presented || f.Environment != own.Environment {
			continue
		}
		if f.Account != 0 && own.Account != 0 && f.Account != own.Account || e.Time.UnixMicro()-f.Last > stitchReach.Microseconds() {
			continue
		}
		if c.Way == ByLooks && (f.Rating > event.Normal || f.Account != 0 && f.Account != own.Account) {
			continue
		}
		if over(e, v, f) == "" && refuse(e, v, &Candidate{Session: f, Way: ByWire}) == "" && (c.Way == ByWire || crowded(e, v, f) == "") {
			return f
		}
	}
	return nil
}
