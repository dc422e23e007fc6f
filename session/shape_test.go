package session_test

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/session"
	"wayguard/velocity"
)

func contribution(counter string, amount int64) velocity.Contribution {
	return velocity.Contribution{Counter: counter, Amount: amount}
}

func counters() []string {
	return []string{"events", "page_views", "documents", "assets", "logins", "login_failures", "payments", "payment_amount", "loss", "mine", "yours"}
}

// walk is a session that asks for pages, so many milliseconds apart.
func walk(pages []string, gaps ...int) *session.Session {
	s, at := opened(hit(noon())), noon()
	for i, page := range pages {
		e := hit(at)
		e.Evidence.Wire, e.HTTP.Route = event.Wire{Kind: event.Document, Page: page}, "/"+page
		apply(s, e, nil)
		asset := hit(at)
		asset.Evidence.Wire.Kind = event.Image
		apply(s, asset, nil)
		at = at.Add(time.Duration(gaps[i%len(gaps)]) * time.Millisecond)
	}
	return s
}

func pages(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint("p", i))
	}
	return list
}

func TestShape(t *testing.T) {
	s := walk([]string{"a", "b", "a", "c", "c", "a"}, 1000).Shape()
	if s.Pages() != 6 || s.Assets() != 6 || s.Backs() != 2 || s.DistinctPages() != 3 || s.Gaps() != 5 {
		t.Errorf("%d pages, %d assets, %d ways back, %d different, %d gaps", s.Pages(), s.Assets(), s.Backs(), s.DistinctPages(), s.Gaps())
	}
	if !s.Visited("b") || s.Visited("z") {
		t.Error("the pages seen are not known")
	}
	timer, person := walk(pages(40), 2000).Shape(), walk(pages(40), 900, 30000, 4000, 12000).Shape()
	if timer.Variation() > 2 || person.Variation() < 60 {
		t.Errorf("a timer varies by %d, a person by %d percent", timer.Variation(), person.Variation())
	}
	if got := timer.MedianGap(); got < 1000 || got > 4100 {
		t.Errorf("the median of 2 s is %d ms", got)
	}
	for _, n := range []int{50, 400, 2000} {
		if got := walk(pages(n), 10).Shape().DistinctPages(); got < int64(n)*85/100 || got > int64(n)*115/100 {
			t.Errorf("%d different pages are counted as %d", n, got)
		}
	}
}

func TestOrderlyRuns(t *testing.T) {
	s := opened(hit(noon()))
	for _, n := range []int{7, 1, 2, 3, 5, 8, 8, 13, 4, 5} {
		e := hit(noon())
		e.Elements = []event.Element{{Name: "product_id", Kind: event.Attribute, Value: fmt.Sprint("SKU-", n)}}
		apply(s, e, nil)
	}
	if got := s.Shape().Orderly(); got != 6 {
		t.Errorf("the longest run is %d, want 6", got)
	}
}

// Who makes the same first steps in the same rhythm has the same opening, and nobody else.
func TestOpenings(t *testing.T) {
	opening := func(pages []string, gap int) uint64 {
		s := walk(pages[:11], gap)
		e := hit(noon().Add(11 * time.Duration(gap) * time.Millisecond))
		e.Evidence.Wire, e.HTTP.Route = event.Wire{Kind: event.Document}, "/"+pages[11]
		hash, completes := s.Shape().Completes(e)
		if !completes {
			t.Fatal("twelve steps are no opening")
		}
		return hash
	}
	same := opening(pages(12), 2000)
	other := append(pages(11), "elsewhere")
	if opening(pages(12), 2500) != same || opening(other, 2000) == same || opening(pages(12), 30000) == same {
		t.Error("openings are told apart wrongly")
	}
}

func TestFirstAndBefore(t *testing.T) {
	s := opened(hit(noon()))
	login := func(after time.Duration) {
		e := hit(noon().Add(after))
		e.Type = event.AuthenticationAttempt
		apply(s, e, nil)
	}
	if _, seen := s.First(event.AuthenticationAttempt); seen {
		t.Error("a login was seen that never was")
	}
	login(3 * time.Second)
	if _, seen := s.Before(event.AuthenticationAttempt); seen {
		t.Error("the event itself came before it")
	}
	login(9 * time.Second)
	first, _ := s.First(event.AuthenticationAttempt)
	before, seen := s.Before(event.AuthenticationAttempt)
	if !seen || !first.Equal(noon().Add(3*time.Second)) || !before.Equal(first) {
		t.Errorf("first %s, before %s", first, before)
	}
}

// What a fragment did before its visitor was known counts for the session that takes it in.
func TestAbsorb(t *testing.T) {
	fragment := walk([]string{"a", "b"}, 1000)
	fragment.Add(contribution("logins", 2))
	fragment.Settle(&event.Verdict{Rating: event.Suspicious, Labels: []event.Label{{Name: "L", Points: 600}}})
	s := opened(hit(noon().Add(time.Minute)))
	apply(s, hit(noon().Add(time.Minute)), []velocity.Contribution{contribution("logins", 1)})
	s.Absorb(fragment)
	if s.Count("logins") != 3 || s.Events != 5 || s.Rating != event.Suspicious || len(s.Labels) != 1 || s.Shape().Pages() != 2 || !s.OpenedAt().Equal(noon()) {
		t.Errorf("after it was taken in: %+v", s)
	}
}
