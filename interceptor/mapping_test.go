package interceptor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"wayguard/payment"
)

func entriesOf(t *testing.T, text string) []Entry {
	t.Helper()
	var entries []Entry
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

func with(entries []Entry) Interceptor {
	return Interceptor{Context: "checkout", Destination: Destination{URL: "https://acquirer.example/v1"}, FieldMapping: entries}
}

func compiled(t *testing.T, i Interceptor, pci payment.PCILevel) *Program {
	t.Helper()
	p, problems := Compile(i, pci)
	if problems != nil {
		t.Fatal(problems)
	}
	return p
}

func mapped(t *testing.T, entries string, kind BodyKind, body string, header, query map[string][]string) payment.Tree {
	t.Helper()
	p := compiled(t, with(entriesOf(t, entries)), payment.SAQD)
	d, problems := Read(kind, []byte(body))
	if problems != nil {
		t.Fatal(problems)
	}
	tree, problems := p.Map(Inbound{Document: d, Header: header, Query: query})
	if problems != nil {
		t.Fatal(problems)
	}
	if tree["context"] != "checkout" {
		t.Errorf("the context is %v", tree["context"])
	}
	delete(tree, "context")
	return tree
}

func TestEntries(t *testing.T) {
	for name, c := range map[string]struct{ entries, body, is string }{
		// The seed's table, row by row.
		"source": {`[{"source":"$.amount.value","target":"transaction.amount"}]`, `{"amount":{"value":1250}}`, `{"transaction":{"amount":1250}}`},
		"const":  {`[{"const":"masked_pan","target":"credential.type"}]`, `{}`, `{"credential":{"type":"masked_pan"}}`},
		"source and filter": {`[{"source":"$.pan","filter":"first(6)","target":"credential.first_six"}]`, `{"pan":"4111111111111111"}`,
			`{"credential":{"first_six":"411111"}}`},
		"a missing path gives no output": {`[{"source":"$.a.b.c","target":"customer.id"},{"source":"$.x","target":"customer.email"}]`, `{"a":{"b":1},"x":"y@z"}`,
			`{"customer":{"email":"y@z"}}`},
		"a later one wins": {`[{"const":"guest","target":"customer.id"},{"source":"$.a","target":"customer.id"},{"source":"$.b","target":"customer.id"}]`,
			`{"a":"1","b":"2"}`, `{"customer":{"id":"2"}}`},
		"only if it gives something": {`[{"const":"guest","target":"customer.id"},{"source":"$.null","target":"customer.id"},{"source":"$.empty","target":"customer.id"},
			{"source":"$.missing","target":"customer.id"},{"source":"$.number","filter":"downcase","target":"customer.id"}]`,
			`{"null":null,"empty":"","number":3}`, `{"customer":{"id":"guest"}}`},
		"a constant has its place too": {`[{"source":"$.a","target":"customer.id"},{"const":"guest","target":"customer.id"}]`, `{"a":"1"}`, `{"customer":{"id":"guest"}}`},
		"the root":                     {`[{"source":"$","target":"metadata"}]`, `{"a":"1"}`, `{"metadata":{"a":"1"}}`},
		"a default":                    {`[{"source":"$.c","filter":"upcase | default(\"EUR\")","target":"transaction.currency"}]`, `{}`, `{"transaction":{"currency":"EUR"}}`},
		"objects are merged":           {`[{"source":"$.a","target":"billing"},{"source":"$.b","target":"billing"},{"const":"DE","target":"billing.country"}]`, `{"a":{"city":"X","state":"1"},"b":{"city":"Y","phone":null}}`, `{"billing":{"city":"Y","country":"DE","state":"1"}}`},
		"$. before a target":           {`[{"const":"1","target":"$.customer.id"}]`, `{}`, `{"customer":{"id":"1"}}`},
		"an index":                     {`[{"source":"$.a[1].b","target":"items[0].name"},{"source":"$.a[9].b","target":"customer.id"}]`, `{"a":[{"b":"1"},{"b":"2"}]}`, `{"items":[{"name":"2"}]}`},
		"all elements":                 {`[{"source":"$.l[*].n","target":"items[*].name"},{"source":"$.l[*].q","filter":"to_int","target":"items[*].quantity"},{"source":"$.l","target":"items[0].categories"}]`, `{"l":[{"n":"a","q":"2"},{"n":"b"}]}`, `{"items":[{"categories":[{"n":"a","q":"2"},{"n":"b"}],"name":"a","quantity":2},{"name":"b"}]}`},
		"no holes in a list":           {`[{"source":"$.l[*].n","target":"items[*].name"}]`, `{"l":[{},{"n":"b"},{},{"n":"d"}]}`, `{"items":[{"name":"b"},{"name":"d"}]}`},
		"a name in quotes":             {`[{"source":"$['a.b c'].d","target":"customer.id"}]`, `{"a.b c":{"d":"1"}}`, `{"customer":{"id":"1"}}`},
		"a free field":                 {`[{"source":"$.s","target":"backend_data.sift.$site"},{"const":"TXL","target":"airline.legs[0].from"}]`, `{"s":{"a":[1]}}`, `{"airline":{"legs":[{"from":"TXL"}]},"backend_data":{"sift":{"$site":{"a":[1]}}}}`},
		"not through a text":           {`[{"source":"$.a.b","target":"customer.id"},{"source":"$.a[0]","target":"customer.email"}]`, `{"a":"x"}`, `{}`},
	} {
		if got := asJSON(t, mapped(t, c.entries, JSON, c.body, nil, nil)); got != c.is {
			t.Errorf("%s:\n%s, not\n%s", name, got, c.is)
		}
	}
}

func TestEntriesOfOtherBodies(t *testing.T) {
	header := map[string][]string{"X-Session": {"s1"}, "X-Two": {"a", "b"}}
	query := map[string][]string{"order": {"7"}, "twice": {"1", "2"}}
	for name, c := range map[string]struct {
		kind              BodyKind
		entries, body, is string
	}{
		"a form": {Form, `[{"source":"$.amount","filter":"to_int","target":"transaction.amount"},{"source":"$.metadata.order_id","target":"transaction.reference"}]`,
			`amount=10&metadata[order_id]=7`, `{"transaction":{"amount":10,"reference":"7"}}`},
		"a list of a form that begins at 1": {Form, `[{"source":"$.l[1].n","target":"customer.id"}]`, `l[1][n]=x`, `{"customer":{"id":"x"}}`},
		"XML": {XML, `[{"source":"$.Pay.Amount.#text","filter":"to_minor(2)","target":"transaction.amount"},{"source":"$.Pay.Amount.@currency","target":"transaction.currency"}]`,
			`<Pay><Amount currency="EUR">12.5</Amount></Pay>`, `{"transaction":{"amount":1250,"currency":"EUR"}}`},
		"one XML element is a list of one": {XML, `[{"source":"$.P.L[*].N","target":"items[*].name"},{"source":"$.P.L[0].N","target":"customer.id"}]`,
			`<P><L><N>a</N></L></P>`, `{"customer":{"id":"a"},"items":[{"name":"a"}]}`},
		"headers and query": {Opaque, `[{"source":"$header.x-session","target":"device.session"},{"source":"$header.X-TWO","target":"metadata.two"},{"source":"$query.order","target":"transaction.reference"},
			{"source":"$query.missing","target":"customer.id"},{"source":"$header.x-missing","target":"customer.id"}]`, `x`,
			`{"device":{"session":"s1"},"metadata":{"two":"a, b"},"transaction":{"reference":"7"}}`},
		"a parameter given twice is no text": {Opaque, `[{"source":"$query.twice","filter":"trim","target":"customer.id"}]`, `x`, `{}`},
	} {
		if got := asJSON(t, mapped(t, c.entries, c.kind, c.body, header, query)); got != c.is {
			t.Errorf("%s:\n%s, not\n%s", name, got, c.is)
		}
	}
}

func TestMappingsThatCannotBe(t *testing.T) {
	for _, c := range []struct{ entry, field, code, says string }{
		{`{"source":"$.a","target":"credential.pan.value"}`, ".target", "pan_not_accepted", "first(6)"},
		{`{"const":"4111111111111111","target":"$.credential.pan.value"}`, ".target", "pan_not_accepted", "SAQ_A"},
		{`{"source":"$.a","target":"credential.pan"}`, ".target", "pan_not_accepted", "SAQ_A"},
		{`{"source":"$.a","target":"credential"}`, ".target", "pan_not_accepted", "field by field"},
		{`{"const":"pan","target":"credential.type"}`, ".const", "pan_not_accepted", "masked_pan"},
		{`{"source":"$.a","target":"transaction.amuont"}`, ".target", "unknown", `did you mean "transaction.amount"?`},
		{`{"source":"$.a","target":"amount"}`, ".target", "unknown", "no such field"},
		{`{"source":"$.a","target":"items[0].nmae"}`, ".target", "unknown", `did you mean "items[0].name"?`},
		{`{"source":"$.a","target":"context"}`, ".target", "unknown", "the interceptor's own"},
		{`{"source":"$.a","target":"metadata.a.b"}`, ".target", "unknown", "flat"},
		{`{"source":"$.a","target":"transaction.amount[0]"}`, ".target", "unknown", ""},
		{`{"source":"$.a","target":"backend_data[0]"}`, ".target", "unknown", ""},
		{`{"source":"$.a","target":"airline.seat"}`, ".target", "unknown", ""},
		{`{"source":"$.a","target":""}`, ".target", "required", ""},
		{`{"source":"$.a","target":"customer..id"}`, ".target", "format", ""},
		{`{"source":"$.a","target":"items[500].name"}`, ".target", "format", "499"},
		{`{"source":"$.a","target":"items[*].name"}`, ".target", "format", "both"},
		{`{"source":"$.a[*]","target":"customer.id"}`, ".target", "format", "both"},
		{`{"source":"$.a[*].b[*]","target":"items[*].name"}`, ".source", "format", "once"},
		{`{"source":"a.b","target":"customer.id"}`, ".source", "format", "begins with"},
		{`{"source":"$a","target":"customer.id"}`, ".source", "format", "missing"},
		{`{"source":"$..a","target":"customer.id"}`, ".source", "format", "name"},
		{`{"source":"$.a[x]","target":"customer.id"}`, ".source", "format", "index"},
		{`{"source":"$.a[01]","target":"customer.id"}`, ".source", "format", "index"},
		{`{"source":"$.a[1","target":"customer.id"}`, ".source", "format", "missing"},
		{`{"source":"$['a","target":"customer.id"}`, ".source", "format", "end"},
		{`{"source":"$header.","target":"customer.id"}`, ".source", "format", "header"},
		{`{"source":"$query.","target":"customer.id"}`, ".source", "format", "parameter"},
		{`{"source":"$header.Authorization","target":"customer.id"}`, ".source", "forbidden", "credentials"},
		{`{"source":"$header.x-psp-value","target":"customer.id"}`, ".source", "forbidden", "credentials"},
		{`{"source":"$.paymentMethod.cvc","target":"metadata.x"}`, ".source", "forbidden", "security code"},
		{`{"source":"$.card.Security_Code","target":"metadata.x"}`, ".source", "forbidden", "security code"},
		{`{"source":"$.a","const":"b","target":"customer.id"}`, "", "conflict", "side by side"},
		{`{"target":"customer.id"}`, "", "required", "source or const"},
		{`{"const":null,"target":"customer.id"}`, ".const", "required", "value"},
		{`{"const":5,"target":"customer.id"}`, ".const", "type", "a text"},
		{`{"const":"5","target":"transaction.amount"}`, ".const", "type", "an integer"},
		{`{"const":1.5,"target":"transaction.amount"}`, ".const", "type", "an integer"},
		{`{"const":{"a":1,"a":2},"target":"customer"}`, ".const", "format", ""},
		{`{"const":"a","filter":"downcase","target":"customer.id"}`, ".filter", "conflict", "no filter"},
		{`{"source":"$.a","filter":"dwncase","target":"customer.id"}`, ".filter", "format", `did you mean "downcase"?`},
		{`{"source":"$.a","filter":"digits","target":"transaction.amount"}`, ".filter", "type", "gives a text, and the target is an integer"},
		{`{"source":"$.a","filter":"to_int","target":"customer.id"}`, ".filter", "type", "gives an integer, and the target is a text"},
	} {
		p, problems := Compile(with(entriesOf(t, `[{"const":"x","target":"customer.id"},`+c.entry+`]`)), "")
		if p != nil || len(problems) != 1 {
			t.Errorf("%s: %v", c.entry, problems)
			continue
		}
		got := problems[0]
		if got.Field != "$.field_mapping[1]"+c.field || got.Code != c.code || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %v", c.entry, got)
		}
	}
}

