package identity

import "encoding/binary"

// chorusSize is how many bytes a packed chorus has.
const chorusSize = 1 + 2 + 4 + 2 + 4 + 4

// Chorus is how often two devices with the same kind of browser and the same version have the same User-Agent: always where it names nothing
// but the version, seldom where it names the system's too. It is learned by comparing each device with the one before. The zero Chorus has
// compared none.
type Chorus struct {
	major       uint16
	agent       uint32
	device      uint16
	pairs, same uint32
}

// Load reads what Append packed; nothing is a chorus that has compared none.
func (c *Chorus) Load(b []byte) error {
	*c = Chorus{}
	if len(b) == 0 {
		return nil
	}
	if len(b) != chorusSize || b[0] != 1 {
		return errPacked
	}
	u := unpacker{rest: b[1:]}
	c.major, c.agent, c.device, c.pairs, c.same = u.uint16(), u.uint32(), u.uint16(), u.uint32(), u.uint32()
	if c.pairs > turnoverLimit || c.same > c.pairs {
		return errPacked
	}
	return u.end()
}

// Append packs the chorus behind b.
func (c *Chorus) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(append(b, 1), c.major), c.agent)
	b = binary.BigEndian.AppendUint16(b, c.device)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, c.pairs), c.same)
}

// note compares a device with the one before.
func (c *Chorus) note(s *Sight, device Ref) {
	major, agent, name := uint16(min(max(0, s.Major), 1<<16-1)), short(s.Agent), uint16(device)
	if c.agent != 0 && c.major == major && c.device != name {
		if c.pairs >= turnoverLimit {
			c.pairs, c.same = c.pairs/2, c.same/2
		}
		c.pairs++
		if c.agent == agent {
			c.same++
		}
	}
	c.major, c.agent, c.device = major, agent, name
}

// rate is how often they agree; always, as long as nothing is known.
func (c *Chorus) rate() likelihood {
	const doubt = 8
	return ratio(uint64(c.same)+doubt, uint64(c.pairs)+doubt)
}
