package search

import (
	"time"

	"wayguard/event"
)

// Query asks for sessions. The zero Field searches all sessions of the time range.
type Query struct {
	Environment event.Environment `json:"environment"`
	// Field is what Values are compared with: a Field* constant, or the name of an element.
	Field string `json:"field,omitempty"`
	// Values are alternatives; text is compared in normal form, without regard to case.
	Values []string  `json:"values,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Filters narrow by result column, all of them must hold.
	Filters []Filter `json:"filters,omitempty"`
	// Sort is a column; Descending its direction. The default is newest first.
	Sort       Column `json:"sort,omitempty"`
	Descending bool   `json:"descending,omitempty"`
	Limit      int    `json:"limit"`
	Offset     int    `json:"offset,omitempty"`
}

// The fields that are not elements.
const (
	FieldRating    = "session_risk_rating"
	FieldSession   = "session_id"
	FieldJourney   = "journey_id"
	FieldEventType = "event_type"
	FieldEventName = "event_name"
	FieldLabel     = "session_label"
	FieldSignature = "signature"
	// FieldAction is an action that was asked for or done, by its kind or its name; FieldPolicy is a policy that asked, and
	// FieldOutcome an outcome of an action, whether withheld, in shadow or done.
	FieldAction  = "action"
	FieldPolicy  = "policy"
	FieldOutcome = "action_outcome"
)

// Column is a column of the result table.
type Column string

// The columns of the search page.
const (
	ColumnSession  Column = "session_id"
	ColumnOpened   Column = "opened"
	ColumnRating   Column = "rating"
	ColumnEvents   Column = "events"
	ColumnLabels   Column = "labels"
	ColumnDuration Column = "duration"
	ColumnCountry  Column = "country"
	ColumnCity     Column = "city"
	ColumnAddress  Column = "ip_address"
)

// Columns lists them in the page's order.
func Columns() []Column {
	return []Column{ColumnSession, ColumnOpened, ColumnRating, ColumnEvents, ColumnLabels, ColumnDuration,
		ColumnCountry, ColumnCity, ColumnAddress}
}

// Filter narrows one column. Text columns use Contains (case-insensitive), rating uses In, numbers, durations (in
// seconds) and times (RFC 3339) use Min and Max.
type Filter struct {
	Column   Column   `json:"column"`
	Contains string   `json:"contains,omitempty"`
	In       []string `json:"in,omitempty"`
	Min      string   `json:"min,omitempty"`
	Max      string   `json:"max,omitempty"`
}

// Page is one page of sessions.
type Page struct {
	Sessions []Session `json:"sessions"`
	// Total counts all sessions that match.
	Total int `json:"total"`
}

// Session is one row of the search result.
type Session struct {
	ID       event.ID     `json:"session_id"`
	Journey  event.ID     `json:"journey_id"`
	Opened   time.Time    `json:"opened"`
	LastSeen time.Time    `json:"last_seen"`
	Rating   event.Rating `json:"rating"`
	Score    int64        `json:"score"`
	Events   int64        `json:"events"`
	Labels   int64        `json:"labels"`
	// Seconds is the time from the first event to the last.
	Seconds float64 `json:"duration_seconds"`
	Country string  `json:"country"`
	City    string  `json:"city"`
	Address string  `json:"ip_address"`
}

// Story is one session whole, for the User Session Assessment page.
type Story struct {
	Session Session `json:"session"`
	// Events are newest first. At most the warehouse's limit; Truncated says that there are more.
	Events    []event.Record `json:"events"`
	Truncated bool           `json:"truncated,omitempty"`
	// Labels are all labels and signatures of the session, each once, with the event that placed it first.
	Labels []PlacedLabel `json:"labels"`
	// Actions are all actions of the session in time order.
	Actions []PlacedAction `json:"actions"`
	// Linked are the session's entities and how many other sessions carry each.
	Linked []LinkedEntity `json:"linked"`
}

// PlacedLabel is a label with the event that placed it.
type PlacedLabel struct {
	event.Label
	Event event.ID  `json:"event_id"`
	At    time.Time `json:"at"`
	// Times counts how often the session's events placed it.
	Times int64 `json:"times"`
}

// PlacedAction is an action with the event it fell on.
type PlacedAction struct {
	event.Action
	Event event.ID  `json:"event_id"`
	At    time.Time `json:"at"`
}

// LinkedEntity is an entity of a session.
type LinkedEntity struct {
	Element string `json:"element"`
	Value   string `json:"value"`
	Display string `json:"display"`
	// Sessions counts the other sessions of the last 90 days that carry the same value.
	Sessions int64 `json:"related_sessions"`
}

// Totals are the counts on the Hub's overview strip.
type Totals struct {
	Sessions   int64 `json:"sessions"`
	Events     int64 `json:"events"`
	Normal     int64 `json:"normal"`
	Suspicious int64 `json:"suspicious"`
	Malicious  int64 `json:"malicious"`
}
