package hub

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"wayguard/access"
	"wayguard/event"
)

// managed finds the user a change is about, and says whether the administrator has a say wherever that user belongs.
// Nobody changes themselves here, so an environment keeps an administrator.
func (h *Hub) managed(ctx context.Context, r *http.Request, who visitor) (user access.User, everywhere bool, err error) {
	user, found, err := h.deps.Users.User(ctx, event.ID(strings.ToLower(r.PathValue("id"))))
	if err != nil {
		return user, false, storeUnavailable(err)
	}
	if !found || user.Grants[who.env] == "" {
		return user, false, &problem{status: http.StatusNotFound, code: "no_such_user", message: "there is no such user in this environment"}
	}
	if user.ID == who.user.ID {
		return user, false, &problem{status: http.StatusConflict, code: "yourself", message: "you cannot do this to yourself"}
	}
	elsewhere := func(env event.Environment) bool { return !who.user.May(access.ManageUsers, env) }
	return user, !slices.ContainsFunc(environmentsOf(user), elsewhere), nil
}

// managedWholly is managed for changes that reach into every environment of the user: they are refused where the
// administrator has no say in one of them.
func (h *Hub) managedWholly(ctx context.Context, r *http.Request, who visitor) (access.User, error) {
	user, everywhere, err := h.managed(ctx, r, who)
	if err == nil && !everywhere {
		err = &problem{status: http.StatusForbidden, code: "forbidden", message: "this person also belongs to an environment you do not administer"}
	}
	return user, err
}

// disableUser ends a user's access. One who also belongs where this administrator has no say only loses the role here.
func (h *Hub) disableUser(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, everywhere, err := h.managed(ctx, r, who)
	if err != nil {
		return err
	}
	if everywhere {
		user.Disabled = true
	} else {
		user = withGrant(user, who.env, "")
	}
	if err := h.deps.Users.UpdateUser(ctx, user); err != nil {
		return storeUnavailable(err)
	}
	if everywhere {
		if err := h.deps.Logins.DeleteLoginsOf(ctx, user.ID); err != nil {
			return storeUnavailable(err)
		}
	}
	h.recordChange(ctx, who, "user.disabled", user)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// enableUser gives a disabled user the access back that the grants still name.
func (h *Hub) enableUser(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, err := h.managedWholly(ctx, r, who)
	if err != nil {
		return err
	}
	user.Disabled = false
	if err := h.deps.Users.UpdateUser(ctx, user); err != nil {
		return storeUnavailable(err)
	}
	h.recordChange(ctx, who, "user.enabled", user)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resetPassword gives a user who has forgotten theirs a new first password, and ends all their logins.
func (h *Hub) resetPassword(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, err := h.managedWholly(ctx, r, who)
	if err != nil {
		return err
	}
	password, hash, err := h.firstPassword(ctx)
	if err != nil {
		return err
	}
	if err := h.deps.Users.SetPassword(ctx, user.ID, hash); err != nil {
		return storeUnavailable(err)
	}
	if err := h.deps.Logins.DeleteLoginsOf(ctx, user.ID); err != nil {
		return storeUnavailable(err)
	}
	h.recordChange(ctx, who, "user.password_reset", user)
	h.writeJSON(w, r, http.StatusOK, createdUser{User: listed(user, who.env), Password: password})
	return nil
}

func (h *Hub) recordChange(ctx context.Context, who visitor, action string, user access.User) {
	if err := h.record(ctx, who.env, who.user.Email, action, user.Email, who.address); err != nil {
		h.logger.Error("change of a hub user not audited", "action", action, "error", err)
	}
}
