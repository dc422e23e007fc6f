package proxy

import (
	"slices"
	"strings"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/http1"
)

// The bounds of what the policy makes us read, in bytes: a body of its own paths or of a form that a check may have carried
// along, and what is copied of an answer to learn from.
const (
	mostOwnBody = 112 << 10 // a check's solution carries a form of 64 KiB, sealed
	mostLearned = 4 << 20
)

// guard calls a method of the policy. A panic in it is counted, and ok is false: what it was asked for is not there.
func (in *inspection) guard(method string, call func()) (ok bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failurePolicy)
			in.log.say("the policy panicked", "method", method, "panic", panicText(recovered))
			ok = false
		}
	}()
	call()
	return true
}

// wants adds to the needs of a spec what the policy needs of an exchange. learns is how much of the answer it learns from.
func (in *inspection) wants(policy Policy, spec route, head *capture.Request, needs *capture.Needs) (learns int) {
	if policy == nil {
		return 0
	}
	in.guard("Learns", func() { learns = policy.Learns(spec.Name()) })
	learns = min(max(learns, 0), mostLearned)
	if learns > 0 {
		needs.ResponseLimit = max(learns, limitOf(needs.ResponseBody, needs.ResponseLimit))
		needs.ResponseBody = true
	}
	if needs.Inline && isForm(head) { // a check may stand before it, and must carry it along
		needs.RequestLimit = max(mostOwnBody, limitOf(needs.RequestBody, needs.RequestLimit))
		needs.RequestBody = true
	}
	return learns
}

func limitOf(needed bool, limit int) int {
	if needed {
		return limit
	}
	return 0
}

// isForm says whether a request is one of a form, as checks send them.
func isForm(head *capture.Request) bool {
	if head.Method != "POST" {
		return false
	}
	for i := range head.Header {
		if equalFold(head.Header[i].Name, "Content-Type") {
			return isMedia(head.Header[i].Value, "application/x-www-form-urlencoded")
		}
	}
	return false
}

// isMedia says whether a content type is of a media type, which is written in lower case.
func isMedia(contentType, media string) bool {
	first, _, _ := strings.Cut(contentType, ";")
	return equalFold(strings.Trim(first, " \t"), media)
}

// tellFacts adds what the policy knows to an event, to the question's and the finished one's the same.
func (ex *exchange) tellFacts(head *capture.Request, e *event.Event) {
	policy := ex.now.policy
	if policy == nil {
		return
	}
	ex.mu.Lock()
	facts, told := ex.facts, ex.told
	ex.mu.Unlock()
	if told {
		addFacts(e, facts)
		return
	}
	before := e.Elements
	e.Elements = slices.Clip(before) // so that what is added does not write over them
	if !ex.in.guard("Facts", func() { policy.Facts(head, e) }) || len(e.Elements) <= len(before) {
		e.Elements = before
	}
	facts = newFacts(before, e.Elements)
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if !ex.told {
		ex.facts, ex.told = facts, true
	}
}

// newFacts are the elements that were added to those before, in memory of their own. Both are sorted.
func newFacts(before, after []event.Element) []event.Element {
	var added []event.Element
	for i := range after {
		if len(before) > 0 && compareElements(&before[0], &after[i]) == 0 {
			before = before[1:]
			continue
		}
		fact := after[i]
		fact.Name, fact.Value, fact.Display = strings.Clone(fact.Name), strings.Clone(fact.Value), strings.Clone(fact.Display)
		added = append(added, fact)
	}
	return added
}

// addFacts puts elements where they belong.
func addFacts(e *event.Event, facts []event.Element) {
	for i := range facts {
		at, _ := slices.BinarySearchFunc(e.Elements, &facts[i], func(a event.Element, b *event.Element) int { return compareElements(&a, b) })
		e.Elements = slices.Insert(e.Elements, at, facts[i])
	}
}

func compareElements(a, b *event.Element) int {
	if order := strings.Compare(a.Name, b.Name); order != 0 {
		return order
	}
	return strings.Compare(a.Value, b.Value)
}

// learn shows the policy an exchange that the visitor's own origin has answered.
func (in *inspection) learn(ex *exchange, e *event.Event) {
	policy := ex.now.policy
	if ex.learns == 0 || policy == nil {
		return
	}
	ex.mu.Lock() // nothing of it is written any more
	genuine := ex.replied && !ex.own && !ex.decoy && !ex.reshaped && len(ex.origin.Header) > ex.added
	response := ex.origin
	response.Body = capture.Body{Bytes: ex.response.bytes, Truncated: ex.response.truncated}
	ex.mu.Unlock()
	if !genuine {
		return
	}
	response.Header = ex.framedHead()
	response.Duration -= ex.late
	in.guard("Learn", func() { policy.Learn(e, &ex.head, &response) })
}

// framedHead is the head of the origin's answer without what was added here and without what concerns a connection, but with the
// line that tells visitors where the body ends.
func (ex *exchange) framedHead() []capture.Field {
	origins := ex.origin.Header[:len(ex.origin.Header)-ex.added]
	head := make([]capture.Field, 0, len(origins)+1)
	framed := false
	for _, field := range origins {
		known := http1.Lookup(field.Name)
		framed = framed || known == http1.TransferEncoding || known == http1.ContentLength
		if known == http1.Other || known > http1.HTTP2Settings || known == http1.TransferEncoding {
			head = append(head, field)
		}
	}
	if ex.framed && !framed {
		head = append(head, capture.Field{Name: "Transfer-Encoding", Value: "chunked"})
	}
	return head
}
