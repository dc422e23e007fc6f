package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors callers tell apart, with errors.Is.
var (
	// ErrNotFound means that the thing to change does not exist.
	ErrNotFound = errors.New("not found")
	// ErrTaken means that something of the same name exists: an email, an id.
	ErrTaken = errors.New("already taken")
	// ErrLocked means that another process holds the database; nothing was changed, trying again may help.
	ErrLocked = errors.New("database is locked by another process")
	// ErrFull means that the disk is full; nothing was changed.
	ErrFull = errors.New("disk is full")
	// ErrCorrupt means that the file is damaged or is no database.
	ErrCorrupt = errors.New("database file is damaged or not a database")
	// ErrReadOnly means that the file or its folder cannot be written.
	ErrReadOnly = errors.New("database cannot be written")
	// ErrNewer means that a newer program has changed the schema.
	ErrNewer = errors.New("database belongs to a newer version")
	// ErrInvalid means that the value given cannot be kept.
	ErrInvalid = errors.New("invalid")
)

// translate gives the driver's errors the names above. The driver's own text stays in the chain: it names tables and
// columns, never values.
func translate(err error) error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	name := error(nil)
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		name = ErrLocked
	case sqlite3.SQLITE_FULL:
		name = ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		name = ErrCorrupt
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		name = ErrReadOnly
	case sqlite3.SQLITE_CONSTRAINT:
		switch failure.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			name = ErrTaken
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			name = ErrNotFound
		}
	}
	if name == nil || errors.Is(err, name) {
		return err
	}
	return fmt.Errorf("%w: %w", name, err)
}
