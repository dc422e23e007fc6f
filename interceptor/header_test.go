package interceptor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/payment"
)

func lines(fields []Field) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}

func fieldsOf(text string) []Field {
	var fields []Field
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		fields = append(fields, Field{name, value})
	}
	return fields
}

func TestForward(t *testing.T) {
	for name, c := range map[string]struct {
		kind         BodyKind
		id, came, is string
		refused      string
	}{
		// The seed's rules, one by one.
		"reserved fields are stripped": {JSON, "", "Authorization: Bearer t\nContent-Length: 2\nContent-Type: application/json; charset=utf-8\nHost: wayguard\nX-Api: 1\n",
			"X-Api: 1\ncontent-type: application/json\n", "[]"},
		"a pair becomes a field":     {JSON, "", "x-acquirer-name: Authorization\nx-acquirer-value: Basic abc\n", "Authorization: Basic abc\ncontent-type: application/json\n", "[]"},
		"the decision's id is added": {JSON, "018f-1", "Accept: */*\n", "Accept: */*\ncontent-type: application/json\nx-specter-decision-id: 018f-1\n", "[]"},

		// Our choices.
		"labels are compared without regard to case": {JSON, "", "X-A-Value: k\nx-a-NAME: X-API-Key\n", "X-API-Key: k\ncontent-type: application/json\n", "[]"},
		"labels may have dashes":                     {JSON, "", "x-a-b-name: k1\nx-a-b-value: 1\nx-a-name: k2\nx-a-value: 2\n", "k1: 1\nk2: 2\ncontent-type: application/json\n", "[]"},
		"halves alone are dropped":                   {JSON, "", "x-a-name: k\nx-b-value: v\n", "content-type: application/json\n", "[]"},
		"a pair takes a field's place":               {JSON, "", "K: old\nk: older\nx-a-name: k\nx-a-value: new\n", "k: new\ncontent-type: application/json\n", "[]"},
		"dangerous pairs are refused": {JSON, "", "x-a-name: Host\nx-a-value: evil\nx-b-name: content-length\nx-b-value: 0\nx-c-name: Transfer-Encoding\nx-c-value: chunked\n" +
			"x-e: 1\nx-f-name: a b\nx-f-value: v\nx-g-name: k\nx-g-value: 1\nx-g-value: 2\nx-h-name: connection\nx-h-value: close\nx-i-name: x-specter-decision-id\nx-i-value: 1\n" +
			"x-j-name: \nx-j-value: v\nx-k-name: ok\nx-k-value: 1\nx-l-name: OK\nx-l-value: 2\n",
			"x-e: 1\nok: 1\ncontent-type: application/json\n", "[a b c f g h i j l]"},
		"fields about the connection": {JSON, "", "Connection: close, X-Mine\nX-Mine: 1\nKeep-Alive: 5\nTE: trailers\nTransfer-Encoding: chunked\nUpgrade: h2c\nExpect: 100-continue\nProxy-Authorization: x\nX-Not: 2\n",
			"X-Not: 2\ncontent-type: application/json\n", "[]"},
		"nobody else says the decision's id":   {JSON, "", "X-Specter-Decision-Id: forged\nx-specter-resolution: 1\npayment-type: sale\n", "payment-type: sale\ncontent-type: application/json\n", "[]"},
		"a form keeps its type":                {Form, "", "content-type: application/x-www-form-urlencoded\n", "content-type: application/x-www-form-urlencoded\n", "[]"},
		"XML keeps its type":                   {XML, "", "Content-Type: text/xml; charset=utf-8\n", "content-type: text/xml; charset=utf-8\n", "[]"},
		"an unknown type is kept":              {Opaque, "", "Content-Type: multipart/form-data; boundary=x\n", "content-type: multipart/form-data; boundary=x\n", "[]"},
		"another JSON type is kept":            {JSON, "", "Content-Type: application/vnd.api+json\n", "content-type: application/vnd.api+json\n", "[]"},
		"a pair has the last word on the type": {JSON, "", "Content-Type: application/json\nx-t-name: Content-Type\nx-t-value: application/x-pay\n", "Content-Type: application/x-pay\n", "[]"},
	} {
		came := fieldsOf(c.came)
		before := slices.Clone(came)
		p := compiled(t, with(nil), payment.SAQA)
		got, refused := p.Forward(came, c.kind, event.ID(c.id))
		if lines(got) != c.is || fmt.Sprint(refused) != c.refused {
			t.Errorf("%s:\n%srefused %v", name, lines(got), refused)
		}
		if !slices.Equal(came, before) {
			t.Errorf("%s: what came was changed", name)
		}
	}
}

func TestNoPairBeginsAnotherField(t *testing.T) {
	p := compiled(t, with(nil), payment.SAQA)
	for _, value := range []string{"a\r\nHost: evil", "a\nb", "a\x00", "a\x7f", strings.Repeat("a", 20<<10)} {
		for _, pair := range [][]Field{{{"x-a-name", "k"}, {"x-a-value", value}}, {{"x-a-name", value}, {"x-a-value", "v"}}} {
			got, refused := p.Forward(pair, JSON, "")
			if lines(got) != "content-type: application/json\n" || fmt.Sprint(refused) != "[a]" {
				t.Errorf("%.20q went on", value)
			}
		}
	}
}

func TestTheDecisionHeadersNameCanBeChosen(t *testing.T) {
	i := with(nil)
	i.DecisionHeader = "X-Risk-Id"
	got, _ := compiled(t, i, payment.SAQA).Forward([]Field{{"x-risk-id", "forged"}, {"x-specter-decision-id", "theirs"}}, JSON, "7")
	if lines(got) != "x-specter-decision-id: theirs\ncontent-type: application/json\nx-risk-id: 7\n" {
		t.Errorf("%s", lines(got))
	}
	for _, name := range []string{"host", "Content-Type", "a b", "connection", "x-a-value", "set-cookie"} {
		i.DecisionHeader = name
		if _, problems := Compile(i, payment.SAQA); len(problems) != 1 || problems[0].Field != "$.decision_header" {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func FuzzForward(f *testing.F) {
	f.Add("x-a-name", "authorization", "x-a-value", "secret", "connection", "x-b")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2, n3, v3 string) {
		p, problems := Compile(with(nil), payment.SAQA)
		if problems != nil {
			t.Fatal(problems)
		}
		came := []Field{{n1, v1}, {n2, v2}, {n3, v3}}
		got, _ := p.Forward(came, JSON, "7")
		ids := 0
		for _, field := range got {
			name := strings.ToLower(field.Name)
			if name == DecisionHeader {
				ids++
			}
			if name == "host" || name == "content-length" || hopByHop(name) || pairLabel(name) != "" {
				t.Fatalf("%q went on", field.Name)
			}
			if !slices.Contains(came, field) && (!isToken(field.Name) || !isFieldValue(field.Value)) {
				t.Fatalf("%q was made", field.Name)
			}
		}
		if ids != 1 {
			t.Fatalf("%d ids", ids)
		}
	})
}
