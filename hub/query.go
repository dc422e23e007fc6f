package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/search"
)

// The bounds of a query.
const (
	defaultLimit  = 50
	largestLimit  = 1000
	largestOffset = 1_000_000
	mostValues    = 100
	longestValue  = 1024 // bytes
	mostFilters   = 20
	longestFilter = 256 // bytes
)

// parseQuery reads, checks and normalises a query; every complaint names the part it is about.
func (h *Hub) parseQuery(body []byte, env event.Environment) (search.Query, error) {
	var q search.Query
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return q, badQuery("", "the query is not a search as the API takes it")
	}
	q.Environment = env
	if err := h.checkField(&q); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, badQuery("to", "the end of the time range is not after its beginning")
	}
	if q.Sort != "" && !slices.Contains(search.Columns(), q.Sort) {
		return q, badQuery("sort", "there is no such column")
	}
	if len(q.Filters) > mostFilters {
		return q, badQuery("filters", "at most %d filters", mostFilters)
	}
	for i, filter := range q.Filters {
		if err := checkFilter(filter, fmt.Sprintf("filters[%d]", i)); err != nil {
			return q, err
		}
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 0 || q.Limit > largestLimit {
		return q, badQuery("limit", "the limit is not between 1 and %d", largestLimit)
	}
	if q.Offset < 0 || q.Offset > largestOffset {
		return q, badQuery("offset", "the offset is not between 0 and %d", largestOffset)
	}
	return q, nil
}

// checkField checks the field and brings the values into the form they are kept in.
func (h *Hub) checkField(q *search.Query) error {
	if len(q.Values) > mostValues {
		return badQuery("values", "at most %d values", mostValues)
	}
	if q.Field == "" {
		if len(q.Values) > 0 {
			return badQuery("field", "choose the field to compare the values with")
		}
		q.Values = nil
		return nil
	}
	normal, err := h.valueForm(q.Field, q.Environment)
	if err != nil {
		return err
	}
	values := []string{}
	for i, text := range q.Values {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if len(text) > longestValue {
			return badQuery(fmt.Sprintf("values[%d]", i), "the value is longer than %d bytes", longestValue)
		}
		value, message := normal(text)
		if message != "" {
			return badQuery(fmt.Sprintf("values[%d]", i), "%s", message)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		return badQuery("values", "give at least one value")
	}
	q.Values = values
	return nil
}

// valueForm returns what brings a value of the field into the form it is kept in, or says why it cannot be.
func (h *Hub) valueForm(field string, env event.Environment) (func(text string) (value, message string), error) {
	switch field {
	case search.FieldRating:
		return ratingForm, nil
	case search.FieldEventType:
		return typeForm, nil
	case search.FieldSession, search.FieldJourney:
		return func(text string) (string, string) { return strings.ToLower(text), "" }, nil
	case search.FieldEventName, search.FieldLabel, search.FieldSignature, search.FieldAction, search.FieldPolicy:
		return func(text string) (string, string) { return text, "" }, nil
	}
	if field == search.FieldOutcome {
		return outcomeForm, nil
	}
	if h.sensitivity(field, env) == "" {
		return nil, badQuery("field", "there is no such field")
	}
	return func(text string) (string, string) { return h.deps.SearchForm(field, text), "" }, nil
}

func ratingForm(text string) (value, message string) {
	for _, rating := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		if strings.EqualFold(text, rating.String()) || strings.EqualFold(text, rating.Human()) {
			return rating.String(), ""
		}
	}
	return "", "the rating is none of normal, suspicious, malicious"
}

func outcomeForm(text string) (value, message string) {
	for _, outcome := range actionOutcomes() {
		if strings.EqualFold(text, string(outcome)) {
			return string(outcome), ""
		}
	}
	return "", "there is no such outcome"
}

func typeForm(text string) (value, message string) {
	for _, info := range event.Types() {
		if strings.EqualFold(text, string(info.Type)) || strings.EqualFold(text, info.Human) {
			return string(info.Type), ""
		}
	}
	return "", "there is no such event type"
}

// sensitivity is the element's, empty when it is none that can be searched.
func (h *Hub) sensitivity(field string, env event.Environment) element.Sensitivity {
	for _, d := range h.deps.Elements(env) {
		if d.Name == field && d.Sensitivity != element.Secret {
			return d.Sensitivity
		}
	}
	return ""
}

func checkFilter(f search.Filter, where string) error {
	switch f.Column {
	case search.ColumnSession, search.ColumnCountry, search.ColumnCity, search.ColumnAddress:
		if f.Contains == "" || len(f.Contains) > longestFilter || f.In != nil || f.Min != "" || f.Max != "" {
			return badQuery(where+".contains", "a text column takes contains, of 1 to %d bytes, and nothing else", longestFilter)
		}
		return nil
	case search.ColumnRating:
		if len(f.In) == 0 || len(f.In) > 3 || f.Contains != "" || f.Min != "" || f.Max != "" {
			return badQuery(where+".in", "the rating takes in, of one to three ratings, and nothing else")
		}
		for i, text := range f.In {
			value, message := ratingForm(text)
			if message != "" {
				return badQuery(fmt.Sprintf("%s.in[%d]", where, i), "%s", message)
			}
			f.In[i] = value
		}
		return nil
	case search.ColumnEvents, search.ColumnLabels:
		return checkRange(f, where, func(text string) (float64, error) {
			n, err := strconv.ParseInt(text, 10, 64)
			return float64(n), err
		}, "a whole number")
	case search.ColumnDuration:
		return checkRange(f, where, func(text string) (float64, error) {
			n, err := strconv.ParseFloat(text, 64)
			if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
				err = strconv.ErrRange
			}
			return n, err
		}, "a number of seconds")
	case search.ColumnOpened:
		return checkRange(f, where, func(text string) (float64, error) {
			at, err := time.Parse(time.RFC3339, text)
			return float64(at.UnixMicro()), err
		}, "a time as in RFC 3339")
	}
	return badQuery(where+".column", "there is no such column")
}

func checkRange(f search.Filter, where string, parse func(string) (float64, error), kind string) error {
	if f.Contains != "" || f.In != nil || f.Min == "" && f.Max == "" {
		return badQuery(where, "the column takes min or max or both, and nothing else")
	}
	least, most := math.Inf(-1), math.Inf(1)
	var err error
	if f.Min != "" {
		if least, err = parse(f.Min); err != nil {
			return badQuery(where+".min", "min is not %s", kind)
		}
	}
	if f.Max != "" {
		if most, err = parse(f.Max); err != nil {
			return badQuery(where+".max", "max is not %s", kind)
		}
	}
	if least > most {
		return badQuery(where+".max", "max is below min")
	}
	return nil
}