func TestEveryProblemIsToldAtOnce(t *testing.T) {
	i := with(entriesOf(t, `[{"source":"a","filter":"x","target":"y"},{"const":1,"target":"customer.id"}]`))
	i.OnInvalid, i.Destination.URL, i.Context = "stop", "", ""
	_, problems := Compile(i, payment.SAQD)
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
	}
	want := "[$.context $.destination.url $.on_invalid $.field_mapping[0].target $.field_mapping[0].source $.field_mapping[0].filter $.field_mapping[1].const]"
	if fmt.Sprint(fields) != want {
		t.Errorf("%v", fields)
	}
}

func TestCardNumbersAreMappedWhereTheyAreAccepted(t *testing.T) {
	for _, level := range []payment.PCILevel{payment.SAQD, payment.ROC} {
		p := compiled(t, with(entriesOf(t, `[{"source":"$.n","target":"credential.pan.value"},{"const":"pan","target":"credential.type"}]`)), level)
		d, _ := Read(JSON, []byte(`{"n":"4111111111111111"}`))
		tree, problems := p.Map(Inbound{Document: d})
		if problems != nil || asJSON(t, tree["credential"]) != `{"pan":{"value":"4111111111111111"},"type":"pan"}` {
			t.Errorf("%s: %v", level, problems)
		}
	}
}

