package api

import (
	"net/http"

	"wayguard/decision"
)

// secretive is a client with its secret, which is told this once.
type secretive struct {
	decision.Client
	Secret string `json:"client_secret"`
}

// clients is GET /api/admin/clients.
func (a *API) clients(w http.ResponseWriter, r *http.Request, _ *call) error {
	found, err := a.deps.Service.Clients(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, page{Data: orEmpty(found)})
	return nil
}

// clientBody is what was sent of a client.
type clientBody struct {
	name     string
	scopes   []string
	disabled *bool
}

func readClient(o *object) clientBody {
	var b clientBody
	var disabled bool
	if o.take("name", &b.name) && (b.name == "" || len(b.name) > longestText) {
		o.add("$.name", "range", "must have between 1 and 256 bytes")
	}
	if o.take("scopes", &b.scopes) && (len(b.scopes) == 0 || len(b.scopes) > mostScopes) {
		o.add("$.scopes", "range", "must have between 1 and 64 items")
	}
	if o.take("disabled", &disabled) {
		b.disabled = &disabled
	}
	return b
}

func clientAnswers() []string { return []string{"client_id", "created_at"} }

// within keeps whoever makes clients from giving them more than they have themselves.
func (a *API) within(o *object, c *call, scopes []string) {
	for i, scope := range scopes {
		if !c.actor.may(scope) && c.person == nil {
			o.add(index("$.scopes", i), "forbidden", "cannot be granted by a token that lacks it")
		}
	}
}

// createClient is POST /api/admin/clients.
func (a *API) createClient(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	for _, name := range []string{"name", "scopes"} {
		if !o.has(name) {
			o.add("$."+name, "required", "is needed")
		}
	}
	b := readClient(o)
	a.within(o, c, b.scopes)
	if err := o.finish(append(clientAnswers(), "disabled")...); err != nil {
		return err
	}
	made, secret, err := a.deps.Service.CreateClient(r.Context(), b.name, b.scopes, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/admin/clients/"+made.ID)
	writeJSON(w, http.StatusCreated, secretive{made, secret})
	return nil
}

// clientID is the client of the path; its form is the service's.
func clientID(r *http.Request) (string, error) {
	if id := r.PathValue("id"); id != "" && len(id) <= longestName {
		return id, nil
	}
	return "", notFound()
}

// showClient is GET /api/admin/clients/{id}.
func (a *API) showClient(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Client(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

// updateClient is PATCH /api/admin/clients/{id}. Its tokens follow at once.
func (a *API) updateClient(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	b := readClient(o)
	a.within(o, c, b.scopes)
	if err := o.finish(clientAnswers()...); err != nil {
		return err
	}
	changed, err := a.deps.Service.UpdateClient(r.Context(), id, func(client *decision.Client) error {
		if b.name != "" {
			client.Name = b.name
		}
		if b.scopes != nil {
			client.Scopes = b.scopes
		}
		if b.disabled != nil {
			client.Disabled = *b.disabled
		}
		return nil
	}, c.actor.name)
	a.verifier.forget()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, changed)
	return nil
}

// deleteClient is DELETE /api/admin/clients/{id}. Its tokens end at once.
func (a *API) deleteClient(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	err = a.deps.Service.DeleteClient(r.Context(), id, c.actor.name)
	a.verifier.forget()
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rotateClient is POST /api/admin/clients/{id}/rotate. Tokens that were asked for with the secret before live on until they run out.
func (a *API) rotateClient(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Client(r.Context(), id)
	if err != nil {
		return err
	}
	for _, scope := range found.Scopes { // its secret opens all that it may
		if !c.actor.may(scope) && c.person == nil {
			return forbidden(scope)
		}
	}
	changed, secret, err := a.deps.Service.RotateClient(r.Context(), id, c.actor.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, secretive{changed, secret})
	return nil
}

// keys is GET /api/admin/keys.
func (a *API) keys(w http.ResponseWriter, _ *http.Request, _ *call) error {
	writeJSON(w, http.StatusOK, page{Data: a.deps.Keys.Infos()})
	return nil
}

// rotateKeys is POST /api/admin/keys/rotate.
func (a *API) rotateKeys(w http.ResponseWriter, r *http.Request, c *call) error {
	if err := a.deps.Keys.Rotate(a.deps.Now()); err != nil {
		return err
	}
	a.deps.Logger.Info("the key that signs tokens was rotated", "by", c.actor.name)
	a.audit(r, c, "rotate", "key", "")
	writeJSON(w, http.StatusOK, page{Data: a.deps.Keys.Infos()})
	return nil
}

// audit tells of a change that is none of the service's.
func (a *API) audit(r *http.Request, c *call, action, object, id string) {
	if a.deps.Audit != nil {
		a.deps.Audit(r.Context(), decision.Change{At: a.deps.Now(), By: c.actor.name, Action: action, Object: object, ID: id})
	}
}
