package proxy

import (
	"sync"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// exchange is one matched request and its response while they pass.
type exchange struct {
	in      *inspection
	now     *snapshot
	spec    route
	needs   capture.Needs
	head    *capture.Request
	visitor uint64

	mu       sync.Mutex
	resolved string // the name of the spec that the body showed to be meant, where it differs from spec
	reserved int64  // bytes taken from the memory budget
	request  copied
	response copied
	answer   *capture.Response // nil until the origin's head is there
	actions  []event.Action
	asked    bool // the observer has answered the inline question
	blocked  int  // status of our own answer, 0 when the origin's was given
	queued   bool
}

// copied is what was copied of one body.
type copied struct {
	bytes     []byte
	limit     int
	truncated bool
	done      bool
}

func newExchange(in *inspection, now *snapshot, spec route, needs capture.Needs, head *capture.Request, size int64) *exchange {
	ex := &exchange{in: in, now: now, spec: spec, needs: needs, head: keepRequest(head), reserved: size}
	ex.visitor = in.visitor(head)
	ex.request = copied{limit: needs.RequestLimit, done: !needs.RequestBody}
	ex.response = copied{limit: needs.ResponseLimit}
	return ex
}

// held says whether the request must wait for decide.
func (ex *exchange) held() bool { return ex.needs.Inline }

// requestTap copies a piece of the request's body.
func (ex *exchange) requestTap(p []byte) { ex.tap(&ex.request, p) }

// responseTap copies a piece of the response's body.
func (ex *exchange) responseTap(p []byte) { ex.tap(&ex.response, p) }

// tap copies what the limit and the memory budget allow. A body that is cut here is finished as far as the event is
// concerned, so that an endless one does not keep its event waiting.
func (ex *exchange) tap(body *copied, p []byte) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
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

// grow makes room for more bytes, taking what is allocated from the memory budget.
func (ex *exchange) grow(body *copied, more int) bool {
	need := len(body.bytes) + more
	if need <= cap(body.bytes) {
		return true
	}
	size := min(max(need, 2*cap(body.bytes), 1024), body.limit)
	if !ex.in.memory.take(int64(size - cap(body.bytes))) {
		return false
	}
	ex.reserved += int64(size - cap(body.bytes))
	grown := make([]byte, len(body.bytes), size)
	copy(grown, body.bytes)
	body.bytes = grown
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
func (ex *exchange) requestDone(complete bool) { ex.done(&ex.request, complete) }

// responseDone says the same of the response's body.
func (ex *exchange) responseDone(complete bool) { ex.done(&ex.response, complete) }

func (ex *exchange) done(body *copied, complete bool) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
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
func (ex *exchange) answered(status int, header []capture.Field) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.answer != nil || ex.queued {
		return
	}
	size := 512 + fieldsSize(header)
	if !ex.in.memory.take(size) {
		ex.in.counts.shed(shedMemory)
		header, size = nil, 0
	}
	ex.reserved += size
	ex.answer = &capture.Response{Status: status, Header: keepFields(header), Duration: time.Since(ex.head.Time)}
	if !ex.needs.ResponseBody {
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
	for _, body := range []*copied{&ex.request, &ex.response} {
		if !body.done {
			body.done, body.truncated = true, true
		}
	}
	if ex.answer == nil {
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
	if reason := ex.in.queue.add(ex.visitor, ex); reason != "" {
		ex.in.counts.shed(reason)
		ex.free()
	}
}

// free gives the memory back to the budget. The lock is held.
func (ex *exchange) free() {
	ex.in.memory.give(ex.reserved)
	ex.reserved = 0
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
func (ex *exchange) question() *capture.Request {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	head := *ex.head
	head.Body = capture.Body{Bytes: ex.request.bytes, Truncated: ex.request.truncated}
	return &head
}

// finished makes the event of a queued exchange.
func (ex *exchange) finished() event.Event {
	ex.mu.Lock()
	request, response, actions := *ex.head, ex.answer, ex.actions
	request.Body = capture.Body{Bytes: ex.request.bytes, Truncated: ex.request.truncated}
	if response != nil {
		response.Body = capture.Body{Bytes: ex.response.bytes, Truncated: ex.response.truncated}
	}
	blocked, asked := ex.blocked, ex.asked
	ex.mu.Unlock()

	e := ex.spec.Exchange(&request, response)
	e.Actions = append(e.Actions, actions...)
	e.HTTP.Inline = e.HTTP.Inline && asked
	if blocked != 0 {
		e.Result = event.Blocked
		e.HTTP.Status = blocked
	}
	return e
}
