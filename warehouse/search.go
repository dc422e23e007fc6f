package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"wayguard/event"
	"wayguard/search"
)

const sessionColumns = `session, journey, opened, last_seen, rating, score, events, labels, ` + durationSeconds +
	`, country, city, address`

// Search answers one page of sessions. The error is a QueryError when the query cannot be asked.
func (d *DuckDB) Search(ctx context.Context, q search.Query) (search.Page, error) {
	asked, err := newQuestion(q)
	if err != nil {
		return search.Page{}, err
	}
	page := search.Page{Sessions: []search.Session{}}
	err = d.read(ctx, func(conn *sql.Conn) error {
		where, err := asked.resolve(ctx, conn)
		if err != nil {
			return err
		}
		count := "SELECT count(*) FROM sessions WHERE " + where.sql()
		if err := conn.QueryRowContext(ctx, count, where.args...).Scan(&page.Total); err != nil {
			return err
		}
		if page.Total <= asked.offset {
			return nil
		}
		rows, err := conn.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM sessions WHERE %s ORDER BY %s LIMIT %d OFFSET %d",
			sessionColumns, where.sql(), asked.order, asked.limit, asked.offset), where.args...)
		if err != nil {
			return err
		}
		return eachSession(rows, func(s search.Session) error {
			page.Sessions = append(page.Sessions, s)
			return nil
		})
	})
	if err != nil {
		return search.Page{}, fmt.Errorf("search sessions: %w", err)
	}
	return page, nil
}

// resolve is the whole condition on the table sessions. Where it asks for what happened in a session, the time between
// the first and the last of the sessions in question bounds that: the tables are in the order of time, so most of them
// need not be read, and no session is lost which began before the range of the query.
func (m *question) resolve(ctx context.Context, conn *sql.Conn) (condition, error) {
	where := condition{parts: append([]string(nil), m.sessions.parts...), args: append([]any(nil), m.sessions.args...)}
	if m.facts == nil {
		return where, nil
	}
	var first, last sql.Null[time.Time]
	bounds := "SELECT min(opened), max(last_seen) FROM sessions WHERE " + where.sql()
	if err := conn.QueryRowContext(ctx, bounds, where.args...).Scan(&first, &last); err != nil {
		return where, err
	}
	if !first.Valid {
		return where, nil
	}
	within := fmt.Sprintf("session IN (SELECT session FROM %s WHERE environment = ? AND happened BETWEEN "+
		"?::TIMESTAMP AND ?::TIMESTAMP AND %s)", m.facts.table, m.facts.where.sql())
	// The environment is the first value of every question.
	where.and(within, append([]any{m.sessions.args[0], first.V, last.V}, m.facts.where.args...)...)
	return where, nil
}

// eachSession hands over rows of sessionColumns and closes them.
func eachSession(rows *sql.Rows, take func(search.Session) error) (err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	for rows.Next() {
		var s search.Session
		var rating uint8
		if err := rows.Scan(&s.ID, &s.Journey, &s.Opened, &s.LastSeen, &rating, &s.Score, &s.Events, &s.Labels,
			&s.Seconds, &s.Country, &s.City, &s.Address); err != nil {
			return err
		}
		s.Rating, s.Opened, s.LastSeen = event.Rating(rating), s.Opened.UTC(), s.LastSeen.UTC()
		if err := take(s); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Totals counts the sessions of an environment with activity between from and to, by rating, and the events in that
// time. A zero time is no bound.
func (d *DuckDB) Totals(ctx context.Context, env event.Environment, from, to time.Time) (search.Totals, error) {
	var t search.Totals
	err := d.read(ctx, func(conn *sql.Conn) error {
		where := overlapping(env, from, to)
		const count = `SELECT count(*), count(*) FILTER (rating = 0), count(*) FILTER (rating = 1),
			count(*) FILTER (rating = 2) FROM sessions WHERE `
		row := conn.QueryRowContext(ctx, count+where.sql(), where.args...)
		if err := row.Scan(&t.Sessions, &t.Normal, &t.Suspicious, &t.Malicious); err != nil {
			return err
		}
		var events condition
		events.and("environment = ?", clean(string(env)))
		if !from.IsZero() {
			events.and("happened >= ?::TIMESTAMP", from.UTC())
		}
		if !to.IsZero() {
			events.and("happened < ?::TIMESTAMP", to.UTC())
		}
		return conn.QueryRowContext(ctx, "SELECT count(*) FROM events WHERE "+events.sql(), events.args...).Scan(&t.Events)
	})
	if err != nil {
		return search.Totals{}, fmt.Errorf("count sessions: %w", err)
	}
	return t, nil
}
