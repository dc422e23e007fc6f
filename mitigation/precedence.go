package mitigation

import (
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

// weighing is one policy that wants to deal with one request.
type weighing struct {
	p       *Plan
	c       *compiled
	e       *event.Event
	j       *Judgement
	now     time.Time
	because string
	// those are whom the policy would deal with, at is the place on the ladder where they stand.
	those subjects
	at    int
	// held is what checks the visitor has passed, worked out once for a request.
	held *holding
}

// holding is what checks the visitor has passed. It is asked for only when a check is about to be offered.
type holding struct {
	p     *Plan
	head  *capture.Request // nil: the event says it
	e     *event.Event
	now   time.Time
	known bool
	held  challenge.Held
}

func (h *holding) enough(kind string) bool {
	if !h.known {
		h.known = true
		if h.head != nil {
			h.held = h.p.held(h.head, h.now)
		} else if said := h.e.Find(checkElement); said != nil {
			h.held = challenge.Held{Kind: said.Value}
		}
	}
	return h.held.Kind != "" && h.held.Enough(kind)
}

// rank is one step of the order of precedence.
type rank struct {
	// name is for people.
	name    string
	outcome event.Outcome
	// speaks says whether the step decides, why as a word, and the circumstances for people.
	speaks func(*weighing) (reason Reason, detail string, decides bool)
}

// ranks is the number of steps in the order, breakerRank the place of the breaker.
const (
	ranks       = 11
	breakerRank = 4
	doneRank    = ranks - 1
)

// precedence is the order: the first step that speaks decides. docs/mitigation.md has it as a table.
func precedence() [ranks]rank {
	return [ranks]rank{
		{"the operator's stop", event.Withheld, (*weighing).stopped},
		{"allow lists", event.Withheld, (*weighing).allowed},
		{"spared by hand or by an undo", event.Withheld, (*weighing).spared},
		{"the request is not held here", event.Unavailable, (*weighing).notHeld},
		{"the circuit breaker", event.Withheld, (*weighing).broken},
		{"quiet hours", event.Withheld, (*weighing).quiet},
		{"shadow", event.Withheld, (*weighing).shadow},
		{"control arm and roll-out", event.Withheld, (*weighing).share},
		{"nobody, or too many, to deal with", event.Withheld, (*weighing).crowd},
		{"a passed check", event.Passed, (*weighing).passed},
		{"the ladder", event.Done, (*weighing).asked},
	}
}

// first is the first step of an order, from a place on, that decides.
func first(order *[ranks]rank, from int, w *weighing) (at int, reason Reason, detail string) {
	for at := from; at < doneRank; at++ {
		if reason, detail, decides := order[at].speaks(w); decides {
			return at, reason, detail
		}
	}
	return doneRank, ReasonAsked, ""
}

// step is the step of the ladder that is due.
func (w *weighing) step() *step { return &w.c.steps[w.at] }

func (w *weighing) stopped() (Reason, string, bool) {
	halt := w.p.control.Halted(w.now)
	if halt == nil {
		return "", "", false
	}
	return ReasonStop, "stopped until " + clock(halt.Until), true
}

func (w *weighing) allowed() (Reason, string, bool) {
	for i := range w.p.allow {
		if list := &w.p.allow[i]; list.allows(w.e, w.j, w.now) {
			return ReasonAllowed, "allow list " + list.name, true
		}
	}
	return "", "", false
}

func (w *weighing) spared() (Reason, string, bool) {
	until, ok := w.p.control.spared.until(w.c.config.Name, &w.j.Session, w.e, w.now)
	if !ok {
		return "", "", false
	}
	return ReasonSpared, "spared until " + clock(until), true
}

func (w *weighing) notHeld() (Reason, string, bool) {
	return ReasonNotHeld, "the request was not held", !w.e.HTTP.Inline
}

func (w *weighing) broken() (Reason, string, bool) {
	return ReasonBreaker, "circuit breaker open", !w.c.ledger.breaker.closed(w.now)
}

func (w *weighing) quiet() (Reason, string, bool) {
	for i := range w.c.quiet {
		if w.c.quiet[i].Holds(w.now) {
			return ReasonQuiet, "quiet hours", true
		}
	}
	return "", "", false
}

func (w *weighing) shadow() (Reason, string, bool) {
	return ReasonShadow, "shadow", w.c.config.Mode == policy.Shadow
}

// share speaks when one of those that the request belongs to is outside: who has two accounts on one form is dealt with for both or
// for none.
func (w *weighing) share() (Reason, string, bool) {
	if w.c.control == 0 && w.c.percent >= whole {
		return "", "", false
	}
	for _, who := range w.those.all() {
		if w.c.controlled(who) {
			return ReasonControl, "control arm", true
		}
	}
	for _, who := range w.those.all() {
		if !w.c.rolledOut(who) {
			return ReasonRollout, "not yet rolled out to it", true
		}
	}
	return "", "", false
}

func (w *weighing) crowd() (Reason, string, bool) {
	if w.those.n == 0 {
		return ReasonNobody, "the request shows no " + string(w.c.config.Scope), true
	}
	if w.c.config.Scope != policy.ScopeAddress || !w.p.control.people.shared(w.those.list[0].key, w.e.Evidence.Network.Kind, w.now) {
		return "", "", false
	}
	return ReasonSharedAddress, "several people share the address", true
}

func (w *weighing) passed() (Reason, string, bool) {
	action := w.step().action
	if !checks(action.Kind) {
		return "", "", false
	}
	if kind := w.p.wantedCheck(action, w.j.Verdict.Rating); w.held.enough(kind) {
		return ReasonPassed, w.held.held.Kind + " passed", true
	}
	if w.j.Verdict.Rating == event.Normal {
		if label, ok := w.p.control.trusted.first(w.j.Session.Labels); ok {
			return ReasonTrusted, "trusted: " + label, true
		}
	}
	return "", "", false
}

func (w *weighing) asked() (Reason, string, bool) { return ReasonAsked, w.because, true }

// wantedCheck is the kind of check that an action offers, the lightest that will do. Where the application does not take over, the
// strongest of our own stands in for a second factor.
func (p *Plan) wantedCheck(a *policy.ActionConfig, rating event.Rating) string {
	kind := a.Check
	switch {
	case a.Kind == event.SecondFactor:
		kind = secondFactor
	case kind == "":
		return challenge.ForRating(rating)
	}
	if kind == secondFactor && p.mitigation.SecondFactor.URL == "" {
		return "captcha"
	}
	return kind
}

// secondFactor is the strongest kind of check.
const secondFactor = "second_factor"

// clock is a moment for people.
func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
