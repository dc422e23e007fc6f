package shop

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
)

func (s *site) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /products", s.list)
	mux.HandleFunc("GET /products/{sku}", s.show)
	mux.HandleFunc("POST /products/{sku}/reviews", s.review)
	mux.HandleFunc("GET /search", s.find)
	mux.HandleFunc("GET /app", s.app)
	mux.HandleFunc("GET /support", s.supportForm)
	mux.HandleFunc("POST /support", s.support)
	mux.HandleFunc("GET /static/shop.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(styleSheet) // a visitor who has gone is not told
	})
	mux.HandleFunc("GET /static/{picture}", picture)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.page(w, s.known(r), http.StatusNotFound, "message", view{Title: "Not found", Problem: "There is no such page."})
	})
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	s.page(w, s.welcome(w, r), http.StatusOK, "list", view{Title: "Good gear, made slowly", Body: s.products[:9]})
}

func (s *site) list(w http.ResponseWriter, r *http.Request) {
	category := r.URL.Query().Get("category")
	s.page(w, s.welcome(w, r), http.StatusOK, "list", view{Title: "All articles", Body: s.inCategory(category)})
}

func (s *site) find(w http.ResponseWriter, r *http.Request) {
	found := s.search(r.URL.Query().Get("q"))
	s.page(w, s.welcome(w, r), http.StatusOK, "list", view{Title: fmt.Sprintf("%d found", len(found)), Body: found})
}

type productView struct {
	Product
	Reviews []review
}

func (s *site) show(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	p, known := s.product(r.PathValue("sku"))
	if !known {
		s.page(w, c, http.StatusNotFound, "message", view{Title: "Not found", Problem: "There is no such article."})
		return
	}
	s.page(w, c, http.StatusOK, "product", view{Title: p.Name, Body: productView{p, s.reviewsOf(p.SKU)}})
}

func (s *site) review(w http.ResponseWriter, r *http.Request) {
	c, sku := s.welcome(w, r), r.PathValue("sku")
	if c.customer() == nil {
		http.Redirect(w, r, "/account/login", http.StatusSeeOther)
		return
	}
	rating, _ := strconv.Atoi(r.PostFormValue("rating")) // what is no number is refused as no rating
	switch err := s.addReview(sku, review{Name: s.nameOf(c.customer()), Text: r.PostFormValue("text"), Rating: rating}); {
	case errors.Is(err, errNotFound):
		s.page(w, c, http.StatusNotFound, "message", view{Title: "Not found", Problem: "There is no such article."})
	case err != nil:
		s.page(w, c, http.StatusUnprocessableEntity, "message", view{Title: "Review", Problem: err.Error()})
	default:
		http.Redirect(w, r, "/products/"+sku+"#reviews", http.StatusSeeOther)
	}
}

// app is the page of the single-page application that talks GraphQL.
func (s *site) app(w http.ResponseWriter, r *http.Request) {
	s.page(w, s.welcome(w, r), http.StatusOK, "app", view{Title: "Express"})
}

func (s *site) supportForm(w http.ResponseWriter, r *http.Request) {
	s.page(w, s.welcome(w, r), http.StatusOK, "support", view{Title: "Support"})
}

func (s *site) support(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	// The form has a file field, so it comes as multipart.
	if err := r.ParseMultipartForm(bodyLimit); err != nil || r.PostFormValue("message") == "" || r.PostFormValue("email") == "" {
		s.page(w, c, http.StatusUnprocessableEntity, "support", view{Title: "Support", Problem: errInvalid.Error()})
		return
	}
	w.Header().Set("X-Ticket", s.ticket())
	s.page(w, c, http.StatusOK, "message", view{Title: "Thank you", Message: "A person will answer you within a day."})
}

// picture draws a simple picture for a name: nothing has to be loaded from anywhere.
func picture(w http.ResponseWriter, r *http.Request) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.PathValue("picture"))) // a hash takes everything
	hue := h.Sum32() % 360
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 160"><rect width="240" height="160" fill="hsl(%d 30%% 88%%)"/>`+
		`<path d="M0 160 L%d 50 L140 120 L190 70 L240 160Z" fill="hsl(%d 28%% 46%%)"/><circle cx="%d" cy="40" r="16" fill="hsl(%d 60%% 75%%)"/></svg>`,
		hue, 50+hue%60, hue, 150+hue%60, (hue+40)%360) // a visitor who has gone is not told
}
