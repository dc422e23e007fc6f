package interceptor

import (
	"encoding/json"
	"strings"
	"testing"

	"wayguard/payment"
)

func text(s string) *string { return &s }

func blocked() payment.Decision {
	return payment.Decision{
		ID: "0198f1c2-0000-7000-8000-000000000001", Decision: payment.Block, Source: payment.Combined, Context: "checkout",
		CredentialFingerprint: text("crd_4ba218"), MaskedCredential: text("411111 ****** 4242"), LatencyMicros: 4210,
		TriggeredRules: []payment.TriggeredRule{{RuleID: "r1", Name: "many cards", Action: payment.Review}, {RuleID: "r2", Name: "risk", Action: payment.Block}},
		BackendResults: []payment.BackendResult{{RuleID: "r2", Backend: "link-prod/vdm", Live: true, Outcome: payment.Block}},
		Amount:         1250, Currency: "EUR", TransactionReference: `order "7" <&>`,
	}
}

func answering(t *testing.T, r *Response) *Program {
	t.Helper()
	i := with(nil)
	i.Responses.Block = r
	return compiled(t, i, payment.SAQA)
}

func template(t *testing.T, body, contentType string) string {
	t.Helper()
	r := &Response{Mode: "template", Body: json.RawMessage(body)}
	if contentType != "" {
		r.Headers = map[string]string{"Content-Type": contentType}
	}
	return string(answering(t, r).Render(Answer{Decision: blocked()}).Body)
}

