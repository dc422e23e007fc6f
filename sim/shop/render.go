package shop

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/shop.css
var styleSheet []byte

const sessionCookie = "shop_session"

// view is what a page is made of.
type view struct {
	Title      string
	Customer   string
	Email      string
	Phone      string
	CartItems  int
	Categories []string
	Message    string
	Problem    string
	Body       any
}

func parsePages() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"money": Money}).ParseFS(pageFiles, "pages/*.html"))
}

// caller is who asks: the token presented and the visit it leads to.
type caller struct {
	token string
	visit *visit
}

func (c caller) customer() *customer {
	if c.visit == nil {
		return nil
	}
	return c.visit.customer
}

// known finds the caller by its cookie, or by its bearer token.
func (s *site) known(r *http.Request) caller {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return caller{bearer, s.visitOf(bearer)}
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return caller{}
	}
	return caller{cookie.Value, s.visitOf(cookie.Value)}
}

// welcome finds the caller, and gives a session to one who has none.
func (s *site) welcome(w http.ResponseWriter, r *http.Request) caller {
	c := s.known(r)
	if c.visit == nil {
		c.token = s.open(nil, nil)
		c.visit = s.visitOf(c.token)
		setSession(w, c.token)
	}
	return c
}

// rotate gives the caller a new session for a customer, so that a fixed one is worth nothing.
func (s *site) rotate(c caller, who *customer) string {
	token := s.open(c.visit, who)
	if c.token != "" {
		s.close(c.token)
	}
	return token
}

func setSession(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// page renders a page; a template that fails is a defect of the shop, told by a plain 500.
func (s *site) page(w http.ResponseWriter, c caller, status int, name string, v view) {
	v.Categories = s.categories()
	if c.visit != nil {
		for _, l := range s.basketOf(c.visit).Lines {
			v.CartItems += l.Quantity
		}
	}
	if who := c.customer(); who != nil {
		s.mu.Lock()
		v.Customer, v.Email, v.Phone = who.name, who.email, who.phone
		s.mu.Unlock()
	}
	var out bytes.Buffer
	for _, part := range []string{"head", name, "foot"} {
		if err := s.pages.ExecuteTemplate(&out, part, v); err != nil {
			http.Error(w, "page cannot be shown", http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a visitor who has gone is not told
}
