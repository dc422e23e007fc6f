package http2

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
)

// goAway waits for the next GOAWAY, answering pings; frames between are dropped.
func (p *peer) goAway() *xhttp2.GoAwayFrame {
	p.t.Helper()
	for {
		switch f := p.next().(type) {
		case *xhttp2.GoAwayFrame:
			return f
		case nil:
			p.t.Fatal("the connection ended without goaway")
		}
	}
}

func TestShutdownInTwoSteps(t *testing.T) {
	began, goOn := make(chan bool, 10), make(chan bool)
	h := open(t, Config{}, func(s *Stream) {
		began <- true
		<-goOn
		_ = s.Answer(200, nil, []byte("done"), true)
	})
	p := h.greet()
	p.ask(1, true)
	<-began
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(context.Background()) }()
	if f := p.goAway(); f.LastStreamID != maxStreamID || f.ErrCode != xhttp2.ErrCodeNo {
		t.Errorf("first %v", f)
	}
	ping, ok := p.next().(*xhttp2.PingFrame)
	if !ok {
		t.Fatal("no ping")
	}
	p.ask(3, true) // was on its way: it counts
	<-began
	p.must(p.framer.WritePing(true, ping.Data))
	if f := p.goAway(); f.LastStreamID != 3 || f.ErrCode != xhttp2.ErrCodeNo {
		t.Errorf("then %v", f)
	}
	p.ask(5, false) // too late: ignored
	p.must(p.framer.WriteData(5, true, []byte("x")))
	select {
	case err := <-down:
		t.Fatalf("shut down before the requests were done: %v", err)
	default:
	}
	close(goOn)
	done := map[uint32]bool{}
	for f := p.next(); f != nil; f = p.next() {
		if data, ok := f.(*xhttp2.DataFrame); ok && data.StreamEnded() && string(data.Data()) == "done" {
			done[data.StreamID] = true
		}
	}
	if !done[1] || !done[3] || len(done) != 2 {
		t.Errorf("answered %v", done)
	}
	_ = p.conn.Close()
	if err := <-down; err != nil {
		t.Error(err)
	}
	if err := h.Serve(nopConn{}, Opening{}); err != ErrShutdown {
		t.Errorf("afterwards %v", err)
	}
}

type nopConn struct{ net.Conn }

func (nopConn) Close() error { return nil }

func TestShutdownHasALimit(t *testing.T) {
	began, over := make(chan bool), make(chan bool)
	h := open(t, Config{}, func(s *Stream) {
		close(began)
		<-s.Gone()
		close(over)
	})
	p := h.greet()
	p.ask(1, true)
	<-began
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	<-over
}

func TestAVisitorWhoSaysGoodbye(t *testing.T) {
	began, goOn := make(chan bool), make(chan bool)
	h := open(t, Config{}, func(s *Stream) {
		close(began)
		<-goOn
		_ = s.Respond(204, nil, true)
	})
	p := h.greet()
	p.ask(1, true)
	<-began
	p.must(p.framer.WriteGoAway(0, xhttp2.ErrCodeNo, nil))
	close(goOn)
	if a := p.answer(1); a.fields[":status"] != "204" {
		t.Errorf("%v", a)
	}
	p.expectEnd()
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	h := open(t, Config{IdleTimeout: 50 * time.Millisecond}, echo)
	p := h.greet()
	p.ask(1, true)
	p.answer(1)
	if f := p.goAway(); f.ErrCode != xhttp2.ErrCodeNo || f.LastStreamID != maxStreamID {
		t.Errorf("%v", f)
	}
	if f := p.goAway(); f.LastStreamID != 1 { // no answer to the ping: a second is waited
		t.Errorf("%v", f)
	}
	p.expectEnd()
	_ = p.conn.Close()
	until(t, "Serve returns", func() bool { return len(h.ended()) == 1 })
	if err := h.ended()[0]; err != nil {
		t.Errorf("Serve gave %v", err)
	}
}

func TestWhoSaysNothingIsClosed(t *testing.T) {
	for name, opening := range map[string]string{
		"nothing": "", "half a preface": Preface[:10], "preface": Preface,
		"half a frame": Preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x10\x01",
		"half a block": Preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82",
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, Config{HeadTimeout: 40 * time.Millisecond, StallTimeout: 40 * time.Millisecond, IdleTimeout: patience}, echo)
			p := h.dial()
			p.t = t
			p.raw([]byte(opening))
			p.expectEnd()
			until(t, "it is counted", func() bool { return h.count(CountStalled) == 1 })
		})
	}
}

