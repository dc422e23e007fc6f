package warehouse

import (
	"errors"
	"fmt"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// What callers tell apart.
var (
	// ErrNotFound means that the environment has no such session.
	ErrNotFound = errors.New("no such session")
	// ErrBadQuery is what every QueryError is.
	ErrBadQuery = errors.New("bad query")
	// ErrLocked means that another process, or another Open, holds the file.
	ErrLocked = errors.New("warehouse is in use")
	// ErrCorrupt means that the file exists and cannot be read as a warehouse.
	ErrCorrupt = errors.New("warehouse file is damaged or no warehouse")
	// ErrUnavailable means that the warehouse broke down, such as on a full disk, and has not come back yet. The next
	// call tries to reopen it.
	ErrUnavailable = errors.New("warehouse is unavailable")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("warehouse is closed")
)

// QueryError is a question that cannot be asked: the asker's fault, not the warehouse's. errors.Is(err, ErrBadQuery).
type QueryError struct {
	// Field is where in the search.Query, by its JSON names, such as "filters[0].min".
	Field string
	// Message says what is wrong, without the value.
	Message string
}

// Error is the field and the message.
func (e *QueryError) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrBadQuery, e.Field, e.Message)
}

// Is makes every QueryError an ErrBadQuery.
func (e *QueryError) Is(target error) bool { return target == ErrBadQuery }

// BadQuery says where and why, for callers who may not import this package: they ask for the method with errors.As.
func (e *QueryError) BadQuery() (field, message string) { return e.Field, e.Message }

// broken says whether DuckDB has put itself out of service: nothing but reopening helps then.
func broken(err error) bool {
	if err == nil {
		return false
	}
	var failure *duckdb.Error
	if errors.As(err, &failure) && (failure.Type == duckdb.ErrorTypeFatal || failure.Type == duckdb.ErrorTypeInternal) {
		return true
	}
	// The appender and BEGIN wrap the text only.
	return strings.Contains(err.Error(), "has been invalidated") || strings.Contains(err.Error(), "FATAL Error")
}

// openError names the kinds of failure to open that an operator can do something about.
func openError(path string, err error) error {
	text := err.Error()
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(text, word) {
				return true
			}
		}
		return false
	}
	switch {
	case has("Could not set lock", "Conflicting lock"):
		return fmt.Errorf("%w: %s is open in another process, such as a DuckDB shell: %w", ErrLocked, path, err)
	case has("not a valid DuckDB", "Corrupt", "corrupt", "checksum", "Serialization Error", "INTERNAL Error",
		"Failure while replaying WAL", "exists, but it is not"):
		return fmt.Errorf("%w: %s: move it and its .wal file away and start again, the log then fills a new one: %w",
			ErrCorrupt, path, err)
	}
	return fmt.Errorf("open warehouse %s: %w", path, err)
}
