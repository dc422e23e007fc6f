package site_test

import (
	"fmt"
	"strings"
	"testing"

	"wayguard/http1"
	"wayguard/site"
)

const workers = `
sites:
  - name: shop
    hosts: [www.client.com, "*.client.org", 192.0.2.7]
    appended_domains: [Spec-Domain.com., old.spec-domain.com]
    customer_key: {keys: ["${KEY}", "${NEXT}"]}
    health: {path: /example/healthz}
  - name: other
    hosts: other.client.net
    appended_domains: edge.example.net
    customer_key: {keys: "${NEXT}", header: X-Edge-Key, required: always, refusal: {status: 404, text: "not found\n"}}
    forward_origin: {header: X-Edge-Forward}
    handled: {header: X-Edge-Seen, value: "yes"}
    mode: mirror
    mirror: {cache_control: "no-store, private, max-age=0, no-cache", surrogate_control: max-age=0}
  - {name: open, hosts: open.client.net, appended_domains: edge.example.net, customer_key: {required: never}}
  - {name: any, origin: rest}
`

const right = "X-Spec-Customer-Authorization: " + goodKey

// An appended domain is taken away once, and what is left must be a host of the site that has this domain.
func TestHostsAreRebuilt(t *testing.T) {
	set := compile(t, workers)
	for _, c := range []struct {
		host, rebuilt string
		status        int
	}{
		{"www.client.com.spec-domain.com", "www.client.com", 0},
		{"WWW.Client.com.Spec-Domain.com.:8443", "www.client.com", 0},
		{"www.client.com.old.spec-domain.com", "www.client.com", 0},
		{"a.b.client.org.spec-domain.com", "a.b.client.org", 0},
		{"192.0.2.7.spec-domain.com", "192.0.2.7", 0},
		{"spec-domain.com", "", 421},
		{"old.spec-domain.com", "", 421},
		{".spec-domain.com", "", 400},
		{"..spec-domain.com", "", 400},
		{"www.client.com..spec-domain.com", "", 400},
		{"-.spec-domain.com", "", 400},
		{"a b.spec-domain.com", "", 400},
		{"user@www.client.com.spec-domain.com", "", 400},
		{"www.client.com%00.spec-domain.com", "", 400},
		{"www.client.com/.spec-domain.com", "", 400},
		{"www.client.com:80.spec-domain.com", "", 400},
		{"[::1].spec-domain.com", "", 400},
		{strings.Repeat("a", 64) + ".client.org.spec-domain.com", "", 400},
		{"www.client.com.spec-domain.com.spec-domain.com", "", 421},
		{"www.client.com.spec-domain.com.old.spec-domain.com", "", 421},
		{"www.client.com.old.spec-domain.com.spec-domain.com", "", 421},
		{"spec-domain.com.spec-domain.com", "", 421},
		{"www.client.com.edge.example.net", "", 421},
		{"other.client.net.spec-domain.com", "", 421},
		{"evil.com.spec-domain.com", "", 421},
		{"127.0.0.1.spec-domain.com", "", 421},
		{"169.254.169.254.spec-domain.com", "", 421},
		{"0x7f000001.spec-domain.com", "", 421},
		{"localhost.spec-domain.com", "", 421},
		{"client.org.spec-domain.com", "", 421},
	} {
		d := set.Decide(request("GET", c.host, "/", right))
		if status(&d) != c.status {
			t.Errorf("%q: status %d, want %d", c.host, status(&d), c.status)
			continue
		}
		if c.status != 0 {
			if d.Inspect || d.Worker || d.Answer.Body != nil || len(d.AddResponse) > 0 || !dropped(&d, "x-spec-customer-authorization") {
				t.Errorf("%q is refused with %+v", c.host, d)
			}
			continue
		}
		if d.Host != c.rebuilt || d.UpstreamHost != c.rebuilt || d.Site != "shop" || !d.Worker || !d.ForwardedFor {
			t.Errorf("%q: %+v", c.host, d)
		}
	}
}

