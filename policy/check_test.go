package policy_test

import (
	"strings"
	"testing"

	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// file is a configuration as far as it is about policies.
type file struct {
	Actions    []policy.ActionConfig   `yaml:"actions"`
	Policies   []policy.Config         `yaml:"policies"`
	Mitigation policy.MitigationConfig `yaml:"mitigation"`
}

func names() policy.Names {
	return policy.Names{Specs: []string{"login", "checkout"}, Labels: []string{"Hot", "Cold"}, Signatures: []string{"Account Takeover"},
		Elements: []string{"username", "email", "ip_address", "check"}}
}

func read(text string) (file, document.Problems) {
	parsed, problems := document.Parse("policy.yaml", []byte(text))
	var f file
	if len(problems) > 0 {
		return f, problems
	}
	return f, parsed.Decode(&f)
}

// problemsOf are the problems of a configuration, a line each.
func problemsOf(t testing.TB, text string) string {
	t.Helper()
	f, problems := read(text)
	if len(problems) > 0 {
		t.Fatalf("%s\ndoes not decode: %v", text, problems)
	}
	return append(policy.Check(f.Actions, f.Policies, names()), f.Mitigation.Check(f.Actions, names())...).Error()
}

// good is a configuration with an action of every kind.
const good = `
actions:
  - { name: hang-up, kind: drop, when: { signature: Account Takeover }, mode: shadow }
  - { name: refuse, kind: block, when: { rating: malicious }, specs: [login], headers: { X-Reason: "{label}" }, pages: { html: "<style>p{color:red}</style><p>{reference}", json: '{"error":"{reference}","n":{"a":{}}}', grpc: "{reference} {{time}}" } }
  - { name: closed, kind: maintenance, when: { label: Hot }, body: "back at {time}", content_type: text/plain }
  - { name: away, kind: redirect, when: { label: Account Takeover }, location: "/help?ref={reference}", status: 303 }
  - { name: pretend, kind: feign, as: success, template: { status: 200, body: '{"order":"{order}","to":"{el.email}"}', headers: { content-type: application/json, x-case: "R{case}" }, canaries: { order: "digits:8", case: uuid } } }
  - { name: elsewhere, kind: decoy, origin: trap }
  - { name: prove, kind: challenge, check: proof, valid: 2h }
  - { name: step-up, kind: second_factor }
  - { name: slower, kind: rate_limit, when: { rating: normal }, limit: { requests: 10, per: 1m, by: username } }
  - { name: late, kind: delay, wait: 2s, spread: 3s }
  - name: clean
    kind: rewrite
    when: { rating: normal }
    request: { set: { x-risk: "{label}" }, remove: [x-debug], fields: [{ json: customer.email, as: email }, { form: city, value: "{el.username}" }] }
    response: { remove: [server], fields: [{ json: debug, value: "0" }] }
  - { name: note, kind: inject, when: { rating: normal }, html: "<p>hello</p>", before: "</main>" }
  - { name: tell-origin, kind: tag, when: { rating: normal } }
  - { name: tell-soc, kind: webhook, when: { label: Cold }, url: "https://soc.example/hook?key=s3cret", secret: s3cret }
  - { name: tell-chat, kind: notify, when: { rating: suspicious }, integration: chat }
policies:
  - name: ladder
    when: { rating: suspicious }
    specs: [login]
    scope: person
    for: 24h
    steps: [{ action: late, times: 2 }, { action: prove, times: 3 }, { action: pretend }]
    on_failure: closed
    rollout: { percent: 90, control: 10 }
    quiet: [{ days: [sat, sun], from: "22:00", to: "06:00", zone: Europe/Berlin }]
    budget: { percent: 5, at_least: 100, window: 5m, cool: 1h }
  - { name: trap, when: { signature: Account Takeover }, steps: [{ action: elsewhere }] }
  - { name: ask, when: { label: Cold, rating: normal }, steps: [{ action: step-up }], mode: shadow }
mitigation:
  allow:
    - { name: office, addresses: [192.0.2.7, "2001:db8::/32"], until: "2030-01-01T00:00:00+01:00" }
    - { name: monitors, crawlers: ["*"], agents: [uptime], labels: [Hot], elements: { username: [root, admin] }, specs: [login] }
  check_path: /.visit/
  cookie: seen
  captcha: { provider: turnstile, site_key: k, secret: s3cret }
  second_factor: { url: "https://id.example/2fa?back={return}&state={state}", secret: sixteen-s3cret-letters }
  decoys:
    - { name: export-all, path: /account/export-all, pages: ["/account/{rest...}"] }
    - { name: fax, field: fax_number, pages: ["/signup"] }
  sink: { keep: nothing, for: 7d }
`

func TestGoodConfiguration(t *testing.T) {
	if got := problemsOf(t, good); got != "" {
		t.Errorf("problems:\n%s", got)
	}
	f, _ := read(good)
	kinds := map[event.ActionKind]bool{}
	for _, a := range f.Actions {
		kinds[a.Kind] = true
	}
	for _, kind := range event.ActionKinds() {
		if !kinds[kind] {
			t.Errorf("the sample has no %s", kind)
		}
	}
	if got := policy.Origins(f.Actions); len(got) != 1 || got[0].Name != "trap" || !strings.Contains(got[0].Problem("x", "").Error(), "actions[5].origin: x") {
		t.Errorf("origins %+v", got)
	}
	if got := policy.Unknown(policy.Origins(f.Actions), []string{"trep"}, "group of origins"); len(got) != 1 || !strings.Contains(got.Error(), `there is no group of origins "trap" (did you mean "trep"?)`) {
		t.Errorf("unknown origins: %v", got)
	}
	if got := policy.Unknown(policy.Origins(f.Actions), []string{"default", "trap"}, "group of origins"); len(got) > 0 {
		t.Errorf("a known origin: %v", got)
	}
	if got := policy.Integrations(f.Actions); len(got) != 1 || got[0].Name != "chat" {
		t.Errorf("integrations %+v", got)
	}
}

// Every action refuses what belongs to another kind.
func TestEveryKindHasItsKeysOnly(t *testing.T) {
	values := map[string]string{"status": "403", "body": "x", "content_type": "text/plain", "pages": "{ html: x }", "headers": "{ x-a: b }", "location": "/x",
		"wait": "1s", "spread": "1s", "limit": "{ requests: 1, per: 1s }", "request": "{ remove: [x-a] }", "response": "{ remove: [x-a] }", "html": "x", "before": "</p>",
		"check": "proof", "valid": "1h", "as": "success", "template": "{ status: 404 }", "origin": "o", "url": "https://x.example", "secret": "s", "integration": "i"}
	for _, kind := range event.ActionKinds() {
		own := policy.Keys(kind)
		for _, key := range own {
			if values[key] == "" {
				t.Errorf("%s has the key %s, of which the test knows nothing", kind, key)
			}
		}
		for key, value := range values {
			text := "actions:\n  - { name: x, kind: " + string(kind) + ", when: { label: Hot }, " + key + ": " + value + " }"
			belongs := strings.Contains(problemsOf(t, text), key+" belongs to actions of kind ")
			if allowed := strings.Contains(" "+strings.Join(own, " ")+" ", " "+key+" "); allowed == belongs {
				t.Errorf("%s with %s: refused %t", kind, key, belongs)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	action := func(text string) string {
		return "actions:\n  - { name: x, when: { label: Hot }, kind: " + text + " }"
	}
	steps := "actions:\n  - { name: x, kind: block }\n  - { name: tell, kind: webhook, when: { label: Hot }, url: https://x.example }\npolicies:\n  - { name: p, when: { label: Hot }, "
	one := steps + "steps: [{ action: x }], "
	mitigation := "mitigation: { "
	for text, want := range map[string]string{
		action("explode"):                                                               "there is no kind of action \"explode\"",
		action("blok"):                                                                  `did you mean "block"?`,
		action("block, mode: dark"):                                                     `there is no mode "dark"`,
		action("block, specs: [logni]"):                                                 `actions[0].specs[0]: there is no spec "logni" (did you mean "login"?)`,
		action("block, status: 99"):                                                     "lies between 200 and 599",
		action("block, status: 204, body: x"):                                           "an answer with status 204 has no body",
		action("block, body: x, pages: { html: x }"):                                    "give one of them",
		action("block, content_type: text/html"):                                        "there is none",
		action(`block, body: x, content_type: "a\r\nb: c"`):                             "a content type is one short line",
		action("block, pages: { xml: x }"):                                              "pages.xml: nothing is taken as this",
		action(`block, pages: { grpc: "a\nb" }`):                                        "a gRPC message is one line",
		action(`block, body: "{refernce}"`):                                             `did you mean "reference"?`,
		action(`block, body: "{el.usrname}"`):                                           `did you mean "username"?`,
		action(`block, headers: { "a b": c }`):                                          "this is no header's name",
		action(`block, headers: { Content-Length: "1" }`):                               "says how messages are delivered",
		action(`block, headers: { transfer-encoding: chunked }`):                        "says how messages are delivered",
		action(`block, headers: { content-encoding: gzip }`):                            "says how the body is packed",
		action(`block, headers: { content-type: text/html }`):                           "write content_type",
		action(`block, headers: { x-a: "b\r\nset-cookie: c" }`):                         "a header's value is one line",
		action(`block, headers: { x-a: b, X-A: c }`):                                    "the header is given twice",
		action("redirect"):                                                              "a redirect needs a location",
		action("redirect, location: //evil.example"):                                    "a location is an https address",
		action(`redirect, location: "javascript:alert(1)"`):                             "a location is an https address",
		action(`redirect, location: "/a\r\nb"`):                                         "a location is one line",
		action("redirect, location: /a, status: 200"):                                   "a redirect's status is",
		action("feign, as: maybe"):                                                      "write failure or success",
		action("feign, template: { always: true }"):                                     "an empty template",
		action("feign, template: { status: 20 }"):                                       "template.status: an answer's status",
		action(`feign, template: { body: "{order}" }`):                                  "{order} is not known",
		action(`feign, template: { body: x, canaries: { order: "digits:8" } }`):         "does not use {order}",
		action(`feign, template: { body: "{order}", canaries: { order: "digits:3" } }`): "the shape digits has 6 to 128 characters",
		action(`feign, template: { body: "{order}", canaries: { order: emoji } }`):      "there is no shape \"emoji\" (digits:8, hex:32",
		action(`feign, template: { body: "{label}", canaries: { label: "digits:8" } }`): "the name means something else",
		action("decoy"):                                                                         "actions[0].origin: a decoy needs",
		action("challenge, check: prof"):                                                        `did you mean "proof"?`,
		action("challenge, valid: 1s"):                                                          "a passed check counts for 1m to 30d",
		action("second_factor"):                                                                 "needs mitigation.second_factor",
		action("challenge, check: second_factor"):                                               "needs mitigation.second_factor",
		action("rate_limit"):                                                                    "limit.requests: a limit is from 1",
		action("rate_limit, limit: { requests: 1, per: 1ms }"):                                  "limit.per: a limit's time",
		action("rate_limit, limit: { requests: 1, per: 1m, by: usernme }"):                      `did you mean "username"?`,
		action("delay"):                                                                         "a delay is more than nothing and at most 30s",
		action("delay, wait: 31s"):                                                              "at most 30s",
		action("delay, wait: 20s, spread: 11s"):                                                 "together are at most 30s",
		action("delay, wait: 20s, spread: -1s"):                                                 "together are at most 30s",
		action("rewrite"):                                                                       "a rewrite says what is changed",
		action("rewrite, request: { set: { host: x } }"):                                        "says how messages are delivered",
		action("rewrite, request: { set: { x-a: b }, remove: [X-A] }"):                          "the header is set and removed",
		action("rewrite, request: { fields: [{ json: a, form: b, value: c }] }"):                "by one of them",
		action("rewrite, request: { fields: [{ json: a..b, value: c }] }"):                      "names joined by dots",
		action("rewrite, request: { fields: [{ json: a }] }"):                                   "a format (as) or a value",
		action("rewrite, request: { fields: [{ json: a, as: emial }] }"):                        `did you mean "email"?`,
		action("rewrite, request: { fields: [{ json: a, as: email }, { json: a, value: b }] }"): "the field is changed twice",
		action("rewrite, response: { fields: [{ form: a, value: b }] }"):                        "an answer has no form fields",
		action("inject"):                                                                        "there is nothing to inject",
		action(`inject, html: x, before: " "`):                                                  "what content is put in before",
		action("webhook, url: \"ftp://key@x\""):                                                 "a webhook needs an https address",
		action("notify"):                                                                        "a message needs the integration",
		"actions:\n  - { name: X, kind: tag, when: { label: Hot } }":                            "an action's name is lower-case",
		action("tag") + "\n  - { name: x, kind: tag, when: { label: Hot } }":                    "already the name of policy.yaml:2",
		"actions:\n  - { name: x, kind: tag }":                                                  "the action needs a condition, or a policy that names it",
		"actions:\n  - { name: x, kind: block, when: { label: Hto } }":                          `no rule places the label "Hto" (did you mean "Hot"?)`,
		"actions:\n  - { name: x, kind: block, when: { signature: Hot } }":                      `there is no signature "Hot"`,
		"actions:\n  - { name: x, kind: feign, when: { rating: normal } }":                      "this would deceive everybody",
		"actions:\n  - { name: x, kind: challenge, when: { rating: normal }, mode: shadow }":    "this would challenge everybody",
		"actions:\n  - { name: x, kind: block, specs: [login], mode: shadow }\npolicies:\n  - { name: p, when: { label: Hot }, steps: [{ action: x }] }": "an action without a condition is only what policies do",

		steps + "steps: [] }":                                                                              "a policy has 1 to 16 steps",
		steps + "steps: [{ action: xx }] }":                                                                `there is no action "xx" (did you mean "x"?)`,
		steps + "steps: [{ action: tell }, { action: x }] }":                                               "a webhook is sent once, beside the request, and is no step",
		steps + "steps: [{ action: x, times: -1 }] }":                                                      "a step is taken 1 to 1000 times",
		strings.Replace(one, "when: { label: Hot }, steps", "steps", 1) + "}":                              "the policy needs a condition",
		strings.Replace(one, "{ label: Hot }, steps", "{ rating: normal }, steps", 1) + "}":                "policies[0].when.rating: this would block everybody",
		one + "scope: planet }":                                                                            "there is no scope \"planet\"",
		one + "for: 100d }":                                                                                "at most 90d",
		one + "on_failure: shut }":                                                                         "write open or closed",
		one + "on_failure: closed }":                                                                       "must say where",
		one + "on_failure: closed, specs: [login], mode: shadow }":                                         "cannot fail closed",
		one + "rollout: { percent: 101 } }":                                                                "rollout.percent: a share",
		one + "rollout: { control: -1 } }":                                                                 "rollout.control: a share",
		one + "rollout: { percent: 95, control: 10 } }":                                                    "105 together",
		one + "budget: { percent: 101 } }":                                                                 "budget.percent",
		one + "budget: { at_least: -1 } }":                                                                 "budget.at_least",
		one + "budget: { window: 1s } }":                                                                   "budget.window",
		one + "budget: { cool: 25h } }":                                                                    "budget.cool",
		one + `quiet: [{ from: "22:00", to: "25:00" }] }`:                                                  "policies[0].quiet[0].to: a time of the day",
		one + `quiet: [{ from: "9:00", to: "10:00" }] }`:                                                   "quiet[0].from: a time of the day",
		one + `quiet: [{ from: "22:00", to: "23:00", days: [friday] }] }`:                                  `there is no day "friday"`,
		one + `quiet: [{ from: "22:00", to: "23:00", zone: Europe/Atlantis }] }`:                           `there is no time zone "Europe/Atlantis"`,
		one + `quiet: [{ from: "22:00", to: "23:00", zone: Local }] }`:                                     `there is no time zone "Local"`,
		one + "}\n  - { name: p, when: { label: Hot }, steps: [{ action: x }], mode: shadow }":             `"p" is already the name of`,
		one + "}\n  - { name: tell, when: { label: Cold }, steps: [{ action: x }] }":                       `"tell" is already the name of`,
		one + "}\n  - { name: q, when: { label: Hot }, steps: [{ action: x, times: 1 }], scope: session }": `"q" says the same as "p"`,

		mitigation + "allow: [{ name: a }] }":                                                            "the list is empty",
		mitigation + "allow: [{ name: a, specs: [login] }] }":                                            "the list is empty",
		mitigation + "allow: [{ name: a, addresses: [192.0.2.300] }] }":                                  "is no address and no prefix",
		mitigation + "allow: [{ name: a, addresses: [\"::/0\"] }] }":                                     "would let everybody through",
		mitigation + "allow: [{ name: a, labels: [Hto] }] }":                                             `no rule places the label "Hto"`,
		mitigation + "allow: [{ name: a, elements: { usrname: [x] } }] }":                                `elements.usrname: there is no such element (did you mean "username"?)`,
		mitigation + "allow: [{ name: a, elements: { username: [\" x\"] } }] }":                          "without spaces around it",
		mitigation + "allow: [{ name: a, labels: [Hot], until: tomorrow }] }":                            "a list ends at a moment",
		mitigation + "allow: [{ name: a, labels: [Hot] }, { name: a, labels: [Cold] }] }":                "already the name of",
		mitigation + "check_path: / }":                                                                   "begins and ends with a slash",
		mitigation + "check_path: /x }":                                                                  "begins and ends with a slash",
		mitigation + "check_path: /x%2f/ }":                                                              "begins and ends with a slash",
		mitigation + "check_path: //x/ }":                                                                "begins and ends with a slash",
		mitigation + "check_path: /x/../y/ }":                                                            "begins and ends with a slash",
		mitigation + "cookie: \"a b\" }":                                                                 "a cookie's name",
		mitigation + "captcha: { provider: hcaptca } }":                                                  `did you mean "hcaptcha"?`,
		mitigation + "captcha: { provider: hcaptcha, site_key: k } }":                                    "captcha.secret: the provider needs the secret",
		mitigation + "captcha: { site_key: k } }":                                                        "the built-in check has no keys",
		mitigation + `second_factor: { url: "/2fa?r={return}&s={state}", secret: short } }`:              "at least 16 characters",
		mitigation + `second_factor: { url: "/2fa", secret: 0123456789abcdef } }`:                        "put {return} and {state} in it",
		mitigation + `second_factor: { url: "//x/{return}{state}", secret: 0123456789abcdef } }`:         "the application's address",
		mitigation + "decoys: [{ name: d, pages: [/] }] }":                                               "a link (path) or a form field (field)",
		mitigation + "decoys: [{ name: d, path: /a, field: b, pages: [/] }] }":                           "one of them",
		mitigation + "decoys: [{ name: d, path: a, pages: [/] }] }":                                      "a decoy's path",
		mitigation + "decoys: [{ name: d, path: /.well-known/visit/x, pages: [/] }] }":                   "below check_path",
		mitigation + "decoys: [{ name: d, field: \"a b\", pages: [/] }] }":                               "a form field's name",
		mitigation + "decoys: [{ name: d, path: /a/../b, pages: [/] }] }":                                "a decoy's path",
		mitigation + "decoys: [{ name: d, path: /, pages: [/] }] }":                                      "a decoy's path",
		mitigation + "decoys: [{ name: d, field: a }] }":                                                 "a decoy needs the pages",
		mitigation + "decoys: [{ name: d, field: a, pages: [x] }] }":                                     "a page's path begins with one slash",
		mitigation + "decoys: [{ name: d, field: a, pages: [/] }, { name: e, field: a, pages: [/x] }] }": `this is the decoy "d" once more`,
		mitigation + "sink: { keep: passwords } }":                                                       "write hashes or nothing",
		mitigation + "sink: { for: 1s } }":                                                               "1h to 400d",
	} {
		got := problemsOf(t, text)
		if !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if strings.Contains(got, "key@x") || strings.Contains(got, "s3cret") {
			t.Errorf("a secret is told: %s", got)
		}
	}
}

// All problems are told at once, each with its place.
func TestAllProblemsAreTold(t *testing.T) {
	got := problemsOf(t, `
actions:
  - { name: a, kind: block, when: { label: Hot }, status: 9, headers: { "x y": z } }
  - { name: b, kind: delay, when: { label: Hto }, wait: 1h }
policies:
  - { name: p, when: { label: Hot }, steps: [{ action: c }], scope: moon }
mitigation: { cookie: "a b", sink: { keep: all } }
`)
	want := []string{`policy.yaml:3:`, `policy.yaml:3:`, `policy.yaml:4:`, `policy.yaml:4:`, `policy.yaml:6:`, `policy.yaml:6:`, `policy.yaml:7:15: mitigation.cookie`, `policy.yaml:7:`}
	lines := strings.Split(got, "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(lines), len(want), got)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%s\nwant %s", line, want[i])
		}
	}
}

// Without a vocabulary names are not checked but for their form, and too much is refused at once.
func TestCheckWithoutNames(t *testing.T) {
	limited := policy.ActionConfig{Name: "x", Kind: event.RateLimit, When: policy.ConditionConfig{Label: "Hot"}, Specs: document.Strings{"any"},
		Limit: policy.LimitConfig{Requests: 1, Per: 1e9, By: "shoe_size"}}
	n := policy.Names{Labels: []string{"Hot"}}
	if problems := policy.Check([]policy.ActionConfig{limited}, nil, n); len(problems) > 0 {
		t.Error(problems)
	}
	limited.Limit.By = "Shoe Size"
	if problems := policy.Check([]policy.ActionConfig{limited}, nil, n); len(problems) != 1 {
		t.Error(problems)
	}
	if problems := policy.Check(make([]policy.ActionConfig, 1001), nil, n); len(problems) != 1 {
		t.Errorf("%d problems of too many actions", len(problems))
	}
	if problems := (policy.MitigationConfig{Allow: make([]policy.AllowConfig, 501), Decoys: make([]policy.DecoyConfig, 65)}).Check(nil, n); len(problems) != 2 {
		t.Errorf("%d problems of too many lists", len(problems))
	}
}

// FuzzCheck offers any text as a configuration. What it finds good stays good when its defaults are written out.
func FuzzCheck(f *testing.F) {
	f.Add(good)
	f.Add("actions:\n  - { name: x, kind: block, when: { label: Hot }, body: \"{{{time}}}\" }\npolicies: [{ name: p, quiet: [{ from: \"00:00\", to: \"00:00\" }] }]")
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := read(text)
		if len(problems) > 0 || len(policy.Check(c.Actions, c.Policies, names())) > 0 || len(c.Mitigation.Check(c.Actions, names())) > 0 {
			return
		}
		named := map[string]bool{}
		for i := range c.Policies {
			c.Policies[i] = c.Policies[i].Complete()
			for _, step := range c.Policies[i].Steps {
				named[step.Action] = true
			}
		}
		for i, a := range c.Actions {
			whole := a.Complete()
			if !a.Conditional() {
				whole.Mode = "" // the policies' counts
			}
			c.Actions[i] = whole
			if !a.Conditional() && !named[a.Name] {
				t.Errorf("nothing asks for %q", a.Name)
			}
		}
		percent := func(p policy.Config) bool {
			return *p.Rollout.Percent+p.Rollout.Control <= 100 || *p.Rollout.Percent == 100
		}
		for _, p := range c.Policies {
			if !percent(p) {
				t.Errorf("shares of %+v", p.Rollout)
			}
		}
		for i := range c.Policies {
			if *c.Policies[i].Rollout.Percent == 100 {
				c.Policies[i].Rollout.Percent = nil // all but the control arm
			}
		}
		if problems := policy.Check(c.Actions, c.Policies, names()); len(problems) > 0 {
			t.Errorf("with its defaults it has problems: %v", problems)
		}
		if problems := c.Mitigation.Complete().Check(c.Actions, names()); len(problems) > 0 {
			t.Errorf("with its defaults it has problems: %v", problems)
		}
	})
}
