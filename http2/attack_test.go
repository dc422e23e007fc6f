package http2

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"wayguard/http1"
)

// flood writes until the server has had enough; it reads meanwhile, and wants a GOAWAY with a code.
func (p *peer) flood(code Code, write func(i int) error) {
	p.t.Helper()
	var over atomic.Bool
	wrote := make(chan int)
	go func() {
		i := 0
		for ; !over.Load() && write(i) == nil; i++ {
		}
		wrote <- i
	}()
	told := false
	for {
		f, err := p.framer.ReadFrame()
		if err != nil {
			break
		}
		if goAway, ok := f.(*xhttp2.GoAwayFrame); ok {
			told = Code(goAway.ErrCode) == code
			over.Store(true)
		}
	}
	over.Store(true)
	_ = p.conn.Close()
	if n := <-wrote; !told {
		p.t.Errorf("no goaway %v after %d frames", xhttp2.ErrCode(code), n)
	}
}

func TestFloodsAreEnded(t *testing.T) {
	hang := func(s *Stream) { <-s.Gone() }
	get := func(p *peer, stream uint32, end bool) error {
		return p.framer.WriteHeaders(xhttp2.HeadersFrameParam{
			StreamID: stream, EndHeaders: true, EndStream: end,
			BlockFragment: p.encode(":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/"),
		})
	}
	for name, c := range map[string]struct {
		config Config
		handle func(*Stream)
		count  string
		write  func(p *peer, i int) error
	}{
		"rapid reset": {Config{}, hang, CountResets, func(p *peer, i int) error {
			_ = get(p, uint32(2*i+1), true)
			return p.framer.WriteRSTStream(uint32(2*i+1), xhttp2.ErrCodeCancel)
		}},
		"made you reset": {Config{}, hang, CountResets, func(p *peer, i int) error {
			_ = get(p, uint32(2*i+1), true)
			return p.framer.WriteWindowUpdate(uint32(2*i+1), 0)
		}},
		"malformed requests": {Config{}, hang, CountResets, func(p *peer, i int) error {
			return p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: uint32(2*i + 1), EndHeaders: true, EndStream: true, BlockFragment: []byte{0x82}})
		}},
		"refused requests": {Config{MaxStreams: 10}, hang, CountResets, func(p *peer, i int) error { return get(p, uint32(2*i+1), true) }},
		"too long lists":   {Config{HeaderBytes: 100}, hang, CountResets, func(p *peer, i int) error { return get(p, uint32(2*i+1), true) }},
		"continuation": {Config{}, hang, CountContinuation, func(p *peer, i int) error {
			if i == 0 {
				return p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(":method", "GET")})
			}
			return p.framer.WriteContinuation(1, false, make([]byte, 10))
		}},
		"large continuation": {Config{}, hang, CountContinuation, func(p *peer, i int) error {
			if i == 0 {
				return p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(":method", "GET")})
			}
			return p.framer.WriteContinuation(1, false, make([]byte, 16000))
		}},
		"empty continuation": {Config{}, hang, CountContinuation, func(p *peer, i int) error {
			if i == 0 {
				return p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: nil})
			}
			return p.framer.WriteContinuation(1, false, nil)
		}},
		"ping":     {Config{}, hang, CountControl, func(p *peer, i int) error { return p.framer.WritePing(false, [8]byte{}) }},
		"settings": {Config{}, hang, CountControl, func(p *peer, i int) error { return p.framer.WriteSettings() }},
		"many settings": {Config{}, hang, CountControl, func(p *peer, i int) error {
			return p.framer.WriteSettings(make([]xhttp2.Setting, 2000)...)
		}},
		"priority": {Config{}, hang, CountControl, func(p *peer, i int) error {
			return p.framer.WritePriority(uint32(i+1), xhttp2.PriorityParam{Weight: 1})
		}},
		"unknown":        {Config{}, hang, CountControl, func(p *peer, i int) error { return p.framer.WriteRawFrame(0x42, 0, 0, []byte("x")) }},
		"window updates": {Config{}, hang, CountControl, func(p *peer, i int) error { return p.framer.WriteWindowUpdate(0, 1) }},
		"empty data": {Config{}, hang, CountControl, func(p *peer, i int) error {
			if i == 0 {
				return get(p, 1, false)
			}
			return p.framer.WriteData(1, false, nil)
		}},
		"data on closed streams": {Config{}, func(s *Stream) { s.Reset(Cancel) }, CountControl, func(p *peer, i int) error {
			if i == 0 {
				return get(p, 1, false)
			}
			return p.framer.WriteData(1, false, []byte("x"))
		}},
		"resets of nothing": {Config{}, echo, CountControl, func(p *peer, i int) error {
			if i == 0 {
				return get(p, 1, true)
			}
			return p.framer.WriteRSTStream(1, xhttp2.ErrCodeCancel)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, c.config, c.handle)
			p := h.greet()
			p.t = t
			p.flood(EnhanceYourCalm, func(i int) error { return c.write(p, i) })
			until(t, "it is counted", func() bool { return h.count(c.count) == 1 })
		})
	}
}

