//go:build e2e

package payments

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"wayguard/event"
)

// The people of the load: buyers have a card, a device, an address and an account of their own; one of listedShare is somebody whose
// address or account is on the blacklist, and one of busyShare payments is of a few buyers who pay all the time.
const (
	buyers      = 50_000
	busyBuyers  = 200
	busyShare   = 50
	listedShare = 100
	listed      = 10_000
)

// traffic makes payments that differ from each other, each about 1 KB of JSON.
type traffic struct {
	random *rand.Rand
	next   int
}

func newTraffic(seed uint64) *traffic { return &traffic{random: rand.New(rand.NewPCG(seed, 6))} }

// append adds the next payment's body.
func (t *traffic) append(b []byte) []byte {
	t.next++
	r := t.random
	buyer := busyBuyers + r.IntN(buyers)
	switch n := r.IntN(10_000); {
	case n < 10_000/busyShare:
		buyer = r.IntN(busyBuyers)
	case n < 10_000/busyShare+10_000/listedShare:
		buyer = firstListed + r.IntN(listed/2)
	}
	amount, country := 500+r.IntN(20_000), [...]string{"DE", "AT", "CH", "FR", "NL", "IT", "ES", "PL"}[buyer%8]
	if r.IntN(200) == 0 {
		amount += 150_000
	}
	b = fmt.Appendf(b, `{"credential":{"type":"pan","pan":{"value":"%s","expiry_month":%d,"expiry_year":2029,"scheme":"visa","cardholder_name":"Ann Buyer"}},`, card(buyer), 1+buyer%12)
	b = fmt.Appendf(b, `"customer":{"id":"%s","email":"buyer%d@example.com","first_name":"Ann","last_name":"Buyer%d","date_of_birth":"1980-02-03"},`, customer(buyer), buyer, buyer)
	b = fmt.Appendf(b, `"transaction":{"reference":"order-%d-%d","amount":%d,"currency":"EUR"},`, buyer, t.next, amount)
	b = fmt.Appendf(b, `"device":{"ip":"%s","fingerprint":"dev-%08x%08x","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","language":"de-DE"},`, address(buyer), buyer*2654435761&0xffffffff, buyer)
	b = fmt.Appendf(b, `"billing":{"first_name":"Ann","last_name":"Buyer%d","address1":"%d High Street","city":"Springfield","postal_code":"%05d","country":"%s"},`, buyer, 1+buyer%300, buyer%100_000, country)
	b = fmt.Appendf(b, `"shipping":{"first_name":"Ann","last_name":"Buyer%d","address1":"%d High Street","city":"Springfield","postal_code":"%05d","country":"%s","method":"STANDARD"},`, buyer, 1+buyer%300, buyer%100_000, country)
	b = fmt.Appendf(b, `"items":[{"sku":"sku-%d","name":"A pair of shoes","price":%d,"quantity":1,"product_type":"physical"},{"sku":"sku-%d","name":"Socks","price":%d,"quantity":2,"product_type":"physical"}],`, amount%997, amount/2, amount%991, amount/4)
	return fmt.Appendf(b, `"metadata":{"device_known":"%t","shop":"main","campaign":"autumn-%d"}}`, buyer%3 != 0, buyer%9)
}

// firstListed is the first buyer whose account is on the blacklist; the address of half of them is as well.
const firstListed = busyBuyers + buyers

func customer(buyer int) string { return fmt.Sprintf("cus_%08d", buyer) }

// address is one of the network for benchmarks, RFC 2544, for the first buyers, and of a private one for the others.
func address(buyer int) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+buyer>>16&1, buyer>>8&255, buyer&255)
}

// card is a number of sixteen digits with the right check digit (ISO/IEC 7812-1, annex B) that no issuer gives out.
func card(buyer int) string {
	digits := []byte("411111" + fmt.Sprintf("%09d", buyer))
	sum := 0
	for i := range digits {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return string(digits) + strconv.Itoa((10-sum%10)%10)
}

// blacklisted are the entries of the blacklist: accounts, addresses, and fingerprints of cards that nobody has.
func blacklisted() []map[string]any {
	var entries []map[string]any
	for n := range listed {
		path, value := "$.customer.id", customer(firstListed+n)
		switch {
		case n%4 == 1:
			path, value = "$.device.ip", address(firstListed+n)
		case n%4 == 3:
			path, value = "$.credential_fingerprint", fmt.Sprintf("crd_%032x", n*7919)
		}
		entries = append(entries, map[string]any{"field_path": path, "value": value})
	}
	return entries
}

// hundredRules are what a shop might have: comparisons, lists, counters over the four things that are always counted with windows from
// a minute to thirty days, the blacklist, patterns, and expressions. A few of a hundred payments make one fire.
func hundredRules() []map[string]any {
	var rules []map[string]any
	add := func(kind, action string, more map[string]any) {
		rule := map[string]any{"id": fmt.Sprintf("%s-%d", kind, len(rules)), "type": "condition", "action": action, "name": "Rule " + strconv.Itoa(len(rules))}
		for name, value := range more {
			rule[name] = value
		}
		rules = append(rules, rule)
	}
	condition := func(kind, action, format string, args ...any) {
		add(kind, action, map[string]any{"condition": fmt.Sprintf(format, args...)})
	}
	add("known-bad", "BLOCK", map[string]any{"type": "blacklist", "fields": []string{"$.customer.id"}})
	add("known-bad", "BLOCK", map[string]any{"type": "blacklist", "fields": []string{"$.device.ip", "$.credential_fingerprint"}, "populate_on": []string{"fraud_report", "chargeback"}})
	paths := []string{"$.credential_fingerprint", "$.device.ip", "$.device.fingerprint", "$.customer.id"}
	for i, window := range []string{"1m", "5m", "15m", "1h", "6h", "1d", "7d", "30d"} {
		for j, path := range paths {
			switch (i + j) % 4 {
			case 2:
				condition("sum", "REVIEW", `gt(velocity_sum(%s, $.transaction.amount, %s), %d)`, path, window, 20_000_000+i)
			case 3:
				condition("distinct", "BLOCK", `gt(velocity_distinct(%s, %s, %s), %d)`, path, paths[(j+1)%4], window, 3+i)
			default:
				condition("velocity", "REVIEW", `gt(velocity(%s, %s), %d)`, path, window, 60+100*i)
			}
		}
	}
	for i := range 26 {
		condition("compare", "REVIEW", `and(gte($.transaction.amount, %d), eq($.metadata.device_known, "false"), neq($.billing.country, "X%d"))`, 100_000+2_000*i, i%10)
	}
	for i := range 14 {
		condition("list", "BLOCK", `in($.billing.country, ["X%d", "XA", "XB", "XC", "XD"])`, i)
	}
	for i := range 10 {
		add("expression", "REVIEW", map[string]any{"expression": fmt.Sprintf(`transaction.amount > %d && billing.country != shipping.country || count("$.device.ip", "1h") > %d`, 160_000+i, 1_000+i)})
	}
	for i := range 8 {
		condition("pattern", "BLOCK", `matches($.customer.email, "(?i)@throwaway%d[.]test$")`, i)
		condition("network", "REVIEW", `and(cidr($.device.ip, ["203.0.113.%d/32", "192.0.2.0/24"]), gt($.items[*].price, 50000))`, i)
	}
	return rules
}

// answered is what one decision was answered with.
type answered struct {
	id      event.ID
	outcome string
	// micros is how long the service says it took.
	micros int64
}
