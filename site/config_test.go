package site_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wayguard/site"
)

// Every mistake is told once, at its place.
func TestMistakes(t *testing.T) {
	const key = `customer_key: {keys: "0123456789abcdef"}`
	for _, c := range []struct{ name, sites, want string }{
		{"mode", `[{mode: activ}]`, `test.yaml:1:\d+: sites\[0\]\.mode: no such mode "activ" \(did you mean "active"\?\)`},
		{"mode far off", `[{mode: blockade}]`, `known: pass-through, active, mirror`},
		{"same name", `[{name: a, hosts: x.example}, {name: a, hosts: y.example}]`, `sites\[1\]\.name: the name "a" is taken`},
		{"long name", `[{name: "` + strings.Repeat("x", 129) + `"}]`, `sites\[0\]\.name`},
		{"same host", `[{hosts: [a.example, A.example.]}]`, `sites\[0\]\.hosts\[1\]: never reached`},
		{"host of another", `[{hosts: a.example}, {hosts: a.example, name: b}]`, `sites\[1\]\.hosts\[0\]: never reached: .*test.yaml:1`},
		{"two for any", `[{name: a}, {name: b, hosts: "*"}]`, `sites\[1\]\.hosts\[0\]: never reached`},
		{"two without hosts", `[{name: a}, {name: b}]`, `sites\[1\]\.hosts: never reached`},
		{"glob inside", `[{hosts: "shop-*.example.com"}]`, `hosts\[0\]: may hold`},
		{"scheme", `[{hosts: "https://a.example"}]`, `hosts\[0\]: .*scheme`},
		{"port", `[{hosts: "a.example:443"}]`, `hosts\[0\]: .*port`},
		{"not ASCII", `[{hosts: bücher.example}]`, `hosts\[0\]: .*xn--`},
		{"no host", `[{hosts: "a..example"}]`, `hosts\[0\]: "a\.\.example" is no host`},
		{"empty host", `[{hosts: ""}]`, `hosts\[0\]: is no host`},
		{"upstream host", `[{host: "a b"}]`, `sites\[0\]\.host: must be "keep"`},
		{"useless route", `[{routes: [{path: /a}]}]`, `routes\[0\]: changes nothing`},
		{"route path", `[{routes: [{path: a, mode: mirror}]}]`, `routes\[0\]\.path: must begin`},
		{"route query", `[{routes: [{path: "/a?b", mode: mirror}]}]`, `routes\[0\]\.path: must not hold`},
		{"route rest", `[{routes: [{path: "/{a...}/b", mode: mirror}]}]`, `routes\[0\]\.path: nothing can follow`},
		{"route dots", `[{routes: [{path: "/a/../b", mode: mirror}]}]`, `routes\[0\]\.path: .*dot segments`},
		{"route braces", `[{routes: [{path: "/a{b}", mode: mirror}]}]`, `routes\[0\]\.path: .*whole segment`},
		{"route slash", `[{routes: [{path: "/a%2fb", mode: mirror}]}]`, `routes\[0\]\.path: .*no segment`},
		{"route depth", `[{routes: [{path: "` + strings.Repeat("/a", 33) + `", mode: mirror}]}]`, `routes\[0\]\.path: has more than`},
		{"route method", `[{routes: [{path: /a, methods: post, mode: mirror}]}]`, `routes\[0\]\.methods\[0\]: .*write "POST"`},
		{"route mode", `[{routes: [{path: /a, mode: miror}]}]`, `routes\[0\]\.mode: .*did you mean "mirror"`},
		{"route twice", `[{routes: [{path: /a, mode: mirror}, {path: /a, mode: active}]}]`, `routes\[1\]: never reached`},
		{"route name twice", `[{routes: [{name: x, path: /a, mode: mirror}, {name: x, path: /b, mode: active}]}]`, `routes\[1\]\.name: another route`},
		{"route behind another", `[{routes: [{path: "/a/{r...}", mode: mirror}, {path: /a/b, methods: GET, mode: active}]}]`, `routes\[1\]: never reached: the route "/a/\{r\.\.\.\}"`},
		{"route behind a glob", `[{routes: [{path: "/*.png", methods: [GET, HEAD], mode: mirror}, {path: /a.png, methods: GET, mode: active}]}]`, `routes\[1\]: never reached`},
		{"appended label", `[{appended_domains: com, ` + key + `}]`, `appended_domains\[0\]: must be a domain`},
		{"appended address", `[{appended_domains: 10.0.0.1, ` + key + `}]`, `appended_domains\[0\]: must be a domain`},
		{"appended twice", `[{appended_domains: [a.example, A.example], ` + key + `}]`, `appended_domains\[1\]: .*twice`},
		{"appended without key", `[{appended_domains: a.example}]`, `appended_domains: need a customer key`},
		{"host below appended", `[{name: a, appended_domains: edge.example, ` + key + `}, {name: b, hosts: www.edge.example}]`, `sites\[1\]\.hosts\[0\]: is the appended`},
		{"host is appended", `[{hosts: edge.example, appended_domains: edge.example, ` + key + `}]`, `sites\[0\]\.hosts\[0\]: is the appended`},
		{"glob below appended", `[{hosts: "*.edge.example", appended_domains: edge.example, ` + key + `}]`, `sites\[0\]\.hosts\[0\]: is the appended`},
		{"short key", `[{customer_key: {keys: secret}}]`, `customer_key\.keys\[0\]: must be 16 to`},
		{"key with space", `[{customer_key: {keys: "0123456789 abcdef"}}]`, `customer_key\.keys\[0\]: must be printable`},
		{"key twice", `[{customer_key: {keys: [0123456789abcdef, 0123456789abcdef]}}]`, `customer_key\.keys\[1\]: is given twice`},
		{"many keys", `[{customer_key: {keys: [a, b, c, d, e, f, g, h, i]}}]`, `customer_key\.keys: there are more than 8`},
		{"required", `[{customer_key: {keys: 0123456789abcdef, required: yes}}]`, `customer_key\.required: must be appended`},
		{"required without", `[{customer_key: {required: always}}]`, `customer_key\.keys: no key is known`},
		{"key header", `[{customer_key: {keys: 0123456789abcdef, header: "a b"}}]`, `customer_key\.header: .*no header name`},
		{"key header of others", `[{customer_key: {keys: 0123456789abcdef, header: Authorization}}]`, `customer_key\.header: .*another meaning`},
		{"same header", `[{customer_key: {keys: 0123456789abcdef, header: x-a}, handled: {header: X_A}}]`, `sites\[0\]: the headers .* must differ`},
		{"marker value", `[{customer_key: {keys: 0123456789abcdef}, handled: {value: "a\nb"}}]`, `handled\.value: `},
		{"refusal status", `[{customer_key: {refusal: {status: 99}}}]`, `customer_key\.refusal\.status`},
		{"mirror value", `[{mirror: {cache_control: " x"}}]`, `mirror\.cache_control`},
		{"health path", `[{health: {path: healthz, on: everywhere}}]`, `health\.path: must be a path`},
		{"health place", `[{health: {path: /h, on: here}}]`, `health\.on: must be`},
		{"health nowhere", `[{health: {path: /h}}]`, `sites\[0\]\.health: never reached`},
		{"health without path", `[{health: {on: everywhere}}]`, `sites\[0\]\.health: has no path`},
		{"cookie name", `[{identity_cookie: {name: "a b"}}]`, `identity_cookie\.name`},
		{"cookie age", `[{identity_cookie: {max_age: 401d}}]`, `identity_cookie\.max_age`},
		{"cookie domain", `[{hosts: a.example, identity_cookie: {domain: b.example.org}}]`, `identity_cookie\.domain: none of`},
		{"cookie on a suffix", `[{identity_cookie: {domain: com}}]`, `identity_cookie\.domain: must be`},
		{"cookie site", `[{identity_cookie: {same_site: laxest}}]`, `identity_cookie\.same_site`},
		{"cookie none", `[{identity_cookie: {same_site: none, insecure: true}}]`, `identity_cookie\.same_site: browsers`},
		{"page and text", `[{maintenance: {page: a, text: b}}]`, `maintenance\.text`},
		{"page and origin", `[{maintenance: {page: a, origin: b}}]`, `sites\[0\]\.maintenance: has an origin`},
		{"no body status", `[{error_page: {status: 204}}]`, `error_page\.status`},
		{"negative", `[{error_page: {retry_after: -1s}}]`, `error_page\.retry_after`},
		{"long page", `[{maintenance: {text: "` + strings.Repeat("x", 256<<10+1) + `"}}]`, `maintenance: is longer than 256KiB`},
		{"sidechain keys", `[{sidechain: {on: true}}]`, `sidechain\.keys: 1 to 8`},
		{"sidechain mirror", `[{mode: mirror, sidechain: {on: true, keys: [{id: a, secret: "${SIGN}"}]}}]`, `sidechain\.on: a site in mirror`},
		{"sidechain algorithm", `[{sidechain: {on: true, keys: [{id: a, algorithm: rsa, secret: "${SIGN}"}]}}]`, `sidechain\.keys\[0\]\.algorithm`},
		{"sidechain secret", `[{sidechain: {on: true, keys: [{id: a}]}}]`, `sidechain\.keys\[0\]\.secret: missing`},
		{"sidechain bad secret", `[{sidechain: {on: true, keys: [{id: a, secret: hush!hush}]}}]`, `sidechain\.keys\[0\]\.secret: is no base64`},
		{"sidechain id", `[{sidechain: {on: true, keys: [{secret: "${SIGN}"}]}}]`, `sidechain\.keys\[0\]\.id`},
		{"sidechain id twice", `[{sidechain: {on: true, keys: [{id: a, secret: "${SIGN}"}, {id: a, secret: "${SIGN}"}]}}]`, `sidechain\.keys: .*twice`},
		{"sidechain active", `[{sidechain: {on: true, active: b, keys: [{id: a, secret: "${SIGN}"}]}}]`, `sidechain\.active: no key`},
		{"sidechain life", `[{sidechain: {on: true, lifetime: 1h, keys: [{id: a, secret: "${SIGN}"}]}}]`, `sites\[0\]\.sidechain: the lifetime`},
		{"sidechain label", `[{sidechain: {on: true, label: A, keys: [{id: a, secret: "${SIGN}"}]}}]`, `sites\[0\]\.sidechain: label and tag`},
		{"sidechain loop", `[{sidechain: {on: true, loop_id: "a,b", keys: [{id: a, secret: "${SIGN}"}]}}]`, `sidechain\.loop_id`},
		{"sidechain headers", `[{sidechain: {on: true, input_header: X-S, signature_header: X-S, keys: [{id: a, secret: "${SIGN}"}]}}]`, `sites\[0\]\.sidechain: the header "X-S" has two`},
		{"unknown hosts", "[{}]\nunknown_host: drop", `unknown_host: must be forward or refuse`},
		{"all refused", "[]\nunknown_host: refuse", `unknown_host: without sites`},
	} {
		_, problems := site.Compile(decode(t, "sites: "+c.sites))
		if len(problems) != 1 {
			t.Errorf("%s: told %d times:\n%s", c.name, len(problems), problems.Error())
		}
		if text := problems.Error(); !regexp.MustCompile(c.want).MatchString(text) {
			t.Errorf("%s: %s\nwant %s", c.name, text, c.want)
		}
	}
}

