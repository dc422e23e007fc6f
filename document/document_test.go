package document_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/document"
)

// colour is a type that reads itself from text.
type colour string

func (c *colour) UnmarshalText(text []byte) error {
	if string(text) != "red" && string(text) != "green" {
		return fmt.Errorf("colour %q is none of red, green", text)
	}
	*c = colour(text)
	return nil
}

type inner struct {
	At    document.Mark
	ID    string           `yaml:"id"`
	On    document.Strings `yaml:"on"`
	Size  document.Bytes   `yaml:"size"`
	Wait  time.Duration    `yaml:"wait"`
	Count int              `yaml:"count"`
	Ready bool             `yaml:"ready"`
	Share *float64         `yaml:"share"`
	Any   any              `yaml:"any"`
	When  string           `yaml:"when"`
}

type shared struct {
	Mode colour `yaml:"mode"`
}

type outer struct {
	shared `yaml:",inline"`
	Items  []inner          `yaml:"items"`
	Named  map[string]inner `yaml:"named"`
	Level  uint8            `yaml:"level"`
}

func decode(t *testing.T, text string) (outer, document.Problems) {
	t.Helper()
	doc, problems := document.Parse("a.yaml", []byte(text))
	var o outer
	if doc != nil {
		problems = append(problems, doc.Decode(&o)...)
	}
	return o, problems
}

func TestDecodeReadsEveryKindOfField(t *testing.T) {
	o, problems := decode(t, `
mode: red
level: 7
items:
  - id: 12
    on: one
    size: 64KiB
    wait: 90d
    count: -3
    ready: true
    share: 0.5
    any: {a: [1, x, true, 2.5, null]}
  - { id: "two", on: [a, b], wait: 1h30m, size: 12 }
named:
  "a.b": { id: dotted }
`)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	first := o.Items[0]
	if first.ID != "12" || !reflect.DeepEqual(first.On, document.Strings{"one"}) || first.Size != 65536 ||
		first.Wait != 90*24*time.Hour || first.Count != -3 || !first.Ready || *first.Share != 0.5 {
		t.Errorf("first item: %+v", first)
	}
	want := map[string]any{"a": []any{int64(1), "x", true, 2.5, nil}}
	if !reflect.DeepEqual(first.Any, want) {
		t.Errorf("any: %#v", first.Any)
	}
	if second := o.Items[1]; len(second.On) != 2 || second.Wait != 90*time.Minute || second.Size != 12 {
		t.Errorf("second item: %+v", second)
	}
	if o.Mode != "red" || o.Level != 7 || o.Named["a.b"].ID != "dotted" {
		t.Errorf("outer: %+v", o)
	}
}

