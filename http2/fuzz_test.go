package http2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wayguard/http1"
)

// tape is a connection that plays what a visitor sends, in pieces, and keeps what it is answered.
type tape struct {
	mu     sync.Mutex
	input  []byte
	pieces int
	output bytes.Buffer
	closed bool
}

func (c *tape) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.input) == 0 || c.closed {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.pieces)], c.input)
	c.input = c.input[n:]
	return n, nil
}

func (c *tape) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	return c.output.Write(p)
}

func (c *tape) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

func (c *tape) LocalAddr() net.Addr              { return nil }
func (c *tape) RemoteAddr() net.Addr             { return nil }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// play lets a server go through a tape and checks what came of it.
func play(t *testing.T, input []byte, pieces int) {
	config := Config{MaxStreams: 8, HeaderBytes: 2000, HeaderFields: 30, StreamWindow: 64 << 10, ConnectionWindow: 128 << 10, BodyMemory: 32 << 10, WebSocket: true}
	server := NewServer(config, func(s *Stream) {
		judge(t, s)
		body, err := io.ReadAll(s)
		if err != nil {
			return
		}
		switch {
		case len(s.Trailers()) > 0:
			_ = s.Answer(200, s.Fields(), body, false)
			_ = s.Finish(s.Trailers())
		case len(body)%3 == 1:
			_ = s.Inform(103, s.Fields())
			_ = s.Respond(404, nil, false)
			_, _ = s.Write(body)
		default:
			_ = s.Answer(200, s.Fields(), body, true)
		}
	})
	c := &tape{input: input, pieces: pieces}
	late := time.AfterFunc(patience, func() { panic("the connection does not end") })
	defer late.Stop()
	if err := server.Serve(c, Opening{}); err != nil {
		var own *Error
		if !errors.As(err, &own) {
			t.Fatalf("Serve gave %v", err)
		}
	}
	if n := server.waiting.Load(); n != 0 {
		t.Fatalf("%d bytes are counted as waiting after the end", n)
	}
	server.hurry <- struct{}{}
	readBack(t, c.output.Bytes())
}

// judge checks that a request could be written to an HTTP/1.1 origin without being read otherwise there.
func judge(t *testing.T, s *Stream) {
	plain := s.Method() == "CONNECT" && s.Protocol() == ""
	if !http1.ValidMethod(s.Method()) || !http1.ValidAuthority(s.Authority()) || !plain && !http1.ValidTarget(s.Path()) {
		t.Errorf("request line %q %q %q", s.Method(), s.Path(), s.Authority())
	}
	if plain {
		return
	}
	size := 0
	for _, f := range s.Fields() {
		size += len(f.Name) + len(f.Value)
		switch known := http1.Lookup(f.Name); {
		case !http1.ValidName(f.Name), !http1.ValidValue(f.Value), ofConnection(known), known == http1.Host:
			t.Errorf("field %q: %q", f.Name, f.Value)
		}
	}
	if size > 2000+2*30 {
		t.Errorf("%d bytes of fields", size)
	}
	head := http1.AppendRequest(nil, s.Method(), s.Path(), s.Authority(), s.Fields(), http1.Framing{Chunked: true}, false)
	var parsed http1.Request
	n, err := parsed.Parse(head, http1.Limits{})
	if refusal, ok := err.(*http1.Error); ok && refusal.Reason == http1.ReasonExpect { // an answer of its own
		return
	}
	if s.Protocol() == "" && (err != nil || n != len(head)) {
		t.Errorf("%d of %d bytes, %v: %q", n, len(head), err, head)
	}
}

// readBack reads what the server wrote as a client would, and checks that streams end once.
func readBack(t *testing.T, output []byte) {
	framer := xhttp2.NewFramer(io.Discard, bytes.NewReader(output))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.MaxHeaderListSize = 1 << 20
	over := map[uint32]bool{}
	data := 0
	for {
		f, err := framer.ReadFrame()
		if err == io.EOF || err == io.ErrUnexpectedEOF { // the writer may be cut off in the end
			return
		}
		if err != nil {
			t.Fatalf("the server wrote what cannot be read: %v", err)
		}
		id, end := f.Header().StreamID, false
		switch f := f.(type) {
		case *xhttp2.MetaHeadersFrame:
			end = f.StreamEnded()
		case *xhttp2.DataFrame:
			end = f.StreamEnded()
			data += len(f.Data())
		default:
			continue
		}
		if over[id] {
			t.Fatalf("stream %d goes on after its end", id)
		}
		over[id] = end
	}
}

