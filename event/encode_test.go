package event_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"wayguard/event"
)

// TestRecordAppendIsEncodingJSON generates records with every field filled or not, and texts of every kind.
func TestRecordAppendIsEncodingJSON(t *testing.T) {
	for seed := range 3000 {
		record := (&maker{rand.New(rand.NewSource(int64(seed)))}).record()
		want, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		got, err := record.Append([]byte("before"))
		if err != nil || string(got) != "before"+string(want) {
			t.Fatalf("seed %d: %v\ngot  %s\nwant before%s", seed, err, got, want)
		}
	}
}

// TestRecordAppendQuotesEveryByte compares every byte alone and every pair that begins a character.
func TestRecordAppendQuotesEveryByte(t *testing.T) {
	for first := range 256 {
		for _, rest := range []string{"", "a", "\x80", "\x80\xa8", "\x80\xa9", "\x9f\x98\x80", "\xbf\xbd"} {
			record := event.Record{Event: event.Event{Name: "x" + string([]byte{byte(first)}) + rest + "y"}}
			want, _ := json.Marshal(record)
			if got, err := record.Append(nil); err != nil || string(got) != string(want) {
				t.Errorf("byte %#x %q: got %s, want %s, %v", first, rest, got, want, err)
			}
		}
	}
}

func TestRecordAppendRefusesTimesThatJSONRefuses(t *testing.T) {
	for _, at := range []time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 100*3600))} {
		for _, record := range []event.Record{{Event: event.Event{Time: at}}, {Session: event.Session{Opened: at}}} {
			_, wanted := json.Marshal(record)
			if out, err := record.Append([]byte("b")); wanted == nil || err == nil || string(out) != "b" {
				t.Errorf("%v: got %q, %v; encoding/json says %v", at, out, err, wanted)
			}
		}
	}
}

