package challenge

import (
	"slices"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// Strength orders the kinds of check, 1 for the lightest; 0 is no kind at all.
func Strength(kind string) int { return slices.Index(policy.Checks(), kind) + 1 }

// kindOf is the kind of a strength; empty for one that does not exist.
func kindOf(strength int) string {
	if all := policy.Checks(); strength > 0 && strength <= len(all) {
		return all[strength-1]
	}
	return ""
}

// Enough says whether what is held is as strong as a kind, or stronger.
func (h Held) Enough(kind string) bool { return Strength(h.Kind) >= Strength(kind) }

// ForRating is the kind of check that a rating deserves when the operator names none.
func ForRating(r event.Rating) string {
	switch r {
	case event.Suspicious:
		return "proof"
	case event.Malicious:
		return "captcha"
	}
	return "cookie"
}

// How long things take, at least: what comes back sooner was not waited for.
const (
	// pageWait is when a page goes on by itself, leastWait when that is accepted: a clock that is a little fast does no harm.
	pageWait  = 2 * time.Second
	leastWait = 1500 * time.Millisecond
)

// questionWait is how soon after the page an answer to its question is accepted.
func questionWait(r event.Rating) time.Duration { return time.Duration(r+2) * time.Second }

// proofBits is the difficulty of a proof: the leading zero bits of a SHA-256. 16 bits are 65,536 hashes on average, 18 are 262,144. The
// page's script made 0.7 million a second on one core of a small server; phones are estimated at 0.2 to 0.5 million, on several cores.
func proofBits(r event.Rating) int { return 16 + int(min(r, event.Malicious)) }

// captchaMost is the largest number that a built-in captcha hides; half of it is tried on average.
func captchaMost(r event.Rating) int { return 100_000 << min(r, event.Malicious) }
