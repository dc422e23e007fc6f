package identity

import "encoding/binary"

// turnoverSize is how many bytes a packed turnover has.
const turnoverSize = 9

// The sessions of a network that are counted: all of the first turnoverFew, then one in turnoverSample, so that a large network's record is
// not written all the time; both counts are halved at turnoverLimit, so that they follow what changes.
const (
	turnoverFew    = 256
	turnoverSample = 16
	turnoverLimit  = 4096
)

// Turnover is how often a visitor at a known address of a network looks like nobody seen there before: seldom where each home has
// an address of its own, nearly always behind a mobile network's gateways. It says what to expect of an address that is hardly known
// itself. The zero Turnover has counted nothing.
type Turnover struct{ visits, strangers uint32 }

// Load reads what Append packed; nothing is a network never seen.
func (t *Turnover) Load(b []byte) error {
	*t = Turnover{}
	if len(b) == 0 {
		return nil
	}
	if len(b) != turnoverSize || b[0] != 1 {
		return errPacked
	}
	*t = Turnover{binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])}
	if t.visits > turnoverLimit || t.strangers > t.visits {
		return errPacked
	}
	return nil
}

// Append packs the turnover behind b.
func (t *Turnover) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append(b, 1), t.visits), t.strangers)
}

// counts says whether a session is among those that are counted; random is any number of its own.
func (t *Turnover) counts(random Ref) bool {
	return t.visits < turnoverFew || random%turnoverSample == 0
}

// note counts a session at a known address.
func (t *Turnover) note(stranger bool) {
	if t.visits >= turnoverLimit {
		t.visits, t.strangers = t.visits/2, t.strangers/2
	}
	t.visits++
	if stranger {
		t.strangers++
	}
}

// amend takes back what was said of a session, and says the other.
func (t *Turnover) amend(stranger bool) {
	switch {
	case stranger && t.strangers < t.visits:
		t.strangers++
	case !stranger && t.strangers > 0:
		t.strangers--
	}
}

// rate is the share of strangers, a half as long as nothing is known.
func (t *Turnover) rate() likelihood { return ratio(uint64(t.strangers)+2, uint64(t.visits)+4) }
