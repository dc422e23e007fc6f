package decoy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"wayguard/capture"
	"wayguard/element"
	"wayguard/event"
	"wayguard/policy"
)

func trapsOf(t *testing.T, s *Set, c ...policy.DecoyConfig) *Traps {
	t.Helper()
	traps, problems := s.Traps(c)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return traps
}

func exampleTraps(t *testing.T) *Traps {
	return trapsOf(t, testSet(t), policy.DecoyConfig{Name: "export", Path: "/account/export-all", Pages: []string{"/", "/shop/*", "/help/{rest...}"}},
		policy.DecoyConfig{Name: "site", Field: "website"})
}

func TestTrapsAreTheInstallationsOwn(t *testing.T) {
	c := policy.DecoyConfig{Name: "export", Path: "/account/export-all"}
	one, again := trapsOf(t, testSet(t), c), trapsOf(t, testSet(t), c)
	other := trapsOf(t, New([]byte("another key of 32 bytes, as it is"), Settings{}), c)
	if one.list[0].link != again.list[0].link || one.list[0].link == other.list[0].link || !strings.HasPrefix(one.list[0].link, "/account/export-all/") {
		t.Errorf("%q, %q, %q", one.list[0].link, again.list[0].link, other.list[0].link)
	}
}

func TestTrapProblems(t *testing.T) {
	for name, c := range map[string][]policy.DecoyConfig{
		"no name": {{Path: "/a"}}, "neither": {{Name: "a"}}, "both": {{Name: "a", Path: "/a", Field: "b"}}, "relative": {{Name: "a", Path: "a"}},
		"markup": {{Name: "a", Path: `/a"><b`}}, "dots": {{Name: "a", Path: "/../a"}}, "field": {{Name: "a", Field: `a b`}},
		"pages": {{Name: "a", Path: "/a", Pages: []string{"x"}}}, "twice": {{Name: "a", Path: "/a"}, {Name: "a", Path: "/b"}},
		"many": make([]policy.DecoyConfig, maxTraps+1),
	} {
		if _, problems := testSet(t).Traps(c); len(problems) == 0 {
			t.Errorf("%s: no problem", name)
		}
	}
}

func TestTrapSpecsMakeEvents(t *testing.T) {
	traps := exampleTraps(t)
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	specs := traps.Specs()
	set, problems := capture.Compile(capture.Config{Specs: specs}, element.NewNormaliser(element.Default(), keys, element.Options{}), capture.Knowledge{})
	if len(problems) > 0 || len(specs) != 1 || !specs[0].Inline {
		t.Fatalf("%v, %+v", problems, specs)
	}
	o := newSimulated(1, false)
	r, _ := o.request("anna")
	r.Method, r.Path = "GET", traps.list[0].link
	spec := set.Match(r)
	if spec == nil {
		t.Fatal("the link matches no spec")
	}
	e := spec.Request(r)
	if found := e.Find("decoy"); found == nil || found.Value != "export" {
		t.Errorf("elements %+v", e.Elements)
	}
}

