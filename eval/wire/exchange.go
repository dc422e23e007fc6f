package wire

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/world"
)

// Exchange is the request of a visitor and the shop's answer to it, as the demo's shop speaks.
func Exchange(item *world.Item) (capture.Request, capture.Response) {
	e := &item.Event
	v := &e.Evidence
	r := capture.Request{ID: e.ID, Time: e.Time, Environment: e.Environment, Method: e.HTTP.Method, Scheme: "https", Host: e.HTTP.Host, Header: header(item),
		Connection: capture.Connection{ID: v.Wire.Connection, Protocol: protocol(&v.Wire), JA4: v.Wire.JA4, HTTP2: v.Wire.HTTP2}}
	r.Peer, _ = netip.ParseAddr(v.Address) // the world writes valid ones
	r.Path, r.Query = target(e)
	if form := fields(e); r.Method == "POST" {
		kind := "application/x-www-form-urlencoded"
		r.Body.Bytes = []byte(form.Encode())
		if e.Spec == "support-form" {
			kind, r.Body.Bytes = multipart(form)
		}
		r.Header = append(r.Header, capture.Field{Name: "Content-Type", Value: kind},
			capture.Field{Name: "Content-Length", Value: strconv.Itoa(len(r.Body.Bytes))})
	}
	return r, answer(e)
}

func protocol(w *event.Wire) string {
	if w.HTTP2 == "" {
		return "HTTP/1.1"
	}
	return "HTTP/2"
}

// value is the event's element of that name, empty when there is none.
func value(e *event.Event, name string) string {
	if el := e.Find(name); el != nil {
		return el.Value
	}
	return ""
}

// target is the path and query that the step asks for. Pages that differ only in their name are told apart by their hash.
func target(e *event.Event) (path, query string) {
	own := e.Evidence.Wire.Page
	switch e.HTTP.Route {
	case "/products/{sku}", "/products/{sku}/reviews":
		return strings.Replace(e.HTTP.Route, "{sku}", value(e, "product_sku"), 1), ""
	case "/products":
		return "/products", "category=" + own[:2]
	case "/search":
		return "/search", "q=" + url.QueryEscape(value(e, "search_term"))
	case "/orders/{order}", "/orders/{order}/refund":
		order := value(e, "order_id")
		if order == "" {
			order = "none"
		}
		return strings.Replace(e.HTTP.Route, "{order}", order, 1), ""
	case "/cart/{change}":
		return "/cart/items", ""
	case "/{page...}":
		return "/" + own + ".php", ""
	case "/assets/{file}":
		return "/assets/" + own, ""
	}
	return e.HTTP.Route, ""
}

// fields are those of the step's form.
func fields(e *event.Event) url.Values {
	form := url.Values{}
	set := func(name, text string) {
		if text != "" {
			form.Set(name, text)
		}
	}
	for name, element := range map[string]string{"email": "email", "phone": "phone", "sku": "product_sku", "promo_code": "promo_code", "gift_card": "gift_card",
		"topic": "support_topic", "reason": "refund_reason", "referral_code": "referral_code"} {
		set(name, value(e, element))
	}
	switch e.Type {
	case event.AuthenticationAttempt, event.AccountCreation:
		set("password", "correct horse")
	case event.CredentialChange:
		set("new_password", "battery staple")
	case event.Transaction:
		set("account", value(e, "username"))
		set("card_number", CardNumber(e))
		set("amount", major(value(e, "transaction_amount")))
		set("currency", "USD")
		street, rest, _ := strings.Cut(value(e, "shipping_address"), ", ")
		set("street", street)
		set("postal_code", rest)
		set("country", "DE")
	case event.RefundRequest:
		set("account", value(e, "username"))
		set("refund_amount", major(value(e, "refund_amount")))
		set("currency", "USD")
	case event.PaymentMethodUpdate:
		set("card_number", CardNumber(e))
	case event.SupportRequest:
		set("message", "Where is my parcel?")
	}
	return form
}

// major writes cents as dollars.
func major(cents string) string {
	for len(cents) < 3 {
		cents = "0" + cents
	}
	return cents[:len(cents)-2] + "." + cents[len(cents)-2:]
}

// CardNumber makes a number with the card's first six and last four digits, and Luhn's check digit where the world has none.
func CardNumber(e *event.Event) string {
	el := e.Find("payment_from")
	if el == nil {
		return ""
	}
	hash, err := strconv.ParseUint(el.Value[:8], 16, 64)
	if err != nil {
		return ""
	}
	digits := []byte(el.Parts.Of("first_six") + leftPad(strconv.FormatUint(hash%1_000_000_000, 10), 9) + "0")
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	digits[len(digits)-1] = byte('0' + (10-sum%10)%10)
	return string(digits)
}

func leftPad(text string, size int) string {
	return strings.Repeat("0", max(size-len(text), 0)) + text
}

// multipart writes a form as browsers send one with files.
func multipart(form url.Values) (kind string, body []byte) {
	const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
	var b strings.Builder
	for _, name := range []string{"email", "topic", "message"} {
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + form.Get(name) + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return "multipart/form-data; boundary=" + boundary, []byte(b.String())
}

// answer is what the shop says.
func answer(e *event.Event) capture.Response {
	resp := capture.Response{Status: e.HTTP.Status, Duration: e.HTTP.Duration, Header: []capture.Field{{Name: "Content-Type", Value: "text/html; charset=utf-8"}}}
	add := func(name, text string) { resp.Header = append(resp.Header, capture.Field{Name: name, Value: text}) }
	for _, t := range e.Evidence.Tokens {
		if name, ok := strings.CutPrefix(strings.TrimPrefix(t.Name, "undeclared:"), "cookie:"); ok && t.Issued {
			add("Set-Cookie", name+"="+t.Hash+"; Path=/; HttpOnly; Secure")
		}
	}
	switch e.Type {
	case event.Transaction:
		if order := value(e, "order_id"); order != "" {
			add("Location", "/orders/"+order)
		}
		if code := value(e, "decline_code"); code != "" {
			add("X-Decline-Code", code)
		}
	case event.GiftCardCheck:
		if balance := value(e, "gift_card_balance"); balance != "" {
			add("X-Gift-Card-Balance", major(balance))
		}
	case event.RefundRequest:
		if e.Result == event.Success {
			add("X-Refund-Id", "R-"+value(e, "order_id"))
		}
	}
	return resp
}
