package backend

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/payment"
	"wayguard/ruleset"
)

// fakeLink behaves as a Link instance does: it lists backends, tells what they need, and answers calls as the fact sheet (9.5) has it.
type fakeLink struct {
	*server
	// answers are by action and backend, such as "assess vdm"; needs are by backend.
	answers map[string]http.HandlerFunc
	needs   map[string]string
	list    string
}

// linkBackends are two of the Specter protocol, one that is switched off, and one of another protocol.
const linkBackends = `{"data": [
	{"id": "vdm", "name": "Visa Decision Manager", "protocol": "specter-v1", "host": "api.example.com", "enabled": true,
		"connections": {"assess.pan": {}, "assess.masked_pan": {}, "notify.chargeback": {}, "notify.resolution": {}}},
	{"id": "rav", "name": "Ravelin", "protocol": "https://developer.hellgate.io/protocols/specter/v1", "enabled": true,
		"connections": {"assess.masked_pan": {}, "notify.fraud_report": {}}},
	{"id": "off", "protocol": "specter-v1", "enabled": false, "connections": {"assess": {}}},
	{"id": "psp", "protocol": "payments-v2", "enabled": true}], "links": {"next": null}}`

func newFakeLink(t *testing.T) *fakeLink {
	t.Helper()
	k := &fakeLink{answers: map[string]http.HandlerFunc{}, list: linkBackends, needs: map[string]string{"vdm": `{"required": ["$.customer.email"], "variants": {"assess.pan": ["$.credential.pan.value"]}}`}}
	k.server = serve(t, k.handle)
	return k
}

func (k *fakeLink) handle(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("backend")
	w.Header().Set("x-link-execution", "exec-"+id)
	w.Header().Set("server-timing", "total;dur=41.6, external;dur=37.2;desc=\"provider\"")
	switch {
	case r.URL.Path == "/api/admin/backends":
		says(200, k.list)(w, r)
	case r.URL.Path == "/api/admin/protocols/specter-v1/requirements/assess":
		if needs, ok := k.needs[id]; ok {
			says(200, needs)(w, r)
			return
		}
		says(404, `{"code": "NOT_FOUND"}`)(w, r)
	case id == "":
		says(409, `{"code": "CONFLICT", "message": "several backends match"}`)(w, r)
	case r.Method != http.MethodPost:
		says(405, `{"code": "METHOD_NOT_ALLOWED"}`)(w, r)
	default:
		action := strings.TrimPrefix(r.URL.Path, "/api/invoke/specter-v1/")
		if answer, ok := k.answers[action+" "+id]; ok {
			answer(w, r)
			return
		}
		says(404, `{"code": "action_not_supported", "message": "no"}`)(w, r)
	}
}

// invoked are the calls of actions, without those of discovery.
func (k *fakeLink) invoked() []taken {
	return slices.DeleteFunc(k.calls(), func(c taken) bool { return strings.HasPrefix(c.path, "/api/admin") })
}

// TestLinkIsDiscovered: its backends, what they can do and what they need.
func TestLinkIsDiscovered(t *testing.T) {
	k := newFakeLink(t)
	p := pool(t, Limits{}, linkIntegration("link-prod", k.URL))
	for name, want := range map[string]bool{"link-prod/vdm": true, "vdm": true, "link-prod/rav": true, "link-prod/off": false, "link-prod/psp": false, "link-prod/none": false} {
		if p.Known(name) != want {
			t.Errorf("Known(%q) = %v", name, !want)
		}
	}
	if got := len(p.List()); got != 3 {
		t.Errorf("%d are listed", got)
	}
	st := status(t, p, "link-prod/vdm")
	if st.Title != "Visa Decision Manager" || !st.Enabled || st.DiscoveredAt.IsZero() || strings.Join(st.Requires, " ") != "$.credential.pan.value $.customer.email" ||
		strings.Join(st.Notified, " ") != "chargeback resolution" || !slices.Equal(st.Receives, []payment.CredentialType{payment.PAN}) ||
		!slices.Equal(st.Assesses, []payment.CredentialType{payment.PAN, payment.MaskedPAN}) {
		t.Errorf("status %+v", st)
	}
	if st := status(t, p, "link-prod/rav"); len(st.Receives) != 0 || !slices.Equal(st.Assesses, []payment.CredentialType{payment.PAN, payment.MaskedPAN}) {
		t.Errorf("status %+v", st)
	}
}

