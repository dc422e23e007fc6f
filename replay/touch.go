package replay

import (
	"hash/fnv"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"wayguard/event"
)

// amount is a sum in the minor units of a currency; the empty currency is one that no event named.
type amount struct {
	currency string
	minor    int64
}

// purse is what a session paid, or a number of them.
type purse []amount

// currencyLimit is how many currencies a purse tells apart; what is beyond goes to the unnamed one.
const currencyLimit = 64

// pay adds the amount of a payment that succeeded.
func (p *purse) pay(e *event.Event) {
	paid := e.Find("transaction_amount")
	if paid == nil {
		return
	}
	minor, err := strconv.ParseInt(paid.Value, 10, 64)
	if err != nil {
		return // an incomplete amount is empty by contract
	}
	currency := paid.Parts.Of("currency")
	if named := e.Find("transaction_currency"); currency == "" && named != nil {
		currency = named.Value
	}
	p.add(currency, max(minor, -minor, 0)) // -minor of the least number is negative itself
}

func (p *purse) add(currency string, minor int64) {
	for i := range *p {
		if a := &(*p)[i]; a.currency == currency {
			a.minor = plus(a.minor, minor)
			return
		}
	}
	if len(*p) >= currencyLimit && currency != "" {
		p.add("", minor)
		return
	}
	*p = append(*p, amount{strings.Clone(currency), minor})
}

// plus adds what is not negative and stops at the greatest number.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// touch is who and what a change concerns. Sessions may be added in any order: the outcome is the same.
type touch struct {
	sessions                       int64
	people                         map[uint64]struct{}
	crowded                        bool
	money                          purse
	loggedIn, paid, trusting, good int64
	// fine are those that paid afterwards or are marked good.
	fine      int64
	examples  []Example
	positions []uint64
}

// add counts a session in that was hit at an event.
func (t *touch) add(v *visit, at example, why string, good, exemplary bool, examples int) {
	t.sessions++
	if v.person != "" {
		t.meet(v.person)
	}
	for _, a := range v.money {
		t.money.add(a.currency, a.minor)
	}
	t.loggedIn += one(v.login > at.position)
	t.paid += one(v.payment > at.position)
	t.trusting += one(v.trusting)
	t.good += one(good)
	t.fine += one(good || v.payment > at.position)
	if exemplary {
		t.show(v, at, why, examples)
	}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func (t *touch) meet(person event.ID) {
	if t.people == nil {
		t.people = map[uint64]struct{}{}
	}
	if len(t.people) >= peopleLimit {
		t.crowded = true
		return
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(person)) // it never fails
	t.people[hash.Sum64()] = struct{}{}
}

// show keeps the session as an example if it is among the first.
func (t *touch) show(v *visit, at example, why string, examples int) {
	place := sort.Search(len(t.positions), func(i int) bool { return t.positions[i] >= at.position })
	if place >= examples {
		return
	}
	t.positions = slices.Insert(t.positions, place, at.position)
	t.examples = slices.Insert(t.examples, place, Example{
		Position: at.position, Event: at.event, At: micro(at.time), Session: v.session, Person: v.person,
		Active: v.rating[active], Candidate: v.rating[candidate], Because: why,
	})
	if len(t.examples) > examples {
		t.positions, t.examples = t.positions[:examples], t.examples[:examples]
	}
}

// report is the touch in words and numbers.
func (t *touch) report() Touch {
	r := Touch{
		Sessions: t.sessions, People: int64(len(t.people)), PeopleAtLeast: t.crowded,
		LoggedIn: t.loggedIn, Paid: t.paid, Trusted: t.trusting, MarkedGood: t.good, Examples: t.examples,
	}
	for _, a := range t.money {
		r.Money = append(r.Money, Money{a.currency, a.minor})
	}
	slices.SortFunc(r.Money, func(a, b Money) int { return strings.Compare(a.Currency, b.Currency) })
	return r
}
