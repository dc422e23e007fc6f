package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"wayguard/http1"
	"wayguard/socket"
)

// transportTo is the standard client, by prior knowledge in clear.
func transportTo(address string) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		},
	}
}

func (h *house) client() *http.Client {
	transport := transportTo(h.listener.Addr().String())
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func TestBodiesPassBothWays(t *testing.T) {
	h := open(t, Config{}, echo)
	client := h.client()
	for _, size := range []int{0, 1, 100, 2048, 16384, 16385, 65535, 65536, 300_000, 5_000_000} {
		sent := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz!"), size/37+1)[:size]
		got, err := client.Post("http://shop.test/", "text/plain", bytes.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(body, sent) {
			t.Fatalf("%d bytes: %d came back, %v", size, len(body), err)
		}
	}
}

func TestManyAtATime(t *testing.T) {
	h := open(t, Config{MaxStreams: 100}, echo) // what the client takes for granted; it waits a second after a refusal
	client := h.client()
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			sent := strings.Repeat(fmt.Sprint(i, ","), 1+i*i%20_000)
			got, err := client.Post("http://shop.test/", "text/plain", strings.NewReader(sent))
			if err != nil {
				t.Error(err)
				return
			}
			defer got.Body.Close()
			if body, err := io.ReadAll(got.Body); err != nil || string(body) != sent {
				t.Errorf("%d of %d bytes, %v", len(body), len(sent), err)
			}
		}()
	}
	wg.Wait()
}

func TestInformationalAnswers(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) {
		if err := s.Inform(101, nil); err != ErrOrder {
			t.Errorf("101: %v", err)
		}
		_ = s.Inform(103, []http1.Field{{Name: "Link", Value: "</a.css>; rel=preload"}})
		_ = s.Respond(200, []http1.Field{{Name: "X-End", Value: "1"}}, true)
		if err := s.Inform(103, nil); err == nil {
			t.Error("informed after the end")
		}
	})
	var link string
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, fields textproto.MIMEHeader) error {
			link = fmt.Sprint(status, fields.Get("Link"))
			return nil
		},
	})
	request, _ := http.NewRequestWithContext(ctx, "GET", "http://shop.test/", nil)
	got, err := h.client().Do(request)
	if err != nil || link != "103</a.css>; rel=preload" || got.Header.Get("X-End") != "1" {
		t.Errorf("%v %q %v", err, link, got)
	}
}

