package capture_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// corpusSpecs take of every place in every way.
const corpusSpecs = `
sessions:
  tokens:
    - { cookie: sid }
    - { cookie: PHPSESSID }
    - { cookie: "*_session" }
    - { cookie: "wordpress_logged_in_*" }
    - { cookie: "SSESS*" }
    - { header: x-token }
    - { header: authorization }
specs:
  - name: order
    event: Order
    type: checkout
    inline: true
    match: { method: POST, path: "/orders/{id}" }
    take:
      username: [{ json: $.user.name, transform: [trim, lowercase] }, { json: $.username }, { json: $.user }]
      email: [{ json: $.user.email }, { json: $.email }]
      phone: [{ json: $.user.phone }, { json: "$.phones[0]" }]
      transaction_amount: { json: $.total.amount, currency: [{ json: $.total.currency }, { constant: EUR }] }
      payment_from: { json: $.card.number }
      shipping_address: { json: $.address }
      billing_address.street: { json: $.address.street }
      billing_address.city: { json: $.address.city }
      transaction_id: { path: id }
      product_id: { json: "$.items[*].sku" }
      product_name: { json: "$.items[0].name" }
      promo_code: { json: $.coupons }
      referer: { header: referer }
    take_response:
      remember_token: { cookie: sid }
      customer_id: [{ json: $.user.id }, { json: $.id }]
    outcome: &outcome
      - { result: challenged, when: { status: 2xx, json: { $.mfa_required: "true" } } }
      - { result: failure, when: { status: 2xx, json: { "$.errors[0]": "*" } } }
      - { result: failure, when: { status: 2xx, json: { $.success: "false" } } }
      - { result: challenged, when: { status: 3xx, redirect: ["*mfa*", "/otp"] } }
      - { result: success, when: { status: 3xx, cookie: "s*" } }
      - { result: success, type: transaction, event: Paid, when: { json: { $.error: "!" } } }
      - { result: success, when: { body_contains: welcome } }
      - { result: failure, when: { status: [4xx] } }
  - name: form
    event: Login
    type: authentication_attempt
    match: { method: POST, path: /form/login, header: { user-agent: "*" } }
    take:
      username: [{ form: user, transform: [trim, lowercase] }, { form: "user[login]" }]
      email: { form: email }
      password: { form: password }
      phone: { form: phone }
      payment_from: { form: card }
      product_id: { query: p, transform: "split(,)" }
      session_token: { cookie: u }
      referer: { header: referer }
    outcome: *outcome
  - name: upload
    event: Upload
    type: content_creation
    match: { method: POST, path: /upload }
    take: { username: { multipart: u }, file_name: { filename: upload }, email: { multipart: email } }
  - name: soap
    event: Soap
    type: transaction
    match: { method: POST, path: /soap }
    take: { username: { xml: //user }, transaction_amount: { xml: /order/amount, currency: { xml: /order/@currency } } }
  - name: graphql-login
    event: Login
    type: authentication_attempt
    match: { path: /graphql, graphql: [Login, login] }
    take: { username: { graphql: $u }, email: [{ graphql: email }, { json: $.variables.email }] }
  - name: item
    event: Viewed
    type: product_view
    match: { path: "/item/{id}/rest/{rest...}", query: { debug: "!" } }
    take: { product_id: { path: id }, product_name: { path: rest }, search_term: { query: q }, promo_code: { constant: NONE } }
  - name: token
    event: Pay
    type: transaction
    match: { path: "/api/v*/pay", content_type: "application/*json" }
    take:
      username: { json: "$['user']['name']" }
      email: { json: "$..email" }
      product_id: { json: "$.items[?@.qty > 1].sku" }
      transaction_amount: { json: "$.items[*].price", unit: minor, currency: { json: "$.items[*].currency" } }
      user_agent: { header: x-user }
      phone: { json: "$.phones[-1]" }
      promo_code: { json: "$.*" }
    take_response: { redirect_url: { header: location } }
    outcome: *outcome
  - name: deep
    event: Deep
    type: transaction
    match: { path: /deep }
    take:
      username: { json: $.a.b.c }
      email: { json: $.email }
      product_id: { json: $.items }
      product_name: { json: "$.items[1]" }
      transaction_amount: { json: $.total }
      order_note: { json: $ }
      ssn: { json: $.ssn }
      date_of_birth: { json: $.born }
      product_quantity: { json: "$.items[*].qty" }
      promo_code: { json: "$.coupons[*]" }
`

func (d dice) word() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	word := make([]byte, 1+d.Intn(24))
	for i := range word {
		word[i] = letters[d.Intn(len(letters))]
	}
	return string(word)
}

