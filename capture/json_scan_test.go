package capture

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ohler55/ojg/jp"

	"wayguard/element"
)

// scanPaths are the paths that every text of the tests is asked.
func scanPaths() []string {
	return []string{"$", "$.a", "$.a.b", "$.a.b.c", "$.a[0]", "$.a[1].b", "$.a[*]", "$.a[*].b", "$[*]", "$.*", "$.*.b", "$[0]", "$[2].a", "$['a']['b']", "$.a[*].b[*]", "$.a[*][0]", "$.b", "$.a.*.c", "$.*.*", "$.é", "$['']"}
}

// checkScan compares the scan with the tree and the paths' own library.
func checkScan(t *testing.T, scan *jsonScan, trie *jsonTrie, numbers []int, paths []jp.Expr, text []byte) bool {
	t.Helper()
	ok := scan.run(text, trie)
	root, conflicts, err := parseJSON(text)
	if !ok {
		return false
	}
	if err != nil || conflicts {
		t.Fatalf("%q is taken, but the reader says conflicts %v, %v", text, conflicts, err)
	}
	for i, path := range paths {
		var arena element.Arena
		want, got := selectJSON(root, path), scan.found(&arena, nil, numbers[i])
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s of %q: got %+v, want %+v", path, text, got, want)
		}
		if hasJSON(root, path) != scan.has(numbers[i]) {
			t.Fatalf("%s of %q: has %v", path, text, scan.has(numbers[i]))
		}
	}
	return true
}

func scanTrie(t testing.TB) (trie *jsonTrie, numbers []int, paths []jp.Expr) {
	trie = &jsonTrie{}
	for _, text := range scanPaths() {
		path, err := parseJSONPath(text)
		if err != nil {
			t.Fatal(err)
		}
		number := trie.add(path)
		if number == complexPath {
			t.Fatalf("%s is not for the trie", text)
		}
		numbers, paths = append(numbers, number), append(paths, path)
	}
	return trie, numbers, paths
}

