package hub

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"wayguard/access"
	"wayguard/element"
	"wayguard/event"
	"wayguard/policy"
	"wayguard/search"
)

// Config is what an operator may choose.
type Config struct {
	// SecureCookies marks the cookie Secure even when the connection is not TLS: set it behind a proxy that ends TLS.
	SecureCookies bool `yaml:"secure_cookies"`
	// TrustedProxies are the prefixes whose X-Forwarded-For is believed when a login is limited or audited.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// Administrator is the email of the administrator made at first start; empty means administrator@wayguard.local.
	Administrator string `yaml:"administrator"`
}

// Warehouse answers questions about sessions. An error that has the method BadQuery() (field, message string) is the
// asker's fault.
type Warehouse interface {
	Search(ctx context.Context, q search.Query) (search.Page, error)
	Story(ctx context.Context, env event.Environment, session event.ID) (search.Story, error)
	Totals(ctx context.Context, env event.Environment, from, to time.Time) (search.Totals, error)
	// Each calls f for every session that matches, in the query's order, whatever its limit.
	Each(ctx context.Context, q search.Query, f func(search.Session) error) error
}

// Actions answers questions about what actions did. An error that has the method BadQuery() (field, message string) is the
// asker's fault.
type Actions interface {
	Effects(ctx context.Context, q search.EffectQuery) (search.Effects, error)
	Accounts(ctx context.Context, q search.AccountQuery) (search.Accounts, error)
}

// Mitigation is the operator's side of what is done with requests in one environment. What it is told must be kept when it
// returns nil.
type Mitigation interface {
	Status() MitigationStatus
	// Stop lets everything through until a time.
	Stop(ctx context.Context, until time.Time, why, who string) error
	// Go ends a stop before its time.
	Go(ctx context.Context, why, who string) error
	// Affected are those whom a policy has dealt with since a time, the latest first.
	Affected(policyName string, since time.Time) []Affected
	// Undo lets those through from now on whom the policy has dealt with since a time, and says who they are.
	Undo(ctx context.Context, policyName string, since time.Time, why, who string) ([]Affected, error)
	// Spare lets one visitor through until a time, whatever the policy. The element is the kind of account, empty in other scopes.
	Spare(ctx context.Context, visitor Visitor, until time.Time, why, who string) error
	// Unspare ends that before its time, and what an undo spared too.
	Unspare(ctx context.Context, visitor Visitor, who string) error
	// CloseBreaker closes a policy's circuit breaker at once.
	CloseBreaker(ctx context.Context, policyName, why, who string) error
}

// Visitor names one visitor in a scope.
type Visitor struct {
	Scope policy.Scope
	// Element is the kind of account in policy.ScopeAccount, such as "username"; empty in other scopes.
	Element string
	// Key is a session's, device's or person's id, or an account's value as events have it.
	Key string
}

// Users keeps the people who may log in. Looking for an absent user is no error.
type Users interface {
	CreateUser(ctx context.Context, user access.User) error
	// UserByEmail compares without regard to case.
	UserByEmail(ctx context.Context, email string) (user access.User, found bool, err error)
	User(ctx context.Context, id event.ID) (user access.User, found bool, err error)
	Users(ctx context.Context) ([]access.User, error)
	// UpdateUser stores everything but the password.
	UpdateUser(ctx context.Context, user access.User) error
	SetPassword(ctx context.Context, id event.ID, hash string) error
}

// Logins keeps the live logins by the hash of their token.
type Logins interface {
	CreateLogin(ctx context.Context, login access.Login) error
	LoginByTokenHash(ctx context.Context, hash string) (login access.Login, found bool, err error)
	// ExtendLogin moves the end of a login that is still there.
	ExtendLogin(ctx context.Context, hash string, expires time.Time) error
	DeleteLogin(ctx context.Context, hash string) error
	DeleteLoginsOf(ctx context.Context, user event.ID) error
	DeleteOtherLogins(ctx context.Context, user event.ID, keep string) error
	DeleteExpiredLogins(ctx context.Context, now time.Time) (int64, error)
}

// Audit keeps who did what.
type Audit interface {
	AppendAudit(ctx context.Context, entry access.AuditEntry) error
	// Audit returns the newest entries of the environment, newest first.
	Audit(ctx context.Context, env event.Environment, limit int) ([]access.AuditEntry, error)
}

// Deps is what the Hub is given. Every field without "may be nil" is needed.
type Deps struct {
	Warehouse Warehouse
	Users     Users
	Logins    Logins
	Audit     Audit
	// Environments are all that exist; the first is where what belongs to none is audited.
	Environments []event.Environment
	// Health tells how the parts fare.
	Health func(ctx context.Context, env event.Environment) Health
	// Elements are the catalogue's, in the order they are shown.
	Elements func(env event.Environment) []element.Definition
	// Labels names what the rules can place. May be nil.
	Labels func(env event.Environment) (labels, signatures []string)
	// Explain says why a session is rated as it is. May be nil: then nobody can.
	Explain Explainer
	// Actions says what actions did. May be nil: then nobody is told.
	Actions Actions
	// Mitigation is that of an environment; it, and what it answers, may be nil where there is none.
	Mitigation func(env event.Environment) Mitigation
	// Payments is the API of payment decisions in an environment; it, and what it answers, may be nil where there is none.
	Payments func(env event.Environment) Payments
	// SearchForm gives the canonical text of what an analyst typed for an element; it must not fail.
	SearchForm func(element, text string) string
	// NotFound says whether an error of the interfaces above means that something is absent.
	NotFound func(error) bool
	// IdleTimeout is the time without an event after which a session is over; 0 means unknown.
	IdleTimeout time.Duration
	// Version is the product's, shown in the Hub.
	Version string
	// Pages holds the built user interface; nil means the one in the binary.
	Pages fs.FS
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}
