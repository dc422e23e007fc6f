package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The figures that a repetition tells.
const (
	cpuMicroseconds      = "CPU us/request"
	userMicroseconds     = "CPU us/request, user"
	kernelMicroseconds   = "CPU us/request, kernel"
	addedP50Microseconds = "added p50 us"
	addedP95Microseconds = "added p95 us"
	addedP99Microseconds = "added p99 us"
)

// clockTick is the unit of utime and stime in /proc/PID/stat: USER_HZ, which is 100 on every Linux of today.
const clockTick = 10 * time.Millisecond

// load is what a generator reports: requests done, and latencies where it knows them.
type load struct {
	requests               int
	p50, p95, p99          time.Duration
	directP50, directP95   time.Duration
	directP99              time.Duration
	idleBytesPerConnection float64
}

// measure runs a scenario: each repetition visits every peer once, in random order. A run with an error tells no figure,
// and no goal holds beside one.
func (f *field) measure(ctx context.Context, s scenario, repetitions int) (*result, error) {
	r := &result{Name: s.name, Peers: map[string][]figures{}, Inspected: 1, goals: s.goals}
	var peers []*peer
	for _, p := range f.peers {
		if s.peers == nil || slices.Contains(s.peers, p.name) {
			peers = append(peers, p)
		}
	}
	for range repetitions {
		rand.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
		for _, p := range peers {
			told, inspected, err := f.once(ctx, s, p)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil:
				r.Errors = append(r.Errors, fmt.Sprintf("%s: %v", p.name, err))
				told, inspected = figures{}, 1
			}
			r.Peers[p.name] = append(r.Peers[p.name], told)
			r.Inspected = min(r.Inspected, inspected)
		}
	}
	return r, nil
}

// once measures one peer. A run with any error is an error: its figures would mean nothing.
func (f *field) once(ctx context.Context, s scenario, p *peer) (figures, float64, error) {
	before, err := p.counters()
	if err != nil {
		return nil, 0, err
	}
	var calls *syscallCount
	if s.syscalls {
		if calls, err = countSyscalls(ctx, p, f.dir); err != nil {
			return nil, 0, err
		}
	}
	cpu, err := p.cpu()
	if err != nil {
		return nil, 0, err
	}
	done, err := f.load(ctx, s, p)
	if err != nil {
		if calls != nil {
			_, _ = calls.stop()
		}
		return nil, 0, err
	}
	used, err := p.cpu()
	if err != nil {
		return nil, 0, err
	}
	told := figures{}
	if done.requests > 0 && s.kind != idling {
		used.tell(told, cpu, done.requests)
	}
	if calls != nil {
		count, err := calls.stop()
		if err != nil {
			return nil, 0, err
		}
		told[systemCalls] = float64(count) / float64(done.requests)
	}
	switch s.kind {
	case idling:
		told[idleKiB] = done.idleBytesPerConnection / 1024
	case fixedRate:
		told[addedP50Microseconds] = float64((done.p50 - done.directP50).Nanoseconds()) / 1000
		told[addedP95Microseconds] = float64((done.p95 - done.directP95).Nanoseconds()) / 1000
		told[addedP99Microseconds] = float64((done.p99 - done.directP99).Nanoseconds()) / 1000
	}
	inspected, err := p.inspected(before)
	return told, inspected, err
}

// cpuTime is what a process tree has used: in its own code, and in the kernel on its behalf. The kernel tells the two apart
// by samples, so their sum is exact and the share of each is not.
type cpuTime struct{ user, kernel time.Duration }

// tell notes what a request has cost since before.
func (t cpuTime) tell(told figures, before cpuTime, requests int) {
	each := func(used time.Duration) float64 { return float64(used.Microseconds()) / float64(requests) }
	user, kernel := t.user-before.user, t.kernel-before.kernel
	told[cpuMicroseconds], told[userMicroseconds], told[kernelMicroseconds] = each(user+kernel), each(user), each(kernel)
}

