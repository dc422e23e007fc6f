package backend

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"wayguard/decision"
	"wayguard/payment"
)

// TestWrongAdapters are told with the path of every field that is wrong.
func TestWrongAdapters(t *testing.T) {
	for text, want := range map[string]string{
		``:                     "$.adapter required",
		`nonsense`:             "$.adapter format",
		`[]`:                   "$.adapter type",
		`{"asses": {}}`:        "$.adapter.asses unknown",
		`{"id": "a", "id": 1}`: "$.adapter.id duplicate",
		`{"assess": {"answer": {"score": {"path": 7}}}}`:        "$.adapter.assess.answer.score.path type",
		`{"assess": {"answer": {"outcome": {"paths": "$.a"}}}}`: "$.adapter.assess.answer.outcome.paths unknown",
		`{}`: "$.adapter.assess.url format; $.adapter.assess.answer required",
		`{"id": "a/b", "requires": ["$.a", "a", "$.metadata.x"], "accepts": ["pan", "card"], "assess": {"url": "https://x.example.com/", "method": "DELETE",
			"headers": {"Host": "x", "a b": "y", "x-a": "{{ $pan }}"}, "body": {"a": ["{{ $.x | nope }}"], "$b c": "{{ x }}"},
			"answer": {"score": {"path": "score", "scale": -1}, "thresholds": {"review_at": 9, "block_at": 3}, "reference": "id",
				"outcome": {"path": "$.a", "map": {"x": "PROVISIONAL"}, "otherwise": "allow"}}}}`: "$.adapter.id format; $.adapter.accepts[1] unknown; $.adapter.requires[1] format; $.adapter.requires[2] format; " +
			"$.adapter.assess.method unknown; $.adapter.assess.url format; $.adapter.assess.headers.Host format; " +
			`$.adapter.assess.headers["a b"] format; $.adapter.assess.headers.x-a format; $.adapter.assess.body["$b c"] format; $.adapter.assess.body.a[0] format; ` +
			"$.adapter.assess.answer.outcome.map.x unknown; $.adapter.assess.answer.outcome.otherwise unknown; $.adapter.assess.answer.score.path format; " +
			"$.adapter.assess.answer.score.scale range; $.adapter.assess.answer.thresholds range; $.adapter.assess.answer.reference format",
		`{"assess": {"url": "/a", "answer": {"outcome": {"path": "$.a", "map": {}}}}}`: "$.adapter.assess.answer.outcome.map required",
		`{"assess": {"url": "/a", "method": "GET", "body": {}, "answer": {"outcome": {"path": "$.a", "map": {"x": "ALLOW"}}, "thresholds": {"review_at": 1}}},
			"notify": {"birthday": {"url": "/b"}, "refund": {"url": "/b", "body": "{{ $pan }}"}}}`: "$.adapter.assess.body format; $.adapter.assess.answer.thresholds format; " +
			"$.adapter.notify.birthday unknown; $.adapter.notify.refund format",
		`{"assess": {"url": "/a", "body": {"@each": "$.items"}, "answer": {"score": {"path": "$.a"}}}}`:                                      "$.adapter.assess.body format",
		`{"assess": {"url": "/a", "body": ` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `, "answer": {"score": {"path": "$.a"}}}}`: "$.adapter.assess.body" + strings.Repeat("[0]", 17) + " range",
		`{"assess": {"url": "/a", "body": [` + strings.Repeat(`0,`, 600) + `0], "answer": {"score": {"path": "$.a"}}}}`:                      "$.adapter.assess.body[499] range",
		`{"title": "` + strings.Repeat("x", maxAdapter) + `"}`:                                                                               "$.adapter range",
	} {
		made, problems := compileAdapter("$.adapter", []byte(text))
		var got []string
		for _, p := range problems {
			got = append(got, p.Field+" "+p.Code)
			if p.Message == "" {
				t.Errorf("%s has no message", p.Field)
			}
		}
		if made != nil || strings.Join(got, "; ") != want {
			t.Errorf("%.80s\n got %s\nwant %s", text, strings.Join(got, "; "), want)
		}
	}
}

// TestWrongAddresses of adapters: they stay below the integration's and tell no secret.
func TestWrongAddresses(t *testing.T) {
	for text, ok := range map[string]bool{"/a": true, "/a/{{ $.customer.id }}?x={{ $.device.ip }}": true, "/": true, "": false, "a": false, "//evil.example.com/": false,
		"https://evil.example.com/": false, "/a#b": false, "/a b": false, "/a/../b": false, "/..": false, `/a\b`: false, "/a?key={{ $secret.api_key }}": false, "/{{ $pan }}": false,
		"/{{ $iban | first(4) }}": false, "/%zz": false, "/a?{{ $.x }}#": false} {
		c := &compiler{}
		c.url("$", text)
		if (len(c.problems) == 0) != ok {
			t.Errorf("%q: %v", text, c.problems)
		}
	}
}

