package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/journey"
	"wayguard/payment"
	"wayguard/stream"
)

// loggedIn is a visitor who has logged in.
func (m *merchant) loggedIn(t *testing.T, agent, account string) (session string) {
	t.Helper()
	b := m.browser(t, agent)
	before := m.judge.judged.Load()
	m.visit(t, b, "/start")
	m.post(t, b, "/login", url.Values{"username": {account}})
	m.until(t, "the visit is judged", func() bool { return m.judge.judged.Load() >= before+2 })
	return m.session(t, b)
}

// outcomes are those that the events of a session tell of decisions, sorted.
func (m *merchant) outcomes(t *testing.T, session event.ID) (list []string) {
	t.Helper()
	story, err := m.shelf.Story(t.Context(), event.DefaultEnvironment, session)
	if err != nil {
		return nil
	}
	for _, r := range story.Events {
		if el := r.Event.Find("decision_outcome"); r.Event.Type == event.PaymentDecision && el != nil {
			list = append(list, el.Value)
		}
	}
	slices.Sort(list)
	return list
}

// Cards that are paid with at the same moment are each seen by those after them.
func TestCardsAtTheSameMoment(t *testing.T) {
	m := paying(t)
	session := m.loggedIn(t, "a browser", "anna")
	m.force(t, "default", `[{"id":"many","type":"condition","action":"BLOCK","condition":"$.journey.cards_in_session > 3"}]`)
	const at = 40
	got := make(chan payment.Decision, at)
	for n := range at {
		body := fmt.Sprintf(payBody, cardAt(t, 300+n), "anna", session)
		go func() { got <- m.decide(t, body) }()
	}
	allowed, counts := 0, map[int64]bool{}
	for range at {
		d := <-got
		if d.Decision == payment.Allow {
			allowed++
		}
		counts[d.Journey.CardsInSession] = true
	}
	if allowed != 3 || len(counts) != at {
		t.Errorf("%d of %d different cards were allowed, and %d counts seen", allowed, at, len(counts))
	}
	// What is told into the session later counts no card again.
	m.until(t, "the decisions are judged", func() bool { return m.judge.judged.Load() >= 2+at })
	if d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 300), "anna", session)); d.Journey.CardsInSession != at {
		t.Errorf("%d cards were counted of %d", d.Journey.CardsInSession, at)
	}
}

// A card that was seen in full on the site is the same one where the merchant tells it masked.
func TestAMaskedCardIsTheOneSeenInFull(t *testing.T) {
	m := paying(t)
	b := m.browser(t, "a browser")
	m.visit(t, b, "/start")
	number := cardAt(t, 1)
	m.post(t, b, "/pay", url.Values{"card": {number}})
	m.until(t, "the visit is judged", func() bool { return m.judge.judged.Load() >= 2 })
	body := fmt.Sprintf(`{"credential":{"type":"masked_pan","masked_pan":{"first_six":"%s","last_four":"%s","expiry_month":12,"expiry_year":2031}},
	"customer":{"id":"anna"},"transaction":{"reference":"A-1","amount":4999,"currency":"EUR"},"device":{"session":"%s"}}`, number[:6], number[len(number)-4:], m.session(t, b))
	for range 2 {
		if d := m.decide(t, body); d.Journey == nil || d.Journey.CardsInSession != 1 {
			t.Fatalf("of one card: %+v", d.Journey)
		}
	}
	m.until(t, "the decisions are judged", func() bool { return m.judge.judged.Load() >= 4 })
	if d := m.decide(t, body); d.Journey.CardsInSession != 1 {
		t.Errorf("once told it is %d cards", d.Journey.CardsInSession)
	}
}

// Who knows somebody's account can read what is thought of him, and writes nothing into his visit.
func TestAStrangerWritesIntoNobodysVisit(t *testing.T) {
	m := paying(t)
	b := m.browser(t, "a browser")
	m.visit(t, b, "/start")
	m.until(t, "the visit is judged", func() bool { return m.judge.judged.Load() >= 1 })
	own := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "nobody", m.session(t, b)))
	m.until(t, "the decision is told", func() bool { return slices.Equal(m.outcomes(t, own.Journey.Session), []string{"ALLOW"}) })
	at := `{"credential":{"type":"pan","pan":{"value":"%s","expiry_month":12,"expiry_year":2031}},
	"customer":{"id":"x"},"transaction":{"reference":"A-1","amount":4999,"currency":"EUR"},"device":{"ip":"%s"}}`
	for n := range 20 {
		d := m.decide(t, fmt.Sprintf(at, cardAt(t, 100+n), "::ffff:127.0.0.1"))
		if d.Journey == nil || d.Journey.MatchedBy != "address" || d.Journey.CardsInSession != 2 {
			t.Fatalf("by the address: %+v", d.Journey)
		}
	}
	journeys := m.house.payments.Load().journeys
	m.until(t, "it is known of all that they are not sure", func() bool { return journeys.weak.Load() == 20 })
	if list := m.outcomes(t, own.Journey.Session); len(list) != 1 || m.judge.judged.Load() != 2 {
		t.Errorf("the visit was told %v", list)
	}
	if d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "nobody", m.session(t, b))); d.Journey.CardsInSession != 1 {
		t.Errorf("strangers tried %d cards in the visit", d.Journey.CardsInSession-1)
	}
}