func seedFrames() [][]byte {
	session := func(write func(f *xhttp2.Framer, encode func(...string) []byte)) []byte {
		var out, block bytes.Buffer
		out.WriteString(Preface)
		f, e := xhttp2.NewFramer(&out, nil), hpack.NewEncoder(&block)
		f.AllowIllegalWrites = true
		_ = f.WriteSettings(xhttp2.Setting{ID: 4, Val: 100_000}, xhttp2.Setting{ID: 1, Val: 100})
		write(f, func(fields ...string) []byte {
			block.Reset()
			for i := 0; i < len(fields); i += 2 {
				_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
			}
			return block.Bytes()
		})
		return out.Bytes()
	}
	get := []string{":method", "POST", ":scheme", "https", ":authority", "a.test", ":path", "/x?y=z", "user-agent", "fuzz", "cookie", "a=1", "cookie", "b=2"}
	return [][]byte{
		session(func(f *xhttp2.Framer, encode func(...string) []byte) {
			_ = f.WriteWindowUpdate(0, 1<<20)
			for id := uint32(1); id < 9; id += 2 {
				_ = f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: encode(get...), EndHeaders: true})
				_ = f.WriteData(id, false, make([]byte, 500*id))
				_ = f.WriteDataPadded(id, false, []byte("data"), make([]byte, 9))
				_ = f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: encode("x-trailer", "1"), EndHeaders: true, EndStream: true})
			}
		}),
		session(func(f *xhttp2.Framer, encode func(...string) []byte) {
			block := encode(get...)
			_ = f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: block[:5], EndStream: true, PadLength: 3, Priority: xhttp2.PriorityParam{StreamDep: 1, Weight: 7}})
			_ = f.WriteContinuation(3, false, block[5:9])
			_ = f.WriteContinuation(3, true, block[9:])
			_ = f.WriteRSTStream(3, xhttp2.ErrCodeCancel)
			_ = f.WritePing(false, [8]byte{1})
			_ = f.WriteSettings(xhttp2.Setting{ID: 4, Val: 0}, xhttp2.Setting{ID: 1, Val: 4096})
			_ = f.WriteGoAway(0, 0, []byte("bye"))
		}),
		session(func(f *xhttp2.Framer, encode func(...string) []byte) {
			_ = f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(append(get, "content-length", "7")...), EndHeaders: true})
			_ = f.WriteData(1, true, []byte("seven b"))
			_ = f.WritePriority(1, xhttp2.PriorityParam{StreamDep: 3})
			_ = f.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x01u=1"))
			_ = f.WriteWindowUpdate(1, 5)
		}),
	}
}

// FuzzBytes plays any bytes.
func FuzzBytes(f *testing.F) {
	for _, seed := range seedFrames() {
		f.Add(seed, 1<<14)
		f.Add(seed, 7)
	}
	f.Fuzz(func(t *testing.T, input []byte, pieces int) {
		play(t, input, max(pieces, 1))
	})
}

// FuzzFrames plays frames of the right form with any content, in any order: what bytes alone seldom come to.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x01\x05\x01h\x00\x00\x01\x20d\x00\x01\x03\x08\x00\x00w\x06\x00\x00p"))
	f.Add([]byte("\x01\x04\x01\x02\x00\x00\x01\xff\x00\x01\x01\xff\x03\x00\x01\x00\x01\x05\x03\x03\x07\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		play(t, compose(script), 1+len(script)*3)
	})
}

// compose makes frames of a script: kind, flags, stream and a choice of content, four bytes each.
func compose(script []byte) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	out := append([]byte(Preface), appendHead(nil, 0, frameSettings, 0, 0)...)
	heads := [][]string{
		{":method", "POST", ":scheme", "https", ":authority", "a.test", ":path", "/"},
		{":method", "GET", ":scheme", "http", ":authority", "a.test", ":path", "/", "content-length", "20"},
		{":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "a.test", ":path", "/"},
		{":method", "GET", ":scheme", "https", ":path", "/", "host", "b.test", "cookie", "1", "cookie", "2", "te", "trailers"},
		{"x-trailer", "1"}, {"x-trailer", "1", "content-length", "1"}, {}, {":status", "200"},
	}
	for ; len(script) >= 4; script = script[4:] {
		kind, flags, stream, choice := script[0]%11, script[1], uint32(script[2]%32), int(script[3])
		var payload []byte
		switch kind {
		case frameHeaders, frameContinuation:
			block.Reset()
			for fields := heads[choice%len(heads)]; len(fields) > 0; fields = fields[2:] {
				_ = encoder.WriteField(hpack.HeaderField{Name: fields[0], Value: fields[1]})
			}
			payload = block.Bytes()
			if choice&0x80 == 0 {
				flags &^= flagPadded | flagPriority
			}
			if choice&0x40 == 0 {
				flags |= flagEndHeaders
			}
		case frameSettings:
			stream, payload = 0, appendSetting(nil, uint16(choice%10), uint32(choice)<<(choice%20))
		case frameWindow, frameReset, framePriority:
			payload = binary.BigEndian.AppendUint32(nil, uint32(choice)<<(choice%24))
			if kind == framePriority {
				payload = append(payload, flags)
			}
		case framePing, frameGoAway:
			stream, payload = 0, make([]byte, 8)
		default:
			payload = make([]byte, choice*choice/4)
		}
		out = append(appendHead(out, len(payload), kind, flags, stream), payload...)
	}
	return out
}
