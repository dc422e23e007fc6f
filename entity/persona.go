package entity

import "wayguard/event"

// Persona is what is known of whoever made a purchase, to be held against whoever asks for the money back.
type Persona struct {
	Device, Prefix, Country, Email, Phone string
}

// fields lists the fields in the order they are packed.
func (p *Persona) fields() [5]*string {
	return [5]*string{&p.Device, &p.Prefix, &p.Country, &p.Email, &p.Phone}
}

// orderElement is bought once: whoever names somebody's order in a purchase of his own does not become its buyer.
const orderElement = "order_id"

// bears says which entities carry a purchase's persona from the purchase to the refund.
func bears(element string) bool {
	return element == orderElement || element == "customer_id"
}

// personaOf is the persona of a purchase that went through, false for any other event.
func personaOf(e *event.Event) (Persona, bool) {
	if e.Type != event.Transaction || e.Result == event.Failure || e.Result == event.Blocked {
		return Persona{}, false
	}
	return Who(e), true
}

// Who is the persona behind an event, as far as the event shows it.
func Who(e *event.Event) Persona {
	var p Persona
	for i := range e.Elements {
		el := &e.Elements[i]
		switch el.Name {
		case "device_fingerprint":
			p.Device = el.Value
		case "ip_address":
			p.Prefix = el.Parts["prefix"]
		case "country":
			p.Country = el.Value
		case "email", "billing_email":
			p.Email = el.Value
		case "phone", "billing_phone":
			p.Phone = el.Value
		}
	}
	return p
}

// Distance counts the fields known of both personas that differ; -1 when no field is known of both.
func (p Persona) Distance(q Persona) int64 {
	known, differ := 0, int64(0)
	others := q.fields()
	for i, field := range p.fields() {
		if *field == "" || *others[i] == "" {
			continue
		}
		known++
		if *field != *others[i] {
			differ++
		}
	}
	if known == 0 {
		return -1
	}
	return differ
}
