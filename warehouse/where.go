package warehouse

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

// Bounds of a query, so that one request cannot make a statement of any size.
const (
	maxLimit     = 1000
	defaultLimit = 50
	maxValues    = 1000
	maxFilters   = 50
	maxText      = 4096
)

// condition is a piece of SQL with the values bound to it. No text of a query ever becomes part of the SQL.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) and(sql string, args ...any) {
	c.parts = append(c.parts, sql)
	c.args = append(c.args, args...)
}

func (c condition) sql() string { return strings.Join(c.parts, " AND ") }

// overlapping selects the sessions of an environment with activity between from and to; a zero time is no bound.
func overlapping(env event.Environment, from, to time.Time) condition {
	var c condition
	c.and("environment = ?", clean(string(env)))
	if !from.IsZero() {
		c.and("last_seen >= ?::TIMESTAMP", from.UTC())
	}
	if !to.IsZero() {
		c.and("opened < ?::TIMESTAMP", to.UTC())
	}
	return c
}

// question is a search.Query made ready: sessions picks sessions by their own row, facts by what happened in them.
type question struct {
	sessions condition
	// facts is nil when the field is one of the session's own.
	facts         *facts
	order         string
	limit, offset int
}

// facts selects rows of one of the tables with a row for each thing that happened.
type facts struct {
	table string
	where condition
}

func newQuestion(q search.Query) (*question, error) {
	made := &question{sessions: overlapping(q.Environment, q.From, q.To), offset: q.Offset, limit: q.Limit}
	switch {
	case q.Offset < 0:
		return nil, &QueryError{"offset", "is below 0"}
	case len(q.Filters) > maxFilters:
		return nil, &QueryError{"filters", fmt.Sprintf("are more than %d", maxFilters)}
	case !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From):
		return nil, &QueryError{"to", "is before from"}
	case q.Limit <= 0:
		made.limit = defaultLimit
	}
	made.limit = min(made.limit, maxLimit)
	order, err := orderBy(q)
	if err != nil {
		return nil, err
	}
	made.order = order
	if err := made.field(q.Field, q.Values); err != nil {
		return nil, err
	}
	for i := range q.Filters {
		if err := made.filter(&q.Filters[i], fmt.Sprintf("filters[%d]", i)); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// field compares the query's field with its values. No values means no condition.
func (m *question) field(field string, given []string) error {
	values, err := queryTexts(given)
	if err != nil || field == "" || len(values) == 0 {
		return err
	}
	switch field {
	case search.FieldRating:
		return m.ratings(values, "values")
	case search.FieldSession:
		m.sessions.and(oneOf("session", values))
		m.sessions.args = append(m.sessions.args, values...)
		return nil
	case search.FieldJourney:
		m.sessions.and(oneOf("journey", values))
		m.sessions.args = append(m.sessions.args, values...)
		return nil
	case search.FieldEventType:
		m.facts = &facts{table: "events"}
		m.facts.where.and(oneOf("type", values), typeNames(values)...)
	case search.FieldEventName:
		m.facts = &facts{table: "events"}
		m.facts.where.and(oneOf("name", values), values...)
	case search.FieldLabel, search.FieldSignature:
		m.facts = &facts{table: "labels"}
		m.facts.where.and("NOT shadow")
		if field == search.FieldSignature {
			m.facts.where.and("signature")
		}
		m.facts.where.and(oneOf("name", values), values...)
	case search.FieldAction, search.FieldPolicy, search.FieldOutcome:
		m.facts = &facts{table: "actions", where: actionsLike(field, values)}
	default:
		if len(field) > maxText {
			return &QueryError{"field", "is too long"}
		}
		m.facts = &facts{table: "elements"}
		m.facts.where.and("name = ?", clean(field))
		m.facts.where.and(oneOf("value", values), values...)
	}
	return nil
}

// actionsLike selects actions. An action that was withheld, could not be done or ran in shadow did not happen; it is found by
// its policy and its outcome.
func actionsLike(field string, values []any) condition {
	var c condition
	switch field {
	case search.FieldPolicy:
		c.and(oneOf(policyOf, values), values...)
	case search.FieldOutcome:
		c.and(oneOf("outcome", values), values...)
	default:
		c.and("NOT shadow AND outcome NOT IN ('withheld', 'unavailable')")
		c.and("("+oneOf("kind", values)+" OR "+oneOf("name", values)+")", slices.Concat(values, values)...)
	}
	return c
}

// oneOf compares a column, named by this file and never by the query, with as many values.
func oneOf(column string, values []any) string {
	marks := strings.Repeat(", lower(?)", len(values))
	return fmt.Sprintf("lower(%s) IN (%s)", column, strings.TrimPrefix(marks, ", "))
}

// queryTexts are the values that are not blank.
func queryTexts(values []string) ([]any, error) {
	if len(values) > maxValues {
		return nil, &QueryError{"values", fmt.Sprintf("are more than %d", maxValues)}
	}
	var kept []any
	for i, value := range values {
		if len(value) > maxText {
			return nil, &QueryError{fmt.Sprintf("values[%d]", i), "is too long"}
		}
		if strings.TrimSpace(value) != "" {
			kept = append(kept, clean(value))
		}
	}
	return kept, nil
}

// typeNames lets an event type be asked for by its human name as well.
func typeNames(values []any) []any {
	names := slices.Clone(values)
	for i, value := range values {
		text, _ := value.(string)
		for _, info := range event.Types() {
			if strings.EqualFold(info.Human, text) {
				names[i] = string(info.Type)
			}
		}
	}
	return names
}

func (m *question) ratings(values []any, field string) error {
	numbers := make([]any, len(values))
	for i, value := range values {
		text, _ := value.(string)
		rating, err := parseRating(text)
		if err != nil {
			return &QueryError{fmt.Sprintf("%s[%d]", field, i), "is no rating: normal, suspicious or malicious"}
		}
		numbers[i] = rating
	}
	marks := strings.TrimPrefix(strings.Repeat(", ?", len(numbers)), ", ")
	m.sessions.and("rating IN ("+marks+")", numbers...)
	return nil
}

func parseRating(text string) (uint8, error) {
	for _, rating := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		if strings.EqualFold(text, rating.String()) || strings.EqualFold(text, rating.Human()) {
			return uint8(rating), nil
		}
	}
	return 0, ErrBadQuery
}

