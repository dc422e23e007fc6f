package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load puts a scenario's load on a peer.
func (f *field) load(ctx context.Context, s scenario, p *peer) (load, error) {
	switch s.kind {
	case saturating:
		return f.wrk(ctx, s, p)
	case multiplex:
		return f.h2load(ctx, s, p)
	case handshakes:
		return shakeHands(ctx, s, p)
	case fixedRate:
		return openLoop(ctx, s, p.clear, f.origin.clear)
	case idling:
		return idle(ctx, s, p)
	}
	return load{}, fmt.Errorf("no load is of the kind %q", s.kind)
}

func (p *peer) url(s scenario) string {
	if s.tls {
		return fmt.Sprintf("https://127.0.0.1:%d%s", p.tls, s.path)
	}
	return fmt.Sprintf("http://127.0.0.1:%d%s", p.clear, s.path)
}

func (f *field) wrk(ctx context.Context, s scenario, p *peer) (load, error) {
	what := "visitors"
	if strings.HasPrefix(s.path, "/files/") {
		what = "plain"
	}
	text, err := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(s.clients), "-d"+strconv.Itoa(int(s.duration.Seconds()))+"s",
		"-s", filepath.Join(f.dir, "load.lua"), p.url(s), "--", what, s.method, s.path).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w: %s", err, text)
	}
	found := regexp.MustCompile(`requests=(\d+) errors=(\d+)`).FindSubmatch(text)
	if found == nil || string(found[2]) != "0" {
		return load{}, fmt.Errorf("wrk met errors: %s", text)
	}
	requests, err := strconv.Atoi(string(found[1]))
	return load{requests: requests}, err
}

func (f *field) h2load(ctx context.Context, s scenario, p *peer) (load, error) {
	arguments := []string{"-D", strconv.Itoa(int(s.duration.Seconds())), "-c", strconv.Itoa(s.clients), "-m", "10", "-t", "1"}
	for _, header := range headers(0) {
		arguments = append(arguments, "-H", header[0]+": "+header[1])
	}
	if s.method == "POST" {
		arguments = append(arguments, "-H", "Content-Type: application/json", "-d", filepath.Join(f.dir, "body.json"))
	}
	text, err := exec.CommandContext(ctx, "h2load", append(arguments, p.url(s))...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("h2load: %w: %s", err, text)
	}
	found := regexp.MustCompile(`requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored`).FindSubmatch(text)
	if found == nil || string(found[3]) != "0" || string(found[4]) != "0" || string(found[1]) != string(found[2]) {
		return load{}, fmt.Errorf("h2load met errors: %s", text)
	}
	requests, err := strconv.Atoi(string(found[1]))
	return load{requests: requests}, err
}

// shakeHands makes connections that cannot be resumed, sends one request on each and closes it.
func shakeHands(ctx context.Context, s scenario, p *peer) (load, error) {
	ctx, cancel := context.WithTimeout(ctx, s.duration)
	defer cancel()
	var done atomic.Int64
	var first atomic.Pointer[error]
	var clients sync.WaitGroup
	for client := range s.clients {
		clients.Go(func() {
			request := requestText(s, client, "")
			for ctx.Err() == nil {
				if err := shake(p.tls, request); err != nil {
					first.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	clients.Wait()
	if err := first.Load(); err != nil {
		return load{}, *err
	}
	return load{requests: int(done.Load())}, nil
}

func shake(port int, request []byte) error {
	raw, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), 5*time.Second)
	if err != nil {
		return err
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	// One curve for all peers: what is measured is the handshake, not who offers which key exchange.
	conn := tls.Client(raw, &tls.Config{ServerName: "bench.example", InsecureSkipVerify: true, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519}, NextProtos: []string{"http/1.1"}})
	if _, err := conn.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return conn.Close()
}

// idle opens connections, sends a request on each, and weighs the peer while all of them are kept.
func idle(ctx context.Context, s scenario, p *peer) (load, error) {
	before, err := p.memory()
	if err != nil {
		return load{}, err
	}
	conns := make([]net.Conn, 0, s.clients)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	for i := range s.clients {
		conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(p.clear))
		if err != nil {
			return load{}, err
		}
		conns = append(conns, conn)
		if err := askOnce(conn, requestText(s, i, "")); err != nil {
			return load{}, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	select {
	case <-time.After(s.duration + 3*time.Second): // long enough for buffers to go back, and a garbage collection
	case <-ctx.Done():
		return load{}, ctx.Err()
	}
	after, err := p.memory()
	if err != nil {
		return load{}, err
	}
	for i, conn := range conns {
		if err := askOnce(conn, requestText(s, i, "")); err != nil {
			return load{}, fmt.Errorf("connection %d did not live through the wait: %w", i, err)
		}
	}
	return load{requests: 2 * s.clients, idleBytesPerConnection: float64(after-before) / float64(s.clients)}, nil
}

func askOnce(conn net.Conn, request []byte) error {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// requestText is a visitor's request as it stands on the wire.
func requestText(s scenario, visitor int, host string) []byte {
	if host == "" {
		host = "bench.example"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", s.method, s.path, host)
	for _, header := range headers(visitor % visitors) {
		fmt.Fprintf(&text, "%s: %s\r\n", header[0], header[1])
	}
	content := ""
	if s.method == "POST" {
		content = body(visitor % visitors)
		fmt.Fprintf(&text, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(content))
	}
	text.WriteString("\r\n" + content)
	return []byte(text.String())
}
