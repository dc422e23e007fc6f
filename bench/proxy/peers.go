package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The names of the peers. The origin is the nginx that all of them forward to.
const (
	nginx    = "nginx"
	haproxy  = "haproxy"
	caddy    = "caddy"
	wayguard = "wayguard"
	origin   = "origin"
	// earlier is another Wayguard, to see what a change has done.
	earlier = "earlier"
)

// peer is one running program with a port in clear and one with TLS.
type peer struct {
	name       string
	clear, tls int
	metrics    int
	command    *exec.Cmd
	exited     chan error
}

// field is the origin and the peers in front of it.
type field struct {
	dir    string
	origin *peer
	peers  []*peer
}

// plan is how a peer is started: its configuration, the file it goes to, and its arguments.
type plan struct {
	name, file, text string
	metrics          int
	command          []string
}

func startField(ctx context.Context, dir string, binaries map[string]string, names []string) (_ *field, err error) {
	f := &field{dir: dir}
	defer func() {
		if err != nil {
			f.stop()
		}
	}()
	if err := writeMaterial(dir); err != nil {
		return nil, err
	}
	if !slices.Contains(names, nginx) {
		names = append([]string{nginx}, names...)
	}
	ports, err := freePorts(1 + 3*len(names))
	if err != nil {
		return nil, err
	}
	f.origin, err = start(ctx, dir, originPlan(dir, ports[0]), ports[0], 0)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		clear, secure, metrics := ports[1+3*i], ports[2+3*i], ports[3+3*i]
		p, err := peerPlan(name, dir, binaries[name], ports[0], clear, secure, metrics)
		if err != nil {
			return nil, err
		}
		started, err := start(ctx, dir, p, clear, secure)
		if err != nil {
			return nil, err
		}
		f.peers = append(f.peers, started)
	}
	return f, nil
}

func start(ctx context.Context, dir string, p plan, clear, secure int) (*peer, error) {
	if err := os.WriteFile(filepath.Join(dir, p.file), []byte(p.text), 0o644); err != nil {
		return nil, err
	}
	path, err := exec.LookPath(p.command[0])
	if err != nil {
		return nil, fmt.Errorf("%s is needed for this measurement: %w", p.name, err)
	}
	command := exec.CommandContext(ctx, path, p.command[1:]...)
	log, err := os.Create(filepath.Join(dir, p.name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command.Stdout, command.Stderr, command.Dir = log, log, dir
	command.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	started := &peer{name: p.name, clear: clear, tls: secure, metrics: p.metrics, command: command, exited: make(chan error, 1)}
	go func() { started.exited <- command.Wait() }()
	if err := started.await(); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(err, fmt.Errorf("%s said: %s", p.name, strings.TrimSpace(string(text))))
	}
	return started, nil
}

// await waits until the peer's ports answer.
func (p *peer) await() error {
	deadline := time.Now().Add(20 * time.Second)
	for _, port := range []int{p.clear, p.tls} {
		for port != 0 {
			conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
			if err == nil {
				_ = conn.Close()
				break
			}
			select {
			case err := <-p.exited:
				p.exited <- err
				return fmt.Errorf("%s ended at its start: %w", p.name, err)
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not answer: %w", p.name, err)
			}
		}
	}
	return nil
}

func (f *field) stop() {
	for _, p := range append(f.peers, f.origin) {
		if p == nil {
			continue
		}
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGTERM)
		select {
		case <-p.exited:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
		}
	}
}

// versions are what the peers say of themselves.
func (f *field) versions() map[string]string {
	all := map[string]string{}
	for _, p := range f.peers {
		flag := map[string]string{nginx: "-v", haproxy: "-v", caddy: "version", wayguard: "--version", earlier: "--version"}[p.name]
		text, err := exec.Command(p.command.Path, flag).CombinedOutput()
		if err != nil {
			text = []byte("unknown: " + err.Error())
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		all[p.name] = first
	}
	return all
}

// freePorts finds ports that nobody listens on.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
