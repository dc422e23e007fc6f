package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// exchange is one matched request and its response while they pass. Exchanges and their memory are used again and again:
// whoever needs one beside the passage holds it, and the last to release it gives it back.
type exchange struct {
	in      *inspection
	now     *snapshot
	spec    route
	needs   capture.Needs
	head    capture.Request
	visitor uint64
	began   time.Time     // by the clock that is never set
	late    time.Duration // how much later than the head a held request's body was there
	holders atomic.Int32  // the passage, the queue, and an inline question while it runs

	next *exchange // in its lane; the queue's

	mu       sync.Mutex
	memory   keeper
	resolved string // the name of the spec that the body showed to be meant, where it differs from spec
	reserved int64  // bytes taken from the memory budget
	request  copied
	response copied
	origin   capture.Response // without its body
	replied  bool             // the origin's head is there
	actions  []event.Action
	asked    bool // the observer has answered the inline question
	shared   bool // an inline question was given what was copied of the request's body
	own      bool // the answer is ours, and status its status
	status   int
	queued   bool
	facts    []event.Element // what the policy has added to the event, once told
	told     bool
	learns   int  // bytes of the answer that the policy learns from
	added    int  // the last so many of the origin's headers are ours
	framed   bool // the length of the origin's body was not known beforehand
	decoy    bool // another origin than the visitor's has answered
	reshaped bool // the visitor gets another body than the origin gave
}

// copied is what was copied of one body.
type copied struct {
	bytes     []byte
	lent      []byte // the memory of bytes where it is to be given back
	limit     int
	truncated bool
	done      bool
}

// open makes an exchange ready for a request, whose head it copies. The caller holds it. size is what was taken from the
// memory budget for it.
func (in *inspection) open(now *snapshot, spec route, needs capture.Needs, head *capture.Request, size int64) *exchange {
	ex, _ := in.exchanges.Get().(*exchange)
	if ex == nil {
		ex = new(exchange)
	}
	ex.in, ex.now, ex.spec, ex.needs, ex.reserved = in, now, spec, needs, size
	ex.memory.request(&ex.head, head, in.idioms)
	ex.visitor = in.visitor(head)
	ex.request = copied{limit: needs.RequestLimit, done: !needs.RequestBody}
	ex.response = copied{limit: needs.ResponseLimit}
	ex.holders.Store(1)
	return ex
}

// hold keeps the exchange from being used for another request until release.
func (ex *exchange) hold() { ex.holders.Add(1) }

// release is called once by everyone who holds the exchange, when he uses neither it nor an event that was made of it any
// more. The last one's call gives the memory back.
func (ex *exchange) release() {
	if ex.holders.Add(-1) != 0 {
		return
	}
	in := ex.in
	in.memory.give(ex.reserved)
	for _, body := range []*copied{&ex.request, &ex.response} {
		if body.lent != nil {
			in.buffers.give(body.lent)
		}
		*body = copied{}
	}
	clear(ex.actions)
	ex.memory.reset()
	ex.in, ex.now, ex.spec, ex.next, ex.resolved = nil, nil, nil, nil, ""
	ex.head, ex.origin, ex.actions = capture.Request{}, capture.Response{}, ex.actions[:0]
	ex.late = 0
	ex.reserved, ex.status, ex.learns, ex.added, ex.facts = 0, 0, 0, 0, nil
	ex.replied, ex.asked, ex.shared, ex.queued, ex.told = false, false, false, false, false
	ex.own, ex.framed, ex.decoy, ex.reshaped = false, false, false, false
	in.exchanges.Put(ex)
}

// held says whether the request must wait for decide.
func (ex *exchange) held() bool { return ex.needs.Inline }

// requestWhole copies a request's body that is all here.
func (ex *exchange) requestWhole(p []byte) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.tap(&ex.request, p)
	ex.done(&ex.request, true)
}

// requestTap copies a piece of the request's body.
func (ex *exchange) requestTap(p []byte) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.tap(&ex.request, p)
}

// responseTap copies a piece of the response's body.
func (ex *exchange) responseTap(p []byte) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.tap(&ex.response, p)
}

// tap copies what the limit and the memory budget allow. A body that is cut here is finished as far as the event is
// concerned, so that an endless one does not keep its event waiting. The lock is held.
func (ex *exchange) tap(body *copied, p []byte) {
	if body.done || len(p) == 0 {
		return
	}
	keep := min(len(p), body.limit-len(body.bytes))
	if keep > 0 && !ex.grow(body, keep) {
		ex.in.counts.shed(shedMemory)
		keep = 0
	}
	if keep > 0 {
		body.bytes = append(body.bytes, p[:keep]...)
	}
	if keep < len(p) {
		body.truncated, body.done = true, true
		ex.settle()
	}
}

// grow makes room for more bytes, taking what is allocated from the memory budget. The lock is held.
func (ex *exchange) grow(body *copied, more int) bool {
	need := len(body.bytes) + more
	if need <= cap(body.bytes) {
		return true
	}
	size := lendable(min(max(need, 2*cap(body.bytes)), body.limit))
	if !ex.in.memory.take(int64(size - cap(body.bytes))) {
		return false
	}
	ex.reserved += int64(size - cap(body.bytes))
	grown := ex.in.buffers.take(size)[:0]
	grown = append(grown, body.bytes...)
	// What an inline question may be reading is left to the garbage collector.
	if body.lent != nil && !ex.shared {
		ex.in.buffers.give(body.lent)
	}
	body.bytes, body.lent = grown, grown
	return true
}

