package reputation

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"wayguard/event"
)

// Entry is what a list says of an address.
type Entry struct {
	Kind event.NetworkKind
	// Owner is who runs it, such as "googlebot"; empty where the list does not say.
	Owner string
}

// Range is a span of addresses of one family, both ends included.
type Range struct {
	First, Last netip.Addr
	Entry       Entry
}

// Networks finds the most telling list that an address is on. It is immutable.
type Networks struct {
	entries []Entry
	spans   []span
	// behind is asked for what is on no list here.
	behind *Networks
}

// span is a range that overlaps no other. An address of the fourth version is its mapped form of the sixth, so that one
// order holds all.
type span struct {
	first, last [16]byte
	entry       uint16
}

// maxEntries bounds the different entries of all lists.
const maxEntries = 1 << 12

//go:embed ranges.bin.gz
var builtIn []byte

// BuiltIn is what comes with Wayguard.
func BuiltIn() (*Networks, error) { return Read(builtIn) }

// telling orders kinds: a crawler's range inside a data centre's is a crawler's.
func telling(kind event.NetworkKind) int {
	switch kind {
	case event.Crawler:
		return 5
	case event.Tor:
		return 4
	case event.Relay:
		return 3
	case event.VPN:
		return 2
	case event.Hosting:
		return 1
	}
	return 0
}

// New makes Networks of ranges that may overlap: the most telling kind wins, and among equals the one named first.
func New(ranges []Range) (*Networks, error) {
	n := &Networks{}
	places := map[Entry]uint16{}
	var edges []edge
	for i, r := range ranges {
		if !r.First.IsValid() || r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) {
			return nil, fmt.Errorf("range %v to %v is none", r.First, r.Last)
		}
		place, known := places[r.Entry]
		if !known {
			if len(n.entries) == maxEntries {
				return nil, fmt.Errorf("more than %d different lists", maxEntries)
			}
			place = uint16(len(n.entries))
			places[r.Entry] = place
			n.entries = append(n.entries, r.Entry)
		}
		edges = append(edges, edge{r.First.As16(), i, place, true}, edge{r.Last.As16(), i, place, false})
	}
	n.sweep(edges)
	return n, nil
}

// edge is where a range begins or ends.
type edge struct {
	at     [16]byte
	number int
	entry  uint16
	begins bool
}

// sweep cuts overlapping ranges into spans that do not.
func (n *Networks) sweep(edges []edge) {
	slices.SortFunc(edges, func(a, b edge) int {
		if c := bytes.Compare(a.at[:], b.at[:]); c != 0 {
			return c
		}
		if a.begins != b.begins { // a range that begins where another ends overlaps it there
			if a.begins {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.number, b.number)
	})
	var open []edge
	var from [16]byte
	for i := range edges {
		e := edges[i]
		if e.begins {
			if len(open) > 0 && bytes.Compare(from[:], e.at[:]) < 0 {
				n.span(from, before(e.at), n.best(open))
			}
			open, from = append(open, e), e.at
			continue
		}
		if bytes.Compare(from[:], e.at[:]) <= 0 {
			n.span(from, e.at, n.best(open))
			from = after(e.at)
		}
		open = slices.DeleteFunc(open, func(o edge) bool { return o.number == e.number })
	}
}

// best is the entry that counts where several ranges lie over each other.
func (n *Networks) best(open []edge) uint16 {
	best := open[0]
	for _, o := range open[1:] {
		have, other := telling(n.entries[best.entry].Kind), telling(n.entries[o.entry].Kind)
		if other > have || other == have && o.number < best.number {
			best = o
		}
	}
	return best.entry
}

// span adds one, or makes the last one longer.
func (n *Networks) span(first, last [16]byte, entry uint16) {
	if k := len(n.spans) - 1; k >= 0 && n.spans[k].entry == entry && after(n.spans[k].last) == first {
		n.spans[k].last = last
		return
	}
	n.spans = append(n.spans, span{first, last, entry})
}

func before(a [16]byte) [16]byte {
	for i := 15; i >= 0; i-- {
		a[i]--
		if a[i] != 0xff {
			break
		}
	}
	return a
}

func after(a [16]byte) [16]byte {
	for i := 15; i >= 0; i-- {
		a[i]++
		if a[i] != 0 {
			break
		}
	}
	return a
}

// Find tells what is known of an address; false when no list has it.
func (n *Networks) Find(address netip.Addr) (Entry, bool) {
	if n == nil || !address.IsValid() {
		return Entry{}, false
	}
	key := address.As16()
	place, exact := slices.BinarySearchFunc(n.spans, key, func(s span, key [16]byte) int { return bytes.Compare(s.first[:], key[:]) })
	if !exact {
		place--
	}
	if place < 0 || bytes.Compare(key[:], n.spans[place].last[:]) > 0 {
		return n.behind.Find(address)
	}
	return n.entries[n.spans[place].entry], true
}

// Before is both, where what n knows stands before what behind knows.
func (n *Networks) Before(behind *Networks) *Networks {
	return &Networks{entries: n.entries, spans: n.spans, behind: behind}
}

// Len is the number of spans.
func (n *Networks) Len() int { return len(n.spans) }

// The packed form, compressed: the entries as texts, then each span as its distance from the one before, its length and its
// entry. Distances beyond 64 bits are written whole.
const (
	packedMagic = "wayguard ranges 1\n"
	maxPacked   = 64 << 20
)

var errPacked = errors.New("reputation: not a packed list")

// Write packs the lists.
func (n *Networks) Write(to io.Writer) error {
	z, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("pack ranges: %w", err)
	}
	b := []byte(packedMagic)
	b = binary.AppendUvarint(b, uint64(len(n.entries)))
	for _, e := range n.entries {
		for _, text := range [...]string{string(e.Kind), e.Owner} {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(n.spans)))
	var previous [16]byte
	for i := range n.spans {
		s := &n.spans[i]
		b = append(b, s.shape(previous))
		b = s.append(b, previous)
		previous = s.last
	}
	if _, err := z.Write(b); err != nil {
		return fmt.Errorf("pack ranges: %w", err)
	}
	return z.Close()
}

