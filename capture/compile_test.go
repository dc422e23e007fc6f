package capture_test

import (
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/element"
)

func TestCompileTellsProblemsWithTheirPlace(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "specs:\n  - name: a\n    event: E\n    type: logout\n    match: { pth: /x, path: /y }\n",
			`specs.yaml:5:14: specs[0].match.pth: no such key (did you mean "path"?)`},
		{"nothing given", "specs:\n  - {}\n", "a spec needs a name"},
		{"no type", "specs:\n  - { name: a, event: E, match: { path: / } }\n", "a spec needs an event type"},
		{"wrong type", "specs:\n  - { name: a, event: E, type: authentication_atempt, match: { path: / } }\n",
			`specs.yaml:2:26: specs[0].type: no such event type "authentication_atempt" (did you mean "authentication_attempt"?)`},
		{"duplicate name", "specs:\n" + spec("a", "{ path: /a }") + spec("a", "{ path: /b }"), "is taken by the spec at specs.yaml:2"},
		{"relative path", "specs:\n" + spec("a", "{ path: login }"), `must begin with "/" (write "/login")`},
		{"path with query", "specs:\n" + spec("a", "{ path: '/login?x' }"), `must not hold "?"`},
		{"half a parameter", "specs:\n" + spec("a", "{ path: '/x-{id}' }"), "a parameter must be a whole segment"},
		{"parameter twice", "specs:\n" + spec("a", "{ path: '/{id}/{id}' }"), `names the parameter "id" twice`},
		{"after the rest", "specs:\n" + spec("a", "{ path: '/{id...}/x' }"), "nothing can follow"},
		{"method", "specs:\n" + spec("a", "{ path: /, method: post }"), `"post" is no method (write "POST")`},
		{"host", "specs:\n" + spec("a", "{ path: /, host: 'https://x' }"), "without scheme and port"},
		{"shadowed", "specs:\n" + spec("wide", "{ path: '/{x}' }") + spec("narrow", "{ path: /login, method: POST }"),
			`specs.yaml:9:5: specs[1].match: is never reached: the earlier spec "wide" at specs.yaml:2 matches all of it`},
		{"unknown element", taking("emial: { form: email }"), `no such element "emial" (did you mean "email"?)`},
		{"unknown part", taking("shipping_address.stret: { form: x }"), `has no part "stret" to be given (did you mean "street"?)`},
		{"no place", taking("email: { transform: trim }"), "names 0 places"},
		{"two places", taking("email: { form: a, query: b }"), "names 2 places"},
		{"no parameter", taking("username: { path: name }"), `the path pattern has no parameter "name"`},
		{"JSON path", taking("email: { json: '$.a[' }"), "specs.yaml:6:32: specs[0].take.email.json: is no JSON path"},
		{"JSON path without root", taking("email: { json: a.b }"), "a JSON path begins with $"},
		{"deep descents", taking("email: { json: '$..a..b' }"), "descend (..) once only"},
		{"XML path", taking("email: { xml: '/a//[x]' }"), "specs.yaml:6:32: specs[0].take.email.xml"},
		{"transform", taking("email: { form: a, transform: lowrcase }"), `no such transform "lowrcase" (did you mean "lowercase"?)`},
		{"transform argument", taking("email: { form: a, transform: before }"), "needs an argument"},
		{"regex", taking("email: { form: a, transform: 'regex(()' }"), "regex: error parsing regexp"},
		{"unit", taking("transaction_amount: { form: a, unit: mayor }"), `must be major or minor (did you mean "major"?)`},
		{"unit of text", taking("email: { form: a, unit: minor }"), "unit and currency are for money"},
		{"form of a response", takingResponse("email: { form: a }"), "a response has no form"},
		{"body of GET", "specs:\n" + spec("a", "{ path: /, method: GET }") + "    take: { email: { json: $.a } }\n", "a GET request has no body"},
		{"graphql on GET", "specs:\n" + spec("a", "{ path: /, method: GET }") + "    take: { email: { graphql: a } }\n", "matches no GraphQL"},
		{"wrong body type", "specs:\n" + spec("a", "{ path: /, content_type: application/json }") + "    take: { email: { form: a } }\n",
			"a body of type application/json has no form"},
		{"result", outcome("{ result: sucess, when: { status: 200 } }"), `no such result "sucess" (did you mean "success"?)`},
		{"blocked", outcome("{ result: blocked }"), "no spec can"},
		{"status", outcome("{ result: success, when: { status: [200, 9xx] } }"), `"9xx" is no status`},
		{"condition path", outcome("{ result: success, when: { json: { '$.a[': x } } }"), "is no JSON path"},
		{"outcome after all", outcome("{ result: success }") + "      - { result: failure }\n", "are never asked"},
		{"limit", "specs:\n" + spec("a", "{ path: / }") + "    limits: { request_body: 1GiB }\n", "must be between 1B and 4MiB"},
		{"token", "sessions: { tokens: [ { cookie: a, header: b } ] }\n", "must name one cookie or one header"},
		{"every token", "sessions: { tokens: [ { cookie: '*' } ] }\n", "must name one cookie or one header"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, problems := compile(t, test.text)
			if got := problems.Error(); !strings.Contains(got, test.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, test.want)
			}
			for _, p := range problems {
				if p.Line == 0 || p.File == "" {
					t.Errorf("no place: %+v", p)
				}
			}
		})
	}
}

