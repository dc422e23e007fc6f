package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"wayguard/event"
	"wayguard/search"
)

const (
	// linkWindow is how far from a session's last event, before and after, another session counts as linked.
	linkWindow = 90 * 24 * time.Hour
	// maxLinked is how many entities of a session are looked up, the most frequent first.
	maxLinked = 200
	// maxPlaced is how many labels and how many actions a story holds.
	maxPlaced = 2000
)

// Story tells one session whole. The error is ErrNotFound when the environment has no such session.
func (d *DuckDB) Story(ctx context.Context, env event.Environment, session event.ID) (search.Story, error) {
	story := search.Story{Events: []event.Record{}, Labels: []search.PlacedLabel{}, Actions: []search.PlacedAction{},
		Linked: []search.LinkedEntity{}}
	err := d.read(ctx, func(conn *sql.Conn) error {
		where := overlapping(env, time.Time{}, time.Time{})
		where.and("session = ?", clean(string(session)))
		rows, err := conn.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE "+where.sql(), where.args...)
		if err != nil {
			return err
		}
		found := false
		err = eachSession(rows, func(s search.Session) error {
			story.Session, found = s, true
			return nil
		})
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		t := teller{conn: conn, limit: d.opts.StoryEvents, story: &story, where: where}
		// The times let DuckDB pass over all that lies before and after.
		t.where.and("happened BETWEEN ?::TIMESTAMP AND ?::TIMESTAMP", story.Session.Opened, story.Session.LastSeen)
		return t.tell(ctx)
	})
	if err != nil {
		return search.Story{}, fmt.Errorf("tell session: %w", err)
	}
	return story, nil
}

// teller fills a story from the tables of what happened.
type teller struct {
	conn  *sql.Conn
	limit int
	story *search.Story
	// where selects the session's rows in any of those tables.
	where condition
}

func (t *teller) tell(ctx context.Context) error {
	for _, part := range []func(context.Context) error{t.events, t.labels, t.actions, t.linked} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) each(ctx context.Context, query string, args []any, take func(*sql.Rows) error) (err error) {
	rows, err := t.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t *teller) events(ctx context.Context) error {
	query := fmt.Sprintf("SELECT record FROM events WHERE %s ORDER BY happened DESC, position DESC LIMIT %d",
		t.where.sql(), t.limit+1)
	return t.each(ctx, query, t.where.args, func(rows *sql.Rows) error {
		if len(t.story.Events) == t.limit {
			t.story.Truncated = true
			return nil
		}
		var text sql.RawBytes
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var record event.Record
		if err := json.Unmarshal(text, &record); err != nil {
			return fmt.Errorf("decode record: %w", err)
		}
		t.story.Events = append(t.story.Events, record)
		return nil
	})
}

// labels are told once by name; the same name in shadow, or once as label and once as signature, is another one.
func (t *teller) labels(ctx context.Context) error {
	query := fmt.Sprintf(`SELECT arg_min(label, position), arg_min(event, position), arg_min(happened, position) AS placed,
		count(*) FROM labels WHERE %s GROUP BY name, signature, shadow ORDER BY placed, min(position), signature, name, shadow
		LIMIT %d`, t.where.sql(), maxPlaced)
	return t.each(ctx, query, t.where.args, func(rows *sql.Rows) error {
		var placed search.PlacedLabel
		var text string
		if err := rows.Scan(&text, &placed.Event, &placed.At, &placed.Times); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &placed.Label); err != nil {
			return fmt.Errorf("decode label: %w", err)
		}
		placed.At = placed.At.UTC()
		t.story.Labels = append(t.story.Labels, placed)
		return nil
	})
}

// actions are the newest ones when there are too many, but told in the order of time.
func (t *teller) actions(ctx context.Context) error {
	query := fmt.Sprintf(`SELECT name, kind, because, shadow, outcome, policy, detail, event, happened FROM (
		SELECT * FROM actions WHERE %s ORDER BY happened DESC, position DESC, name DESC, kind DESC LIMIT %d)
		ORDER BY happened, position, name, kind`, t.where.sql(), maxPlaced)
	return t.each(ctx, query, t.where.args, func(rows *sql.Rows) error {
		var placed search.PlacedAction
		a := &placed.Action
		if err := rows.Scan(&a.Name, &a.Kind, &a.Because, &a.Shadow, &a.Outcome, &a.Policy, &a.Detail, &placed.Event, &placed.At); err != nil {
			return err
		}
		placed.At = placed.At.UTC()
		t.story.Actions = append(t.story.Actions, placed)
		return nil
	})
}

func (t *teller) linked(ctx context.Context) error {
	session := t.story.Session
	query := fmt.Sprintf(`WITH own AS (
			SELECT name, value, coalesce(max(nullif(display, '')), value) AS display, count(*) AS times
			FROM elements WHERE %s AND kind = 'entity' GROUP BY name, value ORDER BY times DESC, name, value LIMIT %d
		), others AS (
			SELECT e.name, e.value, count(DISTINCT e.session) AS sessions
			FROM elements e SEMI JOIN own ON e.name = own.name AND e.value = own.value
			WHERE e.environment = ? AND e.session <> ? AND e.happened BETWEEN ?::TIMESTAMP AND ?::TIMESTAMP
			GROUP BY e.name, e.value
		)
		SELECT own.name, own.value, own.display, coalesce(others.sessions, 0) AS related
		FROM own LEFT JOIN others ON others.name = own.name AND others.value = own.value
		ORDER BY related DESC, own.name, own.value`, t.where.sql(), maxLinked)
	args := append(append([]any(nil), t.where.args...), t.where.args[0], t.where.args[1],
		session.LastSeen.Add(-linkWindow), session.LastSeen.Add(linkWindow))
	return t.each(ctx, query, args, func(rows *sql.Rows) error {
		var entity search.LinkedEntity
		if err := rows.Scan(&entity.Element, &entity.Value, &entity.Display, &entity.Sessions); err != nil {
			return err
		}
		t.story.Linked = append(t.story.Linked, entity)
		return nil
	})
}
