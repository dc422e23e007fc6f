package challenge_test

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/policy"
)

// A form goes on after its check as if nothing had been: body, content type, path.
func TestFormsGoOn(t *testing.T) {
	binary := make([]byte, challenge.BodyMost)
	for i := range binary {
		binary[i] = byte(i * 7)
	}
	for name, c := range map[string]struct {
		contentType string
		body        []byte
	}{
		"login":  {"application/x-www-form-urlencoded", []byte("user=ada&password=s%26cret")},
		"upload": {"multipart/form-data; boundary=----x", []byte("------x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\x00\xff\r\n------x--\r\n")},
		"large":  {"text/plain", binary},
	} {
		for _, kind := range []string{"refresh", "preload", "hints", "proof", "captcha"} {
			b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
			head := b.form("/login?next=/cart", string(c.body))
			set(head, "Content-Type", c.contentType)
			p := b.offer(ask(kind), head)
			if strings.Contains(string(p.Body), " action=") || strings.Contains(string(p.Body), `http-equiv="refresh"`) {
				t.Errorf("%s, %s: the form does not go to its own address:\n%s", name, kind, p.Body[:500])
			}
			b.loadEverything(p)
			b.now = b.now.Add(2 * time.Second)
			again := b.form("/login?next=/cart", encode(solve(t, p)))
			if len(again.Body.Bytes) > challenge.ResumeLimit || !b.set.Resumes(again, again.Body.Bytes[:80]) {
				t.Errorf("%s, %s: not seen as a solution, %d bytes", name, kind, len(again.Body.Bytes))
			}
			r, ok := b.set.Resume(again, again.Body.Bytes, b.now)
			if !ok || !bytes.Equal(r.Body, c.body) || r.ContentType != c.contentType || r.Outcome.Result != challenge.Passed || r.Outcome.Check != kind {
				t.Fatalf("%s, %s: %v, %d bytes, %q, %+v", name, kind, ok, len(r.Body), r.ContentType, r.Outcome)
			}
			again.Header = b.set.Carry(again.Header, r.SetCookie)
			if got := b.set.Held(again, b.now).Kind; got != kind {
				t.Errorf("%s, %s: the request goes on with %q", name, kind, got)
			}
			// Loading the answer again sends the same form: it goes on, with what is held.
			b.keepCookie(r.SetCookie)
			again = b.form("/login?next=/cart", string(again.Body.Bytes))
			if r, ok = b.set.Resume(again, again.Body.Bytes, b.now); !ok || !bytes.Equal(r.Body, c.body) || r.SetCookie != "" || r.Outcome.Result != "" {
				t.Errorf("%s, %s again: %v, %+v", name, kind, ok, r.Outcome)
			}
		}
	}
}

// A wrong solution gives the form back and proves nothing, so that whoever decides asks again, with the same form.
func TestWrongSolutionsKeepTheForm(t *testing.T) {
	for name, spoil := range map[string]func(b *browser, form url.Values){
		"wrong":         func(_ *browser, f url.Values) { f.Set("visit-solution", "1") },
		"no ticket":     func(_ *browser, f url.Values) { f.Set("visit-check", "x") },
		"late":          func(b *browser, _ url.Values) { b.now = b.now.Add(time.Hour) },
		"second factor": func(_ *browser, f url.Values) { f.Set("visit-solution", "") },
	} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		form := solve(t, b.offer(ask("proof"), b.form("/login", "user=ada")))
		spoil(b, form)
		head := b.form("/login", encode(form))
		r, ok := b.set.Resume(head, head.Body.Bytes, b.now)
		if !ok || string(r.Body) != "user=ada" || r.SetCookie != "" || r.Outcome.Result != challenge.Refused {
			t.Errorf("%s: %v %q %+v", name, ok, r.Body, r.Outcome)
		}
		next := b.form("/login", string(r.Body))
		set(next, "Content-Length", strconv.Itoa(len(head.Body.Bytes))) // the solution's, which nobody has changed
		if p := b.offer(challenge.Ask{Kind: "proof", Again: true}, next); !strings.Contains(string(p.Body), "try again") || field(p, "visit-body") == "" {
			t.Errorf("%s: the next page has no form", name)
		}
	}
}

