package proxy

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// fakeSpec is a route whose events carry the bodies it was given, so that tests can see what was copied.
type fakeSpec struct {
	name     string
	needs    capture.Needs
	request  func(*capture.Request)                    // called while the inline event is made
	exchange func(*capture.Request, *capture.Response) // called while the finished event is made
}

func (s *fakeSpec) Name() string         { return s.name }
func (s *fakeSpec) Needs() capture.Needs { return s.needs }

func (s *fakeSpec) RequestIn(_ *capture.Scratch, r *capture.Request) event.Event {
	if s.request != nil {
		s.request(r)
	}
	return event.Event{
		ID: r.ID, Time: r.Time, Environment: r.Environment, Spec: s.name,
		HTTP:     event.HTTP{Method: r.Method, Host: r.Host, Route: r.Path, Inline: s.needs.Inline},
		Evidence: event.Evidence{Address: r.Peer.String()},
		Elements: []event.Element{body("request", r.Body)},
	}
}

func (s *fakeSpec) ExchangeIn(scratch *capture.Scratch, r *capture.Request, answer *capture.Response) event.Event {
	if s.exchange != nil {
		s.exchange(r, answer)
	}
	request := *s
	request.request = nil
	e := request.RequestIn(scratch, r)
	if answer != nil {
		e.HTTP.Status, e.HTTP.Duration = answer.Status, answer.Duration
		e.Elements = append(e.Elements, body("response", answer.Body))
	}
	return e
}

func body(name string, b capture.Body) event.Element {
	text := string(b.Bytes)
	if b.Truncated {
		text += "…"
	}
	return event.Element{Name: name, Value: text}
}

func value(e event.Event, name string) string {
	if element := e.Find(name); element != nil {
		return element.Value
	}
	return "<absent>"
}

// passThrough copies both bodies up to a limit.
func passThrough(limit int) *fakeSpec {
	return &fakeSpec{name: "pass", needs: capture.Needs{
		RequestBody: true, ResponseBody: true, RequestLimit: limit, ResponseLimit: limit,
	}}
}

// inline holds requests as well.
func inline(limit int) *fakeSpec {
	spec := passThrough(limit)
	spec.name, spec.needs.Inline = "inline", true
	return spec
}

// fakeObserver keeps what it is given.
type fakeObserver struct {
	consider func(context.Context, event.Event) (event.Verdict, error)
	observe  func(context.Context, event.Event) error
	seen     chan event.Event
	// later takes consider's place once the proxy serves.
	later atomic.Pointer[func(context.Context, event.Event) (event.Verdict, error)]
}

// considers says what is answered from now on.
func (o *fakeObserver) considers(f func(context.Context, event.Event) (event.Verdict, error)) {
	o.later.Store(&f)
}

func newObserver() *fakeObserver { return &fakeObserver{seen: make(chan event.Event, 10000)} }

func (o *fakeObserver) Consider(ctx context.Context, e event.Event) (mitigation.Judgement, error) {
	consider := o.consider
	if later := o.later.Load(); later != nil {
		consider = *later
	}
	if consider == nil {
		return mitigation.Judgement{}, nil
	}
	verdict, err := consider(ctx, e)
	return mitigation.Judgement{Verdict: verdict}, err
}

func (o *fakeObserver) Observe(ctx context.Context, e event.Event) error {
	if o.observe != nil {
		if err := o.observe(ctx, e); err != nil {
			return err
		}
	}
	o.seen <- kept(e)
	return nil
}

// kept is a copy of an event that shares no memory with it: the event's own is used again.
func kept(e event.Event) event.Event {
	copied := reflect.New(reflect.TypeFor[event.Event]()).Elem()
	copyDeep(copied, reflect.ValueOf(e))
	return copied.Interface().(event.Event)
}

func copyDeep(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		to.SetString(strings.Clone(from.String()))
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyDeep(to.Index(i), from.Index(i))
		}
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyDeep(to.Elem(), from.Elem())
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMap(from.Type()))
		for _, key := range from.MapKeys() {
			name, value := reflect.New(key.Type()).Elem(), reflect.New(from.Type().Elem()).Elem()
			copyDeep(name, key)
			copyDeep(value, from.MapIndex(key))
			to.SetMapIndex(name, value)
		}
	case reflect.Struct:
		to.Set(from)
		for i := range from.NumField() {
			if from.Type().Field(i).IsExported() {
				copyDeep(to.Field(i), from.Field(i))
			}
		}
	default:
		to.Set(from)
	}
}

// next is the next finished event.
func (o *fakeObserver) next(t *testing.T) event.Event {
	t.Helper()
	select {
	case e := <-o.seen:
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event was observed")
		return event.Event{}
	}
}

// fakePolicy blocks and tags as verdicts ask, unless the test says what it does.
type fakePolicy struct {
	decide  func(*capture.Request, *event.Event, *mitigation.Judgement) mitigation.Measure
	failed  func(spec string, head *capture.Request) *mitigation.Answer
	facts   func(*capture.Request, *event.Event)
	own     func(path string) bool
	serve   func(*capture.Request, []byte) mitigation.Answer
	resume  func(*capture.Request, []byte) ([]byte, string, string, bool)
	learns  func(spec string) int
	learn   func(*event.Event, *capture.Request, *capture.Response)
	content func(path string) *mitigation.Edit
}

