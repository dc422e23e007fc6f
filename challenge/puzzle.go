package challenge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"strconv"
)

// solutionMost is the longest solution that is looked at, in bytes.
const solutionMost = 4 << 10

// proven says whether a number solves a proof of work: SHA-256(word in hex ‖ "." ‖ number) begins with that many zero bits.
func proven(word nonce, number string, difficulty int) bool {
	if n, err := strconv.ParseUint(number, 10, 53); err != nil || strconv.FormatUint(n, 10) != number {
		return false
	}
	sum := sha256.Sum256([]byte(word.spell() + "." + number))
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8])) >= difficulty
}

// captcha is a challenge of the ALTCHA protocol, version 1: find the number up to MaxNumber for which SHA-256(salt ‖ number) is the
// challenge. The salt ends with "&", so that no digit can be moved from the number into it (CVE-2025-68113).
type captcha struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int    `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
	number    int
}

// captchaSolution is what a widget of the protocol sends, as base64 of JSON.
type captchaSolution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int    `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// captcha is the challenge that belongs to a ticket: it follows from the ticket, so that nothing is to be remembered.
func (t ticket) captcha() captcha {
	most := captchaMost(t.rating)
	c := captcha{Algorithm: "SHA-256", MaxNumber: most,
		Salt:   t.word.spell() + "?expires=" + strconv.FormatInt(t.issued.Add(ticketLife).Unix(), 10) + "&",
		number: int(binary.BigEndian.Uint64(digest(t.keys.word, []byte("number"), t.word[:])) % uint64(most+1))}
	sum := sha256.Sum256([]byte(c.Salt + strconv.Itoa(c.number)))
	c.Challenge = hex.EncodeToString(sum[:])
	c.Signature = hex.EncodeToString(digest(t.keys.sign, []byte("captcha"), []byte(c.Challenge)))
	return c
}

// solved says whether a solution is that of the captcha.
func (c captcha) solved(text string) bool {
	if len(text) > solutionMost {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	var got captchaSolution
	if err := json.Unmarshal(raw, &got); err != nil {
		return false
	}
	return got.Algorithm == c.Algorithm && got.Challenge == c.Challenge && got.Number == c.number && got.Salt == c.Salt &&
		hmac.Equal([]byte(got.Signature), []byte(c.Signature))
}
