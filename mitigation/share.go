package mitigation

import (
	"crypto/sha256"
	"encoding/binary"
)

// whole is the number of places that scopes are spread over: a place is a hundredth of a percent.
const whole = 10_000

// place is where a subject stands in a policy's roll-out: SHA-256 of the policy's name, a zero byte and the subject's key, the first
// eight bytes modulo 10,000. It never changes, so that who is dealt with at 10 percent still is at 20.
func place(policyName string, who subject) uint16 {
	var stack [256]byte
	text := append(stack[:0], policyName...)
	text = append(text, 0)
	text = append(text, who.key...)
	sum := sha256.Sum256(text)
	return uint16(binary.BigEndian.Uint64(sum[:8]) % whole)
}

// controlled says whether the subject is in the policy's control arm: the last places, whatever the percentage.
func (c *compiled) controlled(who subject) bool {
	return c.control > 0 && place(c.config.Name, who) >= whole-c.control
}

// rolledOut says whether the policy has come as far as the subject.
func (c *compiled) rolledOut(who subject) bool {
	return c.percent >= whole || place(c.config.Name, who) < c.percent
}
