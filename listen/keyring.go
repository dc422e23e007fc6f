package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// keyring holds the certificates of one tls section. What a handshake reads is replaced as a whole by the loops in the
// background, never changed.
type keyring struct {
	settings  TLSConfig
	log       *slog.Logger
	entries   []*entry
	pairs     []*pair
	clients   *clientCA
	authority *authority

	building sync.Mutex
	index    atomic.Pointer[index]
}

// entry is a place for one certificate.
type entry struct {
	// source is the certificate's file or the domain, for people.
	source string
	// domain is the name an ACME certificate is for, empty for files.
	domain  string
	current atomic.Pointer[tls.Certificate]
	arrived chan struct{} // closed when there is a certificate for the first time
	arrive  sync.Once
}

// index finds the entries of a name, in the order configured.
type index struct {
	exact, wildcard map[string][]*entry
}

func newEntry(source, domain string) *entry {
	return &entry{source: source, domain: domain, arrived: make(chan struct{})}
}

// set replaces the certificate; the same one read again keeps its staple.
func (e *entry) set(certificate *tls.Certificate) {
	if old := e.current.Load(); old != nil && bytes.Equal(old.Leaf.Raw, certificate.Leaf.Raw) {
		certificate.OCSPStaple = old.OCSPStaple
	}
	e.current.Store(certificate)
	e.arrive.Do(func() { close(e.arrived) })
}

// names are those that the certificate is chosen for, in lower case.
func (e *entry) names() []string {
	if e.domain != "" {
		return []string{e.domain}
	}
	leaf := e.current.Load().Leaf
	names := leaf.DNSNames
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = []string{leaf.Subject.CommonName}
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	return lower
}

// keyring gives the ring of a tls section; doors with equal sections share one.
func (d *Doors) keyring(settings TLSConfig, clear bool) (*keyring, error) {
	for _, k := range d.keyrings {
		if reflect.DeepEqual(k.settings, settings) {
			return k, nil
		}
	}
	k := &keyring{settings: settings, log: d.log}
	var files []PairConfig
	if settings.Certificate != "" {
		files = append(files, PairConfig{Certificate: settings.Certificate, Key: settings.Key})
	}
	for _, file := range append(files, settings.Certificates...) {
		p, err := newPair(file)
		if err != nil {
			return nil, err
		}
		k.pairs = append(k.pairs, p)
		k.entries = append(k.entries, p.entry)
		warnOfAge(d.log, p.entry, time.Now())
	}
	if settings.ACME != nil {
		authority, err := newAuthority(*settings.ACME, clear, d.log)
		if err != nil {
			return nil, err
		}
		k.authority = authority
		k.entries = append(k.entries, authority.entries...)
	}
	if settings.ClientCA != "" {
		clients, err := newClientCA(settings.ClientCA)
		if err != nil {
			return nil, err
		}
		k.clients = clients
	}
	k.build()
	d.keyrings = append(d.keyrings, k)
	return k, nil
}

// build makes the index anew, after certificates, and so perhaps names, have changed.
func (k *keyring) build() {
	k.building.Lock()
	defer k.building.Unlock()
	next := &index{exact: map[string][]*entry{}, wildcard: map[string][]*entry{}}
	for _, e := range k.entries {
		for _, name := range e.names() {
			if rest, ok := strings.CutPrefix(name, "*."); ok {
				next.wildcard[rest] = append(next.wildcard[rest], e)
			} else {
				next.exact[name] = append(next.exact[name], e)
			}
		}
	}
	k.index.Store(next)
}

// keep starts the loops that watch the files, obtain certificates and staples, until ctx ends.
func (k *keyring) keep(ctx context.Context, loops *sync.WaitGroup) {
	loops.Go(func() { k.watch(ctx) })
	loops.Go(func() { newStapler(k.log).keep(ctx, k.entries) })
	if k.authority != nil {
		k.authority.keep(ctx)
	}
}

// certificate chooses for a handshake.
func (k *keyring) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	found := k.index.Load()
	entries := found.exact[name]
	if entries == nil {
		_, rest, _ := strings.Cut(name, ".")
		entries = found.wildcard[rest]
	}
	if entries == nil {
		return k.fallback()
	}
	if len(entries) == 1 {
		return entries[0].await(hello.Context())
	}
	for _, e := range entries {
		if c := e.current.Load(); c != nil && hello.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	return entries[0].await(hello.Context())
}

// fallback is for names that nobody has: the first certificate there is.
func (k *keyring) fallback() (*tls.Certificate, error) {
	for _, e := range k.entries {
		if c := e.current.Load(); c != nil {
			return c, nil
		}
	}
	return nil, errors.New("choose a certificate: there is none yet")
}

// await gives the certificate, waiting a while for one that is still being obtained for the first time.
func (e *entry) await(ctx context.Context) (*tls.Certificate, error) {
	if c := e.current.Load(); c != nil {
		return c, nil
	}
	timer := time.NewTimer(handshakeWait)
	defer timer.Stop()
	select {
	case <-e.arrived:
		return e.current.Load(), nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("choose a certificate: that of %s is not obtained yet", e.source)
}
