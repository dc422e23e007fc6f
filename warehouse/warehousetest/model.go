package warehousetest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
	"wayguard/warehouse"
)

// model answers the same questions as a warehouse, by looking at every record.
type model struct{ sessions map[event.ID]*told }

// told is a session of the model.
type told struct {
	environment event.Environment
	row         search.Session
	records     []event.Record
}

func newModel(entries []warehouse.Entry) *model {
	m := &model{sessions: map[event.ID]*told{}}
	for _, entry := range entries {
		m.add(entry.Record)
	}
	return m
}

func (m *model) add(r event.Record) {
	s, ok := m.sessions[r.Session.ID]
	if !ok {
		s = &told{environment: r.Event.Environment, row: search.Session{ID: r.Session.ID, Opened: r.Session.Opened,
			LastSeen: r.Event.Time}}
		m.sessions[r.Session.ID] = s
	}
	s.records = append(s.records, r)
	row := &s.row
	row.Journey, row.Rating, row.Score = r.Session.Journey, r.Verdict.Rating, r.Verdict.Score
	row.Events++
	row.Labels = int64(len(r.Session.Labels))
	if r.Event.Time.Before(row.Opened) {
		row.Opened = r.Event.Time
	}
	if r.Event.Time.After(row.LastSeen) {
		row.LastSeen = r.Event.Time
	}
	row.Seconds = float64(row.LastSeen.Sub(row.Opened).Microseconds()) / 1e6
	text := func(name string) string {
		if e := r.Event.Find(name); e != nil {
			return e.Shown()
		}
		return ""
	}
	row.Country, row.City, row.Address = text("country"), text("city"), text("ip_address")
}

func (m *model) search(q search.Query) []search.Session {
	found := []search.Session{}
	for _, s := range m.sessions {
		if s.environment == q.Environment && overlaps(s.row, q.From, q.To) && s.has(q.Field, q.Values) && passes(s.row, q.Filters) {
			found = append(found, s.row)
		}
	}
	slices.SortFunc(found, func(a, b search.Session) int { return order(q, a, b) })
	return found
}

func overlaps(s search.Session, from, to time.Time) bool {
	return (from.IsZero() || !s.LastSeen.Before(from)) && (to.IsZero() || s.Opened.Before(to))
}

func (s *told) has(field string, values []string) bool {
	if field == "" || len(values) == 0 {
		return true
	}
	is := func(text string) bool {
		return slices.ContainsFunc(values, func(value string) bool { return strings.EqualFold(value, text) })
	}
	switch field {
	case search.FieldRating:
		return is(s.row.Rating.String()) || is(s.row.Rating.Human())
	case search.FieldSession:
		return is(string(s.row.ID))
	case search.FieldJourney:
		return is(string(s.row.Journey))
	}
	return slices.ContainsFunc(s.records, func(r event.Record) bool { return happened(&r, field, is) })
}

func happened(r *event.Record, field string, is func(string) bool) bool {
	switch field {
	case search.FieldEventType:
		return is(string(r.Event.Type)) || is(r.Event.Type.Human())
	case search.FieldEventName:
		return is(r.Event.Name)
	case search.FieldLabel, search.FieldSignature:
		return slices.ContainsFunc(r.Verdict.Labels, func(l event.Label) bool {
			return !l.Shadow && is(l.Name) && (l.Signature || field == search.FieldLabel)
		})
	case search.FieldAction, search.FieldPolicy, search.FieldOutcome:
		return slices.ContainsFunc(factsOf(r), func(f fact) bool { return f.matches(field, is) })
	}
	return slices.ContainsFunc(r.Event.Elements, func(e event.Element) bool {
		return e.Name == field && e.Value != "" && is(e.Value)
	})
}

