//go:build e2e

package path

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
)

// exchange is one conversation between a visitor and an origin, as moves. A move is made when the other side has seen the
// one before: what is kept back between them shows.
type exchange struct {
	name  string
	moves []move
	// head says that the answers are to a HEAD.
	head bool
	// upgrade says that the connection becomes another protocol's.
	upgrade bool
	// closes says that the origin closes the connection behind its last move.
	closes bool
	// old says that the visitor speaks HTTP/1.0, or the origin: the version in first lines is the connection's own.
	old bool
	// early says that the origin answers before it has the whole request: what of it comes is not compared.
	early bool
	// passing is only compared where the request is not held: a hold asks for the body before the origin sees the head.
	passing bool
}

// move is what one side says.
type move struct {
	origin bool
	text   string
	// until is what the other side sees of it before the next move is made; "" for the end of the text.
	until string
}

// result is what both sides received.
type result struct{ visitor, origin incoming }

// CheckBytes has a corpus of exchanges with an origin itself and with it behind us: what each side receives must be the
// same, byte for byte, but for the lines that belong to a connection and X-Forwarded-*.
func CheckBytes(ctx context.Context) ([]e2e.Figure, error) {
	stage, err := newStage()
	if err != nil {
		return nil, err
	}
	defer stage.listener.Close()
	i, err := Start(ctx, Settings{Origin: "http://" + stage.listener.Addr().String()})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	var figures []e2e.Figure
	direct := map[string]result{}
	for _, x := range corpus() {
		got, err := stage.play(ctx, x, "/direct", func() (net.Conn, error) { return net.Dial("tcp", stage.listener.Addr().String()) })
		if err != nil {
			return nil, fmt.Errorf("%s without us: %w", x.name, err)
		}
		direct[x.name] = got
	}
	for _, secure := range []bool{false, true} {
		for _, route := range []string{"/plain", "/seen/", "/held"} {
			var different []string
			compared := 0
			for _, x := range corpus() {
				if route == "/held" && (x.passing || !strings.HasPrefix(x.moves[0].text, "POST {path} ")) {
					continue
				}
				compared++
				got, err := stage.play(ctx, x, route, func() (net.Conn, error) { return i.dial(ctx, secure, "http/1.1") })
				if err != nil {
					different = append(different, x.name+": "+err.Error())
				} else if text := x.differs(direct[x.name], got, route); text != "" {
					different = append(different, x.name+": "+text)
				}
			}
			name := fmt.Sprintf("exchanges compared (TLS %t, %s)", secure, route)
			figures = append(figures, e2e.AtLeast(name, compared, 8), none("  different from direct", different))
		}
	}
	large, err := checkLarge(ctx)
	return append(figures, large...), err
}

// differs says what a side received otherwise, "" where nothing.
func (x exchange) differs(direct, through result, route string) string {
	if !x.early {
		if text := x.compare("the origin received", direct.origin, through.origin, route); text != "" {
			return text
		}
	}
	return x.compare("the visitor received", direct.visitor, through.visitor, route)
}

func (x exchange) compare(what string, direct, through incoming, route string) string {
	if len(direct.messages) != len(through.messages) {
		return fmt.Sprintf("%s %d messages, not %d: %+v", what, len(through.messages), len(direct.messages), through)
	}
	for n := range direct.messages {
		want, got := direct.messages[n].forwarded(x.upgrade), through.messages[n].forwarded(x.upgrade)
		want.line = strings.Replace(want.line, "/direct", route, 1)
		if x.old {
			want.line, got.line = strings.ReplaceAll(want.line, "HTTP/1.0", "HTTP/1.1"), strings.ReplaceAll(got.line, "HTTP/1.0", "HTTP/1.1")
		}
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("%s\n        %s\n      not\n        %s", what, shortened(got), shortened(want))
		}
	}
	if direct.rest != through.rest {
		return fmt.Sprintf("%s %q behind the upgrade, not %q", what, through.rest, direct.rest)
	}
	if !through.whole && direct.whole {
		return what + " only a part"
	}
	return ""
}

func shortened(m message) string {
	text := fmt.Sprintf("%q %q %q %q", m.line, m.fields, m.body, m.trailers)
	return text[:min(len(text), 1500)]
}

// stage is where exchanges are played: an origin that does what the exchange of the moment says.
type stage struct {
	listener net.Listener
	mu       sync.Mutex
	now      *performance
}

// performance is one exchange under way. Of each move it is known when the other side has seen it.
type performance struct {
	exchange
	path string
	seen []chan struct{}
	// origin is what the origin's connection received, and failure what kept it from more; both valid once over is closed.
	origin  []byte
	failure error
	over    chan struct{}
	// gone is closed when the visitor has all it will get.
	gone chan struct{}
}

