package mitigation

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"wayguard/policy"
)

func jsonChange(t testing.TB, path string, c change) []jsonField {
	t.Helper()
	steps, err := parseJSONPath(path)
	if err != nil {
		t.Fatalf("%q: %v", path, err)
	}
	return []jsonField{{steps, c}}
}

func TestEditJSON(t *testing.T) {
	lower, fixed := change{format: strings.ToLower}, change{fixed: true, value: "x"}
	for _, c := range []struct {
		name, path string
		change     change
		body, want string
		note       string
	}{
		{"a value", "a", lower, `{"a":"B","b":"B"}`, `{"a":"b","b":"B"}`, ""},
		{"deep", "a.b.c", lower, `{"a":{"b":{"c":"X"},"c":"X"}}`, `{"a":{"b":{"c":"x"},"c":"X"}}`, ""},
		{"with a root", "$.a.b", lower, `{"a":{"b":"X"}}`, `{"a":{"b":"x"}}`, ""},
		{"a place", "a.1", lower, `{"a":["A","B","C"]}`, `{"a":["A","b","C"]}`, ""},
		{"a place in brackets", "a[1].n", lower, `{"a":[{"n":"A"},{"n":"B"}]}`, `{"a":[{"n":"A"},{"n":"b"}]}`, ""},
		{"all places", "a.*", lower, `{"a":["A",1,{"x":"A"},"B"]}`, `{"a":["a",1,{"x":"A"},"b"]}`, ""},
		{"all members", "a[*].n", lower, `{"a":{"p":{"n":"A"},"q":{"n":"B"}}}`, `{"a":{"p":{"n":"a"},"q":{"n":"b"}}}`, ""},
		{"a number's name", "a.1", lower, `{"a":{"1":"A"}}`, `{"a":{"1":"a"}}`, ""},
		{"a root list", "0", lower, `["A","B"]`, `["a","B"]`, ""},
		{"spaces and numbers stay", "k", lower, "\n{ \"n\" : 1.50e+03 , \"k\" :\t\"A\" , \"z\":-0 }\r\n", "\n{ \"n\" : 1.50e+03 , \"k\" :\t\"a\" , \"z\":-0 }\r\n", ""},
		{"order and twice", "k", lower, `{"z":1,"k":"A","a":2,"k":"B"}`, `{"z":1,"k":"a","a":2,"k":"b"}`, ""},
		{"an escaped name", "key", lower, `{"\u006bey":"A"}`, `{"\u006bey":"a"}`, ""},
		{"unchanged escapes stay", "k", lower, `{"k":"\u0061\/b"}`, `{"k":"\u0061\/b"}`, ""},
		{"changed escapes", "k", lower, `{"k":"\u0041\n\"<"}`, `{"k":"a\n\"\u003c"}`, ""},
		{"half a pair stays", "k", lower, `{"k":"A\ud800"}`, `{"k":"A\ud800"}`, ""},
		{"half a pair is replaced", "k", fixed, `{"k":"A\ud800"}`, `{"k":"x"}`, ""},
		{"no format for numbers", "k", lower, `{"k":1E5}`, `{"k":1E5}`, ""},
		{"objects stay", "k", fixed, `{"k":{"k":"A"}}`, `{"k":{"k":"A"}}`, noteNoField},
		{"a number becomes a text", "k", fixed, `{"k":1}`, `{"k":"x"}`, ""},
		{"a number stays a number", "k", change{fixed: true, value: "0"}, `{"k":1.0}`, `{"k":0}`, ""},
		{"a text stays a text", "k", change{fixed: true, value: "0"}, `{"k":"1"}`, `{"k":"0"}`, ""},
		{"null", "k", change{fixed: true, value: "true"}, `{"k":null}`, `{"k":true}`, ""},
		{"not there", "q.r", lower, `{"q":"A"}`, `{"q":"A"}`, noteNoField},
		{"not JSON", "a", lower, `{"a":"B",}`, `{"a":"B",}`, noteNotJSON},
		{"two values", "a", lower, `{"a":"B"}{"a":"B"}`, `{"a":"B"}{"a":"B"}`, noteNotJSON},
		{"no UTF-8", "a", lower, "{\"a\":\"B\",\"b\":\"\xff\"}", "{\"a\":\"B\",\"b\":\"\xff\"}", noteNotJSON},
		{"a mark before it", "a", lower, "\ufeff{\"a\":\"B\"}", "\ufeff{\"a\":\"B\"}", noteNotJSON},
		{"nothing", "a", lower, "", "", noteNotJSON},
		{"too deep", "a", lower, strings.Repeat("[", 400) + strings.Repeat("]", 400), strings.Repeat("[", 400) + strings.Repeat("]", 400), noteDeepJSON},
	} {
		fields := jsonChange(t, c.path, c.change)
		got, note := editJSON([]byte(c.body), fields)
		if string(got) != c.want || note != c.note {
			t.Errorf("%s: %s (%q), want %s (%q)", c.name, got, note, c.want, c.note)
		}
		if again, _ := editJSON(got, fields); string(again) != string(got) {
			t.Errorf("%s: the second time it is %s", c.name, again)
		}
	}
}

