//go:build e2e

package path

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"wayguard/e2e"
)

// The tools must find the instance as they left it: what is kept between two rounds of load is a leak. Of memory, half of the
// room that the collector is given may be taken (app/memory.go): what it has not looked at yet is no leak, but the half million
// requests of a round would fill more than that with 300 bytes each.
const (
	leakGoroutines = 20
	leakFiles      = 20
	leakBytes      = 128 << 20
)

// CheckEndurance loads both doors with wrk, h2load and slowhttptest, for a time each, and looks what stays behind.
func CheckEndurance(ctx context.Context, each time.Duration) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("an answer of some length\n", 40)))
	}))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL, ClearKeys: []string{"h2c: true"},
		Proxy: "  limits: {header_timeout: 5s, stall_timeout: 5s, idle_timeout: 5s}"})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	seconds := strconv.Itoa(int(each.Seconds()))
	url := func(secure bool, path string) string {
		if secure {
			return "https://" + i.Secure + path
		}
		return "http://" + i.Clear + path
	}
	var figures []e2e.Figure
	load := func(round string) error {
		for _, one := range []struct {
			name    string
			command []string
			done    string
			failed  string
		}{
			{"wrk in clear", []string{"wrk", "-t1", "-c64", "-d" + seconds, url(false, "/seen/a?q=shoes")}, `(\d+) requests in`, `Socket errors:.*|Non-2xx.*`},
			{"wrk over TLS", []string{"wrk", "-t1", "-c64", "-d" + seconds, url(true, "/plain")}, `(\d+) requests in`, `Socket errors:.*|Non-2xx.*`},
			{"h2load over TLS", []string{"h2load", "-D", seconds, "-c", "16", "-m", "10", "-t", "1", url(true, "/seen/b?q=hats")}, `(\d+) succeeded`, `[1-9]\d* failed|[1-9]\d* errored`},
			{"h2load in clear", []string{"h2load", "-D", seconds, "-c", "16", "-m", "10", "-t", "1", url(false, "/plain")}, `(\d+) succeeded`, `[1-9]\d* failed|[1-9]\d* errored`},
		} {
			text, err := exec.CommandContext(ctx, one.command[0], one.command[1:]...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", one.name, err, text)
			}
			done := regexp.MustCompile(one.done).FindSubmatch(text)
			if done == nil {
				return fmt.Errorf("%s told no result:\n%s", one.name, text)
			}
			requests, _ := strconv.Atoi(string(done[1]))
			failed := string(regexp.MustCompile(one.failed).Find(text))
			figures = append(figures, e2e.Holds(one.name+", "+round+": requests answered", fmt.Sprintf("%d %s", requests, failed), requests > 1000 && failed == "", "all, without an error"))
		}
		return nil
	}
	if err := load("first round"); err != nil {
		return figures, err
	}
	before, err := i.settled(ctx)
	if err != nil {
		return figures, err
	}
	if err := load("second round"); err != nil {
		return figures, err
	}
	slow, err := i.slow(ctx, each)
	figures = append(figures, slow...)
	if err != nil {
		return figures, err
	}
	after, err := i.settled(ctx)
	if err != nil {
		return figures, err
	}
	return append(figures, kept(before, after)...), nil
}

// slow runs slowhttptest's attacks; meanwhile others must be served as ever.
func (i *Instance) slow(ctx context.Context, each time.Duration) ([]e2e.Figure, error) {
	var figures []e2e.Figure
	for _, attack := range []struct {
		name  string
		flags []string
	}{
		{"slowloris", []string{"-H", "-i", "2"}},
		{"slow body", []string{"-B", "-i", "2", "-s", "8192"}},
		{"slow read", []string{"-X", "-n", "2", "-z", "8"}},
	} {
		arguments := append(attack.flags, "-c", "1000", "-r", "500", "-l", strconv.Itoa(int(each.Seconds())), "-u", "http://"+i.Clear+"/plain")
		command := exec.CommandContext(ctx, "slowhttptest", arguments...)
		command.Dir = i.Dir
		if err := command.Start(); err != nil {
			return figures, fmt.Errorf("slowhttptest: %w", err)
		}
		served, slowest := 0, time.Duration(0)
		var failure error
		client := &http.Client{Timeout: 5 * time.Second}
		for end := time.Now().Add(each); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			started := time.Now()
			response, err := client.Get("http://" + i.Clear + "/plain")
			if err != nil {
				failure = err
				break
			}
			response.Body.Close()
			served, slowest = served+1, max(slowest, time.Since(started))
		}
		_ = command.Wait() // its exit code tells what it thinks of the server
		if failure != nil {
			return figures, fmt.Errorf("during %s: %w", attack.name, failure)
		}
		figures = append(figures, e2e.Holds("1,000 connections of "+attack.name+": others served", fmt.Sprintf("%d, slowest %s", served, slowest.Round(time.Millisecond)),
			served > 50 && slowest < time.Second, "all, within 1s each"))
	}
	return figures, nil
}

// settled waits until the last connections have gone, and reads goroutines, files and memory then.
func (i *Instance) settled(ctx context.Context) (map[string]float64, error) {
	var last map[string]float64
	for range 20 {
		now, err := i.Counters(ctx)
		if err != nil {
			return nil, err
		}
		if last != nil && now["go_goroutines"] == last["go_goroutines"] && now["process_open_fds"] == last["process_open_fds"] {
			return now, nil
		}
		last = now
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(7 * time.Second): // longer than the instance's timeouts
		}
	}
	return last, nil
}

func kept(before, after map[string]float64) []e2e.Figure {
	grown := func(name string) int { return int(after[name] - before[name]) }
	return []e2e.Figure{
		e2e.Holds("goroutines more than before", fmt.Sprint(grown("go_goroutines")), grown("go_goroutines") <= leakGoroutines, fmt.Sprint("<= ", leakGoroutines)),
		e2e.Holds("open files more than before", fmt.Sprint(grown("process_open_fds")), grown("process_open_fds") <= leakFiles, fmt.Sprint("<= ", leakFiles)),
		e2e.Holds("resident memory more than before, MiB", fmt.Sprint(grown("process_resident_memory_bytes")>>20),
			grown("process_resident_memory_bytes") <= leakBytes, fmt.Sprint("<= ", leakBytes>>20)),
	}
}
