package proxy

import (
	"errors"
	"io"
	"net/http"
	"time"

	"wayguard/capture"
	"wayguard/mitigation"
	"wayguard/site"
)

// servesOwn answers a request for one of the policy's own paths, such as a check's page. What a site refuses stays refused, and a
// copy is nobody's answer.
func (p *passage) servesOwn() bool {
	policy := p.now.policy
	if policy == nil || p.directive.Answer != nil && p.directive.Reason != site.ReasonMaintenance {
		return false
	}
	in, own := p.wire.inspection, false
	in.guard("Own", func() { own = policy.Own(p.asked.path) })
	if !own {
		return false
	}
	p.began = time.Now()
	body, ok := p.wholeBody(mostOwnBody)
	if !ok {
		return true
	}
	p.describe()
	p.client.Environment, p.client.Time = in.environment, p.began.UTC().Truncate(time.Microsecond)
	p.client.Body = capture.Body{Bytes: body}
	var answer mitigation.Answer
	if !in.guard("Serve", func() { answer = policy.Serve(&p.client, body) }) {
		p.plain(http.StatusInternalServerError)
		return true
	}
	p.wire.counts.served.Add(1)
	p.answer(&answer)
	return true
}

// wholeBody reads the body of a request that is answered here. It answers the visitor itself, and false, where that is too long
// or breaks off.
func (p *passage) wholeBody(limit int) (body []byte, ok bool) {
	a := &p.asked
	switch {
	case len(a.body) > limit, !a.whole && a.framing.Length > int64(limit):
		p.plain(http.StatusRequestEntityTooLarge)
		return nil, false
	case a.whole:
		return a.body, true
	}
	if a.expects && a.stream.proceed() != nil {
		p.left()
		return nil, false
	}
	// The limit of time for a body that is not coming is kept in this phase only.
	watch := p.visitor.watched()
	if watch.enter(phaseAsking, p.wire.clock.read()) != cutNot {
		p.left()
		return nil, false
	}
	body, err := io.ReadAll(io.LimitReader(a.stream, int64(limit)+1))
	gone := watch.enter(phaseWorking, p.wire.clock.read()) != cutNot
	switch {
	case len(body) > limit:
		p.plain(http.StatusRequestEntityTooLarge)
	case gone, err != nil && !errors.Is(err, errStalled) && !errors.Is(err, io.ErrUnexpectedEOF) && !isBroken(err):
		p.left()
	case err != nil:
		p.brokenOff(err)
	default:
		return body, true
	}
	return nil, false
}

func isBroken(err error) bool {
	var broken *brokenBody
	return errors.As(err, &broken)
}
