package proxy

import (
	"errors"
	"io"

	"wayguard/http1"
	"wayguard/origin"
)

// exchange sends the request over an HTTP/1.1 connection and relays the answer.
func (p *passage) exchange(e *origin.Endpoint, conn *origin.Conn) trouble {
	watch := p.visitor.watched()
	watch.origin, p.conn = conn, conn
	n, err := p.send(e, conn, watch)
	p.from, p.to = 0, max(n, 0)
	if err == nil {
		err = p.answerHead(e, conn)
	}
	if err != nil {
		return p.unanswered(e, conn, err)
	}
	if p.response.Status == 101 {
		p.switchOver(e, conn)
		return trouble{none: true}
	}
	p.relay(e, conn)
	return trouble{none: true}
}

// send sends the request and gives the first bytes of the answer. A body that is still coming is sent by a goroutine.
func (p *passage) send(e *origin.Endpoint, conn *origin.Conn, watch *watch) (n int, err error) {
	if !p.asked.whole {
		p.upload.start(p, e, conn)
	}
	if watch.enter(phaseAsking, p.wire.clock.read()) != cutNot {
		return 0, errGone // before it began
	}
	if p.asked.whole {
		n, err = conn.Ask(p.out, p.back, e.ResponseTimeout())
	} else if n, err = conn.Read(p.back); n > 0 {
		err = nil // an end that came with it is seen later
	} else {
		err = conn.Explain(err)
	}
	switch watch.enter(phaseWorking, p.wire.clock.read()) {
	case cutNot:
	case cutGone:
		return 0, errGone
	default:
		return 0, errCut
	}
	return n, err
}

// errGone says that the visitor has gone.
var errGone = errors.New("the visitor has gone")

// answerHead reads the head of the final answer into p.response, passing on those before it.
func (p *passage) answerHead(e *origin.Endpoint, conn *origin.Conn) error {
	for informed := 0; ; {
		n, err := p.response.Parse(p.back[p.from:p.to], p.asked.method, p.wire.answers)
		switch {
		case err == http1.ErrMore:
			if err := p.more(e, conn, phaseAsking); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		p.from += n
		status := p.response.Status
		if status >= 200 || status == 101 {
			if status == 101 && (p.asked.upgrade == "" || p.response.Upgrade == "") {
				return errSwitch
			}
			p.upload.answering(conn)
			return nil
		}
		p.informed = true
		if informed++; informed > mostInformed {
			return errChatter
		}
		if status == 100 && (p.continued || !p.asked.expects) {
			continue // a second word to go on, or one that nobody waits for
		}
		p.continued = p.continued || status == 100
		p.head = reply{head: &p.response, status: status, drop: p.directive.DropResponse}
		if p.visitor.inform(&p.head) != nil {
			return errGone
		}
	}
}

// mostInformed bounds the answers of the 1xx class to one request: each begins the time anew that the origin has for the final one.
const mostInformed = 1000

// errChatter says that the origin informs without end.
var errChatter = errors.New("the origin sends informational answers without end")

// errSwitch says that the origin switches to a protocol that nobody asked for.
var errSwitch = errors.New("the origin switches protocols by itself")

// more reads more of the answer, behind what is there of it. An end is io.ErrUnexpectedEOF.
func (p *passage) more(e *origin.Endpoint, conn *origin.Conn, waits phase) error {
	if err := p.visitor.flush(); err != nil {
		return errGone
	}
	switch {
	case p.from == p.to:
		p.from, p.to = 0, 0
	case p.to == len(p.back) && p.from > 0:
		p.to = copy(p.back, p.back[p.from:p.to])
		p.from = 0
	case p.to == len(p.back):
		larger := p.wire.buffers.take(4 * len(p.back))
		copy(larger, p.back)
		p.wire.buffers.give(p.back)
		p.back = larger
	}
	watch := p.visitor.watched()
	if watch.enter(waits, p.wire.clock.read()) != cutNot {
		return errGone
	}
	if waits == phaseAsking && p.asked.whole {
		conn.SetTimeout(e.ResponseTimeout())
	}
	n, err := conn.Read(p.back[p.to:])
	if waits == phaseAsking && p.asked.whole {
		conn.SetTimeout(0)
	}
	switch watch.enter(phaseWorking, p.wire.clock.read()) {
	case cutNot:
	case cutGone:
		return errGone
	default:
		return errCut
	}
	p.to += n
	if n > 0 {
		return nil
	}
	if waits == phaseAsking {
		return conn.Explain(err)
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// unanswered sorts out why there was no answer.
func (p *passage) unanswered(e *origin.Endpoint, conn *origin.Conn, err error) trouble {
	p.done(conn, false)
	visitorFailed := p.upload.problem()
	var malformed *http1.Error
	result := origin.ResultOf(err)
	t := trouble{sent: true, reason: upstreamProtocol}
	switch {
	case p.wire.killed.Load(), errors.Is(err, errGone), errors.Is(err, errCut), visitorFailed == errGone:
		e.Report(origin.ResultGone)
		p.left()
		return trouble{none: true}
	case visitorFailed != nil:
		e.Report(origin.ResultGone)
		p.brokenOff(visitorFailed)
		return trouble{none: true}
	case errors.As(err, &malformed), errors.Is(err, errSwitch), errors.Is(err, errChatter):
		result = origin.ResultReset
	case result == origin.ResultTimeout:
		t.reason = upstreamTimeout
	default:
		t.repeatable = p.asked.whole && !p.informed && p.to == 0
	}
	e.Report(result)
	p.wire.buffers.give(p.back)
	p.back = nil
	return t
}

// brokenOff answers a visitor whose body broke off: what follows it on the connection cannot be told from the body.
func (p *passage) brokenOff(err error) {
	p.wire.counts.badRequests.Add(1)
	if errors.Is(err, errStalled) {
		p.plain(408)
		return
	}
	p.plain(400)
}

// done gives the connection to the origin back. Nobody cuts it from here on.
func (p *passage) done(conn *origin.Conn, reusable bool) {
	p.visitor.watched().origin, p.conn = nil, nil
	if p.upload.running() {
		reusable = false
	}
	conn.Release(reusable)
}