// No problem quotes a secret.
func TestProblemsHoldNoSecret(t *testing.T) {
	const secret = "hush hush, this is a secret"
	_, problems := site.Compile(decode(t, fmt.Sprintf(`sites: [{customer_key: {keys: [%q, %q]}, sidechain: {on: true, keys: [{id: a, secret: %q}, {id: b, algorithm: hmac-sha256, secret: %q}]}}]`,
		secret, secret, secret, secret)))
	if len(problems) != 4 || strings.Contains(problems.Error(), "hush") {
		t.Errorf("%d problems: %s", len(problems), problems.Error())
	}
}

func TestWhatIsNoMistake(t *testing.T) {
	set := compile(t, `
sites:
  - {name: a, hosts: ["*.example.com"], routes: [{path: /a, methods: GET, mode: mirror}, {path: /a, mode: active}, {path: "/{x}", origin: o}, {path: "/{x...}", origin: p}]}
  - {name: b, hosts: [www.example.com, "*.x.example.com"], origin: o, maintenance: {origin: pages}}
  - {name: c, appended_domains: [a.edge.example, edge.example], customer_key: {keys: "${KEY}"}}
`)
	if got := set.Origins(); !slices.Equal(got, []string{"o", "p", "pages"}) {
		t.Errorf("origins %q", got)
	}
	problems := set.CheckOrigins([]string{"o", "page"})
	text := problems.Error()
	for _, want := range []string{`test\.yaml:3:\d+: sites\[0\]\.routes\[3\]\.origin: no such origin "p"`, `sites\[1\]\.maintenance\.origin: no such origin "pages" \(did you mean "page"\?\)`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("not told: %s\n%s", want, text)
		}
	}
	if len(problems) != 2 {
		t.Errorf("%d problems", len(problems))
	}
}

// What the guides show works.
func TestExamplesOfTheGuides(t *testing.T) {
	found := 0
	for _, name := range []string{"modes", "networking", "dns", "staging", "testing-with-hosts"} {
		text, err := os.ReadFile("../docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			if !regexp.MustCompile(`(?m)^sites:`).MatchString(block[1]) {
				continue
			}
			found++
			// Other rooms' sections are theirs to check.
			own := regexp.MustCompile(`(?ms)^(sites|unknown_host):.*?(^[a-z]|\z)`).FindString(block[1])
			if _, problems := site.Compile(decode(t, strings.TrimRight(own, "abcdefghijklmnopqrstuvwxyz"))); len(problems) > 0 {
				t.Errorf("%s.md: %s\n%s", name, problems.Error(), block[1])
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d examples found", found)
	}
}