// TestAnswersThatAreNotTaken asks for answers and reads none: what waits to be written stays bounded.
func TestAnswersThatAreNotTaken(t *testing.T) {
	h := open(t, Config{StallTimeout: 200 * time.Millisecond, HeadTimeout: patience, IdleTimeout: patience}, echo)
	p := h.greet()
	_ = p.conn.SetWriteDeadline(time.Now().Add(patience))
	for i := 0; ; i++ {
		p.encode(":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/")
		if p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: uint32(2*i + 1), EndHeaders: true, EndStream: true, BlockFragment: p.block.Bytes()}) != nil {
			break
		}
		if p.framer.WritePing(false, [8]byte{}) != nil {
			break
		}
		if i > 50_000_000 {
			t.Fatal("it is let in for ever")
		}
	}
	until(t, "the connection is ended", func() bool { return len(h.ended()) == 1 })
}

// TestHPACKBomb makes a small block of references to a large field.
func TestHPACKBomb(t *testing.T) {
	h := open(t, Config{}, seen)
	p := h.greet()
	p.ask(1, true, "x-bomb", strings.Repeat("b", 3000))
	p.answer(1)
	block := p.encode(":method", "GET", ":scheme", "https", ":authority", "shop.test", ":path", "/")
	block = append(block[:len(block):len(block)], strings.Repeat("\xbe", 16000)...) // the newest entry again and again
	p.must(p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, EndHeaders: true, EndStream: true, BlockFragment: block}))
	if a := p.answer(3); a.fields[":status"] != "431" {
		t.Errorf("%v", a.fields)
	}
}

func TestBrokenFieldBlocksEndTheConnection(t *testing.T) {
	for name, block := range map[string]string{
		"index zero":     "\x80",
		"index too high": "\xff\xff\x01",
		"cut string":     "\x40\x05ab",
		"endless number": "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"huge table":     "\x3f\xe1\xff\x03\x82",
		"bad huffman":    "\x40\x81\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, Config{}, seen)
			p := h.greet()
			p.t = t
			p.must(p.framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: []byte(block)}))
			p.expectGoAway(CompressionError)
		})
	}
}