func TestStalledStreamsAreReset(t *testing.T) {
	config := Config{StallTimeout: 50 * time.Millisecond}
	t.Run("a body that does not come", func(t *testing.T) {
		told := make(chan error, 1)
		h := open(t, config, func(s *Stream) {
			_, err := io.ReadAll(s)
			told <- err
		})
		p := h.greet()
		p.ask(1, false)
		p.expectReset(1, Cancel)
		if err := <-told; err != ErrStalled || h.count(CountStalledRead) != 1 {
			t.Errorf("%v", err)
		}
	})
	t.Run("an answer that is not taken", func(t *testing.T) {
		told := make(chan error, 1)
		h := open(t, config, func(s *Stream) {
			_ = s.Respond(200, nil, false)
			_, err := s.Write(make([]byte, 1000))
			told <- err
		})
		p := h.greet(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 10})
		p.ask(1, true)
		p.expectReset(1, Cancel)
		if err := <-told; err != ErrStalled || h.count(CountStalledWrite) != 1 {
			t.Errorf("%v", err)
		}
	})
	t.Run("a connection's window that is not given back", func(t *testing.T) {
		told := make(chan error, 1)
		h := open(t, config, func(s *Stream) {
			_ = s.Respond(200, nil, false)
			_, err := s.Write(make([]byte, 100_000))
			told <- err
		})
		p := h.greet(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1 << 20})
		p.ask(1, true)
		p.expectReset(1, Cancel)
		if err := <-told; err != ErrStalled {
			t.Errorf("%v", err)
		}
	})
	t.Run("patience", func(t *testing.T) {
		began := make(chan bool)
		h := open(t, config, func(s *Stream) {
			s.Patient()
			close(began)
			body, err := io.ReadAll(s)
			if err != nil {
				return
			}
			_ = s.Answer(200, nil, body, true)
		})
		p := h.greet()
		p.ask(1, false)
		<-began
		sweeps := h.clock.Load() + 4*config.StallTimeout.Milliseconds()
		until(t, "the sweeper has looked", func() bool { return h.clock.Load() > sweeps })
		p.must(p.framer.WriteData(1, true, []byte("late")))
		if a := p.answer(1); string(a.body) != "late" {
			t.Errorf("%v", a)
		}
	})
}

// TestAConnectionThatTakesNothing fills the sockets' buffers and reads nothing.
func TestAConnectionThatTakesNothing(t *testing.T) {
	told := make(chan error, 1)
	h := open(t, Config{StallTimeout: 100 * time.Millisecond}, func(s *Stream) {
		_ = s.Respond(200, nil, false)
		for {
			if _, err := s.Write(make([]byte, 1<<20)); err != nil {
				told <- err
				return
			}
		}
	})
	p := h.greet(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: maxWindow})
	p.must(p.framer.WriteWindowUpdate(0, maxWindow-protocolWindow))
	p.ask(1, true)
	if err := <-told; err != ErrGone {
		t.Errorf("%v", err)
	}
	until(t, "Serve returns", func() bool { return len(h.ended()) == 1 })
}

func TestUploadsKeepToTheWindows(t *testing.T) {
	goOn := make(chan bool)
	h := open(t, Config{StreamWindow: 64 << 10, ConnectionWindow: 128 << 10, BodyMemory: 64 << 10}, func(s *Stream) {
		if s.Path() == "/hold" {
			<-goOn
		}
		n, err := io.Copy(io.Discard, s)
		if err != nil {
			return
		}
		_ = s.Answer(200, nil, make([]byte, n/1000), true)
	})
	t.Run("beyond a stream's", func(t *testing.T) {
		p := h.greet()
		p.t = t
		p.head(1, false, ":method", "POST", ":scheme", "https", ":authority", "a.test", ":path", "/hold")
		for range 5 {
			p.must(p.framer.WriteData(1, false, make([]byte, 16384)))
		}
		p.expectReset(1, FlowControlError)
	})
	t.Run("beyond the connection's", func(t *testing.T) {
		p := h.greet()
		p.t = t
		for i := range 4 {
			p.head(uint32(2*i+1), false, ":method", "POST", ":scheme", "https", ":authority", "a.test", ":path", "/hold")
		}
		for i := range 16 { // with little body memory the window is not given back before it is read
			if p.framer.WriteData(uint32(2*(i%4)+1), false, make([]byte, 16384)) != nil {
				break
			}
		}
		p.expectGoAway(FlowControlError)
	})
	close(goOn)
	t.Run("within", func(t *testing.T) {
		client := h.client()
		got, err := client.Post("http://shop.test/", "text/plain", io.LimitReader(zeros{}, 3_000_000))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(got.Body); err != nil || len(body) != 3000 {
			t.Errorf("%d %v", len(body), err)
		}
		client.CloseIdleConnections()
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
