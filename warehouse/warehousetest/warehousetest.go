package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/search"
	"wayguard/warehouse"
)

// Warehouse is all that the suite asks of an implementation.
type Warehouse interface {
	Insert(ctx context.Context, entries []warehouse.Entry) error
	Position(ctx context.Context) (uint64, error)
	Search(ctx context.Context, q search.Query) (search.Page, error)
	Each(ctx context.Context, q search.Query, take func(search.Session) error) error
	Story(ctx context.Context, env event.Environment, session event.ID) (search.Story, error)
	Totals(ctx context.Context, env event.Environment, from, to time.Time) (search.Totals, error)
	Effects(ctx context.Context, q search.EffectQuery) (search.Effects, error)
	Accounts(ctx context.Context, q search.AccountQuery) (search.Accounts, error)
	Forget(ctx context.Context, env event.Environment, before time.Time) (int64, error)
	Close() error
}

// Run tries the warehouse that open opens. The place is new for each test; opened again after Close it must still
// hold what was inserted. Run closes what it opens.
func Run(t *testing.T, open func(t *testing.T, place string) Warehouse) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *subject)
	}{
		{"an empty warehouse answers", testEmpty},
		{"search agrees with the model", testSearch},
		{"search refuses what it cannot do", testBadQueries},
		{"a story tells all", testStory},
		{"linked sessions end after ninety days", testLinkWindow},
		{"replays and overlaps change nothing", testReplay},
		{"positions must rise", testPositions},
		{"a cancelled insert leaves nothing", testCancelled},
		{"hostile text is kept apart", testHostileText},
		{"environments are apart", testEnvironments},
		{"a closed warehouse opens again", testReopen},
		{"an export is whole", testEach},
		{"what is forgotten is gone", testForget},
		{"a label in shadow does not count", testShadow},
		{"effects agree with the model", testEffects},
		{"a policy's later step answers its first", testSteps},
		{"accounts to warn are listed", testAccounts},
		{"questions are answered while records come in", testConcurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &subject{place: t.TempDir(), open: open}
			s.start(t)
			test.run(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// subject is the warehouse under test.
type subject struct {
	Warehouse
	place string
	open  func(t *testing.T, place string) Warehouse
}

func (s *subject) start(t *testing.T) {
	t.Helper()
	s.Warehouse = s.open(t, s.place)
}

func (s *subject) insert(t *testing.T, entries []warehouse.Entry) {
	t.Helper()
	if err := s.Insert(t.Context(), entries); err != nil {
		t.Fatalf("insert: %v", err)
	}
}

func (s *subject) story(t *testing.T, env event.Environment, session event.ID) search.Story {
	t.Helper()
	story, err := s.Story(t.Context(), env, session)
	if err != nil {
		t.Fatalf("story: %v", err)
	}
	return story
}

// agrees compares the whole content of an environment with the model.
func (s *subject) agrees(t *testing.T, m *model) {
	t.Helper()
	for _, env := range []event.Environment{Production, Staging} {
		totals, err := s.Totals(t.Context(), env, time.Time{}, time.Time{})
		if err != nil {
			t.Fatalf("totals: %v", err)
		}
		if want := m.totals(env, time.Time{}, time.Time{}); totals != want {
			t.Fatalf("%s: totals are %+v, want %+v", env, totals, want)
		}
		q := search.Query{Environment: env}
		var got []search.Session
		if err := s.Each(t.Context(), q, func(row search.Session) error { got = append(got, row); return nil }); err != nil {
			t.Fatalf("each: %v", err)
		}
		same(t, string(env), got, m.search(q))
	}
}

func same(t *testing.T, what string, got, want []search.Session) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d sessions, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: session %d is\n%+v, want\n%+v", what, i, got[i], want[i])
		}
	}
}

func testEmpty(t *testing.T, s *subject) {
	if position, err := s.Position(t.Context()); err != nil || position != 0 {
		t.Errorf("position is %d, %v", position, err)
	}
	page, err := s.Search(t.Context(), search.Query{Environment: Production, Field: "email", Values: []string{"a@b.example"}})
	if err != nil || page.Total != 0 || page.Sessions == nil || len(page.Sessions) != 0 {
		t.Errorf("page is %+v, %v", page, err)
	}
	if _, err := s.Story(t.Context(), Production, "none"); !errors.Is(err, warehouse.ErrNotFound) {
		t.Errorf("story of no session: %v", err)
	}
	if totals, err := s.Totals(t.Context(), Production, time.Time{}, time.Time{}); err != nil || totals != (search.Totals{}) {
		t.Errorf("totals are %+v, %v", totals, err)
	}
	s.insert(t, nil)
}

