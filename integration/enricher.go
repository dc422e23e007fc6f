package integration

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
)

// answer is what a service said about one question: the values by element in their order, nil where it knows of nothing.
type answer struct {
	values []taken
}

// taken is a value for an element, before it is normalised.
type taken struct{ element, text string }

// source is a place in the answer that an element is taken from.
type source struct {
	element string
	path    path
}

// flight is a call under way, for all events that ask the same.
type flight struct {
	done chan struct{}
	// found is set when done is closed; ok says that there is an answer.
	found answer
	ok    bool
	// late is true once somebody did not wait for it any longer.
	late atomic.Bool
}

// Asked are an enricher's counts since the start, and its breaker.
type Asked struct {
	// Hits are questions answered from memory, Misses those that were not. Calls are those put to the service.
	Hits   int64 `json:"hits"`
	Misses int64 `json:"misses"`
	Calls  int64 `json:"calls"`
	// Late are events that did not wait for the answer any longer, Failures are calls without a usable answer.
	Late     int64 `json:"late"`
	Failures int64 `json:"failures"`
	// Unknown are answers that know of nothing, Defaults are events that got the default values, or none, for want of an answer.
	Unknown  int64 `json:"unknown"`
	Defaults int64 `json:"defaults"`
	// Skipped are events without something that is asked with, Busy are calls that were not made because too many were under way.
	Skipped int64 `json:"skipped"`
	Busy    int64 `json:"busy"`
	// Breaker is the breaker's state, Opened how often it opened.
	Breaker BreakerState `json:"breaker"`
	Opened  int64        `json:"opened"`
	// Remembered is how many answers are in memory.
	Remembered int `json:"remembered"`
}

// enricher asks one service.
type enricher struct {
	config   IntegrationConfig
	question question
	sources  []source
	defaults answer
	specs    map[string]bool
	deadline time.Duration
	post     *postOffice
	now      func() time.Time
	breaker  *breaker
	answers  *memory[[sha256.Size]byte, answer]
	// places bounds the calls under way.
	places chan struct{}
	// calling ends when the enricher is no longer used, and all its calls with it.
	calling context.Context
	stop    context.CancelFunc
	group   sync.WaitGroup

	mu      sync.Mutex
	flights map[[sha256.Size]byte]*flight
	failure string
	failed  time.Time
	lastOK  time.Time

	hits, misses, calls, late, failures, unknown, defaulted, skipped, busy atomic.Int64
}

// defaultDeadline is how long an event waits for an answer, where the operator says nothing.
const defaultDeadline = 50 * time.Millisecond

func newEnricher(c IntegrationConfig, deps EnricherDeps) (*enricher, error) {
	c = unmarked(c).complete()
	office, err := newPostOffice(c, deps.AllowPrivate, deps.Now)
	if err != nil {
		return nil, err
	}
	deadline := c.Deadline
	if deadline == 0 {
		deadline = defaultDeadline
		if deps.Budget > 0 {
			deadline = min(deadline, deps.Budget/2)
		}
	}
	e := &enricher{config: c, question: questionOf(c), deadline: deadline, post: office, now: deps.Now, breaker: &breaker{config: c.Breaker},
		answers: newMemory[[sha256.Size]byte, answer](c.Cache.Entries), places: make(chan struct{}, c.Concurrency),
		flights: map[[sha256.Size]byte]*flight{}, specs: map[string]bool{}}
	for _, spec := range c.EnrichConfig.Specs {
		e.specs[spec] = true
	}
	for _, element := range sortedKeys(c.Take) {
		way, err := parsePath(c.Take[element])
		if err != nil {
			return nil, err
		}
		e.sources = append(e.sources, source{element, way})
		if text := c.Default[element]; text != "" {
			e.defaults.values = append(e.defaults.values, taken{element, text})
		}
	}
	e.calling, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// concerns says whether events of a spec are asked about.
func (e *enricher) concerns(spec string) bool { return len(e.specs) == 0 || e.specs[spec] }

// ask finds the answer for an event: from memory, from the service within the deadline, or the default.
func (e *enricher) ask(ctx context.Context, about *event.Event) answer {
	c, ok := e.question.ask(about)
	if !ok {
		e.skipped.Add(1)
		return answer{}
	}
	key := c.key()
	if known, ok := e.answers.recall(key, e.now()); ok {
		e.hits.Add(1)
		return e.orDefault(known)
	}
	e.misses.Add(1)
	f := e.fly(key, c)
	if f == nil || e.config.Mode == ModeLater || ctx.Err() != nil {
		e.defaulted.Add(1)
		return e.defaults
	}
	timer := time.NewTimer(e.deadline)
	defer timer.Stop()
	select {
	case <-f.done:
		if f.ok {
			return e.orDefault(f.found)
		}
	case <-timer.C:
		f.late.Store(true)
		e.late.Add(1)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			f.late.Store(true) // a visitor who has gone says nothing of the service
		}
		e.late.Add(1)
	}
	e.defaulted.Add(1)
	return e.defaults
}

