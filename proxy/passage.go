package proxy

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/http1"
	"wayguard/listen"
	"wayguard/mitigation"
	"wayguard/origin"
	"wayguard/site"
)

// passage carries one request through: what is to be done with it is decided, it is looked at, held, sent to the origin, and
// the answer relayed. Passages are used again and again.
type passage struct {
	wire    *wire
	visitor visitor
	asked   asked

	now       *snapshot
	origins   *origins
	directive site.Directive
	ex        *exchange // nil when the request is not looked at
	tags      []capture.Field
	began     time.Time // when the request was there, for what waits
	// What is changed of the request and of the answer, and the cookie that a check has earned with this request.
	requestEdits, answerEdits []*mitigation.Edit
	cookie                    string
	veiled                    *reshaping
	client                    capture.Request // what specs match; without a body
	source                    io.Reader       // a body that is still coming, copied aside where it must be
	ahead                     *prefetch       // what reads a held body ahead
	continued                 bool            // the visitor was told to send the body before the origin was asked

	conn     *origin.Conn // the one in use
	upload   upload
	carried  *carriedBody // the body while an origin that speaks HTTP/2 reads it
	response http1.Response
	reply    [replyBuffer]byte // what an HTTP/1 visitor is given is gathered here
	out      []byte            // what the origin is sent
	back     []byte            // what the origin has sent and nobody has taken is back[from:to]
	from, to int
	informed bool // an answer of the 1xx class has come

	// Memory that is used again.
	request      http1.Request
	chunks       http1.Chunks // of the request
	answerChunks http1.Chunks
	memory       []byte
	added        []http1.Field
	streamed     streamAnswer
	lines        []string
	lined        []http1.Field
	edit         http1.Edit
	responseEdit http1.ResponseEdit
	head         reply
	dropRequest  func(string) bool
	decision     site.Request
}

func newPassage(w *wire) *passage {
	p := &passage{wire: w}
	p.dropRequest = p.drops
	return p
}

// reset forgets the request and keeps the memory.
func (p *passage) reset() {
	w := p.wire
	if p.back != nil {
		w.buffers.give(p.back)
	}
	if cap(p.out) > largeBuffer {
		p.out = nil
	}
	if cap(p.memory) > largeBuffer {
		p.memory = nil
	}
	clear(p.added)
	clear(p.lines)
	clear(p.lined)
	p.visitor, p.now, p.origins, p.ex, p.tags, p.source, p.back, p.ahead = nil, nil, nil, nil, nil, nil, nil, nil
	p.conn, p.veiled, p.cookie = nil, nil, ""
	clear(p.requestEdits)
	clear(p.answerEdits)
	p.requestEdits, p.answerEdits = p.requestEdits[:0], p.answerEdits[:0]
	p.continued, p.informed, p.from, p.to = false, false, 0, 0
	p.asked, p.directive, p.client, p.head = asked{}, site.Directive{}, capture.Request{}, reply{}
	p.added, p.lines = p.added[:0], p.lines[:0]
	p.edit, p.responseEdit, p.decision = http1.Edit{}, http1.ResponseEdit{}, site.Request{}
	p.upload.reset()
	p.streamed.stream, p.streamed.passage = nil, nil
}

// run carries the request.
func (p *passage) run() {
	p.wire.counts.requests.Add(1)
	// CONNECT would be a tunnel past the inspection, TRACE would show a visitor the headers meant for the origin.
	if p.asked.method == http.MethodConnect || p.asked.method == http.MethodTrace {
		p.plain(http.StatusMethodNotAllowed)
		return
	}
	if !p.speakable() {
		p.wire.counts.badRequests.Add(1)
		p.wire.counts.refuse(http1.ReasonLine)
		p.plain(http.StatusBadRequest)
		return
	}
	if p.provesDomain() {
		return
	}
	p.now, p.origins = p.wire.inspection.enter()
	p.decide()
	if !p.servesOwn() {
		p.inspect()
		p.carry()
	}
	p.end()
}

// speakable says whether HTTP/1.1 can say the request. What net/http and its like have read may be what it cannot.
func (p *passage) speakable() bool {
	a := &p.asked
	return a.head != nil ||
		http1.ValidMethod(a.method) && http1.ValidTarget(a.target) && (a.authority == "" || http1.ValidAuthority(a.authority))
}

// provesDomain answers an authority that checks whether a domain is ours.
func (p *passage) provesDomain() bool {
	if p.wire.challenge == nil || p.asked.origin.secure || !strings.HasPrefix(p.asked.path, listen.ChallengePath) {
		return false
	}
	body, ok := p.wire.challenge(p.asked.authority, p.asked.path)
	if ok {
		p.give(http.StatusOK, []http1.Field{{Name: "Content-Type", Value: "application/octet-stream"}}, body)
	}
	return ok
}

