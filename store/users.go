package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"wayguard/access"
	"wayguard/event"
)

const userColumns = `id, email, name, password_hash, created, disabled`

// CreateUser keeps a new user with grants. ErrTaken when the id or the email, in any case, exists.
func (s *SQLite) CreateUser(ctx context.Context, u access.User) error {
	key, err := emailKey(u.Email)
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	return s.change(ctx, "create user", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, email_key, name, password_hash, created, disabled)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			u.ID, strings.TrimSpace(u.Email), key, u.Name, u.PasswordHash, stamp(u.Created), u.Disabled)
		if err != nil {
			return err
		}
		return insertGrants(ctx, tx, u)
	})
}

// UserByEmail finds a user by email, without regard to case.
func (s *SQLite) UserByEmail(ctx context.Context, email string) (access.User, bool, error) {
	key, err := emailKey(email)
	if err != nil {
		return access.User{}, false, nil // what nobody can be called, nobody is called
	}
	return s.user(ctx, "email_key", key)
}

// User finds a user by id.
func (s *SQLite) User(ctx context.Context, id event.ID) (access.User, bool, error) {
	return s.user(ctx, "id", string(id))
}

func (s *SQLite) user(ctx context.Context, column, value string) (access.User, bool, error) {
	u, found, err := find(ctx, s.reader, "read user", readUser,
		`SELECT `+userColumns+` FROM users WHERE `+column+` = $1`, value)
	if err != nil || !found {
		return access.User{}, false, err
	}
	grants, err := list(ctx, s.reader, "read grants", readGrant,
		`SELECT user_id, environment, role FROM grants WHERE user_id = $1`, u.ID)
	if err != nil {
		return access.User{}, false, err
	}
	for _, g := range grants {
		u.Grants[g.environment] = g.role
	}
	return u, true, nil
}

// Users lists all users by email.
func (s *SQLite) Users(ctx context.Context) ([]access.User, error) {
	users, err := list(ctx, s.reader, "read users", readUser, `SELECT `+userColumns+` FROM users ORDER BY email_key`)
	if err != nil {
		return nil, err
	}
	grants, err := list(ctx, s.reader, "read grants", readGrant, `SELECT user_id, environment, role FROM grants`)
	if err != nil {
		return nil, err
	}
	place := make(map[event.ID]int, len(users))
	for i, u := range users {
		place[u.ID] = i
	}
	for _, g := range grants {
		if i, ok := place[g.user]; ok { // a user created between the two reads has no place yet
			users[i].Grants[g.environment] = g.role
		}
	}
	return users, nil
}

// UpdateUser changes email, name, grants and whether the user is disabled; the password stays (see SetPassword). A
// disabled user's logins end in the same transaction.
func (s *SQLite) UpdateUser(ctx context.Context, u access.User) error {
	key, err := emailKey(u.Email)
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	return s.change(ctx, "update user", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE users SET email = $1, email_key = $2, name = $3, disabled = $4 WHERE id = $5`,
			strings.TrimSpace(u.Email), key, u.Name, u.Disabled, u.ID)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			return orNotFound(err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM grants WHERE user_id = $1`, u.ID); err != nil {
			return err
		}
		if u.Disabled {
			if _, err := tx.ExecContext(ctx, `DELETE FROM logins WHERE user_id = $1`, u.ID); err != nil {
				return err
			}
		}
		return insertGrants(ctx, tx, u)
	})
}

// SetPassword replaces a user's password hash.
func (s *SQLite) SetPassword(ctx context.Context, user event.ID, passwordHash string) error {
	return s.execOne(ctx, "set password", `UPDATE users SET password_hash = $1 WHERE id = $2`, passwordHash, user)
}

func insertGrants(ctx context.Context, tx *sql.Tx, u access.User) error {
	for environment, role := range u.Grants {
		_, err := tx.ExecContext(ctx, `INSERT INTO grants (user_id, environment, role) VALUES ($1, $2, $3)`,
			u.ID, environment, role)
		if err != nil {
			return err
		}
	}
	return nil
}

func readUser(row scanner) (access.User, error) {
	u := access.User{Grants: map[event.Environment]access.Role{}}
	var created int64
	err := row.Scan(&u.ID, &u.Email, &u.Name, &u.PasswordHash, &created, &u.Disabled)
	u.Created = unstamp(created)
	return u, err
}

type grant struct {
	user        event.ID
	environment event.Environment
	role        access.Role
}

func readGrant(row scanner) (grant, error) {
	var g grant
	err := row.Scan(&g.user, &g.environment, &g.role)
	return g, err
}

// emailKey is the form two equal addresses share. A whole validation is the caller's affair; this only keeps out what
// could never be typed again.
func emailKey(email string) (string, error) {
	key := strings.ToLower(strings.TrimSpace(email))
	switch {
	case key == "":
		return "", fmt.Errorf("%w: email is empty", ErrInvalid)
	case len(key) > 320:
		return "", fmt.Errorf("%w: email is longer than 320 bytes", ErrInvalid)
	case strings.ContainsAny(key, " \t\r\n\x00"):
		return "", fmt.Errorf("%w: email contains white space", ErrInvalid)
	}
	return key, nil
}

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return ErrNotFound
}
