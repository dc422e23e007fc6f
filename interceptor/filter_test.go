package interceptor

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// nil stands for "yields nothing".
func run(t *testing.T, filter string, input any) any {
	t.Helper()
	f, message := parseFilters(filter)
	if message != "" {
		t.Fatalf("%s: %s", filter, message)
	}
	out := f.run(yield{input, input != nil})
	if !out.some {
		return nil
	}
	return out.value
}

func TestTheDocumentedFilters(t *testing.T) {
	for _, c := range []struct {
		filter    string
		input, is any
	}{
		// The seed's table, row by row.
		{"first(6)", "4111111111111111", "411111"},
		{"last(4)", "4111111111114242", "4242"},
		{"tail(3)", "abcdef", "def"},
		{`map({"visa": "VISA", "mc": "MASTERCARD"})`, "mc", "MASTERCARD"},
		{"to_int", "1250", json.Number("1250")},
		{"downcase", "EUR", "eur"},
		{"downcase | first(6)", "ABCDEFGH", "abcdef"},

		// Their edges.
		{"first(6)", "411", "411"},
		{"last(4)", "42", "42"},
		{"tail(3)", "abc", ""},
		{"tail(0)", "abc", "abc"},
		{"first(2)", "äöü", "äö"},
		{"last(2)", "äöü", "öü"},
		{"tail(1)", "äöü", "öü"},
		{"to_int", "0012", json.Number("12")},
		{"to_int", "-5", json.Number("-5")},
		{"to_int", json.Number("7"), json.Number("7")},
		{"to_int", "9223372036854775807", json.Number("9223372036854775807")},

		// What is of the wrong type, or in no table, yields nothing.
		{"first(6)", json.Number("4111111111111111"), nil},
		{"last(4)", true, nil},
		{"tail(2)", []any{"a"}, nil},
		{"downcase", map[string]any{}, nil},
		{"to_int", "12.5", nil},
		{"to_int", json.Number("12.5"), nil},
		{"to_int", "", nil},
		{"to_int", "-", nil},
		{"to_int", "+5", nil},
		{"to_int", " 5", nil},
		{"to_int", "9223372036854775808", nil},
		{"to_int", "1e3", nil},
		{"to_int", true, nil},
		{`map({"a": "b"})`, "c", nil},
		{`map({"a": null})`, "a", nil},
		{`map({"a": "b"})`, []any{}, nil},
		{"first(6)", nil, nil},
		{"to_int", nil, nil},
		{`map({"a": "b"}, "c")`, nil, nil},
		{"to_int | downcase", "12", nil},
	} {
		if got := run(t, c.filter, c.input); got != c.is {
			t.Errorf("%s of %v is %v, not %v", c.filter, c.input, got, c.is)
		}
	}
}

func TestOurOwnFilters(t *testing.T) {
	for _, c := range []struct {
		filter    string
		input, is any
	}{
		{"upcase", "eur", "EUR"},
		{"trim", "  a b\n", "a b"},
		{`replace("_", "-")`, "en_GB_x", "en-GB-x"},
		{`replace(' ', '')`, "DE 12 34", "DE1234"},
		{"digits", "4111 1111-11x", "4111111111"},
		{"digits | last(4)", "4111 1111 1111 4242", "4242"},
		{"to_minor(2)", "12.34", json.Number("1234")},
		{"to_minor", "12.3", json.Number("1230")},
		{"to_minor(2)", json.Number("12.34"), json.Number("1234")},
		{"to_minor(2)", "12", json.Number("1200")},
		{"to_minor(2)", "12.340", json.Number("1234")},
		{"to_minor(2)", "-0.05", json.Number("-5")},
		{"to_minor(0)", "500", json.Number("500")},
		{"to_minor(3)", "1.5", json.Number("1500")},
		{"to_minor(2)", "12.345", nil},
		{"to_minor(2)", "12,34", nil},
		{"to_minor(2)", "12.", nil},
		{"to_minor(2)", ".5", nil},
		{"to_minor(2)", "1.2.3", nil},
		{"to_minor(2)", json.Number("1e2"), nil},
		{"to_minor(2)", "1.-5", nil},
		{"to_string", json.Number("42"), "42"},
		{"to_string", true, "true"},
		{"to_string", "x", "x"},
		{"to_string", []any{}, nil},
		{"to_string | first(6)", json.Number("4111111111111111"), "411111"},
		{`default("EUR")`, nil, "EUR"},
		{`default(EUR)`, "", "EUR"},
		{`default("EUR")`, "USD", "USD"},
		{`to_int | default(0)`, "x", json.Number("0")},
		{`map({"a": "b"}, "other")`, "c", "other"},
		{`map({a: b, 'c': 'd', 01: "one"})`, "01", "one"},
		{`map({1: 10, 2: 20})`, json.Number("2"), json.Number("20")},
		{`map({true: "yes"})`, true, "yes"},
		{`map({"a|b)": "}"})`, "a|b)", "}"},
		{"map({})", "a", nil},
		{"mask", "4111111111114242", "411111******4242"},
		{"mask", "abcdefghijkl", "********ijkl"},
		{"mask", "secret", "******"},
		{"mask", json.Number("1"), nil},
	} {
		if got := run(t, c.filter, c.input); got != c.is {
			t.Errorf("%s of %v is %v, not %v", c.filter, c.input, got, c.is)
		}
	}
}