// end gives back what the request held.
func (p *passage) end() {
	p.upload.finish(p)
	if p.carried != nil {
		p.carried.settle()
		p.carried = nil
	}
	p.settleBody()
	if ex := p.ex; ex != nil {
		p.ex = nil
		ex.end()
		ex.release()
	}
	if p.origins != nil {
		p.origins.leave()
		p.origins = nil
	}
}

// abandon ends a passage that panicked.
func (p *passage) abandon() {
	defer func() { _ = recover() }()
	if p.conn != nil {
		p.conn.Release(false)
	}
	p.end()
}

// decide asks the sites what is to be done.
func (p *passage) decide() {
	a := &p.asked
	if p.now.sites == nil {
		p.directive = site.Directive{Mode: site.Active, Host: a.authority, Inspect: true}
		return
	}
	p.decision = site.Request{
		Method: a.method, Host: a.authority, Path: a.path, Query: a.query, Fields: a.fields,
		PeerTrusted: a.origin.trusted, Now: time.Now(), Random: random16,
	}
	p.directive = p.now.sites.Decide(&p.decision)
	if p.directive.ForwardedFor {
		a.origin.trusted = true
	}
	p.directive.Secure = p.scheme() == "https"
}

// inspect opens an exchange if a spec matches.
func (p *passage) inspect() {
	if !p.directive.Inspect {
		return
	}
	p.describe()
	p.ex = p.wire.inspection.begin(p.now, &p.client, p.directive.Mode == site.Active && p.directive.Answer == nil)
}

// describe says in p.client what is known of the request without its body.
func (p *passage) describe() {
	a := &p.asked
	p.client = capture.Request{
		Method: a.method, Scheme: p.scheme(), Host: p.directive.Host, Path: a.path, Query: a.query, Header: a.fields,
		Peer:       a.origin.peer,
		Connection: p.connection(),
	}
	if a.origin.trusted {
		p.client.Peer = p.visitorAddress()
	} else {
		p.client.Connection.SpoofedForwarding = p.directive.Spoofed || p.claims()
	}
}

// connection is what the visitor's connection shows. A trusted proxy's tells nothing of the visitors that share it.
func (p *passage) connection() capture.Connection {
	who := &p.asked.origin
	if who.trusted {
		return capture.Connection{Protocol: who.protocol, Relayed: true}
	}
	return capture.Connection{ID: who.connection, Protocol: who.protocol, JA4: who.ja4, HTTP2: who.http2,
		HintsAsked: who.hints.asked(p.directive.Host, who.protocol == "HTTP/2", time.Now)}
}

// carry does what is to be done with the request.
func (p *passage) carry() {
	p.prepareBody()
	if p.directive.Health && p.wire.stopping.Load() {
		p.plain(http.StatusServiceUnavailable)
		return
	}
	if p.directive.Answer != nil {
		p.takeBody()
		p.own(p.directive.Answer, http.StatusOK)
		return
	}
	if p.ex != nil && p.ex.held() {
		p.ready()
		p.resume()
		decided := p.ex.decide(p.wire.requests)
		p.ex.pay(p.wire.requests, &decided)
		if p.obey(decided) {
			return
		}
	}
	p.forward()
}

// ready notes when a held request was there. An origin's answer takes its time from there on: who lets the body wait must not be
// able to tell a feigned answer by its coming too early.
func (p *passage) ready() {
	p.began = p.ex.began
	if p.ahead != nil {
		p.began = time.Now()
		p.ex.late = p.began.Sub(p.ex.began)
	}
}

// scheme is how the visitor reached the first trusted proxy.
func (p *passage) scheme() string {
	if p.asked.origin.trusted {
		for i := range p.asked.fields {
			if field := &p.asked.fields[i]; p.known(i) == http1.XForwardedProto {
				switch {
				case equalFold(field.Value, "https"):
					return "https"
				case equalFold(field.Value, "http"):
					return "http"
				}
				break
			}
		}
	}
	return p.asked.scheme
}

// known is what the i-th header is.
func (p *passage) known(i int) http1.Name {
	if head := p.asked.head; head != nil {
		return head.Known[i]
	}
	return http1.LookupRequest(p.asked.fields[i].Name)
}

// claims says whether the request has headers that tell another address than the peer's.
func (p *passage) claims() bool {
	forwarding := http1.NewNames(http1.XForwardedFor, http1.Forwarded, http1.XRealIP, http1.TrueClientIP, http1.CFConnectingIP,
		http1.FastlyClientIP, http1.XClientIP, http1.XForwarded, http1.Disguised)
	if p.asked.head != nil {
		return p.asked.head.Present&forwarding != 0
	}
	for i := range p.asked.fields {
		if forwarding.Has(p.known(i)) {
			return true
		}
	}
	return false
}

// visitorAddress is the address that trusted proxies vouch for.
func (p *passage) visitorAddress() netip.Addr {
	for i := range p.asked.fields {
		if p.known(i) == http1.XForwardedFor {
			p.lines = append(p.lines, p.asked.fields[i].Value)
		}
	}
	return visitorAddress(p.asked.origin.peer, p.wire.trusted, p.lines)
}
