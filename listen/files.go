package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// How often files are looked at, how many pairs at most each time (the others have their turn the next times), and how
// long after a change that could not be read the same files are tried again.
const (
	watchInterval = time.Second
	watchBatch    = 256
	watchRetry    = time.Minute
)

// maxFile bounds a file of certificates, 1 MiB.
const maxFile = 1 << 20

// pair is a certificate's two files.
type pair struct {
	files PairConfig
	entry *entry
	seen  [2]fileState
	retry time.Time // zero: what was seen is in use
}

// fileState tells one content of a file from another. Links are followed, so that a link that points elsewhere, which is
// how Kubernetes replaces mounted secrets, is a change.
type fileState struct {
	info os.FileInfo // nil: cannot be looked at
}

func stateOf(name string) fileState {
	info, err := os.Stat(name)
	if err != nil {
		return fileState{}
	}
	return fileState{info}
}

func (s fileState) equal(t fileState) bool {
	if s.info == nil || t.info == nil {
		return s.info == nil && t.info == nil
	}
	return os.SameFile(s.info, t.info) && s.info.Size() == t.info.Size() && s.info.ModTime().Equal(t.info.ModTime())
}

func newPair(files PairConfig) (*pair, error) {
	p := &pair{files: files, entry: newEntry(files.Certificate, "")}
	p.seen = p.state()
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pair) state() [2]fileState {
	return [2]fileState{stateOf(p.files.Certificate), stateOf(p.files.Key)}
}

func (p *pair) load() error {
	certificate, err := readBounded(p.files.Certificate)
	if err != nil {
		return fmt.Errorf("read the certificate %s: %w", p.files.Certificate, err)
	}
	key, err := readBounded(p.files.Key)
	if err != nil {
		return fmt.Errorf("read the key %s: %w", p.files.Key, err)
	}
	read, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("read the certificate %s with its key: %w", p.files.Certificate, err)
	}
	p.entry.set(&read)
	return nil
}

func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errors.New("greater than 1 MiB")
	}
	return content, err
}

// look reads the files again if they have changed; true if there is a new certificate. Files that cannot be read leave
// the old certificate in use, which is said once for each change.
func (p *pair) look(now time.Time, log *slog.Logger) bool {
	state := p.state()
	same := state[0].equal(p.seen[0]) && state[1].equal(p.seen[1])
	if same && (p.retry.IsZero() || now.Before(p.retry)) {
		return false
	}
	p.seen = state
	if err := p.load(); err != nil {
		p.retry = now.Add(watchRetry)
		if !same {
			log.Error("the changed certificate cannot be read, the old one stays in use",
				"certificate", p.files.Certificate, "error", err.Error())
		}
		return false
	}
	p.retry = time.Time{}
	log.Info("the certificate was read again", "certificate", p.files.Certificate)
	warnOfAge(log, p.entry, now)
	return true
}

// watch looks at the files until ctx ends.
func (k *keyring) watch(ctx context.Context) {
	if len(k.pairs) == 0 && k.clients == nil {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			next = k.lookAround(now, next)
		}
	}
}

// lookAround looks at one batch, beginning with the pair of the number next, and gives the number after it.
func (k *keyring) lookAround(now time.Time, next int) int {
	changed := false
	for range min(watchBatch, len(k.pairs)) {
		next %= len(k.pairs)
		if k.pairs[next].look(now, k.log) {
			changed = true
		}
		next++
	}
	if changed {
		k.build()
	}
	if k.clients != nil {
		k.clients.look(k.log)
	}
	return next
}

// warnOfAge says so when a certificate is of no use, or soon will be.
func warnOfAge(log *slog.Logger, e *entry, now time.Time) {
	leaf := e.current.Load().Leaf
	switch left := leaf.NotAfter.Sub(now); {
	case now.Before(leaf.NotBefore):
		log.Warn("the certificate is not valid yet", "certificate", e.source, "from", leaf.NotBefore)
	case left <= 0:
		log.Error("the certificate has expired", "certificate", e.source, "at", leaf.NotAfter)
	case left < leaf.NotAfter.Sub(leaf.NotBefore)/10:
		log.Warn("the certificate expires soon", "certificate", e.source, "at", leaf.NotAfter)
	}
}

// clientCA is the file of authorities that visitors' certificates come from.
type clientCA struct {
	name string
	seen fileState
	pool atomic.Pointer[x509.CertPool]
}

func newClientCA(name string) (*clientCA, error) {
	c := &clientCA{name: name, seen: stateOf(name)}
	return c, c.load()
}

func (c *clientCA) load() error {
	pool, err := readPool(c.name)
	if err != nil {
		return fmt.Errorf("read the authorities of client certificates %s: %w", c.name, err)
	}
	c.pool.Store(pool)
	return nil
}

func (c *clientCA) look(log *slog.Logger) {
	state := stateOf(c.name)
	if state.equal(c.seen) {
		return
	}
	c.seen = state
	if err := c.load(); err != nil {
		log.Error("the changed authorities cannot be read, the old ones stay in use", "error", err.Error())
		return
	}
	log.Info("the authorities of client certificates were read again", "file", c.name)
}

func readPool(name string) (*x509.CertPool, error) {
	text, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("it holds no certificate")
	}
	return pool, nil
}
