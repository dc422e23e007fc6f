package shop

import (
	"net/http"
	"net/url"
)

func (s *site) accountRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /account/login", s.form("login", "Sign in"))
	mux.HandleFunc("POST /account/login", s.signIn)
	mux.HandleFunc("GET /account/signup", s.form("signup", "New here"))
	mux.HandleFunc("POST /account/signup", s.signUp)
	mux.HandleFunc("POST /account/logout", s.signOut)
	mux.HandleFunc("GET /account", s.private("account", "Your account"))
	mux.HandleFunc("GET /account/profile", s.private("profile", "Your profile"))
	mux.HandleFunc("POST /account/profile", s.changeProfile)
	mux.HandleFunc("GET /account/forgot", s.form("forgot", "Forgotten password"))
	mux.HandleFunc("POST /account/forgot", s.forgotten)
	mux.HandleFunc("GET /account/reset", s.form("reset", "New password"))
	mux.HandleFunc("POST /account/reset", s.newPassword)
	mux.HandleFunc("GET /outbox/{email}", s.mail)
}

func (s *site) form(name, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.page(w, s.welcome(w, r), http.StatusOK, name, view{Title: title, Body: r.URL.Query().Get("token")})
	}
}

func (s *site) private(name, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := s.welcome(w, r)
		if c.customer() == nil {
			http.Redirect(w, r, "/account/login", http.StatusSeeOther)
			return
		}
		s.page(w, c, http.StatusOK, name, view{Title: title})
	}
}

// signIn answers as many shops do: 302 and a new session cookie, or the form again with status 200.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	c := s.known(r)
	who, err := s.login(r.PostFormValue("email"), r.PostFormValue("password"))
	if err != nil {
		s.page(w, s.welcome(w, r), http.StatusOK, "login", view{Title: "Sign in", Problem: err.Error()})
		return
	}
	setSession(w, s.rotate(c, who))
	setCustomer(w, who)
	http.Redirect(w, r, "/account", http.StatusFound)
}

// setCustomer keeps the customer's public number for the shop's own statistics.
func setCustomer(w http.ResponseWriter, who *customer) {
	http.SetCookie(w, &http.Cookie{Name: "customer_ref", Value: who.id, Path: "/", SameSite: http.SameSiteLaxMode})
}

func (s *site) signUp(w http.ResponseWriter, r *http.Request) {
	c := s.known(r)
	who, err := s.signup(r.PostFormValue("email"), r.PostFormValue("name"), r.PostFormValue("phone"), r.PostFormValue("password"))
	if err != nil {
		s.page(w, s.welcome(w, r), http.StatusUnprocessableEntity, "signup", view{Title: "New here", Problem: err.Error()})
		return
	}
	setSession(w, s.rotate(c, who))
	setCustomer(w, who)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if c := s.known(r); c.visit != nil {
		s.close(c.token)
	}
	setSession(w, s.open(nil, nil))
	http.SetCookie(w, &http.Cookie{Name: "customer_ref", Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) changeProfile(w http.ResponseWriter, r *http.Request) {
	c := s.known(r)
	if c.customer() == nil {
		http.Redirect(w, r, "/account/login", http.StatusSeeOther)
		return
	}
	s.updateProfile(c.customer(), r.PostFormValue("name"), r.PostFormValue("phone"))
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (s *site) forgotten(w http.ResponseWriter, r *http.Request) {
	s.forgot(r.PostFormValue("email"))
	s.page(w, s.welcome(w, r), http.StatusOK, "message", view{Title: "Check your mail", Message: "If there is such an account, a link is on its way."})
}

func (s *site) newPassword(w http.ResponseWriter, r *http.Request) {
	who, err := s.reset(r.PostFormValue("token"), r.PostFormValue("new_password"))
	if err != nil {
		s.page(w, s.welcome(w, r), http.StatusUnprocessableEntity, "reset", view{Title: "New password", Problem: err.Error()})
		return
	}
	http.Redirect(w, r, "/account/login?email="+url.QueryEscape(who.email), http.StatusSeeOther)
}

// mail stands for the customer's mailbox, which the demo has none of.
func (s *site) mail(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	token, _ := s.outbox.find(folded(r.PathValue("email")))
	s.mu.Unlock()
	if token == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(token)) // a visitor who has gone is not told
}
