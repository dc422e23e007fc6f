package access

import (
	"time"

	"wayguard/event"
)

// Permission is one thing a user may do in an environment.
type Permission string

// The permissions.
const (
	ViewSessions Permission = "sessions:view"
	ExportData   Permission = "sessions:export"
	ViewConfig   Permission = "config:view"
	EditConfig   Permission = "config:edit"
	ManageUsers  Permission = "users:manage"
	// SpareVisitors is to let single visitors through for a while; ManageMitigation is to stop all mitigation, to let it go on,
	// and to undo what a policy did.
	SpareVisitors    Permission = "mitigation:spare"
	ManageMitigation Permission = "mitigation:manage"
	// ViewPayments is to read payment decisions and what leads to them; ReviewPayments to claim and resolve reviews and to change the
	// blacklist; ManagePayments to change rulesets, lists, interceptors, connections and who may call.
	ViewPayments   Permission = "payments:view"
	ReviewPayments Permission = "payments:review"
	ManagePayments Permission = "payments:manage"
)

// Role is a named set of permissions.
type Role string

// The built-in roles.
const (
	Administrator Role = "administrator"
	Analyst       Role = "analyst"
	Viewer        Role = "viewer"
)

// Allows says whether the role includes the permission. An unknown role allows nothing.
func (r Role) Allows(p Permission) bool {
	switch r {
	case Administrator:
		return true
	case Analyst:
		return p == ViewSessions || p == ExportData || p == ViewConfig || p == SpareVisitors || p == ViewPayments || p == ReviewPayments
	case Viewer:
		return p == ViewSessions || p == ViewPayments
	}
	return false
}

// User is a person who may log in to the Hub.
type User struct {
	ID    event.ID `json:"id"`
	Email string   `json:"email"`
	Name  string   `json:"name"`
	// PasswordHash is an argon2id hash in PHC string form; never sent to anyone.
	PasswordHash string `json:"-"`
	// Grants holds the user's role in each environment.
	Grants  map[event.Environment]Role `json:"grants"`
	Created time.Time                  `json:"created"`
	// Disabled users cannot log in, and their logins end.
	Disabled bool `json:"disabled"`
}

// May says whether the user has the permission in the environment.
func (u User) May(p Permission, env event.Environment) bool {
	return !u.Disabled && u.Grants[env].Allows(p)
}

// Login is a live Hub login. Only the hash of its token is kept.
type Login struct {
	TokenHash string
	User      event.ID
	Created   time.Time
	Expires   time.Time
}

// AuditEntry says who did what.
type AuditEntry struct {
	ID          event.ID          `json:"id"`
	Environment event.Environment `json:"environment"`
	At          time.Time         `json:"at"`
	// Actor is a user's email, or "system".
	Actor  string `json:"actor"`
	Action string `json:"action"`
	Detail string `json:"detail,omitempty"`
	// Address is where the actor came from.
	Address string `json:"address,omitempty"`
}
