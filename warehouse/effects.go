package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

const (
	// maxPolicies is how many policies are told of, maxReasons how many reasons of one.
	maxPolicies = 200
	maxReasons  = 12
	// controlReason begins the reason of what was withheld because the visitor is in the control arm.
	controlReason = "control"
	// policyOf is the policy that an action belongs to: one with a condition of its own is a policy by itself.
	policyOf = "CASE WHEN policy = '' THEN name ELSE policy END"
)

// The parts of the questions below. $1 is the environment, $2 and $3 the span of time, $4 the width of a bucket in
// microseconds. Events and actions are joined by their position in the log.
const (
	// A policy in shadow says so itself; reasons are told without the time until which they hold.
	askedRows = `asked AS (SELECT position, session, happened, kind, shadow OR outcome = 'withheld' AND detail = 'shadow' AS shadow,
			outcome, regexp_replace(detail, ' until .*$', '') AS detail, ` + policyOf + ` AS who
		FROM actions WHERE environment = $1 AND happened >= $2::TIMESTAMP AND happened < $3::TIMESTAMP)`
	spanEvents = `span AS (SELECT position, session, happened, spec, rating, result
		FROM events WHERE environment = $1 AND happened >= $2::TIMESTAMP AND happened < $3::TIMESTAMP)`
	// aimsOf are the specs that each policy acts on.
	aimsOf = `aims AS (SELECT DISTINCT a.who, e.spec FROM asked a JOIN span e ON e.position = a.position)`
	// bucketOf is the number of the bucket that a moment lies in.
	bucketOf = `CAST((epoch_us(happened) - epoch_us($2::TIMESTAMP)) // $4 AS BIGINT)`
	// doneHere and withheldHere tell what happened from what was recorded only.
	doneHere     = `(outcome = 'done' AND NOT shadow)`
	withheldHere = `(outcome = 'withheld' AND NOT shadow)`

	askOutcomes = `WITH ` + askedRows + ` SELECT who, kind, outcome, shadow, count(DISTINCT position) FROM asked
		GROUP BY who, kind, outcome, shadow ORDER BY who, kind, outcome, shadow`
	askReasons = `WITH ` + askedRows + ` SELECT who, detail, count(DISTINCT position) AS times FROM asked
		WHERE ` + withheldHere + ` GROUP BY who, detail ORDER BY times DESC, who, detail LIMIT 10000`
	askBuckets = `WITH ` + askedRows + ` SELECT who, ` + bucketOf + ` AS bucket, count(DISTINCT position) FILTER ` + doneHere + `,
		count(DISTINCT position) FILTER ` + withheldHere + ` FROM asked GROUP BY who, bucket`
	askAttempts = `WITH ` + askedRows + `, ` + spanEvents + `, ` + aimsOf + `
		SELECT aims.who, ` + bucketOf + ` AS bucket, count(*) FROM span JOIN aims ON aims.spec = span.spec GROUP BY aims.who, bucket`
)

// Effects says what each policy did in a span of time. The error is a QueryError when the question cannot be asked.
func (d *DuckDB) Effects(ctx context.Context, q search.EffectQuery) (search.Effects, error) {
	told := search.Effects{From: q.From.UTC(), To: q.To.UTC(), StepSeconds: q.Step.Seconds(), Policies: []search.Effect{}}
	switch {
	case !q.From.Before(q.To):
		return told, &QueryError{"to", "is not after from"}
	case q.Step < time.Millisecond || q.To.Sub(q.From) > search.MaxBuckets*q.Step:
		return told, &QueryError{"step", fmt.Sprintf("makes more than %d buckets", search.MaxBuckets)}
	}
	err := d.read(ctx, func(conn *sql.Conn) error {
		a := assessor{conn: conn, query: q, effects: map[string]*search.Effect{}}
		if err := a.assess(ctx); err != nil {
			return err
		}
		for _, who := range a.order {
			told.Policies = append(told.Policies, *a.effects[who])
		}
		return nil
	})
	if err != nil {
		return search.Effects{}, fmt.Errorf("assess actions: %w", err)
	}
	return told, nil
}

// assessor gathers the effects of policies from several questions.
type assessor struct {
	conn    *sql.Conn
	query   search.EffectQuery
	effects map[string]*search.Effect
	// order is that in which policies are told.
	order []string
}

