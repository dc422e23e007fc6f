package proxy

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// This file compares a direct connection with one through the proxy: random requests and answers, byte by byte, read by
// a reader of its own and not by net/http's. What may differ is what canonical forgives, and docs/data-path.md lists it.

// rawMessage is one HTTP/1.1 message as it stood on the wire.
type rawMessage struct {
	first   string
	header  []string
	body    []byte
	trailer []string
	framing string // "none", "length", "chunked", "close"
}

// canonical is the message with what is known to differ taken out: the connection's own headers, and how an answer's body
// is framed. Everything else is compared byte by byte: order, spelling and white space of the headers, the reason phrase.
func (m *rawMessage) canonical() string {
	framing := m.framing
	if strings.HasPrefix(m.first, "HTTP/") && framing == "close" {
		framing = "chunked" // a body that ends with its connection comes in chunks from us
	}
	if strings.HasPrefix(m.first, "HTTP/") && framing == "none" {
		framing = ""
	}
	return fmt.Sprintf("%s\n%s\n%s %d bytes %x\ntrailer %s", m.first, strings.Join(m.fields(), "\n"), framing, len(m.body),
		crc32.ChecksumIEEE(m.body), strings.Join(m.trailer, "\n"))
}

// fields are the head's lines but those that belong to one connection, and those that a Connection line names.
func (m *rawMessage) fields() []string {
	named := []string{"connection", "keep-alive", "transfer-encoding", "trailer", "te", "proxy-authorization", "proxy-authenticate"}
	for _, line := range m.header {
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Connection") {
			for option := range strings.SplitSeq(value, ",") {
				// What an application must not lose, such as cookies, stays whatever the line says.
				if option = strings.ToLower(strings.TrimSpace(option)); strings.HasPrefix(option, "x-") {
					named = append(named, option)
				}
			}
		}
	}
	if strings.HasPrefix(m.first, "HTTP/1.1 204") {
		named = append(named, "content-length") // RFC 9110, section 8.6: must not be sent
	}
	var fields []string
	for _, line := range m.header {
		if name, _, _ := strings.Cut(line, ":"); !slices.Contains(named, strings.ToLower(name)) {
			fields = append(fields, line)
		}
	}
	return fields
}

func (m *rawMessage) value(name string) string {
	for _, line := range m.header {
		if n, v, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			return strings.Trim(v, " \t")
		}
	}
	return ""
}

func readLines(r *bufio.Reader) (lines []string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return lines, err
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" {
			return lines, nil
		}
		lines = append(lines, line)
	}
}

// readHead reads a message's head; readBody the rest, bodyless says that there is none whatever the head says.
func readHead(r *bufio.Reader) (*rawMessage, error) {
	lines, err := readLines(r)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &rawMessage{first: lines[0], header: lines[1:]}, nil
}

func (m *rawMessage) readBody(r *bufio.Reader, bodyless bool) (err error) {
	m.framing = "none"
	switch {
	case bodyless:
	case strings.EqualFold(m.value("Transfer-Encoding"), "chunked"):
		m.framing = "chunked"
		return m.readChunks(r)
	case m.value("Content-Length") != "":
		m.framing = "length"
		length, problem := strconv.Atoi(m.value("Content-Length"))
		if problem != nil {
			return problem
		}
		m.body = make([]byte, length)
		_, err = io.ReadFull(r, m.body)
	case strings.HasPrefix(m.first, "HTTP/"):
		m.framing = "close"
		m.body, err = io.ReadAll(r)
	}
	return err
}

func (m *rawMessage) readChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		text, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(text), 16, 32)
		if err != nil {
			return err
		}
		if size == 0 {
			m.trailer, err = readLines(r)
			return err
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return err
		}
		m.body = append(m.body, chunk[:size]...)
	}
}

// scriptedAnswer is an answer as it stands on the wire; the end of the connection ends one that closes.
type scriptedAnswer struct {
	bytes  []byte
	closes bool
}

// scriptedOrigin answers the requests of one trial with the trial's answers, in order, whatever connections they come on.
type scriptedOrigin struct {
	url, address string

	mu       sync.Mutex
	answers  []scriptedAnswer
	received []*rawMessage
}

func newScriptedOrigin(t *testing.T) *scriptedOrigin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	o := &scriptedOrigin{url: "http://" + listener.Addr().String(), address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go o.serve(conn)
		}
	}()
	return o
}

