//go:build e2e

package payments

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// wire is a relay in front of a destination that changes nothing and notes every byte of both directions. It is used by one request at
// a time.
type wire struct {
	listener net.Listener
	target   string

	mu       sync.Mutex
	dialled  int
	up, down bytes.Buffer
	open     map[net.Conn]bool
}

// lay puts a wire in front of an address.
func lay(target string) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: listener, target: target, open: map[net.Conn]bool{}}
	go w.accept()
	return w, nil
}

// url is where the destination is reached through the wire.
func (w *wire) url() string { return "http://" + w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.dialled++
		w.open[near], w.open[far] = true, true
		w.mu.Unlock()
		go w.carry(far, near, &w.up)
		go w.carry(near, far, &w.down)
	}
}

// carry notes before it passes on: what was answered is in the notes already.
func (w *wire) carry(to, from net.Conn, notes *bytes.Buffer) {
	defer func() { _, _ = to.Close(), from.Close() }()
	part := make([]byte, 32<<10)
	for {
		n, err := from.Read(part)
		w.mu.Lock()
		notes.Write(part[:n])
		w.mu.Unlock()
		if _, failed := to.Write(part[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (w *wire) close() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close()
	}
}

// count says how many connections there were since the start, and how many bytes went to the destination since the last take.
func (w *wire) count() (dialled, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dialled, w.up.Len()
}

// arrived is a request as a destination got it.
type arrived struct {
	line, host string
	header     http.Header
	encoding   []string
	length     int64
	body       []byte
}

// take reads what passed since the last time: one request with its answer.
func (w *wire) take() (*arrived, *reply, error) {
	w.mu.Lock()
	up, down := bytes.Clone(w.up.Bytes()), bytes.Clone(w.down.Bytes())
	w.up.Reset()
	w.down.Reset()
	w.mu.Unlock()
	rest := bufio.NewReader(bytes.NewReader(up))
	request, err := http.ReadRequest(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("what the destination got: %w", err)
	}
	got, err := readArrived(request)
	if err != nil {
		return nil, nil, fmt.Errorf("what the destination got: %w", err)
	}
	if n := rest.Buffered(); n > 0 {
		return nil, nil, fmt.Errorf("the destination got %d bytes after the request", n)
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(down)), request)
	if err != nil {
		return nil, nil, fmt.Errorf("what the destination answered: %w", err)
	}
	said, err := readReply(response)
	return got, said, err
}

func readArrived(r *http.Request) (*arrived, error) {
	body, err := io.ReadAll(r.Body)
	return &arrived{line: r.Method + " " + r.RequestURI + " " + r.Proto, host: r.Host, header: r.Header, encoding: r.TransferEncoding,
		length: r.ContentLength, body: body}, err
}

// reply is an answer with all its bytes.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func readReply(response *http.Response) (*reply, error) {
	body, err := io.ReadAll(response.Body)
	return &reply{response.StatusCode, response.Header, body}, errors.Join(err, response.Body.Close())
}

// plainClient sends what it is told and hands back what it gets: it asks for no compression and follows no redirect.
func plainClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
