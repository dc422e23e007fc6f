package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/store"
)

// Users is what the suite asks of users.
type Users interface {
	CreateUser(ctx context.Context, u access.User) error
	UserByEmail(ctx context.Context, email string) (access.User, bool, error)
	User(ctx context.Context, id event.ID) (access.User, bool, error)
	Users(ctx context.Context) ([]access.User, error)
	UpdateUser(ctx context.Context, u access.User) error
	SetPassword(ctx context.Context, user event.ID, passwordHash string) error
}

// Logins is what the suite asks of logins.
type Logins interface {
	CreateLogin(ctx context.Context, l access.Login) error
	LoginByTokenHash(ctx context.Context, tokenHash string) (access.Login, bool, error)
	ExtendLogin(ctx context.Context, tokenHash string, expires time.Time) error
	DeleteLogin(ctx context.Context, tokenHash string) error
	DeleteLoginsOf(ctx context.Context, user event.ID) error
	DeleteOtherLogins(ctx context.Context, user event.ID, keepTokenHash string) error
	DeleteExpiredLogins(ctx context.Context, now time.Time) (int64, error)
}

// Audit is what the suite asks of the audit.
type Audit interface {
	AppendAudit(ctx context.Context, e access.AuditEntry) error
	Audit(ctx context.Context, env event.Environment, limit int) ([]access.AuditEntry, error)
}

// Objects is what the suite asks of versioned objects.
type Objects interface {
	SaveObject(ctx context.Context, key store.Key, body []byte, note store.Note) (int64, error)
	Object(ctx context.Context, key store.Key, number int64) (store.Version, bool, error)
	Objects(ctx context.Context, env event.Environment, kind string, status store.Status) ([]store.Version, error)
	Versions(ctx context.Context, key store.Key) ([]store.Version, error)
	SetStatus(ctx context.Context, key store.Key, number int64, status store.Status, note store.Note) error
	Changes(ctx context.Context, key store.Key) ([]store.Change, error)
}

// Settings is what the suite asks of settings.
type Settings interface {
	Setting(ctx context.Context, env event.Environment, name string) (string, bool, error)
	Settings(ctx context.Context, env event.Environment) (map[string]string, error)
	SetSetting(ctx context.Context, env event.Environment, name, value string, at time.Time) error
	ClaimSetting(ctx context.Context, env event.Environment, name, value string, at time.Time) (string, error)
	DeleteSetting(ctx context.Context, env event.Environment, name string) error
}

// Outbox is what the suite asks of the outbox.
type Outbox interface {
	EnqueueDelivery(ctx context.Context, d event.Delivery) (bool, error)
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]event.Delivery, error)
	DueByAction(ctx context.Context, now time.Time, each int, except []string) ([]event.Delivery, error)
	MarkDelivered(ctx context.Context, id event.ID, at time.Time) error
	MarkFailed(ctx context.Context, id event.ID, reason string, due time.Time) error
	Postpone(ctx context.Context, id event.ID, due time.Time) error
	MarkDead(ctx context.Context, id event.ID, reason string, at time.Time) error
	DeliveryCounts(ctx context.Context, env event.Environment) (store.DeliveryCounts, error)
	DeadDeliveries(ctx context.Context, env event.Environment, limit int) ([]event.Delivery, error)
	ForgetDeliveries(ctx context.Context, before time.Time) (int64, error)
	Redeliver(ctx context.Context, env event.Environment, id event.ID, at time.Time) (bool, error)
}

// Store is a whole settings database.
type Store interface {
	Users
	Logins
	Audit
	Objects
	Settings
	Outbox
	Close() error
}

// Run runs the suite. open gives an empty database; reopen closes it and opens the same one again.
func Run(t *testing.T, open func(t *testing.T) (s Store, reopen func() Store)) {
	t.Helper()
	for name, part := range map[string]func(t *testing.T, s Store){
		"users": users, "email is unique without case": emails, "disabling ends logins": disabling, "logins": logins,
		"audit": audit, "objects": objects, "one active version": oneActive, "settings": settings,
		"claimed settings": claims, "concurrent writers": concurrent, "nothing found": nothing,
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t)
			part(t, s)
		})
	}
	for name, part := range outboxes() {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t)
			part(t, s)
		})
	}
	t.Run("reopen", func(t *testing.T) {
		s, again := open(t)
		reopening(t, s, again)
	})
}

// outboxes are the parts that every outbox passes.
func outboxes() map[string]func(t *testing.T, s Outbox) {
	return map[string]func(t *testing.T, s Outbox){
		"outbox": outbox, "outbox is idempotent": idempotent, "outbox postpones": postponing, "outbox by action": byAction, "outbox sends again": redelivering}
}

// at is a fixed moment with microseconds; minutes later than it for n > 0.
func at(n int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Minute)
}

func id(n int) event.ID { return event.DeriveID(at(n), "storetest", fmt.Sprint(n)) }

func user(n int) access.User {
	return access.User{ID: id(n), Email: fmt.Sprintf("User%d@Shop.example", n), Name: fmt.Sprintf("User %d", n),
		PasswordHash: "$argon2id$fake", Created: at(n), Grants: map[event.Environment]access.Role{
			"production": access.Analyst, "staging": access.Administrator}}
}

func delivery(n int) event.Delivery {
	return event.Delivery{ID: id(n), Environment: "production", Action: "alert", Key: fmt.Sprintf("key-%d", n),
		Body: []byte(`{"n":1}`), Due: at(n), Created: at(n)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
