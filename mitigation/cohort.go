package mitigation

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// cohort is a group of visitors whose luck with a check is counted together.
type cohort struct {
	kind, family, country string
	signedIn              bool
}

func (c cohort) keep() cohort {
	c.kind, c.family, c.country = clone(c.kind), clone(c.family), clone(c.country)
	return c
}

// cohort is the one of the visitor who is offered a check.
func (x *choice) cohort() cohort {
	c := cohort{
		kind: x.p.wantedCheck(x.action, x.j.Verdict.Rating), family: x.e.Evidence.Client.Family, country: x.e.Evidence.Network.Country,
	}
	for i := range x.e.Evidence.Tokens {
		c.signedIn = c.signedIn || !x.e.Evidence.Tokens[i].Issued
	}
	return c
}

// progress is how far somebody came with a check.
type progress int

const (
	offered progress = iota
	passed
	refused
	looped
	progresses
)

// mostCohorts bounds what is counted apart; the others of a kind of check are counted together.
const mostCohorts = 2000

// cohorts are counters. They lock themselves.
type cohorts struct {
	mu  sync.Mutex
	all map[cohort]*[progresses]int64
}

func newCohorts() *cohorts { return &cohorts{all: map[cohort]*[progresses]int64{}} }

func (c *cohorts) add(which cohort, how progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.all[which]
	if counts == nil && len(c.all) >= mostCohorts {
		which = cohort{kind: which.kind, family: "other"}
		counts = c.all[which]
	}
	if counts == nil {
		counts = new([progresses]int64)
		c.all[which.keep()] = counts
	}
	counts[how]++
}

// CheckRate is how a cohort does with a kind of check.
type CheckRate struct {
	Check  string `json:"check"`
	Family string `json:"family,omitempty"`
	// Country is the two-letter code, empty where it is not known.
	Country string `json:"country,omitempty"`
	// SignedIn says that the visitor had a session token of the application.
	SignedIn bool  `json:"signed_in,omitempty"`
	Offered  int64 `json:"offered"`
	Passed   int64 `json:"passed"`
	Refused  int64 `json:"refused"`
	// Looped are those who were let through because the check was offered to them again and again.
	Looped int64 `json:"looped"`
}

// list has the cohorts to whom most was offered first.
func (c *cohorts) list() []CheckRate {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]CheckRate, 0, len(c.all))
	for which, n := range c.all {
		list = append(list, CheckRate{
			Check: which.kind, Family: which.family, Country: which.country, SignedIn: which.signedIn,
			Offered: n[offered], Passed: n[passed], Refused: n[refused], Looped: n[looped],
		})
	}
	slices.SortFunc(list, func(a, b CheckRate) int {
		return cmp.Or(cmp.Compare(b.Offered, a.Offered), strings.Compare(a.Check, b.Check), strings.Compare(a.Family, b.Family),
			strings.Compare(a.Country, b.Country), cmp.Compare(b.Passed, a.Passed))
	})
	return list
}
