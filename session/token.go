package session

import (
	"encoding/binary"
	"slices"

	"wayguard/event"
)

// Undeclared begins the name of a token that the site's configuration does not name: it joins sessions only once the statistics
// of its name say that its values are keys.
const Undeclared = "undeclared:"

// The limits of what one visitor's token is shown by. A token of one person comes from a few networks and browsers a day; one
// that was copied, or that everybody is given alike, comes from many.
const (
	browserLimit = 3  // families of browser within a day
	networkLimit = 5  // autonomous systems within a day
	prefixLimit  = 24 // address prefixes within a day, where the systems are not known
	marksKept    = 25
	day          = 24 * 60 * 60
)

const tokenVersion = 2

// What the flags of a token mean.
const (
	isClaim = 1 << iota
	isSuccessor
	isPrefixed
)

// Token is what is remembered of one value of a token. Times are Unix seconds.
type Token struct {
	// Claim means that it was handed to a visitor who showed none. As long as nobody has shown a token, several visitors may look
	// like one; who comes back first has the session.
	Claim bool
	// Successor means that it was handed to a visitor in the place of another value that the visitor had shown.
	Successor bool
	// First is when it was handed out or shown first, Last when it was shown last; 0 is never.
	First, Last int64
	// Browser is the hash of the browser that it was handed to, or that showed it first; 0 is not known.
	Browser uint32
	// Uses is how often it was shown, up to 65535.
	Uses uint16

	// last is from where and by which browser it was shown last.
	last uint32
	// since begins the day in which it was shown by so many different browsers and from so many networks.
	since              int64
	prefixed           bool
	browsers, networks [marksKept]uint16
	nBrowsers          int
	nNetworks          int
}

// Load reads what Append packed; nothing is a token never seen. False means that the bytes are not Append's.
func (t *Token) Load(b []byte) bool {
	*t = Token{}
	if len(b) == 0 {
		return true
	}
	r := &unpacker{rest: b}
	version, flags := r.byte(), r.byte()
	t.Claim, t.Successor, t.prefixed = flags&isClaim != 0, flags&isSuccessor != 0, flags&isPrefixed != 0
	t.First, t.Last, t.since, t.Uses, t.last, t.Browser = r.number(), r.number(), r.number(), uint16(r.number()), uint32(r.number()), uint32(r.number())
	t.nBrowsers = r.marks(&t.browsers)
	t.nNetworks = r.marks(&t.networks)
	if r.bad || len(r.rest) > 0 || version != tokenVersion {
		*t = Token{}
		return false
	}
	return true
}

// Append packs the token behind b.
func (t *Token) Append(b []byte) []byte {
	b = append(b, tokenVersion, flag(t.Claim, isClaim)|flag(t.Successor, isSuccessor)|flag(t.prefixed, isPrefixed))
	for _, n := range [...]int64{t.First, t.Last, t.since, int64(t.Uses), int64(t.last), int64(t.Browser)} {
		b = binary.AppendVarint(b, n)
	}
	b = appendMarks(b, t.browsers[:t.nBrowsers])
	return appendMarks(b, t.networks[:t.nNetworks])
}

func appendMarks(b []byte, marks []uint16) []byte {
	b = append(b, byte(len(marks)))
	for _, mark := range marks {
		b = binary.LittleEndian.AppendUint16(b, mark)
	}
	return b
}

func (r *unpacker) marks(into *[marksKept]uint16) int {
	n := int(r.byte())
	if n > marksKept || len(r.rest) < 2*n {
		r.fail()
		return 0
	}
	for i := range n {
		into[i] = binary.LittleEndian.Uint16(r.rest[2*i:])
	}
	r.rest = r.rest[2*n:]
	return n
}

// Give notes that the token was handed out.
func (t *Token) Give(e *event.Event) {
	if t.First == 0 {
		t.First = e.Time.Unix()
	}
	if t.Browser == 0 {
		t.Browser = BrowserOf(&e.Evidence.Client)
	}
}

// Stray says whether another browser than its own shows the token.
func (t *Token) Stray(e *event.Event) bool {
	browser := BrowserOf(&e.Evidence.Client)
	return t.Browser != 0 && browser != 0 && t.Browser != browser
}

// Show notes that the token was shown, by which browser and from where. Foreign says that both are not those that showed it the
// last time.
func (t *Token) Show(e *event.Event) (foreign bool) {
	at := e.Time.Unix()
	t.Give(e)
	t.Last = max(t.Last, at)
	network, known := networkOf(&e.Evidence)
	if at-t.since >= day || t.prefixed == known {
		t.since, t.nBrowsers, t.nNetworks, t.prefixed = at, 0, 0, !known
	}
	t.nNetworks = mark(&t.networks, t.nNetworks, network)
	browser := uint16(BrowserOf(&e.Evidence.Client) >> 16)
	if browser != 0 {
		t.nBrowsers = mark(&t.browsers, t.nBrowsers, browser)
	}
	now := uint32(network)<<16 | uint32(browser)
	foreign = t.Uses > 0 && t.last != now
	t.last = now
	if t.Uses < 1<<16-1 {
		t.Uses++
	}
	return foreign
}

// networkOf is a short name of the network: the autonomous system where that is known, else the address without its last part.
func networkOf(v *event.Evidence) (name uint16, known bool) {
	if as := v.Network.AS; as != 0 {
		return uint16(as ^ as>>16), true
	}
	return uint16(hashOf(prefixOf(v.Address))), false
}

func mark(marks *[marksKept]uint16, n int, value uint16) int {
	if n < marksKept && !slices.Contains(marks[:n], value) {
		marks[n] = value
		n++
	}
	return n
}

// Worn says whether more browsers or networks showed the token within a day than one person has: it says nothing about who it
// is then.
func (t *Token) Worn() bool {
	limit := networkLimit
	if t.prefixed {
		limit = prefixLimit
	}
	return t.nBrowsers > browserLimit || t.nNetworks > limit
}

// prefixOf is an address without its last part: about its network.
func prefixOf(address string) string {
	dots, colons := 0, 0
	for i := range len(address) {
		switch address[i] {
		case '.':
			if dots++; dots == 3 {
				return address[:i]
			}
		case ':':
			if colons++; colons == 4 {
				return address[:i]
			}
		}
	}
	return address
}
