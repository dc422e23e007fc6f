//go:build e2e

package path

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/e2e"
	"wayguard/element"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/proxy"
)

// panicking is an engine in which every event ends in a panic.
type panicking struct{ considered, observed atomic.Int64 }

// Consider implements proxy.Observer.
func (p *panicking) Consider(context.Context, event.Event) (mitigation.Judgement, error) {
	p.considered.Add(1)
	panic("drill")
}

// Observe implements proxy.Observer.
func (p *panicking) Observe(context.Context, event.Event) error {
	p.observed.Add(1)
	panic("drill")
}

const drilledSpecs = `
specs:
  - {name: looked-at, event: Page, type: product_view, match: {method: [GET, POST], path: "/seen/{rest...}"}}
  - {name: held, event: Login, type: authentication_attempt, inline: true, match: {method: [GET, POST], path: /held}}
`

// panickingObserver puts the data path in this process over an engine that always panics: the product has no switch that
// would make it do so.
func panickingObserver(ctx context.Context) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer origin.Close()
	specs, err := compileSpecs(drilledSpecs)
	if err != nil {
		return nil, err
	}
	config := proxy.DefaultConfig()
	config.Listen[0].Address = "127.0.0.1:0"
	config.Origin.URL = origin.URL
	config.Inline.Budget = 10 * time.Second // the panic is to end each question, not the time
	observer := &panicking{}
	server, err := proxy.New(config, proxy.Deps{Environment: event.DefaultEnvironment, Observer: observer, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	server.Swap(proxy.Snapshot{Specs: specs})
	if err := server.Listen(); err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(serving) }()
	base := "http://" + server.Addresses()[0].String()
	seen, held := crowd(8, time.Second, base+"/seen/a"), crowd(8, time.Second, base+"/held")
	stop()
	if err := <-ended; err != nil {
		return nil, err
	}
	panics := observer.considered.Load() + observer.observed.Load()
	counted := server.Counts().Failures["observer_panic"]
	return []e2e.Figure{
		seen.only("every event panicking: users looked at", "200", enough, soon),
		held.only("  users held", "200", enough, soon),
		e2e.AtLeast("  panics", int(panics), seen.total()+2*held.total()),
		e2e.Count("  of them counted", int(counted), int(panics)),
	}, nil
}

func compileSpecs(text string) (*capture.Set, error) {
	doc, problems := document.Parse("specs.yaml", []byte(text))
	var config capture.Config
	problems = append(problems, doc.Decode(&config)...)
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		return nil, err
	}
	set, more := capture.Compile(config, element.NewNormaliser(element.Default(), keys, element.Options{}), capture.Knowledge{})
	return set, append(problems, more...).Err()
}

// fullLog fills the disk that the log is on, and makes room again.
func fullLog(ctx context.Context) ([]e2e.Figure, error) {
	dir, err := os.MkdirTemp("", "wayguard-full-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if output, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("a small file system (needs root): %w: %s", err, output)
	}
	defer func() { _ = exec.Command("umount", "-l", dir).Run() }()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL, Dir: dir, More: "limits: {log_buffer: 256KiB}\n"})
	if err != nil {
		return nil, err
	}
	defer i.Kill()
	ballast := filepath.Join(dir, "ballast")
	if err := e2e.Fill(ballast); err != nil {
		return nil, err
	}
	url := "http://" + i.Clear + "/seen/a?q=" + strings.Repeat("x", 200)
	full, held := crowd(8, 3*time.Second, url), crowd(8, time.Second, "http://"+i.Clear+"/held")
	before, err := i.idle(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(ballast); err != nil {
		return nil, err
	}
	emptied := time.Now()
	recovered, err := i.logsAgain(ctx, url)
	if err != nil {
		return nil, err
	}
	well := recovered.Sub(emptied)
	after := crowd(8, time.Second, url)
	last, err := i.idle(ctx)
	if err != nil {
		return nil, err
	}
	lost := int(last["wayguard_proxy_matched_total"] - last["wayguard_engine_judged_total"] - last["wayguard_engine_shed_total"])
	return []e2e.Figure{
		full.only("log disk full: users looked at", "200", enough, soon),
		held.only("  users held", "200", enough, soon),
		e2e.AtLeast("  events shed and counted", int(before["wayguard_engine_shed_total"]), 1),
		e2e.Within("  events logged again after there was room", well, 30*time.Second),
		after.only("  users then", "200", enough, soon),
		e2e.Count("  events neither logged nor counted as shed", lost, 0),
	}, nil
}

// idle waits until no exchange waits to be judged, and gives the counters.
func (i *Instance) idle(ctx context.Context) (map[string]float64, error) {
	for last := -1.0; ; {
		counters, err := i.Counters(ctx)
		if err != nil {
			return nil, err
		}
		now := counters["wayguard_engine_judged_total"] + counters["wayguard_engine_shed_total"]
		if now == last && counters["wayguard_proxy_queue_depth"] == 0 {
			return counters, nil
		}
		last = now
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// logsAgain asks until an event of it is logged instead of shed.
func (i *Instance) logsAgain(ctx context.Context, url string) (time.Time, error) {
	client, done := user()
	defer done()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		was, err := i.Counters(ctx)
		if err != nil {
			return time.Time{}, err
		}
		(&tally{}).ask(client, http.MethodGet, url, "")
		time.Sleep(100 * time.Millisecond)
		now, err := i.Counters(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if now["wayguard_log_acknowledged_position"] > was["wayguard_log_acknowledged_position"] && now["wayguard_engine_shed_total"] == was["wayguard_engine_shed_total"] {
			return time.Now(), nil
		}
	}
	return time.Time{}, fmt.Errorf("nothing was logged again:\n%s", i.Printed())
}
