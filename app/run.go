package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"wayguard/config"
	"wayguard/element"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/listen"
	"wayguard/origin"
	"wayguard/proxy"
	"wayguard/state"
	"wayguard/store"
	"wayguard/stream"
)

// RunOptions is what the command line says; it outranks the configuration file.
type RunOptions struct {
	// Config is a file's path, empty for none.
	Config string
	// Origin, Listen, Hub and Data replace the file's values where they are not empty.
	Origin, Listen, Hub, Data string
	// Role is what this process does; empty: everything.
	Role Role
	// Inherited are the sockets of the process before this one; nil is none.
	Inherited *listen.Inherited
}

// Signals are what an operator asks of a running process; each may be nil.
type Signals struct {
	// Reload asks for the configuration to be read again, Upgrade for a new process to take over.
	Reload, Upgrade <-chan os.Signal
}

// Role is the part of the work that a process does.
type Role string

// The roles. A process that is only an engine passes traffic, judges it and keeps the log; it has no Hub, no warehouse and
// sends no webhooks, so that nothing but traffic costs it anything.
const (
	Everything Role = "all"
	OnlyEngine Role = "engine"
)

// Run protects a site until ctx ends.
func Run(ctx context.Context, world World, options RunOptions, signals Signals) error {
	c, err := options.read(world)
	if err != nil {
		return err
	}
	h, err := open(world, c, options)
	if err != nil {
		return err
	}
	read := func() (config.Config, error) { return options.read(world) }
	return h.run(ctx, signals, read)
}

// read loads the configuration and lays the command line over it.
func (o RunOptions) read(world World) (config.Config, error) {
	c := config.Default()
	if o.Config != "" {
		loaded, problems := config.Load(o.Config, world.Lookup)
		if err := problems.Err(); err != nil {
			return c, err
		}
		c = loaded
	}
	for _, flag := range []struct {
		value string
		field *string
	}{{o.Origin, &c.Proxy.Origin.URL}, {o.Hub, &c.Hub.Listen}, {o.Data, &c.Data}} {
		if flag.value != "" {
			*flag.field = flag.value
		}
	}
	if o.Listen != "" {
		c.Proxy.Listen = []proxy.ListenConfig{{Address: o.Listen}}
	}
	if c.Proxy.Origin.URL == "" {
		return c, errNoOrigin
	}
	return c, nil
}

// house is the running program: every part, in the order they are built. Traffic comes first: the proxy serves before
// storage is open, and goes on where storage cannot be opened.
type house struct {
	world  World
	config config.Config
	role   Role
	// inherited are the sockets of the process before this one, nil where there was none.
	inherited *listen.Inherited
	keys      element.Keys
	secret    []byte // the installation's
	mitigator *mitigator
	notifiers *integration.Notifiers

	judge   *judge
	proxy   *proxy.Server
	origins atomic.Pointer[origin.Set] // those of the plan in force; the proxy closes each when it is replaced
	metrics *prometheus.Registry
	started bool          // startWork was called
	swapped chan struct{} // another plan is in force
	// hubListener and metricsListener are open from the start, so that a taken port is told at once; an engine has no Hub.
	hubListener, metricsListener, decisionsListener net.Listener
	// decisionsTLS is what merchants are spoken to with, nil for plain HTTP.
	decisionsTLS *tls.Config

	// What follows is there once storage is open.
	log    *stream.Disk
	memory *state.Memory
	keeper *keeper

	// And this where the process is more than an engine.
	payments atomic.Pointer[payments]
	store    *store.SQLite
	shelf    *shelf
	hub      *hub.Hub
	webhooks *integration.Webhooks

	shelving, alerting, showing *follower
}

