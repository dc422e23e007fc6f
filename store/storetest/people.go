package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"wayguard/access"
	"wayguard/event"
	"wayguard/store"
)

func users(t *testing.T, s Store) {
	ctx, want := context.Background(), user(1)
	must(t, s.CreateUser(ctx, want))
	must(t, s.CreateUser(ctx, user(0)))
	for how, find := range map[string]func() (access.User, bool, error){
		"id":    func() (access.User, bool, error) { return s.User(ctx, want.ID) },
		"email": func() (access.User, bool, error) { return s.UserByEmail(ctx, " USER1@shop.EXAMPLE ") },
	} {
		if got, found, err := find(); err != nil || !found || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %+v, %v, %v; want %+v", how, got, found, err, want)
		}
	}
	must(t, s.SetPassword(ctx, want.ID, "$argon2id$other"))
	want.PasswordHash = "$argon2id$other"
	want.Name, want.Email = "Renamed", "new@shop.example"
	want.Grants = map[event.Environment]access.Role{"staging": access.Viewer}
	must(t, s.UpdateUser(ctx, want))
	all, err := s.Users(ctx)
	must(t, err)
	if len(all) != 2 || !reflect.DeepEqual(all[0], want) || !reflect.DeepEqual(all[1], user(0)) {
		t.Errorf("users are %+v", all)
	}
	if _, found, _ := s.UserByEmail(ctx, "user1@shop.example"); found {
		t.Error("the old email still finds the user")
	}
}

func emails(t *testing.T, s Store) {
	ctx := context.Background()
	must(t, s.CreateUser(ctx, user(1)))
	twin := user(2)
	twin.Email = strings.ToUpper(user(1).Email)
	if err := s.CreateUser(ctx, twin); !errors.Is(err, store.ErrTaken) {
		t.Errorf("an email in capitals gave %v, want ErrTaken", err)
	}
	must(t, s.CreateUser(ctx, user(2)))
	if err := s.UpdateUser(ctx, twin); !errors.Is(err, store.ErrTaken) {
		t.Errorf("taking another's email gave %v, want ErrTaken", err)
	}
	if got, _, err := s.User(ctx, twin.ID); err != nil || !reflect.DeepEqual(got, user(2)) {
		t.Errorf("a refused change left %+v, %v", got, err)
	}
	for _, bad := range []string{"", "  ", "a b@c", "a@b\x00", strings.Repeat("x", 400)} {
		u := user(3)
		u.Email = bad
		if err := s.CreateUser(ctx, u); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("email %.10q gave %v, want ErrInvalid", bad, err)
		}
	}
}

func disabling(t *testing.T, s Store) {
	ctx, u := context.Background(), user(1)
	must(t, s.CreateUser(ctx, u))
	must(t, s.CreateLogin(ctx, access.Login{TokenHash: "h", User: u.ID, Created: at(0), Expires: at(9)}))
	u.Disabled = true
	must(t, s.UpdateUser(ctx, u))
	if _, found, err := s.LoginByTokenHash(ctx, "h"); found || err != nil {
		t.Errorf("a disabled user's login is found: %v, %v", found, err)
	}
	if got, _, _ := s.User(ctx, u.ID); !got.Disabled || got.May(access.ViewSessions, "production") {
		t.Errorf("user is %+v", got)
	}
}

func logins(t *testing.T, s Store) {
	ctx := context.Background()
	must(t, s.CreateUser(ctx, user(1)))
	must(t, s.CreateUser(ctx, user(2)))
	add := func(hash string, owner, expires int) access.Login {
		l := access.Login{TokenHash: hash, User: id(owner), Created: at(0), Expires: at(expires)}
		must(t, s.CreateLogin(ctx, l))
		return l
	}
	want := add("one", 1, 10)
	for i, hash := range []string{"two", "three", "four"} {
		add(hash, 1+i%2, 20)
	}
	if got, found, err := s.LoginByTokenHash(ctx, "one"); err != nil || !found || got != want {
		t.Errorf("login is %+v, %v, %v; want %+v", got, found, err, want)
	}
	if err := s.CreateLogin(ctx, access.Login{TokenHash: "x", User: id(9), Created: at(0), Expires: at(1)}); !errors.Is(err,
		store.ErrNotFound) {
		t.Errorf("a login of nobody gave %v, want ErrNotFound", err)
	}
	must(t, s.ExtendLogin(ctx, "two", at(30)))
	if n, err := s.DeleteExpiredLogins(ctx, at(10)); err != nil || n != 1 {
		t.Errorf("%d logins expired, %v; want 1", n, err)
	}
	must(t, s.DeleteOtherLogins(ctx, id(1), "two"))
	live := func() (hashes string) {
		for _, hash := range []string{"one", "two", "three", "four"} {
			if _, found, err := s.LoginByTokenHash(ctx, hash); found && err == nil {
				hashes += hash + " "
			}
		}
		return hashes
	}
	if got := live(); got != "two three " {
		t.Errorf("live logins are %s", got)
	}
	must(t, s.DeleteLogin(ctx, "two"))
	must(t, s.DeleteLogin(ctx, "two"))
	must(t, s.DeleteLoginsOf(ctx, id(2)))
	if got := live(); got != "" {
		t.Errorf("live logins are %s", got)
	}
}

func audit(t *testing.T, s Store) {
	ctx := context.Background()
	for i := range 5 {
		must(t, s.AppendAudit(ctx, access.AuditEntry{ID: id(i), Environment: "production", At: at(i),
			Actor: "a@shop.example", Action: "login", Detail: fmt.Sprint(i), Address: "192.0.2.1"}))
	}
	must(t, s.AppendAudit(ctx, access.AuditEntry{ID: id(9), Environment: "staging", At: at(9), Actor: "system", Action: "start"}))
	got, err := s.Audit(ctx, "production", 3)
	must(t, err)
	if len(got) != 3 || got[0].Detail != "4" || got[2].Detail != "2" || !got[0].At.Equal(at(4)) || got[0].Address != "192.0.2.1" {
		t.Errorf("audit is %+v", got)
	}
	if err := s.AppendAudit(ctx, access.AuditEntry{ID: id(1), Environment: "production", At: at(1)}); !errors.Is(err,
		store.ErrTaken) {
		t.Errorf("rewriting an entry gave %v, want ErrTaken", err)
	}
	if got, err := s.Audit(ctx, "production", -1); err != nil || len(got) != 0 {
		t.Errorf("a negative limit gave %d entries, %v", len(got), err)
	}
}

func nothing(t *testing.T, s Store) {
	ctx := context.Background()
	_, user, err1 := s.User(ctx, "nobody")
	_, email, err2 := s.UserByEmail(ctx, "")
	_, login, err3 := s.LoginByTokenHash(ctx, "none")
	_, object, err4 := s.Object(ctx, store.Key{Kind: "rule", Name: "none"}, 1)
	_, setting, err5 := s.Setting(ctx, "", "none")
	if user || email || login || object || setting || errors.Join(err1, err2, err3, err4, err5) != nil {
		t.Errorf("found %v %v %v %v %v, errors %v %v %v %v %v", user, email, login, object, setting, err1, err2, err3, err4, err5)
	}
	for what, err := range map[string]error{
		"update user": s.UpdateUser(ctx, access.User{ID: "x", Email: "x@y"}), "set password": s.SetPassword(ctx, "x", "y"),
		"extend login": s.ExtendLogin(ctx, "x", at(1)),
		"set status":   s.SetStatus(ctx, store.Key{Kind: "rule", Name: "none"}, 1, store.Active, store.Note{}),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of nothing gave %v, want ErrNotFound", what, err)
		}
	}
}
