package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endWait is how long a new process that is not wanted may take to end before it is killed.
const endWait = 3 * time.Second

// firstExtra is the number of the first descriptor after the standard streams.
const firstExtra = 3

// Successor is the program that takes over.
type Successor struct {
	// Path is the binary; empty is the one this process was started by, under its name, so that a replaced file or link
	// counts.
	Path string
	// Args are the arguments after the name; nil is this process's own.
	Args []string
	// Env is the environment; nil is this process's own.
	Env []string
	// Output gets what the new process writes to its standard streams; nil is this process's own.
	Output *os.File
}

// HandOver starts the successor with all listening sockets and waits until it says that it is ready, or ctx ends, which
// should bound the time it may take. On success this process should accept no more (end the contexts of Accept), finish
// what is under way and end; it is not to Close the doors before. On an error the successor has been ended and nothing
// has changed: this process goes on serving.
func (d *Doors) HandOver(ctx context.Context, to Successor) error {
	if !d.handing.TryLock() {
		return errors.New("hand over: another handing over is under way")
	}
	defer d.handing.Unlock()
	if d.left {
		return errors.New("hand over: that was done already")
	}
	select {
	case <-d.opened:
	default:
		return errors.New("hand over: this process is not ready itself yet")
	}
	next, err := d.start(to)
	if err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	if err := next.await(ctx); err != nil {
		return fmt.Errorf("hand over: the new process did not take over: %w (%s)", err, next.end())
	}
	d.left = true
	// The new process is waited for as long as this one lives, to leave no corpse and to tell of an early end.
	go func() {
		state, err := next.child.Process.Wait()
		d.log.Error("the process that took over has ended", "state", state.String(), "error", err)
	}()
	if err := notify(fmt.Sprintf("MAINPID=%d", next.child.Process.Pid)); err != nil {
		d.log.Warn("systemd could not be told of the new process", "error", err.Error())
	}
	d.log.Info("the listening sockets were handed over", "process", next.child.Process.Pid)
	return nil
}

// successor is a program that was started to take over.
type successor struct {
	child *exec.Cmd
	word  *os.File // where it says that it is ready
	life  int      // where it is told to go, a pipe that otherwise only ends, when this process does
}

// start starts the successor.
func (d *Doors) start(to Successor) (*successor, error) {
	path, err := to.path()
	if err != nil {
		return nil, err
	}
	word, theirWord, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	theirLife, life, err := lifeline()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), word.Close(), theirWord.Close())
	}
	next := &successor{word: word, life: life}
	told := handover{Word: firstExtra, Life: firstExtra + 1}
	files := []*os.File{theirWord, theirLife}
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	for _, door := range d.doors {
		if files, err = door.hand(files, &told); err != nil {
			next.close()
			return nil, err
		}
	}
	if next.child, err = to.command(path, told, files); err == nil {
		err = next.child.Start()
	}
	if err != nil {
		next.close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return next, nil
}

// lifeline is a pipe to a successor. The end for writing is a bare descriptor, because a file is closed when it is
// collected, and this one must stay open until this process ends.
func lifeline() (*os.File, int, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, 0, err
	}
	descriptor, err := duplicateDescriptor(write)
	if err = errors.Join(err, write.Close()); err != nil {
		return nil, 0, errors.Join(err, read.Close())
	}
	return read, descriptor, nil
}

// await waits for the word that the successor is ready and tells it to go. Until it is told, it accepts nobody, so that
// it can be ended without a connection lost.
func (s *successor) await(ctx context.Context) error {
	heard := make(chan error, 1)
	go func() { heard <- hear(s.word) }()
	select {
	case err := <-heard:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return fmt.Errorf("it was not ready in time: %w", context.Cause(ctx))
	}
	if _, err := unix.Write(s.life, []byte(wordGo)); err != nil {
		return fmt.Errorf("tell it to go: %w", err)
	}
	return s.word.Close()
}

func (s *successor) close() {
	_ = s.word.Close()
	_ = unix.Close(s.life)
}

// hand adds copies of the door's sockets to the files and to what is told of them.
func (d *Door) hand(files []*os.File, told *handover) ([]*os.File, error) {
	sockets := []struct {
		network, bound string
		conn           syscall.Conn
	}{{"tcp", d.Listener.Addr().String(), d.Listener}}
	if d.Packets != nil {
		sockets = append(sockets, struct {
			network, bound string
			conn           syscall.Conn
		}{"udp", d.Packets.LocalAddr().String(), d.Packets})
	}
	for _, s := range sockets {
		file, err := duplicate(s.conn)
		if err != nil {
			return files, fmt.Errorf("copy the socket of %s: %w", d.Config.Address, err)
		}
		told.Sockets = append(told.Sockets, handedSocket{
			Descriptor: firstExtra + len(files), Network: s.network, Address: d.Config.Address, Bound: s.bound,
		})
		files = append(files, file)
	}
	return files, nil
}

// duplicate copies a descriptor. The File method of Go's sockets is of no use here: it leads to os/exec setting the
// socket to blocking mode, for this process too, since the mode belongs to the socket; an Accept could then not be
// ended.
func duplicate(conn syscall.Conn) (*os.File, error) {
	descriptor, err := duplicateDescriptor(conn)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(descriptor), "socket"), nil
}

func duplicateDescriptor(conn syscall.Conn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var descriptor int
	var failure error
	if err := raw.Control(func(fd uintptr) { descriptor, failure = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return 0, err
	}
	return descriptor, failure
}

func (s Successor) path() (string, error) {
	if s.Path != "" {
		return s.Path, nil
	}
	// The name this process was started by, rather than the file it came from: an upgrade replaces what is there.
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return path, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the binary: %w", err)
	}
	return path, nil
}

func (s Successor) command(path string, told handover, files []*os.File) (*exec.Cmd, error) {
	text, err := json.Marshal(told)
	if err != nil {
		return nil, err
	}
	args := s.Args
	if args == nil {
		args = os.Args[1:]
	}
	environment := s.Env
	if environment == nil {
		environment = os.Environ()
	}
	// The new process must outlive this one, so that it is bound to no context.
	child := exec.Command(path, args...)
	child.Env = append(withoutOurs(environment), handoverVariable+"="+string(text))
	child.ExtraFiles = files
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if s.Output != nil {
		child.Stdout, child.Stderr = s.Output, s.Output
	}
	return child, nil
}

func withoutOurs(environment []string) []string {
	var out []string
	for _, variable := range environment {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case handoverVariable, systemdPID, systemdCount, systemdNames:
		default:
			out = append(out, variable)
		}
	}
	return out
}

// end ends a successor that is not wanted and says how it ended.
func (s *successor) end() string {
	// The end of the pipe would tell it that it is alone, so that comes last.
	defer s.close()
	ended := make(chan string, 1)
	go func() {
		state, err := s.child.Process.Wait()
		if err != nil {
			ended <- err.Error()
			return
		}
		ended <- state.String()
	}()
	// One that is ending by itself shall have the time to, so that its own reason is told.
	for _, signal := range []os.Signal{nil, syscall.SIGTERM, os.Kill} {
		wait := endWait
		if signal == nil {
			wait = endWait / 30
		} else {
			_ = s.child.Process.Signal(signal)
		}
		select {
		case state := <-ended:
			return state
		case <-time.After(wait):
		}
	}
	return "killed"
}
