package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// directShare is which part of the requests goes to the origin directly: every fifth, between the others.
const directShare = 5

// openLoop sends requests at their times, whatever became of those before, most through the peer and every fifth directly,
// and takes each latency from the time the request was meant to go out. It is one thread with an epoll and a timer of its
// own, because goroutines and Go's timers are too coarse to measure tens of microseconds with.
func openLoop(ctx context.Context, s scenario, through, direct int) (load, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g := &generator{scenario: s, interval: time.Second / time.Duration(s.rate)}
	defer g.close()
	if err := g.open(through, direct); err != nil {
		return load{}, err
	}
	return g.run(ctx)
}

// generator is the state of one open-loop run.
type generator struct {
	scenario scenario
	interval time.Duration
	epoll    int
	timer    int
	conns    map[int]*line
	// free connections, through the peer and direct.
	free             [2][]*line
	requests         [][]byte
	took             [2][]time.Duration
	start            time.Time
	due, sent, total int
	// late are the times of requests that waited for a free connection.
	late [2][]time.Time
}

// line is one connection with at most one request on it.
type line struct {
	fd, way  int
	intended time.Time
	answer   []byte
}

func (g *generator) open(through, direct int) (err error) {
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return err
	}
	if err := g.watch(g.timer); err != nil {
		return err
	}
	g.conns = map[int]*line{}
	for i := range g.scenario.clients * 5 / 4 {
		way, port := 0, through
		if i >= g.scenario.clients {
			way, port = 1, direct
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		l := &line{fd: fd, way: way}
		g.conns[fd] = l
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return err
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
		if err := g.watch(fd); err != nil {
			return err
		}
		g.free[way] = append(g.free[way], l)
	}
	for visitor := range visitors {
		g.requests = append(g.requests, requestText(g.scenario, visitor, ""))
	}
	g.total = int(g.scenario.duration / g.interval)
	return nil
}

func (g *generator) watch(fd int) error {
	return unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (g *generator) close() {
	for fd := range g.conns {
		_ = unix.Close(fd)
	}
	_ = unix.Close(g.timer)
	_ = unix.Close(g.epoll)
}

func (g *generator) run(ctx context.Context) (load, error) {
	every := unix.NsecToTimespec(g.interval.Nanoseconds())
	if err := unix.TimerfdSettime(g.timer, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		return load{}, err
	}
	g.start = time.Now()
	giveUp := g.start.Add(g.scenario.duration + 10*time.Second)
	events := make([]unix.EpollEvent, 256)
	for len(g.took[0])+len(g.took[1]) < g.total {
		n, err := unix.EpollWait(g.epoll, events, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return load{}, err
		}
		if time.Now().After(giveUp) || ctx.Err() != nil {
			return load{}, fmt.Errorf("%d of %d requests were not answered", g.total-len(g.took[0])-len(g.took[1]), g.total)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == g.timer {
				err = g.tick()
			} else {
				err = g.read(g.conns[int(e.Fd)])
			}
			if err != nil {
				return load{}, err
			}
		}
	}
	return g.told(), nil
}

// tick sends what is due.
func (g *generator) tick() error {
	var expired [8]byte
	if _, err := unix.Read(g.timer, expired[:]); err != nil && !errors.Is(err, unix.EAGAIN) {
		return err
	}
	g.due = min(g.due+int(binary.NativeEndian.Uint64(expired[:])), g.total)
	for ; g.sent < g.due; g.sent++ {
		way := 0
		if g.sent%directShare == directShare-1 {
			way = 1
		}
		g.late[way] = append(g.late[way], g.start.Add(time.Duration(g.sent+1)*g.interval))
		if err := g.drain(way); err != nil {
			return err
		}
	}
	return nil
}

// drain sends what waits as long as there are free connections.
func (g *generator) drain(way int) error {
	for len(g.late[way]) > 0 && len(g.free[way]) > 0 {
		l := g.free[way][0]
		g.free[way] = g.free[way][1:]
		l.intended, g.late[way] = g.late[way][0], g.late[way][1:]
		request := g.requests[(g.sent*7)%len(g.requests)]
		n, err := unix.Write(l.fd, request)
		if err != nil || n != len(request) {
			return fmt.Errorf("send a request: %d of %d bytes: %w", n, len(request), err)
		}
	}
	return nil
}

func (g *generator) read(l *line) error {
	var buffer [16 << 10]byte
	n, err := unix.Read(l.fd, buffer[:])
	if errors.Is(err, unix.EAGAIN) {
		return nil
	}
	if err != nil || n == 0 {
		return fmt.Errorf("a connection broke: %w", errors.Join(err, errors.New("closed")))
	}
	l.answer = append(l.answer, buffer[:n]...)
	whole, err := complete(l.answer)
	if err != nil || !whole {
		return err
	}
	g.took[l.way] = append(g.took[l.way], time.Since(l.intended))
	l.answer = l.answer[:0]
	g.free[l.way] = append(g.free[l.way], l)
	return g.drain(l.way)
}

// complete says whether an answer is there whole; anything but a 200 with a length is an error.
func complete(answer []byte) (bool, error) {
	head, rest, found := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !found {
		return false, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
		return false, fmt.Errorf("answered %.40q", head)
	}
	const name = "content-length:"
	for line := range bytes.Lines(head) {
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			length, err := strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
			return len(rest) >= length, err
		}
	}
	return false, errors.New("an answer without a length")
}

func (g *generator) told() load {
	through, direct := g.took[0], g.took[1]
	slices.Sort(through)
	slices.Sort(direct)
	at := func(sorted []time.Duration, share float64) time.Duration {
		return sorted[int(share*float64(len(sorted)-1))]
	}
	return load{
		requests: len(through),
		p50:      at(through, 0.5), p95: at(through, 0.95), p99: at(through, 0.99),
		directP50: at(direct, 0.5), directP95: at(direct, 0.95), directP99: at(direct, 0.99),
	}
}
