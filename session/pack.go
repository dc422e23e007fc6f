package session

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"wayguard/event"
)

// packVersion opens every packed session; another one is not read.
const packVersion = 2

// errPacked means that the bytes are not what Pack made.
var errPacked = errors.New("session: not a packed session")

// What the flags of a session mean.
const (
	hasPresented = 1 << iota
	isMixed
	hasLeft
)

// What the flags of a label mean; the severity stands above them.
const (
	ofSignature = 1 << iota
	inShadow
	severityShift = 2
)

// Pack adds the session in bytes to b: the version, numbers as varints, a text or list as its length and its members.
func (s *Session) Pack(b []byte) []byte {
	b = append(b, packVersion, flag(s.Presented, hasPresented)|flag(s.Mixed, isMixed)|flag(s.Left, hasLeft), byte(s.Rating))
	b = binary.LittleEndian.AppendUint64(b, s.Hash)
	b = binary.LittleEndian.AppendUint64(b, s.Account)
	for _, text := range [...]string{string(s.ID), string(s.Environment), string(s.Journey), string(s.Person), string(s.Actor)} {
		b = appendText(b, text)
	}
	for _, n := range [...]int64{s.Opened, s.Last, s.Events, s.Score, s.Confidence, s.Crowd, int64(s.Browser)} {
		b = binary.AppendVarint(b, n)
	}
	b = s.packCounts(b)
	b = binary.AppendUvarint(b, uint64(len(s.circles)))
	for i := range s.circles {
		c := &s.circles[i]
		b = append(b, c.code)
		if c.code == 0 {
			b = appendText(b, c.element)
		}
		b = binary.AppendUvarint(b, uint64(len(c.hashes)))
		for _, hash := range c.hashes {
			b = binary.LittleEndian.AppendUint32(b, hash)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.Labels)))
	for i := range s.Labels {
		b = packLabel(b, &s.Labels[i])
	}
	b = s.shape.pack(b)
	b = appendBytes(b, s.Bond, bondLimit)
	return appendBytes(b, s.Progress, ProgressLimit)
}

// appendBytes adds bytes of others with their length, none where they are more than there is room for.
func appendBytes(b, more []byte, limit int) []byte {
	if len(more) > limit {
		more = nil
	}
	return append(binary.AppendUvarint(b, uint64(len(more))), more...)
}

// packCounts adds the counters and the times of types that are there, each with its number.
func (s *Session) packCounts(b []byte) []byte {
	for code, sum := range s.counts {
		if sum != 0 {
			b = binary.AppendVarint(append(b, byte(code)), sum)
		}
	}
	b = append(b, 0)
	b = binary.AppendUvarint(b, uint64(len(s.others)))
	for i := range s.others {
		b = binary.AppendVarint(appendText(b, s.others[i].name), s.others[i].sum)
	}
	for code, first := range s.firsts {
		if first != 0 {
			b = binary.AppendVarint(append(b, byte(code)+1), first)
			b = binary.AppendVarint(b, s.lasts[code]-first)
		}
	}
	return append(b, 0)
}

func (s *Session) unpackCounts(r *unpacker) {
	for code := r.byte(); code != 0; code = r.byte() {
		if code >= counterCount {
			r.fail()
			return
		}
		s.counts[code] = r.number()
	}
	for range r.count(2) {
		s.others = append(s.others, tally{r.text(), r.number()})
	}
	for code := r.byte(); code != 0; code = r.byte() {
		if code > typeCount {
			r.fail()
			return
		}
		s.firsts[code-1] = r.number()
		s.lasts[code-1] = s.firsts[code-1] + r.number()
	}
}

func packLabel(b []byte, l *event.Label) []byte {
	family := familyCode(l.Family)
	b = append(b, flag(l.Signature, ofSignature)|flag(l.Shadow, inShadow)|severityCode(l.Severity)<<severityShift|family<<4)
	if family == unnamed {
		b = appendText(b, l.Family)
	}
	b = appendText(b, l.Name)
	b = appendText(b, l.Rule)
	return binary.AppendVarint(b, l.Points)
}

func (r *unpacker) label() event.Label {
	flags := r.byte()
	l := event.Label{Signature: flags&ofSignature != 0, Shadow: flags&inShadow != 0, Severity: severityOf(flags >> severityShift & 3),
		Family: familyOf(flags >> 4)}
	if flags>>4 == unnamed {
		l.Family = r.text()
	}
	l.Name, l.Rule, l.Points = r.text(), r.text(), r.number()
	return l
}

