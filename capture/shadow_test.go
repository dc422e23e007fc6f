package capture_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestShadowedSpecsNeverMatch draws pairs of specs and requests: a spec that was refused as unreachable must not match,
// alone, what the earlier spec alone does not.
func TestShadowedSpecsNeverMatch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	match := func() string {
		var path strings.Builder
		for range 1 + random.IntN(3) {
			path.WriteString("/" + pick("a", "b", "*", "a*", "ab", "*b"))
		}
		if random.IntN(4) == 0 {
			path.WriteString("/{rest...}")
		}
		text := "path: '" + path.String() + "'"
		text += pick("", "", ", method: GET", ", method: [GET, POST]")
		text += pick("", "", ", query: { q: '*' }", ", query: { q: '!' }", ", query: { q: ['1', '2'] }", ", query: { q: '1' }", ", query: { q: ['1', '!'] }")
		text += pick("", "", ", header: { x: 'a*' }", ", header: { X: ab }")
		return "{ " + text + pick("", "", ", host: shop.example", ", host: '*.example'") + " }"
	}
	shadowed, n := 0, normaliser(t)
	for range 1500 {
		first, second := spec("first", match()), spec("second", match())
		_, problems := compileWith(n, "specs:\n"+first+second)
		if !strings.Contains(problems.Error(), "is never reached") {
			continue
		}
		shadowed++
		wide, _ := compileWith(n, "specs:\n"+first)
		narrow, _ := compileWith(n, "specs:\n"+second)
		for range 60 {
			path := "/" + pick("a", "b", "ab", "aab") + pick("", "/a", "/b", "/ab") + pick("", "/a", "/b/a")
			r := request(pick("GET ", "POST ", "PUT ")+path+pick("", "?q=1", "?q=2", "?q=3", "?q"), "", pick("X: ab", "x: ac", "y: b"))
			if narrow.Match(r) != nil && wide.Match(r) == nil {
				t.Fatalf("%s was called unreachable behind\n%s, but matches %s?%s %v", second, first, r.Path, r.Query, r.Header)
			}
		}
	}
	if shadowed < 20 {
		t.Errorf("only %d pairs were shadowed", shadowed)
	}
}