func TestTouched(t *testing.T) {
	traps := exampleTraps(t)
	link, field := traps.list[0].link, traps.list[1].field
	form := []capture.Field{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
	for name, test := range map[string]struct {
		r    capture.Request
		want string
	}{
		"link":      {capture.Request{Path: link}, "export"},
		"ahead":     {capture.Request{Path: link, Header: []capture.Field{{Name: "Sec-Purpose", Value: "prefetch;prerender"}}}, ""},
		"near":      {capture.Request{Path: "/account/export-all"}, ""},
		"form":      {capture.Request{Path: "/login", Header: form, Body: capture.Body{Bytes: []byte("a=b&" + field + "=http%3A%2F%2Fspam")}}, "site"},
		"empty":     {capture.Request{Path: "/login", Header: form, Body: capture.Body{Bytes: []byte(field + "=&a=b")}}, "site"},
		"json":      {capture.Request{Path: "/login", Body: capture.Body{Bytes: []byte(`{"` + field + `":"x"}`)}}, "site"},
		"multipart": {capture.Request{Path: "/login", Body: capture.Body{Bytes: []byte("--x\r\nContent-Disposition: form-data; name=\"" + field + "\"\r\n\r\nx")}}, "site"},
		// Anybody can make links, and put a picture's address where honest people look.
		"query":     {capture.Request{Path: "/search", Query: field + "=1"}, ""},
		"picture":   {capture.Request{Path: link, Host: "shop.example", Header: []capture.Field{{Name: "Sec-Fetch-Dest", Value: "image"}}}, ""},
		"elsewhere": {capture.Request{Path: link, Host: "shop.example", Header: []capture.Field{{Name: "Sec-Fetch-Site", Value: "cross-site"}}}, ""},
		"referred":  {capture.Request{Path: link, Host: "shop.example", Header: []capture.Field{{Name: "Referer", Value: "https://forum.example/"}}}, ""},
		"own page":  {capture.Request{Path: link, Host: "shop.example", Header: []capture.Field{{Name: "Referer", Value: "https://shop.example/"}}}, "export"},
		"value":     {capture.Request{Path: "/login", Header: form, Body: capture.Body{Bytes: []byte("a=" + field)}}, ""},
		"nothing":   {capture.Request{Path: "/login", Header: form, Body: capture.Body{Bytes: []byte("website=x")}}, ""},
	} {
		got, ok := traps.Touched(&test.r)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

func TestPages(t *testing.T) {
	traps := exampleTraps(t)
	for path, want := range map[string]bool{"/": true, "/shop/shoes": true, "/shop": false, "/shop/a/b": false, "/help/a/b/c": true, "/login": false} {
		if c := traps.Content(path); c == nil || (len(c.link) > 0) != want || len(c.field) == 0 {
			t.Errorf("%s: %+v", path, c)
		}
	}
	for pattern, paths := range map[string][2]string{"/a*c": {"/abc", "/ab"}, "/*b*": {"/abc", "/ac"}, "/{x}/b": {"/a/b", "/a/c"}} {
		p := newPagePattern(pattern)
		if !p.matches(segmentsOf(paths[0])) || p.matches(segmentsOf(paths[1])) {
			t.Errorf("%s", pattern)
		}
	}
	if none := trapsOf(t, testSet(t)); none.Content("/") != nil {
		t.Error("content without decoys")
	}
}

const examplePage = `<!DOCTYPE html><html><head><title></body><form method=post></title><script>var a = "<form method='post'></body>";</script></head>
<body class="a>b"><!-- <form method="post"> </body> -->
<form action="/payment-method?method=post" method="get"><input name="q"></form>
<FORM class='x' METHOD = "POST" action="/login"><input name="username"><input type="password" name="password"></FORM>
<form method=post><textarea><form method="post"></textarea></form>
</BODY></html>`

func TestPut(t *testing.T) {
	traps := exampleTraps(t)
	c := traps.Content("/")
	page := c.Put([]byte(examplePage))
	if n := bytes.Count(page, c.field); n != 2 {
		t.Errorf("the field is there %d times:\n%s", n, page)
	}
	if n := bytes.Count(page, c.link); n != 1 || !bytes.Contains(page, append(slices.Clone(c.link), "</BODY>"...)) {
		t.Errorf("the link is there %d times:\n%s", n, page)
	}
	if bare := bytes.ReplaceAll(bytes.ReplaceAll(page, c.field, nil), c.link, nil); string(bare) != examplePage {
		t.Errorf("more than the content changed:\n%s", bare)
	}
	if again := c.Put(page); !bytes.Equal(again, page) {
		t.Error("it was put in twice")
	}
	for _, part := range []string{"", "text", "<p>a part</p>", "<", "<form method=post", "<!--", "<script>", "</body"} {
		if got := c.Put([]byte(part)); string(got) != part {
			t.Errorf("%q became %q", part, got)
		}
	}
	var none *Content
	if string(none.Put([]byte("x"))) != "x" {
		t.Error("no content changed a page")
	}
}

// TestNobodyMeetsIt reads the page as a browser does: nothing of the content may be rendered, reached or sent.
func TestNobodyMeetsIt(t *testing.T) {
	traps := exampleTraps(t)
	root, err := html.Parse(bytes.NewReader(traps.Content("/").Put([]byte(examplePage))))
	if err != nil {
		t.Fatal(err)
	}
	links, fields := 0, 0
	for n := range root.Descendants() {
		switch {
		case n.Data == "a" && attribute(n, "href") == traps.list[0].link:
			links++
			if n.FirstChild != nil || attribute(n, "rel") != "nofollow" || attribute(n, "tabindex") != "-1" {
				t.Error("the link has content, may be followed by crawlers, or can be reached with the keyboard")
			}
			if p := n.Parent; !has(p, "hidden") || !has(p, "inert") || attribute(p, "aria-hidden") != "true" {
				t.Error("the link is not hidden from everybody")
			}
		case n.Data == "input" && attribute(n, "name") == traps.list[1].field:
			fields++
			if n.Parent.Data != "template" {
				t.Error("the field is part of the page, and so of the form")
			}
		}
		if attribute(n, "style") != "" {
			t.Error("an inline style does not pass a strict content security policy")
		}
	}
	if links != 1 || fields != 2 {
		t.Errorf("%d links, %d fields", links, fields)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func TestTrapAnswers(t *testing.T) {
	traps, o := exampleTraps(t), newSimulated(2, false)
	r, _ := o.request("anna")
	r.Path = traps.list[0].link
	page, ok := traps.Answer(r, "s", r.Time)
	again, _ := traps.Answer(r, "s", r.Time)
	other, _ := traps.Answer(r, event.ID("t"), r.Time)
	if !ok || page.Status != 200 || !strings.Contains(string(page.Body), "<h1>Export all</h1>") || page.After <= 0 || page.Framing.At != len(page.Header) {
		t.Errorf("%+v\n%s", page, page.Body)
	}
	if !bytes.Equal(page.Body, again.Body) || bytes.Equal(page.Body, other.Body) {
		t.Error("the page must be the session's")
	}
	r.Header = []capture.Field{{Name: "Accept", Value: "application/json"}}
	list, _ := traps.Answer(r, "s", r.Time)
	if !json.Valid(list.Body) || fieldValue(list.Header, "Content-Type") != "application/json" {
		t.Errorf("%s", list.Body)
	}
	r.Path = "/login"
	if _, ok := traps.Answer(r, "s", r.Time); ok {
		t.Error("another path was answered")
	}
}