func TestPlaceholders(t *testing.T) {
	for _, c := range []struct{ body, is string }{
		// The seed's table, row by row: alone in a leaf with its type, and inside of a text.
		{`{"a":"{{ decision_id }}"}`, `{"a":"0198f1c2-0000-7000-8000-000000000001"}`},
		{`{"a":"id {{ decision_id }}."}`, `{"a":"id 0198f1c2-0000-7000-8000-000000000001."}`},
		{`{"a":"{{ decision }}"}`, `{"a":"BLOCK"}`},
		{`{"a":"{{ source }}"}`, `{"a":"link-prod/vdm"}`},
		{`{"a":"{{ credential_fingerprint }}"}`, `{"a":"crd_4ba218"}`},
		{`{"a":"{{ latency_ms }}"}`, `{"a":5}`},
		{`{"a":"{{ latency_ms }} ms"}`, `{"a":"5 ms"}`},
		{`{"a":"{{ triggered_rules }}"}`, `{"a":["r1","r2"]}`},
		{`{"a":"rules {{ triggered_rules }}"}`, `{"a":"rules [\"r1\",\"r2\"]"}`},

		// Ours.
		{`{"a":"{{ transaction_reference }}","b":"{{ amount }}","c":"{{ currency }}","d":"{{ masked_credential }}","e":"{{ context }}"}`,
			`{"a":"order \"7\" <&>","b":1250,"c":"EUR","d":"411111 ****** 4242","e":"checkout"}`},
		{`{"a":"to {{ transaction_reference }}\n"}`, `{"a":"to order \"7\" <&>\n"}`},

		// What surrounds them stays as it is, and in its order.
		{`{"z":1.50,"a":[true,null,"{{decision}}"],"k":"\u00e4 \"{{  decision  }}\"","e":{}}`, `{"z":1.50,"a":[true,null,"BLOCK"],"k":"ä \"BLOCK\"","e":{}}`},
		{`["{{ decision }}{{ decision }}"]`, `["BLOCKBLOCK"]`},
		{`[1]`, `[1]`},
		{`{"a":"} }"}`, `{"a":"} }"}`},
	} {
		if got := template(t, c.body, ""); got != c.is {
			t.Errorf("%s is\n%s, not\n%s", c.body, got, c.is)
		} else if !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

func TestTemplatesOfOtherTypes(t *testing.T) {
	for _, c := range []struct{ body, contentType, is string }{
		{`"<r ref=\"{{ transaction_reference }}\">{{ decision }}</r>"`, "text/xml", `<r ref="order &#34;7&#34; &lt;&amp;&gt;">BLOCK</r>`},
		{`"status=declined&ref={{ transaction_reference }}"`, "application/x-www-form-urlencoded", `status=declined&ref=order+%227%22+%3C%26%3E`},
		{`"{{ decision }}: {{ transaction_reference }}"`, "text/plain", `BLOCK: order "7" <&>`},
		{`"{{ decision }}"`, "", `BLOCK`},
		{`""`, "", ``},
		{`"{\"a\": \"{{ latency_ms }}\"}"`, "application/json", `{"a":5}`},
	} {
		if got := template(t, c.body, c.contentType); got != c.is {
			t.Errorf("%s is\n%s, not\n%s", c.body, got, c.is)
		}
	}
}

func TestPlaceholdersWithoutAValue(t *testing.T) {
	p := answering(t, &Response{Mode: "template", Body: json.RawMessage(`{"a":"{{ credential_fingerprint }}","b":"x{{ credential_fingerprint }}","c":"{{ triggered_rules }}","d":"{{ source }}","e":"{{ latency_ms }}"}`)})
	got := p.Render(Answer{Decision: payment.Decision{Decision: payment.Block, Source: payment.RuleEngine}})
	if string(got.Body) != `{"a":null,"b":"x","c":[],"d":"RULE_ENGINE","e":0}` {
		t.Errorf("%s", got.Body)
	}
}

func TestSourceNamesWhatDecided(t *testing.T) {
	d := blocked()
	if got := decisive(Answer{Decision: d, Decisive: "amount > 5"}); got != "amount > 5" {
		t.Error(got)
	}
	d.BackendResults[0].Live = false
	if got := decisive(Answer{Decision: d}); got != "risk" {
		t.Error(got)
	}
	d.TriggeredRules[1].Name = ""
	if got := decisive(Answer{Decision: d}); got != "r2" {
		t.Error(got)
	}
}

func TestRender(t *testing.T) {
	p := answering(t, &Response{Mode: "template", Status: 402, Headers: map[string]string{"X-Psp": "{{ decision_id }}", "X-Ref": "{{ transaction_reference }}", "Content-Type": "application/problem+json"},
		Body: json.RawMessage(`{"resultCode":"Refused"}`)})
	d := blocked()
	d.TransactionReference = "a\r\nSet-Cookie: x"
	got := p.Render(Answer{Decision: d})
	if got.Status != 402 || string(got.Body) != `{"resultCode":"Refused"}` ||
		lines(got.Header) != "x-psp: 0198f1c2-0000-7000-8000-000000000001\nx-ref: aSet-Cookie: x\ncontent-type: application/problem+json\nx-specter-decision-id: 0198f1c2-0000-7000-8000-000000000001\n" {
		t.Errorf("%d\n%s%s", got.Status, lines(got.Header), got.Body)
	}
}

func TestDecisionMode(t *testing.T) {
	for name, r := range map[string]*Response{"not configured": nil, "configured": {Mode: "decision", Status: 403, Headers: map[string]string{"x-a": "b"}}} {
		d := blocked()
		got := answering(t, r).Render(Answer{Decision: d, Payload: json.RawMessage(`{"a":"411111******1111"}`)})
		var body map[string]any
		if err := json.Unmarshal(got.Body, &body); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"payment_type", "payment_state"} {
			if value, ok := body[key]; !ok || value != nil {
				t.Errorf("%s: %s is %v", name, key, value)
			}
		}
		if body["id"] != string(d.ID) || body["decision"] != "BLOCK" || body["latency_us"] != 4210.0 || asJSON(t, body["payload"]) != `{"a":"411111******1111"}` {
			t.Errorf("%s: %s", name, got.Body)
		}
		if want := map[bool]int{true: 200, false: 403}[r == nil]; got.Status != want {
			t.Errorf("%s: status %d", name, got.Status)
		}
		if !strings.Contains(lines(got.Header), "content-type: application/json\nx-specter-decision-id: "+string(d.ID)+"\n") {
			t.Errorf("%s:\n%s", name, lines(got.Header))
		}
	}
	state := payment.StateAuthorized
	d := blocked()
	d.PaymentType, d.PaymentState = text("authorization"), &state
	if got := answering(t, nil).Render(Answer{Decision: d}); !strings.Contains(string(got.Body), `"payment_type":"authorization","payment_state":"authorized","payload":null`) {
		t.Errorf("%s", got.Body)
	}
}

func TestResponsesThatCannotBe(t *testing.T) {
	for _, c := range []struct{ response, field, says string }{
		{`{}`, ".mode", `"decision" or "template"`},
		{`{"mode":"redirect"}`, ".mode", `"decision" or "template"`},
		{`{"mode":"decision","body":{}}`, ".body", "template mode"},
		{`{"mode":"template"}`, ".body", "needs a body"},
		{`{"mode":"template","body":null}`, ".body", "needs a body"},
		{`{"mode":"template","body":{"a":"{{ decison }}"}}`, ".body", `did you mean "decision"?`},
		{`{"mode":"template","body":{"a":"{{ password }}"}}`, ".body", "there are decision_id"},
		{`{"mode":"template","body":{"a":"{{ decision"}}`, ".body", "does not end"},
		{`{"mode":"template","body":{"{{ decision }}":1}}`, ".body", "not in keys"},
		{`{"mode":"template","body":{"a":1},"headers":{"content-type":"text/xml"}}`, ".body", "is a text"},
		{`{"mode":"template","body":"{\"a\": {{ latency_ms }}}","headers":{"content-type":"application/json"}}`, ".body", "placeholders in quotes"},
		{`{"mode":"template","body":{},"status":99}`, ".status", "200 to 599"},
		{`{"mode":"template","body":{},"status":204}`, ".status", "with a body"},
		{`{"mode":"template","body":{},"headers":{"content-length":"5"}}`, ".headers.content-length", "made here"},
		{`{"mode":"template","body":{},"headers":{"X-Specter-Decision-Id":"5"}}`, ".headers.X-Specter-Decision-Id", "made here"},
		{`{"mode":"template","body":{},"headers":{"a b":"5"}}`, ".headers.?", "field's name"},
		{`{"mode":"template","body":{},"headers":{"a":"5\r\nb: 6"}}`, ".headers.a", "field's value"},
		{`{"mode":"template","body":"x","headers":{"content-type":" "}}`, ".headers.content-type", "field's value"},
		{`{"mode":"template","body":"x","headers":{"content-type":"{{ decision }}"}}`, ".headers.content-type", "field's value"},
		{`{"mode":"template","body":{},"headers":{"a":"{{ x }}"}}`, ".headers.a", "no such placeholder"},
	} {
		var r Response
		if err := json.Unmarshal([]byte(c.response), &r); err != nil {
			t.Fatal(err)
		}
		i := with(nil)
		i.Responses.Review = &r
		_, problems := Compile(i, payment.SAQA)
		if len(problems) != 1 || problems[0].Field != "$.responses.review"+c.field || !strings.Contains(problems[0].Message, c.says) {
			t.Errorf("%s: %v", c.response, problems)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"a":"x {{ decision }} y","b":["{{ triggered_rules }}"]}`, "application/json", "ref")
	f.Add(`"<a>{{ transaction_reference }}</a>"`, "text/xml", `"]]>`)
	f.Fuzz(func(t *testing.T, body, contentType, reference string) {
		i := with(nil)
		i.Responses.Block = &Response{Mode: "template", Body: json.RawMessage(body), Headers: map[string]string{"content-type": contentType}}
		p, problems := Compile(i, payment.SAQA)
		if problems != nil {
			return
		}
		d := blocked()
		d.TransactionReference = reference
		got := p.Render(Answer{Decision: d})
		if BodyKindOf(contentType) == JSON && !json.Valid(got.Body) {
			t.Fatalf("%q gives %q, which is no JSON", body, got.Body)
		}
		for _, h := range got.Header {
			if strings.ContainsAny(h.Value, "\r\n") {
				t.Fatalf("%s holds a line break", h.Name)
			}
		}
	})
}