// TestACardNumberInTheWrongPlaceIsNotReadable maps a card number to where it does not belong: rules, logs and stores must not see it.
func TestACardNumberInTheWrongPlaceIsNotReadable(t *testing.T) {
	p := compiled(t, with(entriesOf(t, `[{"const":"masked_pan","target":"credential.type"},{"const":"1","target":"customer.id"},{"const":1,"target":"transaction.amount"},
		{"const":"EUR","target":"transaction.currency"},{"source":"$.n","target":"transaction.reference"},{"source":"$.n","target":"metadata.card"},{"source":"$.b","target":"billing"},
		{"source":"$.t","target":"customer.first_name"},{"source":"$.n","target":"credential.token"},{"source":"$.n","target":"device.session"},{"source":"$.n","target":"items[0].name"}]`)), payment.SAQA)
	d, _ := Read(JSON, []byte(`{"n":"4111111111111111","b":{"city":"4111 1111 1111 1111","card":"4111111111111111"},"t":"card 4111-1111-1111-1111"}`))
	tree, _ := p.Map(Inbound{Document: d})
	r, problems := payment.ParseTree(tree, payment.Acceptance{PCI: payment.SAQA})
	if problems != nil {
		t.Fatal(problems)
	}
	text := asJSON(t, r.Tree)
	for _, number := range []string{"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"} {
		if strings.Contains(text, number) {
			t.Error("a card number can be read by rules")
		}
	}
	for _, entry := range []string{`{"source":"$.n","target":"credential.first_six"}`, `{"source":"$.n","target":"credential.masked_pan.value"}`} {
		p := compiled(t, with(entriesOf(t, `[{"const":"masked_pan","target":"credential.type"},`+entry+`]`)), payment.SAQA)
		tree, _ := p.Map(Inbound{Document: d})
		if _, problems := payment.ParseTree(tree, payment.Acceptance{PCI: payment.SAQA}); !strings.Contains(fmt.Sprint(problems), "$.credential.") || strings.Contains(fmt.Sprint(problems), "4111111111111111") {
			t.Errorf("%s: %v", entry, problems)
		}
	}
}

