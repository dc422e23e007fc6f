package world

import (
	"wayguard/element"
	"wayguard/event"
)

// The sizes of what the shop and the world's banks have.
const (
	productCount    = 2000
	binCount        = 60
	ordinaryDomains = 12
)

// mailDomains are the domains of mailboxes, the ordinary ones first, and then those that live for ten minutes.
func mailDomains() []string {
	return []string{"gmail.example", "outlook.example", "yahoo.example", "icloud.example", "web.example", "gmx.example", "hotmail.example",
		"orange.example", "mail.example", "proton.example", "live.example", "example.org", "tenminutes.example", "trashbox.example", "dropmail.example"}
}

func firstNames() [16]string {
	return [16]string{"anna", "ben", "carla", "david", "elif", "finn", "greta", "hugo", "ines", "jan", "kira", "leo", "mia", "noah", "olga", "paul"}
}

func lastNames() [16]string {
	return [16]string{"adler", "baker", "costa", "demir", "evans", "fischer", "garcia", "huber", "ivanov", "jansen", "keller", "lopez", "meyer", "novak",
		"okafor", "peters"}
}

func entityOf(name string, t element.ValueType, value string, parts event.Parts) event.Element {
	return event.Element{Name: name, Kind: event.Entity, Type: string(t), Value: value, Parts: parts}
}

func attribute(name string, t element.ValueType, value string) event.Element {
	return event.Element{Name: name, Kind: event.Attribute, Type: string(t), Value: value}
}

// connectionElements are those that every event has.
func (w *World) connectionElements(v *visit, e *event.Event) {
	version := "4"
	if v.from.v6 {
		version = "6"
	}
	// By name: an asset's are not sorted any more.
	e.Elements = append(e.Elements, attribute("country", element.Country, v.from.network.Country),
		entityOf("ip_address", element.IPAddress, v.from.text, w.arena.partList(event.Part{Name: element.PartPrefix, Text: v.from.prefix},
			event.Part{Name: element.PartPrivate, Text: "false"}, event.Part{Name: element.PartVersion, Text: version})))
	if v.face.client.Language != "" {
		e.Elements = append(e.Elements, attribute("language", element.Language, v.face.client.Language[:2]))
	}
}

// mailbox writes the account's mailbox.
func (w *World) mailbox(a *account) (text string, parts event.Parts) {
	domain := w.domains[a.domain]
	begin := w.arena.begin()
	w.arena.text = append(w.arena.text, firstNames()[a.seed&15]...)
	w.arena.text = append(w.arena.text, '.')
	w.arena.text = append(w.arena.text, lastNames()[a.seed>>4&15]...)
	w.arena.addNumber(uint64(a.named))
	w.arena.text = append(append(w.arena.text, '@'), domain...)
	return w.arena.end(begin), w.domainParts(a.domain)
}

func (w *World) domainParts(domain uint8) event.Parts {
	disposable := "false"
	if domain >= ordinaryDomains {
		disposable = "true"
	}
	return w.arena.partList(event.Part{Name: element.PartDisposable, Text: disposable}, event.Part{Name: element.PartDomain, Text: w.domains[domain]},
		event.Part{Name: element.PartRegistrable, Text: w.domains[domain]})
}

// who adds the name and mailbox of the account; those of nobody where the visitor has mistyped it or has it from a list.
func (w *World) who(v *visit, e *event.Event) {
	var text string
	var parts event.Parts
	if v.stranger || v.account == 0 {
		a := account{seed: v.dice.next(), named: uint32(v.dice.below(9_000_000)) + 1_000_000, domain: uint8(w.domainShares.draw(&v.dice))}
		text, parts = w.mailbox(&a)
	} else {
		text, parts = w.mailbox(&w.accounts[v.account-1])
	}
	e.Elements = append(e.Elements, entityOf("username", element.String, text, nil), entityOf("email", element.Email, text, parts))
}

func (w *World) customer(v *visit, e *event.Event) {
	if v.loggedIn && v.account > 0 {
		e.Elements = append(e.Elements, entityOf("customer_id", element.String, w.arena.numbered("C-", uint64(v.account)), nil))
	}
}

func (w *World) phone(seed uint64, e *event.Event) {
	e.Elements = append(e.Elements, entityOf("phone", element.Phone, w.arena.numbered("+4915", 10000000+seed%89999999),
		w.arena.partList(event.Part{Name: element.PartCountry, Text: "DE"}, event.Part{Name: element.PartValid, Text: "true"})))
}

func (w *World) delivery(seed uint64, e *event.Event) {
	begin := w.arena.begin()
	w.arena.text = append(w.arena.text, lastNames()[seed&15]...)
	w.arena.text = append(w.arena.text, " street "...)
	w.arena.addNumber(seed >> 8 % 300)
	w.arena.text = append(w.arena.text, ", "...)
	w.arena.addNumber(10000 + seed>>20%80000)
	e.Elements = append(e.Elements, entityOf("shipping_address", element.Address, w.arena.end(begin),
		w.arena.partList(event.Part{Name: element.PartCountry, Text: "DE"})))
}

// card adds the card that the visitor pays with.
func (w *World) payment(v *visit, e *event.Event) {
	begin := w.arena.begin()
	w.arena.addNumber(400000 + uint64(v.bin)*137)
	six := w.arena.end(begin)
	begin = w.arena.begin()
	w.arena.addNumber(1000 + v.card%9000)
	four := w.arena.end(begin)
	e.Elements = append(e.Elements, entityOf("payment_from", element.PaymentAccount, w.arena.hash(mix(v.card, uint64(v.bin))),
		w.arena.partList(event.Part{Name: element.PartBrand, Text: "visa"}, event.Part{Name: element.PartFirstSix, Text: six},
			event.Part{Name: element.PartKind, Text: "card"}, event.Part{Name: element.PartLastFour, Text: four})),
		attribute("payment_type", element.PaymentType, "card"))
}

func (w *World) money(name string, cents uint64, e *event.Event) {
	begin := w.arena.begin()
	w.arena.addNumber(cents)
	el := attribute(name, element.Money, w.arena.end(begin))
	el.Parts = w.arena.partList(event.Part{Name: element.PartCurrency, Text: "USD"}, event.Part{Name: element.PartExponent, Text: "2"})
	e.Elements = append(e.Elements, el)
}

func (w *World) productElements(v *visit, e *event.Event) {
	sku := w.arena.numbered("SKU-", uint64(v.product))
	e.Elements = append(e.Elements, attribute("product_id", element.String, sku), attribute("product_sku", element.String, sku))
}

func (w *World) orderElement(v *visit, e *event.Event) {
	e.Elements = append(e.Elements, entityOf("order_id", element.String, w.arena.numbered("O", v.order), nil))
}
