package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"wayguard/api"
	"wayguard/backend"
	"wayguard/config"
	"wayguard/decision"
	"wayguard/event"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/journey"
	"wayguard/payment"
	"wayguard/store"
	"wayguard/stream"
)

// The files in the data directory that payment decisions have.
const (
	ledgerFile   = "decisions.db"
	tokenKeyFile = "decision-tokens.json"
	journeysFile = "journeys.snapshot"
)

// payments is all that decides about payments.
type payments struct {
	config   config.DecisionsConfig
	ledger   *store.Ledger
	service  *decision.Service
	pool     *backend.Pool
	api      *api.API
	sender   *integration.Webhooks
	journeys *journeys
	// acceptance is how payments are read.
	acceptance payment.Acceptance
}

// decides says whether this process decides about payments.
func (h *house) decides() bool { return h.role != OnlyEngine && h.config.Decisions.Listen != "" }

// openPayments opens what decides about payments.
func (h *house) openPayments(ctx context.Context) (err error) {
	c := h.config.Decisions
	p := &payments{config: c, journeys: h.newJourneys()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.ledger, err = store.OpenLedger(ctx, filepath.Join(h.config.Data, ledgerFile), store.Options{}); err != nil {
		return err
	}
	seal, err := newSealing(subkey(h.secret, "payment secrets"))
	if err != nil {
		return err
	}
	acceptance, err := acceptanceOf(c, subkey(h.secret, "payment fingerprints"))
	if err != nil {
		return err
	}
	p.acceptance = acceptance
	lists, err := namedLists(c)
	if err != nil {
		return err
	}
	// The pool asks the service for integrations, the service asks the pool for backends: one is told of the other once it is there.
	var serving atomic.Pointer[decision.Service]
	p.pool = backend.New(backend.Deps{
		Integrations: func() []decision.Integration {
			if s := serving.Load(); s != nil {
				return s.IntegrationsInForce()
			}
			return nil
		},
		Open: seal.open,
		Client: func(timeout time.Duration) (*http.Client, error) {
			return integration.NewCaller(c.AllowPrivate, timeout)
		},
		Now: h.world.Now, Logger: h.world.Logger,
	})
	var sender atomic.Pointer[integration.Webhooks]
	p.service, err = decision.New(ctx, decision.Deps{
		Environment: h.config.Environment, Ledger: p.ledger, Journeys: p.journeys, Backends: p.pool, Notifier: p.pool,
		KnownBackend: p.pool.Known, CheckIntegration: p.pool.Check, Integrated: p.pool.Wake, Acceptance: acceptance, Lists: lists, Now: h.world.Now, NewID: newID, Seal: seal.seal, Open: seal.open,
		Audit: h.auditPayments,
		Wake: func() {
			if s := sender.Load(); s != nil {
				s.Wake()
			}
		},
		Logger: h.world.Logger,
		Limits: decision.Limits{Asynchronous: c.AsyncTimeout, SharedContext: c.AllowSharedContext, PlainHTTP: len(c.AllowPrivate) > 0, Counters: c.Counters, Decisions: c.Retention.Decisions, Payloads: c.Retention.Payloads},
	})
	if err != nil {
		return err
	}
	serving.Store(p.service)
	calls := h.config.Webhooks
	calls.AllowPrivate = append(calls.AllowPrivate[:len(calls.AllowPrivate):len(calls.AllowPrivate)], c.AllowPrivate...)
	if p.sender, err = integration.New(calls, p.ledger, p.target, h.world.Now, h.world.Logger); err != nil {
		return err
	}
	sender.Store(p.sender)
	keys, err := api.OpenKeys(filepath.Join(h.config.Data, tokenKeyFile), api.Sealing{Seal: seal.seal, Open: seal.open}, h.world.Now())
	if err != nil {
		return err
	}
	p.api, err = api.New(c.Config, api.Deps{Environment: h.config.Environment, Service: p.service, Acceptance: acceptance, Keys: keys,
		Backends: func() any { return p.pool.List() }, RefreshBackends: p.pool.Refresh, Outbox: p.ledger, Audit: h.auditPayments, Now: h.world.Now, NewID: newID, Logger: h.world.Logger})
	if err != nil {
		return err
	}
	h.payments.Store(p)
	h.mitigator.payments.Store(p)
	return nil
}

// close ends what is open of it.
func (p *payments) close() error {
	if p.pool != nil {
		p.pool.Close()
	}
	if p.ledger != nil {
		return p.ledger.Close()
	}
	return nil
}

// startPayments starts what decides about payments works with, until ctx ends.
func (h *house) startPayments(ctx context.Context, back *errgroup.Group) {
	p := h.payments.Load()
	if p == nil {
		return
	}
	h.metrics.MustRegister(newPaymentsCollector(h))
	for _, work := range []func(context.Context){p.pool.Run, p.service.Run, p.sender.Run, p.api.Run, p.journeys.run} {
		back.Go(func() error { work(ctx); return nil })
	}
}

// servePayments answers merchants until ctx ends.
func (h *house) servePayments(ctx context.Context, listener net.Listener) {
	if p := h.payments.Load(); p != nil {
		h.world.Logger.Info("decision API open", "address", listener.Addr().String())
		if h.decisionsTLS != nil {
			listener = tls.NewListener(listener, h.decisionsTLS)
		}
		h.serveBeside("decisions", p.api.Serve(ctx, listener))
	}
}

// decisionsTLS reads the certificate that the section names, nil where it names none.
func decisionsTLS(c config.DecisionsConfig) (*tls.Config, error) {
	if c.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("decisions: certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// target tells the sender where an endpoint's messages go.
func (p *payments) target(action string) (integration.Target, bool) {
	id, ours := strings.CutPrefix(action, decisionAction)
	if !ours {
		return integration.Target{}, false
	}
	endpoint, keys, found := p.service.EndpointKeys(event.ID(id))
	if !found {
		return integration.Target{}, false
	}
	target := integration.Target{URL: endpoint.URL, Scheme: integration.SchemeHMAC}
	if len(keys) > 0 {
		target.Secret = keys[0]
	}
	if len(keys) > 1 {
		target.Previous = keys[1]
	}
	return target, true
}

// decisionAction begins the action of a webhook about a decision; the endpoint's id follows.
const decisionAction = "decision:"

// hubPayments is the API as people of the Hub reach it.
func (h *house) hubPayments(event.Environment) hub.Payments {
	if p := h.payments.Load(); p != nil {
		return personal{p.api}
	}
	return nil
}

// acceptanceOf is how payments are read.
func acceptanceOf(c config.DecisionsConfig, key []byte) (payment.Acceptance, error) {
	a := payment.Acceptance{PCI: payment.PCILevel(c.PCILevel), Prints: payment.NewFingerprinter(key)}
	if c.BinTable == "" {
		return a, nil
	}
	text, err := os.ReadFile(c.BinTable)
	if err != nil {
		return a, fmt.Errorf("table of card ranges: %w", err)
	}
	if a.Bins, err = payment.ReadBins(bytes.NewReader(text)); err != nil {
		return a, fmt.Errorf("table of card ranges %s: %w", c.BinTable, err)
	}
	return a, nil
}

// namedLists reads the lists of the configuration and of the files that they name.
func namedLists(c config.DecisionsConfig) (map[string][]string, error) {
	lists := map[string][]string{}
	for name, list := range c.Lists {
		values := append([]string{}, list.Values...)
		if list.File != "" {
			text, err := os.ReadFile(list.File)
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", name, err)
			}
			lines := bufio.NewScanner(bytes.NewReader(text))
			for lines.Scan() {
				value, _, _ := strings.Cut(lines.Text(), "#")
				if value = strings.TrimSpace(value); value != "" {
					values = append(values, value)
				}
			}
			if err := lines.Err(); err != nil {
				return nil, fmt.Errorf("list %s: %w", name, err)
			}
		}
		lists[name] = values
	}
	return lists, nil
}

// newID makes an id that sorts by time and cannot be guessed.
func newID(at time.Time) event.ID {
	var random [10]byte
	_, _ = rand.Read(random[:]) // it never fails, see its documentation
	return event.RandomID(at, random)
}

// sealing encrypts secrets that are kept: AES-256-GCM (NIST SP 800-38D) with a random nonce before the text.
type sealing struct{ aead cipher.AEAD }

func newSealing(key []byte) (sealing, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealing{}, fmt.Errorf("sealing: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealing{}, fmt.Errorf("sealing: %w", err)
	}
	return sealing{aead}, nil
}

func (s sealing) seal(clear []byte) ([]byte, error) { return s.aead.Seal(nil, nil, clear, nil), nil }

func (s sealing) open(sealed []byte) ([]byte, error) {
	clear, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errors.New("a sealed secret cannot be opened: it was sealed by another installation, or is damaged")
	}
	return clear, nil
}

// newJourneys makes what finds the journeys of payments, with what was known when the state was saved last.
func (h *house) newJourneys() *journeys {
	index := h.loadJourneys(filepath.Join(h.config.Data, journeysFile))
	h.judge.journeys.Store(index)
	return &journeys{index: index, judge: h.judge, environment: h.config.Environment, keys: h.keys, element: h.mitigator.elementOf,
		form: h.mitigator.form, idle: h.config.Sessions.IdleTimeout, told: make(chan telling, toldLimit), logger: h.world.Logger}
}

// loadJourneys reads the journeys that were saved with the state. Those that cannot be used begin anew, with the records that the state
// is restored from.
func (h *house) loadJourneys(path string) *journey.Index {
	secret := subkey(h.secret, "journeys of payments")
	index := journey.New(h.config.Environment, 0, secret)
	h.keeper.journeysPath, h.keeper.journeysFrom = path, h.keeper.from
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return index
	}
	var at uint64
	if err == nil {
		at, err = index.Load(text)
	}
	if err == nil && stream.Position(at) > h.log.Durable() {
		err = errors.New("they are ahead of the log, which was removed or replaced")
	}
	if err != nil {
		h.world.Logger.Error("the journeys that payments are joined to cannot be used; they begin anew", "error", err)
		return journey.New(h.config.Environment, 0, secret)
	}
	h.keeper.journeysFrom = stream.Position(at)
	return index
}
