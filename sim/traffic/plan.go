package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"wayguard/sim/shop"
)

// Persona is what kind of visitor somebody is.
type Persona string

// The personas.
const (
	Shopper   Persona = "shopper"   // buys with a browser
	Browser   Persona = "browser"   // looks, never signs in
	AppUser   Persona = "app_user"  // buys with the mobile application
	Express   Persona = "express"   // buys on the GraphQL page
	Forgetful Persona = "forgetful" // mistypes the password, or resets it
	Newcomer  Persona = "newcomer"  // opens an account
	Returner  Persona = "returner"  // sends back what does not fit
	Regretful Persona = "regretful" // wants money back for what cannot be returned
	Stuffer   Persona = "credential_stuffer"
	Tester    Persona = "card_tester"
	Abuser    Persona = "refund_abuser"
)

// Truth is "honest", "gray" or "attack".
func (p Persona) Truth() string {
	switch p {
	case Stuffer, Tester, Abuser:
		return "attack"
	case Regretful:
		return "gray"
	}
	return "honest"
}

// Person is somebody who comes again and again.
type Person struct {
	Number  int
	Persona Persona
	Account shop.Account
	// Known says that the shop has the account already.
	Known bool
	// Home may be shared with a family or an office.
	Home, Away Place
	// Shares says how many live behind the same address.
	Shares int
	Card   string
	// First is the time until the first visit.
	First time.Duration

	device, phone device
}

// cycle is the mean time between a person's visits, shortened as all times are.
const cycle = 150 * time.Second

// randomness for a purpose: equal arguments give equal sequences.
func randomness(seed uint64, purpose string, a, b uint64) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed^h, a<<32^b)) //nolint:gosec // a simulation must be repeatable
}

// Plan draws the people. The same seed gives the same ones.
func Plan(seed uint64, people int) []Person {
	r := randomness(seed, "people", 0, 0)
	list := make([]Person, 0, people)
	for len(list) < people {
		home, share := placeIn(r, homeNetworks), household(r)
		share = min(share, people-len(list))
		office := anyOf(r, computers(languageOf(home.Country)))
		for range share {
			p := person(r, seed, len(list), home, share)
			if share > 6 && p.Persona != AppUser {
				p.device = office // one department buys one kind of machine
			}
			list = append(list, p)
		}
	}
	return list
}

// household draws how many share an address.
func household(r *rand.Rand) int {
	switch n := r.IntN(100); {
	case n < 80:
		return 1
	case n < 98:
		return 2 + r.IntN(3)
	}
	return 12
}

func person(r *rand.Rand, seed uint64, number int, home Place, share int) Person {
	language := languageOf(home.Country)
	p := Person{Number: number, Persona: personaOf(r), Account: shop.AccountAt(seed, number), Known: true, Home: home,
		Away: placeIn(r, mobileNetworks), Shares: share, Card: workingCard(r),
		First: time.Duration(r.Int64N(int64(cycle))), device: anyOf(r, computers(language)), phone: anyOf(r, phones(language))}
	// Who is away is so in the own country where there is a mobile network of it.
	for range 20 {
		if p.Away.Country == home.Country {
			break
		}
		p.Away = placeIn(r, mobileNetworks)
	}
	if p.Away.Country != home.Country {
		p.Away = home
	}
	p.Away.Street, p.Away.City, p.Away.PostalCode = home.Street, home.City, home.PostalCode
	if r.IntN(4) == 0 {
		p.device = p.phone
	}
	switch p.Persona {
	case AppUser:
		p.device = anyOf(r, apps(language, fmt.Sprintf("%016x", r.Uint64())))
		p.Home = p.Away
		if r.IntN(2) == 0 {
			p.Home = home
		}
	case Newcomer:
		p.Known = false
		p.Account.Email = fmt.Sprintf("new%d.%s", number, p.Account.Email)
	}
	return p
}

func personaOf(r *rand.Rand) Persona {
	n := r.IntN(100)
	for _, share := range []struct {
		persona Persona
		percent int
	}{{Shopper, 30}, {Browser, 16}, {AppUser, 20}, {Express, 9}, {Forgetful, 8}, {Newcomer, 6}, {Returner, 7}} {
		if n -= share.percent; n < 0 {
			return share.persona
		}
	}
	return Regretful
}

// workingCard draws a made-up card number that the shop's bank knows.
func workingCard(r *rand.Rand) string {
	for {
		if number := anyCard(r); shop.CardWorks(number) {
			return number
		}
	}
}

// anyCard draws a made-up card number with a right check digit; most do not work.
func anyCard(r *rand.Rand) string {
	prefix := []string{"411111", "400005", "510510", "555555", "222300"}[r.IntN(5)]
	body := fmt.Sprintf("%s%09d", prefix, r.IntN(1_000_000_000))
	for check := range 10 {
		if number := body + decimal(check); shop.Luhn(number) {
			return number
		}
	}
	return body + "0" // one of ten digits always fits
}
