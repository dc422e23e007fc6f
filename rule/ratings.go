package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"wayguard/document"
)

// RatingsConfig says how labels become a rating; points are centibits, hundredths of log2 of how much likelier what was seen is
// of an attacker than of anybody else. See Set.Judge for the formula. What is 0 is the default.
type RatingsConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Suspicious and Malicious are the lowest scores of these ratings. Malicious is the upper bound of Wald's sequential test.
	Suspicious int64 `yaml:"suspicious"`
	Malicious  int64 `yaml:"malicious"`
	// Trusted is the lower bound of that test, below 0: a session that falls to it is held to be human-like for TrustFor.
	Trusted  int64         `yaml:"trusted"`
	TrustFor time.Duration `yaml:"trust_for"`
	// Families is how many families of evidence a Malicious rating needs, FamilyPoints how much each of them must say.
	Families     int64 `yaml:"families"`
	FamilyPoints int64 `yaml:"family_points"`
	// FamilyCap is the most that one family adds to the score, DeceptionCap the most that the family deception adds.
	FamilyCap    int64 `yaml:"family_cap"`
	DeceptionCap int64 `yaml:"deception_cap"`
	// TrustCap is the most that all trusting labels together take away; written as a positive number.
	TrustCap int64 `yaml:"trust_cap"`
}

// DefaultRatings is the rating scale of a configuration that sets none: Wald's bounds for one wrong Malicious in 10,000 and one
// attack in 20 that is let off: log2(0.95 / 0.0001) = 13.21 bits and log2(0.05 / 0.9999) = -4.32 bits.
func DefaultRatings() RatingsConfig {
	return RatingsConfig{Suspicious: 600, Malicious: 1321, Trusted: -432, TrustFor: 30 * time.Minute, Families: 2,
		FamilyPoints: 300, FamilyCap: 900, DeceptionCap: 1600, TrustCap: 800}
}

// withDefaults fills what the operator left out.
func (r RatingsConfig) withDefaults() RatingsConfig {
	standard := DefaultRatings()
	for _, field := range []struct {
		value    *int64
		standard int64
	}{
		{&r.Suspicious, standard.Suspicious}, {&r.Malicious, standard.Malicious}, {&r.Trusted, standard.Trusted},
		{&r.Families, standard.Families}, {&r.FamilyPoints, standard.FamilyPoints}, {&r.FamilyCap, standard.FamilyCap},
		{&r.DeceptionCap, standard.DeceptionCap}, {&r.TrustCap, standard.TrustCap},
	} {
		if *field.value == 0 {
			*field.value = field.standard
		}
	}
	if r.TrustFor == 0 {
		r.TrustFor = standard.TrustFor
	}
	return r
}

// longestTrust is the greatest TrustFor: what was earned in the morning says little of the night.
const longestTrust = 12 * time.Hour

func (c *compiler) ratings() {
	if c.config.Ratings == nil {
		return
	}
	r := c.config.Ratings.withDefaults()
	if r.Suspicious < 1 || r.Malicious <= r.Suspicious {
		c.problem(r.At, "", "suspicious must be at least 1 and malicious greater than it", "")
	}
	if r.Trusted > 0 {
		c.problem(r.At, "trusted", "trusted is below 0", "")
	}
	if r.TrustFor < 0 || r.TrustFor > longestTrust {
		c.problem(r.At, "trust_for", fmt.Sprintf("trust_for lies between 1s and %s", longestTrust), "")
	}
	if r.Families < 1 || r.Families > familyCount {
		c.problem(r.At, "families", fmt.Sprintf("families lies between 1 and %d", familyCount), "")
	}
	if r.FamilyCap < 1 || r.DeceptionCap < 1 || r.TrustCap < 0 || r.FamilyPoints < 0 {
		c.problem(r.At, "", "family_cap and deception_cap must be at least 1, family_points and trust_cap not negative", "")
	}
	if greatest := int64(math.MaxInt32); max(r.Suspicious, r.Malicious, -r.Trusted, r.FamilyCap, r.DeceptionCap, r.TrustCap, r.FamilyPoints) > greatest {
		c.problem(r.At, "", fmt.Sprintf("points are at most %d", greatest), "")
	} else if r.FamilyCap*(familyCount-1)+r.DeceptionCap < r.Malicious || r.FamilyPoints > r.FamilyCap {
		c.problem(r.At, "family_cap", "no session could ever be malicious with this cap", "")
	}
	c.set.ratings = r
}

// Days is a time that may be written in days: "30d" beside "36h" and "90m".
type Days time.Duration

// UnmarshalText reads whole days or what time.ParseDuration reads.
func (d *Days) UnmarshalText(text []byte) error {
	if whole, inDays := strings.CutSuffix(string(text), "d"); inDays {
		n, err := strconv.ParseUint(whole, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is no number of days, such as 30d", text)
		}
		*d = Days(time.Duration(n) * day)
		return nil
	}
	length, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no time, such as 30d or 36h", text)
	}
	*d = Days(length)
	return nil
}
