package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// dataMost bounds what comes with a lifecycle event, in bytes.
const dataMost = 64 << 10

// ingest is POST /api/events.
func (a *API) ingest(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	e, err := readEvent(o)
	if err != nil {
		return err
	}
	if key != "" {
		key = a.deps.Keys.digest([]byte(c.actor.name), []byte(key))
	}
	stored, err := a.deps.Service.Ingest(r.Context(), e, key)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, shown(stored))
	return nil
}

func readEvent(o *object) (payment.LifecycleEvent, error) {
	var e payment.LifecycleEvent
	var kind, id string
	var at time.Time
	if o.need("type", &kind) {
		if e.Type = payment.EventType(kind); !e.Type.Known() {
			o.add("$.type", "unknown", "there is no such type")
		}
	}
	if o.need("decision_id", &id) && id == "" {
		o.add("$.decision_id", "required", "is needed")
	}
	if o.need("occurred_at", &at) && (at.Year() < 2000 || at.Year() > 9999) {
		o.add("$.occurred_at", "range", "must be a time of this century")
	}
	raw := o.raw("data")
	switch {
	case raw == nil:
		o.add("$.data", "required", "is needed")
	case len(raw) > dataMost:
		o.add("$.data", "range", "is too long")
	default:
		e.Data = readTree(o, "$.data", raw)
	}
	if err := o.finish(); err != nil {
		return e, err
	}
	if !isID(id) { // ids have another form elsewhere: it is the id of nothing here
		return e, notFound()
	}
	e.DecisionID, e.OccurredAt = event.ID(id), at.UTC()
	return e, nil
}

// readTree reads an object with its numbers as they are written.
func readTree(o *object, path string, raw json.RawMessage) payment.Tree {
	var tree payment.Tree
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil || tree == nil {
		o.add(path, "type", "must be an object")
		return nil
	}
	return tree
}

func shown(e payment.LifecycleEvent) payment.LifecycleEvent {
	e.Notifications = orEmpty(e.Notifications)
	if e.Data == nil {
		e.Data = payment.Tree{}
	}
	return e
}

// showEvent is GET /api/events/{id}.
func (a *API) showEvent(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	e, err := a.deps.Service.LifecycleEvent(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, shown(e))
	return nil
}