func newStage() (*stage, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stage{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

// serve plays the origin's part on one connection, again for each exchange that comes over it.
func (s *stage) serve(conn net.Conn) {
	defer conn.Close()
	first := make([]byte, 64<<10)
	for {
		n, err := conn.Read(first)
		if err != nil {
			return
		}
		s.mu.Lock()
		p := s.now
		s.now = nil
		s.mu.Unlock()
		if p == nil {
			return
		}
		actor := actor{conn: conn, origin: true, performance: p, came: bytes.Clone(first[:n])}
		p.failure = actor.act()
		p.origin = actor.came
		close(p.over)
		if p.failure != nil || p.closes || p.upgrade || p.early {
			<-p.gone
			return
		}
	}
}

// play plays an exchange over a connection.
func (s *stage) play(ctx context.Context, x exchange, path string, dial func() (net.Conn, error)) (result, error) {
	p := &performance{exchange: x, path: path, over: make(chan struct{}), gone: make(chan struct{})}
	for range x.moves {
		p.seen = append(p.seen, make(chan struct{}))
	}
	s.mu.Lock()
	s.now = p
	s.mu.Unlock()
	conn, err := dial()
	if err != nil {
		return result{}, err
	}
	defer conn.Close()
	visitor := actor{conn: conn, performance: p}
	err = visitor.act()
	close(p.gone)
	select {
	case <-p.over:
		err = errors.Join(err, p.failure)
	case <-ctx.Done():
		return result{}, ctx.Err()
	case <-time.After(2 * patience):
		return result{}, errors.Join(err, fmt.Errorf("nothing reached the origin; the visitor got %q", visitor.came))
	}
	if err != nil {
		return result{}, err
	}
	var got result
	var problems [2]error
	got.visitor, problems[0] = readMessages(visitor.came, p.method(), true)
	got.origin, problems[1] = readMessages(p.origin, "", false)
	return got, errors.Join(problems[:]...)
}

// method is that of the request; "-" stands for any that is not HEAD.
func (p *performance) method() string {
	if p.head {
		return "HEAD"
	}
	return "-"
}

// patience is how long a side waits for what the other said.
const patience = 5 * time.Second

// actor is one side of a performance.
type actor struct {
	*performance
	conn   net.Conn
	origin bool
	came   []byte
	looked int // up to here what came was looked at
}

// act makes the moves of one side and reads those of the other, and then what is left of the message.
func (a *actor) act() error {
	for n, m := range a.moves {
		text := strings.ReplaceAll(m.text, "{path}", a.path)
		if m.origin != a.origin {
			if err := a.await(m, text, n); err != nil {
				return err
			}
			close(a.seen[n])
			continue
		}
		if n > 0 {
			select {
			case <-a.seen[n-1]:
			case <-time.After(patience):
				return fmt.Errorf("move %d was never seen", n-1)
			}
		}
		if _, err := a.conn.Write([]byte(text)); err != nil {
			return fmt.Errorf("move %d: %w", n, err)
		}
	}
	return a.rest()
}

// await reads until a move of the other side has come.
func (a *actor) await(m move, text string, n int) error {
	until := m.until
	if until == "" {
		// Lines may be added at the end of a head: what is looked for begins behind it.
		text = text[max(0, strings.Index(text, "\r\n\r\n")):]
		until = text[max(0, len(text)-8):]
	}
	for {
		if at := bytes.Index(a.came[a.looked:], []byte(until)); at >= 0 {
			a.looked += at + len(until)
			return nil
		}
		if err := a.read(); err != nil {
			return fmt.Errorf("move %d did not come, only %q: %w", n, a.came[max(0, len(a.came)-200):], err)
		}
	}
}

// rest reads what is left: the visitor until the answer is whole or the connection ends, the origin until the request is.
func (a *actor) rest() error {
	if a.origin {
		if a.closes {
			return a.closeWrite()
		}
		if a.early || a.upgrade {
			return nil
		}
	}
	method := ""
	if !a.origin {
		method = a.method()
	}
	for {
		in, err := readMessages(a.came, method, false)
		if err != nil || in.whole && !a.untilEnd() {
			return err
		}
		if err := a.read(); err != nil {
			// Only the end of the connection ends what the origin closes behind.
			if a.closes && !errors.Is(err, os.ErrDeadlineExceeded) {
				return nil
			}
			return fmt.Errorf("the message did not come whole (to the origin: %t), only %d bytes, %q: %w", a.origin, len(a.came), a.came[:min(len(a.came), 200)], err)
		}
	}
}

// untilEnd says that a whole answer is not all: the connection's end belongs to it.
func (a *actor) untilEnd() bool {
	return a.closes && (a.upgrade || strings.Contains(a.moves[0].text, "HTTP/1.0\r\n"))
}

func (a *actor) read() error {
	piece := make([]byte, 64<<10)
	_ = a.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := a.conn.Read(piece)
	a.came = append(a.came, piece[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

func (a *actor) closeWrite() error {
	if tcp, ok := a.conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}
