//go:build e2e

package payments

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"wayguard/e2e"
	"wayguard/event"
)

// amounts lead to the three answers by the rules of the hunt.
const (
	allowed  = 500
	reviewed = 1500
	blocked  = 2500
)

// huntRules read free texts, so that what they saw stands in the explanations.
func huntRules(more ...map[string]any) []map[string]any {
	band := func(id, action string, from int) map[string]any {
		return map[string]any{"id": id, "type": "condition", "name": id, "action": action, "condition": map[string]any{"op": "gte", "field": "$.transaction.amount", "value": from}}
	}
	reads := func(id, field string) map[string]any {
		return map[string]any{"id": id, "type": "condition", "name": id, "action": "ALLOW", "condition": map[string]any{"op": "contains", "field": field, "value": "4"}}
	}
	rules := []map[string]any{
		{"id": "listed", "type": "blacklist", "name": "Listed", "action": "BLOCK", "fields": []string{"$.credential_fingerprint", "$.device.ip", "$.customer.id", "$.metadata.note"},
			"populate_on": []string{"chargeback", "fraud_report"}},
		reads("reads-note", "$.metadata.note"), reads("reads-name", "$.customer.first_name"), reads("reads-street", "$.billing.address1"), reads("reads-reference", "$.transaction.reference"),
		{"id": "often", "type": "condition", "name": "Often", "action": "BLOCK", "condition": "velocity($.credential_fingerprint, 3600) > 50"},
	}
	rules = append(rules, more...)
	return append(rules, band("review", "REVIEW", 1000), band("block", "BLOCK", 2000))
}

// huntMapping maps the full number, of JSON and forms.
func huntMapping() []map[string]any {
	entry := func(source, filter, target string) map[string]any {
		e := map[string]any{"source": source, "target": target}
		if filter != "" {
			e["filter"] = filter
		}
		return e
	}
	mapping := []map[string]any{{"const": "pan", "target": "credential.type"}}
	for _, root := range []string{"$.", "$.payment."} {
		mapping = append(mapping,
			entry(root+"card.number", "digits", "credential.pan.value"), entry(root+"card.holder", "", "credential.pan.cardholder_name"),
			entry(root+"card.month", "to_int", "credential.pan.expiry_month"), entry(root+"card.year", "to_int", "credential.pan.expiry_year"),
			entry(root+"amount", "", "transaction.amount"), entry(root+"amount", "to_int", "transaction.amount"),
			entry(root+"currency", "", "transaction.currency"), entry(root+"reference", "", "transaction.reference"),
			entry(root+"shopper", "", "customer.id"), entry(root+"note", "", "metadata.note"))
	}
	return append(mapping, entry("$header.x-note", "", "metadata.header"), entry("$query.note", "", "metadata.query"))
}

const echoAdapter = `{"accepts": ["pan"], "assess": {"url": "/assess", "body": {"card": "{{ $pan }}", "all": "{{ $.credential }}", "name": "{{ $.customer.first_name }}"},
	"answer": {"outcome": {"path": "$.verdict", "map": {"ok": "ALLOW"}}, "reference": "$.id"}}}`

// prepare puts rules, interceptors, backends and a webhook in force.
func (d *den) prepare(ctx context.Context) error {
	dead, err := e2e.FreeAddress()
	if err != nil {
		return err
	}
	for slug, address := range map[string]string{"echo": d.risk.URL, "dead": "http://" + dead} {
		body := map[string]any{"type": "http", "slug": slug, "name": slug, "base_url": address, "timeout_ms": 2000, "adapter": json.RawMessage(echoAdapter)}
		if err := d.admin.Payments(ctx, http.MethodPost, "admin/integrations", nil, body, nil); err != nil {
			return err
		}
	}
	hook := map[string]any{"url": d.told.URL + "/hook", "events": []string{"decision.allow", "decision.block", "decision.review", "decision.provisional"}}
	if err := d.admin.Payments(ctx, http.MethodPost, "admin/webhooks", nil, hook, nil); err != nil {
		return err
	}
	asks := map[string]any{"id": "engine", "type": "backend", "name": "Engine", "backend": "echo/default", "on_error": "review"}
	fails := map[string]any{"id": "down", "type": "backend", "name": "Engine that is down", "backend": "dead/default", "on_error": "allow"}
	for name, rules := range map[string][]map[string]any{"default": huntRules(), "cards": huntRules(asks), "down": huntRules(fails), "nowhere": huntRules()} {
		if _, err := d.rules(ctx, name, rules, nil); err != nil {
			return err
		}
	}
	template := map[string]any{"mode": "template", "body": map[string]any{"id": "{{ decision_id }}", "why": "{{ source }}", "card": "{{ masked_credential }}", "order": "{{ transaction_reference }}"}}
	for ref, destination := range map[string]string{"cards": d.destination.URL, "down": d.destination.URL, "nowhere": "http://" + dead} {
		body := map[string]any{"context": ref, "ref": ref, "destination": map[string]any{"url": destination}, "field_mapping": huntMapping(), "store_payload": true,
			"responses": map[string]any{"block": template, "review": map[string]any{"mode": "decision"}}}
		if _, err := d.intercept(ctx, body); err != nil {
			return err
		}
	}
	_, err = d.intercept(ctx, map[string]any{"context": "raw", "ref": "raw", "destination": map[string]any{"url": d.destination.URL}})
	return err
}