// TestLinkAnswers goes through all that the fact sheet has.
func TestLinkAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		outcome payment.Outcome
		score   int64
		code    string
		detail  string
	}{
		"an outcome":           {200, `{"type": "enum", "value": "REVIEW", "backend_reference": "ref-1"}`, payment.Review, -1, "", ""},
		"no type":              {200, `{"value": "ALLOW", "backend_reference": "ref-1"}`, payment.Allow, -1, "", ""},
		"a score":              {200, `{"type": "score", "value": 73, "backend_reference": "ref-1"}`, payment.Review, 73, "", ""},
		"an unknown word":      {200, `{"type": "enum", "value": "allow", "backend_reference": "ref-1"}`, "", -1, "bad_response", ""},
		"provisional":          {200, `{"type": "enum", "value": "PROVISIONAL", "backend_reference": "ref-1"}`, "", -1, "bad_response", ""},
		"a score in words":     {200, `{"type": "score", "value": "high"}`, "", -1, "bad_response", ""},
		"another type":         {200, `{"type": "vector", "value": []}`, "", -1, "bad_response", ""},
		"no object":            {200, `"ALLOW"`, "", -1, "bad_response", ""},
		"unauthorized":         {401, `{"code": "UNAUTHORIZED"}`, "", -1, "unavailable", "credentials"},
		"forbidden":            {403, `{"code": "FORBIDDEN"}`, "", -1, "unavailable", "credentials"},
		"action not supported": {404, `{"code": "action_not_supported"}`, "", -1, "backend_capability_disabled", ""},
		"variant unsupported":  {404, `{"error": {"code": "variant_not_supported"}}`, "", -1, "backend_capability_disabled", ""},
		"no such backend":      {404, `{"code": "NOT_FOUND"}`, "", -1, "unavailable", "does not have"},
		"wrong method":         {405, `{"code": "METHOD_NOT_ALLOWED"}`, "", -1, "bad_response", ""},
		"several match":        {409, `{"code": "CONFLICT"}`, "", -1, "unavailable", "which backend"},
		"no mapping":           {422, `{"code": "MAPPING_FAILED", "source": "mapping"}`, "", -1, "mapping_error", "mapping"},
		"mapping at 500":       {500, `{"code": "MAPPING_FAILED", "source": "mapping"}`, "", -1, "mapping_error", "mapping"},
		"transport":            {502, `{"code": "BAD_GATEWAY", "source": "transport"}`, "", -1, "unavailable", "source transport"},
		"encryption":           {502, `{"code": "BAD_GATEWAY", "source": "encryption"}`, "", -1, "unavailable", "source encryption"},
		"backend":              {502, `{"code": "BACKEND_ERROR", "source": "backend"}`, "", -1, "unavailable", "source backend"},
		"a source of its own":  {502, `{"source": "4111111111111111"}`, "", -1, "unavailable", "Bad Gateway"},
		"no body":              {502, ``, "", -1, "unavailable", "Bad Gateway"},
		"gateway timeout":      {504, ``, "", -1, "timeout", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newFakeLink(t)
			k.answers["assess vdm"] = says(c.status, c.body)
			p := pool(t, Limits{}, linkIntegration("link-prod", k.URL))
			r := p.Ask(context.Background(), []ruleset.Call{{RuleID: "r", Backend: "link-prod/vdm", Live: true, Request: card(),
				Thresholds: &ruleset.Thresholds{ReviewAt: 70, BlockAt: 90}}}, false)[0]
			score := int64(-1)
			if r.Score != nil {
				score = *r.Score
			}
			if r.Outcome != c.outcome || score != c.score || code(r) != c.code {
				t.Errorf("outcome %q, score %d, error %q", r.Outcome, score, code(r))
			}
			if c.code == "" && r.Reference != "ref-1" {
				t.Errorf("reference %q", r.Reference)
			}
			if r.LinkExecutionID != "exec-vdm" || r.LinkTiming == nil || *r.LinkTiming != (payment.LinkTiming{Total: 42, External: 37, Internal: 5}) {
				t.Errorf("execution %q, timing %+v", r.LinkExecutionID, r.LinkTiming)
			}
			if st := status(t, p, "link-prod/vdm"); !strings.Contains(st.LastError, c.detail) || strings.Contains(st.LastError, "4111") {
				t.Errorf("the operator is told %q", st.LastError)
			}
		})
	}
}