func testSearch(t *testing.T, s *subject) {
	generator := NewGenerator(7)
	entries := generator.Entries(3000)
	for from := 0; from < len(entries); from += 700 {
		s.insert(t, entries[from:min(from+700, len(entries))])
	}
	m := newModel(entries)
	s.agrees(t, m)
	random := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 150 {
		q := randomQuery(random, m)
		page, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		want := m.search(q)
		if page.Total != len(want) {
			t.Fatalf("%+v: total %d, want %d", q, page.Total, len(want))
		}
		found += page.Total
		low := min(q.Offset, len(want))
		same(t, fmt.Sprintf("%+v", q), page.Sessions, want[low:min(low+q.Limit, len(want))])
		from, to := q.From, q.To
		totals, err := s.Totals(t.Context(), q.Environment, from, to)
		if want := m.totals(q.Environment, from, to); err != nil || totals != want {
			t.Fatalf("totals of %v to %v are %+v, %v, want %+v", from, to, totals, err, want)
		}
	}
	if found < 1000 {
		t.Fatalf("the queries found %d sessions in all: they ask for nothing", found)
	}
}

func randomQuery(random *rand.Rand, m *model) search.Query {
	one := func(from ...string) string { return from[random.IntN(len(from))] }
	var some event.ID
	for id := range m.sessions {
		if some == "" || random.IntN(5) == 0 {
			some = id
		}
	}
	q := search.Query{Environment: Production, Limit: 1 + random.IntN(100), Offset: random.IntN(3) * random.IntN(30),
		Descending: random.IntN(2) == 0}
	columns := append(search.Columns(), "", "")
	q.Sort = columns[random.IntN(len(columns))]
	if random.IntN(2) == 0 {
		q.From = Start().Add(time.Duration(random.IntN(300)) * time.Second)
		q.To = q.From.Add(time.Duration(random.IntN(120)) * time.Second)
	}
	switch random.IntN(12) {
	case 9:
		q.Field, q.Values = search.FieldAction, []string{one("STOP", "block", "webhook", "feign")}
	case 10:
		q.Field, q.Values = search.FieldPolicy, []string{one("Ladder", "stop", "tell")}
	case 11:
		q.Field, q.Values = search.FieldOutcome, []string{one("done", "withheld", "passed")}
	case 0:
		q.Field, q.Values = search.FieldRating, []string{one("malicious", "Suspicious Session"), "normal"}[:1+random.IntN(2)]
	case 1:
		q.Field, q.Values = search.FieldSession, []string{string(some), "nobody"}
	case 2:
		q.Field, q.Values = search.FieldJourney, []string{string(m.sessions[some].row.Journey)}
	case 3:
		q.Field, q.Values = search.FieldEventType, []string{one("transaction", "Account Update", "TRANSACTION")}
	case 4:
		q.Field, q.Values = search.FieldEventName, []string{one("checkout", "änderung", "Login through Form")}
	case 5:
		q.Field, q.Values = search.FieldLabel, []string{one("Login Velocity", "New Idea", "account takeover")}
	case 6:
		q.Field, q.Values = search.FieldSignature, []string{one("Account Takeover", "Login Velocity")}
	case 7:
		q.Field, q.Values = one("email", "device", "ip_address", "billing_address"), []string{
			fmt.Sprintf("PERSON%d@mail.example", random.IntN(1000)), fmt.Sprintf("device-%d", random.IntN(500)), "9.0.2.17"}
	}
	for range random.IntN(3) {
		q.Filters = append(q.Filters, randomFilter(random, some))
	}
	return q
}

func randomFilter(random *rand.Rand, some event.ID) search.Filter {
	number := fmt.Sprint(random.IntN(20))
	return []search.Filter{
		{Column: search.ColumnCity, Contains: []string{"köl", "%", "_", "100% _", "BER"}[random.IntN(5)]},
		{Column: search.ColumnCountry, Contains: "AN"},
		{Column: search.ColumnAddress, Contains: ".2.1"},
		{Column: search.ColumnSession, Contains: string(some[10:14])},
		{Column: search.ColumnRating, In: []string{"normal", "Malicious Session"}},
		{Column: search.ColumnEvents, Min: number},
		{Column: search.ColumnLabels, Min: "1", Max: "2"},
		{Column: search.ColumnDuration, Min: "1.5", Max: "400.25"},
		{Column: search.ColumnOpened, Min: Start().Add(time.Minute).Format(time.RFC3339), Max: "2026-11-01T11:40:00+02:00"},
	}[random.IntN(9)]
}