func (d dice) url() string {
	return d.of("https://shop.example/cart?x=1&token=abc", "https://www.google.com/", "/local/path", "android-app://com.example.my_app", "javascript:alert(1)",
		"https://shop.example/reset/0123456789abcdef0123", "https://bücher.example/caf%C3%A9", "http://[2001:db8::1]:8080/x//y/../z?b&a", "x", "")
}

// text is a value as strangers send it, of any kind.
func (d dice) text() string {
	switch d.Intn(16) {
	case 0:
		return d.word() + "@" + d.of("mail.example", "gmail.com", "Example.COM", "bücher.example", "mailinator.com", "x", "a.b.co.uk", "yahoo.de")
	case 1:
		return d.of("+1 202 555 0143", "+31612345678", "06 12345678", "00442079460000", "555", "+999", "+1 (202) 555-0100 ext. 5")
	case 2:
		return d.of("4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "4111111111111112", "**** 1111", "NL91ABNA0417164300", "tok_1A2b", "1234")
	case 3:
		return fmt.Sprint(d.Intn(100000)) + d.of("", ".5", ".50", ".999", ",00", " EUR", "e3", ".10")
	case 4:
		return d.of("true", "false", "yes", "1", "on", "null", "maybe")
	case 5:
		return d.of("123-45-6789", "078-05-1120", "2001-02-03", "1.2.1990", "12/31/1999")
	case 6:
		return d.of("Ann Lee", "  Ann   Lee ", "JOSÉ", "Ｆｕｌｌ", "straße", "İstanbul", "a\u200bb", "line\nbreak", "tab\there", "<b>&amp;</b>", "\u2028", "quote\"back\\slash", "😀", "é", "\u0000nul")
	case 7:
		return d.of("Elm Street 1", "12 Main St Apt 4", "Utrecht", "US", "USA", "Nederland", "90210", "3511 AB", "CA")
	case 8:
		return strings.Repeat(d.word(), 1+d.Intn(100))
	}
	return d.word()
}

func (d dice) form() string {
	var pairs []string
	for range d.Intn(8) {
		name := d.of("user", "email", "password", "phone", "card", "user[login]", "other", "p")
		value := url.QueryEscape(d.text())
		switch d.Intn(20) {
		case 0:
			value = "%zz"
		case 1:
			value = "%ff"
		}
		if d.chance(20) {
			name = url.QueryEscape(name)
		}
		pairs = append(pairs, name+d.of("=", "=", "=", "=", "")+value)
	}
	return strings.Join(pairs, d.of("&", "&", "&", "&&"))
}

func (d dice) query() string {
	if d.chance(50) {
		return ""
	}
	return strings.ReplaceAll(d.form(), "other", d.of("q", "p", "debug"))
}

func (d dice) multipart() string {
	var b strings.Builder
	for range d.Intn(5) {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n%s\r\n%s\r\n", d.of("u", "email", "upload", "x"),
			d.of("", "", "; filename=\"cat.png\"", "; filename*=UTF-8''c%C3%A9.png"), d.of("", "", "Content-Transfer-Encoding: base64\r\n", "Content-Type: text/plain\r\n"), d.text())
	}
	return b.String() + d.of("--b--\r\n", "--b--\r\n", "--b--\r\n", "")
}

func (d dice) xml() string {
	escape := strings.NewReplacer("<", "&lt;", "&", "&amp;", "\x00", "")
	return d.of("", `<?xml version="1.0"?>`) + fmt.Sprintf(`<order currency="%s"><user>%s</user><amount>%s</amount><x><user>%s</user></x></order>%s`,
		d.of("EUR", "USD", "?"), escape.Replace(d.text()), escape.Replace(d.text()), d.word(), d.of("", "", "", "<", " "))
}

func (d dice) graphql() string {
	query := d.of(`mutation Login($u:String){login(user:$u,email:\"a@b.example\"){id}}`, `{login(user:\"ann\"){id}}`, `query Other{me{id}}`, `broken {`, ``)
	call := fmt.Sprintf(`{"query":"%s","operationName":%s,"variables":{"u":%s,"email":"%s@mail.example"}}`, query, d.of(`"Login"`, "null"), d.quoted(), d.word())
	return d.of(call, "["+call+","+call+"]", call)
}

