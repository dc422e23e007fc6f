package journey

import (
	"fmt"
	"sync"
	"testing"

	"wayguard/event"
)

func digits(kind string) event.Parts {
	texts := map[string]string{"first_six": "424242", "last_four": "4242"}
	if kind != "" {
		texts["kind"] = kind
	}
	return event.PartsOf(texts)
}

// One card is one, however it is seen: in full on the site, in full by the merchant, masked by him.
func TestOneCardIsOne(t *testing.T) {
	onSite := seen{session: "A", number: 1, kind: event.Transaction, elements: map[string]string{"payment_from": "number-1"}, parts: digits("card")}
	full := Card{FirstSix: "424242", LastFour: "4242", Number: "number-1", Fingerprint: "crd_1"}
	masked := Card{FirstSix: "424242", LastFour: "4242", Fingerprint: "crd_m", Masked: true}
	x := noted(onSite)
	for name, c := range map[string]Card{"in full": full, "masked": masked, "by its number": {Number: "number-1"}} {
		for range 2 {
			if found, _ := ask(x, Query{Sessions: []string{"A"}, Card: c, Attempt: true}); found.Cards != 1 {
				t.Errorf("%s: %d cards", name, found.Cards)
			}
		}
	}
	// The durable copy adds nothing, and gives the card back after a restart.
	told := seen{session: "A", number: 2, minute: 1, kind: event.PaymentDecision, elements: map[string]string{"credential_fingerprint": "crd_m"}, parts: digits("masked_pan")}
	x.Note(told.record())
	if found, _ := ask(x, Query{Sessions: []string{"A"}}); found.Cards != 1 {
		t.Errorf("%d cards after the decision is told", found.Cards)
	}
	if found, _ := ask(noted(onSite, told), Query{Sessions: []string{"A"}, Card: masked}); found.Cards != 1 {
		t.Errorf("%d cards after a restart", found.Cards)
	}
	// Different numbers are different cards, though their digits that are known be the same: testers choose them so.
	for n := range 5 {
		found, _ := ask(x, Query{Sessions: []string{"A"}, Attempt: true,
			Card: Card{FirstSix: "424242", LastFour: "4242", Number: fmt.Sprint("other ", n), Fingerprint: fmt.Sprint("crd_other ", n)}})
		if found.Cards != int64(n+2) {
			t.Errorf("%d cards with the %dth other number", found.Cards, n+1)
		}
	}
}

func TestCardsOfADryRunDoNotCount(t *testing.T) {
	x := noted(seen{session: "A", number: 1, token: "hash"}, seen{session: "B", number: 1, elements: map[string]string{"email": "anna@example"}})
	for n := range 3 {
		c := Card{Fingerprint: fmt.Sprint("crd_", n)}
		if found, _ := ask(x, Query{Sessions: []string{"hash"}, Card: c}); found.Cards != 1 {
			t.Errorf("a dry run sees %d cards", found.Cards)
		}
		// Nor are cards noted where somebody else may be found.
		if found, _ := ask(x, Query{Emails: []string{"anna@example"}, Card: c, Attempt: true}); found.Cards != 1 || found.Sure {
			t.Errorf("a mentioned email sees %d cards", found.Cards)
		}
	}
}

// Of cards that are paid with at the same moment each sees those before it.
func TestCardsAtOnce(t *testing.T) {
	x := noted(seen{session: "A", number: 1, token: "hash"})
	counts := make([]int64, 40)
	var all sync.WaitGroup
	for n := range counts {
		all.Go(func() {
			found, _ := ask(x, Query{Sessions: []string{"hash"}, Attempt: true, Card: Card{Fingerprint: fmt.Sprint("crd_", n)}})
			counts[n] = found.Cards
		})
	}
	all.Wait()
	had := map[int64]bool{}
	for _, n := range counts {
		if had[n] || n < 1 || n > 40 {
			t.Fatalf("counts are %v", counts)
		}
		had[n] = true
	}
	for n := range 60 {
		ask(x, Query{Sessions: []string{"hash"}, Attempt: true, Card: Card{Fingerprint: fmt.Sprint("more ", n)}})
	}
	if found, _ := ask(x, Query{Sessions: []string{"hash"}}); found.Cards != cardLimit {
		t.Errorf("%d cards are remembered", found.Cards)
	}
}