func TestCustomerKeys(t *testing.T) {
	set := compile(t, workers)
	const appended, plain = "www.client.com.spec-domain.com", "www.client.com"
	for _, c := range []struct {
		name, host      string
		header          []string
		status          int
		worker, spoofed bool
	}{
		{"right", appended, []string{right}, 0, true, false},
		{"right, in capitals", appended, []string{strings.ToUpper(right[:30]) + right[30:]}, 0, true, false},
		{"the next one", appended, []string{"x-spec-customer-authorization: " + otherKey}, 0, true, false},
		{"none", appended, nil, 403, false, false},
		{"wrong", appended, []string{"x-spec-customer-authorization: wrong"}, 403, false, true},
		{"empty", appended, []string{"x-spec-customer-authorization: "}, 403, false, true},
		{"a part", appended, []string{right[:len(right)-1]}, 403, false, true},
		{"more", appended, []string{right + "0"}, 403, false, true},
		{"huge", appended, []string{right + strings.Repeat("0", 60000)}, 403, false, true},
		{"two lines", appended, []string{right, right}, 403, false, true},
		{"underscores", appended, []string{strings.Replace(right, "X-Spec-", "X_Spec_", 1)}, 403, false, true},
		{"another site's", appended, []string{"X-Edge-Key: " + otherKey}, 403, false, false},
		{"plain host, none", plain, nil, 0, false, false},
		{"plain host, right", plain, []string{right}, 0, true, false},
		{"plain host, wrong", plain, []string{"x-spec-customer-authorization: wrong"}, 0, false, true},
		{"plain host, forged marker", plain, []string{"x-atvak-activity-count: 7"}, 0, false, true},
		{"plain host, forged wish", plain, []string{"x-spec-forward-origin: false"}, 0, false, true},
		{"always required", "other.client.net", nil, 404, false, false},
		{"never required", "open.client.net.edge.example.net", nil, 0, false, false},
		{"never required, some key", "open.client.net.edge.example.net", []string{right}, 0, false, true},
	} {
		d := set.Decide(request("GET", c.host, "/", c.header...))
		if status(&d) != c.status || d.Worker != c.worker || d.Spoofed != c.spoofed || d.ForwardedFor != c.worker {
			t.Errorf("%s: status %d, worker %t, spoofed %t, believed %t", c.name, status(&d), d.Worker, d.Spoofed, d.ForwardedFor)
		}
		if (len(d.AddResponse) > 0) != c.worker {
			t.Errorf("%s: adds %v", c.name, d.AddResponse)
		}
		if c.status != 0 && (d.Inspect || d.Reason != site.ReasonCustomerKey) {
			t.Errorf("%s: inspect %t, reason %q", c.name, d.Inspect, d.Reason)
		}
	}
}

// Whoever sends them, control headers end here: also in the spelling that CGI cannot tell from theirs.
func TestControlHeadersAreNeverPassedOn(t *testing.T) {
	set := compile(t, workers)
	for _, host := range []string{"www.client.com", "www.client.com.spec-domain.com"} {
		for _, header := range [][]string{nil, {right}} {
			d := set.Decide(request("GET", host, "/", header...))
			for _, name := range []string{"x-spec-customer-authorization", "X-Spec-Forward-Origin", "X_SPEC_FORWARD_ORIGIN", "x-atvak-activity-count", "x_atvak-activity_count"} {
				if !dropped(&d, name) {
					t.Errorf("%s %v: %s is passed on", host, header, name)
				}
			}
			for _, name := range []string{"X-Edge-Key", "Authorization", "x-spec-id", "Signature", ""} {
				if dropped(&d, name) {
					t.Errorf("%s: %q is dropped", host, name)
				}
			}
			if d.DropResponse == nil || !d.DropResponse("X-Atvak-Activity-Count") || d.DropResponse("X-Spec-Forward-Origin") {
				t.Errorf("%s: the origin's marker reaches the visitor", host)
			}
		}
	}
	if d := set.Decide(request("GET", "unheard.of", "/")); dropped(&d, "x-edge-key") || d.Site != "any" {
		t.Errorf("a site without workers drops headers: %+v", d)
	}
	alone := compile(t, strings.Replace(workers, "- {name: any, origin: rest}", "", 1))
	if d := alone.Decide(request("GET", "unheard.of", "/", right)); !dropped(&d, "x-edge-key") || !dropped(&d, "x-spec-customer-authorization") || d.Worker {
		t.Errorf("a key reaches the default origin: %+v", d)
	}
}

// The handled marker is for workers, whatever they are answered, and for nobody else.
func TestMarkerIsForWorkersAlone(t *testing.T) {
	set := compile(t, workers)
	field := func(name, value string) string { return fmt.Sprint([]http1.Field{{Name: name, Value: value}}) }
	d := set.Decide(request("GET", "www.client.com.spec-domain.com", "/", right))
	if fmt.Sprint(d.AddResponse) != field("x-atvak-activity-count", "1") {
		t.Errorf("inline: %v", d.AddResponse)
	}
	d = set.Decide(request("GET", "other.client.net", "/", "x-edge-key: "+otherKey))
	if fmt.Sprint(d.AddResponse) != field("X-Edge-Seen", "yes") || status(&d) != 200 {
		t.Errorf("mirror: %d %v", status(&d), d.AddResponse)
	}
	for _, host := range []string{"www.client.com", "other.client.net", "open.client.net.edge.example.net", "unheard.of", "evil.com.spec-domain.com"} {
		if d := set.Decide(request("GET", host, "/", "x-atvak-activity-count: 1")); len(d.AddResponse) > 0 {
			t.Errorf("%s: a visitor gets %v", host, d.AddResponse)
		}
	}
}
