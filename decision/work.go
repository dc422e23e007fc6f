package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// work is what is done after the answer: asynchronous rules are finished, shadow members asked.
type work struct {
	waiting, shadows chan job
	// held are decisions that somebody here finishes or is about to.
	held inFlight
}

func newWork(l Limits) *work {
	return &work{waiting: make(chan job, l.Waiting), shadows: make(chan job, l.Waiting)}
}

// job is such work for one decision: its asynchronous rules, or its shadow members.
type job struct {
	id event.ID
	// program is nil where the ruleset is gone: what was collected decides then.
	program  *ruleset.Program
	deferred []ruleset.Deferred
	request  *payment.Request
	live     bool
	deadline time.Time
}

// forgetJobs lets go of jobs whose decision was not kept.
func (w *work) forgetJobs(jobs []job) {
	for _, j := range jobs {
		if j.live {
			w.held.end(j.id)
		}
	}
}

// deferredWork is Entry.Deferred: what is needed to finish a decision after a crash, but the request. Its full card number and what is
// for single backends are kept nowhere, so that a backend that needs them is answered as the rule's on_error says then.
type deferredWork struct {
	Ruleset  event.ID           `json:"ruleset"`
	Deferred []ruleset.Deferred `json:"deferred"`
	Deadline time.Time          `json:"deadline"`
}

// postpone takes what the evaluation left for later. Jobs with live rules are held from here on; the ledger knows of them too.
func (s *Service) postpone(e *Entry, t *trial, evaluation ruleset.Evaluation) ([]job, error) {
	if len(evaluation.Deferred) == 0 {
		return nil, nil
	}
	var jobs []job
	live, shadow := divide(evaluation.Deferred)
	base := job{id: t.id, program: t.active.program, request: t.request, deadline: t.attempt.at.Add(s.limits.Asynchronous)}
	if len(live) > 0 && evaluation.Outcome == payment.Provisional {
		kept := deferredWork{Ruleset: t.active.ruleset.ID, Deferred: withoutRequests(live), Deadline: base.deadline}
		body, err := json.Marshal(kept)
		if err != nil {
			return nil, fmt.Errorf("write what waits: %w", err)
		}
		e.Waiting, e.Deferred = true, body
		j := base
		j.deferred, j.live = live, true
		jobs = append(jobs, j)
		s.work.held.begin(t.id)
	}
	if len(shadow) > 0 {
		j := base
		j.deferred = shadow
		jobs = append(jobs, j)
	}
	return jobs, nil
}

func divide(all []ruleset.Deferred) (live, shadow []ruleset.Deferred) {
	for _, d := range all {
		if d.Live {
			live = append(live, d)
		} else {
			shadow = append(shadow, d)
		}
	}
	return live, shadow
}

func withoutRequests(all []ruleset.Deferred) []ruleset.Deferred { return withRequest(all, nil) }

func withRequest(all []ruleset.Deferred, r *payment.Request) []ruleset.Deferred {
	changed := make([]ruleset.Deferred, len(all))
	for i, d := range all {
		calls := make([]ruleset.Call, len(d.Calls))
		for k, call := range d.Calls {
			call.Request = r
			calls[k] = call
		}
		d.Calls = calls
		changed[i] = d
	}
	return changed
}

// enqueue hands a job to a worker. Where there is no room a shadow is let go, and an asynchronous rule waits in the ledger.
func (s *Service) enqueue(j job) {
	queue := s.work.shadows
	if j.live {
		queue = s.work.waiting
	}
	select {
	case queue <- j:
	default:
		if j.live {
			s.work.held.end(j.id)
			return
		}
		s.counted.shadowDropped.Add(1)
	}
}

// takePending takes up decisions that wait in the ledger and that nobody here works at: those of before a crash, and those that there
// was no room for.
func (s *Service) takePending(ctx context.Context) {
	room := cap(s.work.waiting) - len(s.work.waiting)
	if room == 0 {
		return
	}
	entries, err := s.deps.Ledger.Pending(ctx, s.deps.Environment, room+int(s.work.held.count()))
	if err != nil {
		if ctx.Err() == nil {
			s.deps.Logger.Error("waiting decisions could not be listed", "error", err)
		}
		return
	}
	programs := make(map[event.ID]*ruleset.Program)
	for i := range entries {
		e := &entries[i]
		if !s.work.held.begin(e.Decision.ID) {
			continue
		}
		j, err := s.jobOf(ctx, e, programs)
		if err != nil {
			s.work.held.end(e.Decision.ID)
			s.deps.Logger.Error("a waiting decision cannot be finished yet", "id", e.Decision.ID, "error", err)
			continue
		}
		s.enqueue(j)
	}
}