// TestAccountNumbersGoWhereTheyAreAskedFor by an adapter: in a body, for that type of credential, and it says so.
func TestAccountNumbersGoWhereTheyAreAskedFor(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	asks := strings.Replace(scoreAdapter, `"body": {`, `"body": {"card": "{{ $pan }}", "account": "{{ $iban }}", "all": "{{ $.credential }}", `, 1)
	p := pool(t, Limits{}, webIntegration("asks", s.URL, asks), webIntegration("not", s.URL, scoreAdapter))
	if st := status(t, p, "asks/default"); len(st.Receives) != 2 {
		t.Errorf("status %+v", st)
	}
	if st := status(t, p, "not/default"); len(st.Receives) != 0 {
		t.Errorf("status %+v", st)
	}
	for i, c := range []struct {
		name string
		r    *payment.Request
		want string
	}{
		{"asks/default", card(), `"card":"4111111111111111"`}, {"asks/default", account(), `"account":"DE89370400440532013000"`}, {"asks/default", masked(), ``},
		{"not/default", card(), ``}, {"not/default", account(), ``},
	} {
		if got := asked(t, p, c.name, c.r); got.Outcome != payment.Allow {
			t.Fatalf("%+v", got)
		}
		body := s.calls()[i].body
		if c.want != "" && !strings.Contains(body, c.want) {
			t.Errorf("call %d lacks what it asks for", i)
		}
		for _, number := range []string{testPAN, "DE89370400440532013000"} {
			if strings.Contains(body, number) && !strings.Contains(c.want, number) {
				t.Errorf("call %d was told an account number", i)
			}
		}
	}
}

// TestMetadataIsNeverSent, however an adapter writes its path.
func TestMetadataIsNeverSent(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	asks := strings.Replace(scoreAdapter, `"body": {`, `"body": {"m": "{{ $['metadata'].note }}", "n": "{{ $[\"metadata\"] }}", "b": "{{ $.backend_data }}", `, 1)
	p := pool(t, Limits{}, webIntegration("eng", s.URL, asks))
	if got := asked(t, p, "eng/default", card()); got.Outcome != payment.Allow {
		t.Fatalf("%+v", got)
	}
	if body := s.calls()[0].body; body != `{"b":{"site":"shop.example.com"},"ref":"order-7"}` {
		t.Errorf("the engine was told %s", body)
	}
}

// TestHeadersAreFilledIn, and what cannot stand in one makes no call.
func TestHeadersAreFilledIn(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	headers := strings.Replace(scoreAdapter, `"url": "/score",`, `"url": "/score", "headers": {"X-Ref": "r-{{ $.transaction.reference }}", "X-None": "{{ $.none }}", "X-UA": "{{ $.device.user_agent }}"},`, 1)
	p := pool(t, Limits{}, webIntegration("eng", s.URL, headers))
	if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow {
		t.Fatalf("%+v", r)
	}
	h := s.calls()[0].header
	if _, none := h["X-None"]; h.Get("X-Ref") != "r-order-7" || none || h.Get("X-Ua") != "UA" || h.Get("User-Agent") != "wayguard" || h["Idempotency-Key"] != nil {
		t.Errorf("headers %v", h)
	}
	r := card()
	r.Tree["device"].(map[string]any)["user_agent"] = "x\r\nHost: evil"
	if got := asked(t, p, "eng/default", r); code(got) != "mapping_error" || len(s.calls()) != 1 {
		t.Errorf("%q, %d calls", code(got), len(s.calls()))
	}
}