func TestMappingStaysBounded(t *testing.T) {
	entries := strings.Repeat(`{"source":"$","target":"airline.legs"},`, 100)
	p := compiled(t, with(entriesOf(t, "["+entries[:len(entries)-1]+"]")), payment.SAQA)
	d, problems := Read(JSON, []byte("["+strings.Repeat("1,", 999)+"1]"))
	if problems != nil {
		t.Fatal(problems)
	}
	if _, problems := p.Map(Inbound{Document: d}); len(problems) != 1 || problems[0].Code != "size" || problems[0].Field != "$.field_mapping[19]" {
		t.Errorf("%v", problems)
	}
	if _, problems := Compile(with(make([]Entry, maxEntries+1)), payment.SAQA); len(problems) != 1 || problems[0].Field != "$.field_mapping" {
		t.Errorf("%v", problems)
	}
}

func TestWhatCameIsNeverChanged(t *testing.T) {
	p := compiled(t, with(entriesOf(t, `[{"source":"$.a","target":"billing"},{"const":"DE","target":"billing.country"},{"source":"$.l","target":"airline.legs"},
		{"source":"$.l[*].n","target":"items[*].name"},{"source":"$.a","target":"shipping"},{"const":"FR","target":"shipping.country"}]`)), payment.SAQA)
	body := []byte(`{"a":{"country":"XX","city":"c"},"l":[{"n":"1"}]}`)
	d, _ := Read(JSON, body)
	first, _ := p.Map(Inbound{Document: d})
	second, _ := p.Map(Inbound{Document: d})
	fresh, _ := Read(JSON, body)
	if !reflect.DeepEqual(first, second) || !reflect.DeepEqual(d, fresh) {
		t.Error("mapping changed the document")
	}
	if asJSON(t, first["billing"]) != `{"city":"c","country":"DE"}` || asJSON(t, first["shipping"]) != `{"city":"c","country":"FR"}` {
		t.Error("two targets share a value")
	}
}