// pack adds the numbers, and the words and bins that are not empty behind a mask that tells which.
func (s *Shape) pack(b []byte) []byte {
	for _, n := range [...]int64{s.pages, s.assets, s.backs, s.distinct, s.navigated, s.gaps, s.sum, s.squares, s.number, s.run, s.longest,
		s.clones, int64(s.here), int64(s.there)} {
		b = binary.AppendVarint(b, n)
	}
	b = binary.LittleEndian.AppendUint64(append(b, s.steps), s.opening)
	mask := uint16(0)
	for i, word := range s.seen {
		if word != 0 {
			mask |= 1 << i
		}
	}
	b = binary.LittleEndian.AppendUint16(b, mask)
	for _, word := range s.seen {
		if word != 0 {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
	}
	for _, n := range s.bins {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func (s *Shape) unpack(r *unpacker) {
	for _, n := range [...]*int64{&s.pages, &s.assets, &s.backs, &s.distinct, &s.navigated, &s.gaps, &s.sum, &s.squares, &s.number, &s.run,
		&s.longest, &s.clones} {
		*n = r.number()
	}
	s.here, s.there = uint32(r.number()), uint32(r.number())
	s.steps, s.opening = r.byte(), r.hash()
	mask := uint16(r.byte()) | uint16(r.byte())<<8
	for i := range s.seen {
		if mask&(1<<i) != 0 {
			s.seen[i] = r.hash()
		}
	}
	for i := range s.bins {
		n, size := binary.Uvarint(r.rest)
		if size <= 0 || n > gapFold {
			r.fail()
			return
		}
		s.bins[i], r.rest = int64(n), r.rest[size:]
	}
	// What is read is used in products: damaged sums must not run over.
	if s.gaps < 0 || s.gaps > gapFold || s.sum < 0 || s.sum > gapFold*gapMost || s.squares < 0 || s.squares > gapFold*gapMost*gapMost {
		r.fail()
	}
}

// Unpack makes the session that which Pack made the bytes of. Its texts are parts of the bytes, which must not change as long
// as the session is used: to copy some thirty texts of every event's session would take longer than all the rest of it.
func (s *Session) Unpack(packed []byte) error {
	r := &unpacker{rest: packed}
	s.reset()
	version, flags, rating := r.byte(), r.byte(), r.byte()
	if version != packVersion {
		return errPacked
	}
	s.Presented, s.Mixed, s.Left = flags&hasPresented != 0, flags&isMixed != 0, flags&hasLeft != 0
	s.Rating, s.Hash, s.Account = event.Rating(rating), r.hash(), r.hash()
	s.ID, s.Environment = event.ID(r.text()), event.Environment(r.text())
	s.Journey, s.Person, s.Actor = event.ID(r.text()), event.ID(r.text()), event.ID(r.text())
	s.Opened, s.Last, s.Events, s.Score = r.number(), r.number(), r.number(), r.number()
	s.Confidence, s.Crowd, s.Browser = r.number(), r.number(), uint32(r.number())
	s.unpackCounts(r)
	for range r.count(2) {
		s.unpackCircle(r)
	}
	for range r.count(4) {
		s.Labels = append(s.Labels, r.label())
	}
	s.shape.unpack(r)
	s.Bond, s.Progress = r.bytes(), r.bytes()
	if r.bad || len(r.rest) > 0 || s.Rating > event.Malicious {
		s.reset()
		return errPacked
	}
	return nil
}

func (s *Session) unpackCircle(r *unpacker) {
	code, element := r.byte(), ""
	if code == 0 {
		element = r.text()
	}
	c := s.nextCircle(element, code)
	for range r.count(4) {
		c.hashes = append(c.hashes, r.short())
	}
	s.hashes += len(c.hashes)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// unpacker reads a packed session.
type unpacker struct {
	rest []byte
	bad  bool
}

func (r *unpacker) fail() { r.bad, r.rest = true, nil }

func (r *unpacker) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *unpacker) number() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *unpacker) hash() uint64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

// count is the length of a list whose members take so many bytes at least: no length can ask for more than is there.
func (r *unpacker) count(least uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest))/least {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *unpacker) short() uint32 {
	if len(r.rest) < 4 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return n
}

func (r *unpacker) bytes() []byte {
	text := r.text()
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

func (r *unpacker) text() string {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)-size) {
		r.fail()
		return ""
	}
	part := r.rest[size : size+int(n)]
	r.rest = r.rest[size+int(n):]
	return unsafe.String(unsafe.SliceData(part), len(part))
}