// TestCheckTellsEverythingBeforeItIsKept.
func TestCheckTellsEverythingBeforeItIsKept(t *testing.T) {
	p := New(Deps{Integrations: func() []decision.Integration { return nil }})
	defer p.Close()
	good := webIntegration("eng", "https://score.example.com/base", scoreAdapter)
	link := linkIntegration("link-prod", "http://link:4000")
	named := webIntegration("eng", "https://score.example.com", strings.Replace(scoreAdapter, `"body": {`, `"body": {"k": "{{ $secret.api_key }}", `, 1))
	for name, c := range map[string]struct {
		i           decision.Integration
		credentials string
		want        string
	}{
		"a good one":           {good, `{"type": "basic", "username": "u"}`, ""},
		"a good Link":          {link, `{"type": "oauth2_client_credentials", "token_url": "https://auth.example.com/oauth2/token", "client_id": "c", "client_secret": "s", "scope": "invoke:execute"}`, ""},
		"no credentials":       {link, ``, ""},
		"no adapter":           {webIntegration("eng", "https://x.example.com", ""), ``, "$.adapter"},
		"a query":              {linkIntegration("a", "https://x.example.com/?key=1"), ``, "$.base_url"},
		"an adapter too many":  {decision.Integration{Type: "link", Slug: "a", BaseURL: "https://x.example.com", Adapter: []byte(scoreAdapter)}, ``, "$.adapter"},
		"unknown credentials":  {good, `{"type": "kerberos"}`, "$.credentials.type"},
		"unknown keys":         {good, `{"type": "basic", "user": "u"}`, "$.credentials.user"},
		"halves":               {good, `{"type": "header", "header": "x y"}`, "$.credentials.value $.credentials.header"},
		"wrong values":         {good, `{"type": "hmac_sha256", "key": "k", "encoding": "octal", "timestamp_header": ":", "token": "a\nb", "token_url": "x", "fields": {"a b": "1"}}`, "$.credentials.token $.credentials.timestamp_header $.credentials.encoding $.credentials.token_url $.credentials.fields"},
		"a secret too few":     {named, `{"type": "none"}`, "$.credentials.fields.api_key"},
		"a secret that is had": {named, `{"type": "none", "fields": {"api_key": "x"}}`, ""},
	} {
		var fields []string
		for _, p := range append(p.Check(c.i), p.CheckCredentials(c.i, []byte(c.credentials))...) {
			fields = append(fields, p.Field)
		}
		if got := strings.Join(fields, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// FuzzAdapter: whatever an adapter says, it is refused with fields or it can be asked with.
func FuzzAdapter(f *testing.F) {
	f.Add([]byte(scoreAdapter))
	f.Add([]byte(`{"assess": {"url": "/{{ $.a }}", "answer": {"outcome": {"path": "$.a[*]", "map": {"x": "ALLOW"}}}}}`))
	f.Add([]byte(`{"assess": {"url": "/", "body": {"@each": "$.items", "@do": {"@each": "$item", "@do": "{{ $item }}"}}, "answer": {"score": {"path": "$.a"}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, problems := compileAdapter("$.adapter", data)
		if (a == nil) == (len(problems) == 0) {
			t.Fatal("neither an adapter nor a problem")
		}
		if a == nil {
			return
		}
		w := web{site: &site{pool: New(Deps{}), base: "http://127.0.0.1"}, a: a}
		about := templateScope()
		if c, ok := w.compose(a.assess, about); ok {
			if c.body != nil && !json.Valid(c.body) {
				t.Fatalf("the body is no JSON: %s", c.body)
			}
			if _, fault := newRequest(context.Background(), c); fault != nil && fault.code != codeMapping {
				t.Fatal(fault)
			}
		}
		v := verdict{}
		if fault := w.read(about.tree, about, &v); fault != nil && fault.code != codeBadResponse {
			t.Fatal(fault)
		}
	})
}

// FuzzLinkAnswers: whatever Link says, its list, its requirements and its answers are read or refused.
func FuzzLinkAnswers(f *testing.F) {
	f.Add([]byte(linkBackends))
	f.Add([]byte(`{"type": "enum", "value": "ALLOW", "backend_reference": "x"}`))
	f.Add([]byte(`{"required": ["$.a", {"path": "b"}], "variants": {"pan": ["$.credential.pan.value"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		page, _, _ := parseBackends(data)
		for _, b := range page {
			if !plainName(b.ID) {
				t.Fatalf("a backend with the id %q", b.ID)
			}
		}
		about := templateScope()
		needs, _ := parseRequirements(data)
		(&facts{needs: needs}).missing(about)
		document, err := decodeNumbers(data)
		if err != nil {
			return
		}
		k := link{&site{pool: New(Deps{})}}
		if kept := k.site.mask(document, about); !json.Valid(kept) || strings.Contains(string(kept), testPAN) {
			t.Fatalf("kept: %s", kept)
		}
		if tree, ok := document.(map[string]any); ok {
			v := verdict{}
			if fault := k.read(tree, about, &v); fault == nil && v.score == nil && !final(v.outcome) {
				t.Fatalf("outcome %q", v.outcome)
			}
		}
	})
}