func TestFramesOutOfOrder(t *testing.T) {
	word := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for name, c := range map[string]struct {
		code Code
		send func(p *peer) error
	}{
		"data on stream 0":        {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(0, 0, 0, []byte("x")) }},
		"data on an idle stream":  {ProtocolError, func(p *peer) error { return p.framer.WriteData(5, false, []byte("x")) }},
		"even stream":             {ProtocolError, func(p *peer) error { p.ask(2, true); return nil }},
		"headers on stream 0":     {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(1, 4, 0, []byte{0x82}) }},
		"smaller stream":          {ProtocolError, func(p *peer) error { p.ask(5, true); p.ask(3, true); return nil }},
		"continuation of nothing": {ProtocolError, func(p *peer) error { return p.framer.WriteContinuation(1, true, nil) }},
		"interrupted headers": {ProtocolError, func(p *peer) error {
			_ = p.framer.WriteRawFrame(1, 0, 1, []byte{0x82})
			return p.framer.WritePing(false, [8]byte{})
		}},
		"other continuation": {ProtocolError, func(p *peer) error {
			_ = p.framer.WriteRawFrame(1, 0, 1, []byte{0x82})
			return p.framer.WriteContinuation(3, true, nil)
		}},
		"padding beyond the frame":  {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(1, 0xd, 1, []byte{5, 0x82, 0, 0, 0}) }},
		"priority without room":     {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(1, 0x25, 1, []byte{0, 0}) }},
		"push":                      {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(5, 4, 1, append(word(2), 0x82)) }},
		"too large a frame":         {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(0x42, 0, 0, make([]byte, 16385)) }},
		"reset of an idle stream":   {ProtocolError, func(p *peer) error { return p.framer.WriteRSTStream(1, 8) }},
		"short reset":               {FrameSizeError, func(p *peer) error { p.ask(1, false); return p.framer.WriteRawFrame(3, 0, 1, []byte{0}) }},
		"window of an idle stream":  {ProtocolError, func(p *peer) error { return p.framer.WriteWindowUpdate(1, 1) }},
		"window of nothing":         {ProtocolError, func(p *peer) error { return p.framer.WriteWindowUpdate(0, 0) }},
		"window overflow":           {FlowControlError, func(p *peer) error { return p.framer.WriteWindowUpdate(0, maxWindow) }},
		"short window":              {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(8, 0, 0, []byte{0}) }},
		"initial window":            {FlowControlError, func(p *peer) error { return p.framer.WriteSettings(xhttp2.Setting{ID: 4, Val: 1 << 31}) }},
		"frame size setting":        {ProtocolError, func(p *peer) error { return p.framer.WriteSettings(xhttp2.Setting{ID: 5, Val: 100}) }},
		"push setting":              {ProtocolError, func(p *peer) error { return p.framer.WriteSettings(xhttp2.Setting{ID: 2, Val: 2}) }},
		"settings on a stream":      {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(4, 0, 1, nil) }},
		"cut settings":              {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(4, 0, 0, make([]byte, 7)) }},
		"settings ack with content": {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(4, 1, 0, make([]byte, 6)) }},
		"ping on a stream":          {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(6, 0, 1, make([]byte, 8)) }},
		"short ping":                {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(6, 0, 0, make([]byte, 7)) }},
		"goaway on a stream":        {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(7, 0, 1, make([]byte, 8)) }},
		"short goaway":              {FrameSizeError, func(p *peer) error { return p.framer.WriteRawFrame(7, 0, 0, make([]byte, 7)) }},
		"priority of stream 0":      {ProtocolError, func(p *peer) error { return p.framer.WriteRawFrame(2, 0, 0, make([]byte, 5)) }},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, Config{}, func(s *Stream) { <-s.Gone() })
			p := h.greet()
			p.t = t
			p.must(c.send(p))
			p.expectGoAway(c.code)
			_ = p.conn.Close()
			until(t, "Serve returns", func() bool { return len(h.ended()) == 1 })
			if h.count(CountConnection) != 1 {
				t.Error("not counted")
			}
			if err, ok := h.ended()[0].(*Error); !ok || err.Code != c.code {
				t.Errorf("Serve gave %v", err)
			}
		})
	}
}

