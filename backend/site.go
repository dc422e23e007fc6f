package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/decision"
	"wayguard/payment"
)

// The types of an integration.
const (
	typeLink = "link"
	typeHTTP = "http"
)

// speaker asks and tells backends in the words of their kind.
type speaker interface {
	assess(ctx context.Context, l *line, about *scope) (verdict, *fault)
	// tell is false where the backend does not want to know.
	tell(ctx context.Context, l *line, n notice) (wanted bool, f *fault)
	// receives are the credential types whose account number such a backend is told.
	receives(f *facts) []payment.CredentialType
}

// site is an integration.
type site struct {
	pool        *Pool
	of          decision.Integration
	base        string // without a slash at its end
	timeout     time.Duration
	client      *http.Client
	credentials Credentials
	hidden      []string // what must stand nowhere
	tokens      *tokens  // nil but for OAuth 2
	speaker     speaker
	// lines are its backends by id; the map is replaced, never changed.
	lines atomic.Pointer[map[string]*line]
	// untold is true until it told its backends for the first time.
	untold     atomic.Bool
	discovered atomic.Pointer[time.Time]
	// trouble is why it could not be asked for them last, nil for nothing.
	trouble atomic.Pointer[string]
	// guessed is the one way that is used for whatever rules name while it is untold.
	guessed atomic.Pointer[line]
}

// newSite makes an integration ready. Its error tells no secret.
func newSite(p *Pool, i decision.Integration) (*site, error) {
	if message := wrongAddress(i.BaseURL); message != "" {
		return nil, errors.New("base_url: " + message)
	}
	s := &site{pool: p, of: i, base: strings.TrimRight(i.BaseURL, "/"), timeout: p.limits.Timeout}
	if i.TimeoutMS > 0 {
		s.timeout = time.Duration(min(i.TimeoutMS, p.limits.LongestTimeout.Milliseconds())) * time.Millisecond
	}
	if len(i.Sealed) > 0 {
		clear, err := p.deps.Open(i.Sealed)
		if err != nil {
			return nil, errors.New("its credentials cannot be decrypted")
		}
		var problems []payment.Problem
		if s.credentials, problems = parseCredentials("credentials", clear); len(problems) > 0 {
			return nil, &decision.InvalidError{Problems: problems}
		}
	}
	s.hidden = s.credentials.all()
	if err := s.connect(); err != nil {
		return nil, err
	}
	if s.credentials.Type == oauth2 {
		s.tokens = &tokens{site: s}
	}
	lines := map[string]*line{}
	switch i.Type {
	case typeLink:
		s.speaker = link{s}
		s.untold.Store(true)
		s.guessed.Store(newLine(s, "", &facts{enabled: true}))
	case typeHTTP:
		made, problems := compileAdapter("adapter", i.Adapter)
		if len(problems) > 0 {
			return nil, &decision.InvalidError{Problems: problems}
		}
		s.speaker = web{s, made}
		lines[made.of.ID] = newLine(s, made.of.ID, made.facts())
	default:
		return nil, errors.New("its type is neither link nor http")
	}
	s.lines.Store(&lines)
	return s, nil
}

func (a *adapter) facts() *facts {
	f := &facts{title: a.of.Title, known: true, enabled: true, actions: map[string]bool{}, needs: map[payment.CredentialType][]need{"": a.needs}}
	for action := range a.accepts {
		f.actions[action] = true
	}
	for kind := range a.notify {
		f.actions["notify."+kind] = true
	}
	return f
}

// same says whether the integration is still as it was.
func (s *site) same(i decision.Integration) bool {
	o := s.of
	return o.ID == i.ID && o.Type == i.Type && o.Slug == i.Slug && o.Name == i.Name && o.BaseURL == i.BaseURL && o.TimeoutMS == i.TimeoutMS &&
		o.Enabled == i.Enabled && o.UpdatedAt.Equal(i.UpdatedAt) && bytes.Equal(o.Adapter, i.Adapter) && bytes.Equal(o.Sealed, i.Sealed)
}

// provisional is a way to a backend that the integration has not told of. All such share places and breaker: names are of rules, but
// the integration is one and down.
func (s *site) provisional(id string) *line {
	g := s.guessed.Load()
	if g == nil || !plainName(id) {
		return nil
	}
	l := &line{site: s, id: id, name: s.of.Slug + "/" + id, breaker: g.breaker, places: g.places}
	l.facts.Store(g.facts.Load())
	l.tally.failures = map[string]int64{}
	return l
}

// errWalls is of a plain connection to an address that is not inside the operator's walls.
var errWalls = errors.New("http is for addresses inside the walls only; use https")

// connect makes the client. Its transport is a copy with room for as many connections as calls may be under way.
func (s *site) connect() error {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if s.pool.deps.Client != nil {
		made, err := s.pool.deps.Client(s.pool.limits.LongestTimeout)
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		copied := *made
		client = &copied
	}
	transport, ok := client.Transport.(*http.Transport)
	if client.Transport == nil {
		transport, ok = http.DefaultTransport.(*http.Transport)
	}
	if ok {
		secure := transport.Clone()
		secure.MaxConnsPerHost, secure.MaxIdleConnsPerHost = s.pool.limits.Concurrency, s.pool.limits.Concurrency
		plain := secure.Clone()
		plain.DialContext = insideOnly(secure.DialContext)
		client.Transport = byScheme{secure: secure, plain: plain}
	}
	client.Jar = nil
	s.client = client
	return nil
}

// byScheme lets plain HTTP go to addresses inside the operator's walls only: what is told of a payment is not sent in clear
// through the world.
type byScheme struct{ secure, plain *http.Transport }

// RoundTrip implements http.RoundTripper.
func (b byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return b.secure.RoundTrip(r)
	}
	return b.plain.RoundTrip(r)
}

// CloseIdleConnections is called by http.Client.
func (b byScheme) CloseIdleConnections() {
	b.secure.CloseIdleConnections()
	b.plain.CloseIdleConnections()
}

type dial = func(ctx context.Context, network, address string) (net.Conn, error)

func insideOnly(inner dial) dial {
	if inner == nil {
		inner = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := inner(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if far, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err != nil || !inside(far.Addr()) {
			_ = conn.Close() // nothing was sent
			return nil, errWalls
		}
		return conn, nil
	}
}

// inside says whether an address can lie inside the operator's walls: private, loopback, link-local or shared (RFC 6598).
func inside(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(a)
}
