package api

import (
	"net/http"
	"slices"
	"time"

	"wayguard/decision"
)

const (
	// longestTTL bounds the life of an entry: a hundred years are for ever.
	longestTTL = 100 * 366 * day
	// longestListed bounds a value, longestNote what is said of it, in bytes.
	longestListed = 1024
	longestNote   = 1024
)

// blacklist is GET /api/admin/blacklist.
func (a *API) blacklist(w http.ResponseWriter, r *http.Request, _ *call) error {
	return a.values(w, r, decision.Blacklist)
}

func (a *API) values(w http.ResponseWriter, r *http.Request, list string) error {
	q := ask(r)
	query := decision.ValueQuery{List: list, FieldPath: q.text("field_path"), Value: q.atMost("value", longestListed), After: q.after(), Limit: q.limit()}
	if err := q.err(); err != nil {
		return err
	}
	found, more, err := a.deps.Service.Values(r.Context(), query)
	if err != nil {
		return err
	}
	answer := page{Data: orEmpty(found)}
	if len(found) > 0 {
		answer.Links = next(r, found[len(found)-1].ID, more)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// readValue reads an entry and how long it lives.
func readValue(o *object, list string) (v decision.ListValue, life time.Duration) {
	v.List = list
	if list == decision.Blacklist && o.need("field_path", &v.FieldPath) && len(v.FieldPath) > longestText {
		o.add("$.field_path", "range", "is too long")
	}
	if o.need("value", &v.Value) && (v.Value == "" || len(v.Value) > longestListed) {
		o.add("$.value", "range", "must have between 1 and 1024 bytes")
	}
	var seconds int64
	if o.take("ttl_seconds", &seconds) {
		if seconds < 1 || seconds > int64(longestTTL/time.Second) {
			o.add("$.ttl_seconds", "range", "must lie between 1 and 3162240000")
		} else {
			life = time.Duration(seconds) * time.Second
		}
	}
	if o.take("note", &v.Note) && len(v.Note) > longestNote {
		o.add("$.note", "range", "is too long")
	}
	return v, life
}

func (a *API) addValue(w http.ResponseWriter, r *http.Request, c *call, list, place string) error {
	o, err := a.object(w, r)
	if err != nil {
		return err
	}
	v, life := readValue(o, list)
	if err := o.finish(); err != nil {
		return err
	}
	added, err := a.deps.Service.AddValue(r.Context(), v, life, c.actor.name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", place+string(added.ID))
	writeJSON(w, http.StatusCreated, added)
	return nil
}

// addBlacklisted is POST /api/admin/blacklist.
func (a *API) addBlacklisted(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.addValue(w, r, c, decision.Blacklist, "/api/admin/blacklist/")
}

// value finds an entry of a list by the path's id.
func (a *API) value(r *http.Request, list string) (decision.ListValue, error) {
	id, err := pathID(r)
	if err != nil {
		return decision.ListValue{}, err
	}
	v, err := a.deps.Service.Value(r.Context(), id)
	if err == nil && v.List != list && (v.List != "" || list != decision.Blacklist) {
		err = decision.ErrNotFound
	}
	return v, err
}

// showBlacklisted is GET /api/admin/blacklist/{id}.
func (a *API) showBlacklisted(w http.ResponseWriter, r *http.Request, _ *call) error {
	v, err := a.value(r, decision.Blacklist)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// removeBlacklisted is DELETE /api/admin/blacklist/{id}.
func (a *API) removeBlacklisted(w http.ResponseWriter, r *http.Request, c *call) error {
	return a.removeValue(w, r, c, decision.Blacklist)
}

func (a *API) removeValue(w http.ResponseWriter, r *http.Request, c *call, list string) error {
	v, err := a.value(r, list)
	if err != nil {
		return err
	}
	if err := a.deps.Service.RemoveValue(r.Context(), v.ID, c.actor.name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// namedList tells of a named list.
type namedList struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Fixed says that it has values from the configuration, which are not listed.
	Fixed bool `json:"has_configured_values"`
}

// lists is GET /api/admin/lists.
func (a *API) lists(w http.ResponseWriter, _ *http.Request, _ *call) error {
	data := []namedList{}
	for _, name := range a.deps.Service.ListNames() {
		configured := a.config.Lists[name]
		data = append(data, namedList{Name: name, Kind: configured.Kind, Fixed: len(configured.Values) > 0 || configured.File != ""})
	}
	writeJSON(w, http.StatusOK, page{Data: data})
	return nil
}

// listName is the named list of the path.
func (a *API) listName(r *http.Request) (string, error) {
	if name := r.PathValue("list"); slices.Contains(a.deps.Service.ListNames(), name) {
		return name, nil
	}
	return "", notFound()
}

// listValues is GET /api/admin/lists/{list}.
func (a *API) listValues(w http.ResponseWriter, r *http.Request, _ *call) error {
	name, err := a.listName(r)
	if err != nil {
		return err
	}
	return a.values(w, r, name)
}

// addListed is POST /api/admin/lists/{list}.
func (a *API) addListed(w http.ResponseWriter, r *http.Request, c *call) error {
	name, err := a.listName(r)
	if err != nil {
		return err
	}
	return a.addValue(w, r, c, name, "/api/admin/lists/"+name+"/")
}

// removeListed is DELETE /api/admin/lists/{list}/{id}.
func (a *API) removeListed(w http.ResponseWriter, r *http.Request, c *call) error {
	name, err := a.listName(r)
	if err != nil {
		return err
	}
	return a.removeValue(w, r, c, name)
}
