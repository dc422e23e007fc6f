package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Deps is what the doors need from others.
type Deps struct {
	Log *slog.Logger
	// Inherited are listening sockets from the process before this one or from the service manager; nil is none.
	Inherited *Inherited
}

// Doors are all places where visitors come in.
type Doors struct {
	doors     []*Door
	keyrings  []*keyring
	inherited *Inherited
	log       *slog.Logger
	stop      context.CancelFunc
	loops     sync.WaitGroup
	opened    chan struct{}
	ready     sync.Once
	readyErr  error

	handing sync.Mutex
	left    bool
}

// Door is one address visitors connect to.
type Door struct {
	Config Config
	// Listener is the TCP socket. Accept is the way to use it.
	Listener *net.TCPListener
	// Packets is the UDP socket for HTTP/3, nil without.
	Packets *net.UDPConn
	// TLS is nil in clear. It may be cloned, not changed.
	TLS *tls.Config

	log      *slog.Logger
	opened   <-chan struct{}
	slots    chan struct{}
	speakers []netip.Prefix

	accepted, failed atomic.Uint64
}

// Open opens the configured doors, all or none, and reads the certificates they need. The configurations must be
// without problems (Validate). Connections wait in the backlog until somebody accepts them.
func Open(configs []Config, deps Deps) (*Doors, error) {
	if deps.Log == nil {
		return nil, errors.New("open the doors: a logger is needed")
	}
	if len(configs) == 0 {
		return nil, errors.New("open the doors: no address is given")
	}
	ctx, stop := context.WithCancel(context.Background())
	d := &Doors{inherited: deps.Inherited, log: deps.Log, stop: stop, opened: make(chan struct{})}
	for i, config := range configs {
		if err := d.open(config, configs); err != nil {
			d.Close()
			return nil, fmt.Errorf("open door %d (%s): %w", i+1, config.Address, err)
		}
	}
	for _, unused := range d.inherited.closeUnused() {
		d.log.Warn("a socket that was handed over is not configured and is closed", "address", unused)
	}
	if !d.inherited.awaited() {
		close(d.opened)
	}
	for _, k := range d.keyrings {
		k.keep(ctx, &d.loops)
	}
	return d, nil
}

func (d *Doors) open(config Config, all []Config) error {
	door := &Door{Config: config, log: d.log, opened: d.opened}
	d.doors = append(d.doors, door)
	if config.Connections > 0 {
		door.slots = make(chan struct{}, config.Connections)
	}
	if config.ProxyProtocol != nil {
		for _, text := range config.ProxyProtocol.From {
			network, err := parseNetwork(text)
			if err != nil {
				return fmt.Errorf("proxy_protocol: %w", err)
			}
			door.speakers = append(door.speakers, network)
		}
	}
	if config.TLS != nil {
		ring, err := d.keyring(*config.TLS, anyClear(all))
		if err != nil {
			return err
		}
		door.TLS = ring.config(config)
	}
	var err error
	if door.Listener, err = d.inherited.tcp(config.Address); err != nil {
		return err
	}
	if config.HTTP3 {
		// The port is the listener's, which matters when any free one was asked for.
		port := door.Listener.Addr().(*net.TCPAddr).Port
		door.Packets, err = d.inherited.udp(config.Address, port)
	}
	return err
}

// anyClear says whether an HTTP-01 challenge could be answered.
func anyClear(configs []Config) bool {
	for _, c := range configs {
		if c.TLS == nil {
			return true
		}
	}
	return false
}

// All are the doors in the order configured.
func (d *Doors) All() []*Door { return d.doors }

// Addresses are the addresses listened on, in the order configured.
func (d *Doors) Addresses() []net.Addr {
	addresses := make([]net.Addr, len(d.doors))
	for i, door := range d.doors {
		addresses[i] = door.Listener.Addr()
	}
	return addresses
}

// Ready says that everything needed to serve is there. It tells the process that handed its sockets over, which then
// leaves, and otherwise systemd, if it wants to know. Doors opened from such sockets accept nobody before, and Ready
// returns only when the other process has heard it; if it finds this one too slow, it ends it instead. An error is that
// of the telling, and no reason to end.
func (d *Doors) Ready() error {
	d.ready.Do(func() {
		if d.readyErr = d.inherited.tellReady(); d.readyErr == nil && d.inherited.awaited() {
			close(d.opened)
		}
	})
	return d.readyErr
}

// Close closes the listeners and ends the work in the background. Connections that were accepted stay open.
func (d *Doors) Close() {
	d.stop()
	for _, door := range d.doors {
		if door.Listener != nil {
			_ = door.Listener.Close()
		}
		if door.Packets != nil {
			_ = door.Packets.Close()
		}
	}
	for _, k := range d.keyrings {
		if k.authority != nil {
			k.authority.stop()
		}
	}
	d.loops.Wait()
}
