package replay

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/event"
)

var update = flag.Bool("update", false, "write the golden report anew")

func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// deed is an event of a session with what each set makes of it.
type deed struct {
	session, person string
	kind            event.Type
	paid            int64
	currency        string
	hits            [2][]string
	rating          [2]event.Rating
	failed          bool
}

func (d deed) event(n int) event.Event {
	at := noon().Add(time.Duration(n) * time.Second)
	e := event.Event{ID: event.ID("event-" + strconv.Itoa(n)), Time: at, Type: d.kind, Result: event.Success}
	if d.paid != 0 {
		e.Elements = []event.Element{{Name: "transaction_amount", Value: strconv.FormatInt(d.paid, 10),
			Parts: event.PartsOf(map[string]string{"currency": d.currency})}}
	}
	return e
}

func (d deed) sightings() [2]*Sighting {
	var by [2]*Sighting
	for side := range by {
		by[side] = &Sighting{Session: event.ID(d.session), Person: event.ID(d.person), Rating: d.rating[side]}
		for _, id := range d.hits[side] {
			by[side].Hits = append(by[side].Hits, Hit{Rule, id, "because of " + id})
		}
		if d.failed {
			by[side].Errors = []event.RuleError{{Rule: "broken", Error: "division by zero"}}
		}
	}
	return by
}

func known() []Finding {
	return []Finding{
		{Rule, "steady", "Steady", Live, Live}, {Rule, "fresh", "Fresh", Absent, Live},
		{Rule, "gone", "Gone", Live, Absent}, {Rule, "trial", "Trial", Shadow, Shadow}, {Action, "block", "block", Live, Live},
	}
}

func run(s Settings, deeds []deed) Report {
	s.Findings = known()
	c := New(s)
	for n := range deeds {
		e := deeds[n].event(n)
		c.Note(uint64(n+1), &e, deeds[n].sightings())
	}
	return c.Report()
}

func sampleDeeds() []deed {
	bad, good := [2]event.Rating{event.Normal, event.Suspicious}, [2]event.Rating{}
	return []deed{
		{session: "a", person: "ann", kind: event.ProductView, hits: [2][]string{{"steady"}, {"steady", "fresh"}}, rating: bad},
		{session: "b", person: "bob", kind: event.ProductView, hits: [2][]string{{"gone"}, {"trial"}}, rating: good},
		{session: "a", person: "ann", kind: event.Transaction, paid: 1250, currency: "EUR", hits: [2][]string{nil, {"fresh"}}, rating: bad},
		{session: "b", person: "bob", kind: event.AuthenticationAttempt, rating: good, failed: true},
		{session: "c", person: "ann", kind: event.Transaction, paid: -300, currency: "USD", hits: [2][]string{nil, {"fresh", "trial", "unheard"}}, rating: bad},
		{session: "c", person: "ann", kind: event.Transaction, paid: 100, rating: bad},
	}
}

func find(t *testing.T, r *Report, id string) Change {
	t.Helper()
	for _, c := range r.Findings {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("%s is not told of", id)
	return Change{}
}

func TestComparison(t *testing.T) {
	r := run(Settings{Good: map[event.ID]bool{"b": true}}, sampleDeeds())
	fresh, gone, steady := find(t, &r, "fresh"), find(t, &r, "gone"), find(t, &r, "steady")
	if fresh.Before != 0 || fresh.After != 2 || fresh.Newly.People != 1 || fresh.Newly.Paid != 2 || fresh.Newly.LoggedIn != 0 {
		t.Errorf("fresh: %+v", fresh)
	}
	if money := fmt.Sprint(fresh.Newly.Money); money != "[{ 100} {EUR 1250} {USD 300}]" {
		t.Errorf("money touched: %s", money)
	}
	if first := fresh.Newly.Examples[0]; first.Event != "event-0" || first.Session != "a" || first.Candidate != event.Suspicious || first.Because != "because of fresh" {
		t.Errorf("first example: %+v", first)
	}
	if gone.Gone.Sessions != 1 || gone.Gone.LoggedIn != 1 || gone.Gone.MarkedGood != 1 || steady.Changed() || steady.After != 1 {
		t.Errorf("gone: %+v, steady: %+v", gone, steady)
	}
	if len(r.Shadows) != 1 || r.Shadows[0].Sessions != 2 || r.Shadows[0].Paid != 1 || r.Shadows[0].Good.Permille != 1000 {
		t.Errorf("shadows: %+v", r.Shadows)
	}
	if len(r.Ratings) != 2 || r.Ratings[0].Sessions != 1 || r.Ratings[1].Candidate != event.Suspicious || r.Ratings[1].Sessions != 2 || r.Ratings[1].People != 1 {
		t.Errorf("ratings: %+v", r.Ratings)
	}
	if len(r.Errors) != 1 || r.Errors[0].Active != 1 || r.Errors[0].Candidate != 1 || r.Events != 6 || r.Sessions != 3 {
		t.Errorf("errors %+v, %d events, %d sessions", r.Errors, r.Events, r.Sessions)
	}
}

func TestReportAsText(t *testing.T) {
	r := run(Settings{}, sampleDeeds())
	r.Active, r.Candidate, r.Lost, r.Differ = "aaaa", "bbbb", 3, 2
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "report.txt")
	if *update {
		if err := os.WriteFile(golden, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, text.Bytes()) {
		t.Errorf("the report differs from %s (%v):\n%s", golden, err, text.String())
	}
}

// Sessions that end while the comparison goes on are counted as those that are still under way at its end.
func TestSweepChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var deeds []deed
	for n := range 40_000 {
		session := strconv.Itoa(n/50 + random.IntN(20))
		d := deed{session: session, person: "p" + session[:1], kind: event.Transaction, paid: int64(random.IntN(100)), currency: "EUR",
			rating: [2]event.Rating{event.Rating(random.IntN(3)), event.Rating(random.IntN(3))}}
		for side := range d.hits {
			if random.IntN(40) == 0 {
				d.hits[side] = []string{known()[random.IntN(4)].ID}
			}
		}
		deeds = append(deeds, d)
	}
	whole := run(Settings{}, deeds)
	swept := New(Settings{Findings: known()})
	for n := range deeds {
		e := deeds[n].event(n)
		swept.Note(uint64(n+1), &e, deeds[n].sightings())
		if n%1000 == 0 {
			swept.sweep()
		}
	}
	if len(swept.visits) > 500 || len(deeds)/50 < 700 {
		t.Errorf("%d sessions are kept", len(swept.visits))
	}
	again := swept.Report()
	a, errA := json.Marshal(whole)
	b, errB := json.Marshal(again)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("swept in between:\n%.600s\n%.600s", a, b)
	}
}

