package backend

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

func templateScope() *scope {
	return &scope{credential: payment.PAN, number: testPAN, now: time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC),
		secrets: map[string]string{"api_key": "k-1"},
		tree: payment.Tree{
			"a":     payment.Tree{"text": "Grüße", "number": json.Number("1050"), "yes": true, "null": nil, "list": []any{"x", "y"}, "time": "2026-03-01T12:00:00Z", "negative": json.Number("-5"), "empty": ""},
			"items": []any{payment.Tree{"name": "Book"}, payment.Tree{"other": "x"}, payment.Tree{"name": "Pen"}},
		}}
}

// TestTemplates fills in one template after the other.
func TestTemplates(t *testing.T) {
	for template, want := range map[string]string{
		`{"a": "b", "n": 1.50, "t": true, "z": null, "l": [1, "x"], "o": {}}`: `{"a":"b","l":[1,"x"],"n":1.50,"o":{},"t":true,"z":null}`,
		`"{{ $.a.number }}"`:                                       `1050`,
		`"{{$.a.yes}}"`:                                            `true`,
		`"{{ $.a.list }}"`:                                         `["x","y"]`,
		`"{{ $.a.list[1] }}"`:                                      `"y"`,
		`"{{ $.a.text }} & {{ $.a.number }}"`:                      `"Grüße & 1050"`,
		`"{{ $.a.text | first(3) }}"`:                              `"Grü"`,
		`"{{ $.a.text | last(2) }}"`:                               `"ße"`,
		`"{{ $.a.text | tail(4) | upcase }}"`:                      `"E"`,
		`"{{ $.a.number | first(2) }}"`:                            `"10"`,
		`"{{ $.a.number | major(2) }}"`:                            `10.50`,
		`"{{ $.a.negative | major(2) }}"`:                          `-0.05`,
		`"{{ $.a.number | major(0) }}"`:                            `1050`,
		`"{{ $.a.number | times(10000) }}"`:                        `10500000`,
		`"{{ $.a.number | to_string }}"`:                           `"1050"`,
		`"{{ $.a.time | unix }}"`:                                  `1772366400`,
		`"{{ $.a.time | unix_ms | to_string }}"`:                   `"1772366400000"`,
		`"{{ $now }}"`:                                             `"2026-03-01T12:00:00.5Z"`,
		`"{{ $now | unix_ms }}"`:                                   `1772366400500`,
		`"{{ $pan }}"`:                                             `"4111111111111111"`,
		`"{{ $secret.api_key }}"`:                                  `"k-1"`,
		`"{{ $.a.none | default(\"d\") }}"`:                        `"d"`,
		`"{{ $.a.null | default({\"k\": [1]}) }}"`:                 `{"k":[1]}`,
		`"{{ $.a.yes | map({\"true\": 1}) }}"`:                     `1`,
		`"{{ $.a.text | map({\"x\": \"}} | y\"}, \"else }}\") }}"`: `"else }}"`,
		`"{{ $.a.text | sha256 | first(8) }}"`:                     `"f83e0397"`,
		`"{{ $.a.time | digits | first(4) | to_int }}"`:            `2026`,
		`"{{ $.a.text | downcase | trim }}"`:                       `"grüße"`,
		`{"keep": 1, "gone": "{{ $.a.none }}", "o": {"gone": "{{ $.a.none }}"}, "l": ["{{ $.b }}"]}`:                     `{"keep":1}`,
		`{"keep": 1, "gone": "x {{ $.a.none }}", "too": "x {{ $.a.list }}", "iban": "{{ $iban }}"}`:                      `{"keep":1}`,
		`{"keep": 1, "text": "{{ $.a.text | to_int }}", "s": "{{ $.a.number | upcase }}", "u": "{{ $.a.text | unix }}"}`: `{"keep":1}`,
		`{"i": {"@each": "$.items", "@do": {"n": "{{ $item.name }}"}}}`:                                                  `{"i":[{"n":"Book"},{"n":"Pen"}]}`,
		`{"@each": "$.a.list", "@do": "{{ $item }}!"}`:                                                                   `["x!","y!"]`,
		`{"k": 1, "i": {"@each": "$.none", "@do": "{{ $item }}"}}`:                                                       `{"k":1}`,
		`"{ not one } $.a.text {"`: `"{ not one } $.a.text {"`,
		`"<a href=\"x\">&"`:        `"<a href=\"x\">&"`,
	} {
		value, err := decodeNumbers([]byte(template))
		if err != nil {
			t.Fatalf("%s: %v", template, err)
		}
		c := &compiler{}
		p := c.part("$", value, 0)
		if len(c.problems) > 0 {
			t.Errorf("%s: %v", template, c.problems)
			continue
		}
		got, ok := render(p, templateScope())
		if !ok || string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", template, got, want)
		}
	}
}

// TestNothingIsMadeOfNothing: a template all of whose values are missing makes no body.
func TestNothingIsMadeOfNothing(t *testing.T) {
	c := &compiler{}
	for _, template := range []any{"{{ $.none }}", map[string]any{"a": "{{ $.none }}"}, []any{"x{{ $.none }}"}} {
		if got, ok := render(c.part("$", template, 0), templateScope()); ok {
			t.Errorf("%v makes %s", template, got)
		}
	}
}

