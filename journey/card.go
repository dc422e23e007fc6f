package journey

import (
	"slices"

	"wayguard/event"
)

// card is what one card is known by: kind of digits, number, fingerprint of the number, fingerprint of what is known of a masked one.
type card [4]key

// same says whether two sightings are of one card: something that names just one is equal, or its first six and last four digits are and
// nothing says otherwise.
func (c card) same(other card) bool {
	differ := false
	for i := 1; i < len(c); i++ {
		if c[i] != (key{}) && other[i] != (key{}) {
			if c[i] == other[i] {
				return true
			}
			differ = true
		}
	}
	return !differ && c[0] != (key{}) && c[0] == other[0]
}

// addCard adds a card, or what a sighting adds to one that is there.
func addCard(cards []card, c card) []card {
	if c == (card{}) {
		return cards
	}
	if at := findCard(cards, c); at >= 0 {
		for i := range c {
			if cards[at][i] == (key{}) {
				cards[at][i] = c[i]
			}
		}
		return cards
	}
	if len(cards) >= cardLimit {
		return cards
	}
	return append(cards, c)
}

// findCard is where a card stands, -1 where it does not. What names just one goes before the digits that several share.
func findCard(cards []card, c card) int {
	exact := c
	exact[0] = key{}
	if at := slices.IndexFunc(cards, exact.same); at >= 0 {
		return at
	}
	return slices.IndexFunc(cards, c.same)
}

// Card is what is known of the card of a payment; what is empty is not known.
type Card struct {
	// FirstSix and LastFour are its digits, Number its number in the form in which events have it.
	FirstSix, LastFour, Number string
	// Fingerprint is of its number, or of what is known of it where Masked.
	Fingerprint string
	Masked      bool
}

func (x *Index) card(c Card) (k card) {
	if c.FirstSix != "" && c.LastFour != "" {
		k[0] = x.key(cardPair, c.FirstSix+" "+c.LastFour)
	}
	if c.Number != "" {
		k[1] = x.key(cardNumber, c.Number)
	}
	switch {
	case c.Fingerprint == "":
	case c.Masked:
		k[3] = x.key(cardMasked, c.Fingerprint)
	default:
		k[2] = x.key(cardPrint, c.Fingerprint)
	}
	return k
}

// The parts of elements that tell cards apart; package element has them.
const (
	partKind     = "kind"
	partFirstSix = "first_six"
	partLastFour = "last_four"
	// KindMasked is the part kind of a fingerprint that was made of a masked card.
	KindMasked = "masked_pan"
)

// see notes the cards of an event. Those of a decision are one card.
func (x *Index) see(e *entry, v *event.Event) {
	if v.Type != event.Transaction && v.Type != event.PaymentDecision && v.Type != event.PaymentMethodUpdate {
		return
	}
	var decided Card
	for i := range v.Elements {
		el := &v.Elements[i]
		if el.Name != "payment_from" && el.Name != "credential_fingerprint" {
			continue
		}
		c := Card{FirstSix: el.Parts.Of(partFirstSix), LastFour: el.Parts.Of(partLastFour)}
		if el.Name == "payment_from" {
			c.Number = el.Value
		} else {
			c.Fingerprint, c.Masked = el.Value, el.Parts.Of(partKind) == KindMasked
		}
		if v.Type != event.PaymentDecision {
			if c.Number != "" || c.Fingerprint != "" {
				e.cards = addCard(e.cards, x.card(c))
			}
			continue
		}
		decided = decided.with(c)
	}
	e.cards = addCard(e.cards, x.card(decided))
}

// with is a card with what another sighting of it adds.
func (c Card) with(more Card) Card {
	if more.FirstSix != "" {
		c.FirstSix, c.LastFour = more.FirstSix, more.LastFour
	}
	if more.Number != "" {
		c.Number = more.Number
	}
	if more.Fingerprint != "" {
		c.Fingerprint, c.Masked = more.Fingerprint, more.Masked
	}
	return c
}