// scattering is one way to send a payment.
type scattering struct {
	name  string
	count int
	build func(d *den, c instrument) asking
}

// api is a call of the decision API.
func api(body any) asking {
	text, raw := body.(string)
	if !raw {
		encoded, _ := json.Marshal(body)
		text = string(encoded)
	}
	return asking{http.MethodPost, "/api/decisions?explain=true", "application/json", text, "", nil}
}

// plainPayment is what a merchant should send.
func plainPayment(c instrument, amount int) map[string]any {
	return map[string]any{
		"credential":  map[string]any{"type": "pan", "pan": map[string]any{"value": c.number, "expiry_month": 3, "expiry_year": 2031, "cardholder_name": "Ada Lovelace", "cvv": c.code}},
		"customer":    map[string]any{"id": c.customer()},
		"transaction": map[string]any{"reference": fmt.Sprintf("order-%d", c.n), "amount": amount, "currency": "EUR"},
		"device":      map[string]any{"ip": "192.0.2.7"},
		"metadata":    map[string]any{"note": "refund to " + c.iban, "cvc": c.code},
	}
}

func (c instrument) customer() string { return fmt.Sprintf("hunted-customer-%d", c.n) }

// misplaced is a payment with its numbers where none belong.
func misplaced(c instrument) map[string]any {
	p := plainPayment(c, allowed)
	p["customer"] = map[string]any{"id": c.customer(), "first_name": c.number, "last_name": c.grouped(" "), "email": c.number + "@example.com"}
	p["device"] = map[string]any{"fingerprint": c.number, "session": c.number, "user_agent": "Pay/" + c.grouped("-"), "language": "en"}
	p["billing"] = map[string]any{"address1": "card " + c.grouped(" "), "city": c.iban, "postal_code": c.number, "phone": c.number}
	p["items"] = []any{map[string]any{"name": "paid with " + c.number, "sku": c.number, "security_code": c.code}}
	p["metadata"] = map[string]any{"note": c.grouped("-"), c.number: "a name", "cvv": c.code, "account": strings.ToLower(c.iban)}
	p["extra"] = map[string]any{"card": map[string]any{"number": c.number, "cvc": c.code}, c.number: c.iban}
	p["backend_data"] = map[string]any{"echo": map[string]any{"card": c.number, "account": c.iban}}
	switch c.n % 4 {
	case 0:
		p["customer"].(map[string]any)["id"] = c.number
	case 1:
		p["transaction"].(map[string]any)["reference"] = c.number
	case 2:
		p["credential"] = map[string]any{"type": "masked_pan", "masked_pan": map[string]any{"value": c.number}, "token": c.number, "first_six": c.number}
	}
	return p
}

// wrong is a payment that is refused.
func wrong(c instrument) any {
	p := plainPayment(c, allowed)
	switch c.n % 8 {
	case 0:
		return `{"credential":{"type":"pan","pan":{"value":"` + c.number + `","cvv":"` + c.code + `"},"iban":"` + c.iban + `"` // broken off
	case 1:
		p["credential"].(map[string]any)["pan"].(map[string]any)["value"] = json.Number(c.number)
	case 2:
		p["transaction"].(map[string]any)["currency"] = c.number
	case 3:
		p["credential"].(map[string]any)["type"] = c.number
	case 4:
		p["transaction"].(map[string]any)["amount"] = c.number
	case 5:
		p["context"], p["metadata"] = c.number, c.iban
	case 6:
		return fmt.Sprintf(`{"credential":{"type":"pan","type":"%s","%s":{}},"customer":["%s"],"cvv":"%s"}`, c.number, c.number, c.iban, c.code)
	case 7:
		p["credential"] = map[string]any{"type": "sepa", "sepa": map[string]any{"iban": c.number, "account_holder_name": c.iban, "bic": c.number}}
	}
	return p
}

// acquirerBody is what a merchant sends to an acquirer, as JSON.
func acquirerBody(c instrument, amount any) string {
	body, _ := json.Marshal(map[string]any{"card": map[string]any{"number": c.number, "cvc": c.code, "holder": "Ada Lovelace", "month": "3", "year": "2031"},
		"amount": amount, "currency": "EUR", "reference": fmt.Sprintf("order-%d", c.n), "shopper": c.customer(), "note": "refund to " + c.iban, c.number: "a name", "cvv": c.code})
	return string(body)
}

