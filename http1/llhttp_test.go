package http1

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The second oracle is llhttp, node's parser, in a child process. Whatever we accept it must accept, read as the same
// message and end at the same byte.
//
// Differences that have an explanation, and are left out:
//   - empty lines before a request: it skips any number of them, so it gets what follows;
//   - methods: it knows a list of them, we take any token;
//   - raw bytes from 0x80 on in the target: it refuses them, net/http and nginx take them, nobody reads them in two ways;
//   - equal repeated lengths of a response: it refuses them, net/http and we take them as one;
//   - CONNECT: it reads no body, since a tunnel follows; the proxy refuses CONNECT;
//   - the connection's end: it heeds Proxy-Connection, which is no header of HTTP, and takes "close, keep-alive" of
//     HTTP/1.0 for a connection that stays; it says so before it knows that the response is to HEAD;
//   - trailers that have no business in a trailer section: it keeps them, we leave them out.
type llhttp struct {
	in  io.Writer
	out *bufio.Reader
}

type llhttpJob struct {
	Response bool     `json:"response"`
	Head     bool     `json:"head"`   // a response to HEAD
	Finish   bool     `json:"finish"` // the connection ends after the last piece
	Pieces   [][]byte `json:"pieces"`
}

type llhttpField struct{ Name, Value []byte }

type llhttpReading struct {
	Heads, Complete      int // the piece that made the head and the message complete; -1 for none
	Error                string
	Body                 []byte
	Fields, Trailers     []llhttpField
	Major, Minor, Status int
	Upgrade, KeepAlive   bool
	Method               string
	Target, Reason       []byte
}

func startLlhttp(t testing.TB) *llhttp {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("NOT TESTED against llhttp: there is no node on this machine")
	}
	child := exec.Command(node, "--no-deprecation", "testdata/llhttp.js")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // node ends with its input
		_ = child.Wait()
	})
	return &llhttp{in, bufio.NewReader(out)}
}

func (l *llhttp) read(t *testing.T, job llhttpJob) (reading llhttpReading) {
	t.Helper()
	payload, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	frame := append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	if _, err = l.in.Write(frame); err != nil {
		t.Fatal(err)
	}
	var size [4]byte
	if _, err = io.ReadFull(l.out, size[:]); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(size[:]))
	if _, err = io.ReadFull(l.out, answer); err != nil {
		t.Fatal(err)
	}
	if err = json.Unmarshal(answer, &reading); err != nil {
		t.Fatal(err)
	}
	return reading
}

// pieces splits a message at random, with its last byte apart: only that one may complete it.
func pieces(message []byte, random *rand.Rand) [][]byte {
	last := len(message) - 1
	return append(split(message[:last:last], random), message[last:])
}

// knownToLlhttp are the methods it takes with HTTP.
const knownToLlhttp = " DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL " +
	"REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK QUERY SOURCE "

func (l *llhttp) checkRequest(t *testing.T, data []byte, random *rand.Rand) (accepted bool) {
	t.Helper()
	ours, err := readRequest(data, random)
	if err != nil {
		return false
	}
	r := ours.request
	if !strings.Contains(knownToLlhttp, " "+r.Method+" ") {
		return true
	}
	message := bytes.TrimLeft(data[:ours.size], "\r\n")
	if r.Method == "CONNECT" {
		message, ours.body, ours.trailers = r.HeadBytes(), nil, nil
	}
	sent := pieces(message, random)
	theirs := l.read(t, llhttpJob{Pieces: sent})
	fail := func(format string, args ...any) { t.Helper(); t.Errorf("%q: "+format, append([]any{data}, args...)...) }
	if strings.HasPrefix(theirs.Error, "HPE_INVALID_URL") && strings.ContainsFunc(r.Target, func(c rune) bool { return c > 0x7f }) {
		return true
	}
	if theirs.Error != "" && theirs.Complete != len(sent)-1 {
		fail("llhttp refuses: %s", theirs.Error)
		return true
	}
	if theirs.Complete != len(sent)-1 {
		fail("llhttp ends the message with piece %d of %q", theirs.Complete, sent)
	}
	if theirs.Method != r.Method || string(theirs.Target) != r.Target || theirs.Major != 1 || theirs.Minor != r.Minor {
		fail("llhttp reads %s %q by %d.%d; we read %+v", theirs.Method, theirs.Target, theirs.Major, theirs.Minor, r)
	}
	if closes := !theirs.KeepAlive; closes != r.Close && r.Minor == 1 && !r.Present.Has(ProxyConnection) {
		fail("llhttp closes: %v; we: %v", closes, r.Close)
	}
	l.checkRest(fail, theirs, r.Fields, ours)
	return true
}