// TestLinkIsToldWhatItAsksFor and nothing else: the card number goes to the backend that implements assess.pan.
func TestLinkIsToldWhatItAsksFor(t *testing.T) {
	k := newFakeLink(t)
	ok := says(200, `{"type": "enum", "value": "ALLOW"}`)
	k.answers["assess vdm"], k.answers["assess rav"] = ok, ok
	p := pool(t, Limits{}, linkIntegration("link-prod", k.URL))
	body := func(name string, r *payment.Request) (map[string]any, string) {
		n := len(k.invoked())
		if got := asked(t, p, name, r); got.Outcome != payment.Allow {
			t.Fatalf("%s: %+v", name, got)
		}
		c := k.invoked()[n]
		var tree map[string]any
		if err := json.Unmarshal([]byte(c.body), &tree); err != nil {
			t.Fatal(err)
		}
		return tree, c.body
	}
	r := card()
	r.BackendData["vdm"] = payment.Tree{"merchant": "m-1"}
	tree, text := body("link-prod/vdm", r)
	if pan := tree["credential"].(map[string]any)["pan"].(map[string]any); pan["value"] != testPAN || pan["expiry_year"] != 2030.0 {
		t.Errorf("pan %v", pan)
	}
	if data, _ := json.Marshal(tree["backend_data"]); string(data) != `{"vdm":{"merchant":"m-1"}}` {
		t.Errorf("backend_data %s", data)
	}
	for _, private := range []string{"metadata", "private", "journey", "fingerprint", "bin_data", "of another", "masked_credential"} {
		if strings.Contains(text, private) {
			t.Errorf("Link was told %q", private)
		}
	}
	if tree["transaction"].(map[string]any)["amount"] != 12050.0 || tree["items"] == nil || tree["device"] == nil || tree["billing"] == nil {
		t.Errorf("body %s", text)
	}
	if strings.Contains(k.invoked()[0].path, "vdm") == false || k.invoked()[0].method != http.MethodPost || k.invoked()[0].header.Get("Content-Type") != "application/json" {
		t.Errorf("call %+v", k.invoked()[0])
	}

	tree, text = body("link-prod/rav", card())
	credential := tree["credential"].(map[string]any)
	shown := credential["masked_pan"].(map[string]any)
	if strings.Contains(text, testPAN) || credential["type"] != "masked_pan" || credential["pan"] != nil || shown["first_six"] != "411111" || shown["last_four"] != "1111" || shown["scheme"] != "visa" {
		t.Errorf("to a backend without assess.pan: %s", text)
	}
	if r := card(); r.Tree["credential"].(map[string]any)["masked_pan"] != nil || r.Tree["credential"].(map[string]any)["pan"].(map[string]any)["value"] != nil {
		t.Error("the payment's own tree was changed")
	}
	if got := asked(t, p, "link-prod/rav", account()); code(got) != "backend_capability_disabled" {
		t.Errorf("an account: %q", code(got))
	}
	r = card()
	delete(r.Tree["customer"].(map[string]any), "email")
	if got := asked(t, p, "link-prod/vdm", r); code(got) != "insufficient_context" || !slices.Equal(got.MissingFields, []string{"$.customer.email"}) {
		t.Errorf("%q, missing %v", code(got), got.MissingFields)
	}
	if got := asked(t, p, "link-prod/off", card()); code(got) != "backend_capability_disabled" {
		t.Errorf("one that is switched off: %q", code(got))
	}
}

