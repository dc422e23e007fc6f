package hub

import (
	"time"

	"wayguard/access"
	"wayguard/event"
)

// Field is something a search can compare with: a property of the session or an element of the catalogue.
type Field struct {
	Name  string `json:"name"`
	Human string `json:"human"`
	// Group is "Session", or the element's category.
	Group string `json:"group"`
	// Kind is "session", "entity" or "attribute".
	Kind string `json:"kind"`
	// Type is the value type's name in the catalogue.
	Type string `json:"type"`
	// Sensitive says that a value of it must not stand in an address: it is kept as a keyed hash only, and addresses end up
	// in histories, bookmarks and the logs of proxies.
	Sensitive bool `json:"sensitive,omitempty"`
	// Values are all that the field can have, where they are few and known.
	Values []FieldValue `json:"values,omitempty"`
}

// FieldValue is one of a field's known values.
type FieldValue struct {
	Value string `json:"value"`
	Human string `json:"human"`
}

// Health is what the Hub tells about the system; the numbers count since the process started.
type Health struct {
	Warehouse WarehouseHealth `json:"warehouse"`
	Log       LogHealth       `json:"log"`
	Traffic   TrafficHealth   `json:"traffic"`
	Location  LocationHealth  `json:"location"`
	// Mitigation is filled in by the Hub itself.
	Mitigation MitigationHealth `json:"mitigation"`
}

// State is how a part fares.
type State string

// The states. Each part uses those that make sense for it.
const (
	StateOK          State = "ok"
	StateBehind      State = "behind"
	StateUnavailable State = "unavailable"
)

// WarehouseHealth says how far the searchable sessions are behind the log.
type WarehouseHealth struct {
	State State `json:"state"`
	// LagRecords are durable in the log and not yet in the warehouse.
	LagRecords int64  `json:"lag_records"`
	Detail     string `json:"detail"`
}

// LogHealth is the state of the durable log.
type LogHealth struct {
	// Acknowledged is the position of the last durable record.
	Acknowledged uint64 `json:"acknowledged"`
	State        State  `json:"state"`
	Detail       string `json:"detail"`
}

// TrafficHealth counts what passed the proxy.
type TrafficHealth struct {
	Requests int64 `json:"requests"`
	Matched  int64 `json:"matched"`
	Blocked  int64 `json:"blocked"`
	// Shed counts events given up, by reason; Failures counts what went wrong, by reason.
	Shed     map[string]int64 `json:"shed"`
	Failures map[string]int64 `json:"failures"`
}

// LocationHealth says whether addresses can be placed, and whose data does it.
type LocationHealth struct {
	State       State  `json:"state"`
	Detail      string `json:"detail"`
	Attribution string `json:"attribution"`
}

type person struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

type loginAnswer struct {
	User person `json:"user"`
}

type meAnswer struct {
	User         person  `json:"user"`
	Environments []grant `json:"environments"`
	Version      string  `json:"version"`
	// SessionIdleSeconds is the time without an event after which a session is over, 0 where it is unknown.
	SessionIdleSeconds float64 `json:"session_idle_seconds"`
}

type grant struct {
	Name        event.Environment   `json:"name"`
	Role        access.Role         `json:"role"`
	Permissions []access.Permission `json:"permissions"`
}

type fieldsAnswer struct {
	Fields     []Field          `json:"fields"`
	EventTypes []event.TypeInfo `json:"event_types"`
}

// exportTicket is what an export is fetched with, once.
type exportTicket struct {
	Ticket string `json:"ticket"`
	// ExpiresIn is how long the ticket is good for.
	ExpiresIn float64 `json:"expires_in_seconds"`
}

type auditAnswer struct {
	Entries []access.AuditEntry `json:"entries"`
}

type listedUser struct {
	ID       event.ID    `json:"id"`
	Email    string      `json:"email"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	Created  time.Time   `json:"created"`
	Disabled bool        `json:"disabled"`
}

type usersAnswer struct {
	Users []listedUser `json:"users"`
}

// createdUser carries the first password; it is shown this once and kept nowhere.
type createdUser struct {
	User     listedUser `json:"user"`
	Password string     `json:"password,omitempty"`
}

// liveRecord is what a page needs to know of a record in order to refresh itself.
type liveRecord struct {
	EventID   event.ID     `json:"event_id"`
	SessionID event.ID     `json:"session_id"`
	Time      time.Time    `json:"time"`
	EventName string       `json:"event_name"`
	EventType event.Type   `json:"event_type"`
	Result    event.Result `json:"result"`
	Rating    event.Rating `json:"rating"`
	Before    event.Rating `json:"before"`
	Labels    []string     `json:"labels"`
	Number    int64        `json:"number"`
}

// liveBatch is one message of the live stream.
type liveBatch struct {
	Records []liveRecord `json:"records"`
	// Skipped counts records left out since the last batch.
	Skipped int64 `json:"skipped,omitempty"`
}

func summarise(r *event.Record) liveRecord {
	labels := make([]string, 0, len(r.Verdict.Labels))
	for _, label := range r.Verdict.Labels {
		if !label.Shadow {
			labels = append(labels, label.Name)
		}
	}
	return liveRecord{
		EventID: r.Event.ID, SessionID: r.Session.ID, Time: r.Event.Time, EventName: r.Event.Name,
		EventType: r.Event.Type, Result: r.Event.Result, Rating: r.Verdict.Rating, Before: r.Verdict.Before,
		Labels: labels, Number: r.Session.Number,
	}
}
