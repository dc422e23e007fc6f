package hub

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wayguard/access"
	"wayguard/event"
)

func TestFirstAdministrator(t *testing.T) {
	b := build(t, Config{}, nil)
	email, password, created, err := b.hub.FirstAdministrator(t.Context(), sampleEnvironment)
	if err != nil || !created || email != "administrator@wayguard.local" || !regexp.MustCompile(`^[a-z2-7]{20}$`).MatchString(password) {
		t.Fatalf("%q %q %v %v", email, password, created, err)
	}
	r := b.send(t, "POST", base+"/login", "", credentialsBody(email, password))
	if r.StatusCode != http.StatusOK {
		t.Fatalf("cannot log in: %d", r.StatusCode)
	}
	me := text(t, b.send(t, "GET", base+"/me", r.Cookies()[0].Value, ""))
	if strings.Count(me, `"role":"administrator"`) != 2 || !strings.Contains(me, "users:manage") {
		t.Errorf("me: %s", me)
	}
	if _, again, created, err := b.hub.FirstAdministrator(t.Context(), sampleEnvironment); created || err != nil || again != "" {
		t.Errorf("a second first administrator: %v %v", created, err)
	}
	if strings.Contains(b.log.String(), password) {
		t.Error("the password is in the log")
	}
}

func TestUsers(t *testing.T) {
	b := build(t, Config{}, nil)
	ada := b.user(t, "ada@shop.example", administrator())
	both := b.user(t, "both@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer, "staging": access.Administrator})
	b.user(t, "elsewhere@shop.example", map[event.Environment]access.Role{"staging": access.Viewer})
	token, bothToken := b.token(t, ada), b.token(t, both)

	list := text(t, b.send(t, "GET", base+"/users?environment=production", token, ""))
	if strings.Contains(list, "elsewhere") || strings.Contains(list, "argon2") || strings.Contains(list, "staging") || strings.Count(list, `"id"`) != 2 {
		t.Errorf("list %s", list)
	}
	create := func(body string) *http.Response { return b.send(t, "POST", base+"/users", token, body) }
	for body, field := range map[string]string{
		`{"environment":"production","email":"no address","name":"N","role":"viewer"}`:         "email",
		`{"environment":"production","email":"N <n@shop.example>","name":"N","role":"viewer"}`: "email",
		`{"environment":"production","email":"n@shop.example","name":" ","role":"viewer"}`:     "name",
		`{"environment":"production","email":"n@shop.example","name":"N","role":"root"}`:       "role",
	} {
		r := create(body)
		if _, at := code(t, r); r.StatusCode != http.StatusBadRequest || at != field {
			t.Errorf("%s: %d at %q", body, r.StatusCode, at)
		}
	}
	var made createdUser
	r := create(`{"environment":"production","email":"New@shop.example","name":"New","role":"analyst"}`)
	if err := json.Unmarshal([]byte(text(t, r)), &made); err != nil || r.StatusCode != http.StatusCreated || made.User.Email != "new@shop.example" || made.User.Role != access.Analyst {
		t.Fatalf("%d %+v %v", r.StatusCode, made, err)
	}
	in := b.send(t, "POST", base+"/login", "", credentialsBody("new@shop.example", made.Password))
	if in.StatusCode != http.StatusOK {
		t.Fatalf("the new user cannot log in: %d", in.StatusCode)
	}
	if r := create(`{"environment":"production","email":"new@shop.example","name":"New","role":"viewer"}`); r.StatusCode != http.StatusConflict {
		t.Errorf("twice: %d", r.StatusCode)
	}
	r = create(`{"environment":"production","email":"elsewhere@shop.example","name":"E","role":"viewer"}`)
	if body := text(t, r); r.StatusCode != http.StatusCreated || strings.Contains(body, "password") {
		t.Errorf("one who is known elsewhere: %d %s", r.StatusCode, body)
	}

	disable := func(id event.ID) int {
		return b.send(t, "POST", base+"/users/"+string(id)+"/disable?environment=production", token, "{}").StatusCode
	}
	if got := []int{disable(ada.ID), disable("nobody"), disable(made.User.ID), disable(both.ID)}; !slices.Equal(got, []int{409, 404, 204, 204}) {
		t.Errorf("statuses %v", got)
	}
	if r := b.send(t, "GET", base+"/me", in.Cookies()[0].Value, ""); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a disabled user's login lives on: %d", r.StatusCode)
	}
	me := text(t, b.send(t, "GET", base+"/me", bothToken, ""))
	if strings.Contains(me, "production") || !strings.Contains(me, "staging") {
		t.Errorf("one who belongs elsewhere too: %s", me)
	}
}

func TestUserChanges(t *testing.T) {
	b := build(t, Config{}, nil)
	ada := b.user(t, "ada@shop.example", administrator())
	kim := b.user(t, "kim@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Analyst})
	token, kims := b.token(t, ada), b.token(t, kim)
	change := func(id event.ID, what string) *http.Response {
		return b.send(t, "POST", base+"/users/"+string(id)+"/"+what, token, `{"environment":"production"}`)
	}
	enter := func(password string) int {
		return b.send(t, "POST", base+"/login", "", credentialsBody(kim.Email, password)).StatusCode
	}
	disabled := change(kim.ID, "disable").StatusCode
	if first, enabled, second := enter(samplePassword), change(kim.ID, "enable").StatusCode, enter(samplePassword); disabled != 204 || first != 401 || enabled != 204 || second != 200 {
		t.Errorf("disabled %d and then %d, enabled %d and then %d", disabled, first, enabled, second)
	}
	var reset createdUser
	decodeInto(t, change(kim.ID, "password"), &reset)
	if old, fresh := enter(samplePassword), enter(reset.Password); old != 401 || fresh != 200 || reset.Password == samplePassword {
		t.Errorf("after the reset the old password gives %d, the new one %d", old, fresh)
	}
	for _, what := range []string{"enable", "password", "disable"} {
		if got, _ := code(t, change(ada.ID, what)); got != "yourself" {
			t.Errorf("%s oneself: %q", what, got)
		}
	}
	elsewhere := b.user(t, "elsewhere@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer, "staging": access.Viewer})
	for _, what := range []string{"enable", "password"} {
		if got, _ := code(t, change(elsewhere.ID, what)); got != "forbidden" {
			t.Errorf("%s somebody of another environment: %q", what, got)
		}
	}
	if status := b.send(t, "GET", base+"/me", kims, "").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("a login from before is good for %d", status)
	}
	want := []string{"production ada@shop.example user.disabled", "production ada@shop.example user.enabled", "production ada@shop.example user.password_reset"}
	for _, action := range want {
		if !slices.Contains(b.store.actions(), action) {
			t.Errorf("the audit lacks %s", action)
		}
	}
}