func TestDecodeTellsEveryProblemWithItsPlace(t *testing.T) {
	_, problems := decode(t, `items:
  - idd: x
    count: "7"
    ready: yes
    size: huge
    wait: 30
    share: [1]
  - text
level: 300
mode: purple
named: [1]
colour: red
`)
	want := []string{
		`a.yaml:2:5: items[0].idd: no such key (did you mean "id"?)`,
		`a.yaml:3:12: items[0].count: "7" must be a whole number`,
		`a.yaml:4:12: items[0].ready: "yes" must be true or false`,
		`a.yaml:5:11: items[0].size: is no size: write a whole number with a unit, such as 64KiB`,
		`a.yaml:6:11: items[0].wait: "30" is no duration: write it with a unit, such as 30m or 90d`,
		`a.yaml:7:12: items[0].share: must be a single value, not a list`,
		`a.yaml:8:5: items[1]: must be a map, not a single value`,
		`a.yaml:9:8: level: "300" must be a whole number, not negative`,
		`a.yaml:10:7: mode: colour "purple" is none of red, green`,
		`a.yaml:11:8: named: must be a map, not a list`,
		`a.yaml:12:1: colour: no such key (known here: items, level, mode, named)`,
	}
	if got := problems.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("[", 80) + strings.Repeat("]", 80)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for _, pair := range []string{"ba", "cb", "dc", "ed", "fe", "gf"} {
		to, from := pair[:1], pair[1:]
		bomb += to + ": &" + to + " [" + strings.TrimSuffix(strings.Repeat("*"+from+",", 10), ",") + "]\n"
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"only a comment", "# nothing\n", "is empty"},
		{"null", "~\n", "is empty"},
		{"no YAML", "a: [1\nb: 2\n", "is not YAML"},
		{"tab", "a:\n\t- x\n", "is not YAML"},
		{"no UTF-8", "a: \xff\n", "is not UTF-8"},
		{"too large", strings.Repeat("#", 1<<20+1), "is greater than 1MiB"},
		{"too deep", "a: " + deep, "is nested deeper than 64 levels"},
		{"alias bomb", bomb, "more than 100000 values"},
		{"alias cycle", "a: &a [*a]\n", "deeper than 64"},
		{"merge key", "a: &a {x: 1}\nb: {<<: *a}\n", "merge keys are not supported"},
		{"two documents", "a: 1\n---\nb: 2\n", "a second document"},
		{"duplicate key", "a: 1\nb: 2\na: 3\n", "a.yaml:3:1: a: the key is already given in line 1"},
		{"key that is no text", "? [1]\n: 2\n", "a key must be plain text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, problems := document.Parse("a.yaml", []byte(test.text))
			if got := problems.Error(); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestAliasesAreResolved(t *testing.T) {
	o, problems := decode(t, "items:\n  - &a { id: x, count: 3 }\n  - *a\n")
	if problems.Err() != nil || len(o.Items) != 2 || o.Items[1].Count != 3 {
		t.Fatalf("%+v, %v", o, problems)
	}
	if o.Items[1].At.Path() != "items[1]" {
		t.Errorf("the alias' mark is %s", o.Items[1].At.Path())
	}
}

func TestVariables(t *testing.T) {
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{"TOKEN": "s3cret", "PORT": "80"}[name]
		return value, ok
	}
	read := func(text string) (inner, document.Problems) {
		doc, problems := document.ParseWith("a.yaml", []byte(text), lookup)
		var i inner
		return i, append(problems, doc.Decode(&i)...)
	}
	doc, problems := document.ParseWith("a.yaml", []byte("id: x-${TOKEN}-$${TOKEN}-${lower}\ncount: ${PORT}\n"), lookup)
	var i inner
	problems = append(problems, doc.Decode(&i)...)
	if problems.Err() != nil || i.ID != "x-s3cret-${TOKEN}-${lower}" || i.Count != 80 {
		t.Errorf("%+v, %v", i, problems)
	}
	if _, problems := read("id: ${MISSING}\n"); !strings.Contains(problems.Error(), "a.yaml:1:5: id: the environment variable MISSING is not set") {
		t.Errorf("missing variable: %v", problems)
	}
	for _, key := range []string{"count", "wait", "size", "ready"} {
		_, problems := read(key + ": ${TOKEN}\n")
		if len(problems) != 1 || strings.Contains(problems.Error(), "s3cret") {
			t.Errorf("%s: %v: want one problem that does not quote the variable", key, problems)
		}
	}
	plain, problems := document.Parse("a.yaml", []byte("id: ${TOKEN}\n"))
	if problems = append(problems, plain.Decode(&i)...); problems.Err() != nil || i.ID != "${TOKEN}" {
		t.Errorf("without lookup: %+v, %v", i, problems)
	}
}

func TestMarksPointIntoTheFile(t *testing.T) {
	text := `items:
  - id: a
  - id: b
    on: [x, yy]
    when: count > 3
  - id: c
    when: |
      first
      second line
  - id: d
    when: "quoted text"
named:
  a.b: { id: dotted }
`
	o, problems := decode(t, text)
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	tests := []struct {
		mark         document.Mark
		path         string
		inside       document.Offset
		line, column int
	}{
		{o.Items[1].At, "", document.Offset{}, 3, 5},
		{o.Items[1].At, "on[1]", document.Offset{}, 4, 13},
		{o.Items[1].At, "missing.deeper", document.Offset{}, 3, 5},
		{o.Items[1].At, "when", document.Offset{Column: 6}, 5, 17},
		{o.Items[2].At, "when", document.Offset{Line: 1, Column: 7}, 9, 14},
		{o.Items[3].At, "when", document.Offset{Column: 7}, 11, 19},
		{o.Named["a.b"].At, "id", document.Offset{}, 13, 10},
	}
	for _, test := range tests {
		p := test.mark.ProblemAt(test.path, test.inside, "m", "s")
		if p.File != "a.yaml" || p.Line != test.line || p.Column != test.column {
			t.Errorf("%s %s: %d:%d, want %d:%d", test.mark.Path(), test.path, p.Line, p.Column, test.line, test.column)
		}
	}
	doc, _ := document.Parse("a.yaml", []byte(text))
	placed := doc.Place(document.Problems{{Path: "items[1].on[0]"}, {Path: "nowhere"}, {Path: "x", File: "other", Line: 9}})
	if placed[0].Line != 4 || placed[1].Line != 1 || placed[2].Line != 9 {
		t.Errorf("placed: %+v", placed)
	}
	if p := document.At("specs[2]").Problem("take.email", "m", ""); p.Path != "specs[2].take.email" || p.Line != 0 {
		t.Errorf("mark without document: %+v", p)
	}
}

func TestDecodeKeepsDefaults(t *testing.T) {
	doc, problems := document.Parse("a.yaml", []byte("count: 5\non:\n"))
	i := inner{ID: "kept", Wait: time.Minute, On: document.Strings{"old"}}
	problems = append(problems, doc.Decode(&i)...)
	if i.ID != "kept" || i.Wait != time.Minute || i.Count != 5 {
		t.Errorf("%+v", i)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "no value") {
		t.Errorf("a key without a value: %v", problems)
	}
}

func TestBytes(t *testing.T) {
	tests := map[string]document.Bytes{"0": 0, "12": 12, "64KiB": 65536, "64 kib": 65536, "1MB": 1e6, "2GiB": 2 << 30, "7B": 7}
	for text, want := range tests {
		got, err := document.ParseBytes(text)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
		if again, err := document.ParseBytes(got.String()); err != nil || again != got {
			t.Errorf("%s is written %s, which reads %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", "1.5MB", "x", "KiB", "99999999999GiB", "1TB"} {
		if got, err := document.ParseBytes(text); err == nil {
			t.Errorf("%q gave %d", text, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"email", "phone", "session_token", "path"}
	for word, want := range map[string]string{"emial": "email", "EMAIL": "email", "phine": "phone", "sesion_token": "session_token",
		"zzz": "", "": "", "pth": "path"} {
		if got := document.Suggest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"items:\n  - id: a\n", "a: &a [*a]", "{<<: {a: b}}", "? [a]\n: b", "a: |\n  x\n", "items: [{on: [a], any: {b: c}}]",
		"named: {a: {size: 1KiB}}", "mode: ${X}", "\"a.b[0]\": 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, problems := document.ParseWith("f", data, func(string) (string, bool) { return "v", true })
		if doc == nil {
			if len(problems) == 0 {
				t.Fatal("neither a document nor a problem")
			}
			return
		}
		var o outer
		for _, p := range doc.Decode(&o) {
			if p.File != "f" || p.Line < 1 || p.Message == "" {
				t.Fatalf("a problem without place or text: %+v", p)
			}
			doc.Locate(p.Path)
		}
		for _, item := range o.Items {
			item.At.ProblemAt("when", document.Offset{Line: 1, Column: 3}, "m", "")
		}
	})
}
