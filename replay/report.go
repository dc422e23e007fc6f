package replay

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"wayguard/event"
)

// Report is the outcome of a comparison, as JSON.
type Report struct {
	// Active and Candidate are the versions of the two sets of rules.
	Active    string `json:"active"`
	Candidate string `json:"candidate"`
	// Events is how many were replayed, Counted how many of them lie in the time compared, which goes From To.
	Events  int64      `json:"events"`
	Counted int64      `json:"events_compared"`
	From    *time.Time `json:"from,omitempty"`
	To      *time.Time `json:"to,omitempty"`
	// Sessions is how many of the active set's had an event in that time.
	Sessions int64 `json:"sessions"`
	// Lost are records that could not be read, Split events that the two sets joined to different sessions, and Crowded
	// those left out because too many sessions were under way at once.
	Lost    int64 `json:"records_lost,omitempty"`
	Split   int64 `json:"events_split,omitempty"`
	Crowded int64 `json:"events_crowded_out,omitempty"`
	// Differ counts recorded verdicts that the active set gives otherwise now.
	Differ int64 `json:"recorded_verdicts_differ"`

	Ratings  []RatingChange `json:"ratings"`
	Findings []Change       `json:"findings"`
	Shadows  []ShadowReport `json:"shadows"`
	Errors   []ErrorCount   `json:"errors"`
}

// RatingChange is one cell of the matrix of the sessions' last ratings.
type RatingChange struct {
	Active    event.Rating `json:"active"`
	Candidate event.Rating `json:"candidate"`
	Touch
}

// Change is what becomes of one rule, signature or action.
type Change struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Active and Candidate are its modes.
	Active    Mode `json:"active"`
	Candidate Mode `json:"candidate"`
	// Before and After count the sessions hit.
	Before int64 `json:"sessions_before"`
	After  int64 `json:"sessions_after"`
	Newly  Touch `json:"newly_hit"`
	Gone   Touch `json:"no_longer_hit"`
}

// Changed says whether any session is hit newly or no longer.
func (c *Change) Changed() bool { return c.Newly.Sessions+c.Gone.Sessions > 0 }

// Touch is who and what is concerned.
type Touch struct {
	Sessions int64 `json:"sessions"`
	People   int64 `json:"people"`
	// PeopleAtLeast says that there were more people than are told apart.
	PeopleAtLeast bool `json:"people_at_least,omitempty"`
	// Money is what these sessions paid, whole.
	Money []Money `json:"money,omitempty"`
	// LoggedIn and Paid count the sessions in which a login or a payment succeeded after the event that was hit, Trusted
	// those that the candidate set placed a trusting label on, MarkedGood those that people have marked good.
	LoggedIn   int64 `json:"later_logged_in"`
	Paid       int64 `json:"later_paid"`
	Trusted    int64 `json:"trusted"`
	MarkedGood int64 `json:"marked_good"`
	// Examples are the first in the order of the log.
	Examples []Example `json:"examples,omitempty"`
}

// Money is a sum in minor units. Currency is ISO 4217, empty where events named none.
type Money struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// Example is a session with the event at which it was hit.
type Example struct {
	Session  event.ID  `json:"session_id"`
	Event    event.ID  `json:"event_id"`
	Position uint64    `json:"position"`
	At       time.Time `json:"at"`
	Person   event.ID  `json:"person_id,omitempty"`
	// Active and Candidate are the session's last ratings under each set.
	Active    event.Rating `json:"active"`
	Candidate event.Rating `json:"candidate"`
	Because   string       `json:"because,omitempty"`
}

// ShadowReport says how a shadow rule, signature or action would have done.
type ShadowReport struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Touch
	// Good is the share of these sessions that went on like good ones: paid, or marked good by people.
	Good Share `json:"good"`
}

// Share is a part of a whole in tenths of a percent, with the 95 % interval of Wilson (1927): low to high.
type Share struct {
	Permille int64 `json:"permille"`
	Low      int64 `json:"low"`
	High     int64 `json:"high"`
}

// ErrorCount counts the events on which a rule could not be evaluated.
type ErrorCount struct {
	Rule      string `json:"rule"`
	Message   string `json:"message"`
	Active    int64  `json:"active"`
	Candidate int64  `json:"candidate"`
}

// Report settles what is under way and tells everything. The comparison is over then.
func (c *Comparison) Report() Report {
	for id, v := range c.visits {
		c.settle(v)
		delete(c.visits, id)
	}
	r := Report{Events: c.events, Counted: c.counted, Split: c.split, Crowded: c.crowded,
		Ratings: []RatingChange{}, Findings: []Change{}, Shadows: []ShadowReport{}, Errors: []ErrorCount{}}
	if c.counted > 0 {
		r.From, r.To = &c.first, &c.last
	}
	for cell, t := range c.changes {
		r.Sessions += t.sessions
		r.Ratings = append(r.Ratings, RatingChange{cell[active], cell[candidate], t.report()})
	}
	slices.SortFunc(r.Ratings, func(a, b RatingChange) int {
		return cmp.Or(cmp.Compare(a.Active, b.Active), cmp.Compare(a.Candidate, b.Candidate))
	})
	for _, t := range c.findings {
		r.Findings = append(r.Findings, Change{t.Kind, t.ID, t.Name, t.Active, t.Candidate, t.before, t.after, t.newly.report(), t.gone.report()})
		if t.Candidate == Shadow {
			r.Shadows = append(r.Shadows, shadowOf(t))
		}
	}
	slices.SortFunc(r.Findings, func(a, b Change) int { return inOrder(a.Kind, b.Kind, a.ID, b.ID) })
	slices.SortFunc(r.Shadows, func(a, b ShadowReport) int { return inOrder(a.Kind, b.Kind, a.ID, b.ID) })
	for _, n := range c.errors {
		r.Errors = append(r.Errors, *n)
	}
	slices.SortFunc(r.Errors, func(a, b ErrorCount) int { return strings.Compare(a.Rule, b.Rule) })
	return r
}

func inOrder(a, b Kind, x, y string) int { return cmp.Or(a.rank()-b.rank(), strings.Compare(x, y)) }

func shadowOf(t *tally) ShadowReport {
	s := ShadowReport{Kind: t.Kind, ID: t.ID, Name: t.Name, Touch: t.all.report()}
	s.Good = shareOf(t.all.fine, t.all.sessions)
	return s
}

// shareOf is a part of the whole with Wilson's interval for 95 % (z = 1.96).
func shareOf(part, whole int64) Share {
	if whole == 0 {
		return Share{}
	}
	const z = 1.96
	n, p := float64(whole), float64(part)/float64(whole)
	centre, spread := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1000 / (1 + z*z/n)
	return Share{
		Permille: (2000*part + whole) / (2 * whole),
		Low:      int64(math.Round(max(0, centre-spread) * scale)),
		High:     int64(math.Round(min(centre+spread, 1+z*z/n) * scale)),
	}
}

func micro(at int64) time.Time { return time.UnixMicro(at).UTC() }