func TestJSONPaths(t *testing.T) {
	for text, want := range map[string]string{"a": "a", "$.a.b": "a b", "a[0][1].b": "a 0 1 b", "$[*].a": "* a", "a..b": "", "": "", "$": "", "a[0": "",
		strings.Repeat("a.", 40) + "a": ""} {
		got, err := parseJSONPath(text)
		if joined := strings.Join(got, " "); (err == nil) != (want != "") || err == nil && joined != want {
			t.Errorf("%q: %q, %v", text, joined, err)
		}
	}
}

// FuzzEditJSON holds an edit to its promises: JSON stays JSON, all but the selected values stays byte for byte, and doing it twice is doing
// it once.
func FuzzEditJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"B","list":[1,{"a":"C D"}]}`, `{"a":{"a":"\u0041"},"a":"\ud83d\ude00"}`, `[{"a":"x"},null,true,-1.5e9]`, `"x"`, ` {"a":[]} `, `{"a":"\ud800"}`} {
		for n := range uint8(9) {
			f.Add([]byte(seed), n, n)
		}
	}
	all := newFormats()
	f.Fuzz(func(t *testing.T, body []byte, which, where uint8) {
		names := policy.Formats()
		c := change{fixed: true, value: "fixed <value>"}
		if int(which) < len(names) {
			c = change{format: all.of(names[which])}
		}
		paths := []string{"a", "a.a", "*", "*.*", "list.1.a", "0", "*.a", "a.*"}
		path := paths[int(where)%len(paths)]
		fields := jsonChange(t, path, c)
		before := slices.Clone(body)
		edited, note := editJSON(body, fields)
		if !bytes.Equal(body, before) {
			t.Fatal("the body that was given was changed")
		}
		if note != "" && !bytes.Equal(edited, body) {
			t.Fatalf("it was not left alone: %s", note)
		}
		if !json.Valid(body) {
			return
		}
		if !json.Valid(edited) {
			t.Fatalf("%q became %q", body, edited)
		}
		if again, _ := editJSON(edited, fields); !bytes.Equal(again, edited) {
			t.Fatalf("once %q, twice %q", edited, again)
		}
		sameOutside(t, body, edited, fields)
	})
}

// sameOutside compares what stands outside the places that an edit may touch, which it finds by an edit that always touches them.
func sameOutside(t *testing.T, body, edited []byte, fields []jsonField) {
	t.Helper()
	outside := func(data []byte) []string {
		var pieces []string
		w := jsonWalk{data: data, change: &change{fixed: true, value: "\x00 never there"}}
		w.value(w.space(0), fields[0].path, 0)
		at := 0
		for _, s := range w.splices {
			pieces = append(pieces, string(data[at:s.start]))
			at = s.end
		}
		return append(pieces, string(data[at:]))
	}
	if a, b := outside(body), outside(edited); !slices.Equal(a, b) {
		t.Fatalf("outside the values %q became %q", a, b)
	}
}
