package shop

import (
	"hash/fnv"
	"strings"
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
	acquirerLimit      = 500_000 // minor units a payment
	cardsPerMinute     = 6
	rememberedAttempts = 20_000
)

// acquirer stands for the bank: it approves or declines by card, amount and rate.
type acquirer struct{ attempts *bounded[attempts] }

type attempts struct {
	since time.Time
	count int
}

func newAcquirer() *acquirer { return &acquirer{newBounded[attempts](rememberedAttempts)} }

// authorise answers "" for yes, else a decline code.
func (a *acquirer) authorise(number string, amount int64, at time.Time) string {
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
	seen, _ := a.attempts.find(number)
	if at.Sub(seen.since) > time.Minute {
		seen = attempts{since: at}
	}
	seen.count++
	a.attempts.put(number, seen)
	if seen.count > cardsPerMinute {
		return declinedTooOften
	}
	return verdictOf(number, amount)
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
