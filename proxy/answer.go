package proxy

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"wayguard/http1"
	"wayguard/mitigation"
)

// answer gives a visitor the answer that a policy wants. Everything is made ready before the wait, so that after it no more is
// done than with an answer of the origin's.
func (p *passage) answer(a *mitigation.Answer) {
	body, trailers := a.Body, a.Trailer
	if a.Drop {
		body, trailers = nil, nil
	} else if !a.Feigned || !p.feign(a) {
		trailers = p.phrase(a)
	}
	if a.Feigned && p.drain() {
		p.began = time.Now() // an origin that reads all of it answers no earlier
	}
	if a.After > 0 && !p.pause(p.began.Add(a.After), true) {
		p.left()
		return
	}
	if a.Drop {
		p.visitor.hangUp()
		return
	}
	if p.asked.method == http.MethodHead || p.head.framing.Bodiless {
		body = nil
	}
	if p.visitor.respond(&p.head) != nil {
		return
	}
	if a.Feigned {
		p.noteHints()
	}
	if p.visitor.write(body) == nil {
		_ = p.visitor.finish(trailers)
	}
}

// phrase makes the head of an answer of our own ready. It gives the trailers that are left to be sent behind the body.
func (p *passage) phrase(a *mitigation.Answer) (trailers []http1.Field) {
	fields := make([]http1.Field, 0, len(a.Header)+len(p.directive.AddResponse)+3)
	cached := false
	for i := range a.Header {
		if sayable(&a.Header[i]) {
			fields = append(fields, a.Header[i])
		}
		cached = cached || http1.Lookup(a.Header[i].Name) == http1.CacheControl
	}
	if !cached {
		fields = append(fields, http1.Field{Name: "Cache-Control", Value: "no-store"})
	}
	fields = append(fields, p.directive.AddResponse...)
	if p.cookie != "" {
		fields = append(fields, http1.Field{Name: "Set-Cookie", Value: p.cookie})
	}
	status := statusOf(a)
	framing := http1.Framing{Length: int64(len(a.Body)), HasLength: true}
	trailers = a.Trailer
	switch multiplexed := p.asked.origin.protocol == "HTTP/2" || p.asked.origin.protocol == "HTTP/3"; {
	case bodiless(status):
		framing, trailers = http1.Framing{Bodiless: true}, nil
	case len(trailers) > 0 && len(a.Body) == 0 && multiplexed:
		// What gRPC calls Trailers-Only: all of the answer is one head.
		fields, trailers, framing = append(fields, trailers...), nil, http1.Framing{Bodiless: true}
	case len(trailers) > 0:
		framing = http1.Framing{Length: -1, Chunked: true}
	}
	p.head = reply{status: status, reason: a.Reason, fields: fields, framing: framing}
	return trailers
}

func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// sayable says whether a field may stand in an answer's head: framing and connection are said by whoever sends it.
func sayable(field *http1.Field) bool {
	known := http1.Lookup(field.Name)
	return (known == http1.Other || known > http1.Host) && http1.ValidName(field.Name) && http1.ValidValue(field.Value)
}

// feign makes the head of an answer ready that passes for the origin's: it goes the same way as those. A Content-Length or a
// Transfer-Encoding among its headers says where in the head the framing stands, and in which spelling. The answer is false when
// the head cannot be read as an origin's would be.
func (p *passage) feign(a *mitigation.Answer) bool {
	status := statusOf(a)
	raw, placed := p.appendFeigned(p.out[:0], a, status)
	p.out = raw
	if _, err := p.response.Parse(raw, p.asked.method, p.wire.answers); err != nil {
		p.wire.complaints.say("a feigned answer's head is not one that an origin could send")
		return false
	}
	r := &p.response
	ours := p.directive.ResponseFields(p.asked.method, status, r.Fields)
	if p.cookie != "" {
		ours = append(ours[:len(ours):len(ours)], http1.Field{Name: "Set-Cookie", Value: p.cookie})
	}
	more := p.alternative(ours, r.Present.Has(http1.AltSvc))
	p.head = reply{head: r, status: status, reason: r.Reason, fields: r.Fields, framing: r.Framing, drop: p.directive.DropResponse, add: more}
	if !placed && !r.Framing.Bodiless {
		// As an HTTP/2 origin's: the length is said last.
		p.head = reply{status: status, reason: r.Reason, framing: http1.Framing{Length: int64(len(a.Body)), HasLength: true}}
		p.head.fields = append(withoutDropped(r.Fields, p.directive.DropResponse), more...)
	}
	return true
}

func withoutDropped(fields []http1.Field, drop func(string) bool) []http1.Field {
	kept := make([]http1.Field, 0, len(fields)+4)
	for _, field := range fields {
		if drop == nil || !drop(field.Name) {
			kept = append(kept, field)
		}
	}
	return kept
}

// appendFeigned writes the head as an origin would have sent it. placed says that the framing is among its lines.
func (p *passage) appendFeigned(raw []byte, a *mitigation.Answer, status int) (head []byte, placed bool) {
	raw = append(raw, "HTTP/1.1 "...)
	raw = strconv.AppendInt(raw, int64(status), 10)
	raw = append(raw, ' ')
	reason := a.Reason
	if reason == "" || !http1.ValidValue(reason) {
		reason = p.wire.phrases.of(p.directive.Origin, status)
	}
	raw = append(append(raw, reason...), "\r\n"...)
	for i := range a.Header {
		field := a.Header[i]
		switch known := http1.Lookup(field.Name); {
		case known == http1.ContentLength && !placed:
			field.Value, placed = decimal(int64(len(a.Body))), true
		case known == http1.TransferEncoding && !placed:
			field.Value, placed = "chunked", true
		case !sayable(&field):
			continue
		}
		raw = append(append(append(append(raw, field.Name...), ": "...), field.Value...), "\r\n"...)
	}
	return append(raw, "\r\n"...), placed
}

// phrases are the words that origins put behind a status, which not all take from the RFC.
type phrases struct {
	mu   sync.Mutex
	said map[phraseKey]string
}

type phraseKey struct {
	origin string
	status int
}

// mostPhrases bounds how many are remembered, longestPhrase their length in bytes.
const (
	mostPhrases   = 512
	longestPhrase = 64
)

// of is what an origin says, else the usual word.
func (s *phrases) of(origin string, status int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if said, known := s.said[phraseKey{origin, status}]; known {
		return said
	}
	return http1.ReasonPhrase(status)
}

// note remembers what an origin says.
func (s *phrases) note(origin string, status int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := phraseKey{origin, status}
	if said, known := s.said[key]; known && said == reason || len(reason) > longestPhrase || !known && len(s.said) >= mostPhrases {
		return
	}
	if s.said == nil {
		s.said = map[phraseKey]string{}
	}
	s.said[key] = string(append([]byte(nil), reason...))
}

// noteReason remembers the origin's word for a status where its answers are learned from.
func (p *passage) noteReason(r *http1.Response) {
	if p.ex != nil && p.ex.learns > 0 && !p.ex.decoy {
		p.wire.phrases.note(p.directive.Origin, r.Status, r.Reason)
	}
}
