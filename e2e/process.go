//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// Process is a program under test with all it printed.
type Process struct {
	command *exec.Cmd
	done    chan struct{}
	failure error

	mu      sync.Mutex
	printed bytes.Buffer
}

// Write takes the program's output.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.printed.Write(b)
}

// Printed is everything the program wrote so far.
func (p *Process) Printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.printed.String()
}

// Start runs a program.
func Start(ctx context.Context, name string, args ...string) (*Process, error) {
	return StartIn(ctx, "", nil, name, args...)
}

// StartIn runs a program in a directory with more environment.
func StartIn(ctx context.Context, dir string, env []string, name string, args ...string) (*Process, error) {
	p := &Process{command: exec.CommandContext(ctx, name, args...), done: make(chan struct{})}
	p.command.Dir, p.command.Env = dir, append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = p, p
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.command.Cancel = func() error { return syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) }
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.failure = p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// WaitFor waits until the output matches and gives the groups of the match.
func (p *Process) WaitFor(pattern string, limit time.Duration) ([]string, error) {
	expression := regexp.MustCompile(pattern)
	deadline := time.Now().Add(limit)
	for {
		if match := expression.FindStringSubmatch(p.Printed()); match != nil {
			return match, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended before it printed %q: %v\n%s", p.command.Path, pattern, p.failure, p.Printed())
		default:
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s did not print %q within %s:\n%s", p.command.Path, pattern, limit, p.Printed())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Pid is the process's number.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Signal sends the program a signal.
func (p *Process) Signal(s os.Signal) error { return p.command.Process.Signal(s) }

// Kill is kill -9.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Stop asks the program to end and waits.
func (p *Process) Stop(limit time.Duration) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return p.failure
	case <-time.After(limit):
		p.Kill()
		return fmt.Errorf("%s did not end within %s of being asked", p.command.Path, limit)
	}
}

// Root is the repository's directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not inside the repository")
		}
	}
}

// Binary is the program that `make build` made.
func Binary() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "build", "wayguard")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("run make build first: %w", err)
	}
	return path, nil
}

// FreeAddress is a loopback address nobody listens on at the moment.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