func (l *llhttp) checkResponse(t *testing.T, data []byte, method string, random *rand.Rand) (accepted bool) {
	t.Helper()
	ours, err := readResponse(data, method, random)
	if err != nil || ours.size == 0 {
		return false
	}
	r := ours.response
	sent := pieces(data[:ours.size], random)
	theirs := l.read(t, llhttpJob{Response: true, Head: method == "HEAD", Finish: r.Framing.UntilClose, Pieces: sent})
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s %q: "+format, append([]any{method, data}, args...)...)
	}
	if strings.HasSuffix(theirs.Error, "Duplicate Content-Length") {
		return true
	}
	want := len(sent) - 1
	if r.Framing.UntilClose {
		want++
	}
	if theirs.Complete != want {
		fail("llhttp ends the message with piece %d of %q: %s", theirs.Complete, sent, theirs.Error)
		return true
	}
	if theirs.Status != r.Status || strings.Trim(string(theirs.Reason), " ") != strings.Trim(r.Reason, " ") || theirs.Minor != r.Minor {
		fail("llhttp reads %d %q by 1.%d; we read %+v", theirs.Status, theirs.Reason, theirs.Minor, r)
	}
	if closes := !theirs.KeepAlive; closes != r.Close && r.Minor == 1 && !r.Framing.Bodiless && !r.Present.Has(ProxyConnection) {
		fail("llhttp closes: %v; we: %v", closes, r.Close)
	}
	l.checkRest(fail, theirs, r.Fields, ours)
	return true
}

func (l *llhttp) checkRest(fail func(string, ...any), theirs llhttpReading, fields []Field, ours reading) {
	if a, b := valuesOf(textFields(theirs.Fields, false)), valuesOf(fields); !maps.EqualFunc(a, b, slices.Equal) {
		fail("llhttp reads fields %q; we read %q", a, b)
	}
	if a, b := valuesOf(textFields(theirs.Trailers, true)), valuesOf(ours.trailers); !maps.EqualFunc(a, b, slices.Equal) {
		fail("llhttp reads trailers %q; we read %q", a, b)
	}
	if !bytes.Equal(theirs.Body, ours.body) {
		fail("llhttp reads body %q; we read %q", theirs.Body, ours.body)
	}
}

func textFields(fields []llhttpField, trailers bool) (out []Field) {
	for _, f := range fields {
		if trailers && !fitsTrailer(string(f.Name)) {
			continue
		}
		out = append(out, Field{string(f.Name), string(f.Value)})
	}
	return out
}

// fitsTrailer tells what we keep of a trailer section.
func fitsTrailer(name string) bool {
	if as, _ := undisguise(name); as == Disguised {
		return false
	}
	known := Lookup(name)
	return known == Other || known == ETag
}

func TestDifferentialLlhttp(t *testing.T) {
	l := startLlhttp(t)
	random := rand.New(rand.NewPCG(seedOfTheDay, 3))
	accepted := 0
	const cases = 60_000
	for range cases {
		corpus := requests()
		if message := mutate(random, corpus[random.IntN(len(corpus))], corpus); l.checkRequest(t, []byte(message), random) {
			accepted++
		}
		corpus = responses()
		method := []string{"GET", "HEAD", "POST"}[random.IntN(3)]
		if message := mutate(random, corpus[random.IntN(len(corpus))], corpus); l.checkResponse(t, []byte(message), method, random) {
			accepted++
		}
		if t.Failed() {
			return
		}
	}
	if accepted < cases/20 {
		t.Errorf("%d of %d accepted: the cases say little", accepted, cases)
	}
}

func FuzzLlhttp(f *testing.F) {
	l := startLlhttp(f)
	for _, message := range requests() {
		f.Add([]byte(message), uint64(1), true)
	}
	for _, message := range responses() {
		f.Add([]byte(message), uint64(1), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, request bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		switch {
		case len(data) > 1<<14:
		case request:
			l.checkRequest(t, data, random)
		default:
			l.checkResponse(t, data, []string{"GET", "HEAD", "POST"}[seed%3], random)
		}
	})
}