func TestRecordAppendDoesNotAllocate(t *testing.T) {
	record := (&maker{rand.New(rand.NewSource(5))}).record()
	room := make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(100, func() { room, _ = record.Append(room[:0]) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRecordAppend(f *testing.F) {
	f.Add("a<b>&\"\\\u2028\x00\xff", int64(1))
	f.Fuzz(func(t *testing.T, text string, number int64) {
		record := event.Record{Event: event.Event{Name: text, Elements: []event.Element{{Parts: event.PartsOf(map[string]string{text: text, "a": "b"})}},
			Time: time.Unix(number%1e11, number%1e9).UTC(), HTTP: event.HTTP{Duration: time.Duration(number)}}}
		want, wantErr := json.Marshal(record)
		got, err := record.Append(nil)
		if (err == nil) != (wantErr == nil) || err == nil && string(got) != string(want) {
			t.Fatalf("got %s, %v\nwant %s, %v", got, err, want, wantErr)
		}
	})
}

// maker makes records.
type maker struct{ *rand.Rand }

func (m *maker) text() string {
	list := []string{"", "", "plain", "ünï", "<b>&amp;</b>", "\u2028\u2029", "\xff\xfe", "tab\tnew\nline\rback\bfeed\f\x00\x1f\x7f", `quote"back\slash`, "😀", "\xed\xa0\x80", "a\xc3"}
	if m.Intn(4) == 0 {
		raw := make([]byte, m.Intn(40))
		m.Read(raw)
		return string(raw)
	}
	return list[m.Intn(len(list))] + list[m.Intn(len(list))]
}

func (m *maker) flag() bool { return m.Intn(2) == 0 }

func (m *maker) number() int64 { return []int64{0, 1, -1, 1 << 62, int64(m.Intn(1e9))}[m.Intn(5)] }

func (m *maker) time() time.Time {
	at := time.Unix(int64(m.Intn(4e9)), []int64{0, 1000, 123456789, 500000000}[m.Intn(4)])
	switch m.Intn(4) {
	case 0:
		return time.Time{}
	case 1:
		return at.In(time.FixedZone("", m.Intn(40000)-20000))
	}
	return at.UTC()
}

func (m *maker) texts() (list []string) {
	for range m.Intn(3) {
		list = append(list, m.text())
	}
	return list
}

func (m *maker) actions() (list []event.Action) {
	for range m.Intn(3) {
		list = append(list, event.Action{Name: m.text(), Kind: event.ActionKind(m.text()), Because: m.text(), Shadow: m.flag(), Outcome: event.Outcome(m.text()),
			Policy: m.text(), Detail: m.text()})
	}
	return list
}

func (m *maker) record() event.Record {
	r := event.Record{Event: m.event()}
	r.Session = event.Session{ID: event.ID(m.text()), Journey: event.ID(m.text()), Number: m.number(), Opened: m.time(),
		Join: event.Join{By: m.text(), Detail: m.text()}, Labels: m.texts(), Person: event.ID(m.text()), Actor: event.ID(m.text()),
		Absorbed: event.ID(m.text()), Confidence: m.number(), Link: event.Link{Tier: m.text(), Bits: m.number(), Margin: m.number()}}
	for range m.Intn(3) {
		r.Session.Link.Because = append(r.Session.Link.Because, event.Reason{Expression: m.text(), Value: m.text()})
	}
	v := &r.Verdict
	v.Rating, v.Before, v.Score, v.Tipped = event.Rating(m.Intn(4)), event.Rating(m.Intn(3)), m.number(), m.texts()
	v.Next = m.number()
	v.Actions, v.Rules = m.actions(), m.text()
	for range m.Intn(3) {
		l := event.Label{Name: m.text(), Severity: event.Severity(m.text()), Rule: m.text(), Version: m.text(), Signature: m.flag(),
			Shadow: m.flag(), Points: m.number(), Family: m.text(), Sentence: m.text()}
		for range m.Intn(3) {
			l.Because = append(l.Because, event.Reason{Expression: m.text(), Value: m.text()})
		}
		v.Labels = append(v.Labels, l)
		v.EntityLabels = append(v.EntityLabels, event.EntityLabel{Element: m.text(), Value: m.text(), Label: m.text(), Rule: m.text()})
		v.Errors = append(v.Errors, event.RuleError{Rule: m.text(), Error: m.text()})
	}
	return r
}

func (m *maker) event() event.Event {
	e := event.Event{ID: event.ID(m.text()), Environment: event.Environment(m.text()), Time: m.time(), Name: m.text(), Type: event.Type(m.text()),
		Result: event.Result(m.text()), Spec: m.text(), Actions: m.actions(),
		HTTP:     event.HTTP{Method: m.text(), Host: m.text(), Route: m.text(), Status: int(m.number()), Duration: time.Duration(m.number()), Inline: m.flag()},
		Evidence: event.Evidence{Address: m.text(), HeaderShape: m.text(), UserAgent: m.text()}}
	e.Evidence.Wire = event.Wire{Connection: m.text(), JA4: m.text(), HTTP2: m.text(), Headers: m.text(), Kind: event.RequestKind(m.text()),
		Page: m.text(), From: m.text(), Hints: event.Hints(m.text())}
	for range m.Intn(3) {
		e.Evidence.Wire.Flaws = append(e.Evidence.Wire.Flaws, event.Flaw(m.text()))
	}
	e.Evidence.Client = event.Client{Family: m.text(), Major: m.number(), Platform: m.text(), Model: m.text(), Language: m.text(), Mobile: m.flag(),
		Agent: m.text(), Proof: event.Proof(m.text())}
	e.Evidence.Network = event.Network{Kind: event.NetworkKind(m.text()), AS: m.number(), Country: m.text()}
	for range m.Intn(3) {
		e.Evidence.Tokens = append(e.Evidence.Tokens, event.Token{Name: m.text(), Hash: m.text(), Issued: m.flag()})
		e.Issues = append(e.Issues, event.Issue{Code: m.text(), Element: m.text(), Detail: m.text()})
	}
	for range m.Intn(5) {
		el := event.Element{Name: m.text(), Kind: event.Kind(m.text()), Type: m.text(), Value: m.text(), Display: m.text()}
		if parts := m.Intn(20); parts > 0 && m.flag() {
			texts := map[string]string{}
			for i := range parts {
				texts[fmt.Sprint(m.text(), i)] = m.text()
			}
			el.Parts = event.PartsOf(texts)
		}
		e.Elements = append(e.Elements, el)
	}
	return e
}

// TestRecordAppendKnowsEveryField fills every field there is, so that one that is added and not written shows.
func TestRecordAppendKnowsEveryField(t *testing.T) {
	var record event.Record
	fill(reflect.ValueOf(&record).Elem())
	want, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := record.Append(nil); err != nil || string(got) != string(want) {
		t.Fatalf("%v\ngot  %s\nwant %s", err, got, want)
	}
}

func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[event.Parts]() {
		v.Set(reflect.ValueOf(event.Parts{{Name: "a", Text: "2"}, {Name: "b", Text: "1"}}))
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 11, 21, 10, 0, 0, 1000, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func BenchmarkRecordAppend(b *testing.B) {
	var record event.Record
	fill(reflect.ValueOf(&record).Elem())
	one := event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: "visitor.123@mail7.example", Parts: event.PartsOf(map[string]string{
		"domain": "mail7.example", "mailbox": "visitor.123@mail7.example", "disposable": "false", "registrable_domain": "mail7.example"})}
	record.Event.Elements = nil
	for range 25 {
		record.Event.Elements = append(record.Event.Elements, one)
		if len(record.Event.Elements) > 8 {
			one.Parts = nil
		}
	}
	room := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	for range b.N {
		room, _ = record.Append(room[:0])
	}
	b.SetBytes(int64(len(room)))
}