func passes(s search.Session, filters []search.Filter) bool {
	for _, f := range filters {
		contains := func(text string) bool {
			return strings.Contains(strings.ToLower(text), strings.ToLower(f.Contains))
		}
		number := func(n float64) bool {
			low, noLow := strconv.ParseFloat(f.Min, 64)
			high, noHigh := strconv.ParseFloat(f.Max, 64)
			return (noLow != nil || n >= low) && (noHigh != nil || n <= high)
		}
		ok := false
		switch f.Column {
		case search.ColumnSession:
			ok = contains(string(s.ID))
		case search.ColumnCountry:
			ok = contains(s.Country)
		case search.ColumnCity:
			ok = contains(s.City)
		case search.ColumnAddress:
			ok = contains(s.Address)
		case search.ColumnRating:
			ok = len(f.In) == 0 || slices.Contains(f.In, s.Rating.String()) || slices.Contains(f.In, s.Rating.Human())
		case search.ColumnEvents:
			ok = number(float64(s.Events))
		case search.ColumnLabels:
			ok = number(float64(s.Labels))
		case search.ColumnDuration:
			ok = number(s.Seconds)
		case search.ColumnOpened:
			low, noLow := time.Parse(time.RFC3339, f.Min)
			high, noHigh := time.Parse(time.RFC3339, f.Max)
			ok = (noLow != nil || !s.Opened.Before(low)) && (noHigh != nil || !s.Opened.After(high))
		}
		if !ok {
			return false
		}
	}
	return true
}

// order compares as a warehouse must: by the column, then by id, both in the query's direction, empty places last.
func order(q search.Query, a, b search.Session) int {
	c := 0
	switch q.Sort {
	case "", search.ColumnOpened:
		c = a.Opened.Compare(b.Opened)
	case search.ColumnRating:
		c = cmp.Compare(a.Rating, b.Rating)
	case search.ColumnEvents:
		c = cmp.Compare(a.Events, b.Events)
	case search.ColumnLabels:
		c = cmp.Compare(a.Labels, b.Labels)
	case search.ColumnDuration:
		c = cmp.Compare(a.Seconds, b.Seconds)
	case search.ColumnCountry:
		c = strings.Compare(strings.ToLower(a.Country), strings.ToLower(b.Country))
	case search.ColumnCity:
		c = strings.Compare(strings.ToLower(a.City), strings.ToLower(b.City))
	case search.ColumnAddress:
		c = strings.Compare(addressKey(a.Address), addressKey(b.Address))
	}
	empty := func(s search.Session) int {
		if q.Sort == search.ColumnCountry && s.Country == "" || q.Sort == search.ColumnCity && s.City == "" {
			return 1
		}
		return 0
	}
	if places := cmp.Compare(empty(a), empty(b)); places != 0 {
		return places
	}
	if c == 0 {
		c = strings.Compare(string(a.ID), string(b.ID))
	}
	if q.Descending || q.Sort == "" {
		return -c
	}
	return c
}

// addressKey sorts the generator's addresses, all of version 4, by number.
func addressKey(address string) string {
	var key strings.Builder
	for part := range strings.SplitSeq(address, ".") {
		key.WriteString(strings.Repeat("0", 3-len(part)) + part)
	}
	return key.String()
}

func (m *model) totals(env event.Environment, from, to time.Time) search.Totals {
	var t search.Totals
	for _, s := range m.sessions {
		if s.environment != env {
			continue
		}
		for _, r := range s.records {
			if (from.IsZero() || !r.Event.Time.Before(from)) && (to.IsZero() || r.Event.Time.Before(to)) {
				t.Events++
			}
		}
		if !overlaps(s.row, from, to) {
			continue
		}
		t.Sessions++
		switch s.row.Rating {
		case event.Normal:
			t.Normal++
		case event.Suspicious:
			t.Suspicious++
		case event.Malicious:
			t.Malicious++
		}
	}
	return t
}

// linked counts, for one entity, the other sessions within ninety days of the session's last event.
func (m *model) linked(session *told, name, value string) int64 {
	var count int64
	for _, other := range m.sessions {
		if other == session || other.environment != session.environment {
			continue
		}
		if slices.ContainsFunc(other.records, func(r event.Record) bool {
			apart := r.Event.Time.Sub(session.row.LastSeen).Abs()
			return apart <= 90*24*time.Hour && slices.ContainsFunc(r.Event.Elements, func(e event.Element) bool {
				return e.Name == name && e.Value == value
			})
		}) {
			count++
		}
	}
	return count
}
