package proxy

import (
	"bytes"
	"strings"
	"time"

	"wayguard/http1"
	"wayguard/mitigation"
)

// patience is how long the rest of a body that is to be changed is waited for, from its head, before it passes as it is.
const patience = 2 * time.Second

// reshaping stands between the origin and a visitor who is to get another body than the origin gives: it holds the answer back
// until all of it is there. Whenever that turns out not to be possible, what was held back passes as it came, and the rest
// behind it. It implements visitor.
type reshaping struct {
	visitor
	passage *passage
	edits   []*mitigation.Edit
	kind    string // the content type
	coding  string
	limit   int

	holding bool
	since   time.Time
	head    reply
	body    []byte
	taken   int64 // from the memory budget
}

// respond implements visitor. The head is kept: its memory is needed for the body.
func (s *reshaping) respond(r *reply) error {
	s.head, s.holding, s.since = *r, true, time.Now()
	if r.head != nil {
		_ = r.head.Rebase(nil)
		s.head.fields, s.head.reason = r.head.Fields, r.head.Reason
	}
	return nil
}

// write implements visitor.
func (s *reshaping) write(piece []byte) error {
	if s.holding {
		why := s.hold(piece)
		if why == "" {
			return nil
		}
		if err := s.release(why); err != nil {
			return err
		}
	}
	return s.visitor.write(piece)
}

// hold keeps a piece of the body, or says why it cannot be kept.
func (s *reshaping) hold(piece []byte) skipReason {
	need := len(s.body) + len(piece)
	if need > s.limit {
		return skipLarge
	}
	if need > cap(s.body) {
		size := min(max(need, 2*cap(s.body), middleBuffer), s.limit)
		if s.head.framing.HasLength {
			size = max(need, int(s.head.framing.Length))
		}
		if !s.take(int64(size - cap(s.body))) {
			return skipMemory
		}
		grown := make([]byte, len(s.body), size)
		copy(grown, s.body)
		s.body = grown
	}
	s.body = append(s.body, piece...)
	return ""
}

// take reserves memory until close.
func (s *reshaping) take(n int64) bool {
	if !s.passage.wire.inspection.memory.take(n) {
		return false
	}
	s.taken += n
	return true
}

func (s *reshaping) close() { s.passage.wire.inspection.memory.give(s.taken) }

// flush implements visitor: the origin has no more at the moment.
func (s *reshaping) flush() error {
	if s.holding {
		if time.Since(s.since) < patience {
			return nil
		}
		if err := s.release(skipSlow); err != nil {
			return err
		}
	}
	return s.visitor.flush()
}

// release passes on what was held back as it is; why is counted, unless it is empty.
func (s *reshaping) release(why skipReason) error {
	s.holding = false
	if why != "" {
		s.passage.wire.counts.skip(why)
	}
	if err := s.visitor.respond(&s.head); err != nil {
		return err
	}
	return s.visitor.write(s.body)
}

// finish implements visitor.
func (s *reshaping) finish(trailers []http1.Field) error {
	if !s.holding {
		return s.visitor.finish(trailers)
	}
	changed, why := s.change()
	if changed == nil {
		if err := s.release(why); err != nil {
			return err
		}
		return s.visitor.finish(trailers)
	}
	s.holding = false
	s.passage.wire.counts.reshaped.Add(1)
	r := s.rewritten(len(changed), len(trailers) > 0)
	if err := s.visitor.respond(&r); err != nil {
		return err
	}
	if err := s.visitor.write(changed); err != nil {
		return err
	}
	return s.visitor.finish(trailers)
}

// abort implements visitor.
func (s *reshaping) abort() {
	if s.holding {
		_ = s.release(skipBroken)
	}
	s.visitor.abort()
}

// change makes the new body; nil says that the old one stays, and why, which is empty where nobody wants another.
func (s *reshaping) change() (changed []byte, why skipReason) {
	plain := s.body
	if s.coding != "" {
		// The memory of the plain body, of the new one and of a coded one.
		if !s.take(2 * int64(s.limit)) {
			return nil, skipMemory
		}
		var err error
		if plain, err = decode(s.coding, s.body, s.limit); err != nil {
			if err == errTooLong {
				return nil, skipLarge
			}
			return nil, skipCoding
		}
	}
	before := plain
	for _, edit := range s.edits {
		if len(plain) > bodyLimit(edit) {
			why = skipLarge
			continue
		}
		var next []byte
		var err error
		ok := s.passage.wire.inspection.guard("Transform", func() { next, err = edit.Transform(s.kind, plain) })
		if !ok || err != nil || next == nil {
			why = skipFailed
			continue
		}
		plain = next
	}
	if bytes.Equal(before, plain) {
		return nil, why
	}
	if s.coding == "" {
		return plain, ""
	}
	coded, err := encode(s.coding, plain)
	if err != nil {
		return nil, skipCoding
	}
	return coded, ""
}

// rewritten is the head for the new body: its length is said, and nothing is left that speaks of the bytes of the old one.
func (s *reshaping) rewritten(length int, trails bool) reply {
	r := reply{status: s.head.status, reason: s.head.reason, last: s.head.last, framing: http1.Framing{Length: int64(length), HasLength: true}}
	if trails {
		r.framing = http1.Framing{Length: -1, Chunked: true}
	}
	r.fields = make([]http1.Field, 0, len(s.head.fields)+len(s.head.add))
	for i, field := range s.head.fields {
		known := http1.Lookup(field.Name)
		switch {
		case known == http1.Trailer && trails:
		case s.head.head != nil && s.head.head.Hop(i), known != http1.Other && known <= http1.Host, ofBytes(field.Name),
			s.head.drop != nil && s.head.drop(field.Name):
			continue
		case known == http1.ETag && !strings.HasPrefix(field.Value, "W/"):
			field.Value = "W/" + field.Value
		}
		r.fields = append(r.fields, field)
	}
	if s.head.head != nil {
		r.fields = append(r.fields, s.head.add...)
	}
	return r
}

// ofBytes says whether a header tells of the very bytes of a body.
func ofBytes(name string) bool {
	for _, one := range [...]string{"Accept-Ranges", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"} {
		if equalFold(name, one) {
			return true
		}
	}
	return false
}
