package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// longestDescription is in bytes.
const longestDescription = 4096

// rulesetAnswers are fields of a ruleset that are told and not taken; they may come back with a change.
func rulesetAnswers() []string {
	return []string{"id", "status", "version", "created_by", "created_at", "activated_at"}
}

// rulesets is GET /api/admin/rulesets.
func (a *API) rulesets(w http.ResponseWriter, r *http.Request, _ *call) error {
	q := ask(r)
	contextName, after, limit := q.text("context"), q.after(), q.limit()
	if err := q.err(); err != nil {
		return err
	}
	list, more, err := a.deps.Service.Rulesets(r.Context(), contextName, after, limit)
	if err != nil {
		return err
	}
	answer := page{Data: orEmpty(list)}
	if len(list) > 0 {
		answer.Links = next(r, list[len(list)-1].ID, more)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func writeRuleset(w http.ResponseWriter, status int, r ruleset.Ruleset) error {
	w.Header().Set("ETag", decision.RulesetTag(r))
	r.Rules = orEmpty(r.Rules)
	writeJSON(w, status, r)
	return nil
}

// rulesetBody is what may be written of a ruleset; what was not sent is nil.
type rulesetBody struct {
	context     string
	description *string
	described   bool
	rules       []ruleset.Rule
	ruled       bool
	score       *ruleset.Thresholds
	scored      bool
}

func readRuleset(o *object) rulesetBody {
	var b rulesetBody
	if o.take("context", &b.context) && (b.context == "" || len(b.context) > longestText) {
		o.add("$.context", "range", "must have between 1 and 256 bytes")
	}
	b.described = o.has("description")
	var text string
	if o.take("description", &text) {
		b.description = &text
		if len(text) > longestDescription {
			o.add("$.description", "range", "is too long")
		}
	}
	if raw := o.raw("rules"); raw != nil {
		var problems []payment.Problem
		b.ruled = true
		b.rules, problems = ruleset.DecodeRules(raw)
		o.problems = append(o.problems, problems...)
	}
	b.scored = o.has("score")
	if raw := o.raw("score"); raw != nil {
		var problems []payment.Problem
		b.score, problems = ruleset.DecodeScore(raw)
		o.problems = append(o.problems, problems...)
	}
	return b
}

// createRuleset is POST /api/admin/rulesets.
func (a *API) createRuleset(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	if !o.has("context") {
		o.add("$.context", "required", "is needed")
	}
	b := readRuleset(o)
	if err := o.finish(rulesetAnswers()...); err != nil {
		return err
	}
	made, err := a.deps.Service.CreateRuleset(r.Context(),
		ruleset.Ruleset{Context: b.context, Description: b.description, Rules: orEmpty(b.rules), Score: b.score}, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/admin/rulesets/"+string(made.ID))
	return writeRuleset(w, http.StatusCreated, made)
}

// showRuleset is GET /api/admin/rulesets/{id}.
func (a *API) showRuleset(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Ruleset(r.Context(), id)
	if err != nil {
		return err
	}
	return writeRuleset(w, http.StatusOK, found)
}

// updateRuleset is PATCH /api/admin/rulesets/{id}.
func (a *API) updateRuleset(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	b := readRuleset(o)
	if err := o.finish(rulesetAnswers()...); err != nil {
		return err
	}
	changed, err := a.deps.Service.UpdateRuleset(r.Context(), id, func(now *ruleset.Ruleset) error {
		if b.context != "" && b.context != now.Context {
			return invalidField("$.context", "fixed", "a ruleset stays in its context")
		}
		if b.described {
			now.Description = b.description
		}
		if b.ruled {
			now.Rules = b.rules
		}
		if b.scored {
			now.Score = b.score
		}
		return nil
	}, r.Header.Get("If-Match"), c.actor.name)
	if err != nil {
		return stale(r, err)
	}
	return writeRuleset(w, http.StatusOK, changed)
}

// changeRuleset is what activating, rolling back and cloning have in common.
func (a *API) changeRuleset(w http.ResponseWriter, r *http.Request, c *call, status int,
	change func(ctx context.Context, id event.ID, by string) (ruleset.Ruleset, error)) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	changed, err := change(r.Context(), id, c.actor.name)
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		w.Header().Set("Location", "/api/admin/rulesets/"+string(changed.ID))
	}
	return writeRuleset(w, status, changed)
}

func (a *API) activateRuleset(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.changeRuleset(w, r, c, http.StatusOK, a.deps.Service.ActivateRuleset)
}

func (a *API) rollbackRuleset(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.changeRuleset(w, r, c, http.StatusOK, a.deps.Service.RollbackRuleset)
}

func (a *API) cloneRuleset(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.changeRuleset(w, r, c, http.StatusCreated, a.deps.Service.CloneRuleset)
}

// performance is GET /api/admin/rulesets/{id}/performance.
func (a *API) performance(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	q := ask(r)
	from, to := q.span(a.deps.Now())
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel, err := a.long(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	found, err := a.deps.Service.RulesetPerformance(ctx, id, from, to)
	if err != nil {
		return err
	}
	found.Rules = orEmpty(found.Rules)
	writeJSON(w, http.StatusOK, found)
	return nil
}

// long lets one such question through at a time: each reads a great part of the ledger.
func (a *API) long(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc, error) {
	wait, stop := context.WithTimeout(r.Context(), answerTime)
	defer stop()
	select {
	case a.backtests <- struct{}{}:
	case <-wait.Done():
		return nil, nil, &problem{status: http.StatusServiceUnavailable, code: codeUnavailable, message: "another such question is being answered", retry: 10 * time.Second}
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(backtestTime + writeTime)) // where it cannot be set, the server's own holds
	_ = control.SetReadDeadline(time.Time{})                               // one that passed would end the question
	ctx, cancel := context.WithTimeout(r.Context(), backtestTime)
	return ctx, func() { cancel(); <-a.backtests }, nil
}

// candidate reads which rules are to be tried: those of a ruleset that is kept, or those that were sent; nil for those in force.
func (a *API) candidate(ctx context.Context, o *object) (*ruleset.Ruleset, error) {
	var id string
	given := o.take("ruleset_id", &id)
	raw := o.raw("ruleset")
	if given && raw != nil {
		o.add("$.ruleset", "conflict", "ruleset and ruleset_id are not given together")
	}
	if raw != nil {
		inner, err := readObject(raw)
		if err != nil {
			o.add("$.ruleset", "type", "must be an object")
			return nil, nil
		}
		return inlineRuleset(o, inner), nil
	}
	if !given || len(o.problems) > 0 {
		return nil, nil
	}
	if !isID(id) {
		return nil, notFound()
	}
	found, err := a.deps.Service.Ruleset(ctx, event.ID(id))
	return &found, err
}

func inlineRuleset(o, inner *object) *ruleset.Ruleset {
	b := readRuleset(inner)
	inner.raw("status")
	if err := inner.finish(rulesetAnswers()...); err != nil {
		for _, one := range inner.problems {
			one.Field = "$.ruleset" + one.Field[1:]
			o.problems = append(o.problems, one)
		}
	}
	if b.context == "" {
		b.context = payment.DefaultContext
	}
	return &ruleset.Ruleset{Context: b.context, Description: b.description, Rules: b.rules, Score: b.score, Status: ruleset.Draft}
}

// dryRun is POST /api/admin/dry-runs: what would be decided, and why; nothing is counted or kept.
func (a *API) dryRun(w http.ResponseWriter, r *http.Request, _ *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	rules, err := a.candidate(r.Context(), o)
	if err != nil {
		return err
	}
	body := o.raw("request")
	var request *payment.Request
	if body == nil {
		o.add("$.request", "required", "is needed")
	} else {
		var problems []payment.Problem
		request, problems = payment.Parse(body, a.deps.Acceptance)
		for _, one := range problems {
			one.Field = "$.request" + trimRoot(one.Field)
			o.problems = append(o.problems, one)
		}
	}
	if err := o.finish(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	made, err := a.deps.Service.DryRun(ctx, request, rules)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, made)
	return nil
}

func trimRoot(path string) string {
	if path != "" && path[0] == '$' {
		return path[1:]
	}
	return "." + path
}

// backtest is POST /api/admin/backtests: rules over what was decided already.
func (a *API) backtest(w http.ResponseWriter, r *http.Request, _ *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	rules, err := a.candidate(r.Context(), o)
	if err != nil {
		return err
	}
	if rules == nil && len(o.problems) == 0 {
		o.add("$.ruleset_id", "required", "ruleset_id or ruleset is needed")
	}
	to := a.deps.Now()
	from := to.Add(-30 * day)
	if o.take("to", &to) {
		from = to.Add(-30 * day)
	}
	if o.take("from", &from); from.After(to) {
		o.add("$.from", "range", "must not lie after to")
	}
	if err := o.finish(); err != nil {
		return err
	}
	ctx, cancel, err := a.long(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	report, err := a.deps.Service.Backtest(ctx, *rules, from, to)
	if err != nil {
		return err
	}
	report.NewlyHit.Examples, report.NoLongerHit.Examples = orEmpty(report.NewlyHit.Examples), orEmpty(report.NoLongerHit.Examples)
	writeJSON(w, http.StatusOK, report)
	return nil
}

// stale says that a change met another one where the client asked to be told (RFC 9110, section 13.1.1).
func stale(r *http.Request, err error) error {
	if told := problemOf(err); told != nil && told.status == http.StatusConflict && r.Header.Get("If-Match") != "" && errors.Is(err, decision.ErrConflict) {
		return &problem{status: http.StatusPreconditionFailed, code: codeStale, message: "somebody changed it meanwhile"}
	}
	return err
}
