package mitigation

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestInsertHTML(t *testing.T) {
	for _, c := range []struct{ name, before, page, want string }{
		{"before the end", "", "<html><body>x</body></html>", "<html><body>x<p>i</p></body></html>"},
		{"in capitals, with a space", "", "<BODY>x</BODY \n></HTML>", "<BODY>x<p>i</p></BODY \n></HTML>"},
		{"the last one", "", "a</body>b</body>c", "a</body>b<p>i</p></body>c"},
		{"not in a script", "", `<script>"</body>"</script>x</body>`, `<script>"</body>"</script>x<p>i</p></body>`},
		{"not in a comment", "", "<!-- </body> -->x</body><!-- </body> -->", "<!-- </body> -->x<p>i</p></body><!-- </body> -->"},
		{"not in a text field", "", "<textarea></body></textarea></body>", "<textarea></body></textarea><p>i</p></body>"},
		{"not in a title or a style", "</head>", "<title></head></title><style></head></style></head>", "<title></head></title><style></head></style><p>i</p></head>"},
		{"not in an attribute", "", `<a title="</body>">x</a></body>`, `<a title="</body>">x</a><p>i</p></body>`},
		{"an open script", "", "<script>x</body>", "<script>x</body>"},
		{"an open comment", "", "<!-- x</body>", "<!-- x</body>"},
		{"no marker", "", "<p>x", "<p>x"},
		{"the first head", "</head>", "<head></head><body></head>", "<head><p>i</p></head><body></head>"},
		{"a start tag with attributes", "<main>", `<MAIN class="x">y`, `<p>i</p><MAIN class="x">y`},
		{"a marker with attributes", `<div id="a">`, `<div id="b"><DIV ID="A">`, `<div id="b"><p>i</p><DIV ID="A">`},
		{"a comment", "<!-- here -->", "x<!-- HERE -->", "x<p>i</p><!-- HERE -->"},
		{"a text", "Copyright", `<a title="copyright">x</a><script>copyright</script><p>(C) copyright`, `<a title="copyright">x</a><script>copyright</script><p>(C) <p>i</p>copyright`},
		{"there already", "", "x<p>i</p></body>", "x<p>i</p></body>"},
		{"nothing", "", "", ""},
		{"another name", "</b>", "x</body></bold></b>", "x</body></bold><p>i</p></b>"},
	} {
		i := newInsertion("<p>i</p>", c.before)
		got := i.into([]byte(c.page))
		if string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if again := i.into(got); string(again) != string(got) {
			t.Errorf("%s: the second time it is %q", c.name, again)
		}
	}
}

func TestASCIIHTML(t *testing.T) {
	for text, want := range map[string]string{
		"<p title='é'>naïve 😀</p>":            "<p title='&#xe9;'>na&#xef;ve &#x1f600;</p>",
		"<script>'é😀'</script>é":              `<script>'\u00e9\ud83d\ude00'</script>&#xe9;`,
		"<style>a:after{content:'é'}</style>": `<style>a:after{content:'\0000e9'}</style>`,
		"plain <b>":                           "plain <b>",
		"an open <b title=":                   "an open <b title=",
		"\xff<i>":                             "<i>",
	} {
		if got := string(asciiHTML(text)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestInsertable(t *testing.T) {
	for contentType, want := range map[string]bool{"text/html": true, "TEXT/HTML; charset=ISO-8859-1": true, "text/html; charset=utf-16le": false, "text/html;charset=ISO-2022-JP": false,
		"application/xhtml+xml": false, "text/plain": false, "": false, "text/html; charset=": false} {
		if insertable(contentType) != want {
			t.Errorf("%q: %t", contentType, !want)
		}
	}
}

// FuzzInsertHTML: nothing of the page is lost, the HTML comes in once at most, and a browser's reader sees it as markup of its own.
func FuzzInsertHTML(f *testing.F) {
	for _, seed := range []string{"<html><body>x</body></html>", "<script></body></script></body>", "<!--</body>--></BODY >", "<textarea></body>", "<a b='</body>'>", "<svg><![CDATA[</body>]]></svg></body>",
		"<noscript></body></noscript>", "<plaintext></body>", "<p/></body x=1>", "</body", "<!doctype </body>", "<script><!--<script></script></body>", "<?</body>?>", "<b\x00></body>"} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), "x")
	}
	const mark = "<wg-mark></wg-mark>"
	f.Fuzz(func(t *testing.T, page []byte, before string) {
		if bytes.Contains(page, []byte("wg-mark")) || strings.Contains(before, "wg-mark") {
			return
		}
		i := newInsertion(mark, before)
		got := i.into(page)
		if n := bytes.Count(got, []byte(mark)); n > 1 || !bytes.Equal(bytes.Replace(got, []byte(mark), nil, 1), page) {
			t.Fatalf("%q became %q", page, got)
		}
		if again := i.into(got); before == "" && !bytes.Equal(again, got) {
			t.Fatalf("once %q, twice %q", got, again)
		}
		if bytes.Equal(got, page) {
			return
		}
		z := html.NewTokenizer(bytes.NewReader(got))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			if kind == html.StartTagToken && string(z.Raw()) == "<wg-mark>" {
				return
			}
		}
		t.Fatalf("in %q the HTML is no markup", got)
	})
}
