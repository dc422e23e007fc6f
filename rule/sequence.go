package rule

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// StageConfig is one step of a sequence.
type StageConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// On lists the event types that meet the step; empty means all.
	On document.Strings `yaml:"on"`
	// When must hold on the event; empty means that the type is enough.
	When string `yaml:"when"`
	// Within is the longest time from the step before to this one, After the shortest; 0 means that there is no bound. Of a first
	// step that is met several times, Within is the longest time between the first and the last time.
	Within time.Duration `yaml:"within"`
	After  time.Duration `yaml:"after"`
	// Times is how many events must meet the step; 0 means 1.
	Times int `yaml:"times"`
	// Absent is what must not have happened since the step before, or since the session's beginning for the first.
	Absent *AbsentConfig `yaml:"absent"`
}

// AbsentConfig is an event that must not happen between two steps.
type AbsentConfig struct {
	At   document.Mark    `yaml:"-" json:"-"`
	On   document.Strings `yaml:"on"`
	When string           `yaml:"when"`
}

// The bounds of sequences. MaxProgress is the most bytes that all sequences of a set keep of one session, whatever happens in
// it: a set whose sequences could need more does not compile.
const (
	MaxProgress    = 1536
	maxStages      = 8
	maxTimes       = 32
	maxRow         = 128
	longestWithin  = 90 * day
	progressHeader = 1 + 10 + 10
)

// stage is a step ready to run. Times are in milliseconds; 0 is no bound.
type stage struct {
	condition
	absent        *condition
	within, after int64
	times         int
	// waits is the place of the times at which the steps before this one were met, capacity how many of them are kept.
	waits, capacity int
	// counts is the place of what is kept of a step that was met once, twice, up to times-1 times: when the step before it was
	// met last, so that it may still be met often enough in time.
	counts int
	// spoilt is the place that says that what is absent from a first step was there; -1 where nothing is.
	spoilt int
}

// condition is what an event must be.
type condition struct {
	on           []string
	when, traced evaluate[bool]
}

// concerns says whether events of the type may fulfil the condition.
func (c *condition) concerns(t event.Type) bool {
	return len(c.on) == 0 || slices.Contains(c.on, string(t))
}

// holds asks whether the event is one.
func (c *condition) holds(f *frame) (bool, fault) {
	if !c.concerns(f.facts.Event.Type) {
		return false, sound
	}
	if c.when == nil {
		return true, sound
	}
	return c.when(f)
}

// sequence is a rule's steps as a state machine. Its state is a row of times, 0 where there is none.
type sequence struct {
	rule   string
	key    uint32
	stages []stage
	// size is the length of its row, first where that begins in the set's.
	size, first int
	// number is its place in the set.
	number int
	// worst is the most bytes its progress takes.
	worst int
}

// sequence checks and compiles the steps of a rule; nil where the rule has none.
func (c *compiler) sequence(config RuleConfig, settings map[string]int64) *sequence {
	if len(config.Sequence) == 0 {
		return nil
	}
	before := len(c.problems)
	if len(config.Sequence) > maxStages {
		c.problem(config.At, "sequence", fmt.Sprintf("a sequence has at most %d steps", maxStages), "")
	}
	if len(config.On) > 0 {
		c.problem(config.At, "on", "each step of a sequence says for itself what it is on", "")
	}
	if len(config.Sequence) == 1 && config.Sequence[0].Times < 2 && config.Sequence[0].Absent == nil {
		c.problem(config.At, "sequence", "one step that is met once is no sequence", "write on and when instead")
	}
	q := &sequence{rule: config.ID, key: sequenceKey(config)}
	for n := range config.Sequence {
		q.stages = append(q.stages, c.stage(&config.Sequence[n], n, settings))
	}
	if len(c.problems) > before {
		return nil
	}
	q.lay()
	if q.size > maxRow {
		c.problem(config.At, "sequence", fmt.Sprintf("the steps take %d places in every session, at most %d are there", q.size, maxRow),
			"lower times, or leave after out")
		return nil
	}
	return q
}

// sequenceKey names the sequence in what is kept of a session: progress made under other steps is worth nothing.
func sequenceKey(config RuleConfig) uint32 {
	text, err := json.Marshal([]any{config.ID, config.Sequence})
	if err != nil {
		return 0
	}
	digest := sha256.Sum256(text)
	return binary.LittleEndian.Uint32(digest[:])
}

