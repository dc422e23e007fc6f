package traffic

import (
	"context"
	"net/http"
	"net/url"
)

// actor does the acts over one of the shop's interfaces.
type actor interface {
	do(ctx context.Context, s step)
}

// visitor is somebody on a visit.
type visitor struct {
	person Person
	wire   *wire
	// cart is the SKU in the cart, order the last one bought on this or an earlier visit.
	cart   string
	order  string
	signed bool
}

// attend makes one visit.
func (c *crowd) attend(ctx context.Context, p Person, v script) {
	d, place := p.device, p.Home
	if v.away {
		d, place = p.phone, p.Away
	}
	who := &visitor{person: p, wire: c.wire(d, place)}
	var a actor = &pages{visitor: who}
	switch {
	case p.Persona == AppUser:
		a = &app{visitor: who}
	case p.Persona == Express && !v.away:
		a = &express{pages{visitor: who}}
	}
	for _, s := range v.Steps {
		if !c.wait(ctx, s.think) {
			break
		}
		a.do(ctx, s)
	}
	account := ""
	if who.signed {
		account = p.Account.Email
	}
	c.ended(who.wire, p.Persona, account)
}

// pages is a visitor with a browser.
type pages struct{ *visitor }

func (b *pages) do(ctx context.Context, s step) {
	w := b.wire
	switch s.do {
	case lookHome:
		w.open(ctx, "/")
	case lookCategory:
		w.open(ctx, "/products?category="+url.QueryEscape(s.what))
	case lookProduct:
		w.open(ctx, "/products/"+s.what)
	case seek:
		w.open(ctx, "/search?q="+url.QueryEscape(s.what))
	case lookCart:
		w.open(ctx, "/cart")
	case mistype:
		b.enter(ctx, b.person.Account.Password+"x")
	case signIn:
		b.enter(ctx, b.person.Account.Password)
	case signUp, forgetIt, editProfile, signOut:
		b.account(ctx, s)
	case addToCart, usePromo, useGift, checkGift, pay, mistypeCard, lookOrders, askRefund:
		b.trade(ctx, s)
	default:
		b.talk(ctx, s)
	}
}

func (b *pages) enter(ctx context.Context, password string) {
	b.wire.open(ctx, "/account/login")
	a := b.wire.post(ctx, "/account/login", url.Values{"email": {b.person.Account.Email}, "password": {password}})
	b.signed = a.status == http.StatusFound
}

func (b *pages) account(ctx context.Context, s step) {
	w, account := b.wire, b.person.Account
	switch s.do {
	case signUp:
		w.open(ctx, "/account/signup")
		if !w.crowd.wait(ctx, formTime) {
			return
		}
		a := w.post(ctx, "/account/signup", url.Values{"email": {account.Email}, "name": {account.Name}, "phone": {account.Phone}, "password": {account.Password}})
		b.signed = a.status == http.StatusSeeOther
	case forgetIt:
		w.open(ctx, "/account/forgot")
		w.post(ctx, "/account/forgot", url.Values{"email": {account.Email}})
		mail := w.send(ctx, http.MethodGet, "/outbox/"+url.PathEscape(account.Email), "", nil, false)
		if token := string(mail.body); mail.status == http.StatusOK {
			w.open(ctx, "/account/reset?token="+url.QueryEscape(token))
			w.post(ctx, "/account/reset", url.Values{"token": {token}, "new_password": {account.Password}})
		}
	case editProfile:
		w.open(ctx, "/account/profile")
		w.post(ctx, "/account/profile", url.Values{"name": {account.Name}, "phone": {account.Phone}})
	case signOut:
		if b.signed {
			w.post(ctx, "/account/logout", nil)
		}
	}
}
