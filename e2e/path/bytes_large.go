//go:build e2e

package path

import (
	"context"
	"crypto/tls"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"wayguard/e2e"
)

// The large body is a little more than 32 bits can count; the memory of the process may grow by less than a hundredth of it.
const (
	largeBody   = 4<<30 + 1
	largeMemory = 32 << 20
)

// pattern makes bytes that repeat only after a long time, so that what is lost, doubled or out of place changes their sum.
type pattern struct {
	block []byte
	at    int64
	left  int64
}

func newPattern(length int64) *pattern {
	block := make([]byte, 1<<20+7) // no power of two: buffers do not fall on its borders
	state := uint32(1)
	for i := range block {
		state = state*1664525 + 1013904223
		block[i] = byte(state >> 24)
	}
	return &pattern{block: block, left: length}
}

// Read implements io.Reader.
func (p *pattern) Read(into []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	from := p.block[p.at%int64(len(p.block)):]
	n := copy(into[:min(int64(len(into)), p.left)], from)
	p.at, p.left = p.at+int64(n), p.left-int64(n)
	return n, nil
}

// sum counts and sums what is written to it.
type sum struct {
	hash.Hash32
	n int64
}

func newSum() *sum { return &sum{Hash32: crc32.New(crc32.MakeTable(crc32.Castagnoli))} }

// Write implements io.Writer.
func (s *sum) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return s.Hash32.Write(p)
}

func (s *sum) String() string { return fmt.Sprintf("%d bytes, %08x", s.n, s.Sum32()) }

// checkLarge sends a body of more than 4 GiB up and another down, in clear and over TLS, looked at and not.
func checkLarge(ctx context.Context) ([]e2e.Figure, error) {
	want := newSum()
	if _, err := io.CopyBuffer(want, onlyReader{newPattern(largeBody)}, make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			got := newSum()
			_, _ = io.CopyBuffer(got, onlyReader{r.Body}, make([]byte, 256<<10)) // a body that breaks off has another sum
			_, _ = io.WriteString(w, got.String())
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(int64(largeBody)))
		_, _ = io.CopyBuffer(onlyWriter{w}, newPattern(largeBody), make([]byte, 256<<10)) // the visitor sees what is missing
	}))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	var figures []e2e.Figure
	started := time.Now()
	for _, base := range []string{"http://" + i.Clear, "https://" + i.Secure} {
		for _, route := range []string{"/plain", "/seen/large"} {
			up, down, grown, err := i.large(ctx, base+route)
			if err != nil {
				return figures, fmt.Errorf("%s%s: %w", base, route, err)
			}
			door, _, _ := strings.Cut(base, ":")
			name := fmt.Sprintf("4 GiB by %s to %s", door, route)
			figures = append(figures, e2e.Holds(name+", up", up, up == want.String(), want.String()), e2e.Holds(name+", down", down, down == want.String(), want.String()),
				e2e.Holds("  memory meanwhile, MiB more", fmt.Sprint(grown>>20), grown <= largeMemory, fmt.Sprint("<= ", largeMemory>>20)))
		}
	}
	return append(figures, e2e.Holds("  time for all of them", time.Since(started).Round(time.Second).String(), true, "told, no goal")), nil
}

// large sends a body up and takes one down, and measures by how much the instance's resident memory grew meanwhile.
func (i *Instance) large(ctx context.Context, url string) (up, down string, grown int64, err error) {
	before, err := i.resident(ctx)
	if err != nil {
		return "", "", 0, err
	}
	watching, stop := context.WithCancel(ctx)
	peak := make(chan int64)
	go func() {
		most := before
		for watching.Err() == nil {
			if now, err := i.resident(watching); err == nil {
				most = max(most, now)
			}
			time.Sleep(100 * time.Millisecond)
		}
		peak <- most
	}()
	defer func() {
		stop()
		grown = <-peak - before
	}()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, WriteBufferSize: 256 << 10, ReadBufferSize: 256 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, url, newPattern(largeBody))
	if err != nil {
		return "", "", 0, err
	}
	request.ContentLength = largeBody
	response, err := client.Do(request)
	if err != nil {
		return "", "", 0, err
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return "", "", 0, err
	}
	if response, err = client.Get(url); err != nil {
		return "", "", 0, err
	}
	defer response.Body.Close()
	got := newSum()
	_, err = io.CopyBuffer(got, onlyReader{response.Body}, make([]byte, 256<<10))
	return string(text), got.String(), 0, err
}

func (i *Instance) resident(ctx context.Context) (int64, error) {
	counters, err := i.Counters(ctx)
	return int64(counters["process_resident_memory_bytes"]), err
}

// onlyReader and onlyWriter hide every other method, so that the buffer of a copy is used.
type onlyReader struct{ io.Reader }

type onlyWriter struct{ io.Writer }
