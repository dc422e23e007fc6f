package event_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/event"
)

// throughJSON is the record as it comes back from JSON.
func throughJSON(t testing.TB, record *event.Record) (back event.Record) {
	t.Helper()
	text, err := record.Append(nil)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// inUTC is the record with times that can be compared: JSON gives those that are less than a minute off UTC, or in the
// zone of this machine, another zone of the same offset. How the times are written is compared beside.
func inUTC(r event.Record) event.Record {
	r.Event.Time, r.Session.Opened = r.Event.Time.UTC(), r.Session.Opened.UTC()
	return r
}

// checkCodec holds a record that went through the codec to one that went through JSON, in both forms of writing.
func checkCodec(t testing.TB, codec *event.Codec, record *event.Record) []byte {
	t.Helper()
	want := throughJSON(t, record)
	encoded, err := codec.Append([]byte("before"), record)
	if err != nil || !bytes.HasPrefix(encoded, []byte("before")) {
		t.Fatalf("%v: %q", err, encoded)
	}
	encoded = encoded[len("before"):]
	got, err := codec.Decode(encoded)
	if err != nil || !reflect.DeepEqual(inUTC(got), inUTC(want)) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	if bytes.IndexByte(encoded, 0) >= 0 {
		t.Fatalf("a zero byte in %q", encoded)
	}
	gotText, _ := got.Append(nil)
	wantText, _ := want.Append(nil)
	if !bytes.Equal(gotText, wantText) {
		t.Fatalf("got  %s\nwant %s", gotText, wantText)
	}
	if old, err := codec.Decode(wantText); err != nil || !reflect.DeepEqual(inUTC(old), inUTC(want)) {
		t.Fatalf("JSON: %v, %+v", err, old)
	}
	return encoded
}

func TestCodecIsWhatJSONIs(t *testing.T) {
	codec := event.NewCodec()
	for seed := range 3000 {
		record := (&maker{rand.New(rand.NewSource(int64(seed)))}).record()
		checkCodec(t, codec, &record)
	}
	var full event.Record
	fill(reflect.ValueOf(&full).Elem())
	checkCodec(t, codec, &full)
	checkCodec(t, codec, &event.Record{})
}

// TestCodecKeepsEveryNumber tries the numbers at which the length of their form changes.
func TestCodecKeepsEveryNumber(t *testing.T) {
	codec := event.NewCodec()
	for shift := range 64 {
		for _, by := range []int64{-2, -1, 0, 1, 2} {
			for _, sign := range []int64{1, -1} {
				n := sign * (int64(1)<<shift + by)
				record := event.Record{Verdict: event.Verdict{Score: n}, Event: event.Event{HTTP: event.HTTP{Duration: time.Duration(n), Status: int(n)}}}
				checkCodec(t, codec, &record)
			}
		}
	}
}

// TestCodecKeepsEveryText tries every length around those at which the form changes, and every byte at every place.
func TestCodecKeepsEveryText(t *testing.T) {
	codec := event.NewCodec()
	for n := range 300 {
		checkCodec(t, codec, &event.Record{Event: event.Event{Name: strings.Repeat("x", n), Spec: strings.Repeat("é", n/2), Type: event.Type(strings.Repeat("y", n))}})
	}
	for b := range 256 {
		for at := range 20 {
			text := []byte("twenty bytes of text")
			text[at] = byte(b)
			value := string(text)
			checkCodec(t, codec, &event.Record{Event: event.Event{Name: value, Elements: []event.Element{{Name: value[at:], Value: value, Display: value[:at],
				Parts: event.PartsOf(map[string]string{"tail": value[at:], "head": value[:at], value: value, "other": value[at/2:]})}}}})
		}
	}
}

func TestCodecRefusesTimesThatJSONRefuses(t *testing.T) {
	codec := event.NewCodec()
	for _, at := range []time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 12, 31, 23, 59, 59, 999, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).In(time.FixedZone("", 3600)), time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", -24*3600))} {
		for _, record := range []event.Record{{Event: event.Event{Time: at}}, {Session: event.Session{Opened: at}}} {
			_, wanted := json.Marshal(record)
			if out, err := codec.Append([]byte("b"), &record); wanted == nil || err == nil || string(out) != "b" {
				t.Errorf("%v: got %q, %v; encoding/json says %v", at, out, err, wanted)
			}
		}
	}
	for _, at := range []time.Time{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", 23*3600+59*60+59)), time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", -3661))} {
		checkCodec(t, codec, &event.Record{Event: event.Event{Time: at}})
	}
}

