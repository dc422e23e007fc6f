//go:build e2e

package path

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"wayguard/e2e"
)

// traffic is load that goes on while something is changed: visitors that keep their connections, and new ones.
type traffic struct {
	done, failed atomic.Int64
	first        atomic.Pointer[string]
	stop         context.CancelFunc
	visitors     sync.WaitGroup
}

func startTraffic(ctx context.Context, address string) *traffic {
	t := &traffic{}
	ctx, t.stop = context.WithCancel(ctx)
	for n := range 8 {
		t.visitors.Go(func() {
			// Half of them come on a new connection each time.
			transport := &http.Transport{DisableKeepAlives: n%2 == 0, MaxIdleConnsPerHost: 4}
			client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
			for k := 0; ctx.Err() == nil; k++ {
				if err := ask(client, address, n, k); err != nil {
					text := err.Error()
					t.first.CompareAndSwap(nil, &text)
					t.failed.Add(1)
				}
				t.done.Add(1)
				time.Sleep(time.Millisecond)
			}
			transport.CloseIdleConnections()
		})
	}
	return t
}

// ask sends one request of several kinds and reads the whole answer.
func ask(client *http.Client, address string, n, k int) error {
	var response *http.Response
	var err error
	want := http.StatusOK
	switch k % 4 {
	case 0:
		response, err = client.Get("http://" + address + "/seen/page?q=shoes")
	case 1:
		response, err = client.Post("http://"+address+"/plain", "text/plain", strings.NewReader(strings.Repeat("body", 2000)))
	case 2:
		response, err = client.Post("http://"+address+"/held", "application/x-www-form-urlencoded", strings.NewReader(fmt.Sprintf("username=user%d", n)))
	default:
		response, err = client.Get("http://" + address + "/slow")
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != want {
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}

// end stops the load and gives its figures.
func (t *traffic) end(name string) []e2e.Figure {
	t.stop()
	t.visitors.Wait()
	value := fmt.Sprintf("%d of %d", t.failed.Load(), t.done.Load())
	if text := t.first.Load(); text != nil {
		value += ": " + *text
	}
	return []e2e.Figure{e2e.Holds(name+": failed requests", value, t.failed.Load() == 0 && t.done.Load() > 100, "0")}
}

func changingOrigin() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/slow" {
			time.Sleep(50 * time.Millisecond)
		}
		_, _ = w.Write([]byte(strings.Repeat("an answer of some length\n", 40)))
	}))
}

// CheckReload reloads the configuration under load, a different one each time.
func CheckReload(ctx context.Context, times int) ([]e2e.Figure, error) {
	origin := changingOrigin()
	defer origin.Close()
	s := Settings{Origin: origin.URL}
	i, err := Start(ctx, s)
	if err != nil {
		return nil, err
	}
	defer i.Close()
	load := startTraffic(ctx, i.Clear)
	modes := []string{"pass-through", "active"}
	for n := range times {
		s.More = fmt.Sprintf("sites: [{name: shop-%d, mode: %s}]\n", n, modes[n%2])
		if err := i.Configure(s); err != nil {
			return nil, err
		}
		if err := i.Signal(syscall.SIGHUP); err != nil {
			return nil, err
		}
		if err := i.printed("configuration reloaded", n+1, 20*time.Second); err != nil {
			return load.end("reloads"), err
		}
	}
	return append(load.end(fmt.Sprintf("%d reloads under load", times)),
		e2e.Count("reloads in force", strings.Count(i.Printed(), "configuration reloaded"), times)), nil
}

// CheckUpgrade hands the doors to a new process under load, again and again.
func CheckUpgrade(ctx context.Context, times int) ([]e2e.Figure, error) {
	origin := changingOrigin()
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	load := startTraffic(ctx, i.Clear)
	pid := i.Pid()
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	upgraded := 0
	for n := range times {
		if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
			return load.end("upgrades"), fmt.Errorf("upgrade %d: %w", n+1, err)
		}
		next, err := i.successor(ctx, n+1, pid)
		if err != nil {
			return load.end("upgrades"), err
		}
		pid = next
		upgraded++
	}
	counters, err := i.judging(ctx)
	if err != nil {
		return load.end("upgrades"), err
	}
	figures := append(load.end(fmt.Sprintf("%d upgrades of the binary under load", times)), e2e.Count("processes that took over", upgraded, times))
	return append(figures, e2e.Holds("the last process judges", fmt.Sprint(counters["wayguard_engine_judged_total"]), counters["wayguard_engine_judged_total"] > 0, "> 0")), nil
}

// printed waits until the instance has printed a text so many times.
func (i *Instance) printed(text string, times int, limit time.Duration) error {
	for deadline := time.Now().Add(limit); strings.Count(i.Printed(), text) < times; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%q was not printed %d times within %s:\n%s", text, times, limit, i.Printed())
		}
	}
	return nil
}

// successor waits until the process has handed over for the nth time and has ended, and gives the new process's number.
func (i *Instance) successor(ctx context.Context, n, old int) (int, error) {
	if err := i.printed("msg=\"handed over", n, 30*time.Second); err != nil {
		return 0, err
	}
	// The old process may tell of it before the new one does.
	if err := i.printed("msg=serving", n+1, 30*time.Second); err != nil {
		return 0, err
	}
	served := regexp.MustCompile(`msg=serving .*pid=(\d+)`).FindAllStringSubmatch(i.Printed(), -1)
	if len(served) != n+1 {
		return 0, fmt.Errorf("%d processes have served, want %d:\n%s", len(served), n+1, i.Printed())
	}
	pid, err := strconv.Atoi(served[n][1])
	if err != nil {
		return 0, err
	}
	// The first process is our child and stays in the process table until it is waited for.
	for deadline := time.Now().Add(40 * time.Second); running(old); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return 0, fmt.Errorf("process %d has handed over and does not end:\n%s", old, i.Printed())
		}
	}
	_, err = i.judging(ctx)
	return pid, err
}

// running says whether a process is there and is more than an entry in the table.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// judging waits until the instance judges, and gives its counters.
func (i *Instance) judging(ctx context.Context) (map[string]float64, error) {
	var failure error
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		counters, err := i.Counters(ctx)
		if failure = err; err == nil && counters["wayguard_engine_open"] == 1 && counters["wayguard_engine_judged_total"] > 0 {
			return counters, nil
		}
	}
	return nil, fmt.Errorf("nobody judges: %w\n%s", failure, i.Printed())
}
