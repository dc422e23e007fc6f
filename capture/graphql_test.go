package capture_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

const graphqlSpecs = `specs:
  - name: login
    event: GraphQL Login
    type: authentication_attempt
    inline: true
    match: { path: /graphql, graphql: [Login, login] }
    take:
      username: { graphql: input.user }
      password: { graphql: input.password }
      promo_code: { graphql: $code }
    outcome:
      - { result: failure, when: { status: 200, json: { "$.errors[0]": "*" } } }
      - { result: success, when: { status: 200, json: { "$.data.login.token": "*" } } }
  - name: cart
    event: Cart
    type: cart_update
    match: { path: /graphql, graphql: addToCart }
    take: { product_sku: { graphql: sku } }
`

func TestGraphQL(t *testing.T) {
	set := mustCompile(t, graphqlSpecs)
	tests := []struct {
		name, body, spec string
		users            []string
	}{
		{"variables", `{"operationName":"Login","query":"mutation Login($input: In!) { signIn(input: $input) { token } }","variables":{"input":{"user":"ann"}}}`, "login", []string{"ann"}},
		{"literals", `{"query":"mutation { login(input: {user: \"ann\", password: \"x\"}) { token } }"}`, "login", []string{"ann"}},
		{"nested variable", `{"query":"mutation($u: String!) { login(input: {user: $u}) { token } }","variables":{"u":"ann"}}`, "login", []string{"ann"}},
		{"default of a variable", `{"query":"mutation($u: String = \"ann\") { login(input: {user: $u}) { token } }"}`, "login", []string{"ann"}},
		{"alias hides nothing", `{"query":"mutation { x: login(input: {user: \"ann\"}) { token } }"}`, "login", []string{"ann"}},
		{"aliases are many logins", `{"query":"mutation { a: login(input: {user: \"ann\"}) { t } b: login(input: {user: \"bob\"}) { t } }"}`, "login", []string{"ann", "bob"}},
		{"fragment", `{"query":"mutation { ...A } fragment A on M { ...B } fragment B on M { login(input: {user: \"ann\"}) { t } ...A }"}`, "login", []string{"ann"}},
		{"a decoy variable is not read", `{"query":"mutation { login(input: {user: \"ann\"}) { t } }","variables":{"input":{"user":"decoy"}}}`, "login", []string{"ann"}},
		{"batch", `[{"query":"{ shop { name } }"},{"query":"mutation { login(input: {user: \"ann\"}) { t } }"}]`, "login", []string{"ann"}},
		{"chosen operation", `{"operationName":"B","query":"query A { login { t } } mutation B { addToCart(sku: \"s\") { id } }"}`, "cart", nil},
		{"persisted", `{"operationName":"Login","variables":{"input":{"user":"ann"}},"extensions":{}}`, "login", []string{"ann"}},
		{"other", `{"query":"{ shop { name } }"}`, "", nil},
		{"no GraphQL", `{"a":1}`, "", nil},
		{"empty", ``, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := request("POST /graphql", test.body, jsonType)
			s := set.Match(r)
			if s == nil || !s.Needs().Undecided || !s.Needs().RequestBody || !s.Needs().Inline || !s.Needs().ResponseBody {
				t.Fatalf("candidate: %+v", s)
			}
			resolved := ""
			if one := s.Resolve(r); one != nil {
				resolved = one.Name()
			}
			e := s.Exchange(r, response(200, `{"data":{"login":null},"errors":[{"message":"wrong"}]}`, jsonType))
			if e.Spec != test.spec || resolved != test.spec {
				t.Fatalf("event of spec %q, resolved %q, want %q; %+v", e.Spec, resolved, test.spec, e.Issues)
			}
			if got := values(e, "username"); !reflect.DeepEqual(got, test.users) {
				t.Errorf("users %q, want %q", got, test.users)
			}
			if test.spec == "login" && e.Result != "failure" {
				t.Errorf("result %q", e.Result)
			}
			if test.spec != "" && e.Find("graphql_operation") == nil {
				t.Error("no operation")
			}
		})
	}
}

func TestGraphQLOverGET(t *testing.T) {
	set := mustCompile(t, graphqlSpecs)
	query := url.Values{"query": {`mutation { login(input: {user: "ann"}) { t } }`}, "variables": {`{"code":"SPRING"}`}}
	e := observe(set, request("GET /graphql?"+query.Encode(), ""), nil)
	if e.Spec != "login" || len(values(e, "username")) != 1 || len(values(e, "promo_code")) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestGraphQLBombsAreBounded(t *testing.T) {
	set := mustCompile(t, graphqlSpecs)
	for _, query := range []string{
		"{" + strings.Repeat("a{", 9000),
		"{" + strings.Repeat("a ", 9000) + "}",
		"{ login(input: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + ") }",
		"{ ...A } fragment A on Q { ...B ...B } fragment B on Q { ...A ...A login { t } }",
	} {
		r := request("POST /graphql", `{"query":"`+query+`"}`, jsonType)
		e := set.Match(r).Exchange(r, nil)
		if len(e.Elements) > 300 {
			t.Errorf("%d elements", len(e.Elements))
		}
	}
}

func TestGraphQLThatCannotBeReadFallsToTheNextSpec(t *testing.T) {
	set := mustCompile(t, graphqlSpecs+spec("other", "{ path: /graphql }"))
	many := strings.Repeat("p ", 20_000)
	for name, body := range map[string]string{
		"too many tokens": `{"query":"{ ` + many + `login(input: {user: 1}) }"}`, "no JSON": `{"query"`,
		"too long": strings.Repeat(" ", 70_000) + `{"query":"{ login }"}`,
	} {
		e := observe(set, request("POST /graphql", body, jsonType), nil)
		if e.Spec != "other" || len(e.Issues) == 0 {
			t.Errorf("%s: spec %q, issues %v", name, e.Spec, e.Issues)
		}
	}
	hidden := `{"query":"{ ` + strings.Repeat("p ", 4000) + ` login(input: {user: \"ann\"}) }"}`
	if e := observe(set, request("POST /graphql", hidden, jsonType), nil); e.Spec != "login" || len(values(e, "username")) != 1 {
		t.Errorf("a login behind many fields: %q, %v", e.Spec, e.Issues)
	}
}

func FuzzGraphQL(f *testing.F) {
	set := mustCompile(f, graphqlSpecs)
	f.Add(`mutation Login($i: In = {user: "a"}) { x: login(input: $i) { t } ...F } fragment F on M { login }`, `{"i":{"user":"b"}}`)
	f.Add(`query A { a } query B { b }`, ``)
	f.Fuzz(func(t *testing.T, query, variables string) {
		r := request("GET /graphql?"+url.Values{"query": {query}, "variables": {variables}}.Encode(), "")
		set.Match(r).Exchange(r, nil)
	})
}
