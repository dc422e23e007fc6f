package proxy

import (
	"errors"
	"io"

	"wayguard/http1"
	"wayguard/origin"
)

// spliceFrom is how much of a body must be left for moving it inside the kernel to be worth while, in bytes.
const spliceFrom = 64 << 10

// relay gives the visitor the answer whose head was read.
func (p *passage) relay(e *origin.Endpoint, conn *origin.Conn) {
	r := &p.response
	e.Report(origin.ResultOfStatus(r.Status))
	ours := p.directive.ResponseFields(p.asked.method, r.Status, r.Fields)
	p.tell(r.Status, r.Fields, ours, r.Framing)
	p.noteReason(r)
	p.head = reply{head: r, status: r.Status, reason: r.Reason, fields: r.Fields, framing: r.Framing, drop: p.directive.DropResponse}
	p.head.add = p.alternative(ours, r.Present.Has(http1.AltSvc))
	p.amend(&p.head)
	defer p.unveil()
	framing := r.Framing
	whole := p.head.framing.Bodiless || framing.Empty()
	if framing.Bodiless {
		conn.Doubt() // some send a body all the same
	}
	err := p.visitor.respond(&p.head)
	if err != nil {
		err = errGone
	}
	p.noteHints()
	if err == nil && !whole {
		err = p.relayBody(e, conn, framing)
	}
	// Bytes behind the answer are nobody's answer.
	clean := err == nil && p.from == p.to && !r.Close && !framing.UntilClose
	var trailers []http1.Field
	if err == nil && framing.Chunked {
		trailers = p.answerChunks.Trailers()
	}
	if p.ex != nil {
		p.ex.responseDone(err == nil)
	}
	switch {
	case err == nil:
		p.upload.settle(p)
		p.done(conn, clean && p.upload.complete())
		if p.visitor.finish(trailers) != nil {
			p.wire.counts.abandoned.Add(1)
		}
	case errors.Is(err, errGone) || errors.Is(err, errCut) || errors.Is(err, errStalled) || p.wire.killed.Load():
		p.done(conn, false)
		p.left()
	default:
		p.done(conn, false)
		p.wire.counts.upstreamError(upstreamBrokenOff)
		p.wire.complaints.say("the origin broke off its answer")
		p.visitor.abort()
	}
}

// tell gives the inspection the answer's head, with what the site adds: an identity cookie that it sets is what the
// visitor's next request is known by.
func (p *passage) tell(status int, fields, ours []http1.Field, framing http1.Framing) {
	if p.ex == nil {
		return
	}
	if len(ours) > 0 {
		fields = append(fields[:len(fields):len(fields)], ours...)
	}
	p.ex.framed = framing.Length < 0 && !framing.Bodiless
	p.ex.answered(status, fields, len(ours))
}

// alternative adds where HTTP/3 is spoken, unless the origin tells of its own.
func (p *passage) alternative(fields []http1.Field, told bool) []http1.Field {
	if told || p.asked.origin.alternative == "" {
		return fields
	}
	return append(fields[:len(fields):len(fields)], http1.Field{Name: "Alt-Svc", Value: p.asked.origin.alternative})
}

// relayBody passes on the answer's body. The error is errGone or errStalled where it was the visitor's.
func (p *passage) relayBody(e *origin.Endpoint, conn *origin.Conn, framing http1.Framing) error {
	switch {
	case framing.Chunked:
		return p.relayChunks(e, conn)
	case framing.UntilClose:
		return p.relayUntilClose(e, conn)
	}
	for left := framing.Length; ; {
		n := int(min(left, int64(p.to-p.from)))
		if err := p.pass(p.back[p.from : p.from+n]); err != nil {
			return err
		}
		p.from += n
		left -= int64(n)
		if left == 0 {
			return nil
		}
		if left >= spliceFrom {
			if done, err := p.splice(conn, left); done {
				return err
			}
		}
		if err := p.more(e, conn, phaseRelaying); err != nil {
			return err
		}
	}
}

func (p *passage) relayChunks(e *origin.Endpoint, conn *origin.Conn) error {
	p.answerChunks.Reset()
	p.answerChunks.Padded = true
	for {
		data, consumed, done, err := p.answerChunks.Next(p.back[p.from:p.to])
		if err != nil {
			return err
		}
		p.from += consumed
		if err := p.pass(data); err != nil {
			return err
		}
		switch {
		case done:
			return nil
		case p.from == p.to:
			if err := p.more(e, conn, phaseRelaying); err != nil {
				return err
			}
		}
	}
}

func (p *passage) relayUntilClose(e *origin.Endpoint, conn *origin.Conn) error {
	for {
		if err := p.pass(p.back[p.from:p.to]); err != nil {
			return err
		}
		p.from = p.to
		err := p.more(e, conn, phaseRelaying)
		if err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pass gives the visitor a piece of the body.
func (p *passage) pass(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	if p.ex != nil && p.ex.wantsResponseBody() {
		p.ex.responseTap(piece)
	}
	if p.visitor.write(piece) != nil {
		return errGone
	}
	return nil
}

// splice moves the rest of a body inside the kernel, where both connections are in clear and nobody looks at it; done is
// false where that cannot be.
func (p *passage) splice(conn *origin.Conn, left int64) (done bool, err error) {
	a, plain := p.visitor.(*answering)
	if !plain || a.conn.tls != nil || a.bare || conn.Socket() == nil || p.ex != nil && p.ex.tapping() {
		return false, nil
	}
	if a.flush() != nil {
		return true, errGone
	}
	c := a.conn
	if c.down.enter(phaseSplicing, c.wire.clock.read()) != cutNot {
		return true, errGone
	}
	_, err = conn.Socket().Splice(c.socket, left)
	switch why := c.down.enter(phaseWorking, c.wire.clock.read()); {
	case why == cutTime:
		err = errStalled
	case why != cutNot, err != nil && c.gone():
		err = errGone
	}
	a.failed = a.failed || err == errGone || err == errStalled
	return true, err
}