func TestCodecDoesNotAllocateToAppend(t *testing.T) {
	record := (&maker{rand.New(rand.NewSource(5))}).record()
	codec, room := event.NewCodec(), make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(100, func() { room, _ = codec.Append(room[:0], &record) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCodecRefusesWhatIsCut gives every beginning of a record, and the record with more behind it.
func TestCodecRefusesWhatIsCut(t *testing.T) {
	codec := event.NewCodec()
	record := (&maker{rand.New(rand.NewSource(7))}).record()
	encoded := checkCodec(t, codec, &record)
	for n := range encoded {
		if _, err := codec.Decode(encoded[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a record", n, len(encoded))
		}
	}
	for _, more := range []string{"\x01", "\x00", "x"} {
		if _, err := codec.Decode(append(bytes.Clone(encoded), more...)); err == nil {
			t.Fatalf("a record with %q behind it", more)
		}
	}
	for _, text := range []string{"", "\x00", "\x02", "{", "[]", "null", `{"event":7}`} {
		if _, err := codec.Decode([]byte(text)); err == nil {
			t.Errorf("%q is a record", text)
		}
	}
}

// sample is a record of an ordinary event.
func sample() event.Record {
	at := time.Date(2026, 11, 21, 10, 0, 0, 50_000_000, time.UTC)
	r := event.Record{Session: event.Session{ID: "01a1fd8c-6919-747b-90eb-d093bae2a488", Journey: "01a1fd8c-6919-7008-be3a-a07a2ce228e0", Number: 2,
		Opened: at, Join: event.Join{By: "token", Detail: "cookie:sid"}}, Verdict: event.Verdict{Rules: "1e32928c75431d82", Score: -5, Rating: event.Malicious}}
	r.Event = event.Event{ID: "01935a8e-0000-7000-8000-000000000100", Environment: event.DefaultEnvironment, Time: at, Name: "Checkout", Type: event.Checkout,
		Result: event.Success, Spec: "checkout", HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/orders/{cart}/pay", Status: 201, Duration: 31 * time.Millisecond},
		Elements: []event.Element{
			{Name: "email", Kind: event.Entity, Type: "email", Value: "ann@mail.example", Parts: event.PartsOf(map[string]string{"domain": "mail.example", "disposable": "false"})},
			{Name: "payment_from", Kind: event.Entity, Type: "payment_account", Value: "u3nlrdeu", Display: "411100••••••0117", Parts: event.PartsOf(map[string]string{"brand": "visa"})},
			{Name: "product_sku", Kind: event.Attribute, Type: "string", Value: "SKU-1"}, {Name: "product_sku", Kind: event.Attribute, Type: "string", Value: "SKU-2"},
			{Name: "x_custom", Kind: event.Attribute, Type: "string", Value: "nul\x00here"}}}
	return r
}

// TestCodecFormIsKept holds the form to what logs hold: when it fails, either mend it or raise codecVersion and keep a
// decoder for the old form.
func TestCodecFormIsKept(t *testing.T) {
	record := sample()
	encoded := checkCodec(t, event.NewCodec(), &record)
	sum := sha256.Sum256(encoded)
	if got, want := hex.EncodeToString(sum[:8]), "d0e6f0eef42cda45"; got != want {
		t.Errorf("the form of a record has changed: %s, %q", got, encoded)
	}
}

// acted is the sample with what was done, as the second version could tell it.
func acted() event.Record {
	r := sample()
	r.Event.Actions = []event.Action{{Name: "tag-origin", Kind: event.Tag, Because: "rating normal", Outcome: event.Done}, {Name: "trial", Kind: event.Block, Because: "Trap Touched", Shadow: true}}
	r.Verdict.Actions = []event.Action{{Name: "stop", Kind: event.Block, Because: "rating malicious", Outcome: event.Unavailable}, {Name: "tell", Kind: event.Webhook, Because: "Trap Touched"}}
	return r
}

// mitigated is the sample with what policies did, as the third version tells it.
func mitigated() event.Record {
	r := acted()
	r.Event.Actions = append(r.Event.Actions, event.Action{Name: "prove", Kind: event.Challenge, Because: "rating suspicious", Outcome: event.Withheld,
		Policy: "login-ladder", Detail: "allow list office"}, event.Action{Name: "pretend", Kind: event.Feign, Because: "Account Takeover", Shadow: true, Outcome: event.Refused, Detail: "proof"})
	r.Verdict.Actions = append(r.Verdict.Actions, event.Action{Name: "prove", Kind: event.Challenge, Because: "rating suspicious", Policy: "login-ladder"})
	r.Event.Elements = append(r.Event.Elements, event.Element{Name: "check", Kind: event.Attribute, Type: "string", Value: "proof"})
	return r
}

// Records of every version are read, and only those of the present one are written.
func TestCodecReadsEveryForm(t *testing.T) {
	codec := event.NewCodec()
	for name, want := range map[string]event.Record{"record.v1": sample(), "record.v2": acted(), "record.v3": mitigated()} {
		encoded, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(encoded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wanted, _ := want.Append(nil)
		if text, _ := got.Append(nil); string(text) != string(wanted) {
			t.Errorf("%s: got  %s\nwant %s", name, text, wanted)
		}
		again, err := codec.Append(nil, &got)
		if present := name == "record.v3"; err != nil || bytes.Equal(again, encoded) != present {
			t.Errorf("%s: written as it was: %t, %v", name, !present, err)
		}
	}
}

// What came with a later version is nothing in an earlier one: neither words nor an action's policy.
func TestCodecRefusesWhatAnEarlierFormCouldNotHold(t *testing.T) {
	record := mitigated()
	encoded := checkCodec(t, event.NewCodec(), &record)
	for _, version := range []byte{0, 1, 2, 4, 0x7b - 1, 0xff} {
		changed := bytes.Clone(encoded)
		changed[0] = version
		if _, err := event.NewCodec().Decode(changed); err == nil {
			t.Errorf("a record of version 3 is one of version %d", version)
		}
	}
}

func FuzzCodecDecode(f *testing.F) {
	codec := event.NewCodec()
	for seed := range 20 {
		record := (&maker{rand.New(rand.NewSource(int64(seed)))}).record()
		encoded, err := codec.Append(nil, &record)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	for _, name := range []string{"record.v1", "record.v2", "record.v3"} {
		encoded, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	record := sample()
	encoded, _ := codec.Append(nil, &record)
	f.Add(encoded)
	text, _ := record.Append(nil)
	f.Add(text)
	f.Fuzz(func(t *testing.T, b []byte) {
		record, err := codec.Decode(b)
		if err != nil {
			return
		}
		checkCodec(t, codec, &record)
	})
}

func FuzzCodecAppend(f *testing.F) {
	codec := event.NewCodec()
	f.Add("a<b>&\"\\\u2028\x00\xff", "domain", int64(1))
	f.Fuzz(func(t *testing.T, text, other string, number int64) {
		if number/1e9 > 250e9 || number/1e9 < -62e9 {
			return
		}
		checkCodec(t, codec, &event.Record{Event: event.Event{Name: text, Environment: event.Environment(other), Time: time.Unix(number%1e11, number&0xffff).UTC(),
			HTTP:     event.HTTP{Duration: time.Duration(number), Status: int(number >> 7)},
			Elements: []event.Element{{Name: other, Kind: event.Kind(text), Value: text + other, Parts: event.PartsOf(map[string]string{text: other, "a": text, other: text})}}}})
	})
}

func BenchmarkCodecDecode(b *testing.B) {
	codec, record := event.NewCodec(), sample()
	encoded, _ := codec.Append(nil, &record)
	b.ReportAllocs()
	for range b.N {
		if _, err := codec.Decode(encoded); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(encoded)))
}
