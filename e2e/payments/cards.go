//go:build e2e

package payments

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
)

// instrument is a card and an account that nobody has, with all that must be found nowhere.
type instrument struct {
	number, code, iban string
	n                  int
}

// instruments makes different ones. Numbers begin as those of real schemes do, and have valid check digits.
func instruments(count int) []instrument {
	chance := rand.New(rand.NewPCG(6, 2026))
	taken := map[string]bool{}
	var all []instrument
	for len(all) < count {
		head := []string{"4", "51", "55", "2221", "6011", "37"}[chance.IntN(6)]
		length := 16
		if head == "37" {
			length = 15
		}
		i := instrument{number: checked(head + digits(chance, length-len(head)-1)), code: digits(chance, 4), iban: account(digits(chance, 18)), n: len(all)}
		if !taken[i.number] && !taken[i.iban] {
			taken[i.number], taken[i.iban] = true, true
			all = append(all, i)
		}
	}
	return all
}

func digits(chance *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + chance.IntN(10)))
	}
	return b.String()
}

// checked appends the check digit (ISO/IEC 7812, the Luhn algorithm).
func checked(number string) string {
	sum := 0
	for n := range len(number) {
		d := int(number[len(number)-1-n] - '0')
		if n%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return number + string(byte('0'+(10-sum%10)%10))
}

// account is a German IBAN (ISO 13616): D is 13, E is 14, and the whole is 1 modulo 97.
func account(rest string) string {
	whole, _ := new(big.Int).SetString(rest+"131400", 10)
	return fmt.Sprintf("DE%02d%s", 98-new(big.Int).Mod(whole, big.NewInt(97)).Int64(), rest)
}

// grouped is a number as it stands on a card.
func (i instrument) grouped(separator string) string {
	var parts []string
	for rest := i.number; rest != ""; {
		n := min(4, len(rest))
		parts = append(parts, rest[:n])
		rest = rest[n:]
	}
	return strings.Join(parts, separator)
}
