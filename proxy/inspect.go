package proxy

import (
	"context"
	"hash/maphash"
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// route is what the inspection needs of a *capture.Spec.
type route interface {
	Name() string
	Needs() capture.Needs
	RequestIn(*capture.Scratch, *capture.Request) event.Event
	ExchangeIn(*capture.Scratch, *capture.Request, *capture.Response) event.Event
}

// Policy says what is done with requests: mitigation's plan. Its methods are called by many goroutines at once and must not
// wait. A panic in one is counted, and the traffic goes on as if there were no policy. What they are given (heads, bodies,
// events, and every text in them) is good until the call returns; a Measure or an Answer may share memory with the head, which
// lasts as long as the request, but not with the event.
type Policy interface {
	// Decide says what is done with a held request that was judged; head.Body may be truncated. It runs inside the budget of the
	// inline question, and not at all when that was given up on.
	Decide(head *capture.Request, e *event.Event, j *mitigation.Judgement) mitigation.Measure
	// Failed says what a held request gets for which there is no verdict; nil lets it go on.
	Failed(spec string, head *capture.Request) *mitigation.Answer
	// Facts adds elements to an event before it is judged, in the order of names and values. It is called once for an exchange;
	// the question and the finished event get the same.
	Facts(head *capture.Request, e *event.Event)
	// Own says whether a path is answered here, and Serve answers it; body is the whole body of the request.
	Own(path string) bool
	Serve(head *capture.Request, body []byte) mitigation.Answer
	// Resume finds in a form the original body that a check has carried along. Then that and its content type stand for what was
	// sent, and the cookie (a Set-Cookie header's value; may be empty) goes with the answer.
	Resume(head *capture.Request, body []byte) (replaced []byte, contentType, cookie string, ok bool)
	// Learns says how many bytes of a spec's answers are copied for Learn, 0 for none. Learn gets finished exchanges that the
	// origin has answered. The answer's headers are the origin's, with the line that frames the body where visitors see it; its
	// Duration counts from when the request was there whole, as an Answer's After does.
	Learns(spec string) int
	Learn(e *event.Event, request *capture.Request, response *capture.Response)
	// DecoyContent is what is done to a page, nil for nothing. It is asked for GET requests whose answer is HTML.
	DecoyContent(path string) *mitigation.Edit
}

// Payer decides about held requests that are payments; a Policy may be one. It is asked after the inline question, in a time of its own,
// where nothing else has answered the request.
type Payer interface {
	// Pays says whether the requests of a spec are payments.
	Pays(spec string) bool
	// Pay adds to what is done with a payment: an answer, headers, facts. session is the visitor's, empty where there is no verdict; head.Body
	// may be truncated. It must end soon after ctx, and nothing that it was given is good after it.
	Pay(ctx context.Context, spec string, head *capture.Request, session event.ID, measure *mitigation.Measure)
}

// Observer judges events. Both methods must honour their context, but a call that does not stops nobody but itself. The
// context, the event and every text in it are good until the call returns, and no longer: their memory is used again. A
// judgement must share none of it.
type Observer interface {
	// Consider answers an inline question about a held request; nothing is recorded.
	Consider(ctx context.Context, e event.Event) (mitigation.Judgement, error)
	// Observe judges and logs a finished event; it is called by the queue's workers, one at a time for each visitor.
	Observe(ctx context.Context, e event.Event) error
}

// inspection is the inspector: it matches, copies, asks, acts and queues.
type inspection struct {
	environment event.Environment
	observer    Observer
	config      InlineConfig
	tagPrefix   string
	failClosed  map[string]bool
	queue       *queue
	memory      *budget
	counts      *counts
	log         *complaints
	askers      *askers
	exchanges   sync.Pool // *exchange
	scratches   sync.Pool // *capture.Scratch, one for each event at a time
	buffers     *buffers  // of copied bodies
	randomness  randomness
	idioms      *idioms // of the heads that are kept
	seed        maphash.Seed
	current     atomic.Pointer[snapshot]
	swapping    sync.Mutex
	origins     *origins // the configured ones, for snapshots without
}

func newInspection(c Config, deps Deps, counts *counts, log *slog.Logger) *inspection {
	in := &inspection{
		environment: deps.Environment,
		observer:    deps.Observer,
		config:      c.Inline,
		tagPrefix:   c.Tag.Prefix,
		failClosed:  make(map[string]bool, len(c.Inline.FailClosed)),
		memory:      newBudget(int64(c.Queue.Memory)),
		counts:      counts,
		log:         newComplaints(log),
		buffers:     newBuffers(),
		idioms:      newIdioms(),
		seed:        maphash.MakeSeed(),
	}
	in.askers = newAskers(in, c.Inline.Concurrency)
	for _, name := range c.Inline.FailClosed {
		in.failClosed[name] = true
	}
	in.queue = newQueue(c.Queue.Length, c.Queue.PerVisitor, in.observe)
	in.current.Store(&snapshot{match: matcher(nil)})
	return in
}

// enter gives the snapshot in force and its origins, which are used until leave.
func (in *inspection) enter() (*snapshot, *origins) {
	for {
		now := in.current.Load()
		origins := now.origins
		if origins == nil {
			origins = in.origins
		}
		if origins.enter() {
			return now, origins
		}
	}
}

// begin matches the head and opens an exchange, nil when nothing is to be done with it. The head is copied when it is
// kept. hold says that the request may be held.
func (in *inspection) begin(now *snapshot, head *capture.Request, hold bool) *exchange {
	head.Environment = in.environment
	matched := in.match(now, head)
	if matched == nil {
		return nil
	}
	in.counts.matched.Add(1)
	needs := matched.Needs()
	needs.Inline = needs.Inline && hold
	learns := in.wants(now.policy, matched, head, &needs)
	size := headSize(head)
	if !in.memory.take(size) {
		if !needs.Inline {
			in.counts.shed(shedMemory)
			return nil
		}
		// A question must be asked all the same, else a flood would switch the blocking off.
		size = 0
	}
	began := time.Now()
	head.Time = began.UTC().Truncate(time.Microsecond)
	head.ID = event.RandomID(head.Time, in.randomness.ten())
	ex := in.open(now, matched, needs, head, size)
	ex.began, ex.learns = began, learns
	return ex
}

// match is the snapshot's matcher; a panic in it is no match.
func (in *inspection) match(now *snapshot, head *capture.Request) (matched route) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failureCapturePanic)
			in.log.say("matching a request panicked", "panic", panicText(recovered))
			matched = nil
		}
	}()
	return now.match(head)
}

// visitor is the queue's lane of a request: address and user agent. Requests of one visitor share it, and where two
// visitors share it they only wait for each other.
func (in *inspection) visitor(head *capture.Request) uint64 {
	address := head.Peer.As16()
	sum := maphash.Bytes(in.seed, address[:])
	for i := range head.Header {
		if field := &head.Header[i]; equalFold(field.Name, "User-Agent") {
			return bits.RotateLeft64(sum, 32) ^ maphash.String(in.seed, field.Value)
		}
	}
	return sum
}
