package access_test

import (
	"testing"

	"wayguard/access"
	"wayguard/event"
)

func TestRoles(t *testing.T) {
	all := []access.Permission{access.ViewSessions, access.ExportData, access.ViewConfig, access.EditConfig, access.ManageUsers,
		access.SpareVisitors, access.ManageMitigation, access.ViewPayments, access.ReviewPayments, access.ManagePayments}
	for role, allowed := range map[access.Role]int{access.Administrator: 10, access.Analyst: 6, access.Viewer: 2, "nobody": 0, "": 0} {
		got := 0
		for _, p := range all {
			if role.Allows(p) {
				got++
			}
		}
		if got != allowed {
			t.Errorf("%q is allowed %d things, want %d", role, got, allowed)
		}
	}
}

func TestMayIsPerEnvironment(t *testing.T) {
	u := access.User{Grants: map[event.Environment]access.Role{"production": access.Viewer, "staging": access.Administrator}}
	for _, c := range []struct {
		p    access.Permission
		env  event.Environment
		want bool
	}{
		{access.ViewSessions, "production", true}, {access.ManageUsers, "production", false},
		{access.ManageUsers, "staging", true}, {access.ViewSessions, "elsewhere", false},
	} {
		if got := u.May(c.p, c.env); got != c.want {
			t.Errorf("%s in %s: %v", c.p, c.env, got)
		}
	}
	u.Disabled = true
	if u.May(access.ViewSessions, "staging") {
		t.Error("a disabled user may still look")
	}
}
