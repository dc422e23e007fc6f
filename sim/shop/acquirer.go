package shop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Decline codes of the acquirer.
const (
	declinedNumber     = "invalid_number"
	declinedFunds      = "insufficient_funds"
	declinedGeneric    = "do_not_honor"
	declinedStolen     = "stolen_card"
	declinedTooOften   = "velocity_exceeded"
	declinedOverLimit  = "amount_limit"
	declinedAway       = "acquirer_unreachable"
	acquirerLimit      = 500_000 // minor units a payment
	cardsPerMinute     = 6
	rememberedAttempts = 20_000
)

// Charge is what the shop asks an acquirer for.
type Charge struct {
	Reference, Currency          string
	Amount                       int64 // minor units
	Number, Holder               string
	ExpiryMonth, ExpiryYear, CVV string
	Customer, Email, Country     string
	Session, Address             string // of the buyer: session cookie or bearer token, IP address
}

// Acquirer answers "" for yes, else a decline code.
type Acquirer func(ctx context.Context, c Charge) string

// bank stands for the acquirer: it approves or declines by card, amount and rate.
type bank struct {
	clock func() time.Time

	mu       sync.Mutex
	attempts *bounded[attempts]
}

type attempts struct {
	since time.Time
	count int
}

func newBank(clock func() time.Time) *bank {
	return &bank{clock: clock, attempts: newBounded[attempts](rememberedAttempts)}
}

// charge is the bank as an Acquirer.
func (b *bank) charge(_ context.Context, c Charge) string { return b.authorise(c.Number, c.Amount) }

// authorise answers "" for yes, else a decline code.
func (b *bank) authorise(number string, amount int64) string {
	number = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if !Luhn(number) {
		return declinedNumber
	}
	if amount > acquirerLimit {
		return declinedOverLimit
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.clock()
	seen, _ := b.attempts.find(number)
	if at.Sub(seen.since) > time.Minute {
		seen = attempts{since: at}
	}
	seen.count++
	b.attempts.put(number, seen)
	if seen.count > cardsPerMinute {
		return declinedTooOften
	}
	return verdictOf(number, amount)
}

// wireCharge is a charge in the shape in which acquirers take it, wireAnswer what they answer.
type wireCharge struct {
	Amount          wireAmount `json:"amount"`
	Reference       string     `json:"reference"`
	MerchantAccount string     `json:"merchantAccount"`
	PaymentMethod   wireCard   `json:"paymentMethod"`
	Shopper         string     `json:"shopperReference,omitempty"`
	Email           string     `json:"shopperEmail,omitempty"`
	Address         string     `json:"shopperIP,omitempty"`
	Country         string     `json:"countryCode,omitempty"`
	Session         string     `json:"sessionId,omitempty"`
}

type wireAmount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

type wireCard struct {
	Type        string `json:"type"`
	Number      string `json:"number"`
	ExpiryMonth string `json:"expiryMonth"`
	ExpiryYear  string `json:"expiryYear"`
	CVC         string `json:"cvc,omitempty"`
	Holder      string `json:"holderName,omitempty"`
}

type wireAnswer struct {
	Reference string `json:"pspReference,omitempty"`
	Result    string `json:"resultCode"`
	Refusal   string `json:"refusalReason,omitempty"`
}

// The results of an acquirer.
const (
	authorised = "Authorised"
	refused    = "Refused"
)

// Bank is an acquirer of its own: POST /payments takes a charge as JSON.
func Bank() http.Handler {
	b := newBank(time.Now)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments", func(w http.ResponseWriter, r *http.Request) {
		var in wireCharge
		if err := json.NewDecoder(io.LimitReader(r.Body, bodyLimit)).Decode(&in); err != nil || in.Amount.Value <= 0 || in.Reference == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		out := wireAnswer{Reference: fmt.Sprintf("%016X", fold(in.Reference, in.Amount.Value)), Result: authorised}
		if code := b.authorise(in.PaymentMethod.Number, in.Amount.Value); code != "" {
			out.Result, out.Refusal = refused, code
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // a shop that went away misses it
	})
	return mux
}

// Through is an Acquirer at an address. header is what is sent along; it is asked for each charge.
func Through(client *http.Client, address string, header func(ctx context.Context) (http.Header, error)) Acquirer {
	return func(ctx context.Context, c Charge) string {
		answer, err := c.send(ctx, client, address, header)
		switch {
		case err != nil:
			return declinedAway
		case answer.Result == authorised:
			return ""
		}
		return cmp.Or(answer.Refusal, declinedGeneric)
	}
}

func (c Charge) send(ctx context.Context, client *http.Client, address string, header func(ctx context.Context) (http.Header, error)) (wireAnswer, error) {
	body, err := json.Marshal(wireCharge{Amount: wireAmount{c.Currency, c.Amount}, Reference: c.Reference, MerchantAccount: "DemoShop",
		PaymentMethod: wireCard{Type: "scheme", Number: c.Number, ExpiryMonth: c.ExpiryMonth, ExpiryYear: c.ExpiryYear, CVC: c.CVV, Holder: c.Holder},
		Shopper:       c.Customer, Email: c.Email, Address: c.Address, Country: c.Country, Session: c.Session})
	if err != nil {
		return wireAnswer{}, fmt.Errorf("charge: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return wireAnswer{}, fmt.Errorf("charge: %w", err)
	}
	if request.Header, err = header(ctx); err != nil {
		return wireAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return wireAnswer{}, fmt.Errorf("charge: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer wireAnswer
	if err := json.NewDecoder(io.LimitReader(response.Body, bodyLimit)).Decode(&answer); err != nil {
		return wireAnswer{}, fmt.Errorf("charge: status %d: %w", response.StatusCode, err)
	}
	return answer, nil
}

// addressOf is the buyer's address as the proxy before the shop tells it.
func addressOf(r *http.Request) string {
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); strings.TrimSpace(first) != "" {
		return strings.TrimSpace(first)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

func verdictOf(number string, amount int64) string {
	if CardWorks(number) {
		return ""
	}
	return []string{declinedGeneric, declinedStolen, declinedFunds}[fold(number, amount)%3]
}

// CardWorks says whether the simulated bank knows the card: one made-up number in seven does.
func CardWorks(number string) bool { return fold(number, 0)%7 == 0 }

func fold(number string, amount int64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(number)) // a hash takes everything
	_, _ = h.Write([]byte{byte(amount), byte(amount >> 8)})
	return h.Sum64() >> 7
}

// Luhn checks the check digit of a card number.
func Luhn(number string) bool {
	if len(number) < 12 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
