package api

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"

	"wayguard/decision"
)

const (
	// mostAdapter bounds the mapping of an integration, mostCredentials its credentials, in bytes.
	mostAdapter     = 256 << 10
	mostCredentials = 16 << 10
)

// integrationShown is an integration as it is answered; its credentials never are.
type integrationShown struct {
	decision.Integration
	Adapter        json.RawMessage `json:"adapter"`
	HasCredentials bool            `json:"has_credentials"`
}

func showIntegrated(i decision.Integration) integrationShown {
	shown := integrationShown{Integration: i, HasCredentials: len(i.Sealed) > 0}
	if len(i.Adapter) > 0 && json.Valid(i.Adapter) {
		shown.Adapter = i.Adapter
	}
	return shown
}

// integrations is GET /api/admin/integrations.
func (a *API) integrations(w http.ResponseWriter, r *http.Request, _ *call) error {
	found, err := a.deps.Service.Integrations(r.Context())
	if err != nil {
		return err
	}
	data := make([]integrationShown, len(found))
	for i, one := range found {
		data[i] = showIntegrated(one)
	}
	writeJSON(w, http.StatusOK, page{Data: data})
	return nil
}

var slugName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// integrationBody is what was sent of an integration.
type integrationBody struct {
	change func(*decision.Integration)
	// credentials is nil where nothing was said of them and empty where they are to go.
	credentials []byte
}

func readIntegration(o *object) integrationBody {
	var sent decision.Integration
	var enabled bool
	var changes []func(*decision.Integration)
	set := func(given bool, change func(*decision.Integration)) {
		if given {
			changes = append(changes, change)
		}
	}
	bounded := func(name string, value *string) bool {
		given := o.take(name, value)
		if given && (*value == "" || len(*value) > 2048) {
			o.add("$."+name, "range", "must have between 1 and 2048 bytes")
		}
		return given
	}
	set(bounded("name", &sent.Name), func(i *decision.Integration) { i.Name = sent.Name })
	set(bounded("base_url", &sent.BaseURL), func(i *decision.Integration) { i.BaseURL = sent.BaseURL })
	set(o.take("timeout_ms", &sent.TimeoutMS), func(i *decision.Integration) { i.TimeoutMS = sent.TimeoutMS })
	set(o.take("enabled", &enabled), func(i *decision.Integration) { i.Enabled = enabled })
	var description string
	if o.take("description", &description) {
		sent.Description = &description
		if len(description) > longestDescription {
			o.add("$.description", "range", "is too long")
		}
	}
	set(o.has("description"), func(i *decision.Integration) { i.Description = sent.Description })
	adapter := objectOf(o, "adapter", mostAdapter)
	set(o.has("adapter"), func(i *decision.Integration) { i.Adapter = adapter })
	body := integrationBody{change: func(i *decision.Integration) {
		for _, change := range changes {
			change(i)
		}
	}}
	if o.has("credentials") {
		if body.credentials = objectOf(o, "credentials", mostCredentials); body.credentials == nil {
			body.credentials = []byte{}
		}
	}
	return body
}

// objectOf takes a field that is an object as it was sent, or null.
func objectOf(o *object, name string, most int) []byte {
	raw := o.raw(name)
	if raw == nil {
		return nil
	}
	if raw[0] != '{' {
		o.add("$."+name, "type", "must be an object")
		return nil
	}
	if len(raw) > most {
		o.add("$."+name, "range", "is too long")
		return nil
	}
	return raw
}

func integrationAnswers() []string {
	return []string{"id", "has_credentials", "inserted_at", "updated_at"}
}

// createIntegration is POST /api/admin/integrations.
func (a *API) createIntegration(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	i := decision.Integration{Enabled: true}
	if o.need("type", &i.Type) && i.Type != "link" && i.Type != "http" {
		o.add("$.type", "unknown", "must be link or http")
	}
	if o.need("slug", &i.Slug) && !slugName.MatchString(i.Slug) {
		o.add("$.slug", "format", "must be small letters, digits and dashes, at most 63")
	}
	for _, name := range []string{"name", "base_url"} {
		if !o.has(name) {
			o.add("$."+name, "required", "is needed")
		}
	}
	body := readIntegration(o)
	if err := o.finish(integrationAnswers()...); err != nil {
		return err
	}
	body.change(&i)
	if len(body.credentials) == 0 {
		body.credentials = nil
	}
	made, err := a.deps.Service.CreateIntegration(r.Context(), i, body.credentials, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/admin/integrations/"+string(made.ID))
	writeJSON(w, http.StatusCreated, showIntegrated(made))
	return nil
}

// showIntegration is GET /api/admin/integrations/{id}.
func (a *API) showIntegration(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Integration(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, showIntegrated(found))
	return nil
}

// updateIntegration is PATCH /api/admin/integrations/{id}.
func (a *API) updateIntegration(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	body := readIntegration(o)
	if err := o.finish(append(integrationAnswers(), "type", "slug")...); err != nil {
		return err
	}
	changed, err := a.deps.Service.UpdateIntegration(r.Context(), id, func(i *decision.Integration) error {
		body.change(i)
		return nil
	}, body.credentials, c.actor.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, showIntegrated(changed))
	return nil
}

// deleteIntegration is DELETE /api/admin/integrations/{id}.
func (a *API) deleteIntegration(w http.ResponseWriter, r *http.Request, c *call) error {
	return remove(w, r, c, a.deps.Service.DeleteIntegration)
}

// backends is GET /api/admin/backends.
func (a *API) backends(w http.ResponseWriter, _ *http.Request, _ *call) error {
	writeJSON(w, http.StatusOK, page{Data: a.backendList()})
	return nil
}

func (a *API) backendList() any {
	if a.deps.Backends == nil {
		return []struct{}{}
	}
	return a.deps.Backends()
}

// refreshBackends is POST /api/admin/backends/refresh.
func (a *API) refreshBackends(w http.ResponseWriter, r *http.Request, _ *call) error {
	if a.deps.RefreshBackends != nil {
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		if err := a.deps.RefreshBackends(ctx); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, page{Data: a.backendList()})
	return nil
}
