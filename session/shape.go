package session

import (
	"math"
	"math/bits"
	"strings"

	"wayguard/event"
)

// The sizes of what is kept of a visitor's ways.
const (
	pageWords = 16 // 1024 bits for different pages
	gapBins   = 16 // one for each doubling, from 16 milliseconds on
	gapUnit   = 16 // milliseconds
	gapMost   = 1 << 18
	// gapFold is the number of gaps at which all sums are halved, so that none runs over.
	gapFold = 1 << 12
	// openingSteps is how many steps make the opening that clones have in common.
	openingSteps = 12
)

// Shape is how a visitor moves about, in constant memory: pages and what belongs to them, ways back, the times between
// navigations and the opening steps.
type Shape struct {
	pages, assets, backs int64
	// seen has a bit for each page's hash; distinct is how many pages they stand for, in 256ths.
	seen     [pageWords]uint64
	distinct int64
	// here is the page that the visitor is on, there the one before it.
	here, there uint32
	// navigated is the time of the last navigation in Unix microseconds.
	navigated int64
	// gaps are how many times between navigations were seen, sum and squares what they add up to in units of 16 ms.
	gaps, sum, squares int64
	bins               [gapBins]int64
	// number is the last one of a page or object, run how often it has risen in a row, longest the longest such run.
	number       int64
	run, longest int64
	// steps is how many of the opening steps were made, opening their hash.
	steps   uint8
	opening uint64
	clones  int64
}

// Pages is how many documents were asked for, Assets how many things that a browser loads for them, Backs how many navigations
// went from A to B and back to A.
func (s *Shape) Pages() int64 { return s.pages }

// Assets is how many things were loaded that belong to pages.
func (s *Shape) Assets() int64 { return s.assets }

// Backs is how many navigations went from A to B and back to A.
func (s *Shape) Backs() int64 { return s.backs }

// Gaps is how many times between navigations were seen, the older ones of very many counted half.
func (s *Shape) Gaps() int64 { return s.gaps }

// Orderly is the longest run of numbers of objects of which each is greater than the one before.
func (s *Shape) Orderly() int64 { return s.longest }

// Clones is how many other devices were known to have the same opening when this session had made it.
func (s *Shape) Clones() int64 { return s.clones }

// SetClones notes it.
func (s *Shape) SetClones(n int64) { s.clones = n }

// DistinctPages is about how many different pages there were: exact while they are few, with an error of some percent up to
// some thousands.
func (s *Shape) DistinctPages() int64 { return s.distinct >> 8 }

// Variation is the coefficient of variation of the gaps in percent, 100·σ/μ; 0 without gaps.
func (s *Shape) Variation() int64 {
	if s.sum == 0 {
		return 0
	}
	// The sums stay below 2^31 and 2^49, so that neither product runs over (see gapFold).
	return 100 * int64(root(uint64(max(0, s.gaps*s.squares-s.sum*s.sum)))) / s.sum
}

// MedianGap is about the median of the gaps in milliseconds: within the bin it is taken to grow evenly.
func (s *Shape) MedianGap() int64 {
	half, below := (s.gaps+1)/2, int64(0)
	for i, n := range s.bins {
		if below+n >= half && n > 0 {
			low := int64(gapUnit) << i
			if i == 0 {
				low = 0
			}
			high := int64(gapUnit) << (i + 1)
			return low + (high-low)*(half-below)/n
		}
		below += n
	}
	return 0
}

// Visited says whether the page of that hash may have been seen; false is certain.
func (s *Shape) Visited(page string) bool {
	word, bit := place(hashOf(page))
	return s.seen[word]&bit != 0
}

// Completes says whether the event makes the last of the opening steps, and which opening that is.
func (s *Shape) Completes(e *event.Event) (opening uint64, completes bool) {
	if s.steps != openingSteps-1 || !steps(e) {
		return 0, false
	}
	return s.following(e), true
}

// following is the hash of the opening with one more step: what was asked for, and about how long after the last.
func (s *Shape) following(e *event.Event) uint64 {
	const prime = 0x100000001b3 // FNV's
	h := (s.opening ^ uint64(pace(e.Time.UnixMicro()-s.navigated, s.steps > 0))) * prime
	for _, text := range [...]string{e.HTTP.Method, e.HTTP.Route, string(e.Evidence.Wire.Kind), string(e.Type)} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	return bits.RotateLeft64(h*0x9e3779b97f4a7c15, 29)
}

// pace is a coarse measure of the time between two steps, in which a script's sleeps look the same.
func pace(micros int64, follows bool) uint8 {
	const second = 1_000_000
	switch {
	case !follows:
		return 0
	case micros < second:
		return 1
	case micros < 5*second:
		return 2
	case micros < 20*second:
		return 3
	}
	return 4
}

// navigates says whether the event is a visitor's move to a page.
func navigates(e *event.Event) bool {
	switch e.Evidence.Wire.Kind {
	case event.Document:
		return true
	case "":
		return e.Type == event.SessionUpdate || e.Type == event.ProductView || e.Type == event.ProductSearch
	}
	return false
}

