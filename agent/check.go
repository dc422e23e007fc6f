package agent

import (
	"crypto/ed25519"
	"time"
)

// Policy is what is asked of a signature.
type Policy struct {
	// Window is how long a signature may be valid in all; DefaultWindow when 0.
	Window time.Duration
	// Skew is how far two clocks may differ; DefaultSkew when 0.
	Skew time.Duration
}

// The defaults and bounds of a Policy. Nobody should sign for more than a day, says the draft.
const (
	DefaultWindow = 480 * time.Second
	DefaultSkew   = 30 * time.Second
	LongestWindow = 24 * time.Hour
)

func (p Policy) complete() Policy {
	if p.Window <= 0 {
		p.Window = DefaultWindow
	}
	if p.Skew <= 0 {
		p.Skew = DefaultSkew
	}
	return p
}

// Check says whether the claim is one that the key's owner made of this request, and made lately. It is nil when all is well.
// That the claim was not made before is for Replays to say.
func (c *Claim) Check(r *Request, key *Key, policy Policy, now time.Time) error {
	policy = policy.complete()
	switch {
	case key.ID != c.KeyID:
		return ErrKey
	case !key.ValidAt(c.Created):
		return ErrKey
	case now.Before(c.Created.Add(-policy.Skew)):
		return ErrNotYet
	case !now.Before(c.Expires.Add(policy.Skew)):
		return ErrExpired
	case c.covered != nil:
		return c.covered
	}
	// The key says which algorithm it is for; a signature may repeat it but not choose it (RFC 9421 section 7.3.6).
	if _, named := c.list.Params.Get("alg"); named {
		if algorithm, _ := text(c.list.Params, "alg"); algorithm != "ed25519" {
			return ErrAlgorithm
		}
	}
	base, err := r.base(c.list)
	if err != nil {
		return err
	}
	if len(c.signature) != ed25519.SignatureSize || len(key.public) != ed25519.PublicKeySize || !ed25519.Verify(key.public, base, c.signature) {
		return ErrForged
	}
	if c.Expires.Sub(c.Created) > policy.Window {
		return ErrWindow
	}
	return nil
}

// Until is when a claim has to be remembered to no longer.
func (c *Claim) Until(policy Policy) time.Time { return c.Expires.Add(policy.complete().Skew) }