func (a *assessor) assess(ctx context.Context) error {
	for _, part := range []func(context.Context) error{a.outcomes, a.reasons, a.buckets, a.attempts, a.arms, a.touched} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// each asks and hands over rows; the last parameter is left out where the question has no buckets.
func (a *assessor) each(ctx context.Context, query string, take func(*sql.Rows) error) error {
	args := []any{clean(string(a.query.Environment)), a.query.From.UTC(), a.query.To.UTC()}
	if strings.Contains(query, "$4") {
		args = append(args, a.query.Step.Microseconds())
	}
	t := teller{conn: a.conn}
	return t.each(ctx, query, args, take)
}

// of is a policy's effect, nil for one beyond those that are told of.
func (a *assessor) of(who string) *search.Effect { return a.effects[who] }

func (a *assessor) admit(who string) *search.Effect {
	if known := a.effects[who]; known != nil || len(a.order) >= maxPolicies {
		return known
	}
	made := &search.Effect{Policy: who, Kinds: []event.ActionKind{}, Why: []search.Reason{}, Buckets: a.emptyBuckets()}
	a.effects[who] = made
	a.order = append(a.order, who)
	return made
}

func (a *assessor) emptyBuckets() []search.Bucket {
	var buckets []search.Bucket
	for at := a.query.From; at.Before(a.query.To); at = at.Add(a.query.Step) {
		buckets = append(buckets, search.Bucket{At: at.UTC()})
	}
	return buckets
}

func (a *assessor) outcomes(ctx context.Context) error {
	return a.each(ctx, askOutcomes, func(rows *sql.Rows) error {
		var who, kind, outcome string
		var shadow bool
		var count int64
		if err := rows.Scan(&who, &kind, &outcome, &shadow, &count); err != nil {
			return err
		}
		effect := a.admit(who)
		if effect == nil {
			return nil
		}
		if !slices.Contains(effect.Kinds, event.ActionKind(kind)) {
			effect.Kinds = append(effect.Kinds, event.ActionKind(kind))
		}
		*tally(effect, event.Outcome(outcome), shadow) += count
		return nil
	})
}

// tally is the count that an outcome belongs to.
func tally(e *search.Effect, outcome event.Outcome, shadow bool) *int64 {
	if shadow {
		return &e.Shadow
	}
	switch outcome {
	case event.Done:
		return &e.Done
	case event.Withheld:
		return &e.Withheld
	case event.Unavailable:
		return &e.Unavailable
	case event.Failed:
		return &e.Failed
	case event.Passed:
		return &e.Passed
	case event.Refused:
		return &e.Refused
	}
	return &e.Asked
}

// reasons keeps the most frequent of each policy and counts the others together.
func (a *assessor) reasons(ctx context.Context) error {
	return a.each(ctx, askReasons, func(rows *sql.Rows) error {
		var who string
		var reason search.Reason
		if err := rows.Scan(&who, &reason.Reason, &reason.Count); err != nil {
			return err
		}
		effect := a.of(who)
		switch {
		case effect == nil:
		case len(effect.Why) < maxReasons:
			effect.Why = append(effect.Why, reason)
		case len(effect.Why) == maxReasons:
			effect.Why = append(effect.Why, search.Reason{Reason: "other reasons", Count: reason.Count})
		default:
			effect.Why[maxReasons].Count += reason.Count
		}
		return nil
	})
}

func (a *assessor) buckets(ctx context.Context) error {
	return a.each(ctx, askBuckets, func(rows *sql.Rows) error {
		var who string
		var at, done, withheld int64
		if err := rows.Scan(&who, &at, &done, &withheld); err != nil {
			return err
		}
		if effect := a.of(who); effect != nil && at >= 0 && at < int64(len(effect.Buckets)) {
			effect.Buckets[at].Done, effect.Buckets[at].Withheld = done, withheld
		}
		return nil
	})
}

func (a *assessor) attempts(ctx context.Context) error {
	return a.each(ctx, askAttempts, func(rows *sql.Rows) error {
		var who string
		var at, attempts int64
		if err := rows.Scan(&who, &at, &attempts); err != nil {
			return err
		}
		if effect := a.of(who); effect != nil && at >= 0 && at < int64(len(effect.Buckets)) {
			effect.Buckets[at].Attempts = attempts
		}
		return nil
	})
}
