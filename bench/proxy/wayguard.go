package main

import (
	"fmt"
	"strings"
)

// The load that every request of the measured Wayguard carries: as many specs, fields and rules as the goals name.
const (
	specCount = 50
	ruleCount = 50
	// busySpec is the one that the load matches, heldSpec the one whose requests are held for the engine's answer.
	busySpec = 42
	heldSpec = 43
)

// field is one value of the measured request's JSON.
type jsonField struct{ element, path, value string }

// jsonFields are the ten that a spec takes. %d is the visitor's number.
func jsonFields() []jsonField {
	return []jsonField{
		{"email", "customer.email", `"visitor%d@mail.example"`},
		{"username", "customer.login", `"visitor%d"`},
		{"phone", "customer.phone", `"+4930123%05d"`},
		{"shipping_country", "shipping.country", `"DE"`},
		{"order_id", "order.id", `"order-%d"`},
		{"product_id", "order.items[0].product", `"sku-1138"`},
		{"product_quantity", "order.items[0].quantity", `2`},
		{"promo_code", "order.promotion", `"SUMMER"`},
		{"payment_from", "payment.card", `"4111111111111111"`},
		{"search_term", "notes.search", `"green shoes"`},
	}
}

// wayguardPlan inspects everything but /files/: each request of the other scenarios matches a spec, is judged by the rules
// and becomes a record in the log.
func wayguardPlan(name, dir, binary string, origin, clear, secure, metrics int) plan {
	var text strings.Builder
	fmt.Fprintf(&text, `data: %[1]s/data-%[6]s
proxy:
  origin: {url: "http://127.0.0.1:%[2]d", idle_timeout: 1h}
  trusted_proxies: [127.0.0.1]
  listen:
    - address: 127.0.0.1:%[3]d
    - address: 127.0.0.1:%[4]d
      tls: {certificate: %[1]s/certificate.pem, key: %[1]s/key.pem}
  limits: {idle_timeout: 1h}
  # h2load can pretend to be one visitor only.
  queue: {per_visitor: 16384}
hub: {listen: "127.0.0.1:0"}
metrics: {listen: "127.0.0.1:%[5]d"}
packs: {off: [agents, api, automation, ban, firstparty, flood, giftcard, inventory, login, payment, probing, promo, refund, returning, scraping, signup, support, takeover, starter]}
sessions: {tokens: [{cookie: sid}]}
specs:
`, dir, origin, clear, secure, metrics, name)
	for i := range specCount {
		writeSpec(&text, i)
	}
	text.WriteString("rules:\n")
	for i := range ruleCount {
		writeRule(&text, i)
	}
	file := name + ".yaml"
	return plan{name: name, file: file, text: text.String(), metrics: metrics,
		command: []string{binary, "run", "--role", "engine", "--config", dir + "/" + file}}
}

func writeSpec(text *strings.Builder, i int) {
	fmt.Fprintf(text, `  - name: spec-%02[1]d
    event: Call %02[1]d
    type: checkout
    inline: %[2]t
    match: {method: [GET, POST], path: "/api/r%02[1]d/{id}"}
    take:
      order_number: {path: id}
`, i, i == heldSpec)
	for _, field := range jsonFields() {
		fmt.Fprintf(text, "      %s: {json: \"$.%s\"}\n", field.element, field.path)
	}
}

// writeRule writes one of the rules: two conditions each, none of which holds for this load.
func writeRule(text *strings.Builder, i int) {
	conditions := [...]string{
		`count("email", "events", "1h") > %d || session.count("payments") > %[1]d`,
		`session.events > %d || el.product_quantity > %[1]d`,
		`el.promo_code == "NEVER%d" || distinct("payment_from", "email", "24h") > 60`,
		`part("email", "domain") == "d%d.example" || has(el.refund_id)`,
		`session.seconds > %d && session.distinct("email") > 60`,
	}
	fmt.Fprintf(text, `  - id: measured-%02[1]d
    label: Measured %02[1]d
    severity: suspicious
    family: velocity
    points: 1
    when: '%[2]s'
    sentence: rule %[1]d held
`, i, fmt.Sprintf(conditions[i%len(conditions)], 1_000_000_000+i))
}
