package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// problem is an error that is meant for the person who asked.
type problem struct {
	status int
	// code is a stable word for programs, message the sentence for people, field the part of the input concerned.
	code, message, field string
	// retry is when to try again, 0 when that would not help.
	retry time.Duration
	// cause is for the log, never for the answer.
	cause error
}

func (p *problem) Error() string { return p.code + ": " + p.message }

func (p *problem) Unwrap() error { return p.cause }

func badQuery(field, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: "bad_query", field: field, message: fmt.Sprintf(format, args...)}
}

func badRequest(field, message string) *problem {
	return &problem{status: http.StatusBadRequest, code: "bad_request", field: field, message: message}
}

func notLoggedIn() *problem {
	return &problem{status: http.StatusUnauthorized, code: "not_logged_in", message: "log in first"}
}

func forbidden() *problem {
	return &problem{status: http.StatusForbidden, code: "forbidden", message: "your role in this environment does not allow it"}
}

func busy(what string) *problem {
	return &problem{status: http.StatusServiceUnavailable, code: "busy", message: "too many " + what + " at once", retry: 2 * time.Second}
}

func storeUnavailable(cause error) *problem {
	return &problem{status: http.StatusServiceUnavailable, code: "store_unavailable",
		message: "the settings store does not answer", retry: 5 * time.Second, cause: cause}
}

// warehouseProblem turns a warehouse's error into an answer.
func (h *Hub) warehouseProblem(err error) error {
	var asked interface {
		BadQuery() (field, message string)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case h.deps.NotFound(err):
		return &problem{status: http.StatusNotFound, code: "no_such_session", message: "there is no such session in this environment"}
	case errors.As(err, &asked):
		field, message := asked.BadQuery()
		return badQuery(field, "%s", message)
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{status: http.StatusServiceUnavailable, code: "warehouse_unavailable", cause: err, retry: 5 * time.Second,
			message: fmt.Sprintf("no answer within %s: narrow the time range or try again", answerTime)}
	}
	return &problem{status: http.StatusServiceUnavailable, code: "warehouse_unavailable", cause: err, retry: 5 * time.Second,
		message: "the warehouse does not answer"}
}

// fail is the one place where an error becomes an answer and a log line.
func (h *Hub) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	if !errors.As(err, &p) {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // nobody is there to read the answer
		}
		p = &problem{status: http.StatusInternalServerError, code: "internal", message: "something went wrong; the log has more", cause: err}
	}
	if p.cause != nil {
		h.logger.Error("hub request failed", "method", r.Method, "endpoint", r.Pattern, "code", p.code, "error", p.cause)
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.retry+time.Second-1)/time.Second)))
	}
	type detail struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Field   string `json:"field,omitempty"`
	}
	h.writeJSON(w, r, p.status, map[string]detail{"error": {p.code, p.message, p.field}})
}

func (h *Hub) writeJSON(w http.ResponseWriter, r *http.Request, status int, answer any) {
	encoded, err := json.Marshal(answer)
	if err != nil {
		h.logger.Error("hub answer cannot be encoded", "endpoint", r.Pattern, "error", err)
		http.Error(w, `{"error":{"code":"internal","message":"something went wrong; the log has more"}}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Cookie")
	w.WriteHeader(status)
	if _, err := w.Write(append(encoded, '\n')); err != nil {
		h.logger.Debug("hub answer not delivered", "endpoint", r.Pattern, "error", err)
	}
}
