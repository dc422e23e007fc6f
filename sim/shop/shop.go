package shop

import (
	"html/template"
	"net/http"
	"sync"
	"time"

	graphql "github.com/graph-gophers/graphql-go"
)

// bodyLimit bounds the body of any request.
const bodyLimit = 64 << 10

// store is the whole state of the shop; mu guards all of it.
type store struct {
	seed  uint64
	clock func() time.Time

	mu        sync.Mutex
	products  []Product
	customers *bounded[*customer] // by e-mail address
	visits    *bounded[*visit]    // by session cookie or bearer token
	orders    *bounded[*order]    // by number
	outbox    *bounded[string]    // reset token by e-mail address
	resets    *bounded[string]    // e-mail address by reset token
	gifts     map[string]int64    // balance in minor units by code
	reviews   map[string][]review // by SKU
	acquirer  Acquirer
	serial    uint64
}

// site is the shop's HTTP face.
type site struct {
	*store
	pages *template.Template
	graph *graphql.Schema
}

// New makes a shop whose customers, gift cards and numbers follow from the seed, with a bank of its own.
func New(seed uint64) http.Handler { return NewWith(seed, newBank(time.Now).charge) }

// NewWith makes a shop that asks an acquirer.
func NewWith(seed uint64, acquirer Acquirer) http.Handler {
	s := &site{store: newStore(seed, time.Now)}
	s.acquirer = acquirer
	s.pages = parsePages()
	s.graph = graphql.MustParseSchema(graphSchema, &graphRoot{s}, graphql.MaxDepth(8), graphql.MaxQueryLength(16<<10),
		graphql.UseFieldResolvers())
	mux := http.NewServeMux()
	s.pageRoutes(mux)
	s.accountRoutes(mux)
	s.orderRoutes(mux)
	s.apiRoutes(mux)
	s.liveRoutes(mux)
	return compressed(limited(mux))
}

// limited bounds the bodies of requests.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		next.ServeHTTP(w, r)
	})
}

func newStore(seed uint64, clock func() time.Time) *store {
	s := &store{
		seed: seed, clock: clock, products: Products(),
		customers: newBounded[*customer](100_000), visits: newBounded[*visit](50_000), orders: newBounded[*order](100_000),
		outbox: newBounded[string](10_000), resets: newBounded[string](10_000),
		gifts: map[string]int64{}, reviews: map[string][]review{},
	}
	for i := range SeededAccounts {
		a := AccountAt(seed, i)
		s.addCustomer(a.Email, a.Name, a.Phone, a.Password)
	}
	for i := range SeededGiftCards {
		s.gifts[GiftCardAt(seed, i)] = 2500
	}
	return s
}

// bounded is a map that forgets the oldest entry when it is full.
type bounded[V any] struct {
	limit   int
	entries map[string]V
	order   []string
}

func newBounded[V any](limit int) *bounded[V] {
	return &bounded[V]{limit: limit, entries: map[string]V{}}
}

func (b *bounded[V]) find(key string) (V, bool) {
	v, ok := b.entries[key]
	return v, ok
}

func (b *bounded[V]) put(key string, value V) {
	if _, known := b.entries[key]; !known {
		if len(b.order) >= b.limit {
			delete(b.entries, b.order[0])
			b.order = b.order[1:]
		}
		b.order = append(b.order, key)
	}
	b.entries[key] = value
}

// blank empties an entry; its place is forgotten with age.
func (b *bounded[V]) blank(key string) {
	if _, known := b.entries[key]; known {
		var none V
		b.entries[key] = none
	}
}
