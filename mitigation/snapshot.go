package mitigation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// snapshotVersion is the version of the form that Save writes and Load reads.
const snapshotVersion = 1

// ErrSnapshot means that a snapshot cannot be read: it is damaged, or of another version.
var ErrSnapshot = errors.New("no snapshot of mitigation that can be read")

// saved is the form of a snapshot.
type saved struct {
	Version int           `json:"version"`
	Halt    *Halt         `json:"halt,omitempty"`
	Trusted []string      `json:"trusted,omitempty"`
	Spared  []Spared      `json:"spared,omitempty"`
	Ledgers []savedLedger `json:"ledgers,omitempty"`
}

type savedLedger struct {
	Policy string `json:"policy"`
	// OpenUntil is the end of an open breaker, Opened how often it opened.
	OpenUntil time.Time      `json:"open_until,omitzero"`
	Opened    int64          `json:"opened,omitempty"`
	Dealings  []savedDealing `json:"dealings,omitempty"` // the one met last in front
}

type savedDealing struct {
	Scope   policy.Scope     `json:"scope"`
	Key     string           `json:"key"`
	Session event.ID         `json:"session,omitempty"`
	Device  event.ID         `json:"device,omitempty"`
	Because string           `json:"because,omitempty"`
	Until   time.Time        `json:"until,omitzero"`
	Step    int              `json:"step,omitempty"`
	Taken   int              `json:"taken,omitempty"`
	Climbed time.Time        `json:"climbed,omitzero"`
	Control bool             `json:"control,omitempty"`
	First   time.Time        `json:"first,omitzero"`
	Last    time.Time        `json:"last,omitzero"`
	Action  string           `json:"action,omitempty"`
	Kind    event.ActionKind `json:"kind,omitempty"`
	Times   int64            `json:"times,omitempty"`
	Before  int64            `json:"before,omitempty"`
	After   int64            `json:"after,omitempty"`
	Seen    time.Time        `json:"seen,omitzero"`
	Rating  event.Rating     `json:"rating,omitempty"`
	Honest  string           `json:"honest,omitempty"`
}

