package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"unicode/utf8"

	"wayguard/access"
	"wayguard/event"
)

const (
	// firstPasswordLength is the length of the passwords made here: 20 letters and digits of base 32 are 100 random bits.
	firstPasswordLength = 20
	longestName         = 120 // characters
	// defaultAdministrator is the first administrator's email when none is configured.
	defaultAdministrator = "administrator@wayguard.local"
)

// FirstAdministrator makes an administrator, of the environment given and of all others there are, when there is no
// user at all. The password is returned this once; only its hash is kept.
func (h *Hub) FirstAdministrator(ctx context.Context, env event.Environment) (email, password string, created bool, err error) {
	users, err := h.deps.Users.Users(ctx)
	if err != nil {
		return "", "", false, fmt.Errorf("look for users: %w", err)
	}
	if len(users) > 0 {
		return "", "", false, nil
	}
	email = h.config.Administrator
	if email == "" {
		email = defaultAdministrator
	}
	user, password, err := h.newUser(ctx, email, "Administrator")
	if err != nil {
		return "", "", false, fmt.Errorf("make the first administrator: %w", err)
	}
	user.Grants = map[event.Environment]access.Role{env: access.Administrator}
	for _, other := range h.deps.Environments {
		user.Grants[other] = access.Administrator
	}
	if err := h.deps.Users.CreateUser(ctx, user); err != nil {
		return "", "", false, fmt.Errorf("create the first administrator: %w", err)
	}
	if err := h.record(ctx, env, "system", "user.created", email+" as administrator", ""); err != nil {
		h.logger.Error("first administrator not audited", "error", err)
	}
	return email, password, true, nil
}

func (h *Hub) newUser(ctx context.Context, email, name string) (user access.User, password string, err error) {
	password, hash, err := h.firstPassword(ctx)
	if err != nil {
		return user, "", err
	}
	now := h.deps.Now().UTC()
	id, err := newID(now)
	if err != nil {
		return user, "", err
	}
	return access.User{ID: id, Email: email, Name: name, PasswordHash: hash, Created: now}, password, nil
}

// firstPassword makes one that is typed once, and its hash.
func (h *Hub) firstPassword(ctx context.Context) (password, hash string, err error) {
	password = strings.ToLower(rand.Text()[:firstPasswordLength])
	hash, err = h.hasher.hash(ctx, password)
	return password, hash, err
}

func listed(user access.User, env event.Environment) listedUser {
	return listedUser{ID: user.ID, Email: user.Email, Name: user.Name, Role: user.Grants[env], Created: user.Created, Disabled: user.Disabled}
}

// users lists those with a role in the environment; what they may do elsewhere is not this administrator's affair.
func (h *Hub) users(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	all, err := h.deps.Users.Users(ctx)
	if err != nil {
		return storeUnavailable(err)
	}
	answer := usersAnswer{Users: []listedUser{}}
	for _, user := range all {
		if user.Grants[who.env] != "" {
			answer.Users = append(answer.Users, listed(user, who.env))
		}
	}
	h.writeJSON(w, r, http.StatusOK, answer)
	return nil
}

type newcomer struct {
	Environment event.Environment `json:"environment"`
	Email       string            `json:"email"`
	Name        string            `json:"name"`
	Role        access.Role       `json:"role"`
}

func (n *newcomer) check() error {
	n.Email, n.Name = strings.ToLower(strings.TrimSpace(n.Email)), strings.TrimSpace(n.Name)
	address, err := mail.ParseAddress(n.Email)
	if err != nil || address.Address != n.Email || len(n.Email) > 254 {
		return badRequest("email", "this is no email address")
	}
	if n.Name == "" || utf8.RuneCountInString(n.Name) > longestName {
		return badRequest("name", fmt.Sprintf("a name has 1 to %d characters", longestName))
	}
	if len(permissionsOf(n.Role)) == 0 {
		return badRequest("role", "the role is none of administrator, analyst, viewer")
	}
	return nil
}

// createUser makes a user, or gives one of another environment a role in this one.
func (h *Hub) createUser(w http.ResponseWriter, r *http.Request, who visitor) error {
	var n newcomer
	if err := decode(who.body, &n); err != nil {
		return err
	}
	if err := n.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, found, err := h.deps.Users.UserByEmail(ctx, n.Email)
	if err != nil {
		return storeUnavailable(err)
	}
	if found && user.Grants[who.env] != "" {
		return &problem{status: http.StatusConflict, code: "already_there", field: "email", message: "this person has a role in this environment"}
	}
	password := ""
	if found {
		user = withGrant(user, who.env, n.Role)
		err = h.deps.Users.UpdateUser(ctx, user)
	} else {
		if user, password, err = h.newUser(ctx, n.Email, n.Name); err != nil {
			return err
		}
		user = withGrant(user, who.env, n.Role)
		err = h.deps.Users.CreateUser(ctx, user)
	}
	if err != nil {
		return storeUnavailable(err)
	}
	if err := h.record(ctx, who.env, who.user.Email, "user.created", n.Email+" as "+string(n.Role), who.address); err != nil {
		h.logger.Error("new hub user not audited", "error", err)
	}
	h.writeJSON(w, r, http.StatusCreated, createdUser{User: listed(user, who.env), Password: password})
	return nil
}

// withGrant leaves the given user's own map alone: it may be somebody else's copy too.
func withGrant(user access.User, env event.Environment, role access.Role) access.User {
	grants := make(map[event.Environment]access.Role, len(user.Grants)+1)
	for name, granted := range user.Grants {
		grants[name] = granted
	}
	if role == "" {
		delete(grants, env)
	} else {
		grants[env] = role
	}
	user.Grants = grants
	return user
}