// reserve takes n bytes from the memory budget for as long as the exchange lasts.
func (ex *exchange) reserve(n int) bool {
	if !ex.in.memory.take(int64(n)) {
		ex.in.counts.shed(shedMemory)
		return false
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.reserved += int64(n)
	return true
}

// requestDone says that no more of the request's body comes; complete is false when it was cut short.
func (ex *exchange) requestDone(complete bool) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.done(&ex.request, complete)
}

// responseDone says the same of the response's body.
func (ex *exchange) responseDone(complete bool) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.done(&ex.response, complete)
}

func (ex *exchange) done(body *copied, complete bool) {
	if body.done {
		return
	}
	body.done = true
	body.truncated = body.truncated || !complete
	ex.settle()
}

// arrived takes the body of a held request as far as it has come. The bytes are no longer written to.
func (ex *exchange) arrived(body capture.Body) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if !ex.request.done {
		ex.request.bytes, ex.request.truncated = body.Bytes, body.Truncated
	}
}

// received takes the body of a held request as far as it will be looked at. That may be after the question was asked: a
// visitor who lets the rest wait must not keep the event from telling it.
func (ex *exchange) received(body capture.Body) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.request.done {
		return
	}
	ex.request.bytes, ex.request.truncated, ex.request.done = body.Bytes, body.Truncated, true
	ex.settle()
}

// answered takes the head of the origin's final response.
// The last so many headers were added here.
func (ex *exchange) answered(status int, header []capture.Field, added int) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.replied || ex.queued {
		return
	}
	ex.added = added
	size := 512 + fieldsSize(header)
	if !ex.in.memory.take(size) {
		ex.in.counts.shed(shedMemory)
		header, size = nil, 0
	}
	ex.reserved += size
	ex.origin = capture.Response{Status: status, Header: ex.memory.response(header), Duration: time.Since(ex.began)}
	ex.replied = true
	if !ex.needs.ResponseBody || ex.decoy {
		ex.response.done = true
	}
	ex.settle()
}

// wantsResponseBody says whether responseTap is worth calling.
func (ex *exchange) wantsResponseBody() bool { return ex.needs.ResponseBody }

// tapping says whether more of the response's body is to be copied.
func (ex *exchange) tapping() bool {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return !ex.response.done
}

// end says that nothing more will pass.
func (ex *exchange) end() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.queued {
		return
	}
	for _, body := range []*copied{&ex.request, &ex.response} {
		if !body.done {
			body.done, body.truncated = true, true
		}
	}
	if !ex.replied {
		ex.response.truncated = false
	}
	ex.settle()
}

// settle queues the exchange as soon as both ends were seen. The lock is held.
func (ex *exchange) settle() {
	if ex.queued || !ex.request.done || !ex.response.done {
		return
	}
	ex.queued = true
	ex.hold()
	if reason := ex.in.queue.add(ex.visitor, ex); reason != "" {
		ex.in.counts.shed(reason)
		ex.holders.Add(-1) // never the last: whoever brought what was missing holds it too
		return
	}
	if ex.in.memory.tight() {
		ex.in.queue.hurry()
	}
}

// meant notes which spec the body showed to be meant.
func (ex *exchange) meant(spec string) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.resolved = spec
}

// name is the name of the spec meant, as far as is known.
func (ex *exchange) name() string {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.resolved != "" {
		return ex.resolved
	}
	return ex.spec.Name()
}

// question is the head and what is there of the body, as the inline question needs it. It is a copy of the head, so
// that a question given up on shares nothing that is written.
func (ex *exchange) question(head *capture.Request) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.shared = true
	*head = ex.head
	head.Body = capture.Body{Bytes: ex.request.bytes, Truncated: ex.request.truncated}
}

// finished makes the event of a queued exchange, in the scratch and the exchange's memory.
func (ex *exchange) finished(scratch *capture.Scratch) event.Event {
	ex.mu.Lock()
	// Nothing of this is written any more once the exchange is queued; a late question only reads.
	request, response := &ex.head, (*capture.Response)(nil)
	request.Body = capture.Body{Bytes: ex.request.bytes, Truncated: ex.request.truncated}
	if ex.replied {
		response = &ex.origin
		response.Body = capture.Body{Bytes: ex.response.bytes, Truncated: ex.response.truncated}
	}
	own, status, decoy, asked, actions := ex.own, ex.status, ex.decoy, ex.asked, ex.actions
	ex.mu.Unlock()

	e := ex.spec.ExchangeIn(scratch, request, response)
	if e.Spec != "" {
		ex.tellFacts(request, &e)
	}
	e.Actions = append(e.Actions, actions...)
	e.HTTP.Inline = e.HTTP.Inline && asked
	if own || decoy { // what the visitor asked for was not done
		e.Result = event.Blocked
	}
	if own {
		e.HTTP.Status = status
	}
	return e
}