func taking(entry string) string {
	return "specs:\n" + spec("a", "{ path: / }") + "    take: { " + entry + " }\n"
}

func takingResponse(entry string) string {
	return "specs:\n" + spec("a", "{ path: / }") + "    take_response: { " + entry + " }\n"
}

func outcome(entry string) string {
	return "specs:\n" + spec("a", "{ path: / }") + "    outcome:\n      - " + entry + "\n"
}

func TestCompileKeepsReachableSpecs(t *testing.T) {
	for _, pair := range [][2]string{
		{"{ path: /login, method: POST }", "{ path: /login }"},
		{"{ path: /login, query: { a: '1' } }", "{ path: /login, query: { a: '2' } }"},
		{"{ path: '/{x}', host: a.example }", "{ path: /login }"},
		{"{ path: /g, graphql: Login }", "{ path: /g, graphql: Logout }"},
		{"{ path: '/a-*' }", "{ path: '/a*' }"},
		{"{ path: /x, header: { a: '*' } }", "{ path: /x, header: { a: '!' } }"},
		{"{ path: /x, content_type: application/json }", "{ path: /x, content_type: '*' }"},
	} {
		mustCompile(t, "specs:\n"+spec("a", pair[0])+spec("b", pair[1]))
	}
}

func TestSwitchedOffElementsAreNotTaken(t *testing.T) {
	catalogue, err := element.Default().With(nil, []string{"promo_code"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := element.NewKeys([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	doc, problems := document.Parse("a.yaml", []byte(taking("promo_code: { query: code }, username: { query: u }")))
	var config capture.Config
	problems = append(problems, doc.Decode(&config)...)
	set, more := capture.Compile(config, element.NewNormaliser(catalogue, keys, element.Options{}), capture.Knowledge{})
	if err := append(problems, more...).Err(); err != nil {
		t.Fatal(err)
	}
	e := observe(set, request("GET /?code=SPRING&u=ann", ""), nil)
	if e.Find("promo_code") != nil || e.Find("username") == nil {
		t.Errorf("elements: %+v", e.Elements)
	}
}

func TestNeeds(t *testing.T) {
	tests := []struct {
		name, text string
		want       capture.Needs
	}{
		{"head only", taking("email: { query: e }, username: { header: x }"), capture.Needs{RequestLimit: 65536, ResponseLimit: 65536}},
		{"request body", taking("email: { form: e }"), capture.Needs{RequestBody: true, RequestLimit: 65536, ResponseLimit: 65536}},
		{"part", taking("shipping_address.street: { json: $.a }"), capture.Needs{RequestBody: true, RequestLimit: 65536, ResponseLimit: 65536}},
		{"response body", takingResponse("email: { json: $.e }"), capture.Needs{ResponseBody: true, RequestLimit: 65536, ResponseLimit: 65536}},
		{"outcome", outcome("{ result: failure, when: { body_contains: wrong } }"), capture.Needs{ResponseBody: true, RequestLimit: 65536, ResponseLimit: 65536}},
		{"status only", outcome("{ result: failure, when: { status: 4xx, cookie: a } }"), capture.Needs{RequestLimit: 65536, ResponseLimit: 65536}},
	}
	for _, test := range tests {
		if got := mustCompile(t, test.text).Match(request("POST /", "")).Needs(); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte(taking("email: [{ form: a, transform: ['before(@)'] }, { json: '$..a' }]")))
	f.Add([]byte(outcome("{ result: success, when: { json: { '$.a[?@.b>1]': '*' }, status: [2xx, 300-302] } }")))
	f.Add([]byte("sessions: { tokens: [ { cookie: a* } ] }\nspecs:\n" + spec("g", "{ path: '/{a}/{b...}', graphql: [A, B] }")))
	r := request("POST /a/b?x=1", `{"a":[{"b":2}],"query":"{a}"}`, jsonType, "Cookie: a=1")
	resp := response(200, `{"a":{"b":2}}`, jsonType)
	n := normaliser(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, _ := document.Parse("f", data)
		if doc == nil {
			return
		}
		var config capture.Config
		doc.Decode(&config)
		set, _ := capture.Compile(config, n, capture.Knowledge{})
		observe(set, r, resp)
	})
}
