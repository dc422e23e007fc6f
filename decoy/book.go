package decoy

import (
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// maxBooks bounds the pairs of spec and result that are learned.
const maxBooks = 256

// The pace of learning: bodies are read of the first answers, then now and then; templates are made anew at most that often.
const (
	eagerSamples  = 256
	sampleEvery   = 200 * time.Millisecond
	reprintEvery  = 20 * time.Second
	reprintGrown  = 24
	relawEvery    = time.Second
	forgetAtTotal = 512
)

type bookKey struct {
	spec   string
	result event.Result
}

// book is what is known of the answers of one spec with one result. What is learned goes to the samples under a lock; what
// answers are made from is an edition that never changes.
type book struct {
	mu       sync.Mutex
	variants []*variant
	latency  latencies
	bodies   int
	body     time.Time
	reprint  time.Time
	grown    int
	relaw    time.Time
	bytes    int
	memos    memos

	edition atomic.Pointer[edition]
	law     atomic.Pointer[law]
}

// edition is what answers are made from.
type edition struct {
	// samples are how many answers were seen, usable how many of them are of kinds that can be made.
	samples, usable float64
	prints          []printed
	// byChance says that the origin does not choose among them by account.
	byChance bool
}

type printed struct {
	key      uint64
	heading  heading
	template *template
	packer   packer
	law      law
	total    float64
	manners  map[string]float64
}

// ownLaw is the distribution of one kind of answer's durations where it is another one than that of the result's answers together, nil
// where it is not: those together are more, and follow the origin's load from second to second.
func (b *book) ownLaw(v *variant) law {
	own := v.latency.law()
	var together law
	for _, other := range b.variants {
		together = append(together, other.latency.law()...)
	}
	slices.Sort(together)
	if len(own) < enoughLaw || !own.differs(together) {
		return nil
	}
	return own
}

// Learn takes what the origin really answered. Only the results success and failure can be feigned; others are passed by. It
// keeps nothing of the arguments but copies.
func (s *Set) Learn(spec string, result event.Result, request *capture.Request, response *capture.Response, e *event.Event) {
	if result != event.Success && result != event.Failure || response.Status < 200 {
		return
	}
	b := s.open(bookKey{spec, result})
	if b == nil {
		return
	}
	at := request.Time
	if at.IsZero() {
		at = e.Time
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latency.add(at, response.Duration)
	if at.Sub(b.relaw) >= relawEvery || b.bodies < 64 {
		l := b.latency.law()
		b.law.Store(&l)
		b.relaw = at
	}
	if b.bodies >= eagerSamples && at.Sub(b.body) < sampleEvery || response.Body.Truncated {
		return
	}
	b.read(at, request, response, e)
	if b.grown >= reprintGrown && at.Sub(b.reprint) >= reprintEvery || b.bodies == s.settings.Samples ||
		b.bodies < eagerSamples && b.bodies > s.settings.Samples && b.grown >= 16 {
		b.print(at)
	}
}

// open finds the book of a pair, or begins it where there is room for it.
func (s *Set) open(key bookKey) *book {
	s.mu.RLock()
	b := s.books[key]
	s.mu.RUnlock()
	if b != nil {
		return b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key = bookKey{strings.Clone(key.spec), event.Result(strings.Clone(string(key.result)))}
	if b = s.books[key]; b == nil && len(s.books) < maxBooks {
		b = &book{}
		s.books[key] = b
	}
	return b
}

// known is the book of a pair, nil when nothing was learned.
func (s *Set) known(spec string, result event.Result) *book {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.books[bookKey{spec, result}]
}

// read takes a sample of an answer.
func (b *book) read(at time.Time, request *capture.Request, response *capture.Response, e *event.Event) {
	// What is kept of them must be ours: the memory they stand in is the next visitor's.
	request, response = ownRequest(request), ownResponse(response)
	h, values, ok := readHeading(response)
	if !ok {
		return
	}
	body, err := unpack(h.coding, response.Body.Bytes)
	if err != nil && request.Method != "HEAD" {
		return // it is never feigned what cannot be read
	}
	b.bodies++
	b.grown++
	b.body = at
	said := readAsked(request)
	v := b.variant(&h, body)
	v.total++
	for _, how := range mannerOf(request, e, &said) {
		v.count(how)
	}
	v.latency.add(at, response.Duration)
	b.forget()
	if h.coding != "" && v.packer.coding == "" {
		v.packer = calibrate(h.coding, body, response.Body.Bytes)
	}
	s := &sample{at: at, duration: response.Duration, visitor: visitorOf(request, e), session: sessionOf(e)}
	for _, v := range said.values {
		s.fields = append(s.fields, v.field)
	}
	prints := digests(body)
	for _, value := range append(values, string(body)) {
		s.sections = append(s.sections, section{text: value})
	}
	for i := range s.sections {
		text := s.sections[i].text
		marks := echoes(nil, text, said)
		if i < len(values) {
			for _, d := range prints {
				marks = occurrences(marks, text, d.text, "digest:"+d.name)
			}
		}
		s.sections[i].marks = disjoint(dates(marks, text, at))
	}
	if account := accountOf(e); account != nil {
		m := memo{variant: hashOf(v.key)}
		if v.printed != nil {
			m.slots = v.printed.recognise(s)
		}
		b.memos.note(hashOf(account.Value), m)
	}
	b.bytes += v.add(s)
	b.shrink(v)
}

// variant finds the kind of answer, or begins it; the rarest makes room.
func (b *book) variant(h *heading, body []byte) *variant {
	key := h.key(body)
	for _, v := range b.variants {
		if v.key == key {
			return v
		}
	}
	if len(b.variants) >= maxVariants {
		rarest := 0
		for i, v := range b.variants {
			if v.total < b.variants[rarest].total {
				rarest = i
			}
		}
		b.drop(rarest)
	}
	v := &variant{key: key, heading: *h, manners: map[string]float64{}}
	b.variants = append(b.variants, v)
	return v
}

func (b *book) drop(i int) {
	b.bytes -= b.variants[i].bytes
	b.variants = slices.Delete(b.variants, i, i+1)
}

// shrink keeps the samples within their bound: those of the largest variant go first, then rare variants.
func (b *book) shrink(keep *variant) {
	for b.bytes > maxBookBytes {
		largest := 0
		for i, v := range b.variants {
			if v.bytes > b.variants[largest].bytes {
				largest = i
			}
		}
		v := b.variants[largest]
		if len(v.samples) <= printableSamples {
			if v == keep && len(b.variants) == 1 {
				return
			}
			b.drop(largest)
			continue
		}
		size := v.samples[0].size()
		v.samples = append(v.samples[:0:0], v.samples[1:]...)
		v.bytes -= size
		b.bytes -= size
	}
}

// print makes a new edition.
func (b *book) print(at time.Time) {
	b.grown, b.reprint = 0, at
	ed := &edition{byChance: b.memos.byChance(0)}
	for _, v := range b.variants {
		ed.samples += v.total
		v.print(&b.memos)
		if v.printed == nil {
			continue
		}
		manners := make(map[string]float64, len(v.manners))
		for name, n := range v.manners {
			manners[name] = n
		}
		ed.usable += v.total
		ed.prints = append(ed.prints, printed{key: hashOf(v.key), heading: v.heading, template: v.printed, packer: v.packer, law: b.ownLaw(v), total: v.total, manners: manners})
	}
	b.edition.Store(ed)
}

// maxManners bounds the ways of asking that are told apart.
const maxManners = 64

func (v *variant) count(manner string) {
	if _, ok := v.manners[manner]; ok || len(v.manners) < maxManners {
		v.manners[manner]++
	}
}

// forget halves all counts now and then, so that the present outweighs the past: what the origin answered before it was
// changed is soon rare, and then gone.
func (b *book) forget() {
	total := 0.0
	for _, v := range b.variants {
		total += v.total
	}
	if total <= forgetAtTotal {
		return
	}
	for i := len(b.variants) - 1; i >= 0; i-- {
		v := b.variants[i]
		v.total /= 2
		for name := range v.manners {
			if v.manners[name] /= 2; v.manners[name] < 0.5 {
				delete(v.manners, name)
			}
		}
		if v.total < 1 {
			b.drop(i)
		}
	}
}

// visitorOf is a hash of who asks: the account where one is named, as one person has several addresses, else the address.
func visitorOf(r *capture.Request, e *event.Event) uint64 {
	digest := fnv.New64a()
	if account := accountOf(e); account != nil {
		_, _ = digest.Write([]byte("account\n" + account.Value))
		return digest.Sum64()
	}
	address := e.Evidence.Address
	if address == "" && r.Peer.IsValid() {
		address = r.Peer.String()
	}
	_, _ = digest.Write([]byte("address\n" + address))
	return digest.Sum64()
}

// sessionOf is a hash of the application's session token that the request carried, 0 when it carried none.
func sessionOf(e *event.Event) uint64 {
	for i := range e.Evidence.Tokens {
		if t := &e.Evidence.Tokens[i]; !t.Issued {
			digest := fnv.New64a()
			_, _ = digest.Write([]byte(t.Name + "\n" + t.Hash))
			return digest.Sum64() | 1
		}
	}
	return 0
}

// Ready says whether enough of the origin's answers were seen to feign one; as is "failure", also when empty, or "success".
func (s *Set) Ready(spec, as string) bool {
	b := s.known(spec, resultOf(as))
	return b != nil && b.edition.Load().ready(s.settings.Samples)
}

// ready says whether there is enough of it: most answers must be of kinds that can be made, or what is made is telling.
func (ed *edition) ready(samples int) bool {
	return ed != nil && len(ed.prints) > 0 && ed.samples >= float64(samples) && ed.usable*2 > ed.samples
}

// resultOf is the result that is to be feigned.
func resultOf(as string) event.Result {
	if as == "success" {
		return event.Success
	}
	return event.Failure
}