// open compiles the configuration and opens every listener. Its errors are the operator's to mend; what may fail in
// the middle of the night is opened by run.
func open(world World, c config.Config, options RunOptions) (_ *house, err error) {
	h := &house{world: world, config: c, role: options.Role, inherited: options.Inherited, metrics: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	secret, err := tenantSecret(c.Data)
	if err != nil {
		return nil, err
	}
	h.secret = secret
	if h.keys, err = tenantKeys(c.Data, secret); err != nil {
		return nil, err
	}
	if h.mitigator, err = newMitigator(secret, c, world.Now); err != nil {
		return nil, err
	}
	p, problems := compile(c, h.keys, h.mitigator)
	problems = append(problems, c.Webhooks.Validate()...)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := h.configureIntegrations(c); err != nil {
		return nil, err
	}
	// Traffic is served before storage is open: a stop holds from the first request. What the process before this one still writes is
	// read again when it has ended.
	h.loadMitigation()
	h.judge = newJudge(p)
	h.swapped = make(chan struct{}, 1)
	h.proxy, err = proxy.New(c.Proxy, proxy.Deps{Environment: c.Environment, Observer: h.judge, Log: world.Logger,
		Inherited: options.Inherited})
	if err != nil {
		return nil, err
	}
	origins, err := h.newOrigins(c)
	if err != nil {
		return nil, err
	}
	h.origins.Store(origins)
	h.proxy.Swap(proxy.Snapshot{Specs: p.specs, Policy: p.measures, Sites: p.sites, Origins: origins})
	if err := h.listen(); err != nil {
		return nil, err
	}
	h.collectTraffic()
	return h, nil
}

func (h *house) listen() (err error) {
	if h.decisionsTLS, err = decisionsTLS(h.config.Decisions); err != nil {
		return err
	}
	if h.inherited != nil {
		return h.proxy.Listen() // the process before this one still has the other addresses
	}
	if address := h.hubAddress(); address != "" {
		if h.hubListener, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("hub: %w", err)
		}
	}
	if h.decides() {
		if h.decisionsListener, err = net.Listen("tcp", h.config.Decisions.Listen); err != nil {
			return fmt.Errorf("decisions: %w", err)
		}
	}
	if h.config.Metrics.Listen != "" {
		if h.metricsListener, err = net.Listen("tcp", h.config.Metrics.Listen); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return h.proxy.Listen() // last: visitors must not wait at a door that another one keeps shut
}

// tenantFile is where the installation's secret is, in the data directory.
const tenantFile = "tenant.key"

// tenantSecret reads the secret that hashes sensitive values, or makes it at first start. Losing it makes old and new
// hashes of the same card differ; it never leaves this file.
func tenantSecret(dir string) ([]byte, error) {
	path := filepath.Join(dir, tenantFile)
	secret, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // it never fails, see its documentation
		err = writeWhole(path, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("tenant key: %w", err)
	}
	return secret, nil
}

// tenantKeys are the keys that follow from a data directory's secret.
func tenantKeys(dir string, secret []byte) (element.Keys, error) {
	keys, err := element.NewKeys(secret)
	if err != nil {
		return element.Keys{}, fmt.Errorf("tenant key %s: %w", filepath.Join(dir, tenantFile), err)
	}
	return keys, nil
}

// writeWhole writes a new file so that it is there whole or not at all, whenever the power goes: half a key would keep
// the program from starting ever after.
func writeWhole(path string, data []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// run starts every part, and stops them in reverse when ctx ends or one of them fails.
func (h *house) run(ctx context.Context, signals Signals, read func() (config.Config, error)) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	front, serving := errgroup.WithContext(ctx)
	// Traffic stops first, then what it feeds: the workers' context outlives the visitors'.
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	var back errgroup.Group

	front.Go(func() error { return h.proxy.Serve(serving) })
	front.Go(func() error { h.reloads(serving, signals.Reload, read); return nil })
	front.Go(func() error { tuneCollection(serving); return nil })
	front.Go(func() error { h.prove(serving); return nil })
	front.Go(func() error { h.watchStopFile(serving); return nil })
	front.Go(func() error { h.upgrades(serving, signals.Upgrade, leave); return nil })
	front.Go(func() error {
		h.succeed(serving)
		if h.metricsListener != nil {
			front.Go(func() error { h.serveBeside("metrics", h.serveMetrics(serving)); return nil })
		}
		if !h.insistOnStorage(serving) {
			return nil
		}
		h.startWork(working, &back)
		if h.decisionsListener != nil {
			front.Go(func() error { h.servePayments(serving, h.decisionsListener); return nil })
		}
		if h.hub != nil {
			h.world.Logger.Info("hub open", "address", "http://"+h.hubListener.Addr().String())
			h.serveBeside("hub", h.hub.Serve(serving, h.hubListener))
		}
		return nil
	})
	h.announce()

	err := front.Wait()
	if h.started {
		h.keeper.save(working)
		h.settle()
	}
	stopWorking()
	return errors.Join(err, back.Wait(), h.close())
}

// serveBeside tells of a server beside the traffic that ended before its time. The site goes on: the Hub may be closed for
// a while, the shop may not.
func (h *house) serveBeside(name string, err error) {
	if err != nil {
		h.world.Logger.Error("a server ended, and stays closed until a restart; traffic flows on", "server", name, "error", err)
	}
}

// startWork starts what follows the log and keeps the house in order.
func (h *house) startWork(ctx context.Context, back *errgroup.Group) {
	h.started = true
	h.loadMitigation()
	back.Go(func() error { h.keeper.restore(ctx); return nil })
	back.Go(func() error { h.keepMitigation(ctx); return nil })
	back.Go(func() error { h.keeper.run(ctx); return nil })
	if h.role != OnlyEngine {
		h.followers()
		for _, f := range []*follower{h.shelving, h.alerting, h.showing} {
			back.Go(func() error { f.run(ctx); return nil })
		}
		back.Go(func() error { h.webhooks.Run(ctx); return nil })
		h.startPayments(ctx, back)
		h.collectBackOffice()
	}
	back.Go(func() error { h.housekeeping(ctx); return nil })
	h.collectStorage()
}

// settle gives the consumers a moment to take what the last requests left, so that a restart begins level.
func (h *house) settle() {
	if h.shelving == nil {
		return
	}
	deadline := time.After(3 * time.Second)
	for h.shelving.at() < h.log.Durable() && h.shelving.trouble() == "" {
		select {
		case <-deadline:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (h *house) announce() {
	var attributes []any
	if h.hubListener != nil {
		attributes = append(attributes, "hub", "http://"+h.hubListener.Addr().String())
	}
	attributes = append(attributes, "pid", os.Getpid(), "origin", h.config.Proxy.Origin.URL, "environment", h.config.Environment,
		"rules", h.judge.plan.Load().engine.Rules())
	if h.decisionsListener != nil {
		attributes = append(attributes, "decisions", "http://"+h.decisionsListener.Addr().String())
	}
	for _, address := range h.proxy.Addresses() {
		attributes = append(attributes, "proxy", address.String())
	}
	if h.metricsListener != nil {
		attributes = append(attributes, "metrics", "http://"+h.metricsListener.Addr().String()+"/metrics")
	}
	h.world.Logger.Info("serving", attributes...)
	h.tellInert()
}

// close ends every part that was built, in reverse.
func (h *house) close() error {
	var problems []error
	if h.mitigator != nil {
		h.mitigator.enrich.Close()
	}
	for _, listener := range []net.Listener{h.hubListener, h.metricsListener, h.decisionsListener} {
		if listener != nil {
			if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(append(problems, h.closeStorage())...)
}
