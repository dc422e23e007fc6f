package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/site"
)

const specs = `
specs:
  - name: products
    event: See Products
    type: product_view
    match: { method: POST, path: /graphql, graphql: products }
  - name: login
    event: Login through GraphQL
    type: authentication_attempt
    inline: true
    match: { method: POST, path: /graphql, graphql: login }
    take:
      username: { graphql: name }
  - name: page
    event: Page View
    type: session_update
    match: { method: GET, path: "/shop/{rest...}" }
    outcome:
      - { result: success, when: { status: 200 } }
`

func compiled(t *testing.T) *capture.Set {
	t.Helper()
	doc, problems := document.Parse("specs.yaml", []byte(specs))
	var config capture.Config
	problems = append(problems, doc.Decode(&config)...)
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	set, more := capture.Compile(config, element.NewNormaliser(element.Default(), keys, element.Options{}), capture.Knowledge{})
	if err := append(problems, more...).Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestWithRealSpecs has specs decide by head and by body.
func TestWithRealSpecs(t *testing.T) {
	asked := make(chan event.Event, 10)
	o := newObserver()
	o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
		asked <- kept(e)
		return event.Verdict{Actions: []event.Action{{Name: "block", Kind: event.Block}}}, nil
	}
	s := start(t, echo(t), nil, o)
	s.Swap(Snapshot{Specs: compiled(t), Policy: fakePolicy{}})

	if got := fetch(t, s.url+"/elsewhere"); got != "origin got " {
		t.Errorf("answer %q", got)
	}
	fetch(t, s.url+"/shop/shoes")
	if e := o.next(t); e.Spec != "page" || e.Result != event.Success || e.HTTP.Inline {
		t.Errorf("event %+v", e)
	}
	post := func(query string) int {
		t.Helper()
		answer, err := http.Post(s.url+"/graphql", "application/json", strings.NewReader(query))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	// Held because it might be a login; the body says that it is not.
	if status := post(`{"query":"{ products { id } }"}`); status != 200 {
		t.Errorf("products: %d", status)
	}
	if e := o.next(t); e.Spec != "products" || e.HTTP.Inline || len(asked) != 0 {
		t.Errorf("event %+v, asked %d", e, len(asked))
	}
	if status := post(`{"query":"mutation($name:String){ login(name:$name) { ok } }","variables":{"name":"bob"}}`); status != 403 {
		t.Errorf("login: %d", status)
	}
	e := o.next(t)
	if e.Spec != "login" || !e.HTTP.Inline || e.Result != event.Blocked || value(e, "username") != "bob" {
		t.Errorf("event %+v", e)
	}
	if question := <-asked; question.ID != e.ID || value(question, "username") != "bob" {
		t.Errorf("question %+v", question)
	}
	// A body that is no spec's: neither judged nor recorded.
	if status := post(`{"query":"{ basket { id } }"}`); status != 200 {
		t.Errorf("basket: %d", status)
	}
	until(t, "the end of the work", func() bool { return s.Counts().Memory == 0 && s.Counts().QueueDepth == 0 })
	if len(o.seen) != 0 || len(asked) != 0 {
		t.Errorf("observed %d, asked %d", len(o.seen), len(asked))
	}
}

// TestIdentityCookieIsSeen has a site set its cookie: the event knows the token that was issued, and the next one brings it.
func TestIdentityCookieIsSeen(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Cache-Control", "no-store") })
	o := newObserver()
	s := start(t, at, nil, o)
	set := sites(t, site.Config{Name: "shop", IdentityCookie: site.CookieConfig{On: true, Name: "sessionid", Insecure: true}})
	s.Swap(Snapshot{Specs: compiled(t), Policy: fakePolicy{}, Sites: set})
	answer, err := http.Get(s.url + "/shop/shoes")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	first := o.next(t)
	if len(answer.Cookies()) != 1 || len(first.Evidence.Tokens) != 1 || !first.Evidence.Tokens[0].Issued {
		t.Fatalf("cookies %v, evidence %+v", answer.Cookies(), first.Evidence)
	}
	request, err := http.NewRequest(http.MethodGet, s.url+"/shop/hats", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(answer.Cookies()[0])
	if answer, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	second := o.next(t)
	if len(second.Evidence.Tokens) != 1 || second.Evidence.Tokens[0].Hash != first.Evidence.Tokens[0].Hash || second.Evidence.Tokens[0].Issued {
		t.Errorf("the second event has %+v, the first %+v", second.Evidence, first.Evidence)
	}
}

func BenchmarkPassThrough(b *testing.B) {
	at := application(b, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 1024)) })
	for name, spec := range map[string]route{"unmatched": nil, "matched": passThrough(1000), "inline": inline(1000)} {
		b.Run(name, func(b *testing.B) {
			o := &fakeObserver{seen: make(chan event.Event)}
			o.observe = func(context.Context, event.Event) error { return context.Canceled }
			s := start(b, at, spec, o)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
			b.ReportAllocs()
			for b.Loop() {
				answer, err := client.Get(s.url)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
			client.CloseIdleConnections()
		})
	}
}
