package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"wayguard/decision"
	"wayguard/payment"
)

// The codes of errors.
const (
	codeValidation   = "VALIDATION_FAILED"
	codePAN          = "PAN_NOT_ACCEPTED"
	codeEdition      = "EDITION_FEATURE_UNAVAILABLE"
	codeUnauthorized = "UNAUTHORIZED"
	codeForbidden    = "FORBIDDEN"
	codeNotFound     = "NOT_FOUND"
	codeMethod       = "METHOD_NOT_ALLOWED"
	codeConflict     = "CONFLICT"
	codeStale        = "PRECONDITION_FAILED"
	codeLarge        = "PAYLOAD_TOO_LARGE"
	codeMedia        = "UNSUPPORTED_MEDIA_TYPE"
	codeRate         = "RATE_LIMITED"
	codeInternal     = "INTERNAL_ERROR"
	codeUnavailable  = "UNAVAILABLE"
	codeBadGateway   = "DESTINATION_UNREACHABLE"
	codeTimeout      = "DESTINATION_TIMEOUT"
)

// mostProblems bounds the problems told in one answer.
const mostProblems = 100

// problem is an error as it is answered. It never repeats what was sent.
type problem struct {
	status  int
	code    string
	message string
	errors  []payment.Problem
	// retry is for 429 and 503; challenge for 401.
	retry     time.Duration
	challenge string
}

// Error implements error.
func (p *problem) Error() string { return p.message }

type problemBody struct {
	Code      string            `json:"code"`
	Message   string            `json:"message"`
	RequestID string            `json:"request_id"`
	Errors    []payment.Problem `json:"errors,omitempty"`
}

func (p *problem) write(w http.ResponseWriter, requestID string) {
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int((p.retry+time.Second-1)/time.Second))))
	}
	if p.challenge != "" {
		w.Header().Set("WWW-Authenticate", p.challenge)
	}
	errs := p.errors
	if len(errs) > mostProblems {
		errs = errs[:mostProblems]
	}
	writeJSON(w, p.status, problemBody{Code: p.code, Message: p.message, RequestID: requestID, Errors: errs})
}

// writeJSON answers with a value. Its own failure is that of a client who went away.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, `{"code":"`+codeInternal+`","message":"the answer cannot be written","request_id":""}`, http.StatusInternalServerError)
		return
	}
	writeBody(w, status, append(body, '\n'))
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: there is nobody to tell
}

func notFound() *problem {
	return &problem{status: http.StatusNotFound, code: codeNotFound, message: "there is no such thing"}
}

func forbidden(scope string) *problem {
	return &problem{status: http.StatusForbidden, code: codeForbidden, message: "the token lacks the scope " + scope}
}

func invalid(problems []payment.Problem) *problem {
	p := &problem{status: http.StatusUnprocessableEntity, code: codeValidation, message: "the request is not valid", errors: problems}
	for _, one := range problems {
		switch one.Code {
		case "pan_not_accepted":
			p.code, p.message = codePAN, "full card numbers are not accepted at this PCI level"
		case "edition":
			p.code, p.message = codeEdition, "this installation has no such feature"
		}
	}
	return p
}

func invalidField(field, code, message string) *problem {
	return invalid([]payment.Problem{{Field: field, Code: code, Message: message}})
}

// problemOf says how an error of the service is answered; nil for one that nobody foresaw.
func problemOf(err error) *problem {
	var told *problem
	var wrong *decision.InvalidError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &wrong):
		return invalid(wrong.Problems)
	case errors.Is(err, decision.ErrNotFound):
		return notFound()
	case errors.Is(err, decision.ErrStatus):
		return &problem{status: http.StatusConflict, code: codeConflict, message: "its status does not allow that"}
	case errors.Is(err, decision.ErrIdempotency):
		return &problem{status: http.StatusConflict, code: codeConflict, message: "the idempotency key was used for another request"}
	case errors.Is(err, decision.ErrConflict):
		return &problem{status: http.StatusConflict, code: codeConflict, message: "somebody changed it meanwhile, or the name is taken"}
	case errors.Is(err, decision.ErrUnavailable):
		return &problem{status: http.StatusServiceUnavailable, code: codeUnavailable, message: "decisions cannot be kept at the moment", retry: time.Second}
	}
	return nil
}