// filter narrows by one result column.
func (m *question) filter(f *search.Filter, field string) error {
	var err error
	switch f.Column {
	case search.ColumnSession, search.ColumnCountry, search.ColumnCity, search.ColumnAddress:
		err = m.contains(f, field)
	case search.ColumnRating:
		err = m.ratingIn(f, field)
	case search.ColumnOpened:
		err = m.between(f, field, "opened", "?::TIMESTAMP", parseTime)
	case search.ColumnEvents, search.ColumnLabels:
		err = m.between(f, field, string(f.Column), "?", parseCount)
	case search.ColumnDuration:
		err = m.between(f, field, durationSeconds, "?", parseSeconds)
	default:
		err = &QueryError{field + ".column", "is no column of the search page"}
	}
	return err
}

func (m *question) contains(f *search.Filter, field string) error {
	if f.In != nil || f.Min != "" || f.Max != "" {
		return &QueryError{field, "the column is text, it takes contains"}
	}
	if len(f.Contains) > maxText {
		return &QueryError{field + ".contains", "is too long"}
	}
	if f.Contains != "" {
		// The function contains knows no wildcards, so there are none to escape.
		m.sessions.and("contains(lower("+columnName(f.Column)+"), lower(?))", clean(f.Contains))
	}
	return nil
}

func (m *question) ratingIn(f *search.Filter, field string) error {
	if f.Contains != "" || f.Min != "" || f.Max != "" {
		return &QueryError{field, "the column is a rating, it takes in"}
	}
	values, err := queryTexts(f.In)
	if err != nil || len(values) == 0 {
		return err
	}
	return m.ratings(values, field+".in")
}

func (m *question) between(f *search.Filter, field, expression, mark string, parse func(string) (any, string)) error {
	if f.Contains != "" || f.In != nil {
		return &QueryError{field, "the column is a number or a time, it takes min and max"}
	}
	for _, bound := range []struct{ name, text, comparison string }{{"min", f.Min, ">="}, {"max", f.Max, "<="}} {
		if bound.text == "" {
			continue
		}
		value, wrong := parse(bound.text)
		if wrong != "" {
			return &QueryError{field + "." + bound.name, wrong}
		}
		m.sessions.and(expression+" "+bound.comparison+" "+mark, value)
	}
	return nil
}

func parseTime(text string) (any, string) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, "is no time in RFC 3339, such as 2026-11-21T10:00:00Z"
	}
	return at.UTC(), ""
}

func parseCount(text string) (any, string) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, "is no whole number"
	}
	return number, ""
}

func parseSeconds(text string) (any, string) {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, "is no number of seconds"
	}
	return number, ""
}

// durationSeconds is the SQL of a session's duration.
const durationSeconds = "(epoch_us(last_seen) - epoch_us(opened)) / 1000000.0"

// columnName is the table's column of a text column.
func columnName(column search.Column) string {
	switch column {
	case search.ColumnCountry:
		return "country"
	case search.ColumnCity:
		return "city"
	case search.ColumnAddress:
		return "address"
	}
	return "session"
}

// orderBy is the order of the result: stable, since the session's id decides between equals.
func orderBy(q search.Query) (string, error) {
	direction := "ASC"
	if q.Descending || q.Sort == "" {
		direction = "DESC"
	}
	var expression string
	switch q.Sort {
	case "", search.ColumnOpened:
		expression = "opened"
	case search.ColumnSession:
		expression = "session"
	case search.ColumnRating, search.ColumnEvents, search.ColumnLabels:
		expression = string(q.Sort)
	case search.ColumnDuration:
		expression = durationSeconds
	case search.ColumnCountry, search.ColumnCity:
		// Sessions of unknown place come last either way: nobody sorts to see them.
		name := columnName(q.Sort)
		return fmt.Sprintf("%s = '', lower(%s) %s, session %s", name, name, direction, direction), nil
	case search.ColumnAddress:
		return fmt.Sprintf("address = '', address_order %s, session %s", direction, direction), nil
	default:
		return "", &QueryError{"sort", "is no column of the search page"}
	}
	return fmt.Sprintf("%s %s, session %s", expression, direction, direction), nil
}