// TestWhoWantsAccountNumbers: a variant of its own, or all types and the number among the needs.
func TestWhoWantsAccountNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		connections, needs string
		pan, sepa          bool
	}{
		"variants":                       {`"connections": {"assess.pan": {}, "assess.sepa": {}}`, `[]`, true, true},
		"another variant":                {`"connections": {"assess.masked_pan": {}}`, `["$.credential.pan.value"]`, false, false},
		"all types":                      {`"connections": {"assess": {}}`, `[]`, false, false},
		"all types and a need":           {`"connections": {"assess": {}}`, `{"variants": {"assess.pan": ["$.credential.pan.value"]}}`, true, false},
		"all types and the other need":   {`"connections": {"assess": {}}`, `{"variants": {"sepa": ["$.credential.sepa.iban"]}}`, false, true},
		"nothing told of what it can do": {`"name": "x"`, `["$.credential.pan.value"]`, false, false},
	} {
		k := newFakeLink(t)
		k.list, k.needs = `[{"id": "b", `+c.connections+`}]`, map[string]string{"b": c.needs}
		k.answers["assess b"] = says(200, `{"value": "ALLOW"}`)
		p := pool(t, Limits{}, linkIntegration("l", k.URL))
		asked(t, p, "l/b", card())
		asked(t, p, "l/b", account())
		var bodies string
		for _, call := range k.invoked() {
			bodies += call.body
		}
		if strings.Contains(bodies, testPAN) != c.pan || strings.Contains(bodies, "DE89370400440532013000") != c.sepa {
			t.Errorf("%s: card number %v, IBAN %v", name, strings.Contains(bodies, testPAN), strings.Contains(bodies, "DE89370400440532013000"))
		}
		if got := status(t, p, "l/b").Receives; slices.Contains(got, payment.PAN) != c.pan || slices.Contains(got, payment.SEPA) != c.sepa {
			t.Errorf("%s: told as %v", name, got)
		}
	}
}