// orDefault is what was answered, or the default where the service knows of nothing.
func (e *enricher) orDefault(a answer) answer {
	if len(a.values) == 0 {
		return e.defaults
	}
	return a
}

// fly joins the call for a question or starts one; nil when none may be made now.
func (e *enricher) fly(key [sha256.Size]byte, c call) *flight {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.flights[key]; f != nil {
		return f
	}
	if e.calling.Err() != nil || !e.breaker.allow(e.now()) {
		return nil
	}
	select {
	case e.places <- struct{}{}:
	default:
		e.breaker.forget()
		e.busy.Add(1)
		return nil
	}
	f := &flight{done: make(chan struct{})}
	e.flights[key] = f
	e.calls.Add(1)
	e.group.Go(func() { e.call(key, c, f) })
	return f
}

// call makes a call, beyond the deadline if need be: its answer is there for the next event then.
func (e *enricher) call(key [sha256.Size]byte, c call, f *flight) {
	ctx, cancel := context.WithTimeout(e.calling, e.config.Timeout)
	defer cancel()
	headered(e.config, c.header)
	found, o := e.read(ctx, c)
	now := e.now()
	if o.reason == "" {
		life := e.config.Cache.For
		if len(found.values) == 0 {
			life = e.config.Cache.Negative
			e.unknown.Add(1)
		}
		e.answers.keep(key, found, now.Add(life))
		f.found, f.ok = found, true
	} else {
		e.failures.Add(1)
	}
	e.mu.Lock()
	delete(e.flights, key)
	if o.reason == "" {
		e.lastOK = now
	} else {
		e.failure, e.failed = o.reason, now
	}
	e.mu.Unlock()
	// The place is free and the breaker knows before anybody goes on: what is asked next sees both.
	e.breaker.report(o.reason == "" && !f.late.Load(), now)
	<-e.places
	close(f.done)
}

// read makes the call and takes the values out of its answer. That there is no such thing (404, 204) is an answer.
func (e *enricher) read(ctx context.Context, c call) (answer, outcome) {
	body, status, o := e.post.converse(ctx, c)
	if status == http.StatusNotFound || status == http.StatusNoContent {
		return answer{}, outcome{}
	}
	if o.reason != "" {
		return answer{}, o
	}
	document, err := parseAnswer(body)
	if err != nil {
		return answer{}, failed(err.Error())
	}
	var found answer
	for _, s := range e.sources {
		if text, ok := s.path.find(document); ok {
			found.values = append(found.values, taken{s.element, text})
		}
	}
	return found, outcome{}
}

func (e *enricher) status() Status {
	e.mu.Lock()
	s := Status{Name: e.config.Name, Kind: Enrich, Target: hostOf(e.config.URL), LastSent: e.lastOK, LastError: e.failure, LastErrorAt: e.failed,
		Waiting: len(e.flights)}
	e.mu.Unlock()
	asked := Asked{Hits: e.hits.Load(), Misses: e.misses.Load(), Calls: e.calls.Load(), Late: e.late.Load(), Failures: e.failures.Load(),
		Unknown: e.unknown.Load(), Defaults: e.defaulted.Load(), Skipped: e.skipped.Load(), Busy: e.busy.Load(), Remembered: e.answers.size()}
	asked.Breaker, asked.Opened = e.breaker.status()
	s.Asked = &asked
	return s
}

// end stops all calls and waits for them.
func (e *enricher) end() {
	e.mu.Lock()
	e.stop()
	e.mu.Unlock()
	e.group.Wait()
	e.post.client.CloseIdleConnections()
}
