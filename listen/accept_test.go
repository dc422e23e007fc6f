package listen

import (
	"context"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func dial(t *testing.T, door *Door) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", door.Listener.Addr().String(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestConnectionsAreBounded(t *testing.T) {
	door := openDoors(t, quiet(), Config{Connections: 2}).All()[0]
	given := make(chan *net.TCPConn, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- door.Accept(ctx, func(conn *net.TCPConn) { given <- conn }) }()
	for range 4 {
		dial(t, door)
	}
	first, second := <-given, <-given
	if door.Accepted() != 2 || door.Open() != 2 {
		t.Fatalf("%d accepted, %d open", door.Accepted(), door.Open())
	}
	_ = first.Close()
	door.Done()
	third := <-given
	if door.Accepted() != 3 {
		t.Errorf("%d accepted", door.Accepted())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	// The fourth is still in the backlog for whoever accepts next.
	_, _ = second.Close(), third.Close()
	door.Done()
	door.Done()
	go func() { _ = door.Accept(t.Context(), func(conn *net.TCPConn) { given <- conn }) }()
	_ = (<-given).Close()
}

func TestClosedDoorEndsAccepting(t *testing.T) {
	doors := openDoors(t, quiet(), Config{})
	ended := make(chan error, 1)
	go func() { ended <- doors.All()[0].Accept(t.Context(), func(*net.TCPConn) {}) }()
	doors.Close()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "accept on 127.0.0.1:0") {
		t.Errorf("ended with %v", err)
	}
}

// Without descriptors nothing can be accepted; as soon as there are some, everybody who waited is.
func TestOutOfDescriptors(t *testing.T) {
	log, lines := newLog()
	door := openDoors(t, log, Config{}).All()[0]
	for range 3 {
		dial(t, door)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	highest := 0
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil {
			highest = max(highest, number)
		}
	}
	// Fill the gaps, so that the limit is right above the last descriptor in use.
	for {
		file, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		if int(file.Fd()) > highest {
			highest = int(file.Fd())
			break
		}
	}
	low := limit
	low.Cur = uint64(highest + 1)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	restore := func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) }
	defer restore()
	var accepted atomic.Int32
	go func() {
		_ = door.Accept(t.Context(), func(conn *net.TCPConn) {
			accepted.Add(1)
			_ = conn.Close()
		})
	}()
	until(t, "failures", func() bool { return door.Failed() >= 3 })
	if accepted.Load() != 0 {
		t.Error("a connection was accepted without a descriptor")
	}
	restore()
	until(t, "all who waited", func() bool { return accepted.Load() == 3 })
	if n := strings.Count(lines.String(), "too many open files"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, lines)
	}
}

func TestMetrics(t *testing.T) {
	m := newMaker(t)
	pair := m.write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}, Connections: 5}, Config{})
	nameServed(t, doors, "site.example")
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(doors.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, family := range families {
		found[strings.TrimPrefix(family.GetName(), "wayguard_listen_")] = len(family.GetMetric())
	}
	want := map[string]int{"accepted_total": 2, "accept_failures_total": 2, "connections": 1, "certificate_expiry_timestamp_seconds": 1}
	if !maps.Equal(found, want) {
		t.Errorf("%v", found)
	}
	if doors.All()[0].Accepted() != 1 {
		t.Errorf("%d accepted", doors.All()[0].Accepted())
	}
}

func TestPacketsShareThePort(t *testing.T) {
	pair := newMaker(t).write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{HTTP3: true, TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	door := doors.All()[0]
	tcp, udp := door.Listener.Addr().(*net.TCPAddr), door.Packets.LocalAddr().(*net.UDPAddr)
	if tcp.Port != udp.Port || !tcp.IP.Equal(udp.IP) {
		t.Errorf("%v and %v", tcp, udp)
	}
}