func intercepted(ref, body string) asking {
	return asking{http.MethodPost, "/api/interceptors/" + ref, "application/json", body, "Bearer at-the-acquirer", nil}
}

// acquirerForm is the same as a form, acquirerXML as XML.
func acquirerForm(c instrument, amount int) string {
	return url.Values{"card[number]": {c.grouped(" ")}, "card[cvc]": {c.code}, "card[month]": {"3"}, "card[year]": {"2031"}, "amount": {fmt.Sprint(amount)}, "currency": {"EUR"},
		"reference": {fmt.Sprintf("order-%d", c.n)}, "shopper": {c.customer()}, "note": {c.iban}}.Encode()
}

func acquirerXML(c instrument, amount int) string {
	return fmt.Sprintf(`<payment><card><number>%s</number><cvc>%s</cvc><month>3</month><year>2031</year></card><amount>%d</amount><currency>EUR</currency><reference>order-%d</reference>`+
		`<shopper>%s</shopper><note>%s</note></payment>`, c.number, c.code, amount, c.n, c.customer(), c.iban)
}

// scatterings are all the ways; their counts make two hundred.
func scatterings() []scattering {
	band := func(c instrument) int { return []int{allowed, reviewed, blocked}[c.n%3] }
	return []scattering{
		{"API: ALLOW, REVIEW, BLOCK", 30, func(_ *den, c instrument) asking { return api(plainPayment(c, band(c))) }},
		{"API: account", 12, func(_ *den, c instrument) asking {
			p := plainPayment(c, band(c))
			p["credential"] = map[string]any{"type": "sepa", "sepa": map[string]any{"iban": c.iban, "account_holder_name": c.grouped(" ")}}
			return api(p)
		}},
		{"API: numbers where none belong", 20, func(_ *den, c instrument) asking { return api(misplaced(c)) }},
		{"API: invalid", 24, func(_ *den, c instrument) asking { return api(wrong(c)) }},
		{"API: oversized", 4, func(_ *den, c instrument) asking {
			p := plainPayment(c, allowed)
			p["padding"] = strings.Repeat(c.number+" "+c.iban+" ", 2500)
			return api(p)
		}},
		{"API: names of things", 8, nameOfThings},
		{"interceptor: ALLOW, REVIEW, BLOCK", 30, func(_ *den, c instrument) asking { return intercepted("cards", acquirerBody(c, band(c))) }},
		{"interceptor: form", 9, func(_ *den, c instrument) asking {
			a := intercepted("cards", acquirerForm(c, band(c)))
			a.kind = formKind
			return a
		}},
		{"interceptor: XML", 9, func(_ *den, c instrument) asking {
			a := intercepted("cards", acquirerXML(c, band(c)))
			a.kind = "application/xml"
			return a
		}},
		{"interceptor: cannot be mapped", 12, unmappable},
		{"interceptor: passed through", 4, func(_ *den, c instrument) asking {
			return intercepted("raw/cards/"+c.number+"?account="+c.iban, acquirerBody(c, allowed))
		}},
		{"interceptor: oversized", 4, func(_ *den, c instrument) asking {
			return intercepted("cards", `{"padding":"`+strings.Repeat(c.iban+" ", 4000)+`",`+acquirerBody(c, allowed)[1:])
		}},
		{"interceptor: numbers in path, query and header", 6, func(_ *den, c instrument) asking {
			a := intercepted("cards/charges/"+c.number+"?note="+c.iban+"&cvv="+c.code, acquirerBody(c, band(c)))
			a.header = map[string]string{"X-Note": c.grouped("-"), "X-Request-Id": c.number, "Traceparent": c.number}
			return a
		}},
		{"interceptor: engine down", 10, func(_ *den, c instrument) asking { return intercepted("down", acquirerBody(c, band(c))) }},
		{"interceptor: destination down", 6, func(_ *den, c instrument) asking { return intercepted("nowhere", acquirerBody(c, allowed)) }},
		{"wrong token, no such place", 6, strangers},
		{"proxy: a payment on its way", 6, func(_ *den, c instrument) asking {
			// The journey's own catalogue knows cards in texts; accounts there are no secret.
			body := strings.Replace(acquirerBody(c, band(c)), "refund to "+c.iban, "card "+c.grouped(" "), 1)
			return asking{http.MethodPost, "/pay?note=" + c.number, "application/json", body, "", map[string]string{"Cookie": "sid=visit-" + fmt.Sprint(c.n), "Referer": "https://shop.example/" + c.number}}
		}},
	}
}