// Save is a snapshot of what must survive a restart: the stop, who is spared, who is dealt with and how far up the ladder, open
// breakers. Counters start anew. It holds no value that events do not have.
func (c *Control) Save() ([]byte, error) {
	s := saved{Version: snapshotVersion, Halt: c.halted.Load(), Trusted: c.trusted.list(), Spared: c.Spared()}
	for _, l := range c.allLedgers() {
		one := l.save()
		if len(one.Dealings) > 0 || !one.OpenUntil.IsZero() {
			s.Ledgers = append(s.Ledgers, one)
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("save mitigation: %w", err)
	}
	return text, nil
}

// allLedgers are in order of their policies' names.
func (c *Control) allLedgers() []*ledger {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*ledger
	for _, name := range slices.Sorted(maps.Keys(c.ledgers)) {
		list = append(list, c.ledgers[name])
	}
	return list
}

func (l *ledger) save() savedLedger {
	s := savedLedger{Policy: l.name}
	s.OpenUntil, s.Opened = l.breaker.save()
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := l.recent.Front(); at != nil; at = at.Next() {
		d := at.Value.(*dealing)
		s.Dealings = append(s.Dealings, savedDealing{
			Scope: d.who.scope, Key: d.who.text(), Session: d.session, Device: d.device, Because: d.because, Until: d.until,
			Step: d.step, Taken: d.taken, Climbed: d.climbed, Control: d.control, First: d.first, Last: d.last, Action: d.action,
			Kind: d.kind, Times: d.times, Before: d.before, After: d.after, Seen: d.seen, Rating: d.rating, Honest: d.honest,
		})
	}
	return s
}

func (b *breaker) save() (until time.Time, opened int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == BreakerOpen {
		until = b.until
	}
	return until, b.opened
}

// Load takes over a snapshot. It is all or nothing: a snapshot that cannot be read changes nothing. It is called before the first
// request; what is known already of the same policy is replaced.
func (c *Control) Load(snapshot []byte) error {
	s, err := readSnapshot(snapshot)
	if err != nil {
		return err
	}
	if s.Halt != nil {
		c.halted.Store(s.Halt)
	}
	for _, word := range s.Trusted {
		c.trusted.add(word)
	}
	for _, one := range s.Spared {
		if who, ok := parseSubject(one.Scope, one.Key); ok {
			c.spared.add(spareKey{one.Policy, who}, one.Until)
		}
	}
	for i := range s.Ledgers {
		c.open(s.Ledgers[i].Policy).load(&s.Ledgers[i])
	}
	return nil
}

// open is the ledger of a policy, a new one when there is none.
func (c *Control) open(policyName string) *ledger {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledgers[policyName] == nil {
		c.ledgers[policyName] = newLedger(policyName)
	}
	return c.ledgers[policyName]
}

func (l *ledger) load(s *savedLedger) {
	l.breaker.load(s.OpenUntil, s.Opened)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent.Init()
	clear(l.dealings)
	for i := len(s.Dealings) - 1; i >= 0; i-- {
		d := s.Dealings[i].dealing()
		if l.dealings[d.who] == nil {
			l.insert(d)
		}
	}
	l.size.Store(int64(len(l.dealings)))
}

func (b *breaker) load(until time.Time, opened int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = opened
	if !until.IsZero() {
		b.state, b.until = BreakerOpen, until
	}
}

func (s *savedDealing) dealing() *dealing {
	who, _ := parseSubject(s.Scope, s.Key)
	return &dealing{
		who: who, session: s.Session, device: s.Device, because: s.Because, until: s.Until, step: s.Step, taken: s.Taken,
		climbed: s.Climbed, control: s.Control, first: s.First, last: s.Last, action: s.Action, kind: s.Kind, times: s.Times,
		before: s.Before, after: s.After, seen: s.Seen, rating: s.Rating, honest: s.Honest,
	}
}

// readSnapshot reads strictly: an unknown key, anything behind the end, and numbers that cannot be are refused.
func readSnapshot(text []byte) (*saved, error) {
	var s saved
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		// The decoder's own words may quote a value.
		return nil, fmt.Errorf("%w: it is damaged at byte %d", ErrSnapshot, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: there is more behind its end", ErrSnapshot)
	}
	if s.Version != snapshotVersion {
		return nil, fmt.Errorf("%w: it is of version %d, not %d", ErrSnapshot, s.Version, snapshotVersion)
	}
	if s.Halt != nil && s.Halt.Until.After(s.Halt.Since.Add(longestHalt)) {
		return nil, fmt.Errorf("%w: its stop is longer than a stop can be", ErrSnapshot)
	}
	if len(s.Ledgers) > mostLedgers || len(s.Spared) > mostSpared || len(s.Trusted) > mostWords {
		return nil, fmt.Errorf("%w: it has more entries than can be", ErrSnapshot)
	}
	for _, one := range s.Spared {
		if _, ok := parseSubject(one.Scope, one.Key); !ok {
			return nil, fmt.Errorf("%w: it spares nobody that can be", ErrSnapshot)
		}
	}
	for i := range s.Ledgers {
		if err := s.Ledgers[i].check(); err != nil {
			return nil, err
		}
	}
	return &s, nil
}

func (l *savedLedger) check() error {
	if l.Policy == "" || len(l.Policy) > longestText || len(l.Dealings) > mostDealings || l.Opened < 0 {
		return fmt.Errorf("%w: the entries of a policy are damaged", ErrSnapshot)
	}
	for i := range l.Dealings {
		d := &l.Dealings[i]
		_, ok := parseSubject(d.Scope, d.Key)
		texts := max(len(d.Session), len(d.Device), len(d.Because), len(d.Action), len(d.Kind), len(d.Honest))
		numbers := min(int64(d.Step), int64(d.Taken), d.Times, d.Before, d.After)
		if !ok || texts > longestText || numbers < 0 {
			return fmt.Errorf("%w: an entry of policy %.100q is damaged", ErrSnapshot, l.Policy)
		}
	}
	return nil
}
