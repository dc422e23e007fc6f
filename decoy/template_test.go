package decoy

import (
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

func TestWrittenTemplate(t *testing.T) {
	o, s := newSimulated(20, true), testSet(t)
	r, e := o.request("anna")
	c := policy.TemplateConfig{Status: 201, Headers: map[string]string{"X-B": "2", "X-A": "1"}, Body: `{"order":"{order}","code":"{code}"}`,
		Canaries: map[string]string{"order": "digits:10", "code": "upper:8"}}
	first, ok := s.Feign("refund", "success", c, r, e, "one", r.Time)
	if !ok || first.Status != 201 || len(first.Header) != 3 || fieldValue(first.Header, "Content-Type") != "application/json" || first.After <= 0 {
		t.Fatalf("%v %+v", ok, first)
	}
	if strings.Contains(string(first.Body), "{order}") || strings.Contains(string(first.Body), "{code}") {
		t.Fatalf("places are left: %s", first.Body)
	}
	r2, e2 := o.request("anna")
	again, _ := s.Feign("refund", "success", c, r2, e2, "one", r2.Time)
	other, _ := s.Feign("refund", "success", c, r2, e2, "two", r2.Time)
	if string(again.Body) != string(first.Body) {
		t.Errorf("the session was told %s, then %s", first.Body, again.Body)
	}
	if string(other.Body) == string(first.Body) {
		t.Error("another session was told the same order")
	}
	failure, _ := s.Feign("refund", "", policy.TemplateConfig{Body: "no"}, r, e, "one", r.Time)
	if failure.Status != 401 || fieldValue(failure.Header, "Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%+v", failure)
	}
}

// TestWrittenAmongLearned: the operator's success is dressed as the origin dresses its failures.
func TestWrittenAmongLearned(t *testing.T) {
	o, s := newSimulated(21, true), testSet(t)
	o.teach(s, 100)
	r, e := o.request("anna")
	a, ok := s.Feign("login", "success", policy.TemplateConfig{Body: `{"ok":true}`}, r, e, "s", r.Time)
	names := ""
	for _, f := range a.Header {
		names += f.Name + " "
	}
	if !ok || names != "x-powered-by date content-type x-request-id " || fieldValue(a.Header, "content-type") != "application/json" {
		t.Errorf("%v, header %v", ok, a.Header)
	}
	// Always is stronger than what was learned.
	a, _ = s.Feign("login", "failure", policy.TemplateConfig{Status: 418, Body: "x", Always: true}, r, e, "s", r.Time)
	if a.Status != 418 {
		t.Errorf("status %d", a.Status)
	}
}

