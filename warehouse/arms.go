package warehouse

import (
	"context"
	"database/sql"
	"strings"

	"wayguard/event"
	"wayguard/search"
)

// endsRequest lists the kinds of action after which the application never sees the request.
func endsRequest() []event.ActionKind {
	return []event.ActionKind{event.Drop, event.Block, event.Maintenance, event.Redirect, event.Feign, event.Decoy, event.Challenge,
		event.SecondFactor, event.RateLimit}
}

// unnoticed lists the kinds that a visitor notices nothing of.
func unnoticed() []event.ActionKind {
	return []event.ActionKind{event.Tag, event.Webhook, event.Notify}
}

// kindList is an SQL list of kinds; they are words of ours and hold no quotes.
func kindList(kinds []event.ActionKind) string {
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = quote(string(kind))
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// askArms follows the sessions that a policy dealt with, and those of its control arm, before and after it first asked for
// them.
func askArms() string {
	return `WITH ` + askedRows + `, ` + spanEvents + `, ` + aimsOf + `,
	moments AS (
		SELECT who, 'dealt' AS arm, session, min(happened) AS first, arg_min(position, happened) AS place
			FROM asked WHERE ` + doneHere + ` GROUP BY who, session
		UNION ALL
		SELECT who, 'control', session, min(happened), arg_min(position, happened)
			FROM asked WHERE ` + withheldHere + ` AND starts_with(detail, '` + controlReason + `') GROUP BY who, session),
	answered AS (SELECT DISTINCT position FROM asked WHERE ` + doneHere + ` AND kind IN ` + kindList(endsRequest()) + `),
	tries AS (
		SELECT m.who, m.arm, m.session, e.happened < m.first AS before, e.result = 'success' AS succeeded,
			a.position IS NULL AND e.result <> 'blocked' AS reached
		FROM moments m JOIN aims ON aims.who = m.who JOIN span e ON e.session = m.session AND e.spec = aims.spec
			LEFT JOIN answered a ON a.position = e.position),
	counted AS (
		SELECT who, arm, session, count(*) FILTER (before) AS tried_before, count(*) FILTER (NOT before) AS tried_after,
			count(*) FILTER (before AND reached) AS reached_before, count(*) FILTER (NOT before AND reached) AS reached_after,
			count(*) FILTER (NOT before AND reached AND succeeded) AS succeeded
		FROM tries GROUP BY who, arm, session),
	stayed AS (
		SELECT m.who, m.arm, m.session, coalesce(e.rating, s.rating) AS rated_then, s.rating AS rated_now,
			greatest(0, (epoch_us(s.last_seen) - epoch_us(m.first)) / 1000000.0) AS dwell
		FROM moments m JOIN sessions s ON s.environment = $1 AND s.session = m.session
			LEFT JOIN span e ON e.position = m.place)
	SELECT st.who, st.arm, count(*),
		count(*) FILTER (rated_then = 0), count(*) FILTER (rated_then = 1), count(*) FILTER (rated_then = 2),
		count(*) FILTER (rated_now = 0), count(*) FILTER (rated_now = 1), count(*) FILTER (rated_now = 2),
		coalesce(sum(tried_before), 0)::BIGINT, coalesce(sum(tried_after), 0)::BIGINT, coalesce(sum(reached_before), 0)::BIGINT,
		coalesce(sum(reached_after), 0)::BIGINT, coalesce(sum(succeeded), 0)::BIGINT, median(dwell), max(dwell)
	FROM stayed st LEFT JOIN counted c ON c.who = st.who AND c.arm = st.arm AND c.session = st.session
	GROUP BY st.who, st.arm`
}

func (a *assessor) arms(ctx context.Context) error {
	return a.each(ctx, askArms(), func(rows *sql.Rows) error {
		var who, arm string
		var found search.Arm
		if err := rows.Scan(&who, &arm, &found.Sessions, &found.Then[0], &found.Then[1], &found.Then[2], &found.Now[0], &found.Now[1],
			&found.Now[2], &found.Before, &found.After, &found.ReachedBefore, &found.ReachedAfter, &found.Succeeded,
			&found.DwellMedian, &found.DwellLongest); err != nil {
			return err
		}
		switch effect := a.of(who); {
		case effect == nil:
		case arm == "dealt":
			effect.Dealt = found
		default:
			effect.Control = found
		}
		return nil
	})
}

// askTouched counts people who were probably honest: rated normal by now, or able to pass a check.
func askTouched() string {
	return `WITH ` + askedRows + `,
	noticed AS (SELECT DISTINCT who, session FROM asked WHERE ` + doneHere + ` AND kind NOT IN ` + kindList(unnoticed()) + `),
	passed AS (SELECT DISTINCT session FROM asked WHERE outcome = 'passed'),
	people AS (
		SELECT n.who, s.rating = 0 AS normal, p.session IS NOT NULL AS passed
		FROM noticed n JOIN sessions s ON s.environment = $1 AND s.session = n.session LEFT JOIN passed p ON p.session = n.session)
	SELECT who, count(*) FILTER (normal OR passed), count(*) FILTER (normal), count(*) FILTER (passed) FROM people GROUP BY who`
}

func (a *assessor) touched(ctx context.Context) error {
	return a.each(ctx, askTouched(), func(rows *sql.Rows) error {
		var who string
		var found search.Touched
		if err := rows.Scan(&who, &found.Sessions, &found.Normal, &found.Passed); err != nil {
			return err
		}
		if effect := a.of(who); effect != nil {
			effect.Touched = found
		}
		return nil
	})
}