// nameOfThings puts a number where something is named.
func nameOfThings(_ *den, c instrument) asking {
	a := api(plainPayment(c, allowed))
	switch c.n % 4 {
	case 0:
		a.header = map[string]string{"Idempotency-Key": c.number}
	case 1:
		a.header = map[string]string{"X-Request-Id": c.number, "User-Agent": "Pay/" + c.number, "Traceparent": c.number}
	case 2:
		p := plainPayment(c, allowed)
		p["context"] = c.number
		a = api(p)
	case 3:
		a.path += "&card=" + c.number + "&account=" + c.iban
	}
	return a
}

// unmappable lacks what a payment needs, or cannot be read.
func unmappable(_ *den, c instrument) asking {
	body := acquirerBody(c, allowed)
	a := intercepted("cards", body)
	switch c.n % 6 {
	case 0:
		a.body = body[:len(body)-2]
	case 1:
		a.body = acquirerBody(c, c.number)
	case 2:
		a.body = strings.Replace(body, `"EUR"`, `"`+c.number+`"`, 1)
	case 3:
		a.kind = "application/xml"
	case 4:
		a.kind, a.header = "text/plain", map[string]string{"Payment-Type": c.number}
	case 5:
		a.body = strings.Replace(body, `"shopper"`, `"somebody"`, 1)
	}
	return a
}

// strangers have no token that counts, or call what is not there.
func strangers(_ *den, c instrument) asking {
	a := api(plainPayment(c, allowed))
	switch c.n % 3 {
	case 0:
		a.credential = "Bearer " + c.number
	case 1:
		a = intercepted("cards", acquirerBody(c, allowed))
		a.credential = "Basic " + c.number
	case 2:
		a = intercepted(c.number+"/"+c.iban, acquirerBody(c, allowed))
	}
	return a
}

// sendAll sends every payment its way, and then what people do with numbers afterwards.
func (d *den) sendAll(ctx context.Context) error {
	next := 0
	for _, s := range scatterings() {
		for range s.count {
			a := s.build(d, d.cards[next])
			base, token := d.Decisions, d.token
			switch {
			case strings.HasPrefix(a.path, "/pay"):
				base, token = d.Proxy, ""
			case strings.HasPrefix(a.credential, "Bearer ") && a.credential != "Bearer at-the-acquirer" || strings.HasPrefix(a.credential, "Basic "):
				token = ""
			}
			request, err := a.build(ctx, base, token)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			before := len(d.ids)
			if _, err := d.send(request); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			d.made[s.name] += len(d.ids) - before
			next++
		}
	}
	d.sent = next
	return d.afterwards(ctx)
}

// pasted are what an administrator lists with a number pasted in, and the status to expect.
func pasted(c instrument) []asking {
	list := func(path string, body map[string]any) asking {
		text, _ := json.Marshal(body)
		return asking{http.MethodPost, path, "", string(text), "", nil}
	}
	return []asking{
		list("admin/blacklist", map[string]any{"field_path": "$.customer.id", "value": c.number}),
		list("admin/blacklist", map[string]any{"field_path": "$.metadata.note", "value": "card " + c.grouped(" ")}),
		list("admin/blacklist", map[string]any{"field_path": "$.credential_fingerprint", "value": c.number}),
		list("admin/lists/friends", map[string]any{"value": c.iban}),
		list("admin/lists/friends", map[string]any{"value": c.customer(), "note": "pays with " + c.number + " of " + c.iban}),
	}
}

// afterwards tells lifecycle events, resolves, lists and searches with numbers pasted in.
func (d *den) afterwards(ctx context.Context) error {
	ids := append([]event.ID(nil), d.ids...)
	for n, id := range ids {
		c := d.cards[n]
		calls := []asking{
			api(map[string]any{"type": "chargeback", "decision_id": id, "occurred_at": "2026-01-02T03:04:05Z", "data": map[string]any{"card": c.number, "cvv": c.code, "reason": "account " + c.iban, c.number: 1}}),
			api(map[string]any{"action": "reject", "reason": "card " + c.grouped(" "), "comment": "refund to " + c.iban}),
			{http.MethodGet, "/api/decisions?customer_id=" + c.number + "&reference=" + c.iban, "", "", "", nil},
			{http.MethodGet, "/api/decisions/" + c.number, "", "", "", nil},
		}
		calls[0].path, calls[1].path = "/api/events", "/api/decisions/"+string(id)+"/resolve"
		for _, a := range calls[:min(len(calls), 1+n%4)] {
			request, err := a.build(ctx, d.Decisions, d.token)
			if err != nil {
				return err
			}
			if _, err := d.send(request); err != nil {
				return err
			}
		}
	}
	for _, c := range d.cards[:20] {
		for _, a := range pasted(c) {
			if err := d.admin.Payments(ctx, a.method, a.path, nil, json.RawMessage(a.body), nil); err != nil {
				fmt.Fprintln(&d.answers, err) // refused, as most are
				d.refused++
			}
		}
	}
	return nil
}
