package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// answered is what a player said.
type answered struct {
	name  string
	pid   int
	alone bool
}

// ask makes one request on a connection; last says that the server ends the connection after it.
func ask(conn net.Conn, reader *bufio.Reader, last bool) (answered, bool, error) {
	var a answered
	connection := ""
	if last {
		connection = "Connection: close\r\n"
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: site.example\r\n"+connection+"\r\n"); err != nil {
		return a, true, fmt.Errorf("send: %w", err)
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return a, true, fmt.Errorf("receive: %w", err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return a, true, fmt.Errorf("receive the body: %w", err)
	}
	_, err = fmt.Sscanf(string(body), "%s %d %t", &a.name, &a.pid, &a.alone)
	return a, response.Close, err
}

// crowd visits all the time, half on connections that are kept, half on fresh ones, and counts what fails. Nothing is
// tried twice.
type crowd struct {
	address          string
	requests, failed atomic.Int64
	mu               sync.Mutex
	latest           map[string]answered
	errors           []error
	visitors         sync.WaitGroup
	leave            context.CancelFunc
}

func newCrowd(t *testing.T, address string) *crowd {
	ctx, leave := context.WithCancel(t.Context())
	c := &crowd{address: address, latest: map[string]answered{}, leave: leave}
	for i := range 8 {
		c.visitors.Go(func() {
			for ctx.Err() == nil {
				if err := c.connection(ctx, i%2 == 0); err != nil {
					c.failed.Add(1)
					c.mu.Lock()
					c.errors = append(c.errors, err)
					c.mu.Unlock()
				}
			}
		})
	}
	return c
}

func (c *crowd) connection(ctx context.Context, keep bool) error {
	conn, err := net.DialTimeout("tcp", c.address, 20*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for ctx.Err() == nil {
		a, last, err := ask(conn, reader, !keep)
		if err != nil {
			return err
		}
		c.requests.Add(1)
		c.mu.Lock()
		c.latest[a.name] = a
		c.mu.Unlock()
		if last {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (c *crowd) saw(name string) answered {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest[name]
}

// ended says whether a process is no more, or only its corpse is.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

// install puts the version of a number where the link "current" leads to, as a deployment does.
func install(t *testing.T, folder string, number int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("v%d", number)
	if err := os.Link(self, filepath.Join(folder, name)); err != nil {
		content, readErr := os.ReadFile(self)
		if readErr != nil {
			t.Fatal(errors.Join(err, readErr))
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	_ = os.Remove(filepath.Join(folder, "next"))
	if err := errors.Join(os.Symlink(name, filepath.Join(folder, "next")),
		os.Rename(filepath.Join(folder, "next"), filepath.Join(folder, "current"))); err != nil {
		t.Fatal(err)
	}
}

func TestFiveUpgradesUnderLoadLoseNothing(t *testing.T) {
	const upgrades = 5
	folder := t.TempDir()
	install(t, folder, 0)
	first := exec.Command(filepath.Join(folder, "current"))
	first.Env = append(os.Environ(), roleVariable+"=serve", addressVariable+"=127.0.0.1:0")
	first.Stderr = os.Stderr
	output, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	pids := []int{first.Process.Pid}
	t.Cleanup(func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = first.Wait()
	})
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowd(t, strings.TrimSpace(address))
	t.Cleanup(c.leave)
	until(t, "the first answers", func() bool { return c.saw("v0").pid != 0 })
	for i := 1; i <= upgrades; i++ {
		install(t, folder, i)
		before := c.saw(fmt.Sprintf("v%d", i-1)).pid
		if err := syscall.Kill(before, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("v%d", i)
		until(t, name, func() bool { return c.saw(name).pid != 0 })
		pids = append(pids, c.saw(name).pid)
		until(t, "the end of the one before "+name, func() bool { return ended(before) })
		until(t, name+" to know that it is alone", func() bool { return c.saw(name).alone })
		served := c.requests.Load()
		until(t, "some load on "+name, func() bool { return c.requests.Load() > served+300 })
		if i < upgrades && c.saw(name).pid == before {
			t.Fatal("the same process")
		}
	}
	c.leave()
	c.visitors.Wait()
	if n := c.failed.Load(); n != 0 {
		t.Errorf("%d of %d requests failed, such as: %v", n, c.requests.Load(), c.errors[0])
	}
	t.Logf("%d requests over %d upgrades, %d failed", c.requests.Load(), upgrades, c.failed.Load())
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A successor that does not take over is ended, its reason is told, and everything goes on.
func TestUpgradesThatFail(t *testing.T) {
	pair := newMaker(t).write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{HTTP3: true, TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = output.Close(), theirs.Close() }()
	said := bufio.NewReader(output)
	nameServed(t, doors, "site.example")
	before := descriptors(t)
	for role, want := range map[string]string{
		"fails": "it says: the disk is full", "exits": "it ended before it was ready (exit status 3)",
		"hangs": "it was not ready in time", "stubborn": "signal: killed", "babbles": "said something unknown", "": "no such file",
	} {
		successor := Successor{Path: self, Args: []string{}, Env: append(os.Environ(), roleVariable+"="+role), Output: theirs}
		if role == "" {
			successor.Path = filepath.Join(t.TempDir(), "nothing")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if strings.Contains(want, "not ready in time") || strings.Contains(want, "killed") {
			// Time is up as soon as it runs.
			go func() {
				_, _ = said.ReadString('\n')
				cancel()
			}()
		}
		err := doors.HandOver(ctx, successor)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", role, err, want)
		}
		if got := nameServed(t, doors, "site.example"); got != "site.example" {
			t.Errorf("%q: afterwards the door served %q", role, got)
		}
	}
	until(t, "no descriptor left behind", func() bool { return descriptors(t) <= before })
}

func TestUpgradeInProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = told.Close() }()
	t.Setenv(notifyVariable, name)
	doors := openDoors(t, quiet(), Config{})
	if err := doors.Ready(); err != nil {
		t.Fatal(err)
	}
	hear := func() string {
		buffer := make([]byte, 100)
		_ = told.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := told.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	if got := hear(); got != "READY=1" {
		t.Errorf("systemd was told %q", got)
	}
	door := doors.All()[0]
	ctx, stop := context.WithCancel(t.Context())
	accepting := make(chan error, 1)
	go func() { accepting <- door.Accept(ctx, func(conn *net.TCPConn) { _ = conn.Close() }) }()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = output.Close(), theirs.Close() }()
	successor := Successor{Path: self, Env: append(os.Environ(), roleVariable+"=serve", addressVariable+"=127.0.0.1:0"), Output: theirs}
	limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := doors.HandOver(limit, successor); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(hear(), "MAINPID=%d", &pid); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGTERM) }()
	if err := doors.HandOver(limit, successor); err == nil {
		t.Error("handed over twice")
	}
	// The socket is still one that accepting from can be ended.
	stop()
	if err := <-accepting; err != nil {
		t.Errorf("accepting ended with %v", err)
	}
	conn := dial(t, door)
	a, _, err := ask(conn, bufio.NewReader(conn), true)
	if err != nil || a.pid != pid || a.alone {
		t.Errorf("%+v, %v; want the process %d, not alone", a, err, pid)
	}
}

func TestSystemdPassesSockets(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	// The shell's process becomes the server's, as systemd's does.
	child := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
	child.Env = append(os.Environ(), roleVariable+"=serve", addressVariable+"="+address, "LISTEN_FDS=1", "LISTEN_FDNAMES=web")
	child.ExtraFiles = []*os.File{file}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	defer func() { _ = child.Process.Kill() }()
	_, _ = file.Close(), listener.Close()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	a, _, err := ask(conn, bufio.NewReader(conn), true)
	if err != nil || a.pid != child.Process.Pid || !a.alone {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestStrangeInheritance(t *testing.T) {
	connected := dial(t, openDoors(t, quiet(), Config{}).All()[0]).(*net.TCPConn)
	stream, err := duplicate(connected)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = file.Close(), stream.Close() }()
	// What is inherited has no other owner, who would close it a second time, under another's number.
	orphan := func(file *os.File) int {
		descriptor, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		return descriptor
	}
	for name, set := range map[string]map[string]string{
		"no JSON":        {handoverVariable: "3,4"},
		"standard":       {handoverVariable: `{"word":1,"life":2,"sockets":[]}`},
		"not open":       {handoverVariable: `{"word":900,"life":901,"sockets":[{"descriptor":902,"network":"tcp"}]}`},
		"a file":         {handoverVariable: fmt.Sprintf(`{"word":900,"life":901,"sockets":[{"descriptor":%d,"network":"tcp"}]}`, orphan(file))},
		"a connection":   {handoverVariable: fmt.Sprintf(`{"word":900,"life":901,"sockets":[{"descriptor":%d,"network":"tcp"}]}`, orphan(stream))},
		"standard input": {handoverVariable: `{"word":900,"life":901,"sockets":[{"descriptor":0,"network":"tcp"}]}`},
		"systemd count":  {systemdCount: "many", systemdPID: fmt.Sprint(os.Getpid())},
		"systemd number": {systemdCount: "100000", systemdPID: fmt.Sprint(os.Getpid())},
	} {
		for key, value := range set {
			t.Setenv(key, value)
		}
		inherited, err := Inherit()
		if err == nil || inherited != nil {
			t.Errorf("%s: %v, %v", name, inherited, err)
		}
		if _, left := os.LookupEnv(handoverVariable); left {
			t.Errorf("%s: the variable is left", name)
		}
	}
	t.Setenv(systemdCount, "1")
	t.Setenv(systemdPID, "1")
	if inherited, err := Inherit(); inherited != nil || err != nil {
		t.Errorf("what was meant for another process was taken: %v, %v", inherited, err)
	}
	select {
	case <-(*Inherited)(nil).Gone():
	default:
		t.Error("somebody is there before the first process")
	}
}

// A process whose predecessor has died while it started serves all the same: nobody else does.
func TestPredecessorThatDied(t *testing.T) {
	theirWord, word, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	life, theirLife, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	i := &Inherited{word: word, allowed: make(chan struct{}), gone: make(chan struct{})}
	go i.follow(life)
	doors, err := Open([]Config{{Address: "127.0.0.1:0"}}, Deps{Log: quiet(), Inherited: i})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(doors.Close)
	door := doors.All()[0]
	go func() { _ = door.Accept(t.Context(), func(conn *net.TCPConn) { _ = conn.Close() }) }()
	dial(t, door)
	ready := make(chan error, 1)
	go func() {
		_ = theirWord.Close()
		ready <- doors.Ready()
	}()
	select {
	case err := <-ready:
		t.Errorf("ready while the predecessor lives: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if door.Accepted() != 0 {
		t.Error("accepted before being ready")
	}
	if err := doors.HandOver(t.Context(), Successor{}); err == nil {
		t.Error("handed over before being ready")
	}
	_ = theirLife.Close()
	if err := <-ready; err != nil {
		t.Error(err)
	}
	<-i.Gone()
	until(t, "the first connection", func() bool { return door.Accepted() == 1 })
	i.Failed(errors.New("too late"))
	if err := i.tellReady(); err == nil {
		t.Error("told twice")
	}
}

func TestAddressesThatMeanTheSame(t *testing.T) {
	for pair, same := range map[[2]string]bool{
		{"[::]:443", ":443"}: true, {"[::]:443", "0.0.0.0:443"}: true, {"[::]:443", "[::]:443"}: true, {"0.0.0.0:443", ":443"}: true,
		{"127.0.0.1:443", "127.0.0.1:443"}: true, {"127.0.0.1:443", "[::ffff:127.0.0.1]:443"}: true, {"127.0.0.1:443", ":443"}: false,
		{"[::]:443", "127.0.0.1:443"}: false, {"[::]:443", ":444"}: false, {"[::]:443", "name.example:443"}: false, {"[::]:443", "443"}: false,
	} {
		if sameAddress(pair[0], pair[1]) != same {
			t.Errorf("%q", pair)
		}
	}
}
