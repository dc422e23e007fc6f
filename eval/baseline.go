package eval

import (
	"time"

	"wayguard/event"
)

// timeout is the baseline that takes address and browser for a visitor, and half an hour of silence for the end of a session.
type timeout map[string]*idle

type idle struct {
	session uint32
	last    time.Time
}

// idleTimeout is what log analysers have used since the nineties.
const idleTimeout = 30 * time.Minute

func (t timeout) session(e *event.Event) uint32 {
	key := e.Evidence.Address + e.Evidence.UserAgent
	at := t[key]
	if at == nil {
		at = &idle{session: uint32(len(t)) << 8}
		t[key] = at
	} else if e.Time.Sub(at.last) > idleTimeout {
		at.session++
	}
	at.last = e.Time
	return at.session
}

// thresholds are the baseline of a managed firewall's rules for logins, signups and payments, as published: see
// science.md, section 2.1 (AWS WAF ATP and ACFP, at their strictest level that has no challenge; Rupt's recipe for payments).
type thresholds struct {
	addresses map[string]*recent
	cookies   map[string]*recent
}

// recent are the times of what one address or cookie did lately.
type recent struct{ logins, failures, signups, payments []time.Time }

func newThresholds() thresholds {
	return thresholds{addresses: map[string]*recent{}, cookies: map[string]*recent{}}
}

func of(all map[string]*recent, key string) *recent {
	r := all[key]
	if r == nil {
		r = &recent{}
		all[key] = r
	}
	return r
}

// exceeded counts the event, and says whether one of the thresholds is passed by it.
func (t *thresholds) exceeded(e *event.Event) bool {
	switch e.Type {
	case event.AuthenticationAttempt, event.AccountCreation, event.Transaction:
	default:
		return false
	}
	passed := of(t.addresses, e.Evidence.Address).passes(e, 10*time.Minute, 20, 10)
	for i := range e.Evidence.Tokens {
		if token := &e.Evidence.Tokens[i]; !token.Issued && token.Name == "cookie:shop_session" {
			passed = of(t.cookies, token.Hash).passes(e, 30*time.Minute, 20, 10) || passed
		}
	}
	return passed
}

func (r *recent) passes(e *event.Event, span time.Duration, logins, failures int) bool {
	switch e.Type {
	case event.AuthenticationAttempt:
		if e.Result == event.Failure {
			r.failures = within(r.failures, e.Time, span)
		}
		r.logins = within(r.logins, e.Time, span)
		return len(r.logins) > logins || e.Result == event.Failure && len(r.failures) > failures
	case event.AccountCreation:
		r.signups = within(r.signups, e.Time, span)
		return len(r.signups) > logins
	}
	r.payments = within(r.payments, e.Time, 10*time.Minute)
	return len(r.payments) > 5
}

// within adds a time to those of the last span.
func within(times []time.Time, at time.Time, span time.Duration) []time.Time {
	old := 0
	for old < len(times) && at.Sub(times[old]) > span {
		old++
	}
	return append(times[old:], at)
}