// steps says whether the event is a step of the visitor, and not something that a browser loads on its own.
func steps(e *event.Event) bool {
	kind := e.Evidence.Wire.Kind
	return !kind.Asset() && kind != event.Other
}

// step folds an event in.
func (s *Shape) step(e *event.Event) {
	if e.Evidence.Wire.Kind.Asset() {
		s.assets++
	}
	if !steps(e) {
		return
	}
	if s.steps < openingSteps {
		s.opening = s.following(e)
		s.steps++
	}
	s.order(e)
	if !navigates(e) {
		if s.navigated == 0 {
			s.navigated = e.Time.UnixMicro()
		}
		return
	}
	s.gap(e.Time.UnixMicro())
	s.pages++
	page := hashOf(e.Evidence.Wire.Page)
	if e.Evidence.Wire.Page == "" {
		page = hashOf(e.HTTP.Route)
	}
	s.visit(page)
}

// visit moves to a page.
func (s *Shape) visit(page uint32) {
	if page != s.here {
		if page == s.there {
			s.backs++
		}
		s.there, s.here = s.here, page
	}
	word, bit := place(page)
	if s.seen[word]&bit != 0 {
		return
	}
	// A new page finds a free bit with a chance that falls as they fill: each such find stands for as many pages as the
	// chance says.
	free := int64(pageWords * 64)
	for _, w := range s.seen {
		free -= int64(bits.OnesCount64(w))
	}
	s.seen[word] |= bit
	s.distinct += (pageWords * 64 << 8) / free
}

func place(page uint32) (word int, bit uint64) {
	return int(page % pageWords), 1 << (page / pageWords % 64)
}

// gap notes the time since the last navigation.
func (s *Shape) gap(at int64) {
	last := s.navigated
	s.navigated = max(last, at)
	if s.pages == 0 || at < last {
		return
	}
	units := min((at-last)/(1000*gapUnit), gapMost)
	s.bins[min(bits.Len64(uint64(units>>1)), gapBins-1)]++
	s.gaps, s.sum, s.squares = s.gaps+1, s.sum+units, s.squares+units*units
	if s.gaps < gapFold {
		return
	}
	s.gaps, s.sum, s.squares = 0, s.sum/2, s.squares/2
	for i := range s.bins {
		s.bins[i] /= 2
		s.gaps += s.bins[i]
	}
}

// order follows the numbers of what is asked for.
func (s *Shape) order(e *event.Event) {
	n := numberOf(e)
	if n < 0 {
		return
	}
	if n > s.number && s.run > 0 {
		s.run++
	} else if n != s.number || s.run == 0 {
		s.run = 1
	}
	s.number, s.longest = n, max(s.longest, s.run)
}

// numberOf is the number of the object that an event names, -1 when it names none or that has none.
func numberOf(e *event.Event) int64 {
	for i := range e.Elements {
		switch e.Elements[i].Name {
		case "product_id", "order_id", "invoice_id", "ticket_id":
			return digits(e.Elements[i].Value)
		}
	}
	return -1
}

// digits is the number that a text ends with, -1 when it ends with none or too long a one.
func digits(text string) int64 {
	tail := text[len(strings.TrimRight(text, "0123456789")):]
	if tail == "" || len(tail) > 15 {
		return -1
	}
	n := int64(0)
	for i := range len(tail) {
		n = n*10 + int64(tail[i]-'0')
	}
	return n
}

// join takes an earlier fragment's ways in.
func (s *Shape) join(o *Shape) {
	s.pages, s.assets, s.backs = s.pages+o.pages, s.assets+o.assets, s.backs+o.backs
	for i := range s.seen {
		s.seen[i] |= o.seen[i]
	}
	s.distinct, s.longest = max(s.distinct, o.distinct), max(s.longest, o.longest)
	if s.gaps+o.gaps < gapFold {
		s.gaps, s.sum, s.squares = s.gaps+o.gaps, s.sum+o.sum, s.squares+o.squares
		for i := range s.bins {
			s.bins[i] += o.bins[i]
		}
	}
	if o.steps > s.steps {
		s.steps, s.opening = o.steps, o.opening
	}
	s.clones, s.navigated = max(s.clones, o.clones), max(s.navigated, o.navigated)
}

// hashOf is a quick hash of a text that is one already, or a route.
func hashOf(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return h ^ h>>15
}

// BrowserOf is the hash of a client's family and platform, 0 where it told none.
func BrowserOf(c *event.Client) uint32 {
	if c.Family == "" {
		return 0
	}
	return max(1, hashOf(c.Family)*31+hashOf(c.Platform))
}

// root is the whole part of a square root.
func root(n uint64) uint64 {
	r := uint64(math.Sqrt(float64(n))) // correctly rounded on every machine (IEEE 754), then made exact
	for r > 0 && r > n/r {
		r--
	}
	for (r + 1) <= n/(r+1) {
		r++
	}
	return r
}

// Shape is how the visitor moves about.
func (s *Session) Shape() *Shape { return &s.shape }
