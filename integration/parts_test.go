package integration

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wayguard/event"
)

func TestMemoryForgets(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	m := newMemory[int, string](3)
	for n := range 5 {
		m.keep(n, fmt.Sprint(n), now.Add(time.Minute))
		m.recall(2, now) // used, and so kept
	}
	for n, want := range []bool{false, false, true, true, true} {
		if got, ok := m.recall(n, now); ok != want || ok && got != fmt.Sprint(n) {
			t.Errorf("%d: %q, %v", n, got, ok)
		}
	}
	m.keep(2, "new", now.Add(time.Hour))
	if got, ok := m.recall(2, now.Add(time.Minute)); !ok || got != "new" || m.size() != 3 {
		t.Errorf("%q, %v, %d entries", got, ok, m.size())
	}
	if _, ok := m.recall(3, now.Add(time.Minute)); ok || m.size() != 2 {
		t.Errorf("an entry outlives its time; %d entries", m.size())
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := &breaker{config: BreakerConfig{Percent: 50, AtLeast: 4, Window: 10 * time.Second, Cool: 5 * time.Second}}
	call := func(good bool) {
		t.Helper()
		if !b.allow(now) {
			t.Fatal("it is not asked")
		}
		b.report(good, now)
	}
	state := func(want BreakerState) {
		t.Helper()
		if got, _ := b.status(); got != want {
			t.Fatalf("it is %s, want %s", got, want)
		}
	}
	for range 3 {
		call(false)
	}
	state(BreakerClosed) // too few to say
	now = now.Add(11 * time.Second)
	for range 3 {
		call(true)
	}
	call(false)
	call(false)
	state(BreakerClosed) // those before the window are forgotten
	call(false)
	state(BreakerOpen)
	if b.allow(now.Add(4 * time.Second)) {
		t.Error("an open breaker lets through")
	}
	now = now.Add(5 * time.Second)
	if !b.allow(now) || b.allow(now) {
		t.Error("not exactly one is let through to try")
	}
	b.forget()
	call(true)
	state(BreakerHalfOpen)
	call(true)
	state(BreakerClosed)
	call(false)
	state(BreakerClosed) // it began anew
}

func TestRoomOfAMinute(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	y := &tally{}
	for n := range 3 {
		if _, limit, _ := y.room(now, 2, 3); limit != 3-n {
			t.Fatalf("room for %d", limit)
		}
		y.takeOff(now, true)
		now = now.Add(time.Second)
	}
	room, limit, next := y.room(now, 2, 3)
	if room != 0 || limit != 0 || !next.Equal(now.Add(57*time.Second)) {
		t.Errorf("room %d and %d, next %v", room, limit, next)
	}
	y.land()
	if room, limit, _ := y.room(now.Add(57*time.Second), 2, 3); room != 0 || limit != 1 {
		t.Errorf("after a minute room %d and %d", room, limit)
	}
	if _, limit, _ := y.room(now, 2, 0); limit < 1000 {
		t.Errorf("without a limit there is room for %d", limit)
	}
}

// FuzzTemplate says that no template and no value breaks out of where it is put.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"{because}", "{rating}: {because} {", "{{because}}", "}{", "{el.email.domain}", "{because", "{Because}", "\xff{more}"} {
		f.Add(seed, `"<!channel>`+"\r\nx\x00")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		parsed := parseTemplate(text)
		var rebuilt strings.Builder
		for _, part := range parsed.parts {
			if part.at != rebuilt.Len() {
				t.Fatalf("a part stands at %d, not %d", part.at, rebuilt.Len())
			}
			if part.name != "" {
				rebuilt.WriteString("{" + part.name + "}")
			}
			rebuilt.WriteString(part.text)
		}
		if rebuilt.String() != text {
			t.Fatalf("%q became %q", text, rebuilt.String())
		}
		word := func(string) (string, bool) { return value, true }
		if quoted, ok := parseTemplate(`{"a": "{because}"}`).render(word, inJSON); !ok || !json.Valid([]byte(quoted)) {
			t.Fatalf("in JSON %q", quoted)
		}
		if slack := inSlack(value); strings.ContainsAny(slack, "<>") {
			t.Fatalf("in Slack %q", slack)
		}
		if line := oneLine(value); strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("in a line %q", line)
		}
		if data := syslogValue(value); strings.ContainsAny(strings.NewReplacer(`\\`, "", `\"`, "", `\]`, "").Replace(data), `"]\`) {
			t.Fatalf("in structured data %q", data)
		}
		if cut := clip(value, 10); len(cut) > 10 || !utf8.ValidString(cut) {
			t.Fatalf("cut to %q", cut)
		}
		a := SampleAlert()
		a.Because, a.EventName, a.Labels = value, value, []string{value}
		for _, kind := range []Kind{Slack, Teams, Email, Syslog} {
			c := IntegrationConfig{Name: "x", Kind: kind, Template: TemplateConfig{Title: text, Text: text}}
			l := &letter{id: "i", alert: a}
			wordingOf(c).write(l)
			if len(l.title) > maxRendered+len(text)+6*maxValue || len(l.text) > maxRendered+len(text)+6*maxValue {
				t.Fatalf("title %q", l.title)
			}
		}
	})
}

// FuzzAnswer says that no answer of a service is read wrongly or does harm.
func FuzzAnswer(f *testing.F) {
	for _, seed := range [][2]string{{`{"a": {"b": [1, "x", true, null]}}`, "a.b.1"}, {`[[[[]]]]`, "0.0.0"}, {`{"a": 1e400}`, "a"}, {`{"a": 1} x`, "a"},
		{`{"": 1}`, "."}, {strings.Repeat("[", 10_000), "0"}} {
		f.Add([]byte(seed[0]), seed[1])
	}
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		document, err := parseAnswer(body)
		if (err == nil) != json.Valid(body) {
			t.Fatalf("%q: %v", body, err)
		}
		way, pathErr := parsePath(text)
		if err != nil || pathErr != nil {
			return
		}
		value, ok := way.find(document)
		if !ok {
			return
		}
		if value == "" || len(value) > maxWord || !strings.Contains(string(body), value) && json.Valid([]byte(value)) && value != "true" && value != "false" &&
			!strings.Contains(string(body), `\`) {
			t.Fatalf("%q at %q gives %q", body, text, value)
		}
	})
}

// FuzzQuestion says that a visitor's value changes nothing of a question but itself.
func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{"a@b.example", "../../admin", "..", "x?y=z&a=b#c", "%2e%2e", "http://evil.example", "@evil.example", "\\", "\r\nHost: evil"} {
		f.Add(seed)
	}
	q := questionOf(IntegrationConfig{URL: "https://score.example.com/v1/{el.email}/risk?q={el.email}&k=v",
		EnrichConfig: EnrichConfig{Method: "POST", Request: `{"a": "{el.email}", "b": 1}`}})
	f.Fuzz(func(t *testing.T, value string) {
		c, ok := q.ask(&event.Event{Elements: []event.Element{{Name: "email", Value: value}}})
		if !ok {
			if value != "" && value != "." && value != ".." {
				t.Fatalf("%q is not asked with", value)
			}
			return
		}
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		values := u.Query()
		parts := strings.Split(u.EscapedPath(), "/")
		if u.Host != "score.example.com" || u.User != nil || u.Fragment != "" || len(parts) != 4 || parts[3] != "risk" || parts[2] == ".." ||
			len(values) != 2 || values.Get("k") != "v" {
			t.Fatalf("%q asks %s", value, c.url)
		}
		var body map[string]any
		if json.Unmarshal(c.body, &body) != nil || len(body) != 2 || body["b"] != 1.0 {
			t.Fatalf("%q asks %s", value, c.body)
		}
	})
}
