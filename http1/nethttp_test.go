package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// The first oracle is net/http. Whatever we accept it must accept and read as the same message. What we refuse it may accept:
// it forgives bare LF, folded lines, equal repeated lengths and more.
//
// Differences that have an explanation, and are left out:
//   - empty lines before a request: it does not skip them, so it gets what follows;
//   - a malformed percent-escape in the target: it parses the target as a URL and refuses, we forward the bytes as they came;
//   - trailers that have no business in a trailer section: it keeps them, we leave them out;
//   - Cache-Control: it adds one beside Pragma: no-cache; Host, Trailer and Transfer-Encoding: it takes them out of the fields.

const seedOfTheDay = 4711

func checkAgainstNetHTTP(t *testing.T, data []byte, random *rand.Rand) (accepted bool) {
	t.Helper()
	ours, err := readRequest(data, random)
	skipped := data[len(data)-len(bytes.TrimLeft(data, "\r\n")):]
	if err != nil {
		if _, refused := err.(*Error); !refused {
			checkShortToo(t, skipped, err)
		}
		return false
	}
	fail := func(format string, args ...any) { t.Helper(); t.Errorf("%q: "+format, append([]any{data}, args...)...) }
	src := bytes.NewReader(skipped)
	in := bufio.NewReaderSize(src, 1<<17)
	theirs, err := http.ReadRequest(in)
	if err != nil {
		if escape := url.EscapeError(""); !asEscape(err, &escape) {
			fail("net/http refuses: %v", err)
		}
		return true
	}
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		fail("net/http refuses the body: %v", err)
		return true
	}
	r := ours.request
	if theirs.Method != r.Method || theirs.RequestURI != r.Target || theirs.ProtoMinor != r.Minor || theirs.Host != r.Authority ||
		theirs.Close != r.Close || r.Method != "CONNECT" && (theirs.URL.RawQuery != r.Query || !strings.EqualFold(theirs.URL.Scheme, r.Scheme)) {
		fail("net/http reads %s %q of %q by 1.%d, close %v; we read %+v", theirs.Method, theirs.RequestURI, theirs.Host, theirs.ProtoMinor, theirs.Close, r)
	}
	if theirs.ContentLength != r.Framing.Length || (len(theirs.TransferEncoding) == 1) != r.Framing.Chunked {
		fail("net/http reads length %d, coding %q; we read %+v", theirs.ContentLength, theirs.TransferEncoding, r.Framing)
	}
	checkFields(fail, theirs.Header, r.Fields)
	checkTrailers(fail, theirs.Trailer, ours.trailers)
	rest, _ := io.ReadAll(io.MultiReader(in, src))
	if !bytes.Equal(body, ours.body) || !bytes.Equal(rest, data[ours.size:]) {
		fail("net/http reads body %q and leaves %q; we read %q and leave %q", body, rest, ours.body, data[ours.size:])
	}
	return true
}

func asEscape(err error, escape *url.EscapeError) bool {
	parse, ok := err.(*url.Error)
	if !ok {
		return false
	}
	*escape, ok = parse.Err.(url.EscapeError)
	return ok
}

// checkShortToo wants that nobody sees a whole message where we wait for more of it.
func checkShortToo(t *testing.T, data []byte, ours error) {
	t.Helper()
	if ours != ErrMore && ours != errShort {
		t.Errorf("%q: %v", data, ours)
	}
	theirs, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(data), 1<<17))
	if err != nil {
		return
	}
	if _, err = io.ReadAll(theirs.Body); err == nil {
		t.Errorf("%q: we wait for more, net/http reads a whole message %+v", data, theirs)
	}
}

func checkFields(fail func(string, ...any), header http.Header, fields []Field) {
	theirs := map[string][]string{}
	for name, values := range header {
		theirs[foldName(name)] = values
	}
	ours := valuesOf(fields)
	for _, name := range []string{"host", "trailer", "transfer-encoding", "content-length"} {
		delete(ours, name)
		delete(theirs, name)
	}
	if ours["pragma"] != nil {
		delete(ours, "cache-control")
		delete(theirs, "cache-control")
	}
	if !maps.EqualFunc(ours, theirs, slices.Equal) {
		fail("net/http reads fields %q; we read %q", theirs, ours)
	}
}