// cpu is what the peer's process tree has used so far.
func (p *peer) cpu() (total cpuTime, err error) {
	tree, err := p.tree()
	if err != nil {
		return total, err
	}
	for _, pid := range tree {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return total, err
		}
		// The second field is the program's name in parentheses and may hold anything; utime and stime are 14 and 15.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for i, sum := range []*time.Duration{&total.user, &total.kernel} {
			ticks, err := strconv.ParseInt(fields[11+i], 10, 64)
			if err != nil {
				return total, err
			}
			*sum += time.Duration(ticks) * clockTick
		}
	}
	return total, nil
}

// tree is the peer's process and its children.
func (p *peer) tree() ([]int, error) {
	all := []int{p.command.Process.Pid}
	for i := 0; i < len(all); i++ {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		if err != nil {
			return nil, err
		}
		for _, file := range tasks {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // a thread that has ended
			}
			for _, field := range strings.Fields(string(text)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					return nil, err
				}
				all = append(all, pid)
			}
		}
	}
	return all, nil
}

// memory is the proportional set size of the peer's processes, in bytes.
func (p *peer) memory() (int64, error) {
	var total int64
	tree, err := p.tree()
	if err != nil {
		return 0, err
	}
	for _, pid := range tree {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Pss:" {
				kib, err := strconv.ParseInt(fields[1], 10, 64)
				if err != nil {
					return 0, err
				}
				total += kib << 10
			}
		}
	}
	return total, nil
}

// counters are Wayguard's own: how many requests came, matched a spec, and became records. Others have none.
func (p *peer) counters() (map[string]float64, error) {
	if p.metrics == 0 {
		return nil, nil
	}
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", p.metrics))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if number, err := strconv.ParseFloat(value, 64); found && err == nil {
			all[name] = number
		}
	}
	return all, nil
}

// inspected is the share of the matched requests since the counters were read that became records; it waits for the
// queue to run empty. 1 for who inspects nothing.
func (p *peer) inspected(before map[string]float64) (float64, error) {
	if p.metrics == 0 {
		return 1, nil
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		now, err := p.counters()
		if err != nil {
			return 0, err
		}
		since := func(name string) float64 { return now[name] - before[name] }
		matched, observed := since("wayguard_proxy_matched_total"), since("wayguard_proxy_observed_total")
		if matched == 0 || observed >= matched {
			return 1, nil
		}
		if time.Now().After(deadline) || now["wayguard_proxy_queue_depth"] == 0 && observed > 0 {
			return observed / matched, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// syscallCount is a perf that counts the peer's system calls.
type syscallCount struct {
	command *exec.Cmd
	file    string
}

func countSyscalls(ctx context.Context, p *peer, dir string) (*syscallCount, error) {
	tree, err := p.tree()
	if err != nil {
		return nil, err
	}
	pids := make([]string, len(tree))
	for i, pid := range tree {
		pids[i] = strconv.Itoa(pid)
	}
	c := &syscallCount{file: filepath.Join(dir, "perf.out")}
	c.command = exec.CommandContext(ctx, "perf", "stat", "-x", ",", "-o", c.file, "-e", "raw_syscalls:sys_enter", "-p", strings.Join(pids, ","))
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("perf is needed to count system calls: %w", err)
	}
	time.Sleep(200 * time.Millisecond) // perf says nothing when it has begun
	return c, nil
}

func (c *syscallCount) stop() (int64, error) {
	if err := c.command.Process.Signal(os.Interrupt); err != nil {
		return 0, err
	}
	_ = c.command.Wait() // it ends of the signal
	text, err := os.ReadFile(c.file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if count, _, found := strings.Cut(line, ","); found && strings.Contains(line, "sys_enter") {
			return strconv.ParseInt(count, 10, 64)
		}
	}
	return 0, errors.New("perf told no count")
}