func TestBoundsOfTime(t *testing.T) {
	deeds := sampleDeeds()
	from, to := noon().Add(2*time.Second), noon().Add(4*time.Second)
	r := run(Settings{From: from, To: to}, deeds)
	if r.Counted != 2 || r.Events != 6 || r.Sessions != 2 || !r.From.Equal(from) || !r.To.Equal(from.Add(time.Second)) {
		t.Errorf("%d of %d events, %d sessions, %v to %v", r.Counted, r.Events, r.Sessions, r.From, r.To)
	}
}

func TestExamplesAreTheFirst(t *testing.T) {
	var deeds []deed
	for n := range 100 {
		deeds = append(deeds, deed{session: strconv.Itoa(n), kind: event.ProductView, hits: [2][]string{nil, {"fresh"}}})
	}
	r := run(Settings{Examples: 4}, deeds)
	got := find(t, &r, "fresh").Newly
	if got.Sessions != 100 || got.People != 0 || len(got.Examples) != 4 || got.Examples[0].Event != "event-0" || got.Examples[3].Event != "event-3" {
		t.Errorf("%+v", got)
	}
}

func TestMoneyStopsAtTheGreatest(t *testing.T) {
	var p purse
	for _, amount := range []string{"9223372036854775807", "-9223372036854775808", "5", "many", ""} {
		p.pay(&event.Event{Elements: []event.Element{{Name: "transaction_amount", Value: amount}}})
	}
	if len(p) != 1 || p[0].minor != math.MaxInt64 {
		t.Errorf("%+v", p)
	}
	for n := range 200 {
		p.add(strconv.Itoa(n), 1)
	}
	if len(p) > currencyLimit+1 {
		t.Errorf("%d currencies", len(p))
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "0.0 % (0.0 to 0.0)"}, {0, 10, "0.0 % (0.0 to 27.8)"}, {5, 10, "50.0 % (23.7 to 76.3)"}, {10, 10, "100.0 % (72.2 to 100.0)"}} {
		if got := shareOf(c.part, c.whole).String(); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestSightingCopies(t *testing.T) {
	text := []byte("a sentence")
	r := event.Record{Session: event.Session{ID: "s", Journey: "device"}, Verdict: event.Verdict{Labels: []event.Label{
		{Rule: "r", Sentence: string(text), Severity: event.Trusting}, {Rule: "s", Signature: true, Shadow: true, Severity: event.Trusting}},
		Actions: []event.Action{{Name: "block", Because: "it must be"}, {Name: "prove", Policy: "ladder", Because: "a sentence"}}}}
	s := SightingOf(&r)
	r.Verdict.Labels[0].Rule = "other"
	if s.Person != "device" || !s.Trusting || len(s.Hits) != 4 || s.Hits[0].ID != "r" || s.Hits[1].Kind != Signature || s.Hits[2].Kind != Action ||
		s.Hits[3] != (Hit{Policy, "ladder", "a sentence"}) {
		t.Errorf("%+v", s)
	}
	r.Session.Person = "person"
	if s := SightingOf(&r); s.Person != "person" {
		t.Errorf("person %s", s.Person)
	}
	if !strings.Contains(s.Hits[0].Sentence, "sentence") {
		t.Error("the sentence is lost")
	}
}