// spanNear says that a span's place is told by its distance, as the upper half of both addresses is the same.
const spanNear = 1

func (s *span) shape(previous [16]byte) byte {
	if high(previous) == high(s.first) && high(s.first) == high(s.last) {
		return spanNear
	}
	return 0
}

func (s *span) append(b []byte, previous [16]byte) []byte {
	if s.shape(previous) == spanNear {
		b = binary.AppendUvarint(b, low(s.first)-low(previous))
		b = binary.AppendUvarint(b, low(s.last)-low(s.first))
	} else {
		b = append(append(b, s.first[:]...), s.last[:]...)
	}
	return binary.AppendUvarint(b, uint64(s.entry))
}

func high(a [16]byte) uint64 { return binary.BigEndian.Uint64(a[:8]) }
func low(a [16]byte) uint64  { return binary.BigEndian.Uint64(a[8:]) }

// Read reads what Write wrote.
func Read(packed []byte) (*Networks, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errPacked
	}
	r := bufio.NewReader(io.LimitReader(z, maxPacked))
	magic := make([]byte, len(packedMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != packedMagic {
		return nil, errPacked
	}
	n := &Networks{}
	if err := n.readEntries(r); err != nil {
		return nil, err
	}
	count, err := binary.ReadUvarint(r)
	if err != nil || count > maxPacked/3 {
		return nil, errPacked
	}
	var previous [16]byte
	for range count {
		s, err := readSpan(r, previous)
		if err != nil || int(s.entry) >= len(n.entries) || bytes.Compare(s.first[:], s.last[:]) > 0 ||
			len(n.spans) > 0 && bytes.Compare(previous[:], s.first[:]) >= 0 {
			return nil, errPacked
		}
		n.spans, previous = append(n.spans, s), s.last
	}
	return n, nil
}

func (n *Networks) readEntries(r *bufio.Reader) error {
	count, err := binary.ReadUvarint(r)
	if err != nil || count > maxEntries {
		return errPacked
	}
	for range count {
		var texts [2]string
		for i := range texts {
			size, err := binary.ReadUvarint(r)
			if err != nil || size > 256 {
				return errPacked
			}
			text := make([]byte, size)
			if _, err := io.ReadFull(r, text); err != nil {
				return errPacked
			}
			texts[i] = string(text)
		}
		n.entries = append(n.entries, Entry{event.NetworkKind(texts[0]), texts[1]})
	}
	return nil
}

func readSpan(r *bufio.Reader, previous [16]byte) (span, error) {
	shape, err := r.ReadByte()
	if err != nil {
		return span{}, errPacked
	}
	s := span{}
	if shape == spanNear {
		distance, err1 := binary.ReadUvarint(r)
		length, err2 := binary.ReadUvarint(r)
		if err1 != nil || err2 != nil {
			return span{}, errPacked
		}
		s.first, s.last = previous, previous
		binary.BigEndian.PutUint64(s.first[8:], low(previous)+distance)
		binary.BigEndian.PutUint64(s.last[8:], low(previous)+distance+length)
	} else {
		if _, err := io.ReadFull(r, s.first[:]); err != nil {
			return span{}, errPacked
		}
		if _, err := io.ReadFull(r, s.last[:]); err != nil {
			return span{}, errPacked
		}
	}
	entry, err := binary.ReadUvarint(r)
	if err != nil || entry >= maxEntries {
		return span{}, errPacked
	}
	s.entry = uint16(entry)
	return s, nil
}