func TestFramesOnEndedStreams(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) {
		switch s.Path() {
		case "/hang":
			<-s.Gone()
		case "/reset":
			s.Reset(Cancel)
		default:
			_ = s.Respond(204, nil, true)
		}
	})
	t.Run("data after the end", func(t *testing.T) {
		p := h.greet()
		p.head(1, true, ":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/hang")
		p.must(p.framer.WriteData(1, false, []byte("x")))
		p.expectReset(1, StreamClosed)
	})
	t.Run("data after both ends", func(t *testing.T) {
		p := h.greet()
		p.ask(1, true)
		p.answer(1)
		p.must(p.framer.WriteData(1, false, []byte("x")))
		p.expectGoAway(StreamClosed)
	})
	t.Run("headers after both ends", func(t *testing.T) {
		p := h.greet()
		p.ask(1, true)
		p.answer(1)
		p.ask(1, true)
		p.expectGoAway(StreamClosed)
	})
	t.Run("data after a reset", func(t *testing.T) {
		p := h.greet()
		p.head(1, false, ":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/hang")
		p.must(p.framer.WriteRSTStream(1, 8))
		p.must(p.framer.WriteData(1, false, []byte("x")))
		p.expectReset(1, StreamClosed)
	})
	t.Run("what was on its way", func(t *testing.T) {
		p := h.greet()
		p.head(1, false, ":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/reset")
		p.expectReset(1, Cancel)
		p.must(p.framer.WriteData(1, false, []byte("x")))
		p.must(p.framer.WriteWindowUpdate(1, 1))
		p.head(1, true, "x-late", "1")
		p.ask(3, true)
		if a := p.answer(3); a.fields[":status"] != "204" {
			t.Errorf("%v", a)
		}
	})
}

func TestNoPreface(t *testing.T) {
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\x16\x03\x01"} {
		t.Run(fmt.Sprintf("%.5q", text), func(t *testing.T) {
			h := open(t, Config{}, seen)
			p := h.dial()
			p.t = t
			p.raw([]byte(text))
			p.expectGoAway(ProtocolError)
		})
	}
	t.Run("no settings", func(t *testing.T) {
		h := open(t, Config{}, seen)
		p := h.dial()
		p.raw([]byte(Preface))
		p.ask(1, true)
		p.expectGoAway(ProtocolError)
	})
}

// TestSlowReaders lets hundreds of streams take nothing, and others on the same connection and on another go on. What the
// server holds for those that take nothing stays small.
func TestSlowReaders(t *testing.T) {
	const slow = 300
	big := make([]byte, 1<<20)
	var writing atomic.Int32
	h := open(t, Config{MaxStreams: slow + 10}, func(s *Stream) {
		if s.Path() == "/big" {
			writing.Add(1)
			_ = s.Respond(200, nil, false)
			if _, err := s.Write(big); err == nil {
				_ = s.Finish(nil)
			}
			return
		}
		_ = s.Answer(200, []http1.Field{{Name: "x", Value: "y"}}, []byte("quick"), true)
	})
	p := h.greet(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 100})
	p.must(p.framer.WriteWindowUpdate(0, 1<<30))
	for i := range slow {
		p.head(uint32(2*i+1), true, ":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/big")
	}
	until(t, "all write", func() bool { return writing.Load() == slow })
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 40<<20 {
		t.Errorf("%d bytes are in use", memory.HeapAlloc)
	}
	p.ask(2*slow+1, true)
	if a := p.answer(2*slow + 1); string(a.body) != "quick" {
		t.Errorf("beside them: %v", a)
	}
	other := h.greet()
	other.ask(1, true)
	if a := other.answer(1); string(a.body) != "quick" {
		t.Errorf("on another connection: %v", a)
	}
	// One of them takes what it asked for, in small steps and then at once.
	p.must(p.framer.WriteWindowUpdate(1, 1000))
	p.must(p.framer.WriteWindowUpdate(1, 1<<21))
	if a := p.answer(1); len(a.body) == 0 || a.reset != 0 {
		t.Errorf("%d bytes", len(a.body))
	}
}