func (p fakePolicy) Decide(head *capture.Request, e *event.Event, j *mitigation.Judgement) mitigation.Measure {
	if p.decide != nil {
		return p.decide(head, e, j)
	}
	var m mitigation.Measure
	for _, action := range j.Verdict.Actions {
		if action.Shadow || m.Answer != nil {
			continue
		}
		action.Outcome = event.Done
		switch {
		case action.Kind == event.Block && action.Name == "block":
			m.Answer = &mitigation.Answer{Status: http.StatusForbidden, Header: []capture.Field{{Name: "Content-Type", Value: "text/plain"}},
				Body: []byte("no entry")}
		case action.Kind == event.Tag:
			m.Tags = true
		default:
			action.Outcome = event.Failed
		}
		m.Actions = append(m.Actions, action)
	}
	return m
}

func (p fakePolicy) Failed(spec string, head *capture.Request) *mitigation.Answer {
	if p.failed == nil {
		return nil
	}
	return p.failed(spec, head)
}

func (p fakePolicy) Facts(head *capture.Request, e *event.Event) {
	if p.facts != nil {
		p.facts(head, e)
	}
}

func (p fakePolicy) Own(path string) bool { return p.own != nil && p.own(path) }

func (p fakePolicy) Serve(head *capture.Request, body []byte) mitigation.Answer {
	return p.serve(head, body)
}

func (p fakePolicy) Resume(head *capture.Request, body []byte) (replaced []byte, contentType, cookie string, ok bool) {
	if p.resume == nil {
		return nil, "", "", false
	}
	return p.resume(head, body)
}

func (p fakePolicy) Learns(spec string) int {
	if p.learns == nil {
		return 0
	}
	return p.learns(spec)
}

func (p fakePolicy) Learn(e *event.Event, request *capture.Request, response *capture.Response) {
	p.learn(e, request, response)
}

func (p fakePolicy) DecoyContent(path string) *mitigation.Edit {
	if p.content == nil {
		return nil
	}
	return p.content(path)
}

// obeys puts a policy in force and keeps the rest.
func (s *setup) obeys(p Policy) {
	now := *s.inspection.current.Load()
	now.policy = p
	s.inspection.current.Store(&now)
}

// setup is a running proxy in front of an origin.
type setup struct {
	*Server
	url      string
	address  string
	observer *fakeObserver
	stop     context.CancelFunc
	stopped  chan error
}

// change alters the test's configuration.
type change func(*Config)

// start runs a proxy in front of the origin's URL; every request matches the spec, or none when it is nil.
func start(t testing.TB, origin string, spec route, observer *fakeObserver, changes ...change) *setup {
	t.Helper()
	config := DefaultConfig()
	config.Listen = []ListenConfig{{Address: "127.0.0.1:0"}}
	config.Origin.URL = origin
	config.ForwardedHeaders = ForwardedKeep
	config.Inline.Budget = 10 * time.Second // tests of the budget set their own
	config.Shutdown = ShutdownConfig{Grace: 5 * time.Second, Drain: 5 * time.Second}
	for _, change := range changes {
		change(&config)
	}
	server, err := New(config, Deps{Environment: "production", Observer: observer, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server.inspection.current.Store(&snapshot{policy: fakePolicy{}, match: func(*capture.Request) route { return spec }})
	if spec == nil {
		server.inspection.current.Store(&snapshot{match: matcher(nil)})
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &setup{Server: server, observer: observer, stop: cancel, stopped: make(chan error, 1)}
	s.address = server.Addresses()[0].String()
	s.url = "http://" + s.address
	go func() { s.stopped <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.stopped:
		case <-time.After(20 * time.Second):
			t.Error("the server did not stop")
		}
	})
	return s
}

// application is one for a test.
func application(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// secureApplication is one that speaks HTTP/2 over TLS.
func secureApplication(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// rawOrigin answers every request with the same bytes and keeps what it received, a connection at a time.
type rawOrigin struct {
	url string

	mu       sync.Mutex
	received []string
}

func newRawOrigin(t *testing.T, response string) *rawOrigin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	o := &rawOrigin{url: "http://" + listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go o.serve(conn, response)
		}
	}()
	return o
}

// serve reads what comes until a short silence, answers once and closes.
func (o *rawOrigin) serve(conn net.Conn, response string) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		text.WriteString(line)
		if err != nil {
			return
		}
		if line == "\r\n" {
			break
		}
	}
	head := strings.ToLower(text.String())
	switch {
	case strings.Contains(head, "transfer-encoding: chunked"):
		for !strings.HasSuffix(text.String(), "0\r\n\r\n") {
			line, err := r.ReadString('\n')
			text.WriteString(line)
			if err != nil {
				break
			}
		}
	case strings.Contains(head, "content-length: "):
		request, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(text.String()), r)))
		if err == nil {
			rest, _ := io.ReadAll(request.Body)
			text.Write(rest)
		}
	}
	o.mu.Lock()
	o.received = append(o.received, text.String())
	o.mu.Unlock()
	_, _ = io.WriteString(conn, response)
}

func (o *rawOrigin) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.received...)
}

// exchangeRaw sends bytes and reads everything until the connection ends.
func exchangeRaw(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
