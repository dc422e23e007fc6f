package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"

	"wayguard/access"
	"wayguard/event"
)

const (
	base = "/api/v1"
	// bodyLimit is the largest body that most of the API reads.
	bodyLimit = 64 << 10
)

// need is what an endpoint asks of whoever calls it.
type need uint8

const (
	// nothing: anyone; login: a live login; permission: a live login and a permission in the environment named.
	nothing need = iota
	login
	permission
)

// scope tells which environment a request is about.
type scope func(r *http.Request, body []byte) (event.Environment, error)

// visitor is who asks, and what was established before the handler ran.
type visitor struct {
	user    access.User
	login   access.Login
	env     event.Environment
	body    []byte
	address string
}

// endpoint is one line of the API. What it needs is enforced before handle runs, so that no handler can forget it.
type endpoint struct {
	method, path string
	needs        need
	permission   access.Permission
	scope        scope
	handle       func(w http.ResponseWriter, r *http.Request, who visitor) error
}

func (h *Hub) endpoints() []endpoint {
	return append(h.paymentEndpoints(), []endpoint{
		{"POST", "/login", nothing, "", nil, h.logIn},
		{"POST", "/logout", login, "", nil, h.logOut},
		{"POST", "/password", login, "", nil, h.changePassword},
		{"GET", "/me", login, "", nil, h.me},
		{"GET", "/fields", permission, access.ViewSessions, scopeQuery, h.fields},
		{"POST", "/sessions/search", permission, access.ViewSessions, scopeBody, h.search},
		{"POST", "/exports", permission, access.ExportData, scopeBody, h.prepareExport},
		{"GET", "/sessions.csv", permission, access.ExportData, h.scopeExport, h.export},
		{"GET", "/sessions/{id}", permission, access.ViewSessions, scopeQuery, h.story},
		{"GET", "/sessions/{id}/explanation", permission, access.ViewSessions, scopeQuery, h.explanation},
		{"POST", "/sessions/{id}/spare", permission, access.SpareVisitors, scopeBody, h.spare},
		{"GET", "/mitigation", permission, access.ViewSessions, scopeQuery, h.mitigationStatus},
		{"GET", "/mitigation/effects", permission, access.ViewSessions, scopeQuery, h.effects},
		{"GET", "/mitigation/affected", permission, access.ViewSessions, scopeQuery, h.affected},
		{"GET", "/mitigation/affected.csv", permission, access.ExportData, scopeQuery, h.affectedCSV},
		{"GET", "/mitigation/accounts", permission, access.ExportData, scopeQuery, h.accounts},
		{"GET", "/mitigation/accounts.csv", permission, access.ExportData, scopeQuery, h.accountsCSV},
		{"POST", "/mitigation/stop", permission, access.ManageMitigation, scopeBody, h.stopMitigation},
		{"POST", "/mitigation/go", permission, access.ManageMitigation, scopeBody, h.resumeMitigation},
		{"POST", "/mitigation/undo", permission, access.ManageMitigation, scopeBody, h.undoPolicy},
		{"POST", "/mitigation/breaker", permission, access.ManageMitigation, scopeBody, h.closeBreaker},
		{"POST", "/mitigation/unspare", permission, access.SpareVisitors, scopeBody, h.unspare},
		{"GET", "/totals", permission, access.ViewSessions, scopeQuery, h.totals},
		{"GET", "/live", permission, access.ViewSessions, scopeQuery, h.live},
		{"GET", "/health", permission, access.ViewSessions, scopeQuery, h.showHealth},
		{"GET", "/audit", permission, access.ManageUsers, scopeQuery, h.audit},
		{"GET", "/users", permission, access.ManageUsers, scopeQuery, h.users},
		{"POST", "/users", permission, access.ManageUsers, scopeEither, h.createUser},
		{"POST", "/users/{id}/disable", permission, access.ManageUsers, scopeEither, h.disableUser},
		{"POST", "/users/{id}/enable", permission, access.ManageUsers, scopeEither, h.enableUser},
		{"POST", "/users/{id}/password", permission, access.ManageUsers, scopeEither, h.resetPassword},
	}...)
}