func TestAnswersAreWrittenAsGiven(t *testing.T) {
	long := strings.Repeat("v", 40_000)
	h := open(t, Config{}, func(s *Stream) {
		_ = s.Answer(203, []http1.Field{
			{Name: "X-B", Value: "2"}, {Name: "Connection", Value: "close"}, {Name: "x-a", Value: "1"}, {Name: "Keep-Alive", Value: "5"},
			{Name: "Transfer-Encoding", Value: "chunked"}, {Name: "X-Long", Value: long}, {Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"},
		}, []byte("body"), true)
	})
	p := h.greet()
	p.framer.ReadMetaHeaders.SetMaxStringLength(1 << 20)
	p.framer.MaxHeaderListSize = 1 << 20
	p.ask(1, true)
	a := p.answer(1)
	if want := ":status x-b x-a x-long set-cookie set-cookie"; strings.Join(a.order, " ") != want {
		t.Errorf("fields are %v, want %s", a.order, want)
	}
	if a.fields["x-long"] != long || string(a.body) != "body" {
		t.Error("something was cut")
	}
}

func TestAnAnswerMustBeWhole(t *testing.T) {
	length := []http1.Field{{Name: "Content-Length", Value: "4"}}
	for name, c := range map[string]struct {
		handle func(s *Stream) error
		want   error
		code   Code
	}{
		"nothing":      {func(s *Stream) error { return nil }, nil, InternalError},
		"no end":       {func(s *Stream) error { return s.Answer(200, nil, []byte("x"), false) }, nil, InternalError},
		"too short":    {func(s *Stream) error { _ = s.Respond(200, length, false); return s.End([]byte("123")) }, ErrLength, InternalError},
		"too long":     {func(s *Stream) error { return s.Answer(200, length, []byte("12345"), false) }, ErrLength, InternalError},
		"empty":        {func(s *Stream) error { return s.Respond(200, length, true) }, ErrLength, InternalError},
		"trailers":     {func(s *Stream) error { _ = s.Respond(200, length, false); return s.Finish(length) }, ErrLength, InternalError},
		"refused":      {func(s *Stream) error { s.Reset(RefusedStream); return s.Respond(200, nil, true) }, ErrAnswered, RefusedStream},
		"body first":   {func(s *Stream) error { _, err := s.Write([]byte("x")); return err }, ErrOrder, InternalError},
		"status":       {func(s *Stream) error { return s.Respond(99, nil, true) }, ErrOrder, InternalError},
		"panic":        {func(s *Stream) error { panic("no") }, nil, InternalError},
		"two heads":    {func(s *Stream) error { _ = s.Respond(200, nil, false); return s.Respond(200, nil, true) }, ErrOrder, InternalError},
		"end untold":   {func(s *Stream) error { return s.Finish([]http1.Field{{Name: "x", Value: "1"}}) }, ErrOrder, InternalError},
		"body of 204":  {func(s *Stream) error { return s.Answer(204, nil, []byte("1"), true) }, ErrLength, InternalError},
		"body of head": {func(s *Stream) error { s.method = "HEAD"; return s.Answer(200, nil, []byte("1"), true) }, ErrLength, InternalError},
	} {
		t.Run(name, func(t *testing.T) {
			result := make(chan error, 1)
			h := open(t, Config{}, func(s *Stream) {
				defer close(result)
				result <- c.handle(s)
			})
			p := h.greet()
			p.ask(1, true)
			if a := p.answer(1); a.reset != c.code {
				t.Errorf("reset with %v, fields %v", a.reset, a.fields)
			}
			if err := <-result; err != c.want {
				t.Errorf("the handler was told %v, want %v", err, c.want)
			}
		})
	}
}

func TestHeadHasLengthAndNoBody(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) { _ = s.Respond(200, []http1.Field{{Name: "Content-Length", Value: "1234"}}, true) })
	got, err := h.client().Head("http://shop.test/")
	if err != nil || got.ContentLength != 1234 {
		t.Errorf("%v %v", got, err)
	}
}

func TestAnAnswerBeforeTheBodyIsThere(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) { _ = s.Answer(403, nil, []byte("no"), true) })
	p := h.greet()
	p.ask(1, false, "content-length", "1000000")
	if a := p.answer(1); a.fields[":status"] != "403" || string(a.body) != "no" {
		t.Errorf("%v", a)
	}
	p.expectReset(1, NoError)
	for range 10 { // on its way, to be ignored; the connection's window comes back
		p.must(p.framer.WriteData(1, false, make([]byte, 16384)))
	}
	p.head(1, true, "x", "late trailers")
	p.ask(3, true)
	if a := p.answer(3); a.fields[":status"] != "403" {
		t.Errorf("%v", a)
	}
}

func TestBothSidesSpeakAtOnce(t *testing.T) {
	h := open(t, Config{WebSocket: true}, func(s *Stream) {
		if s.Protocol() != "websocket" || s.Respond(200, nil, false) != nil {
			return
		}
		buffer := make([]byte, 100)
		for {
			n, err := s.Read(buffer)
			if err == io.EOF {
				_ = s.Finish(nil)
			}
			if err != nil {
				return
			}
			if _, err := s.Write(bytes.ToUpper(buffer[:n])); err != nil {
				return
			}
		}
	})
	p := h.greet()
	p.head(1, false, ":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "a.test", ":path", "/chat")
	if f, ok := p.next().(*xhttp2.MetaHeadersFrame); !ok || f.PseudoValue("status") != "200" {
		t.Fatal("not accepted")
	}
	for i := range 50 {
		word := fmt.Sprint("word", i)
		p.must(p.framer.WriteData(1, false, []byte(word)))
		if f, ok := p.next().(*xhttp2.DataFrame); !ok || string(f.Data()) != strings.ToUpper(word) {
			t.Fatalf("%v", f)
		}
	}
	p.must(p.framer.WriteData(1, true, nil))
	if a := p.answer(1); len(a.body) > 0 || a.reset != 0 {
		t.Errorf("%v", a)
	}
}

func TestTheSettingSaysWebSocket(t *testing.T) {
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) { testSettings(t, on) })
	}
}