func TestFormsOfWhatMachinesMakeUp(t *testing.T) {
	o := newSimulated(22, false)
	r := testSet(t).draw("test")
	many := func(make func() string) (list []string) {
		for range 40 {
			list = append(list, make())
		}
		return list
	}
	for name, test := range map[string]struct {
		texts []string
		valid func(string) bool
	}{
		"uuid": {many(o.uuid), func(s string) bool {
			return len(s) == 36 && s[8] == '-' && s[14] == '4' && strings.ContainsRune("89ab", rune(s[19])) && strings.Trim(s, "0123456789abcdef-") == ""
		}},
		"hex":    {many(func() string { return o.hex(20) }), func(s string) bool { return len(s) == 20 && strings.Trim(s, "0123456789abcdef") == "" }},
		"base64": {many(func() string { return o.base64(15) + "==" }), func(s string) bool { return len(s) == 22 && strings.HasSuffix(s, "==") }},
		"number": {many(func() string { return string(digitLetters[1+o.IntN(9)]) + "234" + string(digitLetters[o.IntN(10)]) }), func(s string) bool {
			return len(s) == 5 && s[0] != '0' && s[1:4] == "234"
		}},
		"code": {many(func() string { return r.text(upperLetters, 7) }), func(s string) bool { return len(s) == 7 && strings.Trim(s, upperLetters) == "" }},
		"name": {[]string{"Meyer", "Okonkwo", "Xu-Li"}, func(s string) bool { return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' }},
	} {
		f := form{}
		if madeUp(test.texts) {
			f = formOf(test.texts)
		}
		for _, text := range test.texts {
			made := f.make(skeleton(text), r)
			if !test.valid(made) || len(text) > 6 && made == text {
				t.Errorf("%s: %q was made like %q", name, made, text)
			}
		}
	}
}

func TestMoments(t *testing.T) {
	sent := time.Date(2026, 5, 4, 3, 2, 1, 987_000_000, time.UTC)
	later := time.Date(2027, 11, 12, 13, 14, 15, 160_000_000, time.UTC)
	for text, want := range map[string]string{
		"Mon, 04 May 2026 03:02:01 GMT": "Fri, 12 Nov 2027 13:14:15 GMT",
		"Mon, 04-May-2026 03:02:01 GMT": "Fri, 12-Nov-2027 13:14:15 GMT",
		"2026-05-04T03:02:01Z":          "2027-11-12T13:14:15Z",
		"2026-05-04T03:02:01.987Z":      "2027-11-12T13:14:15.160Z",
		"2026-05-04T05:02:01.987+02:00": "2027-11-12T15:14:15.160+02:00",
		"2026-05-04 03:02:01":           "2027-11-12 13:14:15",
		"1777863721":                    "1826025255",
		"1777863721987":                 "1826025255160",
	} {
		marks := dates(nil, "x "+text+" y", sent)
		if len(marks) != 1 {
			t.Errorf("%q: %d marks", text, len(marks))
			continue
		}
		if got := writeMoment(marks[0].what, later); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"2001-01-01T00:00:00Z", "9999999999", "2026-99-04T03:02:01Z", "20260504"} {
		if marks := dates(nil, text, sent); len(marks) != 0 {
			t.Errorf("%q was taken for a moment that follows from the answer's", text)
		}
	}
}

func TestRepeatedSpellings(t *testing.T) {
	said := asked{values: []value{{"form:user", `o'neil & "co" <x>`}, {"form:mail", "Ann@Mail.example"}, {"form:short", "ab"}}}
	for text, want := range map[string]string{
		`<b>o&#39;neil &amp; &#34;co&#34; &lt;x&gt;</b>`:    "echo:html:form:user",
		`<b>o&#39;neil &amp; &quot;co&quot; &lt;x&gt;</b>`:  "echo:html_named:form:user",
		`<b>o&#x27;neil &amp; &quot;co&quot; &lt;x&gt;</b>`: "echo:html_python:form:user",
		`<b>o&#039;neil &amp; &quot;co&quot; &lt;x&gt;</b>`: "echo:html_php:form:user",
		`"o'neil & \"co\" <x>"`:                             "echo:json:form:user",
		`?u=o%27neil+%26+%22co%22+%3Cx%3E`:                  "echo:url:form:user",
		`for ann@mail.example`:                              "echo:lower:form:mail",
		`(ab)`:                                              "echo:raw:form:short",
		`table`:                                             "",
	} {
		got := ""
		for _, m := range disjoint(echoes(nil, text, said)) {
			got += m.what
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestCanaryPlaces(t *testing.T) {
	for _, test := range []struct {
		before, name string
		want         bool
	}{
		{`{"order":"`, "order", true}, {`{"order": `, "order", true}, {`name="order" value="`, "order", true}, {`?order=`, "order", true},
		{`{"reorder":"`, "order", false}, {`{"order":"x","id":"`, "order", false}, {`order`, "order", false}, {"", "order", false},
	} {
		if got := namesField(test.before, test.name); got != test.want {
			t.Errorf("%s before %s: %v", test.before, test.name, got)
		}
	}
}

func TestCanariesComeBack(t *testing.T) {
	s := New([]byte("0123456789abcdef0123456789abcdef"), Settings{Elements: []string{"order_id", "promo"},
		Canonical: func(element, text string) string {
			if element == "order_id" {
				return "hashed:" + strings.ToLower(text)
			}
			return ""
		}})
	o := newSimulated(23, true)
	r, e := o.request("anna")
	c := policy.TemplateConfig{Body: "{order}", Canaries: map[string]string{"order": "upper:12"}}
	a, _ := s.Feign("refund", "success", c, r, e, "one", r.Time)
	back := &event.Event{Time: r.Time.Add(time.Hour), Elements: []event.Element{{Name: "x", Value: "nothing"}, {Name: "order_id", Value: "hashed:" + strings.ToLower(string(a.Body))}}}
	if spec, ok := s.Canary(back); !ok || spec != "refund" {
		t.Errorf("the canary came back as %q, %v", spec, ok)
	}
	back.Elements[1].Value = string(a.Body)
	if _, ok := s.Canary(back); !ok {
		t.Error("the canary was not known by its text")
	}
	back.Elements[1].Value = "ABCDEFGHIJKL"
	if _, ok := s.Canary(back); ok {
		t.Error("another value was taken for a canary")
	}
	back.Elements[1].Value = string(a.Body)
	data, err := s.Save()
	if err != nil || strings.Contains(string(data), string(a.Body)) {
		t.Fatalf("%v: %s", err, data)
	}
	restarted := testSet(t)
	if err := restarted.Load(data, back.Time); err != nil {
		t.Fatal(err)
	}
	if _, ok := restarted.Canary(back); !ok {
		t.Error("the canary was forgotten by a restart")
	}
	back.Time = r.Time.Add(canaryLives + time.Hour)
	if _, ok := s.Canary(back); ok {
		t.Error("an expired canary is still one")
	}
	for _, bad := range []string{"", "{", `{"canaries":[{"hash":"zz"}]}`} {
		if err := restarted.Load([]byte(bad), back.Time); err == nil {
			t.Errorf("%q was loaded", bad)
		}
	}
}

func TestShapes(t *testing.T) {
	r := testSet(t).draw("shapes")
	for text, valid := range map[string]func(string) bool{
		"digits:8":           func(s string) bool { return len(s) == 8 && s[0] != '0' && strings.Trim(s, digitLetters) == "" },
		"hex:32":             func(s string) bool { return len(s) == 32 && strings.Trim(s, digitLetters+"abcdef") == "" },
		"upper:10":           func(s string) bool { return len(s) == 10 && strings.Trim(s, upperLetters) == "" },
		"lower:10":           func(s string) bool { return len(s) == 10 && strings.Trim(s, lowerLetters) == "" },
		"alnum:9":            func(s string) bool { return len(s) == 9 },
		"uuid":               func(s string) bool { return len(s) == 36 && s[14] == '4' },
		"email":              func(s string) bool { return strings.HasSuffix(s, "@example.com") },
		"email:trap.example": func(s string) bool { return strings.HasSuffix(s, "@trap.example") },
		"card":               func(s string) bool { return len(s) == 16 && luhn(s) },
	} {
		s, err := readShape(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for range 20 {
			if got := s.value(r); !valid(got) {
				t.Errorf("%s made %q", text, got)
			}
		}
	}
	for _, text := range []string{"", "digits", "digits:3", "hex:x", "hex:9999", "uuid:3", "email:a b", "words:3"} {
		if _, err := readShape(text); err == nil {
			t.Errorf("%q is taken for a shape", text)
		}
	}
}

func luhn(digits string) bool {
	sum := 0
	for i := range digits {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

type kept2 []Entry

func (k *kept2) Keep(e Entry) { *k = append(*k, e) }

func TestSink(t *testing.T) {
	sink := &kept2{}
	s := New([]byte("0123456789abcdef0123456789abcdef"), Settings{Sink: sink})
	o := newSimulated(24, true)
	submit := func(user, password, session string) {
		r, e := o.request(user)
		r.Header = []capture.Field{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
		r.Body.Bytes = []byte("username=" + user + "&password=" + password)
		e.Elements[0].Display = "shown " + user
		if _, ok := s.Submitted(r, e, event.ID(session), "stuffing", policy.SinkConfig{}); !ok {
			t.Fatal("nothing was kept")
		}
	}
	submit("anna", "hunter2", "1")
	submit("ben", "hunter2", "1")
	submit("anna", "hunter2", "2")
	submit("anna", "other", "2")
	list := s.Entries(10, o.now)
	if len(list) != 4 || len(*sink) != 4 || list[0].Account != "anna" || list[0].Shown != "shown anna" || list[0].Policy != "stuffing" {
		t.Fatalf("%+v", list)
	}
	if list[1].Secret != list[3].Secret || list[0].Secret == list[1].Secret || list[2].Secret == list[3].Secret || list[0].Secret == "" {
		t.Error("secrets must be equal for equal passwords of one account only")
	}
	exposed := s.Exposed(10, o.now)
	if len(exposed) != 2 || exposed[0].Account != "anna" || exposed[0].Attempts != 3 || exposed[0].Secrets != 2 || exposed[0].Sessions != 2 ||
		!exposed[0].First.Before(exposed[0].Last) || exposed[1].Attempts != 1 {
		t.Errorf("%+v", exposed)
	}
	data, _ := s.Save()
	if strings.Contains(string(data), "hunter2") {
		t.Error("a password was written")
	}
	restarted := testSet(t)
	if err := restarted.Load(data, o.now); err != nil || len(restarted.Entries(10, o.now)) != 4 {
		t.Errorf("%v, %d entries after a restart", err, len(restarted.Entries(10, o.now)))
	}
	if len(s.Entries(10, o.now.Add(31*24*time.Hour))) != 0 {
		t.Error("entries outlived their time")
	}
	r, e := o.request("anna")
	if _, ok := s.Submitted(r, e, "1", "p", policy.SinkConfig{Keep: "nothing"}); ok || len(*sink) != 4 {
		t.Error("something was kept against the configuration")
	}
	for range maxEntries + 100 {
		submit("ben", "x", "3")
	}
	if len(s.sunk.list) > maxEntries {
		t.Errorf("%d entries", len(s.sunk.list))
	}
}