// json is an object as applications send it, or one that somebody has put a wrench into.
func (d dice) json() string {
	if d.chance(8) {
		return d.of("", " ", "null", "[]", "{}", "[1,2]", `"x"`, "7", "{", "[", `{"a":}`, `{"a":1,}`, "{'a':1}", "\ufeff{}", `{"a":01}`, `{"a":1}x`, `{"a":-}`, `{"a":1.}`,
			`{"a":"\ud800"}`, `{"a":"\x"}`, "{\"a\":\"\xff\"}", "{\"a\":\"\t\"}", strings.Repeat("[", 70)+strings.Repeat("]", 70), strings.Repeat(`{"a":`, 64)+"1"+strings.Repeat("}", 64))
	}
	var members []string
	for _, name := range []string{"user", "username", "email", "phones", "total", "card", "address", "items", "coupons", "a", "ssn", "born", "error", "success", "other", "esc\\u0061pe"} {
		if d.chance(60) {
			members = append(members, `"`+name+`"`+d.of(":", ": ", " :")+d.member(name))
		}
	}
	if d.chance(5) && len(members) > 0 {
		members = append(members, members[d.Intn(len(members))])
	}
	if d.chance(3) {
		members = append(members, `"\u0065mail":`+d.quoted())
	}
	text := "{" + strings.Join(members, d.of(",", ", ", ",\n  ")) + "}"
	if d.chance(20) {
		return d.of(" ", "\n", "\r\n\t") + text + d.of("", "\n", " ")
	}
	return text
}

func (d dice) member(name string) string {
	if d.chance(12) {
		return d.scalar()
	}
	switch name {
	case "user":
		return fmt.Sprintf(`{"name":%s,"email":%s,"phone":%s,"id":%s}`, d.quoted(), d.quoted(), d.quoted(), d.scalar())
	case "phones", "coupons":
		return d.list(d.quoted)
	case "total":
		return d.of(fmt.Sprintf(`{"amount":%s,"currency":%s}`, d.scalar(), d.of(`"EUR"`, `"USD"`, `"JPY"`, `"?"`, "null")), "12.50", `"1.234,50"`)
	case "card":
		return fmt.Sprintf(`{"number":%s,"cvv":"123"}`, d.of(`"4111111111111111"`, `"5500-0000-0000-0004"`, "4111111111111111", d.quoted()))
	case "address":
		return fmt.Sprintf(`{"street":%s,"city":%s,"postal_code":%s,"country":%s,"latitude":%s}`, d.quoted(), d.quoted(), d.of(`"90210"`, "90210", `"3511 AB"`), d.of(`"US"`, `"nl"`, "7"), d.number())
	case "items":
		return d.list(func() string {
			return d.of(fmt.Sprintf(`{"sku":%s,"name":%s,"qty":%s,"price":%s,"currency":"EUR"}`, d.quoted(), d.quoted(), d.number(), d.number()), d.scalar(), "[1,[2]]")
		})
	case "a":
		return d.of(`{"b":{"c":`+d.scalar()+`}}`, `{"b":[{"c":1}]}`, `{"b":{"c":{"d":1,"e":"x"}}}`, `{"b":{"c":1,"c":2}}`)
	}
	return d.quoted()
}

func (d dice) list(item func() string) string {
	n := d.Intn(4)
	if d.chance(4) {
		n = 40
	}
	items := make([]string, n)
	for i := range items {
		items[i] = item()
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (d dice) scalar() string {
	return d.of(d.quoted(), d.number(), "true", "false", "null", "{}", "[]", `{"x":1,"y":"z"}`, `["p",["q"],{"r":1}]`)
}

func (d dice) number() string {
	return d.of("0", "-0", "7", "42", "-3", "3.50", "19.990000000000002", "1e3", "1E-2", "9007199254740993", "123456789012345678901234567890", "0.1", "0.10", "1.0", "-0.0", "100.00",
		"0.30000000000000004", "5e-324", "18446744073709551615", "4111111111111111")
}

// quoted is a JSON string, with escapes as encoders and as hostile senders write them.
func (d dice) quoted() string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range d.text() {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		case d.Intn(60) == 0 && r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		case r == '/' && d.chance(20):
			b.WriteString(`\/`)
		case r == '😀' && d.chance(50):
			b.WriteString(`\ud83d\ude00`)
		default:
			b.WriteRune(r)
		}
	}
	if d.Intn(80) == 0 {
		b.WriteString(d.of(`\n`, `\t\b\f\r`, `\ud800`, `\udc00\ud800`, `\u00`, "\x01", "\xc3", "\xed\xa0\x80"))
	}
	b.WriteByte('"')
	return b.String()
}

func compressedAs(coding, text string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
		if len(text)%2 == 0 {
			w, _ = flate.NewWriter(&b, flate.DefaultCompression)
		}
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}
