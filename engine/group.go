package engine

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// The figures of the sums (science 2.6), in ten-thousandths of a wholly bad outcome.
const (
	groupUnit  = 10_000
	perCent    = groupUnit / 100
	alarmLevel = 8 * groupUnit
	groupMost  = 40 * groupUnit
	// drift is k = (rho-1)/ln(rho) for rho = 3: the sum rises when outcomes are 1.82 times as bad as usual, in hundredths.
	drift = 182
	// alarmHold is how long an alarm lasts after the sum was last above its limit.
	alarmHold = 15 * time.Minute
	// What is taken to be usual before anything is known: one bad outcome in ten, as if so many attempts had shown it. The share
	// of a group is taken to be that of everything at first. None is held to be usual beyond the most.
	priorShare      = 1000
	everythingPrior = 100
	narrowPrior     = 20
	shareMost       = 3000
	// groupFold is the number of attempts at which they are halved, so that what is usual follows the times.
	groupFold = 1 << 14
	week      = 7 * 24 * time.Hour
)

const groupVersion = 1

// group is the cumulative sum of bad outcomes of one group beyond what is usual for it, and what that is. A sum falls by what is
// usual with each attempt and as time goes by, whichever is more, and rises by what is bad: chance does not raise it, a series does.
type group struct {
	sum int64
	// at is when the sum was last brought up to date, in Unix milliseconds; until is the end of its alarm.
	at, until int64
	// attempts are those that were counted outside alarms, bad what they added up to.
	attempts, bad int64
	// mass is what was bad in the last weeks, halved each week; week is the present one's number.
	mass, week int64
}

// load reads what append packed, and gives what stands behind it; nothing is a group never seen.
func (g *group) load(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, true
	}
	if b[0] != groupVersion {
		return nil, false
	}
	b = b[1:]
	for _, n := range [...]*int64{&g.sum, &g.at, &g.until, &g.attempts, &g.bad, &g.mass, &g.week} {
		read, size := binary.Varint(b)
		if size <= 0 {
			return nil, false
		}
		*n, b = read, b[size:]
	}
	sound := g.sum >= 0 && g.sum <= groupMost && g.attempts >= 0 && g.attempts <= groupFold && g.bad >= 0 && g.bad <= g.attempts*groupUnit && g.mass >= 0
	return b, sound
}

func (g *group) append(b []byte) []byte {
	b = append(b, groupVersion)
	for _, n := range [...]int64{g.sum, g.at, g.until, g.attempts, g.bad, g.mass, g.week} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// usual is how bad an attempt usually is here, where prior attempts stand for what is usual elsewhere.
func (g *group) usual(elsewhere, prior int64) int64 {
	return min((g.bad+elsewhere*prior)/(g.attempts+prior), shareMost)
}

// settle lets the sum fall by what is usual in the time that has passed: hourly is what is bad in such an hour everywhere, of
// which the group has its share of all that was bad lately.
func (g *group) settle(at time.Time, hourly, all int64) {
	now := at.UnixMilli()
	passed := min(max(0, now-g.at), int64(24*time.Hour/time.Millisecond))
	if g.at == 0 {
		passed = 0
	}
	g.at = max(g.at, now)
	number := at.Unix() / int64(week/time.Second)
	g.mass >>= min(max(0, number-g.week), 62)
	g.week = max(g.week, number)
	if hourly <= 0 || all <= 0 || passed == 0 {
		return
	}
	const hour = int64(time.Hour / time.Millisecond)
	usual := hourly * passed / hour * drift / 100
	high, low := bits.Mul64(uint64(usual), uint64(min(g.mass, all)))
	share, _ := bits.Div64(high, low, uint64(all)) // at most usual, so that it cannot run over
	g.sum = max(0, g.sum-int64(share))
}

// add counts an attempt with its outcome in hundredths, and says whether anything is worth to be kept.
func (g *group) add(weight, usual int64, at time.Time) bool {
	bad := weight * perCent
	g.sum = min(groupMost, max(0, g.sum-usual*drift/100)+bad)
	g.mass += bad
	if g.sum > alarmLevel {
		g.until = max(g.until, at.Add(alarmHold).UnixMilli())
	}
	if !g.alarmed(at) {
		g.attempts, g.bad = g.attempts+1, g.bad+bad
		if g.attempts >= groupFold {
			g.attempts, g.bad = g.attempts/2, g.bad/2
		}
	}
	return bad > 0 || g.mass > 0
}

func (g *group) alarmed(at time.Time) bool { return at.UnixMilli() <= g.until }

// level is the sum in hundredths.
func (g *group) level() int64 { return g.sum / perCent }

// hoursAWeek is the number of slots of a season, hoursAhead how long it must have been kept until it says something.
const (
	hoursAWeek = 168
	seasonLead = 14 * 24
)

// season is what is bad in each hour of the week: a mean in which each week counts a tenth. Hours in which there was an alarm
// change nothing.
type season struct {
	// first and hour are the first and the present hour since 1970, now is what was bad in the present one, alarm says that it
	// had one.
	first, hour, now int64
	alarm            bool
	// slots are the means, one more than they are; 0 is an hour not seen yet.
	slots [hoursAWeek]int64
}

func (s *season) load(b []byte) bool {
	*s = season{}
	if len(b) == 0 {
		return true
	}
	s.alarm, b = b[0] == 1, b[1:]
	for _, n := range [...]*int64{&s.first, &s.hour, &s.now} {
		read, size := binary.Varint(b)
		if size <= 0 {
			return false
		}
		*n, b = read, b[size:]
	}
	for i := range s.slots {
		read, size := binary.Uvarint(b)
		if size <= 0 || read > 1<<40 {
			return false
		}
		s.slots[i], b = int64(read), b[size:]
	}
	return len(b) == 0
}

func (s *season) append(b []byte) []byte {
	alarm := byte(0)
	if s.alarm {
		alarm = 1
	}
	b = append(b, alarm)
	for _, n := range [...]int64{s.first, s.hour, s.now} {
		b = binary.AppendVarint(b, n)
	}
	for _, mean := range s.slots {
		b = binary.AppendUvarint(b, uint64(mean))
	}
	return b
}

// hourly is what is usually bad in such an hour, 0 as long as that is not known.
func (s *season) hourly(at time.Time) int64 {
	hour := at.Unix() / 3600
	if s.first == 0 || hour-s.first < seasonLead {
		return 0
	}
	return max(0, s.slots[slotOf(hour)]-1)
}

// slotOf is the hour of the week.
func slotOf(hour int64) int { return int((hour%hoursAWeek + hoursAWeek) % hoursAWeek) }

// add counts what was bad, after it has brought what was counted of past hours into their means.
func (s *season) add(weight int64, at time.Time, alarmed bool) {
	hour := at.Unix() / 3600
	if s.first == 0 {
		s.first, s.hour = hour, hour
	}
	if hour > s.hour {
		s.learn(s.hour, s.now, s.alarm)
		for quiet := s.hour + 1; quiet < hour && quiet <= s.hour+hoursAWeek; quiet++ {
			s.learn(quiet, 0, false)
		}
		s.hour, s.now, s.alarm = hour, 0, false
	}
	s.now = min(s.now+weight*perCent, 1<<39)
	s.alarm = s.alarm || alarmed
}

func (s *season) learn(hour, bad int64, alarmed bool) {
	slot := &s.slots[slotOf(hour)]
	switch {
	case alarmed:
	case *slot == 0:
		*slot = bad + 1
	default:
		mean := *slot - 1
		*slot = mean + (bad-mean)/10 + 1
	}
}