func testBadQueries(t *testing.T, s *subject) {
	for field, q := range map[string]search.Query{
		"offset":            {Offset: -1},
		"to":                {From: Start(), To: Start().Add(-1)},
		"sort":              {Sort: "events; DROP TABLE events"},
		"values[1]":         {Field: search.FieldRating, Values: []string{"normal", "awful"}},
		"values":            {Field: "email", Values: make([]string, 5000)},
		"filters[0].column": {Filters: []search.Filter{{Column: "score"}}},
		"filters[1].min":    {Filters: []search.Filter{{Column: search.ColumnLabels}, {Column: search.ColumnEvents, Min: "ten"}}},
		"filters[0].max":    {Filters: []search.Filter{{Column: search.ColumnOpened, Min: "2026-11-21T10:00:00Z", Max: "noon"}}},
		"filters[0].in[0]":  {Filters: []search.Filter{{Column: search.ColumnRating, In: []string{"1"}}}},
		"filters[0]":        {Filters: []search.Filter{{Column: search.ColumnEvents, Contains: "1"}}},
		"filters":           {Filters: make([]search.Filter, 1000)},
	} {
		_, err := s.Search(t.Context(), q)
		var bad *warehouse.QueryError
		if !errors.As(err, &bad) || !errors.Is(err, warehouse.ErrBadQuery) || bad.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
		if err := s.Each(t.Context(), q, func(search.Session) error { return nil }); !errors.Is(err, warehouse.ErrBadQuery) {
			t.Errorf("%s: export got %v", field, err)
		}
	}
	for _, number := range []string{"NaN", "Inf", "1e999", "0x", ""} {
		q := search.Query{Filters: []search.Filter{{Column: search.ColumnDuration, Max: number}}}
		if _, err := s.Search(t.Context(), q); errors.Is(err, warehouse.ErrBadQuery) != (number != "") {
			t.Errorf("duration %q: got %v", number, err)
		}
	}
}

func testPositions(t *testing.T, s *subject) {
	entries := NewGenerator(1).Entries(10)
	swapped := append([]warehouse.Entry{}, entries...)
	swapped[4], swapped[5] = swapped[5], swapped[4]
	if err := s.Insert(t.Context(), swapped); err == nil {
		t.Fatal("positions that fall were taken")
	}
	s.agrees(t, newModel(nil))
	s.insert(t, entries)
	if position, err := s.Position(t.Context()); err != nil || position != entries[9].Position {
		t.Errorf("position is %d, %v, want %d", position, err, entries[9].Position)
	}
}

func testCancelled(t *testing.T, s *subject) {
	generator := NewGenerator(2)
	first, second := generator.Entries(500), generator.Entries(500)
	s.insert(t, first)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Insert(ctx, second); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled insert: %v", err)
	}
	for _, after := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 15 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		err := s.Insert(ctx, second)
		cancel()
		position, failed := s.Position(t.Context())
		if failed != nil {
			t.Fatalf("position after a cancelled insert: %v", failed)
		}
		if done := position == second[499].Position; done != (err == nil) {
			t.Errorf("insert answered %v, and the position is %d", err, position)
		}
	}
	s.insert(t, second)
	s.agrees(t, newModel(append(first, second...)))
}

func testReplay(t *testing.T, s *subject) {
	entries := NewGenerator(5).Entries(600)
	random := rand.New(rand.NewPCG(9, 9))
	for done := 0; done < len(entries); {
		from := random.IntN(done + 1)
		to := min(len(entries), from+1+random.IntN(150))
		s.insert(t, entries[from:to])
		done = max(done, to)
		position, err := s.Position(t.Context())
		if err != nil || position != entries[done-1].Position {
			t.Fatalf("position is %d, %v, want %d", position, err, entries[done-1].Position)
		}
		if random.IntN(3) == 0 {
			s.agrees(t, newModel(entries[:done]))
		}
	}
	s.insert(t, entries)
	m := newModel(entries)
	s.agrees(t, m)
	for id, told := range m.sessions {
		story := s.story(t, told.environment, id)
		if len(story.Events) != len(told.records) {
			t.Fatalf("%s has %d events, want %d", id, len(story.Events), len(told.records))
		}
		if !reflect.DeepEqual(story.Session, told.row) {
			t.Fatalf("%s is %+v, want %+v", id, story.Session, told.row)
		}
	}
}