func testSettings(t *testing.T, on bool) {
	h := open(t, Config{WebSocket: on, MaxStreams: 77, HeaderBytes: 5000}, echo)
	p := h.dial()
	p.raw([]byte(Preface))
	p.must(p.framer.WriteSettings())
	f, err := p.framer.ReadFrame()
	settings, ok := f.(*xhttp2.SettingsFrame)
	if err != nil || !ok {
		t.Fatal(f, err)
	}
	connect, _ := settings.Value(xhttp2.SettingEnableConnectProtocol)
	streams, _ := settings.Value(xhttp2.SettingMaxConcurrentStreams)
	list, _ := settings.Value(xhttp2.SettingMaxHeaderListSize)
	if (connect == 1) != on || streams != 77 || list != 5000 {
		t.Errorf("%v %v %v", connect, streams, list)
	}
}

func TestACancelledRequestIsToldToItsHandler(t *testing.T) {
	began, told, over := make(chan bool), make(chan bool, 1), make(chan error, 1)
	h := open(t, Config{}, func(s *Stream) {
		gone := s.Gone()
		s.OnGone(func() { told <- true })
		close(began)
		<-gone
		over <- s.Respond(200, nil, true)
	})
	p := h.greet()
	p.ask(1, true)
	<-began
	p.must(p.framer.WriteRSTStream(1, xhttp2.ErrCodeCancel))
	<-told
	if err := <-over; err != ErrReset {
		t.Errorf("%v", err)
	}
}

func TestAVisitorWhoLeavesIsToldToAllHandlers(t *testing.T) {
	var began sync.WaitGroup
	began.Add(20)
	var over atomic.Int32
	h := open(t, Config{}, func(s *Stream) {
		began.Done()
		if _, err := s.Read(make([]byte, 1)); errors.Is(err, ErrGone) {
			over.Add(1)
		}
	})
	p := h.greet()
	for i := range 20 {
		p.ask(uint32(2*i+1), false)
	}
	began.Wait()
	_ = p.conn.Close()
	until(t, "all handlers learn it", func() bool { return over.Load() == 20 })
}

// TestOverTLSAndByReadiness runs the same exchange over TLS, with and without socket.Conn.Serve below.
func TestOverTLSAndByReadiness(t *testing.T) {
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	config := &tls.Config{Certificates: certificate.TLS.Certificates, NextProtos: []string{"h2"}}
	certificate.Close()
	for _, secure := range []bool{false, true} {
		for _, serve := range []bool{false, true} {
			t.Run(fmt.Sprintf("tls %v serve %v", secure, serve), func(t *testing.T) {
				var served *tls.Config
				if secure {
					served = config
				}
				testOver(t, served, serve)
			})
		}
	}
}

