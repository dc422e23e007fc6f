package proxy

import (
	"io"

	"wayguard/capture"
	"wayguard/http1"
	"wayguard/site"
)

// prepareBody puts the copying, or the reading ahead, around the request's body.
func (p *passage) prepareBody() {
	a, ex := &p.asked, p.ex
	if a.whole {
		if ex != nil {
			ex.requestWhole(a.body)
		}
		return
	}
	p.source = a.stream
	switch {
	case ex == nil || !ex.needs.RequestBody:
	case !ex.held():
		p.source = &tapped{a.stream, ex}
	default:
		p.readAhead()
	}
}

// readAhead waits for a held request's body, as far as it is looked at.
func (p *passage) readAhead() {
	a, ex := &p.asked, p.ex
	if a.expects {
		p.continued = true
		if a.stream.proceed() != nil {
			return
		}
	}
	length := int64(-1)
	if !a.framing.Chunked {
		length = a.framing.Length
	}
	if !ex.reserve(prefetchSize(ex.needs.RequestLimit, length)) {
		ex.received(capture.Body{Truncated: true})
		return
	}
	p.ahead = newPrefetch(a.stream, ex.needs.RequestLimit, length, ex.received)
	ex.arrived(p.ahead.wait(p.wire.config.Inline.BodyTimeout, p.wire.requests.Done()))
	p.source = p.ahead
}

// tapped is a body that is copied aside while it passes.
type tapped struct {
	stream
	ex *exchange
}

// Read implements io.Reader.
func (t *tapped) Read(into []byte) (int, error) {
	n, err := t.stream.Read(into)
	t.ex.requestTap(into[:n])
	if err != nil {
		t.ex.requestDone(err == io.EOF)
	}
	return n, err
}

// maxMirrored bounds the body that is waited for without an origin for it, in bytes; a longer one ends its connection.
const maxMirrored = 4 << 20

// takeBody reads the body of a request that is only looked at.
func (p *passage) takeBody() {
	if p.directive.Reason == site.ReasonMirror {
		p.drain()
	}
}

// drain reads what is still coming of a body that no origin will get, as an origin would. It says whether there was something.
func (p *passage) drain() bool {
	if p.asked.whole || p.source == nil || p.asked.stream.over() || p.asked.expects && !p.continued && p.asked.stream.proceed() != nil {
		return false
	}
	// The limit of time for a body that is not coming is kept in this phase only.
	watch := p.visitor.watched()
	if watch.enter(phaseAsking, p.wire.clock.read()) != cutNot {
		return false
	}
	defer func() { watch.enter(phaseWorking, p.wire.clock.read()) }()
	scrap := p.wire.buffers.take(middleBuffer)
	defer p.wire.buffers.give(scrap)
	_, _ = io.CopyBuffer(io.Discard, onlyReader{io.LimitReader(p.source, maxMirrored)}, scrap)
	return true
}

// settleBody waits for the goroutine that reads ahead. It is called before what the body is read from is used otherwise.
func (p *passage) settleBody() {
	if p.ahead == nil {
		return
	}
	select {
	case <-p.ahead.ended:
	default:
		p.asked.stream.stop()
		<-p.ahead.ended
	}
	p.ahead = nil
}

// requestFraming is how the body goes to the origin.
func (p *passage) requestFraming() http1.Framing { return p.asked.framing }