func TestFiltersThatCannotBe(t *testing.T) {
	for filter, says := range map[string]string{
		"frist(6)":                        `filter 1: no such filter (did you mean "first"?)`,
		"downcase | uppcase":              `filter 2: no such filter (did you mean "upcase"?)`,
		"first":                           "first takes 1 argument",
		"first()":                         "first takes 1 argument",
		"first(1, 2)":                     "first takes 1 argument",
		"first(0)":                        "a number of characters from 1",
		"first(-1)":                       "a number of characters from 1",
		"first(1.5)":                      "a number of characters from 1",
		"first(x)":                        "a number of characters from 1",
		"tail(-1)":                        "a number of characters from 0",
		"first(6":                         `a "," or ")" is missing`,
		"first(6))":                       `a "|" is missing`,
		"first(6) last(4)":                `a "|" is missing`,
		"downcase |":                      "filter 2: its name is missing",
		"| downcase":                      "filter 1: its name is missing",
		"downcase(1)":                     "downcase takes no argument",
		"map":                             "map takes 1 or 2 arguments",
		"map(x)":                          "its first argument is a table",
		`map({"a" "b"})`:                  `a ":" is missing`,
		`map({"a": "b" "c": "d"})`:        `a "," or "}" is missing`,
		`map({"a": "b", "a": "c"})`:       "a key stands twice",
		`map({"a": {"b": "c"}})`:          "an argument is missing",
		`map({"a": "b"`:                   `a "," or "}" is missing`,
		`map({"a": "b"}, {})`:             "its second argument is a text",
		`map({"a": "b}`:                   "does not end",
		`replace("", "x")`:                "the first of them not empty",
		`replace("x")`:                    "replace takes 2 arguments",
		"to_minor(5)":                     "a number of decimals from 0 to 4",
		"to_minor('2')":                   "a number of decimals from 0 to 4",
		"default(null)":                   "its argument is a text",
		"default('":                       "does not end",
		strings.Repeat("trim|", 20) + "t": "more than 20 filters",
		strings.Repeat(" ", 70000):        "longer than",
	} {
		if _, message := parseFilters(filter); !strings.Contains(message, says) {
			t.Errorf("%.40s: says %q, not %q", filter, message, says)
		}
	}
}

func TestFiltersStayBounded(t *testing.T) {
	long := strings.Repeat("a", 60_000)
	if got := run(t, `replace("a", "bb")`, long); got != nil {
		t.Errorf("a text of %d bytes came out", len(got.(string)))
	}
	if got := run(t, `replace("a", "b")`, long); got != strings.Repeat("b", 60_000) {
		t.Error("a text within the bound was not changed")
	}
}

func FuzzFilters(f *testing.F) {
	for _, seed := range []string{"first(6)", `map({"a": 1, b: 'c'}, x) | default("y")`, `replace("a","b")|to_minor(2)`, "mask|digits|to_int"} {
		f.Add(seed, "4111 1111", int64(7))
	}
	f.Fuzz(func(t *testing.T, filter, text string, number int64) {
		chain, message := parseFilters(filter)
		if message != "" {
			if len(chain.chain) > maxFilters {
				t.Fatal("a chain without end")
			}
			return
		}
		raw, _ := json.Marshal(number)
		for _, input := range []yield{something(text), something(json.Number(raw)), something(true), something([]any{text}), nothing()} {
			out := chain.run(input)
			if !out.some {
				continue
			}
			if s, ok := out.value.(string); ok && (len(s) > max(maxFilterText, len(text)+64) || utf8.ValidString(text) && utf8.ValidString(filter) && !utf8.ValidString(s)) {
				t.Fatalf("%q gives a text of %d bytes, valid: %v", filter, len(s), utf8.ValidString(s))
			}
			switch out.value.(type) {
			case string, json.Number, bool, []any:
			default:
				t.Fatalf("%q gives a %T", filter, out.value)
			}
		}
	})
}
