package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Bounds of HTTP/2 connections.
const (
	pingAfter    = 15 * time.Second // of silence
	pingTimeout  = 5 * time.Second
	writeTimeout = time.Minute
	headBytes    = 1 << 20
)

// What an endpoint of protocol auto was found to speak.
const (
	spokenUnknown int32 = iota
	spokenHTTP1
	spokenH2
)

// streams is HTTP/2 to one address. net/http's client speaks it, over connections that the dialer makes.
type streams struct {
	transport atomic.Pointer[http.Transport]
	closed    atomic.Bool

	spoken   atomic.Int32
	learning singleflight.Group
	spare    chan net.Conn // a connection made while learning, for the first request
}

func (p *pool) http2() *http.Transport {
	if t := p.streams.transport.Load(); t != nil {
		return t
	}
	p.streams.transport.CompareAndSwap(nil, p.newTransport(p.dialer.protocol, false))
	return p.streams.transport.Load()
}

// newTransport makes a client of net/http over our connections; once makes it use each for one request only.
func (p *pool) newTransport(protocol Protocol, once bool) *http.Transport {
	d := p.dialer
	t := &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dialStreams(d.socket(ctx)) },
		ResponseHeaderTimeout:  d.limits.responseTimeout,
		IdleConnTimeout:        d.limits.idleTimeout,
		MaxIdleConns:           d.limits.idle,
		MaxIdleConnsPerHost:    d.limits.idle,
		MaxResponseHeaderBytes: headBytes,
		DisableCompression:     true, // else the origin would see an Accept-Encoding that nobody sent
		DisableKeepAlives:      once,
		Protocols:              new(http.Protocols),
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: writeTimeout},
	}
	offer := []string{"h2"}
	switch protocol {
	case ProtocolH2:
		t.Protocols.SetHTTP2(true)
	case ProtocolH2C:
		t.Protocols.SetUnencryptedHTTP2(true)
	case ProtocolAuto:
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetHTTP1(true)
		offer = []string{"h2", "http/1.1"}
	default:
		t.Protocols.SetHTTP1(true)
		offer = []string{"http/1.1"}
	}
	t.DialTLSContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return p.dialStreams(p.dialSecure(ctx, address, offer))
	}
	return t
}

// dialStreams counts a connection.
func (p *pool) dialStreams(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		result := ResultConnect
		if exhausted(err) {
			result = ResultBusy
		}
		return nil, &Failure{Result: result, Address: p.dialer.own.String(), Cause: err}
	}
	p.mu.Lock()
	p.counts.made++
	p.mu.Unlock()
	return conn, nil
}

func (p *pool) dialSecure(ctx context.Context, address string, offer []string) (net.Conn, error) {
	select {
	case spare := <-p.streams.spare:
		return spare, nil
	default:
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read an address: %w", err)
	}
	over, _, err := p.dialer.secure(ctx, name, offer...)
	if err != nil {
		return nil, err
	}
	h2 := over.ConnectionState().NegotiatedProtocol == "h2"
	if len(offer) == 1 && offer[0] == "h2" && !h2 {
		_ = over.NetConn().Close()
		return nil, errors.New("the endpoint does not speak HTTP/2")
	}
	if len(offer) == 2 {
		p.learned(h2)
	}
	return over, nil
}

func (p *pool) learned(h2 bool) {
	if h2 {
		p.streams.spoken.Store(spokenH2)
	} else {
		p.streams.spoken.Store(spokenHTTP1)
	}
}

// speaksHTTP1 says what an endpoint of protocol auto speaks, and finds it out the first time. An endpoint that cannot be
// reached is taken to speak HTTP/1.1, for now: the request's own try to connect will tell what is wrong.
func (p *pool) speaksHTTP1() bool {
	if p.dialer.tls == nil {
		return true
	}
	if p.streams.spoken.Load() == spokenUnknown {
		_, _, _ = p.streams.learning.Do("", func() (any, error) {
			p.learn()
			return nil, nil
		})
	}
	return p.streams.spoken.Load() != spokenH2
}

// learn makes a connection to see what the endpoint chooses, and keeps it for a request.
func (p *pool) learn() {
	if p.streams.spoken.Load() != spokenUnknown {
		return
	}
	over, under, err := p.dialer.secure(context.Background(), "", "h2", "http/1.1")
	if err != nil {
		return
	}
	h2 := over.ConnectionState().NegotiatedProtocol == "h2"
	p.learned(h2)
	if h2 {
		p.keepSpare(over)
		return
	}
	_ = under.Conn.Close() // HTTP/1.1 connections have places, which this one did not take
}

func (p *pool) keepSpare(over *tls.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		select {
		case p.streams.spare <- over:
			return
		default:
		}
	}
	_ = over.NetConn().Close()
}

// forgetProtocol makes an endpoint of protocol auto be asked again what it speaks.
func (p *pool) forgetProtocol() { p.streams.spoken.Store(spokenUnknown) }

// shut closes what is unused.
func (s *streams) shut() {
	s.closed.Store(true)
	select {
	case spare := <-s.spare:
		_ = spare.(*tls.Conn).NetConn().Close()
	default:
	}
	if t := s.transport.Load(); t != nil {
		t.CloseIdleConnections()
	}
}

// HTTP1 says that requests go by Connect; else they go by RoundTrip. For protocol auto it connects the first time, to find
// out, and may take as long as that.
func (e *Endpoint) HTTP1() bool {
	switch e.group.config.Protocol {
	case ProtocolH2, ProtocolH2C:
		return false
	case ProtocolAuto:
		return e.pool.speaksHTTP1()
	}
	return true
}

// RoundTrip carries a request by HTTP/2: request and answer stream both ways at once, trailers in r.Trailer and
// Response.Trailer, the bodies under flow control. The request is not changed; its URL's scheme and host need not be set,
// r.Host is the :authority. r.Context ends it. The answer's body must be closed. Errors are *Failure, but for those of the
// request itself.
func (e *Endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	out := new(http.Request)
	*out = *r
	place := e.pool.dialer.place
	host := place.authority()
	if name := serverName(r.Host); e.pool.dialer.fromHost && name != "" {
		host = place.withHost(name)
	}
	if r.URL == nil {
		return nil, errors.New("origin: a request without URL")
	}
	out.URL = new(url.URL)
	*out.URL = *r.URL
	out.URL.Scheme, out.URL.Host = place.scheme(), host
	if out.Host == "" {
		out.Host = place.hostHeader()
	}
	if _, named := r.Header["User-Agent"]; !named {
		// net/http would name itself.
		if out.Header = maps.Clone(r.Header); out.Header == nil {
			out.Header = http.Header{}
		}
		out.Header["User-Agent"] = []string{""}
	}
	e.busy.Add(1)
	answer, err := e.pool.http2().RoundTrip(out)
	if err != nil {
		e.busy.Add(-1)
		return nil, e.streamFailure(err)
	}
	answer.Body = &countedBody{ReadCloser: answer.Body, endpoint: e}
	return answer, nil
}

func (e *Endpoint) streamFailure(err error) error {
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	result := ResultOf(err)
	if result == ResultGone {
		return err
	}
	return &Failure{Result: result, Sent: true, Address: e.address, Cause: err}
}

// countedBody tells when a request is over.
type countedBody struct {
	io.ReadCloser
	endpoint *Endpoint
	once     sync.Once
}

// Close ends the request.
func (b *countedBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() {
		b.endpoint.busy.Add(-1)
		if s := &b.endpoint.pool.streams; s.closed.Load() {
			s.transport.Load().CloseIdleConnections()
		}
	})
	return err
}