func checkTrailers(fail func(string, ...any), header http.Header, trailers []Field) {
	theirs := map[string][]string{}
	for name, values := range header {
		if len(values) > 0 && fitsTrailer(name) {
			theirs[foldName(name)] = values
		}
	}
	if ours := valuesOf(trailers); !maps.EqualFunc(ours, theirs, slices.Equal) {
		fail("net/http reads trailers %q; we read %q", theirs, ours)
	}
}

func checkResponseAgainstNetHTTP(t *testing.T, data []byte, method string, random *rand.Rand) (accepted bool) {
	t.Helper()
	ours, err := readResponse(data, method, random)
	if err != nil {
		return false
	}
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s %q: "+format, append([]any{method, data}, args...)...)
	}
	src := bytes.NewReader(data)
	in := bufio.NewReaderSize(src, 1<<17)
	theirs, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		fail("net/http refuses: %v", err)
		return true
	}
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		fail("net/http refuses the body: %v", err)
		return true
	}
	r := ours.response
	if theirs.StatusCode != r.Status || strings.TrimRight(theirs.Status, " ") != strings.TrimRight(fmt.Sprintf("%03d %s", r.Status, r.Reason), " ") || theirs.ProtoMinor != r.Minor {
		fail("net/http reads %q by 1.%d; we read %+v", theirs.Status, theirs.ProtoMinor, r)
	}
	if theirs.Close != r.Close || (len(theirs.TransferEncoding) == 1) != r.Framing.Chunked && !r.Framing.Bodiless {
		fail("net/http reads close %v, coding %q; we read %v %+v", theirs.Close, theirs.TransferEncoding, r.Close, r.Framing)
	}
	delete(theirs.Header, "Connection") // it takes a "close" out
	checkFields(fail, theirs.Header, slices.DeleteFunc(slices.Clone(r.Fields), func(f Field) bool { return Lookup(f.Name) == Connection }))
	checkTrailers(fail, theirs.Trailer, ours.trailers)
	rest, _ := io.ReadAll(io.MultiReader(in, src))
	if !bytes.Equal(body, ours.body) || !bytes.Equal(rest, data[ours.size:]) {
		fail("net/http reads body %q and leaves %q; we read %q and leave %q", body, rest, ours.body, data[ours.size:])
	}
	return true
}

// TestDifferential compares many thousand mutated messages, the same ones each day.
func TestDifferential(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 1))
	accepted := 0
	for _, message := range requests() {
		checkAgainstNetHTTP(t, []byte(message), nil)
	}
	const cases = 60_000
	for range cases {
		corpus := requests()
		if message := mutate(random, corpus[random.IntN(len(corpus))], corpus); checkAgainstNetHTTP(t, []byte(message), random) {
			accepted++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d accepted", accepted, cases)
	if accepted < cases/20 || accepted > cases*19/20 {
		t.Errorf("%d of %d accepted: the cases say little", accepted, cases)
	}
}

func TestDifferentialResponses(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 2))
	accepted := 0
	const cases = 40_000
	for range cases {
		corpus := responses()
		method := []string{"GET", "HEAD", "POST"}[random.IntN(3)]
		if message := mutate(random, corpus[random.IntN(len(corpus))], corpus); checkResponseAgainstNetHTTP(t, []byte(message), method, random) {
			accepted++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d accepted", accepted, cases)
	if accepted < cases/20 || accepted > cases*19/20 {
		t.Errorf("%d of %d accepted: the cases say little", accepted, cases)
	}
}

func FuzzRequest(f *testing.F) {
	for _, message := range requests() {
		f.Add([]byte(message), uint64(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		if len(data) > 1<<15 {
			return
		}
		checkAgainstNetHTTP(t, data, rand.New(rand.NewPCG(seed, 0)))
	})
}

func FuzzResponse(f *testing.F) {
	for _, message := range responses() {
		f.Add([]byte(message), uint64(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		if len(data) > 1<<15 {
			return
		}
		checkResponseAgainstNetHTTP(t, data, []string{"GET", "HEAD", "POST"}[seed%3], rand.New(rand.NewPCG(seed, 0)))
	})
}
