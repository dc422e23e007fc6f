package proxy

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"wayguard/capture"
)

// FuzzPrefetch reads ahead and checks that nothing is lost, doubled or invented, however the source delivers.
func FuzzPrefetch(f *testing.F) {
	f.Add([]byte("hello, world"), 5, 3, true)
	f.Add([]byte(""), 0, 1, false)
	f.Add(bytes.Repeat([]byte("a"), 5000), 4999, 100, false)
	f.Fuzz(func(t *testing.T, sent []byte, limit, piece int, breaks bool) {
		if limit < 0 || limit > 1<<16 || piece < 1 || piece > 1<<16 {
			t.Skip("out of range")
		}
		broken := errors.New("broken")
		var source io.Reader = &pieces{sent, piece}
		if breaks {
			source = io.MultiReader(source, iotest.ErrReader(broken))
		}
		var told capture.Body
		p := newPrefetch(source, limit, -1, func(body capture.Body) { told = body })
		seen := p.wait(10*time.Second, nil)
		wantSeen := sent[:min(len(sent), limit)]
		if !bytes.Equal(seen.Bytes, wantSeen) {
			t.Errorf("saw %q, want %q", seen.Bytes, wantSeen)
		}
		if !bytes.Equal(told.Bytes, seen.Bytes) || told.Truncated != seen.Truncated {
			t.Errorf("told %+v, saw %+v", told, seen)
		}
		if whole := len(sent) <= limit && !breaks; whole == seen.Truncated {
			t.Errorf("truncated %v of %d with limit %d, breaks %v", seen.Truncated, len(sent), limit, breaks)
		}
		got, err := io.ReadAll(p)
		if !bytes.Equal(got, sent) || breaks != errors.Is(err, broken) {
			t.Errorf("read %q, %v; want %q", got, err, sent)
		}
		if !bytes.Equal(seen.Bytes, wantSeen) {
			t.Error("what was seen changed afterwards")
		}
	})
}

// pieces delivers at most so many bytes a read.
type pieces struct {
	left []byte
	most int
}

func (p *pieces) Read(into []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(into, p.left[:min(p.most, len(p.left))])
	p.left = p.left[n:]
	return n, nil
}

func TestPrefetchTakesWhatItSays(t *testing.T) {
	for _, length := range []int64{-1, 0, 3, 100, 1 << 40} {
		p := newPrefetch(bytes.NewReader(nil), 100, length, func(capture.Body) {})
		<-p.ended
		if got := prefetchSize(100, length); cap(p.bytes) != got || got > 101 {
			t.Errorf("length %d: %d bytes, said %d", length, cap(p.bytes), got)
		}
	}
}
