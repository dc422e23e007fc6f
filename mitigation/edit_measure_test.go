package mitigation

import (
	"errors"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/policy"
)

func TestRewriteRequest(t *testing.T) {
	change := policy.ActionConfig{Kind: event.Rewrite, Request: policy.EditConfig{
		Set: map[string]string{"X-Why": "{label}", "X-Bad": "\x01"}, Remove: []string{"X-Gone"},
		Fields: []policy.FieldConfig{{JSON: "mail", As: "email"}, {Form: "mail", As: "email"}, {JSON: "who", Value: "{el.username}"}, {Form: "who", Value: "{el.username}"}},
	}}
	multipart := "--b\r\nContent-Disposition: form-data; name=mail\r\n\r\n%\r\n--b--"
	for _, c := range []struct{ name, header, body, want, detail string }{
		{"JSON", "Content-Type: application/json", `{"mail":"A@B.example", "who":"x"}`, `{"mail":"a@b.example", "who":"ann"}`, ""},
		{"JSON as text", "Content-Type: text/plain;charset=UTF-8", `{"mail":"A@B.example"}`, `{"mail":"a@b.example"}`, ""},
		{"JSON of no type", "X-A: b", `{"mail":"A@B.example"}`, `{"mail":"a@b.example"}`, ""},
		{"a form", "Content-Type: application/x-www-form-urlencoded", "mail=A%40B.example&who=x", "mail=a%40b.example&who=ann", ""},
		{"multipart", "Content-Type: multipart/form-data; boundary=b", strings.Replace(multipart, "%", "A@B.example", 1), strings.Replace(multipart, "%", "a@b.example", 1), ""},
		{"nothing to change", "Content-Type: application/json", `{"mail":"a@b.example"}`, "", ""},
		{"another kind", "Content-Type: application/xml", "<mail>A</mail>", "", noteOtherBody},
		{"packed", "Content-Encoding: gzip", `{"mail":"A@B.example"}`, "", noteCodedBody},
		{"no body", "Content-Type: application/json", "", "", noteNoBody},
		{"not JSON", "Content-Type: application/json", "{", "", noteNotJSON},
	} {
		p := newPorter(t)
		p.head = answerHead("POST /x", c.header)
		p.body(c.body)
		var m Measure
		detail, ok := p.carry(&m, change)
		if !ok || detail != c.detail || string(m.Request.Body) != c.want || (m.Request.Body == nil) != (c.want == "") {
			t.Errorf("%s: %q, %q", c.name, m.Request.Body, detail)
		}
		if e := m.Request; len(e.Set) != 1 || e.Set[0].Name != "X-Why" || e.Set[0].Value != "bad" || len(e.Remove) != 1 {
			t.Errorf("%s: %+v", c.name, e)
		}
		if m.Response != nil {
			t.Errorf("%s: the answer is changed as well", c.name)
		}
	}
}

func TestRewritesFollowEachOther(t *testing.T) {
	p := newPorter(t)
	p.body(`{"a":"X","b":"Y"}`)
	var m Measure
	for _, field := range []policy.FieldConfig{{JSON: "a", As: "lower"}, {JSON: "b", As: "lower"}, {JSON: "b", Value: "z"}} {
		p.carry(&m, policy.ActionConfig{Kind: event.Rewrite, Request: policy.EditConfig{Fields: []policy.FieldConfig{field}}})
	}
	if string(m.Request.Body) != `{"a":"x","b":"z"}` {
		t.Errorf("%s", m.Request.Body)
	}
	p.head.Body.Truncated = true
	m = Measure{}
	if detail, _ := p.carry(&m, policy.ActionConfig{Kind: event.Rewrite, Request: policy.EditConfig{Fields: []policy.FieldConfig{{JSON: "a", As: "lower"}}}}); detail != noteCutBody || m.Request.Body != nil {
		t.Errorf("a cut body: %q, %q", m.Request.Body, detail)
	}
}

// TestAnswersAreChanged: what is injected and what is rewritten go together, each where it belongs.
func TestAnswersAreChanged(t *testing.T) {
	p := newPorter(t)
	p.head = answerHead("GET /x", "Range: bytes=0-9", "If-None-Match: \"a\"", pageAccept)
	var m Measure
	p.carry(&m, policy.ActionConfig{Kind: event.Inject, HTML: "<p>é {el.username}</p>"})
	p.carry(&m, policy.ActionConfig{Kind: event.Inject, HTML: "<b></b>", Before: "</head>"})
	p.carry(&m, policy.ActionConfig{Kind: event.Rewrite, Response: policy.EditConfig{Set: map[string]string{"X-A": "b"}, Remove: []string{"Server"},
		Fields: []policy.FieldConfig{{JSON: "price", Value: "0"}, {JSON: "who", Value: "{el.username}"}}}})
	if m.Request == nil || strings.Join(m.Request.Remove, " ") != "If-None-Match Range" {
		t.Errorf("the origin may answer with a part: %+v", m.Request)
	}
	if e := m.Response; len(e.Set) != 1 || len(e.Remove) != 1 || e.BodyLimit != editBodyLimit {
		t.Errorf("%+v", e)
	}
	// The event's memory is used again once the question is answered.
	p.event.Elements[0].Value = "somebody else"
	for _, c := range []struct{ contentType, body, want string }{
		{"text/html; charset=utf-8", "<head></head><body></body>", "<head><b></b></head><body><p>&#xe9; ann</p></body>"},
		{"TEXT/HTML", "</body>", "<p>&#xe9; ann</p></body>"},
		{"text/html; charset=utf-16", "</body>", "</body>"},
		{"application/json", `{"price":12.50,"who":null}`, `{"price":0,"who":"ann"}`},
		{"application/vnd.shop+json", `{"price":12.50}`, `{"price":0}`},
		{"application/vnd.ms-excel", `{"price":12.50}`, `{"price":12.50}`},
		{"text/plain", `{"price":12.50}</body>`, `{"price":12.50}</body>`},
	} {
		got, err := m.Response.Transform(c.contentType, []byte(c.body))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v, want %q", c.contentType, got, err, c.want)
		}
	}
}

// TestAnErrorEndsTheChanges: an answer is changed whole or not at all.
func TestAnErrorEndsTheChanges(t *testing.T) {
	broken := &Edit{Types: []string{"text/"}, Transform: func(string, []byte) ([]byte, error) { return nil, errors.New("broken") }}
	broken.then([]string{"text/html"}, func(string, []byte) []byte { return []byte("changed") })
	if got, err := broken.Transform("text/html", []byte("page")); err == nil {
		t.Errorf("the first change's error is lost: %q", got)
	}
	if strings.Join(broken.Types, " ") != "text/ text/html" {
		t.Errorf("%q", broken.Types)
	}
}
