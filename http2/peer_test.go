package http2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wayguard/http1"
)

// patience is how long tests wait for what must happen; nothing is asserted about how fast it does.
const patience = 20 * time.Second

// house is a server and where it listens.
type house struct {
	*Server
	t        *testing.T
	listener net.Listener
	mu       sync.Mutex
	errs     []error
	counts   map[string]int
	wg       sync.WaitGroup
}

func open(t *testing.T, config Config, handle func(*Stream)) *house {
	t.Helper()
	h := &house{t: t, counts: map[string]int{}}
	config.Count = func(what string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.counts[what]++
	}
	h.Server = NewServer(config, handle)
	var err error
	h.listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := h.listener.Accept()
			if err != nil {
				return
			}
			h.wg.Add(1)
			go func() {
				defer h.wg.Done()
				err := h.Serve(conn, Opening{Info: "info"})
				h.mu.Lock()
				defer h.mu.Unlock()
				h.errs = append(h.errs, err)
			}()
		}
	}()
	t.Cleanup(h.end)
	return h
}

// end shuts the house and checks that nothing is left behind.
func (h *house) end() {
	_ = h.listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		h.t.Errorf("shutdown: %v", err)
	}
	h.wg.Wait()
	if n := h.waiting.Load(); n != 0 {
		h.t.Errorf("%d bytes of bodies are still counted as waiting", n)
	}
	until(h.t, "all goroutines end", func() bool { return goroutines() == 0 })
}

func (h *house) count(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.counts[what]
}

// ended gives the results of Serve so far.
func (h *house) ended() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]error(nil), h.errs...)
}

// goroutines counts those of this package that are no test's.
func goroutines() int {
	stacks := make([]byte, 8<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for _, g := range strings.Split(string(stacks), "\n\n") {
		for _, mine := range []string{"http2.(*conn)", "http2.(*workers)", "http2.(*Server).sweep"} {
			if strings.Contains(g, mine) {
				n++
				break
			}
		}
	}
	return n
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// peer is a visitor that speaks in frames.
type peer struct {
	t      *testing.T
	conn   net.Conn
	framer *xhttp2.Framer
	block  bytes.Buffer
	hpack  *hpack.Encoder
}

// dial connects without a word.
func (h *house) dial() *peer {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.listener.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	p := &peer{t: h.t, conn: conn, framer: xhttp2.NewFramer(conn, conn)}
	p.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.framer.AllowIllegalWrites = true
	p.hpack = hpack.NewEncoder(&p.block)
	return p
}

// greet connects and says preface and settings.
func (h *house) greet(settings ...xhttp2.Setting) *peer {
	h.t.Helper()
	p := h.dial()
	p.raw([]byte(Preface))
	p.must(p.framer.WriteSettings(settings...))
	p.must(p.framer.WriteSettingsAck())
	return p
}

func (p *peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) raw(b []byte) {
	p.t.Helper()
	_, err := p.conn.Write(b)
	p.must(err)
}

func (p *peer) encode(fields ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = p.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return p.block.Bytes()
}

// ask sends a request's head: a GET of / where fields do not say otherwise.
func (p *peer) ask(stream uint32, end bool, fields ...string) {
	p.t.Helper()
	p.head(stream, end, append([]string{":method", "GET", ":scheme", "https", ":authority", "shop.test", ":path", "/"}, fields...)...)
}

func (p *peer) head(stream uint32, end bool, fields ...string) {
	p.t.Helper()
	p.must(p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: stream, BlockFragment: p.encode(fields...), EndHeaders: true, EndStream: end}))
}

// next gives the next frame but SETTINGS, and window updates of the connection; nil at the end of the connection.
func (p *peer) next() xhttp2.Frame {
	p.t.Helper()
	for {
		f, err := p.framer.ReadFrame()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				p.t.Fatalf("nothing came: %v", err)
			}
			return nil
		}
		if f.Header().Type == xhttp2.FrameSettings || f.Header().Type == xhttp2.FrameWindowUpdate && f.Header().StreamID == 0 {
			continue
		}
		return f
	}
}

// expectReset wants the stream to be reset with a code; frames of other streams are skipped.
func (p *peer) expectReset(stream uint32, code Code) {
	p.t.Helper()
	for {
		switch f := p.next().(type) {
		case *xhttp2.RSTStreamFrame:
			if f.StreamID != stream {
				continue
			}
			if Code(f.ErrCode) != code {
				p.t.Fatalf("reset with %v, want %v", f.ErrCode, xhttp2.ErrCode(code))
			}
			return
		case *xhttp2.GoAwayFrame:
			p.t.Fatalf("goaway %v, want a reset", f.ErrCode)
		case nil:
			p.t.Fatal("the connection ended, want a reset")
		}
	}
}

// expectGoAway wants the connection to be ended with a code.
func (p *peer) expectGoAway(code Code) {
	p.t.Helper()
	for {
		switch f := p.next().(type) {
		case *xhttp2.GoAwayFrame:
			if Code(f.ErrCode) != code {
				p.t.Fatalf("goaway %v, want %v", f.ErrCode, xhttp2.ErrCode(code))
			}
			p.expectEnd()
			return
		case nil:
			p.t.Fatalf("the connection ended without %v", xhttp2.ErrCode(code))
		}
	}
}

func (p *peer) expectEnd() {
	p.t.Helper()
	for p.next() != nil {
	}
}

// answer is what came on a stream.
type answer struct {
	informed []string
	fields   map[string]string
	order    []string
	trailers map[string]string
	body     []byte
	reset    Code
}

// answer reads a stream's answer to its end; it gives windows back.
func (p *peer) answer(stream uint32) answer {
	p.t.Helper()
	a := answer{trailers: map[string]string{}}
	for {
		f := p.next()
		if f == nil {
			p.t.Fatalf("the connection ended before stream %d did", stream)
		}
		if f.Header().StreamID != stream {
			continue
		}
		switch f := f.(type) {
		case *xhttp2.MetaHeadersFrame:
			p.take(&a, f)
			if f.StreamEnded() {
				return a
			}
		case *xhttp2.DataFrame:
			a.body = append(a.body, f.Data()...)
			if n := uint32(len(f.Data())); n > 0 {
				p.must(p.framer.WriteWindowUpdate(0, n))
				if !f.StreamEnded() {
					p.must(p.framer.WriteWindowUpdate(stream, n))
				}
			}
			if f.StreamEnded() {
				return a
			}
		case *xhttp2.RSTStreamFrame:
			a.reset = Code(f.ErrCode)
			return a
		}
	}
}

func (p *peer) take(a *answer, f *xhttp2.MetaHeadersFrame) {
	into := map[string]string{}
	for _, field := range f.Fields {
		into[field.Name] = field.Value
	}
	switch status := f.PseudoValue("status"); {
	case status == "":
		a.trailers = into
	case status[0] == '1':
		a.informed = append(a.informed, status)
	default:
		a.fields = into
		for _, field := range f.Fields {
			a.order = append(a.order, field.Name)
		}
	}
}

// echo answers with the body it got, and its trailers.
func echo(s *Stream) {
	body, err := io.ReadAll(s)
	if err != nil {
		s.Reset(Cancel)
		return
	}
	trailers := s.Trailers()
	if s.Answer(200, []http1.Field{{Name: "Content-Type", Value: "text/plain"}}, body, len(trailers) == 0) == nil && len(trailers) > 0 {
		_ = s.Finish(trailers)
	}
}