func testOver(t *testing.T, config *tls.Config, serve bool) {
	server := NewServer(Config{}, echo)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			done <- err
			return
		}
		below, _ := socket.New(conn.(*net.TCPConn))
		r := &readiness{Conn: below}
		opening := Opening{}
		if serve {
			opening.Serve = r.serve
		}
		var top net.Conn = r
		if config != nil {
			secured := tls.Server(r, config)
			if err := secured.Handshake(); err != nil {
				done <- err
				return
			}
			top = secured
		}
		done <- server.Serve(top, opening)
	}()
	transport := transportTo(listener.Addr().String())
	url := "http://shop.test/"
	if config != nil {
		url = "https://shop.test/"
	}
	client := &http.Client{Transport: transport, Timeout: patience}
	for i := range 20 {
		sent := strings.Repeat("x", i*i*1000)
		got, err := client.Post(url, "text/plain", strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(got.Body); err != nil || string(body) != sent || got.ProtoMajor != 2 {
			t.Fatalf("%d of %d bytes by %s, %v", len(body), len(sent), got.Proto, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
}

// readiness is a connection that does not wait in Read once it is served.
type readiness struct {
	*socket.Conn
	serving atomic.Bool
	short   bool
}

func (r *readiness) serve(ready func(first bool) (wait bool)) error {
	r.serving.Store(true)
	return r.Conn.Serve(func(first bool) bool {
		r.short = false
		return ready(first)
	})
}

func (r *readiness) Read(p []byte) (int, error) {
	if !r.serving.Load() {
		return r.Conn.Read(p)
	}
	if r.short {
		return 0, wouldBlock{}
	}
	n, err := r.TryRead(p)
	if err == socket.ErrWouldBlock {
		return 0, wouldBlock{}
	}
	r.short = n < len(p)
	return n, err
}

// wouldBlock is socket.ErrWouldBlock in a form that crypto/tls takes for temporary.
type wouldBlock struct{}

func (wouldBlock) Error() string        { return "nothing to be read" }
func (wouldBlock) Timeout() bool        { return false }
func (wouldBlock) Temporary() bool      { return true }
func (wouldBlock) Is(target error) bool { return target == socket.ErrWouldBlock }

func TestWhatWasReadBeforeIsTaken(t *testing.T) {
	var opening bytes.Buffer
	opening.WriteString(Preface)
	framer := xhttp2.NewFramer(&opening, nil)
	_ = framer.WriteSettings()
	p := &peer{t: t}
	for _, cut := range []int{0, 5, len(Preface), len(Preface) + 4, opening.Len()} {
		for _, prefaceRead := range []bool{false, true} {
			if prefaceRead && cut < len(Preface) {
				continue
			}
			ours, theirs := net.Pipe()
			_ = theirs.SetDeadline(time.Now().Add(patience))
			server := NewServer(Config{}, echo)
			start := Opening{Buffered: opening.Bytes()[:cut], PrefaceRead: prefaceRead}
			if prefaceRead {
				start.Buffered = opening.Bytes()[len(Preface):cut]
			}
			done := make(chan error)
			go func() { done <- server.Serve(ours, start) }()
			p.conn = theirs
			go func() { _, _ = theirs.Write(opening.Bytes()[cut:]) }()
			client := xhttp2.NewFramer(theirs, theirs)
			acked := false
			for !acked {
				f, err := client.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				settings, ok := f.(*xhttp2.SettingsFrame)
				acked = ok && settings.IsAck()
			}
			_ = theirs.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
			_ = server.Shutdown(context.Background())
		}
	}
}

// TestSteadyStateMakesLittleGarbage counts the allocations of an exchange, both ends together; the client makes none.
func TestSteadyStateMakesLittleGarbage(t *testing.T) {
	fields := []http1.Field{{Name: "Content-Type", Value: "text/plain"}, {Name: "Server", Value: "x"}}
	body := bytes.Repeat([]byte("x"), 1024)
	h := open(t, Config{}, func(s *Stream) {
		var room [4096]byte
		for {
			if _, err := s.Read(room[:]); err != nil {
				break
			}
		}
		_ = s.Answer(200, fields, body, true)
	})
	p := h.greet()
	p.must(p.framer.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1 << 20}))
	p.must(p.framer.WriteWindowUpdate(0, 1<<30))
	p.ask(1, true, "user-agent", "test", "accept", "*/*", "cookie", "a=1")
	p.answer(1)
	head := bytes.Clone(p.encode(":method", "GET", ":scheme", "https", ":authority", "shop.test", ":path", "/", "user-agent", "test", "accept", "*/*", "cookie", "a=1"))
	request := appendHead(nil, len(head), frameHeaders, flagEndHeaders, 0)
	request = append(request, head...)
	at := len(request)
	request = append(appendHead(request, 100, frameData, flagEndStream, 0), make([]byte, 100)...)
	stream := uint32(1)
	buffer := make([]byte, 64<<10)
	exchange := func() {
		stream += 2
		for _, place := range []int{5, at + 5} {
			request[place+2], request[place+3] = byte(stream>>8), byte(stream)
		}
		p.raw(request)
		for end := false; !end; {
			if _, err := io.ReadFull(p.conn, buffer[:frameHead]); err != nil {
				t.Fatal(err)
			}
			size, kind, flags := length(buffer), buffer[3], buffer[4]
			if _, err := io.ReadFull(p.conn, buffer[:size]); err != nil {
				t.Fatal(err)
			}
			end = kind == frameData && flags&flagEndStream != 0
		}
	}
	for range 100 {
		exchange()
	}
	if n := testing.AllocsPerRun(500, exchange); n > 1+raceAllocations {
		t.Errorf("%v allocations per request", n)
	}
}