// TestWrongTemplates are told, at their place and without what stands there.
func TestWrongTemplates(t *testing.T) {
	for text, want := range map[string]string{
		`{{ $.a `:                                    "without its }}",
		`{{ $.a }`:                                   "without its }}",
		`{{ a.b }}`:                                  "is no path",
		`{{ }}`:                                      "is no path",
		`{{ $ }}`:                                    "is no path",
		`{{ $.a..b }}`:                               "is no path",
		`{{ $.metadata.note }}`:                      "metadata is never sent",
		`{{ $.metadata }}`:                           "metadata is never sent",
		`{{ $.credential.pan.value }}`:               "is no path",
		`{{ $.credential.sepa.iban }}`:               "is no path",
		`{{ $secret. }}`:                             "a secret is named",
		`{{ $secret.a b }}`:                          "a secret is named",
		`{{ $.a | unknown }}`:                        `no filter "unknown"`,
		`{{ $.a | un known }}`:                       "no filter of that name",
		`{{ $.a | first }}`:                          `filter "first" has the wrong arguments`,
		`{{ $.a | first(-1) }}`:                      "wrong arguments",
		`{{ $.a | first(1.5) }}`:                     "wrong arguments",
		`{{ $.a | first(1, 2) }}`:                    "wrong arguments",
		`{{ $.a | upcase(1) }}`:                      "wrong arguments",
		`{{ $.a | map(1) }}`:                         "wrong arguments",
		`{{ $.a | map() }}`:                          "wrong arguments",
		`{{ $.a | times(0) }}`:                       "wrong arguments",
		`{{ $.a | major(9) }}`:                       "wrong arguments",
		`{{ $.a | default() }}`:                      "wrong arguments",
		`{{ $.a | first(x) }}`:                       "arguments that are no JSON",
		`{{ $.a | first(1)) }}`:                      "do not close",
		`{{ $.a | map({"a: 1}) }}`:                   "without its }}",
		strings.Repeat("{{ $.a }}", 600):             "",
		`{{ $.a` + strings.Repeat("|trim", 9) + `}}`: "more than 8 filters",
	} {
		c := &compiler{}
		c.text("$.body.x", text, nil)
		if want == "" {
			if len(c.problems) > 0 {
				t.Errorf("%.40s: %v", text, c.problems)
			}
			continue
		}
		if len(c.problems) != 1 || c.problems[0].Field != "$.body.x" || !strings.Contains(c.problems[0].Message, want) {
			t.Errorf("%s: %+v, want %q", text, c.problems, want)
		}
	}
}

// TestListsAreBounded: of a long list only so many elements are told.
func TestListsAreBounded(t *testing.T) {
	s := templateScope()
	s.tree["items"] = make([]any, 5000)
	for i := range 5000 {
		s.tree["items"].([]any)[i] = "x"
	}
	value, _ := (&compiler{}).part("$", map[string]any{"@each": "$.items", "@do": "{{ $item }}"}, 0).fill(s)
	if got := len(value.([]any)); got != maxEach {
		t.Errorf("%d elements", got)
	}
}

// FuzzExpression: whatever is written as a placeholder, it is refused or can be filled in; nothing reads the card number but $pan.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{`$.a.text | first(3)`, `$.a.yes | map({"true": "}}|"}, [1])`, `$pan`, `$item.x`, `$secret.api_key`, `$.credential.pan.value`, `$['metadata'].note`, `$.a.list[*] | default("x")`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &compiler{}
		p := c.text("$", "{{"+text+"}}", nil)
		if len(c.problems) > 0 {
			return
		}
		s := templateScope()
		s.tree["credential"] = payment.Tree{"type": "pan"}
		value, ok := p.fill(s)
		if !ok {
			return
		}
		made, ok := encode(value)
		if !ok {
			t.Fatalf("%q makes %T, which is no JSON", text, value)
		}
		if strings.Contains(string(made), testPAN) && len(c.discloses) == 0 {
			t.Fatalf("%q tells the card number and does not say so", text)
		}
	})
}

// FuzzURL: whatever stands in a payment, it stays inside its step or its value of an address.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"a", "..", "../../admin", "a/b?c=d&e#f", "%2e%2e", "\r\nHost: x", " ", "ü"} {
		f.Add(seed)
	}
	c := &compiler{}
	p := c.url("$", "/v1/{{ $.a.v }}/score?ref={{ $.a.v }}&x=1")
	if len(c.problems) > 0 {
		f.Fatal(c.problems)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := templateScope()
		s.tree["a"] = payment.Tree{"v": value}
		made, ok := p.fill(s)
		if !ok {
			return
		}
		request, fault := newRequest(t.Context(), call{method: "GET", url: "https://engine.example.com" + made.(string)})
		if fault != nil {
			t.Fatalf("%q makes no address", value)
		}
		u := request.URL
		if steps := strings.Split(u.EscapedPath(), "/"); len(steps) != 4 || steps[1] != "v1" || steps[3] != "score" || steps[2] == ".." || u.Host != "engine.example.com" || u.Fragment != "" {
			t.Fatalf("%q leads to %s", value, u)
		}
		if q := u.Query(); len(q) != 2 || q.Get("x") != "1" || q.Get("ref") != value {
			t.Fatalf("%q asks %s", value, u.RawQuery)
		}
	})
}

// FuzzTiming: a header of anybody's gives nothing or times that are none below zero.
func FuzzTiming(f *testing.F) {
	f.Add("total;dur=123.4, external;dur=100.2")
	f.Add("total;;;dur==,")
	f.Fuzz(func(t *testing.T, header string) {
		if got := parseTiming(header); got != nil && (got.Total < 0 || got.External < 0 || got.Internal < 0) {
			t.Fatalf("%q: %+v", header, got)
		}
	})
}
