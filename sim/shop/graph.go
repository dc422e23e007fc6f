package shop

import (
	"context"
	"errors"
	"net/http"
	"strconv"
)

const graphSchema = `
schema { query: Query  mutation: Mutation }
type Query { products(category: String): [Product!]!  product(sku: String!): Product  me: Customer }
type Mutation {
  login(input: LoginInput!): Session!
  checkout(input: CheckoutInput!): Order!
  requestRefund(input: RefundInput!): Refund!
}
type Product { sku: String!  name: String!  category: String!  price: Float!  finalSale: Boolean! }
type Customer { id: String!  email: String!  name: String! }
type Session { token: String!  customer: Customer! }
type Order { id: String!  total: Float!  currency: String!  finalSale: Boolean! }
type Refund { id: String!  status: String! }
input LoginInput { email: String!  password: String! }
input CheckoutInput { items: [ItemInput!]!  amount: Float!  email: String!  phone: String  shipping: AddressInput!  card: CardInput!  promoCode: String }
input ItemInput { sku: String!  quantity: Int! }
input AddressInput { name: String!  street: String!  city: String!  postalCode: String!  country: String! }
input CardInput { number: String!  holder: String!  month: String!  year: String!  cvv: String! }
input RefundInput { orderId: String!  amount: Float!  reason: String! }
`

// graphCall is what a mutation tells the HTTP side: the session it made.
type graphCall struct {
	caller  caller
	session string
	who     *customer
	// address is the buyer's.
	address string
}

type graphCallKey struct{}

// graphRoot resolves the schema's roots.
type graphRoot struct{ *site }

// graphProduct is a Product in GraphQL's words.
type graphProduct struct {
	SKU, Name, Category string
	Price               float64
	FinalSale           bool
}

type graphCustomer struct{ ID, Email, Name string }

type graphSession struct {
	Token    string
	Customer graphCustomer
}

type graphOrder struct {
	ID        string
	Total     float64
	Currency  string
	FinalSale bool
}

type graphRefund struct{ ID, Status string }

func (s *site) graphQL(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Query         string         `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
	}
	if !read(w, r, &in) {
		return
	}
	call := &graphCall{caller: s.known(r), address: addressOf(r)}
	result := s.graph.Exec(context.WithValue(r.Context(), graphCallKey{}, call), in.Query, in.OperationName, in.Variables)
	if call.session != "" {
		setSession(w, call.session)
		setCustomer(w, call.who)
	}
	answer(w, http.StatusOK, result)
}

func callOf(ctx context.Context) *graphCall {
	call, _ := ctx.Value(graphCallKey{}).(*graphCall)
	return call
}

func graphProductOf(p Product) *graphProduct {
	return &graphProduct{p.SKU, p.Name, p.Category, float64(p.Price) / 100, p.FinalSale}
}

// Products resolves the query of that name.
func (g *graphRoot) Products(in struct{ Category *string }) []*graphProduct {
	category := ""
	if in.Category != nil {
		category = *in.Category
	}
	var list []*graphProduct
	for _, p := range g.inCategory(category) {
		list = append(list, graphProductOf(p))
	}
	return list
}

// Product resolves the query of that name.
func (g *graphRoot) Product(in struct{ SKU string }) *graphProduct {
	if p, known := g.product(in.SKU); known {
		return graphProductOf(p)
	}
	return nil
}

// Me resolves the query of that name: nobody, unless signed in.
func (g *graphRoot) Me(ctx context.Context) *graphCustomer {
	who := callOf(ctx).caller.customer()
	if who == nil {
		return nil
	}
	return &graphCustomer{who.id, who.email, g.nameOf(who)}
}

// Login resolves the mutation of that name; a refusal is an error in an answer with status 200.
func (g *graphRoot) Login(ctx context.Context, in struct {
	Input struct{ Email, Password string }
}) (*graphSession, error) {
	who, err := g.login(in.Input.Email, in.Input.Password)
	if err != nil {
		return nil, err
	}
	call := callOf(ctx)
	call.session, call.who = g.rotate(call.caller, who), who
	call.caller = caller{call.session, g.visitOf(call.session)}
	return &graphSession{call.session, graphCustomer{who.id, who.email, g.nameOf(who)}}, nil
}

type graphCheckout struct {
	Items []struct {
		SKU      string
		Quantity int32
	}
	Amount    float64
	Email     string
	Phone     *string
	Shipping  struct{ Name, Street, City, PostalCode, Country string }
	Card      struct{ Number, Holder, Month, Year, CVV string }
	PromoCode *string
}

// Checkout resolves the mutation of that name.
func (g *graphRoot) Checkout(ctx context.Context, in struct{ Input graphCheckout }) (*graphOrder, error) {
	call := callOf(ctx)
	if call.caller.visit == nil {
		return nil, errSignIn
	}
	for _, item := range in.Input.Items[:min(len(in.Input.Items), maxLines)] {
		if err := g.put(call.caller.visit, item.SKU, int(item.Quantity), false); err != nil {
			return nil, err
		}
	}
	p := in.Input
	bought := purchase{Email: p.Email, Name: p.Shipping.Name, Street: p.Shipping.Street, City: p.Shipping.City,
		Postal: p.Shipping.PostalCode, Nation: p.Shipping.Country, CardNumber: p.Card.Number, CardHolder: p.Card.Holder,
		ExpiryMonth: p.Card.Month, ExpiryYear: p.Card.Year, CVV: p.Card.CVV}
	o, err := g.checkout(ctx, call.caller, call.address, bought)
	var refused declined
	if errors.As(err, &refused) {
		return nil, graphRefusal{refused}
	}
	if err != nil {
		return nil, err
	}
	return &graphOrder{o.id, float64(o.total) / 100, Currency, o.finalSale}, nil
}

// graphRefusal tells the decline code as GraphQL does.
type graphRefusal struct{ declined }

// Extensions is what stands beside the error's message.
func (g graphRefusal) Extensions() map[string]any {
	return map[string]any{"code": "CARD_DECLINED", "declineCode": g.code}
}

// RequestRefund resolves the mutation of that name.
func (g *graphRoot) RequestRefund(ctx context.Context, in struct {
	Input struct {
		OrderID string
		Amount  float64
		Reason  string
	}
}) (*graphRefund, error) {
	amount, known := minor(strconv.FormatFloat(in.Input.Amount, 'f', 2, 64))
	if !known {
		return nil, errInvalid
	}
	asked, err := g.refund(callOf(ctx).caller.customer(), in.Input.OrderID, amount, in.Input.Reason)
	if err != nil {
		return nil, err
	}
	return &graphRefund{asked.id, asked.status}, nil
}
