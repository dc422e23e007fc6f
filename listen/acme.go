package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// ChallengePath begins the paths that Doors.Challenge may know (RFC 8555 section 8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// maxToken bounds a challenge's token; real ones have 43 characters.
const maxToken = 128

// acmePoll is how often a certificate that is there is compared with what the renewal in the background has brought.
const acmePoll = time.Minute

// acmeOrders bounds the certificates that one authority is asked for at the same time.
const acmeOrders = 4

// authority obtains and renews the certificates of one ACME authority. Handshakes read the entries; only the loops here
// ask the manager, which may take minutes.
type authority struct {
	manager *autocert.Manager
	proofs  http.Handler // answers HTTP-01, nil where no door is in clear
	entries []*entry
	orders  chan struct{}
	poll    time.Duration // acmePoll
	stop    context.CancelFunc
	log     *slog.Logger
}

func newAuthority(config ACMEConfig, clear bool, log *slog.Logger) (*authority, error) {
	if err := prepareCache(config.Cache); err != nil {
		return nil, fmt.Errorf("use the folder for ACME certificates %s: %w", config.Cache, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	client, err := acmeClient(ctx, config)
	if err != nil {
		stop()
		return nil, err
	}
	a := &authority{orders: make(chan struct{}, acmeOrders), poll: acmePoll, stop: stop, log: log}
	domains := make([]string, len(config.Domains))
	for i, domain := range config.Domains {
		if domains[i], err = idna.Lookup.ToASCII(domain); err != nil {
			stop()
			return nil, fmt.Errorf("read the domain %q: %w", domain, err)
		}
		a.entries = append(a.entries, newEntry(domains[i], domains[i]))
	}
	a.manager = &autocert.Manager{
		Prompt: func(string) bool { return config.AcceptTerms }, Cache: cache{autocert.DirCache(config.Cache), log},
		HostPolicy: autocert.HostWhitelist(domains...), Client: client, Email: config.Email,
	}
	if external := config.ExternalAccount; external != nil {
		key, err := macKey(external.Key)
		if err != nil {
			stop()
			return nil, errors.New("read the external account's key: not base64url")
		}
		a.manager.ExternalAccountBinding = &acme.ExternalAccountBinding{KID: external.KeyID, Key: key}
	}
	if clear {
		a.proofs = a.manager.HTTPHandler(http.NotFoundHandler())
	}
	return a, nil
}

// prepareCache makes the folder and tries to write: a certificate that cannot be kept is asked for at every start, until
// the authority's limit is reached.
func prepareCache(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(folder, ".probe-")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func acmeClient(ctx context.Context, config ACMEConfig) (*acme.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if config.DirectoryCA != "" {
		roots, err := readPool(config.DirectoryCA)
		if err != nil {
			return nil, fmt.Errorf("read the ACME directory's authorities %s: %w", config.DirectoryCA, err)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	directory := config.Directory
	if directory == "" {
		directory = LetsEncrypt
	}
	return &acme.Client{
		DirectoryURL: directory, UserAgent: "wayguard",
		HTTPClient:   &http.Client{Transport: stoppable{ctx, transport}, Timeout: time.Minute},
		RetryBackoff: acmeRetry,
	}, nil
}

// acmeRetry is the wait before a request is repeated within one attempt. An authority that says that it is asked too
// often is left alone until the next attempt.
func acmeRetry(n int, _ *http.Request, response *http.Response) time.Duration {
	if n > 5 || response.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return 100 * time.Millisecond << n
}

// stoppable fails requests once its context has ended: the manager's own cannot be ended from outside.
type stoppable struct {
	ctx  context.Context
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (s stoppable) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	return s.base.RoundTrip(r)
}

// cache says so when something cannot be kept, which the manager does not.
type cache struct {
	autocert.Cache
	log *slog.Logger
}

// Put implements autocert.Cache.
func (c cache) Put(ctx context.Context, key string, data []byte) error {
	err := c.Cache.Put(ctx, key, data)
	if err != nil {
		c.log.Error("what an ACME authority gave cannot be kept", "key", key, "error", err.Error())
	}
	return err
}

// keep tends all domains until ctx ends. It is not waited for: an order under way may take minutes to notice.
func (a *authority) keep(ctx context.Context) {
	context.AfterFunc(ctx, a.stop)
	for _, e := range a.entries {
		go a.tend(ctx, e)
	}
}

// tend obtains the certificate of a domain and follows its renewals.
func (a *authority) tend(ctx context.Context, e *entry) {
	failures := 0
	var warned time.Time
	for ctx.Err() == nil {
		wait := a.poll
		if err := a.obtain(ctx, e); err != nil && ctx.Err() == nil {
			failures++
			wait = acmeBackoff(failures)
			a.log.Error("no certificate could be obtained", "domain", e.domain, "error", err.Error(), "next_try_in", wait.String())
		} else if err == nil {
			failures = 0
			if now := time.Now(); renewalLate(e.current.Load().Leaf, now) && now.Sub(warned) > 24*time.Hour {
				warned = now
				a.log.Warn("the certificate should have been renewed by now", "domain", e.domain, "expires", e.current.Load().Leaf.NotAfter)
			}
		}
		pause(ctx, wait)
	}
}

// obtain asks the manager, which answers at once where it has a certificate and otherwise orders one.
func (a *authority) obtain(ctx context.Context, e *entry) error {
	select {
	case a.orders <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.orders }()
	certificate, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
		ServerName: e.domain,
		// The manager keeps two certificates of a domain, for clients with ECDSA and without. All clients that have TLS
		// 1.2 have ECDSA; this makes it always that one.
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	})
	if err != nil {
		return err
	}
	if old := e.current.Load(); old == nil || !old.Leaf.Equal(certificate.Leaf) {
		e.set(certificate)
		a.log.Info("a certificate was obtained", "domain", e.domain, "expires", certificate.Leaf.NotAfter)
	}
	return nil
}

// acmeBackoff is how long to wait after failures in a row. Let's Encrypt allows 5 failed proofs of a domain an hour; the
// manager itself repeats its last failure for the first minute.
func acmeBackoff(failures int) time.Duration {
	switch failures {
	case 1:
		return 70 * time.Second
	case 2:
		return 5 * time.Minute
	case 3:
		return 20 * time.Minute
	}
	return time.Hour
}

// renewalLate says whether a certificate has less than a sixth of its life left: the manager renews it at a third, or 30
// days.
func renewalLate(leaf *x509.Certificate, now time.Time) bool {
	return leaf.NotAfter.Sub(now) < min(15*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/6)
}

// token is the certificate that proves a domain by TLS-ALPN-01 (RFC 8737).
func (a *authority) token(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !a.has(hello.ServerName) {
		return nil, errors.New("prove a domain: it is not one of those configured")
	}
	return a.manager.GetCertificate(hello)
}

func (a *authority) has(domain string) bool {
	domain = strings.ToLower(domain)
	return slices.ContainsFunc(a.entries, func(e *entry) bool { return e.domain == domain })
}

// Challenge answers the HTTP-01 proof of a domain: the body for a GET of path at host, which may have a port. Not ok: the
// request is not about a proof under way here and belongs to the application.
func (d *Doors) Challenge(host, path string) (body []byte, ok bool) {
	token, below := strings.CutPrefix(path, ChallengePath)
	if !below || token == "" || len(token) > maxToken || strings.ContainsFunc(token, notInToken) {
		return nil, false
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	for _, k := range d.keyrings {
		if k.authority == nil || k.authority.proofs == nil || !k.authority.has(host) {
			continue
		}
		answer := &answer{header: http.Header{}}
		k.authority.proofs.ServeHTTP(answer, &http.Request{Method: http.MethodGet, Host: host, URL: &url.URL{Path: path}})
		if answer.status == 0 || answer.status == http.StatusOK {
			return answer.body, true
		}
	}
	return nil, false
}

func notInToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   []byte
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}
