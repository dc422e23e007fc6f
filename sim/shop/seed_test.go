package shop

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSeedDecides(t *testing.T) {
	one, again := AccountAt(1, 5), AccountAt(1, 5)
	if one != again || one == AccountAt(2, 5) || one == AccountAt(1, 6) || !strings.Contains(one.Email, "@") {
		t.Error("accounts do not follow from seed and number")
	}
	mails := map[string]bool{}
	for i := range SeededAccounts {
		mails[AccountAt(1, i).Email] = true
	}
	if len(mails) != SeededAccounts {
		t.Errorf("%d different addresses of %d", len(mails), SeededAccounts)
	}
}

func TestBounded(t *testing.T) {
	b := newBounded[int](3)
	for i, key := range []string{"a", "b", "a", "c", "d"} {
		b.put(key, i)
	}
	if _, known := b.find("a"); known || len(b.entries) != 3 || len(b.order) != 3 {
		t.Errorf("entries %v, order %v", b.entries, b.order)
	}
	b.blank("b")
	b.blank("none")
	if v, known := b.find("b"); !known || v != 0 {
		t.Errorf("blanked: %d %t", v, known)
	}
}

func TestAcquirer(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	a := newBank(func() time.Time { return now })
	good := "4111110000000104"
	for n := 0; !Luhn(good) || !CardWorks(good); n++ {
		good = good[:10] + string([]byte{byte('0' + n/100000%10), byte('0' + n/10000%10), byte('0' + n/1000%10), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)})
	}
	for name, c := range map[string]struct {
		number string
		amount int64
		want   string
	}{
		"good": {good, 1000, ""}, "spaced": {good[:4] + " " + good[4:], 1000, ""}, "no card": {"4111111111111112", 1000, declinedNumber},
		"letters": {"card", 1000, declinedNumber}, "short": {"42", 1, declinedNumber}, "too dear": {good, acquirerLimit + 1, declinedOverLimit},
	} {
		if got := a.authorise(c.number, c.amount); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for range cardsPerMinute {
		a.authorise(good, 1)
	}
	if got := a.authorise(good, 1); got != declinedTooOften {
		t.Errorf("too often: %q", got)
	}
	now = now.Add(2 * time.Minute)
	if got := a.authorise(good, 1); got != "" {
		t.Errorf("later: %q", got)
	}
}

func TestAnAcquirerElsewhere(t *testing.T) {
	bank := httptest.NewServer(Bank())
	defer bank.Close()
	asked := 0
	header := func(context.Context) (http.Header, error) {
		asked++
		return http.Header{"X-Merchant": {"shop"}}, nil
	}
	ask := Through(bank.Client(), bank.URL+"/payments", header)
	for n := range 60 {
		number := fmt.Sprintf("411111%010d", n)
		charge := Charge{Reference: fmt.Sprint("A", n), Currency: "USD", Amount: 1999, Number: number, ExpiryMonth: "12", ExpiryYear: "2030"}
		want := declinedNumber
		if Luhn(number) {
			want = verdictOf(number, 1999)
		}
		if got := ask(t.Context(), charge); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
	if asked != 60 {
		t.Errorf("headers were asked for %d times", asked)
	}
	bank.Close()
	if got := ask(t.Context(), Charge{Reference: "A", Amount: 1}); got != declinedAway {
		t.Errorf("a bank that is away: %q", got)
	}
}
