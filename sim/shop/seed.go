package shop

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// What a shop is seeded with.
const (
	// SeededAccounts customers exist from the start.
	SeededAccounts = 3000
	// SeededGiftCards have a balance of 25.00 each.
	SeededGiftCards = 200
)

// Account is what a customer knows of its own account.
type Account struct{ Email, Name, Phone, Password string }

// AccountAt is the seeded account with that number, from 0.
func AccountAt(seed uint64, number int) Account {
	d := draw(seed, "account", number)
	first := pick(d, 0, firstNames)
	last := pick(d, 4, lastNames)
	host := pick(d, 8, "gmail.com outlook.com yahoo.com icloud.com proton.me gmx.net hotmail.com fastmail.com")
	return Account{
		Email:    fmt.Sprintf("%s.%s%d@%s", strings.ToLower(first), strings.ToLower(last), number, host),
		Name:     first + " " + last,
		Phone:    fmt.Sprintf("+1415555%04d", number%10000),
		Password: fmt.Sprintf("%s-%s-%d", pick(d, 12, wordList), pick(d, 16, wordList), binary.BigEndian.Uint16(d[20:])%900+100),
	}
}

// GiftCardAt is the code of the seeded gift card with that number, from 0.
func GiftCardAt(seed uint64, number int) string {
	d := draw(seed, "gift card", number)
	return fmt.Sprintf("GIFT-%04X-%04X-%04X", binary.BigEndian.Uint16(d[:]), binary.BigEndian.Uint16(d[2:]), binary.BigEndian.Uint16(d[4:]))
}

// draw is randomness that follows from what it is for.
func draw(seed uint64, purpose string, number int) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", seed, purpose, number))
}

func pick(d [32]byte, at int, words string) string {
	all := strings.Fields(words)
	return all[binary.BigEndian.Uint32(d[at:])%uint32(len(all))]
}

const firstNames = `Ada Alan Amira Ana Anton Beatriz Boris Carla Chen Clara Dana Daniel Diego Elena Emil Erik Fatima Felix
Freya Grace Hana Hugo Ines Ivan Jana Jonas Julia Karim Lars Laura Leo Lina Lucas Maja Marco Maria Mateo Mia Nadia Nina Noah
Nora Olga Oscar Paula Pedro Petra Rafael Rosa Samir Sara Sofia Stefan Tara Theo Tom Vera Victor Yara Yusuf Zoe`

const lastNames = `Abbott Almeida Andersson Baker Bauer Berg Bianchi Brown Carter Castro Chen Costa Cruz Davies Dubois Evans
Fischer Foster Garcia Gomez Gray Hansen Hughes Ito Jansen Jones Kaya Keller Kim Kowalski Kumar Lee Lopez Martin Meyer Moreau
Murphy Nakamura Nguyen Novak Olsen Park Patel Perez Petrov Reed Ricci Rossi Santos Sato Schmidt Shah Silva Smith Torres Vogel
Walker Weber Wilson Young`

const wordList = `amber anchor apple birch bridge canyon cedar cloud copper coral crane delta ember falcon fern field flint
forest garden glacier harbor hazel island jasper juniper lantern linen maple marble meadow mellow ocean olive orbit otter pebble
pine planet prairie quartz raven ribbon river saddle sierra silver spruce summit thistle timber tulip valley velvet violet walnut
willow winter`
