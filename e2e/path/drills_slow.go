//go:build e2e

package path

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/e2e"
)

const (
	slowVisitors = 10_000
	// slowLimit is the time in which a head must come, slowFor how long the visitors drip theirs.
	slowLimit = 15 * time.Second
	slowFor   = 8 * time.Second
	// slowMemory is what one of them may cost, in bytes.
	slowMemory = 16 << 10
	// strays are files that others open and close meanwhile.
	strays = 50
)

// anyUser is a client that speaks HTTP/2 where it can.
func (i *Instance) anyUser() (*http.Client, func()) {
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}, transport.CloseIdleConnections
}

// slowConnections holds thousands of connections whose heads come byte by byte, while others want to be served.
func slowConnections(ctx context.Context) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL, Proxy: fmt.Sprintf("  limits: {header_timeout: %s}", slowLimit)})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	crowd(4, 500*time.Millisecond, "http://"+i.Clear+"/seen/a")
	before, err := i.idle(ctx)
	if err != nil {
		return nil, err
	}
	conns, err := openSlow(ctx, i.Clear)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	held, err := i.holding(ctx, before["process_open_fds"]+slowVisitors-strays)
	if err != nil {
		return nil, err
	}
	dripping := make(chan struct{})
	go func() {
		drip(conns, slowFor)
		close(dripping)
	}()
	// Those who ask the origin itself tell how busy the machine is with so many senders.
	direct := make(chan *tally, 1)
	go func() { direct <- crowd(4, slowFor, origin.URL) }()
	others := crowd(4, slowFor, "http://"+i.Clear+"/seen/a")
	control := <-direct
	strangers := crowd(1, time.Second, "http://"+i.Clear+"/plain")
	<-dripping
	ended := endSlow(conns, slowLimit+5*time.Second)
	after, err := i.idle(ctx)
	if err != nil {
		return nil, err
	}
	each := int(held["process_resident_memory_bytes"]-before["process_resident_memory_bytes"]) / slowVisitors
	open := int(held["process_open_fds"] - before["process_open_fds"])
	return []e2e.Figure{
		e2e.AtLeast("slow connections held open", open, slowVisitors-strays),
		e2e.Holds("  memory of each, bytes", fmt.Sprint(each), each <= slowMemory, fmt.Sprint("<= ", slowMemory)),
		e2e.Holds("  users of the origin itself meanwhile", control.String(), control.outcomes["200"] == control.total(), "all 200"),
		others.only("  other users meanwhile", "200", enough, soon+control.slowest),
		strangers.only("  users who come now", "200", enough, soon),
		e2e.Holds("  slow ones ended by header_timeout", fmt.Sprint(ended), ended == slowVisitors, fmt.Sprint("= ", slowVisitors)),
		e2e.Holds("  files still open", fmt.Sprint(int(after["process_open_fds"]-before["process_open_fds"])), after["process_open_fds"]-before["process_open_fds"] < strays, fmt.Sprint("< ", strays)),
	}, nil
}

// openSlow opens the connections and sends the beginning of a head on each.
func openSlow(ctx context.Context, address string) ([]net.Conn, error) {
	conns := make([]net.Conn, 0, slowVisitors)
	for range slowVisitors {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", len(conns), err)
		}
		conns = append(conns, conn)
		if _, err := io.WriteString(conn, "GET /plain HTTP/1.1\r\nHost: slow.example\r\nX-Slow: "); err != nil {
			return conns, fmt.Errorf("connection %d: %w", len(conns), err)
		}
	}
	return conns, nil
}

// holding waits until the instance has so many files open: the system takes connections before a process does.
func (i *Instance) holding(ctx context.Context, files float64) (counters map[string]float64, err error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if counters, err = i.Counters(ctx); err != nil || counters["process_open_fds"] >= files || time.Now().After(deadline) {
			return counters, err
		}
	}
}

// drip sends one more byte on every connection each second.
func drip(conns []net.Conn, lasting time.Duration) {
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		round := time.Now()
		for _, conn := range conns {
			_, _ = io.WriteString(conn, "x") // one that was ended shows when it is read
		}
		time.Sleep(time.Until(round.Add(time.Second)))
	}
}

// endSlow counts the connections that the other side ends within the limit.
func endSlow(conns []net.Conn, limit time.Duration) int {
	var ended atomic.Int64
	deadline := time.Now().Add(limit)
	var readers sync.WaitGroup
	for _, conn := range conns {
		readers.Go(func() {
			_ = conn.SetReadDeadline(deadline)
			if _, err := io.Copy(io.Discard, conn); !errors.Is(err, os.ErrDeadlineExceeded) {
				ended.Add(1)
			}
			_ = conn.Close()
		})
	}
	readers.Wait()
	return int(ended.Load())
}
