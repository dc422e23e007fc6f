package entity

import "wayguard/event"

// Persona is what is known of whoever made a purchase, to be held against whoever asks for the money back.
type Persona struct {
	Device, Prefix, Country, Email, Phone string
}

// personaFields is the number of fields of a Persona.
const personaFields = 5

// fields lists the fields in the order they are packed.
func (p *Persona) fields() [personaFields]string {
	return [personaFields]string{p.Device, p.Prefix, p.Country, p.Email, p.Phone}
}

func (m *Memory) hasPersona() bool {
	return len(m.packed) > 0 && m.packed[m.sections[personaSection]] == 1
}

// setPersona takes who over. Most often it is who it was.
func (m *Memory) setPersona(who *Persona) {
	m.spare = m.spare[:0]
	for _, field := range who.fields() {
		m.spare = appendText(m.spare, field)
	}
	at := m.sections[personaSection]
	m.packed[at] = 1
	m.exchange(at+1, len(m.packed)-at-1, m.spare)
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
			p.Prefix = el.Parts.Of("prefix")
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

// PersonaDistance counts the fields known both of who and of the persona remembered (for an order who paid it first, for a
// customer the last) that differ; -1 when no field is known of both or nobody is remembered.
func (m *Memory) PersonaDistance(who *Persona) int64 {
	if !m.hasPersona() {
		return -1
	}
	r := reader{bytes: m.packed, at: m.sections[personaSection] + 1}
	known, differ := 0, int64(0)
	for _, field := range who.fields() {
		remembered := r.text()
		if len(remembered) == 0 || field == "" {
			continue
		}
		known++
		if string(remembered) != field {
			differ++
		}
	}
	if known == 0 {
		return -1
	}
	return differ
}
