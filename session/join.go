package session

import (
	"time"

	"wayguard/event"
)

// The reasons for which an event is joined to a session.
const (
	ByOpening  = "opened"
	ByToken    = "token"
	ByFallback = "address_headers_user_agent"
)

// Candidate is a session that an event might belong to.
type Candidate struct {
	Session *Session
	// Token is the name of the event's token that leads to it, empty when address, header shape and user agent do.
	Token string
	// Contested means that the token was handed to a visitor without any, and that since then one with another token turned
	// out to be the session's: two people had asked at the same time.
	Contested bool
}

// Join picks the session an event belongs to and says why; nil when a new one is to be opened.
//
// A token decides when the visitor presents one that is known. Without, the same address, header shape and user agent
// join only where no cookie contradicts: a visitor who presents an unknown token is somebody else than a session
// with a token of its own, and so is one without any token when that session's visitor keeps cookies. So the first hit
// counts before the cookie exists, a tool that never keeps cookies stays one session, and two people behind one
// address with the same browser are not thrown together.
func Join(e *event.Event, candidates []Candidate, idle time.Duration) (*Session, event.Join) {
	opened := event.Join{By: ByOpening, Detail: "nothing known of this visitor"}
	for _, c := range candidates {
		if c.Session.Environment != e.Environment {
			continue
		}
		if e.Time.UnixMicro()-c.Session.Last > idle.Microseconds() {
			opened.Detail = "idle for more than " + idle.String()
			continue
		}
		if c.Session.Opened-e.Time.UnixMicro() > idle.Microseconds() {
			// Events come late by moments. A session from further ahead was opened by a clock that was set back since, and
			// would not end before that time.
			opened.Detail = "the clock went back by more than " + idle.String()
			continue
		}
		if c.Contested {
			opened.Detail = "same address, headers and user agent as another visitor when both had no cookie yet"
			continue
		}
		if c.Token != "" {
			return c.Session, event.Join{By: ByToken, Detail: c.Token}
		}
		if c.Session.Presented {
			opened.Detail = "same address, headers and user agent as a session that keeps cookies of its own"
			continue
		}
		return c.Session, event.Join{By: ByFallback}
	}
	return nil, opened
}