func FuzzMap(f *testing.F) {
	f.Add("$.a.b[0]", "first(6) | to_int", "transaction.amount", []byte(`{"a":{"b":["1234567"]}}`))
	f.Add("$.l[*].n", "", "items[*].name", []byte(`l[0][n]=1&l[1][n]=2`))
	f.Add("$.P.@x", "map({a: b}, c)", "metadata.x", []byte(`<P x="1"/>`))
	f.Add("$query.a", "default(1)", "backend_data.a.b", []byte(``))
	f.Fuzz(func(t *testing.T, source, filter, target string, body []byte) {
		i := with([]Entry{{Const: json.RawMessage(`"guest"`), Target: "customer.id"}, {Source: source, Filter: filter, Target: target}})
		p, problems := Compile(i, payment.SAQA)
		if (p == nil) == (problems == nil) {
			t.Fatalf("%v beside %v", p, problems)
		}
		for _, problem := range problems {
			if !strings.HasPrefix(problem.Field, "$.field_mapping[1]") || problem.Code == "" || problem.Message == "" {
				t.Fatalf("%v", problem)
			}
		}
		if p == nil {
			return
		}
		for _, kind := range []BodyKind{JSON, Form, XML, Opaque} {
			d, problems := Read(kind, body)
			if problems != nil {
				continue
			}
			before, _ := json.Marshal(d.root)
			tree, problems := p.Map(Inbound{Document: d, Query: map[string][]string{"a": {"b"}}})
			if problems != nil {
				t.Fatalf("%v", problems)
			}
			if after, _ := json.Marshal(d.root); string(after) != string(before) {
				t.Fatal("mapping changed the document")
			}
			if _, err := json.Marshal(tree); err != nil {
				t.Fatal(err)
			}
			if credential, ok := tree["credential"].(map[string]any); ok && credential["pan"] != nil {
				t.Fatal("a card number's place was filled")
			}
			payment.ParseTree(tree, payment.Acceptance{})
		}
	})
}
