package integration

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// EnricherDeps is what enrichers need of the world.
type EnricherDeps struct {
	// AllowPrivate are the networks that every integration may call, those of webhooks.allow_private.
	AllowPrivate []string
	// Budget is how long a held request may wait; an enricher without a deadline of its own takes at most half of it. 0 is none.
	Budget time.Duration
	// Normalise makes an element of a value; false where it cannot be read as one. It is called from many goroutines.
	Normalise func(element, text string) (event.Element, bool)
	Now       func() time.Time
}

// rememberEvents is for how many events, and how long, it is remembered what was added to them: an event that is judged twice, when
// it is asked about and when it has finished, must be the same event.
const (
	rememberEvents = 16_384
	rememberFor    = 2 * time.Minute
)

// Enrichers add to events what services of the operator's know about them.
type Enrichers struct {
	deps EnricherDeps
	// added is what was added to an event.
	added *memory[event.ID, []event.Element]
	mu    sync.Mutex // held while a configuration is put in place
	list  atomic.Pointer[[]*enricher]
}

// NewEnrichers makes an empty set, see Configure.
func NewEnrichers(deps EnricherDeps) *Enrichers {
	e := &Enrichers{deps: deps, added: newMemory[event.ID, []event.Element](rememberEvents)}
	e.list.Store(&[]*enricher{})
	return e
}

// Configure puts the enrichers of a validated configuration in place, all of them or, with an error, none. One whose configuration is
// the same goes on with what it remembers; any other begins anew.
func (e *Enrichers) Configure(config IntegrationsConfig) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var next []*enricher
	kept := map[*enricher]bool{}
	for _, c := range config {
		if c.Kind != Enrich {
			continue
		}
		if same := e.unchanged(c); same != nil {
			kept[same] = true
			next = append(next, same)
			continue
		}
		one, err := newEnricher(c, e.deps)
		if err != nil {
			endAll(next, kept)
			return fmt.Errorf("integration %s: %w", c.Name, err)
		}
		next = append(next, one)
	}
	endAll(*e.list.Swap(&next), kept)
	return nil
}

// endAll ends enrichers but for those that are kept.
func endAll(list []*enricher, kept map[*enricher]bool) {
	for _, one := range list {
		if !kept[one] {
			one.end()
		}
	}
}

// unchanged is the enricher that has this configuration already. A file of authorities may have changed under its name.
func (e *Enrichers) unchanged(c IntegrationConfig) *enricher {
	for _, one := range *e.list.Load() {
		if c.CA == "" && reflect.DeepEqual(one.config, unmarked(c).complete()) {
			return one
		}
	}
	return nil
}

// unmarked is a configuration without the places where it was read.
func unmarked(c IntegrationConfig) IntegrationConfig {
	c.At, c.Template.At, c.Cache.At, c.Breaker.At = document.Mark{}, document.Mark{}, document.Mark{}, document.Mark{}
	return c
}

// Close ends all calls and waits for them. Enrich adds nothing new afterwards.
func (e *Enrichers) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	endAll(*e.list.Swap(&[]*enricher{}), nil)
}

// Enrich adds elements to an event before it is judged, in their order. It takes as long as the longest deadline of the enrichers that are
// concerned, at most, and less when ctx ends: what is not known by then gets its default value, or none. With a ctx that has ended
// already it waits for nothing, as every enricher of ModeLater does. Of the same event it
// always tells the same, so that a question about a request and the finished event agree.
func (e *Enrichers) Enrich(ctx context.Context, about *event.Event) {
	list := *e.list.Load()
	concerned := 0
	for _, one := range list {
		if one.concerns(about.Spec) {
			concerned++
		}
	}
	if concerned == 0 {
		return
	}
	if known, ok := e.added.recall(about.ID, e.deps.Now()); ok && about.ID != "" {
		insert(about, known)
		return
	}
	answers := make([]answer, 0, concerned)
	if concerned == 1 {
		for _, one := range list {
			if one.concerns(about.Spec) {
				answers = append(answers, one.ask(ctx, about))
			}
		}
	} else {
		answers = askAll(ctx, list, about, concerned)
	}
	elements := e.elements(answers)
	e.added.keep(about.ID, elements, e.deps.Now().Add(rememberFor))
	insert(about, elements)
}

// askAll asks several at once, so that the event waits for the slowest and not for the sum.
func askAll(ctx context.Context, list []*enricher, about *event.Event, concerned int) []answer {
	answers := make([]answer, concerned)
	var group sync.WaitGroup
	next := 0
	for _, one := range list {
		if !one.concerns(about.Spec) {
			continue
		}
		place := next
		next++
		group.Go(func() { answers[place] = one.ask(ctx, about) })
	}
	group.Wait()
	return answers
}

func (e *Enrichers) elements(answers []answer) []event.Element {
	var elements []event.Element
	for _, a := range answers {
		for _, value := range a.values {
			if element, ok := e.deps.Normalise(value.element, value.text); ok {
				elements = append(elements, element)
			}
		}
	}
	return elements
}

// insert adds elements in their order, into a list of the event's own: the one it has may be shared.
func insert(e *event.Event, added []event.Element) {
	if len(added) == 0 {
		return
	}
	all := slices.Concat(e.Elements, added)
	slices.SortStableFunc(all, func(a, b event.Element) int {
		if order := strings.Compare(a.Name, b.Name); order != 0 {
			return order
		}
		return strings.Compare(a.Value, b.Value)
	})
	e.Elements = slices.CompactFunc(all, func(a, b event.Element) bool { return a.Name == b.Name && a.Value == b.Value })
}

// Status tells how each enricher fares, by name.
func (e *Enrichers) Status() []Status {
	var list []Status
	for _, one := range *e.list.Load() {
		list = append(list, one.status())
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return list
}
