package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"wayguard/listen"
)

// upgradeLimit bounds the time in which a new process must say that it serves.
const upgradeLimit = time.Minute

// upgrades hands the doors to a new process of the same binary, which may have been replaced since, whenever asked. When
// the new process serves, this one leaves: it finishes what is under way and ends. When it does not, nothing has changed.
func (h *house) upgrades(ctx context.Context, upgrade <-chan os.Signal, leave func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-upgrade:
		}
		bounded, cancel := context.WithTimeout(ctx, upgradeLimit)
		err := h.proxy.Doors().HandOver(bounded, listen.Successor{})
		cancel()
		if err == nil {
			h.world.Logger.Info("handed over: a new process serves, and this one finishes what is under way")
			leave()
			return
		}
		h.world.Logger.Error("the upgrade failed, and this process goes on serving", "error", err)
	}
}

// succeed waits until the process before this one has ended: the log and the settings have one owner at a time, and so
// have the addresses of Hub, decision API and metrics. Traffic is served meanwhile.
func (h *house) succeed(ctx context.Context) {
	if h.inherited == nil {
		return
	}
	select {
	case <-h.inherited.Gone():
	case <-ctx.Done():
		return
	}
	h.world.Logger.Info("the process before this one has ended")
	for _, door := range []struct {
		name, address string
		listener      *net.Listener
	}{{"hub", h.hubAddress(), &h.hubListener}, {"decisions", h.decisionsAddress(), &h.decisionsListener},
		{"metrics", h.config.Metrics.Listen, &h.metricsListener}} {
		if door.address == "" {
			continue
		}
		listener, err := net.Listen("tcp", door.address)
		if err != nil {
			h.serveBeside(door.name, fmt.Errorf("listen: %w", err))
			continue
		}
		*door.listener = listener
	}
}

// decisionsAddress is where the decision API is served, empty where this process has none.
func (h *house) decisionsAddress() string {
	if !h.decides() {
		return ""
	}
	return h.config.Decisions.Listen
}

// hubAddress is where the Hub is served, empty where this process has none.
func (h *house) hubAddress() string {
	if h.role == OnlyEngine {
		return ""
	}
	return h.config.Hub.Listen
}
