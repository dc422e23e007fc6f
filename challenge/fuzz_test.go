package challenge_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/policy"
)

// Nobody holds anything by a cookie that was not written for him.
func FuzzCookie(f *testing.F) {
	b := holder(f, newSet(f, policy.MitigationConfig{}, nil))
	good := b.jar["visit"]
	f.Add("visit=" + good)
	f.Add("visit=" + good[:20] + "; visit=\"" + good + "\"")
	f.Add("visit=AQEAAAA")
	f.Fuzz(func(t *testing.T, cookie string) {
		head := &capture.Request{Method: "GET", Scheme: "https", Host: "shop.example", Path: "/", Header: []capture.Field{{Name: "User-Agent", Value: chrome}, {Name: "Cookie", Value: cookie}}}
		if held := b.set.Held(head, b.now); held.Kind != "" && !strings.Contains(cookie, good) {
			t.Errorf("%q holds %s", cookie, held.Kind)
		}
	})
}

// No query and no form of strangers passes anything, and all get a bounded answer.
func FuzzServe(f *testing.F) {
	b := newBrowser(f, factorSet(f))
	p := b.offer(ask("proof"), b.navigate("GET", "/"))
	f.Add("pass", solve(f, p).Encode(), false)
	f.Add("pass", "visit-check="+field(p, "visit-check")+"&visit-solution=1&visit-answer=7", true)
	f.Add("return", "visit-check="+field(p, "visit-check")+"&state=a&result=passed&expires=9&signature=b", false)
	f.Add("return", strings.TrimPrefix(confirmed(f, headerOf(b.offer(ask("second_factor"), b.navigate("GET", "/")), "Location"), "no such secret", "passed", b.now.Unix()), "https://shop.example"+prefix+"return?"), false)
	f.Add("start", "visit-check="+field(p, "visit-check"), false)
	f.Add("seen/abc.css", "", false)
	f.Fuzz(func(t *testing.T, name, text string, post bool) {
		stranger := newBrowser(t, b.set)
		stranger.agent = firefox // every ticket above is Chrome's
		head := stranger.navigate("GET", prefix+name+"?"+text)
		if post {
			head = stranger.form(prefix+name, text)
		}
		page := stranger.serve(head)
		if stranger.last().Result == challenge.Passed || len(stranger.jar) > 0 || page.Status < 200 || len(page.Body) > 64<<10 {
			t.Errorf("%s %q: %d, %+v, %v", name, text, page.Status, stranger.last(), stranger.jar)
		}
	})
}

// A solution, however it is written, passes only if it is one.
func FuzzSolution(f *testing.F) {
	s := newSet(f, policy.MitigationConfig{}, nil)
	f.Add("0", "", true)
	f.Add("eyJudW1iZXIiOjF9", "seven", false)
	f.Fuzz(func(t *testing.T, solution, words string, proof bool) {
		b := newBrowser(t, s)
		kind := "captcha"
		if proof {
			kind = "proof"
		}
		p := b.offer(ask(kind), b.navigate("GET", "/"))
		form := url.Values{"visit-check": {field(p, "visit-check")}, "visit-solution": {solution}, "visit-answer": {words}}
		b.serve(b.form(prefix+"pass", form.Encode()))
		if b.last().Result == challenge.Passed && (words != "" || !proof || len(solution) > 20) {
			t.Errorf("%s passed by %q, %q at once", kind, solution, words)
		}
	})
}

// Whatever a form held comes back whole; whatever else is sent is left alone.
func FuzzSealed(f *testing.F) {
	s := newSet(f, policy.MitigationConfig{}, nil)
	f.Add([]byte("user=ada"), "/login", "a=b", "visit-check=x&visit-body=AAAA")
	f.Add([]byte{0, 255, 13, 10}, "/", "", "visit-check=")
	f.Fuzz(func(t *testing.T, body []byte, path, query, other string) {
		b := newBrowser(t, s)
		head := b.form("/", string(body))
		head.Path, head.Query = path, query
		if r, ok := s.Resume(head, []byte(other), b.now); ok || r.Body != nil {
			t.Fatalf("%q was taken for a solution", other)
		}
		p := b.offer(ask("refresh"), head)
		sealed := field(p, "visit-body")
		if kept := len(body) <= challenge.BodyMost; (sealed != "") != kept {
			t.Fatalf("%d bytes: kept %v", len(body), sealed != "")
		}
		r, ok := s.Resume(head, []byte("visit-check=x&visit-body="+sealed), b.now)
		if sealed != "" && (!ok || !bytes.Equal(r.Body, body)) {
			t.Fatalf("%q came back as %q", body, r.Body)
		}
	})
}

// Where a visitor is sent on never leaves the host and never breaks the header.
func FuzzOnward(f *testing.F) {
	s := newSet(f, policy.MitigationConfig{}, nil)
	for _, path := range []string{"/a", "//b", `/\b`, "/\t/b", "/%2f/b", "http://b", "/a\r\nb: c"} {
		f.Add(path, "q=1")
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		b := newBrowser(t, s)
		head := b.navigate("GET", "/")
		head.Path, head.Query = path, query
		location := headerOf(b.offer(ask("cookie"), head), "Location")
		base, err := url.Parse("https://shop.example/")
		if err != nil {
			t.Fatal(err)
		}
		to, err := base.Parse(location)
		if err == nil && (to.Host != "shop.example" || to.Scheme != "https") || !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") ||
			strings.ContainsAny(location, "\r\n\t\x00 \\") {
			t.Errorf("%q, %q leads to %q (%v)", path, query, location, err)
		}
	})
}
