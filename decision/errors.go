package decision

import (
	"errors"
	"strings"

	"wayguard/payment"
)

// What callers tell apart.
var (
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrStatus: the thing's status does not allow it, or it was resolved already.
	ErrStatus = errors.New("its status does not allow that")
	// ErrIdempotency: the idempotency key was used for another body.
	ErrIdempotency = errors.New("the idempotency key was used for another request")
	// ErrConflict: somebody changed it meanwhile, or a name is taken.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: what is needed to keep a decision cannot be written.
	ErrUnavailable = errors.New("decisions cannot be kept at the moment")
)

// InvalidError is what is wrong with something that was sent.
type InvalidError struct{ Problems []payment.Problem }

// Error implements error; it names fields and never values.
func (e *InvalidError) Error() string {
	fields := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		fields[i] = p.Field + ": " + p.Message
	}
	return "invalid: " + strings.Join(fields, "; ")
}

// isOurs says whether an error is one that callers tell apart.
func isOurs(err error) bool {
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return true
	}
	for _, known := range []error{ErrNotFound, ErrStatus, ErrIdempotency, ErrConflict} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
