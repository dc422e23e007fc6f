package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"wayguard/config"
	"wayguard/document"
	"wayguard/payment"
	"wayguard/proxy"
	"wayguard/sim/demo"
	"wayguard/sim/shop"
	"wayguard/sim/traffic"
)

// DemoOptions say where the demo is served and how much happens.
type DemoOptions struct {
	// Location are MMDB files; without one countries stay empty.
	Location    []string
	Listen, Hub string
	// Decisions is where the shop's bank is thought to be: the decision API. Empty is any free port.
	Decisions string
	// Data is a directory to keep everything in; empty is a temporary one, removed at the end.
	Data   string
	People int
	Seed   uint64
}

// demoConfig lays the demo's files over a configuration.
func demoConfig(c config.Config, files []demo.File) (config.Config, error) {
	var problems document.Problems
	for _, f := range files {
		problems = append(problems, c.Add(f.Name, f.Data, nil)...)
	}
	return c, problems.Err()
}

// Demo runs a shop, Wayguard in front of it, and people and attackers who visit, until ctx ends. All of it talks real
// HTTP over loopback.
func Demo(ctx context.Context, world World, options DemoOptions) (err error) {
	c, err := demoConfig(config.Default(), demo.Files())
	if err != nil {
		return err
	}
	if options.Data == "" {
		if options.Data, err = os.MkdirTemp("", "wayguard-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(options.Data)) }()
	}
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	bank, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, origin.Close())
	}
	c.Data = options.Data
	c.Decisions.Listen, c.Decisions.PCILevel = cmp.Or(options.Decisions, "127.0.0.1:0"), string(payment.SAQD)
	c.Decisions.AllowPrivate = []string{"127.0.0.0/8", "::1/128"}
	c.Proxy.Origin.URL = "http://" + origin.Addr().String()
	c.Proxy.Listen = []proxy.ListenConfig{{Address: options.Listen}}
	c.Hub.Listen = options.Hub
	if len(options.Location) > 0 {
		c.Location = config.LocationConfig{Files: options.Location, Attribution: demo.Attribution}
	}
	h, err := open(world, c, RunOptions{})
	if err != nil {
		return errors.Join(err, origin.Close(), bank.Close())
	}
	return h.demonstrate(ctx, options, origin, bank)
}

func (h *house) demonstrate(ctx context.Context, options DemoOptions, origin, bank net.Listener) error {
	site := "http://" + h.proxy.Addresses()[0].String()
	merchant := newDemoMerchant("http://" + h.decisionsListener.Addr().String())
	servers := []*http.Server{{Handler: shop.NewWith(options.Seed, merchant.acquirer()), ReadHeaderTimeout: 10 * time.Second},
		{Handler: shop.Bank(), ReadHeaderTimeout: 10 * time.Second}}
	// Shop and bank outlive Wayguard, so that the last visitors are answered; people leave first.
	var stage errgroup.Group
	for i, listener := range []net.Listener{origin, bank} {
		stage.Go(func() error {
			if err := servers[i].Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	stage.Go(func() error { return h.settleDemo(ctx, merchant, "http://"+bank.Addr().String()+"/payments") })
	visiting, leave := context.WithCancel(ctx)
	stage.Go(func() error {
		_, err := traffic.Run(visiting, traffic.Config{Target: site, Seed: options.Seed, People: options.People, Logger: h.world.Logger})
		if visiting.Err() != nil {
			return nil
		}
		return err
	})
	fmt.Fprintf(h.world.Stdout, "The demo runs. Ctrl-C stops all of it.\n\n  the Hub   http://%s\n  the shop  %s  (through Wayguard)\n  payments  http://%s  (the decision API, before the shop's bank)\n\n", h.hubListener.Addr(), site, h.decisionsListener.Addr())
	err := h.run(ctx, Signals{}, nil)
	leave()
	return errors.Join(err, servers[0].Close(), servers[1].Close(), stage.Wait())
}
