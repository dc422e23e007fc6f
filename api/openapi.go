package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openapiDocument []byte

// Document is the OpenAPI document of the API, as JSON.
func Document() []byte { return append([]byte(nil), openapiDocument...) }

// openapi is GET /openapi.json.
func (a *API) openapi(w http.ResponseWriter, _ *http.Request, _ *call) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(openapiDocument) // the client went away: there is nobody to tell
	return nil
}

// healthy is GET /healthz: the listener answers. Whether decisions can be kept is told by deciding.
func (a *API) healthy(w http.ResponseWriter, _ *http.Request, _ *call) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}
