package challenge

import (
	"net/url"
	"time"

	"wayguard/capture"
)

// unreachable is the detail of a check that was let pass because its provider could not be asked; openValid is how long that counts at
// most.
const (
	unreachable = "provider cannot be reached"
	openValid   = 10 * time.Minute
)

// solved says whether a form solves a ticket's check, and why not, or what is special about it.
func (s *Set) solved(t ticket, form url.Values, head *capture.Request, now time.Time) (ok bool, detail string) {
	waited := now.Sub(t.issued)
	if answer := form.Get(s.names.Answer); answer != "" && s.asksQuestion(t.kind) {
		switch {
		case waited < questionWait(t.rating):
			return false, "too fast"
		case !t.keys.ask(t.word).answered(answer):
			return false, "wrong answer"
		}
		return true, "question"
	}
	switch t.kind {
	case "cookie":
		return true, ""
	case "proof":
		return verdict(proven(t.word, form.Get(s.names.Solution), proofBits(t.rating)))
	case "captcha":
		return s.captchaSolved(t, form, head)
	case "second_factor":
		return false, "not confirmed"
	}
	if waited < leastWait {
		return false, "too fast"
	}
	switch t.kind {
	case "preload":
		if !s.hasSeen(t, head) {
			return false, "nothing was loaded"
		}
	case "hints":
		return hintsAgree(head)
	}
	return true, ""
}

func verdict(ok bool) (bool, string) {
	if !ok {
		return false, "wrong solution"
	}
	return true, ""
}

// asksQuestion says whether a check's page has a question beside it.
func (s *Set) asksQuestion(kind string) bool {
	switch kind {
	case "preload", "hints", "proof":
		return true
	case "captcha":
		return s.provider == nil
	}
	return false
}

// captchaSolved asks whoever the captcha is of.
func (s *Set) captchaSolved(t ticket, form url.Values, head *capture.Request) (ok bool, detail string) {
	if s.provider == nil {
		return verdict(t.captcha().solved(form.Get(s.names.Solution)))
	}
	response := form.Get(s.provider.field)
	if response == "" || len(response) > solutionMost {
		return false, "wrong solution"
	}
	ok, err := s.verify.Verify(s.provider.name, s.provider.secret, response, head.Peer)
	if err != nil {
		return true, unreachable
	}
	return verdict(ok)
}
