package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

// call is one request with what is known of it.
type call struct {
	id      string
	started time.Time
	actor   actor
	// person is set for a person of the Hub.
	person *actor
	// held is the memory taken for the body, in bytes. A body on its way through gives some of it back while the request still runs.
	held atomic.Int64
	// route is the path's pattern, for the log: the path itself may hold what is nobody's business.
	route string
}

type callKey struct{}

func callOf(r *http.Request) *call {
	c, ok := r.Context().Value(callKey{}).(*call)
	if !ok {
		return &call{route: "none"}
	}
	return c
}

// written notes what was answered.
type written struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter; informational answers are not the answer.
func (w *written) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *written) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(data)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is below.
func (w *written) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serve is the way of every request: it is named, recovered from and logged.
func (a *API) serve(w http.ResponseWriter, r *http.Request, person *actor) {
	now := a.deps.Now()
	c := &call{id: string(a.deps.NewID(now)), started: now, person: person, route: "none"}
	out := &written{ResponseWriter: w}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	defer a.finish(out, r, c)
	if strings.HasPrefix(r.URL.EscapedPath(), interceptorPrefix) {
		c.route = interceptorPrefix + "{ref}"
		a.attend(out, r, c, scopeIntercept, a.intercept)
		return
	}
	a.mux.ServeHTTP(out, r)
}

// finish recovers from a panic and logs. The line holds no body, token, header or query string.
func (a *API) finish(w *written, r *http.Request, c *call) {
	a.held.Add(-c.held.Swap(0))
	if caught := recover(); caught != nil {
		if err, ok := caught.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			a.log(w, r, c)
			panic(http.ErrAbortHandler)
		}
		a.counts.panics.Add(1)
		// What was caught may hold what was sent; its type and the stack do not.
		a.deps.Logger.Error("answering a request broke down", "request", c.id, "route", c.route, "kind", fmt.Sprintf("%T", caught), "stack", string(debug.Stack()))
		if w.status != 0 {
			a.log(w, r, c)
			panic(http.ErrAbortHandler) // the client must not take a half answer for a whole one
		}
		a.answer(w, r, c, &problem{status: http.StatusInternalServerError, code: codeInternal, message: "something broke down; it has been logged"})
	}
	a.log(w, r, c)
}

func (a *API) log(w *written, r *http.Request, c *call) {
	a.counts.answered(w.status)
	level := slog.LevelDebug
	if w.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if !a.deps.Logger.Enabled(r.Context(), level) {
		return
	}
	a.deps.Logger.LogAttrs(r.Context(), level, "decision API",
		slog.String("request", c.id), slog.String("method", known(r.Method)), slog.String("route", c.route), slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes), slog.Duration("took", a.deps.Now().Sub(c.started)), slog.String("client", c.actor.name))
}

// known keeps made-up methods out of the log.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// attend asks who it is, whether they may, and serves.
func (a *API) attend(w http.ResponseWriter, r *http.Request, c *call, scope string, serve endpoint) {
	w.Header().Set("X-Request-Id", c.id)
	if err := a.admit(r, c, scope); err != nil {
		a.answer(w, r, c, err)
		return
	}
	if err := serve(w, r, c); err != nil {
		a.answer(w, r, c, err)
	}
}

func (a *API) admit(r *http.Request, c *call, scope string) error {
	if scope == "" {
		return nil
	}
	if c.person != nil {
		c.actor = *c.person
	} else {
		who, err := a.verifier.verify(r.Context(), bearer(r))
		if err != nil {
			a.counts.unauthorized.Add(1)
			if !errors.Is(err, errToken) && !errors.Is(err, errUnknownKey) {
				a.deps.Logger.Warn("a token cannot be checked", "error", err)
			}
			return &problem{status: http.StatusUnauthorized, code: codeUnauthorized, message: "a valid token is needed",
				challenge: `Bearer realm="wayguard", error="invalid_token"`}
		}
		c.actor = who
	}
	if !c.actor.may(scope) {
		a.counts.forbidden.Add(1)
		return forbidden(scope)
	}
	if a.rate == nil || c.person != nil {
		return nil
	}
	if wait, ok := a.rate.Take(c.actor.name, c.started); !ok {
		a.counts.limited.Add(1)
		return &problem{status: http.StatusTooManyRequests, code: codeRate, message: "too many requests", retry: wait}
	}
	return nil
}

func bearer(r *http.Request) string {
	kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(kind, "bearer") || len(r.Header.Values("Authorization")) != 1 {
		return ""
	}
	return strings.TrimSpace(token)
}

// answer tells an error.
func (a *API) answer(w http.ResponseWriter, r *http.Request, c *call, err error) {
	told := problemOf(err)
	if told == nil {
		told = &problem{status: http.StatusInternalServerError, code: codeInternal, message: "something went wrong; it has been logged"}
		if errors.Is(err, context.DeadlineExceeded) {
			told = &problem{status: http.StatusServiceUnavailable, code: codeUnavailable, message: "that took too long", retry: time.Second}
		}
		if r.Context().Err() == nil {
			a.deps.Logger.Error("a request failed", "request", c.id, "route", c.route, "error", err)
		}
	}
	w.Header().Set("X-Request-Id", c.id)
	told.write(w, c.id)
}

// readBody reads a body of at most that many bytes.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *problem) {
	if r.ContentLength > most {
		return nil, tooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, brokenOff()
	}
	return body, nil
}

func brokenOff() *problem {
	return &problem{status: http.StatusBadRequest, code: codeValidation, message: "the body is broken off"}
}

func tooLarge() *problem {
	return &problem{status: http.StatusRequestEntityTooLarge, code: codeLarge, message: "the body is too long"}
}

func tooBusy() *problem {
	return &problem{status: http.StatusServiceUnavailable, code: codeUnavailable, message: "too many requests at once", retry: time.Second}
}

// readJSON reads a body that must be JSON by what it says it is; saying nothing is fine.
func (a *API) readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, &problem{status: http.StatusUnsupportedMediaType, code: codeMedia, message: "the body must be application/json"}
		}
	}
	if r.ContentLength > int64(a.config.BodyLimit) {
		return nil, tooLarge()
	}
	most := int64(a.config.BodyLimit)
	read, err := a.take(w, callOf(r), http.MaxBytesReader(w, r.Body, most), r.ContentLength, most)
	switch large := (*http.MaxBytesError)(nil); {
	case errors.As(err, &large), read.end == tooLong:
		return nil, tooLarge()
	case err != nil:
		return nil, brokenOff()
	case read.end == noRoom:
		return nil, tooBusy()
	}
	return read.body, nil
}

// quiet sends what net/http's server grumbles about to the debug log: it is clients who went away.
func quiet(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
