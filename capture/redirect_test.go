package capture

import (
	"net/url"
	"testing"
)

func FuzzRedirectTarget(f *testing.F) {
	for _, s := range []string{"/", "/a", "/a?b=c", "/a/./b", "/a/../b", "//x/y", "/a?", "/a?b?c", "/?//x", "/a/b.c", "/a?b=../x", "/.a", "/a//b", "a", "?x", "/a#b", "/a:b", "/a?x=/y"} {
		f.Add(s)
	}
	r := &Request{Scheme: "https", Host: "shop.example", Path: "/x/y"}
	f.Fuzz(func(t *testing.T, location string) {
		path, query, ok := redirectTarget(r, location)
		target, err := url.Parse(location)
		if err != nil {
			if ok {
				t.Fatalf("%q is no address, but gives %q", location, path)
			}
			return
		}
		target = (&url.URL{Scheme: r.Scheme, Host: r.Host, Path: r.Path}).ResolveReference(target)
		if !ok || path != target.Path || query != target.RawQuery {
			t.Fatalf("%q: got %q %q %v, want %q %q", location, path, query, ok, target.Path, target.RawQuery)
		}
	})
}
