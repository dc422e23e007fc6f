package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// roleVariable makes the test binary play another process.
const (
	roleVariable    = "LISTEN_TEST_ROLE"
	addressVariable = "LISTEN_TEST_ADDRESS"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "serve":
		os.Exit(play())
	case "fails":
		inherited, err := Inherit()
		if err == nil {
			inherited.Failed(errors.New("the disk\nis full"))
		}
		os.Exit(1)
	case "exits":
		os.Exit(3)
	case "hangs", "stubborn":
		if os.Getenv(roleVariable) == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
		}
		_, _ = Inherit()
		fmt.Println("here")
		time.Sleep(time.Minute)
	case "babbles":
		inherited, err := Inherit()
		if err == nil {
			_ = inherited.tell(strings.Repeat("x", 5000))
		}
		time.Sleep(time.Minute)
	}
	os.Exit(1)
}

// player is a server that hands over to its successor on SIGUSR2 and ends on SIGTERM.
type player struct {
	doors    *Doors
	name     string
	alone    <-chan struct{}
	draining context.Context
	busy     sync.WaitGroup
}

func play() int {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	inherited, err := Inherit()
	if err != nil {
		log.Error("inherit", "error", err)
		return 1
	}
	doors, err := Open([]Config{{Address: os.Getenv(addressVariable), Connections: 1000}}, Deps{Log: log, Inherited: inherited})
	if err != nil {
		inherited.Failed(err)
		return 1
	}
	fmt.Println(doors.Addresses()[0])
	self, _ := os.Readlink("/proc/self/exe")
	draining, drain := context.WithCancel(context.Background())
	defer drain()
	p := &player{doors: doors, name: filepath.Base(self), alone: inherited.Gone(), draining: draining}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		door := doors.All()[0]
		_ = door.Accept(draining, func(conn *net.TCPConn) { p.busy.Go(func() { p.serve(door, conn) }) })
	}()
	if err := doors.Ready(); err != nil {
		log.Error("ready", "error", err)
		return 1
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGTERM)
	for s := range signals {
		if s == syscall.SIGTERM {
			return 0
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := doors.HandOver(ctx, Successor{})
		cancel()
		if err == nil {
			break
		}
		log.Error("upgrade", "error", err)
	}
	drain()
	<-accepting
	p.busy.Wait()
	return 0
}

// serve answers requests with the binary's name, the process and whether the one before has gone. While draining, each
// answer says that it is the last of its connection; an idle connection gets a while to ask once more.
func (p *player) serve(door *Door, conn *net.TCPConn) {
	defer door.Done()
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(p.draining, func() { _ = conn.SetReadDeadline(time.Now().Add(3 * time.Second)) })()
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		alone := false
		select {
		case <-p.alone:
			alone = true
		default:
		}
		last := p.draining.Err() != nil || request.Close
		body := fmt.Sprintf("%s %d %t", p.name, os.Getpid(), alone)
		connection := "keep-alive"
		if last {
			connection = "close"
		}
		_, err = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n%s", connection, len(body), body)
		if err != nil || last {
			return
		}
	}
}