func scanSeeds() []string {
	seeds := []string{`{"a":{"b":{"c":"x"}}}`, `{"a":[{"b":1},{"b":[1,2,[3]]},{"b":null}]}`, `[1,2,{"a":true}]`, ` {"a" : [ ] , "b" : { } } `, `{"a":"\u00e9\n\/\"\\"}`,
		`{"a":1.50,"b":-0}`, `[1.0,-0.0,1e3,1E+2,0.10,100.00,1.5e10,123456789012345678901234567890,0.30000000000000004,1.00000000000000000000010]`, `"x"`, `7`, `null`, `true`, `false`, `{"é":"ü","":0}`, `{"a":[[1],[2]]}`,
		`{"a":{"x":1,"y":[1],"z":{"q":1},"w":null,"v":"é"}}`, `{"a":["😀","\ud83d\ude00"]}`, "[" + strings.Repeat("1,", 40) + "2]", `{"a":[` + strings.Repeat(`{"b":1},`, 40) + `{"b":2}]}`,
		strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat("[", 64) + strings.Repeat("]", 64), `{"a":"` + strings.Repeat("0123456789", 7) + `"}`}
	var members []string
	for i := range 64 {
		members = append(members, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return append(seeds, "{"+strings.Join(members, ",")+"}", `{"a":{`+strings.Join(members[:33], ",")+`}}`)
}

func refused() []string {
	return []string{"", " ", "{", "[", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `{a:1}`, "{'a':1}", `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `"\x"`, `"\u12"`, `"\ud800"`, `"\udc00"`,
		"\"\xff\"", "\"\t\"", "\"a", `tru`, `nul`, `nulll`, `1 2`, `{}{}`, `[1}`, `{"a" 1}`, `{"a":1 "b":2}`, "\ufeff{}", "[1\v]", `{"a":{"b":1,"c":2,"b":3}}`, "\"\xed\xa0\x80\"", "\"\xc3", "NaN", `[0x1]`}
}

func TestJSONScan(t *testing.T) {
	trie, numbers, paths := scanTrie(t)
	var scan jsonScan
	for i, text := range scanSeeds() {
		if taken := checkScan(t, &scan, trie, numbers, paths, []byte(text)); !taken && !strings.Contains(text, `\ud83d`) && i != 18 {
			t.Errorf("%.100q is left to the reader", text)
		}
	}
	for _, text := range refused() {
		if checkScan(t, &scan, trie, numbers, paths, []byte(text)) {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzJSONScan(f *testing.F) {
	for _, seed := range append(scanSeeds(), refused()...) {
		f.Add([]byte(seed))
	}
	trie, numbers, paths := scanTrie(f)
	var scan jsonScan
	f.Fuzz(func(t *testing.T, text []byte) { checkScan(t, &scan, trie, numbers, paths, text) })
}

func BenchmarkJSONScan(b *testing.B) {
	trie := &jsonTrie{}
	for _, text := range []string{"$.a.b", "$.a.c", "$.list[*].sku", "$.notes", "$.x", "$.y", "$.z.z", "$.q", "$.r", "$.s"} {
		path, _ := parseJSONPath(text)
		trie.add(path)
	}
	text := []byte(`{"a":{"b":"visitor.123@mail.example","c":12.5},"list":[` + strings.Repeat(`{"sku":"SKU-00001","name":"A thing of number 7","quantity":2,"price":12.50,"options":["red","large"]},`, 12) +
		`{}],"notes":"` + strings.Repeat("leave it at the door, please. ", 20) + `"}`)
	var scan jsonScan
	var arena element.Arena
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var list []found
	for range b.N {
		arena.Reset()
		if !scan.run(text, trie) {
			b.Fatal("left to the reader")
		}
		for path := range 10 {
			list = scan.found(&arena, list[:0], path)
		}
	}
}

// TestScanBounds leaves to the reader what is more or deeper than is read, also where no path selects it.
func TestScanBounds(t *testing.T) {
	trie, numbers, paths := scanTrie(t)
	var scan jsonScan
	for _, test := range []struct {
		name, text string
		taken      bool
	}{
		{"many texts", `{"q":[` + strings.Repeat(`"x",`, maxJSONValues-3) + `"x"]}`, true},
		{"too many texts", `{"q":[` + strings.Repeat(`"x",`, maxJSONValues-2) + `"x"]}`, false},
		{"too many long texts", `{"q":[` + strings.Repeat(`"long enough",`, maxJSONValues-2) + `"x"]}`, false},
		{"deep text", strings.Repeat(`[`, maxJSONDepth) + `"x"` + strings.Repeat(`]`, maxJSONDepth), true},
		{"too deep text", strings.Repeat(`[`, maxJSONDepth+1) + `"x"` + strings.Repeat(`]`, maxJSONDepth+1), false},
		{"many keys", `{"q":{` + keys(maxScanKeys) + `}}`, true},
		{"too many keys", `{"q":{` + keys(maxScanKeys+1) + `}}`, false},
		{"a short key twice", `{"q":{` + keys(40) + `,"k7":1}}`, false},
		{"a long key twice", `{"q":{` + keys(40) + `,"longer name":1,"x":1,"longer name":2}}`, false},
	} {
		if taken := checkScan(t, &scan, trie, numbers, paths, []byte(test.text)); taken != test.taken {
			t.Errorf("%s: taken %v", test.name, taken)
		}
	}
}

// keys are the members of an object with as many names.
func keys(count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"k%d":%d`, i, i)
	}
	return b.String()
}

// TestTrieFindsAllMembers fills one node, so that its table grows and names meet in it.
func TestTrieFindsAllMembers(t *testing.T) {
	trie := &jsonTrie{}
	text := "{"
	for i := range 60 {
		name := strings.Repeat("n", i%12) + fmt.Sprint(i)
		path, err := parseJSONPath("$." + name)
		if err != nil {
			t.Fatal(err)
		}
		if first, second := trie.add(path), trie.add(path); first != 2*i || second != 2*i+1 {
			t.Fatalf("%s has the numbers %d and %d", name, first, second)
		}
		text += fmt.Sprintf(`"%s":%d,`, name, i)
	}
	var scan jsonScan
	if !scan.run([]byte(text+`"other":1}`), trie) {
		t.Fatal("the text is not taken")
	}
	for i := range 2 * 60 {
		if got := scan.found(nil, nil, i); len(got) != 1 || got[0].text != fmt.Sprint(i/2) {
			t.Errorf("path %d: %v", i, got)
		}
	}
}