func (h *Hub) routes() http.Handler {
	api := http.NewServeMux()
	for _, e := range h.endpoints() {
		api.HandleFunc(e.method+" "+base+e.path, func(w http.ResponseWriter, r *http.Request) {
			who, err := h.admit(r, e)
			if err == nil {
				err = e.handle(w, r, who)
			}
			if err != nil {
				h.fail(w, r, err)
			}
		})
	}
	api.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, &problem{status: http.StatusNotFound, code: "no_such_endpoint", message: "the API has no such method and path"})
	})
	// Browsers say where a request comes from; one that another site made is refused, whatever cookie it carries.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, &problem{status: http.StatusForbidden, code: "cross_origin", message: "the request comes from another site"})
	}))
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler(api))
	mux.Handle("/", h.pages)
	return h.recovered(withHeaders(mux))
}

// admit reads the body, finds the login and checks the permission.
func (h *Hub) admit(r *http.Request, e endpoint) (visitor, error) {
	who := visitor{address: h.clientAddress(r)}
	if r.Method == http.MethodHead { // the mux takes it for GET, and a stream or an export to nobody makes no sense
		return who, &problem{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "use GET"}
	}
	if e.needs != nothing {
		user, live, err := h.loggedIn(r)
		if err != nil {
			return who, err
		}
		who.user, who.login = user, live
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		body, err := readBody(r, e.bodyLimit())
		if err != nil {
			return who, err
		}
		who.body = body
	}
	if e.needs != permission {
		return who, nil
	}
	env, err := e.scope(r, who.body)
	if err != nil {
		return who, err
	}
	if !who.user.May(e.permission, env) {
		return who, forbidden()
	}
	who.env = env
	return who, nil
}

// bodyLimit is the largest body the endpoint reads.
func (e endpoint) bodyLimit() int64 {
	if e.path == paymentsPath {
		return paymentsBody
	}
	return bodyLimit
}

func readBody(r *http.Request, limit int64) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, &problem{status: http.StatusUnsupportedMediaType, code: "not_json", message: "send application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &problem{status: http.StatusRequestEntityTooLarge, code: "body_too_large", message: fmt.Sprintf("the body is larger than %d KiB", limit>>10)}
	}
	if err != nil {
		return nil, badRequest("", "the body could not be read")
	}
	return body, nil
}

// environmentIn reads the environment of a JSON object, and nothing else of it.
func environmentIn(body []byte) (event.Environment, error) {
	var peek struct {
		Environment event.Environment `json:"environment"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &peek); err != nil {
			return "", badQuery("", "the query is not a JSON object with the right types")
		}
	}
	return peek.Environment, nil
}

func named(env event.Environment) (event.Environment, error) {
	if env == "" {
		return "", badQuery("environment", "name the environment")
	}
	return env, nil
}

func scopeQuery(r *http.Request, _ []byte) (event.Environment, error) {
	return named(event.Environment(r.URL.Query().Get("environment")))
}

func scopeBody(_ *http.Request, body []byte) (event.Environment, error) {
	env, err := environmentIn(body)
	if err != nil {
		return "", err
	}
	return named(env)
}

// scopeExport takes the environment from the search that the ticket stands for, or from the one in the address.
func (h *Hub) scopeExport(r *http.Request, _ []byte) (event.Environment, error) {
	if token := r.URL.Query().Get("ticket"); token != "" {
		env, there := h.tickets.environment(token, h.deps.Now())
		if !there {
			return "", noSuchTicket()
		}
		return env, nil
	}
	return scopeBody(r, []byte(r.URL.Query().Get("query")))
}

// scopeEither takes the environment from the body, else from the query.
func scopeEither(r *http.Request, body []byte) (event.Environment, error) {
	env, err := environmentIn(body)
	if err != nil || env != "" {
		return env, err
	}
	return scopeQuery(r, nil)
}

// withHeaders sets what every answer carries. The pages need no inline script or style and load nothing from elsewhere.
func withHeaders(next http.Handler) http.Handler {
	const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Frame-Options", "DENY")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a log line and, where nothing was sent yet, a 500.
func (h *Hub) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(reason) // meant for the server: it cuts the connection
			}
			h.logger.Error("hub handler panicked", "method", r.Method, "endpoint", r.Pattern, "reason", reason, "stack", string(debug.Stack()))
			h.fail(w, r, &problem{status: http.StatusInternalServerError, code: "internal", message: "something went wrong; the log has more"})
		}()
		next.ServeHTTP(w, r)
	})
}