// A sealed form is good for one host, browser, path and query; for all else the request goes on as it came.
func TestSealedFormsAreBound(t *testing.T) {
	s := newSet(t, policy.MitigationConfig{}, nil)
	b := newBrowser(t, s)
	form := encode(solve(t, b.offer(ask("proof"), b.form("/login?a=1", "user=ada"))))
	for name, change := range map[string]func(h *capture.Request){
		"path":   func(h *capture.Request) { h.Path = "/admin" },
		"query":  func(h *capture.Request) { h.Query = "a=2" },
		"host":   func(h *capture.Request) { h.Host = "other.example" },
		"agent":  func(h *capture.Request) { set(h, "User-Agent", firefox) },
		"method": func(h *capture.Request) { h.Method = "PUT" },
		"type":   func(h *capture.Request) { set(h, "Content-Type", "application/json") },
	} {
		h := b.form("/login?a=1", form)
		change(h)
		if r, ok := s.Resume(h, h.Body.Bytes, b.now); ok || r.Body != nil {
			t.Errorf("other %s: resumed", name)
		}
	}
	h := b.form("/login?a=1", "user=ada&visit-check=x")
	if s.Resumes(h, h.Body.Bytes) {
		t.Error("an ordinary form looks like a solution")
	}
	other, _ := challenge.New(key(9), policy.MitigationConfig{}, nil)
	h = b.form("/login?a=1", form)
	if _, ok := other.Resume(h, h.Body.Bytes, b.now); ok {
		t.Error("opened with another key")
	}
}

// What cannot be kept, or must not be, is not in the page: the visitor is told to send it again.
func TestFormsThatAreNotKept(t *testing.T) {
	for name, change := range map[string]func(h *capture.Request){
		"cut":        func(h *capture.Request) { h.Body.Truncated = true },
		"not copied": func(h *capture.Request) { h.Body.Bytes = nil },
		"too large": func(h *capture.Request) {
			h.Body.Bytes = make([]byte, challenge.BodyMost+1)
			set(h, "Content-Length", "65537")
		},
		"encoded": func(h *capture.Request) {
			h.Header = append(h.Header, capture.Field{Name: "Content-Encoding", Value: "gzip"})
		},
		"another site":  func(h *capture.Request) { set(h, "Sec-Fetch-Site", "cross-site") },
		"another host":  func(h *capture.Request) { set(h, "Sec-Fetch-Site", "same-site") },
		"other origin":  func(h *capture.Request) { fromOrigin(h, "https://evil.example") },
		"hidden origin": func(h *capture.Request) { fromOrigin(h, "null") },
		"no length": func(h *capture.Request) {
			h.Body.Bytes = nil
			set(h, "Content-Length", "x")
		},
	} {
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		h := b.form("/login", "user=ada")
		change(h)
		p := b.offer(ask("proof"), h)
		if field(p, "visit-body") != "" || !strings.Contains(string(p.Body), "send it again") || !strings.Contains(string(p.Body), `action="`+prefix+`pass"`) ||
			!strings.Contains(string(p.Body), `data-hold="true"`) || strings.Contains(string(p.Body), "try again") {
			t.Errorf("%s: page:\n%.2000s", name, p.Body)
		}
	}
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	h := b.form("/login", "user=ada")
	fromOrigin(h, "https://shop.example")
	if field(b.offer(ask("proof"), h), "visit-body") == "" {
		t.Error("a form of the same origin is not kept")
	}
}

// fromOrigin is a form of a browser that sends no Sec-Fetch-Site.
func fromOrigin(h *capture.Request, value string) {
	set(h, "Sec-Fetch-Site", "")
	h.Header = append(h.Header, capture.Field{Name: "Origin", Value: value})
}
