package api

import (
	"context"
	"net/http"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
)

// mostEntries bounds an interceptor's mapping.
const mostEntries = 500

// interceptorAnswers are fields of an interceptor that are told and not taken.
func interceptorAnswers() []string {
	return []string{"id", "status", "version", "discovered_keys", "inserted_at", "updated_at"}
}

// interceptors is GET /api/admin/interceptors.
func (a *API) interceptors(w http.ResponseWriter, r *http.Request, _ *call) error {
	q := ask(r)
	after, limit := q.after(), q.limit()
	if err := q.err(); err != nil {
		return err
	}
	list, more, err := a.deps.Service.Interceptors(r.Context(), after, limit)
	if err != nil {
		return err
	}
	for i := range list {
		list[i] = whole(list[i])
	}
	answer := page{Data: orEmpty(list)}
	if len(list) > 0 {
		answer.Links = next(r, list[len(list)-1].ID, more)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// whole has every field in the form that was documented.
func whole(i interceptor.Interceptor) interceptor.Interceptor {
	i.FieldMapping, i.Discovered = orEmpty(i.FieldMapping), orEmpty(i.Discovered)
	if i.Active == nil {
		active := true
		i.Active = &active
	}
	return i
}

func writeInterceptor(w http.ResponseWriter, status int, i interceptor.Interceptor) error {
	w.Header().Set("ETag", decision.InterceptorTag(i))
	writeJSON(w, status, whole(i))
	return nil
}

// readInterceptor reads what may be written of an interceptor and gives a change that does it.
func readInterceptor(o *object) func(*interceptor.Interceptor) {
	var sent interceptor.Interceptor
	var active, store bool
	var description string
	var responses interceptor.Responses
	var changes []func(*interceptor.Interceptor)
	set := func(given bool, change func(*interceptor.Interceptor)) {
		if given {
			changes = append(changes, change)
		}
	}
	set(o.take("context", &sent.Context), func(i *interceptor.Interceptor) { i.Context = sent.Context })
	set(o.take("destination", &sent.Destination), func(i *interceptor.Interceptor) { i.Destination = sent.Destination })
	set(o.take("active", &active), func(i *interceptor.Interceptor) { i.Active = &active })
	if o.take("description", &description) {
		sent.Description = &description
		if len(description) > longestDescription {
			o.add("$.description", "range", "is too long")
		}
	}
	set(o.has("description"), func(i *interceptor.Interceptor) { i.Description = sent.Description })
	mapping, _ := each[interceptor.Entry](o, "field_mapping", mostEntries)
	set(o.has("field_mapping"), func(i *interceptor.Interceptor) { i.FieldMapping = mapping })
	o.take("responses", &responses)
	set(o.has("responses"), func(i *interceptor.Interceptor) { i.Responses = responses })
	set(o.take("on_invalid", &sent.OnInvalid), func(i *interceptor.Interceptor) { i.OnInvalid = sent.OnInvalid })
	set(o.take("on_failure", &sent.OnFailure), func(i *interceptor.Interceptor) { i.OnFailure = sent.OnFailure })
	set(o.take("decision_header", &sent.DecisionHeader), func(i *interceptor.Interceptor) { i.DecisionHeader = sent.DecisionHeader })
	set(o.take("store_payload", &store), func(i *interceptor.Interceptor) { i.StorePayload = store })
	return func(i *interceptor.Interceptor) {
		for _, change := range changes {
			change(i)
		}
	}
}

// createInterceptor is POST /api/admin/interceptors.
func (a *API) createInterceptor(w http.ResponseWriter, r *http.Request, c *call) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	var i interceptor.Interceptor
	o.take("ref", &i.Ref)
	for _, name := range []string{"context", "destination"} {
		if !o.has(name) {
			o.add("$."+name, "required", "is needed")
		}
	}
	change := readInterceptor(o)
	if err := o.finish(interceptorAnswers()...); err != nil {
		return err
	}
	change(&i)
	made, err := a.deps.Service.CreateInterceptor(r.Context(), i, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/admin/interceptors/"+string(made.ID))
	return writeInterceptor(w, http.StatusCreated, made)
}

// showInterceptor is GET /api/admin/interceptors/{id}.
func (a *API) showInterceptor(w http.ResponseWriter, r *http.Request, _ *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	found, err := a.deps.Service.Interceptor(r.Context(), id)
	if err != nil {
		return err
	}
	return writeInterceptor(w, http.StatusOK, found)
}

// updateInterceptor is PATCH /api/admin/interceptors/{id}.
func (a *API) updateInterceptor(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	change := readInterceptor(o)
	if err := o.finish(append(interceptorAnswers(), "ref")...); err != nil {
		return err
	}
	changed, err := a.deps.Service.UpdateInterceptor(r.Context(), id, func(i *interceptor.Interceptor) error {
		change(i)
		return nil
	}, r.Header.Get("If-Match"), c.actor.name)
	if err != nil {
		return stale(r, err)
	}
	return writeInterceptor(w, http.StatusOK, changed)
}

func (a *API) changeInterceptor(w http.ResponseWriter, r *http.Request, c *call,
	change func(ctx context.Context, id event.ID, by string) (interceptor.Interceptor, error)) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	changed, err := change(r.Context(), id, c.actor.name)
	if err != nil {
		return err
	}
	return writeInterceptor(w, http.StatusOK, changed)
}

func (a *API) activateInterceptor(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.changeInterceptor(w, r, c, a.deps.Service.ActivateInterceptor)
}

func (a *API) rollbackInterceptor(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.changeInterceptor(w, r, c, a.deps.Service.RollbackInterceptor)
}

// deleteInterceptor is DELETE /api/admin/interceptors/{id}.
func (a *API) deleteInterceptor(w http.ResponseWriter, r *http.Request, c *call) error {
	return remove(w, r, c, a.deps.Service.DeleteInterceptor)
}

// remove is what all deletions have in common.
func remove(w http.ResponseWriter, r *http.Request, c *call, change func(ctx context.Context, id event.ID, by string) error) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := change(r.Context(), id, c.actor.name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