// TestANumberThatIsLostIsNotMadeUp: a payment that waited through a restart has no card number any longer, only what stands for it.
func TestANumberThatIsLostIsNotMadeUp(t *testing.T) {
	k := newFakeLink(t)
	k.needs = nil
	k.answers["assess vdm"] = says(200, `{"value": "ALLOW"}`)
	s := serve(t, says(200, `{"verdict": "ok"}`))
	asks := strings.Replace(scoreAdapter, `"body": {`, `"body": {"card": "{{ $pan }}", `, 1)
	p := pool(t, Limits{}, linkIntegration("l", k.URL), webIntegration("eng", s.URL, asks))
	r := card()
	text, err := r.Credential.Number.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	r.Credential.Number = payment.Secret(text)
	for _, name := range []string{"l/vdm", "eng/default"} {
		if got := asked(t, p, name, r); got.Outcome != payment.Allow {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if body := k.invoked()[0].body; strings.Contains(body, "hidden") || !strings.Contains(body, `"masked_pan":{"cardholder_name":"Ada Lovelace","expiry_month":12,"expiry_year":2030,"first_six":"411111","last_four":"1111"`) {
		t.Errorf("Link was told %s", body)
	}
	if body := s.calls()[0].body; body != `{"ref":"order-7"}` {
		t.Errorf("the engine was told %s", body)
	}
}

// TestTheLastGoodListIsKept while Link is down, and what Link takes away goes.
func TestTheLastGoodListIsKept(t *testing.T) {
	k := newFakeLink(t)
	k.answers["assess vdm"] = says(200, `{"type": "enum", "value": "ALLOW"}`)
	p := pool(t, Limits{}, linkIntegration("link-prod", k.URL))
	good := k.list
	first := p.view.Load().find("link-prod/vdm")
	for name, broken := range map[string]string{"nonsense": `nonsense`, "no list": `{"error": "x"}`, "null": `null,`} {
		k.list = broken
		if err := p.Refresh(context.Background()); err == nil || !strings.Contains(err.Error(), "link-prod") {
			t.Errorf("%s: error %v", name, err)
		}
		if !p.Known("link-prod/vdm") || asked(t, p, "link-prod/vdm", card()).Outcome != payment.Allow {
			t.Errorf("%s: the last good list is gone", name)
		}
		if st := status(t, p, "link-prod/vdm"); st.Problem == "" {
			t.Errorf("%s: the operator is not told", name)
		}
	}
	k.list, k.needs["vdm"] = good, `nonsense`
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(status(t, p, "link-prod/vdm").Requires, " "); got != "$.credential.pan.value $.customer.email" {
		t.Errorf("what it needs, while it does not say: %q", got)
	}
	k.list = `[{"id": "rav"}, {"id": "vdm"}]`
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if now := p.view.Load().find("link-prod/vdm"); now != first || status(t, p, "link-prod/vdm").Problem != "" {
		t.Error("a backend that stays has lost its breaker and its counts")
	}
	k.list = `[]`
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if p.Known("link-prod/vdm") || code(asked(t, p, "link-prod/vdm", card())) != "unavailable" {
		t.Error("a backend that Link no longer has is still asked")
	}
	if st := status(t, p, "link-prod"); st.Type != "link" || !st.Enabled {
		t.Errorf("an integration without backends: %+v", st)
	}
}

// TestALinkThatIsDownAtTheStart is asked all the same for what rules name, and never told a card number then.
func TestALinkThatIsDownAtTheStart(t *testing.T) {
	k := newFakeLink(t)
	k.answers["assess vdm"] = says(200, `{"type": "enum", "value": "BLOCK"}`)
	good := k.list
	k.list = `down`
	p := New(Deps{Integrations: fixed(linkIntegration("link-prod", k.URL)), Limits: Limits{Discover: 10 * time.Millisecond, Watch: 5 * time.Millisecond}})
	defer p.Close()
	if p.Refresh(context.Background()) == nil {
		t.Error("no error")
	}
	if r := asked(t, p, "link-prod/vdm", card()); r.Outcome != payment.Block {
		t.Errorf("%+v", r)
	}
	if n := k.invoked(); len(n) != 1 || strings.Contains(n[0].body, testPAN) {
		t.Errorf("%d calls, or a card number in one", len(n))
	}
	if p.Known("link-prod/vdm") {
		t.Error("it is called known")
	}
	k.list = good
	p.Wake()
	p.Wake() // never waits
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	until(t, "Run to find the backends", func() bool { return p.Known("link-prod/vdm") })
	cancel()
	<-done
}

// TestPagesAreFollowed on the same host, as far as the bound.
func TestPagesAreFollowed(t *testing.T) {
	k := newFakeLink(t)
	inner := k.Config.Handler
	k.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RequestURI() {
		case "/api/admin/backends":
			says(200, `{"data": [{"id": "a"}, {"id": "../x"}, {"id": ""}], "links": {"next": "https://elsewhere.example.com/steal?after=a"}}`)(w, r)
		case "/api/admin/backends?after=a":
			says(200, `{"data": [{"id": "b"}, {"id": "c"}], "links": {"next": "/api/admin/backends?after=a"}}`)(w, r)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	p := pool(t, Limits{}, linkIntegration("l", k.URL))
	if !p.Known("l/a") || !p.Known("l/b") || !p.Known("l/c") || len(p.List()) != 3 {
		t.Errorf("listed: %+v", p.List())
	}
	if p := pool(t, Limits{Backends: 2}, linkIntegration("l", k.URL)); len(p.List()) != 2 {
		t.Errorf("%d with a bound of 2", len(p.List()))
	}
}

// TestChangesOfIntegrationsAreSeen: new, changed, broken and gone.
func TestChangesOfIntegrationsAreSeen(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	list := []decision.Integration{webIntegration("a", s.URL, scoreAdapter)}
	p := New(Deps{Integrations: func() []decision.Integration { return list }})
	defer p.Close()
	refresh := func() error { return p.Refresh(context.Background()) }
	if !p.changed() || refresh() != nil || p.changed() {
		t.Error("a new one")
	}
	kept := p.view.Load().find("a/default")
	list = append(list, webIntegration("b", s.URL, `{"assess": {}}`))
	if !p.changed() || refresh() == nil || p.changed() || p.Known("b/default") || p.view.Load().find("a/default") != kept {
		t.Error("a broken one beside")
	}
	if st := status(t, p, "b"); !strings.Contains(st.Problem, "adapter.assess.url") {
		t.Errorf("the operator is told %q", st.Problem)
	}
	list[1].Adapter = []byte(scoreAdapter)
	if !p.changed() || refresh() != nil || !p.Known("b/default") {
		t.Error("a mended one")
	}
	list = []decision.Integration{list[0]}
	list[0].Enabled = false
	if !p.changed() || refresh() != nil || p.Known("a/default") || p.Known("b/default") {
		t.Error("one switched off, one gone")
	}
}

// TestTimings reads the header in the forms there are.
func TestTimings(t *testing.T) {
	for header, want := range map[string]*payment.LinkTiming{
		"total;dur=123.4, external;dur=100.2":          {Total: 123, External: 100, Internal: 23},
		"external;dur=90,total;desc=\"x\";dur=\"100\"": {Total: 100, External: 90, Internal: 10},
		"Total; dur=9 , internal;dur=4":                {Total: 9, External: 5, Internal: 4},
		"total;dur=50, total;dur=60":                   {Total: 50, External: 0, Internal: 50},
		"external;dur=7":                               {Total: 7, External: 7},
		"external;dur=70, total;dur=50":                {Total: 50, External: 70},
		"":                                             nil,
		"total":                                        nil,
		"total;dur=NaN, external;dur=-1":               nil,
		"total;dur=1e99":                               nil,
		"cache;desc=hit, db;dur=5":                     nil,
		strings.Repeat("x;dur=1,", 40) + "total;dur=5": nil,
		"missedCache, total;dur=2;desc=a;dur=3, external;;=": {Total: 2, Internal: 2},
	} {
		got := parseTiming(header)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q: %+v, want %+v", header, got, want)
		}
	}
}

// TestRequirementsAreReadInEveryLikelyForm.
func TestRequirementsAreReadInEveryLikelyForm(t *testing.T) {
	for body, want := range map[string]string{
		`["$.customer.email", "device.ip"]`:                                                     "$.customer.email $.device.ip",
		`[{"path": "$.customer.email"}, {"field": "$.device.ip", "required": false}]`:           "$.customer.email",
		`{"data": {"required": ["$.customer.email"]}}`:                                          "$.customer.email",
		`{"data": [{"field": "$.customer.email", "required": true}], "links": {}}`:              "$.customer.email",
		`{"requirements": ["$.a"], "variants": {"assess.pan": ["$.b"], "sepa": ["$.c"]}}`:       "$.a $.b",
		`{"variants": {"pan": {"required": ["$.credential.pan.value", "$.metadata.x", "$$"]}}}`: "$.credential.pan.value",
		`{}`: "", `[]`: "", `[1, null, {"path": 7}]`: "",
	} {
		needs, ok := parseRequirements([]byte(body))
		var got []string
		for _, t := range []payment.CredentialType{"", payment.PAN} {
			for _, n := range needs[t] {
				got = append(got, n.text)
			}
		}
		if !ok || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v", body, got, ok)
		}
	}
	for _, body := range []string{`"x"`, `7`, `nothing`, ``} {
		if _, ok := parseRequirements([]byte(body)); ok {
			t.Errorf("%q is taken for requirements", body)
		}
	}
}
