package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

const (
	// resolutionHeader names a REVIEW that was accepted, so that its payment may be sent again without being reviewed again.
	resolutionHeader = "X-Specter-Resolution"
	// resolutionLife is how long an accepted resolution is good for; it is not longer than that of an idempotency key.
	resolutionLife = 24 * time.Hour
	// resubmitter is the client under which resubmissions are kept, each with the REVIEW's id as its idempotency key: that is what makes
	// each good for one, also across a restart. No client has such a name: it holds a space.
	resubmitter = "accepted resolution"
	onceKept    = 100_000
)

// once remembers ids that were used.
type once struct {
	mu   sync.Mutex
	used map[event.ID]time.Time
}

func newOnce() *once { return &once{used: map[event.ID]time.Time{}} }

// use says whether the id was not used before.
func (o *once) use(id event.ID, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, used := o.used[id]; used {
		return false
	}
	if len(o.used) >= onceKept {
		for old, at := range o.used {
			if now.Sub(at) > resolutionLife {
				delete(o.used, old)
			}
		}
	}
	if len(o.used) >= onceKept {
		return false
	}
	o.used[id] = now
	return true
}

// free takes a use back.
func (o *once) free(id event.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.used, id)
}

// redeem lets the payment of an accepted REVIEW pass once: a person has decided, so that it is recorded as ALLOW whatever rules say by
// now. Anything that does not fit has it decided like every other one.
func (a *API) redeem(ctx context.Context, r *http.Request, request *payment.Request, caller decision.Caller) (event.ID, bool) {
	named := r.Header.Get(resolutionHeader)
	if named == "" {
		return "", false
	}
	id, ok := a.resubmission(ctx, event.ID(named), request, caller)
	if ok {
		a.counts.resubmitted.Add(1)
	} else {
		a.counts.refusedResubmissions.Add(1)
	}
	return id, ok
}

func (a *API) resubmission(ctx context.Context, id event.ID, request *payment.Request, caller decision.Caller) (event.ID, bool) {
	now := a.deps.Now()
	if !isID(string(id)) {
		return "", false
	}
	before, err := a.deps.Service.Decision(ctx, id)
	if err != nil || !accepted(before.Decision, request, now) || !a.resubmitted.use(id, now) {
		return "", false
	}
	caller.Accepted = id
	caller.Client, caller.IdempotencyKey, caller.BodyDigest = resubmitter, string(id), a.deps.Keys.digest([]byte(id))
	made, err := a.deps.Service.Decide(ctx, request, caller)
	if err != nil {
		a.resubmitted.free(id)
		a.deps.Logger.Error("a resubmission cannot be kept", "decision", id, "error", err)
		return "", false
	}
	if made.EvaluatedAt.Before(now.Truncate(time.Second)) { // this is the first resubmission's decision
		return "", false
	}
	return made.ID, true
}

// accepted says whether a decision is an accepted REVIEW of the same payment.
func accepted(d payment.Decision, request *payment.Request, now time.Time) bool {
	return d.Decision == payment.Review && d.Resolution != nil && d.Resolution.Resolution == payment.Accepted &&
		now.Sub(d.Resolution.ResolvedAt) < resolutionLife && d.Amount == request.Amount && d.Currency == request.Currency && d.Context == request.Context &&
		request.Fingerprint != "" && d.CredentialFingerprint != nil && *d.CredentialFingerprint == request.Fingerprint
}
