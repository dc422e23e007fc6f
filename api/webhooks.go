package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"wayguard/decision"
	"wayguard/event"
)

// mostDeliveries bounds the list of webhooks that were given up.
const mostDeliveries = 100

// keyed is a webhook with its key, which is told this once.
type keyed struct {
	decision.Endpoint
	Key string `json:"hmac_key"`
}

// webhooks is GET /api/admin/webhooks.
func (a *API) webhooks(w http.ResponseWriter, r *http.Request, _ *call) error {
	found, err := a.deps.Service.Endpoints(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, page{Data: orEmpty(found)})
	return nil
}

func readWebhook(o *object, sent *decision.Endpoint) {
	if o.take("url", &sent.URL) && (sent.URL == "" || len(sent.URL) > 2048) {
		o.add("$.url", "range", "must have between 1 and 2048 bytes")
	}
	if o.take("events", &sent.Events) && (len(sent.Events) == 0 || len(sent.Events) > 32) {
		o.add("$.events", "range", "must have between 1 and 32 items")
	}
}

func webhookAnswers() []string {
	return []string{"id", "hmac_key", "masked_hmac_key", "inserted_at", "updated_at"}
}

// createWebhook is POST /api/admin/webhooks.
func (a *API) createWebhook(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	for _, name := range []string{"url", "events"} {
		if !o.has(name) {
			o.add("$."+name, "required", "is needed")
		}
	}
	var sent decision.Endpoint
	readWebhook(o, &sent)
	if err := o.finish(webhookAnswers()...); err != nil {
		return err
	}
	made, key, err := a.deps.Service.CreateEndpoint(r.Context(), sent.URL, sent.Events, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/admin/webhooks/"+string(made.ID))
	writeJSON(w, http.StatusCreated, keyed{made, key})
	return nil
}

// showWebhook is GET /api/admin/webhooks/{id}.
func (a *API) showWebhook(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Endpoint(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

// updateWebhook is PATCH /api/admin/webhooks/{id}.
func (a *API) updateWebhook(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	var sent decision.Endpoint
	readWebhook(o, &sent)
	if err := o.finish(webhookAnswers()...); err != nil {
		return err
	}
	changed, err := a.deps.Service.UpdateEndpoint(r.Context(), id, func(e *decision.Endpoint) error {
		if sent.URL != "" {
			e.URL = sent.URL
		}
		if sent.Events != nil {
			e.Events = sent.Events
		}
		return nil
	}, c.actor.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, changed)
	return nil
}

// deleteWebhook is DELETE /api/admin/webhooks/{id}.
func (a *API) deleteWebhook(w http.ResponseWriter, r *http.Request, c *call) error {
	return remove(w, r, c, a.deps.Service.DeleteEndpoint)
}

// rotateWebhook is POST /api/admin/webhooks/{id}/rotate.
func (a *API) rotateWebhook(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	changed, key, err := a.deps.Service.RotateEndpoint(r.Context(), id, c.actor.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, keyed{changed, key})
	return nil
}

// delivery is a webhook that was given up.
type delivery struct {
	ID         event.ID  `json:"id"`
	WebhookID  string    `json:"webhook_id"`
	Event      string    `json:"event"`
	DecisionID string    `json:"decision_id"`
	Attempts   int       `json:"attempts"`
	CreatedAt  time.Time `json:"created_at"`
	LastError  string    `json:"last_error"`
}

// deliveries is GET /api/admin/deliveries: webhooks that were given up, newest first.
func (a *API) deliveries(w http.ResponseWriter, r *http.Request, _ *call) error {
	data := []delivery{}
	if a.deps.Outbox != nil {
		dead, err := a.deps.Outbox.DeadDeliveries(r.Context(), a.deps.Environment, mostDeliveries)
		if err != nil {
			return err
		}
		for _, one := range dead {
			data = append(data, showDelivery(one))
		}
	}
	writeJSON(w, http.StatusOK, page{Data: data})
	return nil
}

func showDelivery(d event.Delivery) delivery {
	shown := delivery{ID: d.ID, WebhookID: strings.TrimPrefix(d.Action, "decision:"), Attempts: d.Attempts, CreatedAt: d.Created, LastError: d.LastError}
	var body struct {
		Event      string `json:"event"`
		DecisionID string `json:"decision_id"`
	}
	if json.Unmarshal(d.Body, &body) == nil {
		shown.Event, shown.DecisionID = body.Event, body.DecisionID
	}
	return shown
}

// redeliver is POST /api/admin/deliveries/{id}/redeliver.
func (a *API) redeliver(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if a.deps.Outbox == nil {
		return notFound()
	}
	found, err := a.deps.Outbox.Redeliver(r.Context(), a.deps.Environment, id, a.deps.Now())
	if err != nil {
		return err
	}
	if !found {
		return notFound()
	}
	a.audit(r, c, "redeliver", "delivery", string(id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
