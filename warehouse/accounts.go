package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

const (
	// knownWindow is how far before the first try a login makes an account known.
	knownWindow = 90 * 24 * time.Hour
	// someSessions is how many sessions are named for one account.
	someSessions = 5
)

// askAccounts lists what was tried for accounts in requests that got a feigned or a decoy answer. An event that carries a
// username is told by that alone, not by the email beside it. $1 is the environment, $2 and $3 the span of time, $4 the
// policy, empty for all, $5 the beginning of the time in which a login makes an account known.
const askAccounts = `WITH fooled AS (
		SELECT DISTINCT position, session FROM actions
		WHERE environment = $1 AND happened >= $2::TIMESTAMP AND happened < $3::TIMESTAMP AND outcome = 'done' AND NOT shadow
			AND kind IN ('feign', 'decoy') AND ($4 = '' OR ` + policyOf + ` = $4)),
	named AS (
		SELECT e.position, e.session, e.happened, e.name, e.value, e.display, row_number() OVER (PARTITION BY e.position
			ORDER BY CASE e.name WHEN 'username' THEN 0 WHEN 'account_id' THEN 1 ELSE 2 END, e.value) AS place
		FROM elements e SEMI JOIN fooled f ON f.position = e.position
		WHERE e.environment = $1 AND e.happened >= $2::TIMESTAMP AND e.happened < $3::TIMESTAMP
			AND e.name IN ('username', 'account_id', 'email')),
	tried AS (
		SELECT name, value, coalesce(max(nullif(display, '')), value) AS display, count(*) AS times, min(happened) AS first,
			max(happened) AS last, count(DISTINCT session) AS sessions,
			array_to_string(list_slice(list_sort(list(DISTINCT session)), 1, %d), ' ') AS some
		FROM named WHERE place = 1 GROUP BY name, value),
	logins AS (
		SELECT e.name, e.value, max(e.happened) AS last_login
		FROM elements e SEMI JOIN tried t ON t.name = e.name AND t.value = e.value
			JOIN events v ON v.position = e.position
		WHERE e.environment = $1 AND e.happened >= $5::TIMESTAMP AND e.happened < $3::TIMESTAMP
			AND v.environment = $1 AND v.happened >= $5::TIMESTAMP AND v.happened < $3::TIMESTAMP
			AND v.type = 'authentication_attempt' AND v.result = 'success'
			AND e.position NOT IN (SELECT position FROM fooled) AND e.session NOT IN (SELECT session FROM fooled)
		GROUP BY e.name, e.value)
	SELECT t.name, t.value, t.display, t.times, t.first, t.last, t.sessions, t.some, l.last_login,
		count(*) OVER (), count(l.last_login) OVER ()
	FROM tried t LEFT JOIN logins l ON l.name = t.name AND l.value = t.value
	ORDER BY l.last_login IS NULL, t.times DESC, t.last DESC, t.name, t.value LIMIT %d`

// Accounts lists the accounts that visitors tried who got feigned or decoy answers.
func (d *DuckDB) Accounts(ctx context.Context, q search.AccountQuery) (search.Accounts, error) {
	told := search.Accounts{Accounts: []search.Account{}}
	if !q.From.Before(q.To) {
		return told, &QueryError{"to", "is not after from"}
	}
	limit := q.Limit
	if limit <= 0 || limit > search.MaxAccounts {
		limit = search.MaxAccounts
	}
	query := fmt.Sprintf(askAccounts, someSessions, limit)
	args := []any{clean(string(q.Environment)), q.From.UTC(), q.To.UTC(), clean(q.Policy), q.From.Add(-knownWindow).UTC()}
	err := d.read(ctx, func(conn *sql.Conn) error {
		t := teller{conn: conn}
		return t.each(ctx, query, args, func(rows *sql.Rows) error {
			account, err := readAccount(rows, &told)
			if err == nil {
				told.Accounts = append(told.Accounts, account)
			}
			return err
		})
	})
	if err != nil {
		return search.Accounts{}, fmt.Errorf("list tried accounts: %w", err)
	}
	return told, nil
}

func readAccount(rows *sql.Rows, told *search.Accounts) (search.Account, error) {
	var a search.Account
	var some string
	var login sql.Null[time.Time]
	if err := rows.Scan(&a.Element, &a.Value, &a.Display, &a.Times, &a.First, &a.Last, &a.Sessions, &some, &login, &told.Total,
		&told.Known); err != nil {
		return a, err
	}
	a.First, a.Last, a.Some = a.First.UTC(), a.Last.UTC(), []event.ID{}
	for id := range strings.FieldsSeq(some) {
		a.Some = append(a.Some, event.ID(id))
	}
	if login.Valid {
		a.LastLogin = login.V.UTC()
	}
	return a, nil
}
