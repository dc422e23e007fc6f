package identity

import (
	"encoding/binary"
	"time"
)

// crowdEpoch is half of CrowdReach in minutes: counts are kept for two epochs.
const crowdEpoch = 45 * minutesADay

const crowdSize = 11

// Crowd counts how many devices show a value. A device is counted once in an epoch of 45 days; those of the last epoch count
// less and less. The zero Crowd has counted none.
type Crowd struct {
	epoch         uint16
	now, previous uint32
}

// Load reads what Append packed; nothing is a crowd of none.
func (c *Crowd) Load(b []byte) error {
	*c = Crowd{}
	if len(b) == 0 {
		return nil
	}
	if len(b) != crowdSize || b[0] != 1 {
		return errPacked
	}
	*c = Crowd{binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint32(b[3:]), binary.BigEndian.Uint32(b[7:])}
	return nil
}

// Append packs the crowd behind b.
func (c *Crowd) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, 1), c.epoch)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, c.now), c.previous)
}

// epochOf is the epoch of a time.
func epochOf(at stamp) uint16 { return uint16(at / crowdEpoch) }

// Note counts one more device. The caller sees to it that each is counted once an epoch.
func (c *Crowd) Note(at time.Time) {
	c.turn(epochOf(stampOf(at)))
	c.now = min(c.now+1, 1<<31)
}

// leave takes back one that was counted in this epoch.
func (c *Crowd) leave() { c.now = max(c.now, 1) - 1 }

func (c *Crowd) turn(epoch uint16) {
	switch {
	case epoch <= c.epoch:
	case epoch == c.epoch+1:
		c.epoch, c.now, c.previous = epoch, 0, c.now
	default:
		c.epoch, c.now, c.previous = epoch, 0, 0
	}
}

// Count is how many devices there are at the time, about: of the last epoch, the part that has not yet come back counts in the
// measure in which this epoch has still to go.
func (c *Crowd) Count(at time.Time) int64 {
	seen := *c
	now := stampOf(at)
	seen.turn(epochOf(now))
	left := int64(crowdEpoch - now%crowdEpoch)
	return max(int64(seen.now), int64(seen.now)*(crowdEpoch-left)/crowdEpoch+int64(seen.previous)*left/crowdEpoch)
}

// The pseudo-counts before anything was seen: as if so many devices of the language had been seen, of which one in so many showed a
// fingerprint without a model, and one with a model.
const (
	crowdPrior = 8
	plainPrior = 4
	sharpPrior = 64
)

// share is the probability that another device of the language shows the fingerprint.
func share(fingerprint, language int64, sharp bool) likelihood {
	prior := uint64(crowdPrior * 128 / plainPrior)
	if sharp {
		prior = uint64(crowdPrior * 128 / sharpPrior)
	}
	// Counts are brought below 2^23 before they are divided.
	f, l := uint64(max(0, fingerprint)), uint64(max(fingerprint, language))
	for l >= 1<<15 {
		f, l = (f+1)/2, l/2
	}
	return ratio(f*128+prior, (l+crowdPrior)*128)
}

// Share is the probability that another device of the language looks the same, as Sighting estimates it.
type Share likelihood

// Bits is how much the fingerprint says, in centibits: -100·log2 of the share.
func (s Share) Bits() int64 { return -likelihood(s).centibits() }

// LanguageCrowd is the value under which the crowd of a language is counted, apart from fingerprints.
func LanguageCrowd(language uint64) uint64 { return language ^ speakers }

// ShareOf is how likely another device of the language is to look the same.
func ShareOf(looks, speakers *Crowd, s *Sight) Share {
	return Share(share(looks.Count(s.At), speakers.Count(s.At), s.Sharp))
}
