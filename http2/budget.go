package http2

// budget weighs frames that bring nothing (they cost points) against requests and data (they earn them). Time earns too,
// so that a long connection may have its pings.
type budget struct {
	points int   // spent
	wasted int   // requests that were begun for nothing, less those finished
	clock  int64 // when time was last counted, in milliseconds
}

const (
	budgetMost     = 2000 // points that may be spent at a time
	budgetTime     = 200  // points that a second earns
	workPerRequest = 8    // points that a request earns
	wastedMost     = 256  // requests that may be wasted at a time
	wastedTime     = 20   // wasted requests that a second forgives
)

func (b *budget) earn(points int) { b.points = max(0, b.points-points) }

func (b *budget) pass(now int64) {
	seconds := int((now - b.clock) / 1000)
	if seconds <= 0 {
		return
	}
	b.clock = now
	b.points = max(0, b.points-min(seconds, budgetMost)*budgetTime)
	b.wasted = max(0, b.wasted-min(seconds, wastedMost)*wastedTime)
}

// spend takes points for a frame; false when the connection has ended because there were none left, or because the
// visitor asks for more answers than it takes.
func (c *conn) spend(points int) bool {
	c.budget.pass(c.server.clock.Load())
	c.budget.points += points
	switch {
	case c.budget.points > budgetMost:
		c.fail(EnhanceYourCalm, "frames that bring nothing", CountControl)
	case c.output.len() > outputMost+controlMost:
		c.fail(EnhanceYourCalm, "answers not taken", CountQueue)
	default:
		return true
	}
	return false
}

// wasted counts a request that was begun and cancelled, by the visitor or for its fault (CVE-2023-44487, CVE-2025-8671);
// false when the connection has ended because there were too many.
func (c *conn) wasted() bool {
	c.budget.pass(c.server.clock.Load())
	c.budget.wasted++
	if c.budget.wasted > wastedMost {
		c.fail(EnhanceYourCalm, "requests cancelled", CountResets)
		return false
	}
	return true
}
