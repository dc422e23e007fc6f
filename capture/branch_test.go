package capture

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// linear gives the first spec that matches, asking all of them.
func linear(s *Set, r *Request) *Spec {
	path := splitPath(segments{}, r.Path)
	for _, spec := range s.specs {
		if spec.match.matches(r, &path) {
			return spec
		}
	}
	return nil
}

// setOf is a set of specs with these path patterns.
func setOf(t *testing.T, room int, patterns []string) *Set {
	t.Helper()
	set := &Set{}
	for _, source := range patterns {
		p, err := parsePattern(source)
		if err != nil {
			t.Fatal(err)
		}
		set.specs = append(set.specs, &Spec{name: source, match: matcher{path: p}})
	}
	set.branch = newBranch(set.specs, 0, &room)
	return set
}

// TestBranchesChangeNothing compares with asking all specs in order, for random patterns and paths.
func TestBranchesChangeNothing(t *testing.T) {
	d := rand.New(rand.NewSource(1))
	pick := func(words ...string) string { return words[d.Intn(len(words))] }
	matched := 0
	for range 300 {
		var patterns []string
		for range 1 + d.Intn(40) {
			source := ""
			for i := range d.Intn(6) {
				source += "/" + pick("a", "b", "c", "a", "b", "*", "a*", fmt.Sprintf("{p%d}", i))
			}
			if d.Intn(6) == 0 {
				source += "/{rest...}"
			}
			patterns = append(patterns, "/"+strings.TrimPrefix(source, "/"))
		}
		set := setOf(t, pickRoom(d), patterns)
		for range 200 {
			path := ""
			for range d.Intn(7) {
				path += "/" + pick("a", "b", "c", "ab", "d", "%61", "..", ".", "", "b;x=1")
			}
			r := &Request{Path: path}
			want, got := linear(set, r), set.Match(r)
			if got != want {
				t.Fatalf("%q among %q: got %v, want %v", path, patterns, got, want)
			}
			if want != nil {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d paths matched anything", matched)
	}
}

func pickRoom(d *rand.Rand) int {
	if d.Intn(4) == 0 {
		return d.Intn(60) // not enough for all branches
	}
	return maxCandidates
}

// TestBranchesAreBounded makes specs that part at each segment and others that fit everywhere.
func TestBranchesAreBounded(t *testing.T) {
	var patterns []string
	for i := range maxSpecs / 2 {
		patterns = append(patterns, fmt.Sprintf("/s%d/{x}/{y}/{z}", i), fmt.Sprintf("/{w}/t%d/{y}/u%d", i, i))
	}
	set := setOf(t, maxCandidates, patterns)
	entries := 0
	var count func(b *branch)
	count = func(b *branch) {
		entries += len(b.specs) + len(b.next)
		for _, next := range b.next {
			count(next)
		}
	}
	count(&set.branch)
	if entries > 2*maxCandidates {
		t.Errorf("%d entries", entries)
	}
	for _, path := range []string{"/s7/t9/q/u9", "/x/t9/q/u9", "/x/t9/q/u8", "/s3/a/b/c", "/s3"} {
		r := &Request{Path: path}
		if want, got := linear(set, r), set.Match(r); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestSplitPlain holds the short way for plain paths to the long one.
func TestSplitPlain(t *testing.T) {
	for _, path := range []string{"", "/", "//", "a", "/a", "/a/", "a/b", "/a//b", "/./a", "/../a", "/a/..", "/a/../b/.", "/.hidden/..x/...", "/a/b/../../../c"} {
		long := segments{}
		for raw := range strings.SplitSeq(path, "/") {
			long = long.push(raw)
		}
		if short := splitPath(segments{}, path); string(short.text) != string(long.text) || fmt.Sprint(short.ends) != fmt.Sprint(long.ends) {
			t.Errorf("%q: got %q %v, want %q %v", path, short.text, short.ends, long.text, long.ends)
		}
	}
}

// TestContentTypes tells several types that differ from one that stands twice.
func TestContentTypes(t *testing.T) {
	const name = "Content-Type"
	for _, test := range []struct {
		values   []string
		media    string
		conflict bool
	}{
		{nil, "", false}, {[]string{"Text/HTML"}, "text/html", false}, {[]string{"application/json", "application/json"}, "application/json", false},
		{[]string{"application/json", "text/html"}, "", true}, {[]string{"", "text/html"}, "", true}, {[]string{"text/html", ""}, "", true},
	} {
		m := message{issues: &issueList{}}
		for _, value := range test.values {
			m.header = append(m.header, Field{Name: name, Value: value}, Field{Name: "content-encoding", Value: "gzip"})
		}
		coded := m.contentType()
		if m.content.media != test.media || m.content.unreadable != test.conflict || (len(m.issues.list) > 0) != test.conflict || coded != (len(test.values) > 0) {
			t.Errorf("%q: media %q, unreadable %v, issues %v, coded %v", test.values, m.content.media, m.content.unreadable, m.issues.list, coded)
		}
	}
}

// TestGlobEnds holds the look at a glob's ends to the whole comparison.
func TestGlobEnds(t *testing.T) {
	words := []string{"", "*", "a", "b", "A", "ab", "aB", "*a", "a*", "*a*", "a*b", "A*B", "**", "ba", "aab"}
	for _, pattern := range words {
		for _, text := range words {
			for _, folded := range []bool{false, true} {
				g := newGlob(pattern, folded)
				if got, want := g.matches(text), matchGlob(g.text, text, folded); got != want {
					t.Errorf("%q, folded %v, of %q: got %v, want %v", pattern, folded, text, got, want)
				}
			}
		}
	}
}