// jobOf makes the job of a waiting decision again. Work that cannot be read is finished as it stands, without the backends.
func (s *Service) jobOf(ctx context.Context, e *Entry, programs map[event.ID]*ruleset.Program) (job, error) {
	var kept deferredWork
	if err := json.Unmarshal(e.Deferred, &kept); err != nil {
		s.deps.Logger.Error("what a decision waits for cannot be read", "id", e.Decision.ID)
		return job{id: e.Decision.ID, live: true}, nil
	}
	program, err := s.programOf(ctx, kept.Ruleset, programs)
	if err != nil {
		return job{}, err
	}
	request := requestOf(e)
	return job{
		id: e.Decision.ID, program: program, deferred: withRequest(kept.Deferred, request), request: request,
		live: true, deadline: kept.Deadline,
	}, nil
}

// programOf finds the program of a ruleset that may no longer be in force; nil where it is gone or cannot be run.
func (s *Service) programOf(ctx context.Context, id event.ID, known map[event.ID]*ruleset.Program) (*ruleset.Program, error) {
	for _, active := range s.force.Load().rulesets {
		if active.ruleset.ID == id {
			return active.program, nil
		}
	}
	if program, ok := known[id]; ok {
		return program, nil
	}
	r, found, err := s.deps.Ledger.Ruleset(ctx, s.deps.Environment, id)
	if err != nil {
		return nil, fmt.Errorf("find its ruleset: %w", err)
	}
	var program *ruleset.Program
	if found {
		program, _ = s.compileKept(r)
	}
	known[id] = program
	return program, nil
}

// requestOf is a kept decision's request, as far as it is kept.
func requestOf(e *Entry) *payment.Request {
	text := func(path string) string {
		p, err := payment.ParsePath(path)
		if err != nil {
			return ""
		}
		value, _ := valueAt(e.Tree, p)
		return value
	}
	d := &e.Decision
	r := &payment.Request{
		Context: d.Context, Reference: d.TransactionReference, Amount: d.Amount, Currency: d.Currency, Metadata: d.Metadata, Tree: e.Tree,
		Customer: payment.Customer{ID: d.CustomerID, Email: text("$.customer.email"), FirstName: text("$.customer.first_name"),
			LastName: text("$.customer.last_name"), BirthDate: text("$.customer.date_of_birth")},
		Device:         payment.Device{Session: text("$.device.session"), UserAgent: text("$.device.user_agent"), Language: text("$.device.language")},
		BillingCountry: text("$.billing.country"), ShippingCountry: text("$.shipping.country"),
		Credential: payment.Credential{Type: d.CredentialType},
	}
	for field, value := range map[*string]*string{&r.Device.IP: d.DeviceIP, &r.Device.Fingerprint: d.DeviceFingerprint,
		&r.Fingerprint: d.CredentialFingerprint, &r.Masked: d.MaskedCredential} {
		if value != nil {
			*field = *value
		}
	}
	return r
}

// askAll asks the backends of all deferred work at once.
func (s *Service) askAll(ctx context.Context, j job) []payment.BackendResult {
	answers := make([][]payment.BackendResult, len(j.deferred))
	var all sync.WaitGroup
	for i, d := range j.deferred {
		all.Go(func() {
			reason := "unavailable"
			if ctx.Err() != nil {
				reason = "timeout"
			} else if j.program != nil && s.deps.Backends != nil {
				if s.guard("asking backends", func() { answers[i] = j.program.Await(ctx, s.deps.Backends, d) }) && len(answers[i]) > 0 {
					return
				}
			}
			answers[i] = failed(d, reason)
		})
	}
	all.Wait()
	var late []payment.BackendResult
	for _, a := range answers {
		late = append(late, a...)
	}
	return late
}

// failed are the results of calls that were not made.
func failed(d ruleset.Deferred, reason string) []payment.BackendResult {
	results := make([]payment.BackendResult, len(d.Calls))
	for i, call := range d.Calls {
		results[i] = payment.BackendResult{RuleID: call.RuleID, Backend: call.Backend, Live: call.Live, Error: &reason, MissingFields: []string{}}
	}
	return results
}