func (c *compiler) stage(config *StageConfig, n int, settings map[string]int64) stage {
	c.stageTimes(config, n)
	s := stage{within: config.Within.Milliseconds(), after: config.After.Milliseconds(), times: max(1, config.Times), spoilt: -1}
	s.condition = c.happening(config.At, config.On, config.When, settings)
	if config.Absent == nil {
		return s
	}
	absent := config.Absent
	if len(absent.On) == 0 && absent.When == "" {
		c.problem(absent.At, "", "say what is absent: on, when or both", "")
	}
	if s.times > 1 && slices.Equal(absent.On, config.On) && absent.When == config.When {
		c.problem(absent.At, "", "the step is what must be absent: it can never be met more than once", "")
	}
	compiled := c.happening(absent.At, absent.On, absent.When, settings)
	s.absent = &compiled
	return s
}

// stageTimes refuses times that cannot be met, and those for which no fixed number of earlier times would do.
func (c *compiler) stageTimes(config *StageConfig, n int) {
	tell := func(path, message, suggestion string) { c.problem(config.At, path, message, suggestion) }
	switch {
	case config.Within < 0 || config.Within > longestWithin:
		tell("within", "within lies between 1ms and 2160h", "")
	case config.After < 0 || config.After > longestWithin:
		tell("after", "after lies between 1ms and 2160h", "")
	case config.Within > 0 && config.After > config.Within:
		tell("after", "the step must come after a time within which it must have come", "")
	case config.Within > 0 && config.After > config.Within/4*3:
		tell("after", "after is at most three quarters of within", "")
	case config.Within > 0 && config.After > 0 && config.Times > 1:
		tell("times", "a step with after and within is met once", "give one of them to a step of its own")
	case n == 0 && config.After > 0:
		tell("after", "a first step comes after nothing", "")
	case n == 0 && config.Within > 0 && config.Times < 2:
		tell("within", "a first step that is met once comes within nothing", "")
	}
	if config.Times < 0 || config.Times > maxTimes {
		tell("times", fmt.Sprintf("a step is met at most %d times", maxTimes), "use session.count for more")
	}
}

// happening checks and compiles what an event must be.
func (c *compiler) happening(at document.Mark, on document.Strings, when string, settings map[string]int64) condition {
	c.types(at, on)
	compiled := condition{on: on}
	if when == "" {
		return compiled
	}
	compiled.when, compiled.traced, _ = c.truth(when, settings, complaints{at, "when", &c.problems})
	return compiled
}

// lay gives the steps their places in the row, and finds how long it can get.
func (q *sequence) lay() {
	q.worst = 4 + 2
	place := func(n int, longest int64) int {
		at := q.size
		q.size += n
		q.worst += n * (1 + ageBytes(longest))
		return at
	}
	for n := range q.stages {
		s := &q.stages[n]
		if n > 0 {
			s.capacity = 1
			if s.within > 0 && s.after > 0 {
				length := s.within - s.after
				s.capacity = 2 * int((s.within+length-1)/length)
			}
			s.waits = place(s.capacity, s.within)
		}
		s.counts = place(s.times-1, s.within)
		if n == 0 && s.absent != nil {
			s.spoilt = place(1, 0)
		}
	}
}

// ageBytes is how long an age is, written as a varint; with no bound it is cut at oldest.
func ageBytes(longest int64) int {
	if longest == 0 {
		longest = oldest
	}
	return len(binary.AppendUvarint(nil, uint64(longest)))
}

// types refuses event types that are not there.
func (c *compiler) types(at document.Mark, on document.Strings) {
	for n, name := range on {
		if !event.Type(name).Known() {
			c.problem(at, fmt.Sprintf("on[%d]", n), fmt.Sprintf("there is no event type %q", name), document.DidYouMean(name, eventTypes()))
		}
	}
}

// sequences gives the set's sequences their places, and refuses more than a session may carry.
func (c *compiler) sequences() {
	worst, keys := progressHeader, map[uint32]string{}
	for _, r := range c.set.rules {
		q := r.sequence
		if q == nil {
			continue
		}
		if other, taken := keys[q.key]; taken {
			c.problem(r.config.At, "id", fmt.Sprintf("the sequence cannot be told from that of %s", other), "rename the rule")
		}
		keys[q.key] = q.rule
		q.number, q.first = len(c.set.sequences), c.set.row
		c.set.sequences = append(c.set.sequences, q)
		c.set.row += q.size
		worst += q.worst
	}
	if worst > MaxProgress {
		c.problem(c.config.At, "rules", fmt.Sprintf("the sequences could need %d bytes of every session, at most %d are theirs", worst,
			MaxProgress), "shorten them: times and after cost most")
	}
}
