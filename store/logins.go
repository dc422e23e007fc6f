package store

import (
	"context"
	"time"

	"wayguard/access"
	"wayguard/event"
)

// CreateLogin keeps a login. ErrNotFound when its user does not exist.
func (s *SQLite) CreateLogin(ctx context.Context, l access.Login) error {
	_, err := s.exec(ctx, "create login",
		`INSERT INTO logins (token_hash, user_id, created, expires) VALUES ($1, $2, $3, $4)`,
		l.TokenHash, l.User, stamp(l.Created), stamp(l.Expires))
	return err
}

// LoginByTokenHash finds a login. Whether it has expired is for the caller, who has the clock, to say.
func (s *SQLite) LoginByTokenHash(ctx context.Context, tokenHash string) (access.Login, bool, error) {
	return find(ctx, s.reader, "read login", func(row scanner) (access.Login, error) {
		var l access.Login
		var created, expires int64
		err := row.Scan(&l.TokenHash, &l.User, &created, &expires)
		l.Created, l.Expires = unstamp(created), unstamp(expires)
		return l, err
	}, `SELECT token_hash, user_id, created, expires FROM logins WHERE token_hash = $1`, tokenHash)
}

// ExtendLogin moves a login's expiry. ErrNotFound when it has ended.
func (s *SQLite) ExtendLogin(ctx context.Context, tokenHash string, expires time.Time) error {
	return s.execOne(ctx, "extend login", `UPDATE logins SET expires = $1 WHERE token_hash = $2`, stamp(expires), tokenHash)
}

// DeleteLogin ends one login; one that has already ended is no error.
func (s *SQLite) DeleteLogin(ctx context.Context, tokenHash string) error {
	_, err := s.exec(ctx, "delete login", `DELETE FROM logins WHERE token_hash = $1`, tokenHash)
	return err
}

// DeleteLoginsOf ends all logins of a user.
func (s *SQLite) DeleteLoginsOf(ctx context.Context, user event.ID) error {
	_, err := s.exec(ctx, "delete logins", `DELETE FROM logins WHERE user_id = $1`, user)
	return err
}

// DeleteOtherLogins ends all logins of a user but the one to keep, as after a change of password.
func (s *SQLite) DeleteOtherLogins(ctx context.Context, user event.ID, keepTokenHash string) error {
	_, err := s.exec(ctx, "delete other logins", `DELETE FROM logins WHERE user_id = $1 AND token_hash <> $2`,
		user, keepTokenHash)
	return err
}

// DeleteExpiredLogins removes logins that expired at now or before, and says how many.
func (s *SQLite) DeleteExpiredLogins(ctx context.Context, now time.Time) (int64, error) {
	return s.exec(ctx, "delete expired logins", `DELETE FROM logins WHERE expires <= $1`, stamp(now))
}