func (o *scriptedOrigin) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for {
		request, err := readHead(r)
		if err != nil {
			return
		}
		if strings.EqualFold(request.value("Expect"), "100-continue") {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		if err := request.readBody(r, false); err != nil {
			return
		}
		o.mu.Lock()
		o.received = append(o.received, request)
		if len(o.answers) == 0 {
			o.mu.Unlock()
			return
		}
		answer := o.answers[0]
		o.answers = o.answers[1:]
		o.mu.Unlock()
		// In two pieces, so that no reader counts on getting a message at once.
		cut := min(len(answer.bytes), 700)
		_, _ = conn.Write(answer.bytes[:cut])
		_, _ = conn.Write(answer.bytes[cut:])
		if answer.closes {
			return
		}
	}
}

func (o *scriptedOrigin) play(answers []scriptedAnswer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers, o.received = slices.Clone(answers), nil
}

// trial is a sequence of requests on one connection and the origin's answers.
type trial struct {
	requests []trialRequest
	answers  []scriptedAnswer
}

type trialRequest struct {
	method     string
	head, body []byte
	expects    bool
}

// run plays the trial against an address and gives what each side got.
func (tr *trial) run(o *scriptedOrigin, address string) (received, answered []*rawMessage, err error) {
	o.play(tr.answers)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	r := bufio.NewReader(conn)
	for _, request := range tr.requests {
		_, _ = conn.Write(request.head)
		if !request.expects {
			_, _ = conn.Write(request.body)
		}
		for {
			answer, err := readHead(r)
			if err != nil {
				return o.got(), answered, fmt.Errorf("read the answer to %.200q: %w", request.head, err)
			}
			status := strings.SplitN(answer.first+"  ", " ", 3)[1]
			if status == "100" && request.expects {
				request.expects = false // a second one is a difference
				_, _ = conn.Write(request.body)
				continue
			}
			informs := strings.HasPrefix(status, "1")
			if err := answer.readBody(r, informs || request.method == "HEAD" || status == "204" || status == "304"); err != nil {
				return o.got(), answered, fmt.Errorf("read the body after %.200q: %w", answer.first, err)
			}
			answered = append(answered, answer)
			if answer.framing == "close" {
				return o.got(), answered, nil
			}
			if !informs {
				break
			}
		}
	}
	return o.got(), answered, nil
}

func (o *scriptedOrigin) got() []*rawMessage {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.received
}

// difference is the first message that is not the same, empty when all are.
func difference(side string, direct, through []*rawMessage) string {
	for i := range max(len(direct), len(through)) {
		want, got := "<none>", "<none>"
		if i < len(direct) {
			want = direct[i].canonical()
		}
		if i < len(through) {
			got = through[i].canonical()
		}
		if want != got {
			return fmt.Sprintf("%s, message %d:\n--- direct\n%s\n--- through\n%s", side, i, brief(want), brief(got))
		}
	}
	return ""
}

func TestThroughIsAsDirect(t *testing.T) {
	trials := 250
	if testing.Short() {
		trials = 50
	}
	o := newScriptedOrigin(t)
	limit := 64 << 10
	for kind, spec := range map[string]route{"unmatched": nil, "pass": passThrough(limit), "inline": inline(limit)} {
		t.Run(kind, func(t *testing.T) {
			s := start(t, o.url, spec, newObserver())
			failures := 0
			for seed := range uint64(trials) {
				tr := dice{rand.New(rand.NewPCG(seed, uint64(len(kind))))}.trial()
				wantReceived, wantAnswered, err := tr.run(o, o.address)
				if err != nil {
					t.Fatalf("seed %d: the test's own origin: %v", seed, err)
				}
				received, answered, err := tr.run(o, s.address)
				if err != nil {
					t.Errorf("seed %d: %v; counts %+v", seed, err, s.Counts())
				}
				if kind == "inline" {
					// Known difference: a held request's body is asked for before the origin is.
					for _, request := range wantReceived {
						request.header = slices.DeleteFunc(request.header, func(line string) bool { return strings.HasPrefix(line, "Expect:") })
					}
				}
				for _, text := range []string{difference("origin", wantReceived, received), difference("visitor", wantAnswered, answered)} {
					if text != "" {
						t.Errorf("seed %d: %s", seed, text)
						failures++
					}
				}
				if failures > 10 {
					t.Fatal("too many differences")
				}
			}
		})
	}
}

func brief(text string) string { return strings.ReplaceAll(text, strings.Repeat("v", 4000), "v~") }
