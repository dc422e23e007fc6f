package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/store"
	"wayguard/stream"
	"wayguard/warehouse"
)

// storagePause is the time between tries to open storage that cannot be opened.
const storagePause = 2 * time.Second

// insistOnStorage opens storage, again and again if need be: a full disk or a damaged file at a restart in the night
// must not become an outage of the site. It gives up only when ctx ends. Until it is open, whoever asks for the Hub is
// told what is the matter.
func (h *house) insistOnStorage(ctx context.Context) bool {
	var rooms []*waitingRoom // an engine has none: nobody asks it for the Hub
	for _, one := range []struct {
		host     string
		listener net.Listener
	}{{"The Hub", h.hubListener}, {"The decision API", h.decisionsListener}} {
		if one.listener != nil {
			room := openWaitingRoom(one.host, one.listener)
			defer room.leave()
			rooms = append(rooms, room)
		}
	}
	last := ""
	for ctx.Err() == nil {
		err := h.openStorage(ctx)
		if err == nil {
			return true
		}
		for _, room := range rooms {
			room.say("storage cannot be opened; see the program's log for the reason")
		}
		if text := err.Error(); text != last {
			h.world.Logger.Error("storage cannot be opened; traffic flows uninspected and it is tried again", "error", err)
			last = text
		}
		select {
		case <-ctx.Done():
		case <-time.After(storagePause):
		}
	}
	return false
}

// openStorage opens everything that is kept, and the Hub over it, as far as the process's role has them. What was opened is closed again when a later part
// fails.
func (h *house) openStorage(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, h.closeStorage())
			h.log, h.shelf, h.store = nil, nil, nil
		}
	}()
	needed := stream.Position(0)
	if h.role != OnlyEngine {
		if needed, err = h.openShelves(ctx); err != nil {
			return err
		}
	}
	if err := h.openLog(needed); err != nil {
		return err
	}
	if h.role == OnlyEngine {
		return nil
	}
	if err := h.openHub(ctx); err != nil {
		return err
	}
	if h.decides() {
		if err := h.openPayments(ctx); err != nil {
			return err
		}
	}
	h.webhooks, err = integration.New(h.config.Webhooks, h.store, h.target, h.world.Now, h.world.Logger)
	return err
}

// openShelves opens what the log's consumers fill, and says up to where the log has been taken.
func (h *house) openShelves(ctx context.Context) (taken stream.Position, err error) {
	dir := h.config.Data
	if h.store, err = store.Open(ctx, filepath.Join(dir, "settings.db"), store.Options{}); err != nil {
		return 0, err
	}
	h.shelf = &shelf{path: filepath.Join(dir, "warehouse", "warehouse.duckdb"), options: warehouse.Options{
		Memory: int64(h.config.Limits.WarehouseMemory), Threads: h.config.Limits.WarehouseThreads,
	}}
	shelved, err := h.shelf.position(ctx)
	if err != nil {
		h.world.Logger.Error("the warehouse cannot be opened; the log keeps the records, and it is tried again", "error", err)
	}
	alerted, err := (&alerts{store: h.store, env: h.config.Environment}).position(ctx)
	return max(shelved, alerted), err
}

// openLog opens the log, which reaches at least to a position, and the state that stands on it.
func (h *house) openLog(atLeast stream.Position) (err error) {
	dir, logger := h.config.Data, h.world.Logger
	h.log, err = stream.OpenDisk(filepath.Join(dir, "log"), stream.Options{
		RetainBytes: int64(h.config.Retention.LogBytes), MaxBytes: int64(h.config.Retention.LogLimit),
		BufferBytes: int64(h.config.Limits.LogBuffer), AtLeast: atLeast, Logger: logger,
	})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "state.snapshot")
	memory, from := loadState(path, h.config.Limits.StateEntries, h.log.Durable(), logger)
	h.memory = memory
	h.keeper = &keeper{path: path, log: h.log, writer: h.log, judge: h.judge, memory: memory, from: from, logger: logger, now: h.world.Now,
		retry: retryPause, patience: durableWait}
	return nil
}

func (h *house) openHub(ctx context.Context) error {
	var err error
	h.hub, err = hub.New(h.config.Hub.Config, hub.Deps{
		Warehouse: h.shelf, Users: h.store, Logins: h.store, Audit: h.store,
		Environments: []event.Environment{h.config.Environment},
		Health:       h.health,
		Elements:     func(event.Environment) []element.Definition { return h.judge.plan.Load().normaliser.Catalogue().All() },
		Labels:       h.labels,
		Explain:      h.explain,
		Actions:      h.shelf,
		Mitigation:   h.operator,
		Payments:     h.hubPayments,
		SearchForm:   func(name, text string) string { return h.judge.plan.Load().normaliser.SearchForm(name, text) },
		NotFound:     notFound,
		IdleTimeout:  h.config.Sessions.IdleTimeout,
		Version:      h.world.Version, Now: h.world.Now, Logger: h.world.Logger,
	})
	if err != nil {
		return err
	}
	email, password, created, err := h.hub.FirstAdministrator(ctx, h.config.Environment)
	if err != nil {
		return err
	}
	if created {
		fmt.Fprintf(h.world.Stdout, "\nThe Hub's first administrator was created. This password is shown once:\n\n  email     %s\n  password  %s\n\n", email, password)
	}
	return nil
}

// closeStorage closes what is open of it. The fields stay: whoever reads health or metrics meanwhile meets closed parts,
// which say so, and not none.
func (h *house) closeStorage() error {
	var problems []error
	if h.log != nil {
		problems = append(problems, h.log.Close())
	}
	if h.shelf != nil {
		problems = append(problems, h.shelf.close())
	}
	if h.store != nil {
		problems = append(problems, h.store.Close())
	}
	if p := h.payments.Swap(nil); p != nil {
		h.mitigator.payments.Store(nil)
		problems = append(problems, p.close())
	}
	return errors.Join(problems...)
}