// A session of ours that was told and is not there leaves the payment without a journey; a name of the merchant's own does not.
func TestAToldSessionThatIsGone(t *testing.T) {
	m := paying(t)
	m.loggedIn(t, "a browser", "anna")
	if d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", newID(time.Now()))); d.Journey != nil {
		t.Errorf("joined by the %s", d.Journey.MatchedBy)
	}
	if d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", "basket-4711")); d.Journey == nil || d.Journey.MatchedBy != "account" {
		t.Errorf("with a session of the merchant's own: %+v", d.Journey)
	}
	// What is told into a session that is gone makes no visit, and is counted.
	judged, journeys := m.judge.judged.Load(), m.house.payments.Load().journeys
	d := payment.Decision{ID: "d", Decision: payment.Allow, Journey: &payment.Journey{Session: newID(time.Now()), MatchedBy: "session"}}
	gone := journeys.gone.Load()
	journeys.Tell(t.Context(), event.DefaultEnvironment, nil, &d, time.Now())
	m.until(t, "it is counted", func() bool { return journeys.gone.Load() == gone+1 })
	if n := m.judge.judged.Load(); n > judged+1 || m.judge.failed.Load() != 0 {
		t.Errorf("%d events more were judged, %d failed", n-judged, m.judge.failed.Load())
	}
}

// A person's resolution is told, too; whom a merchant erases is not found any more.
func TestResolutionsAreToldAndCustomersForgotten(t *testing.T) {
	m := paying(t)
	session := m.loggedIn(t, "a browser", "anna")
	m.force(t, "default", `[{"id":"all","type":"condition","action":"REVIEW","condition":"$.transaction.amount > 0"}]`)
	d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", session))
	s := m.house.payments.Load().service
	if _, _, err := s.Resolve(t.Context(), d.ID, true, "bert", "", ""); err != nil {
		t.Fatal(err)
	}
	m.until(t, "both are told", func() bool { return slices.Equal(m.outcomes(t, d.Journey.Session), []string{"ACCEPTED", "REVIEW"}) })
	if again := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", session)); again.Journey.CardsInSession != 1 {
		t.Errorf("one card is %d", again.Journey.CardsInSession)
	}
	if _, err := s.Erase(t.Context(), "anna", "bert"); err != nil {
		t.Fatal(err)
	}
	if d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", "")); d.Journey != nil {
		t.Errorf("she is found by the %s", d.Journey.MatchedBy)
	}
}

// tried is a keeper that has journeys, over a log.
func tried(t *testing.T, dir string, log *stream.Memory) *keeper {
	t.Helper()
	k, _ := keeperOf(t, 0)
	index := journey.New(event.DefaultEnvironment, 0, []byte("secret"))
	k.path, k.log, k.writer, k.judge, k.journeysPath = filepath.Join(dir, "state"), log, log, newJudge(planOf(t)), filepath.Join(dir, "journeys")
	k.memory, k.from = loadState(k.path, 0, log.Durable(), k.logger)
	k.journeysFrom = k.from
	if text, err := os.ReadFile(k.journeysPath); err == nil {
		at, err := index.Load(text)
		if err != nil {
			t.Fatal(err)
		}
		k.journeysFrom = stream.Position(at)
	}
	k.judge.journeys.Store(index)
	k.restore(context.Background())
	return k
}

// Wherever the process ends, the journeys come back as they were, and nothing counts twice.
func TestJourneysComeBack(t *testing.T) {
	dir, log := t.TempDir(), stream.NewMemory(1000)
	k := tried(t, dir, log)
	var session event.ID
	pay := func(n int) {
		t.Helper()
		e := attempt(0)
		e.ID, e.Time, e.Type = newID(e.Time), e.Time.Add(time.Duration(n)*time.Second), event.Transaction
		e.Elements = append(slices.Clone(e.Elements), event.Element{Name: "payment_from", Kind: event.Entity, Value: fmt.Sprint("card ", n)})
		sortElements(e.Elements)
		if err := k.judge.Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		entries, err := log.Read(t.Context(), log.Durable()-1, 1)
		if err != nil || len(entries) != 1 {
			t.Fatal(err, len(entries))
		}
		session = entries[0].Record.Session.ID
	}
	check := func(when string, want int64) {
		t.Helper()
		q := journey.Query{Sessions: []string{string(session)}, At: attempt(0).Time.Add(time.Minute), Idle: time.Hour}
		if found, ok := k.judge.journeys.Load().Find(q); !ok || found.Payments != want || found.Cards != want || found.Events != want {
			t.Errorf("%s: %v, %d payments, %d cards, %d events; want %d", when, ok, found.Payments, found.Cards, found.Events, want)
		}
	}
	for n := range 3 {
		pay(n)
	}
	check("at first", 3)
	k = tried(t, dir, log)
	check("killed before anything was saved", 3)
	k.save(t.Context())
	pay(3)
	k = tried(t, dir, log)
	check("killed after one more", 4)
	// The journeys are saved and the state is not.
	right := k.path
	k.path = filepath.Join(dir, "no such directory", "state")
	k.save(t.Context())
	k.path = right
	pay(4)
	k = tried(t, dir, log)
	check("killed between the two files", 5)
	if k.journeysFrom != 4 || k.from != 3 {
		t.Errorf("the journeys stood at %d, the state at %d", k.journeysFrom, k.from)
	}
	// The state is saved and the journeys are not.
	k.journeysPath = filepath.Join(dir, "no such directory", "journeys")
	k.save(t.Context())
	pay(5)
	k = tried(t, dir, log)
	check("with an older file of journeys", 6)
	if k.journeysFrom != 4 || k.from != 5 {
		t.Errorf("the journeys stood at %d, the state at %d", k.journeysFrom, k.from)
	}
	if _, err := os.Stat(filepath.Join(dir, "journeys.new")); !errors.Is(err, os.ErrNotExist) {
		t.Error("half a file is left")
	}
	if k.memory.Stats().Entries == 0 {
		t.Error("no state came back")
	}
}
