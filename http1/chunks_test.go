package http1

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) {
	const field = "X-Sum: 1\r\n"
	cases := []struct {
		body, data, trailers string
		reason               string // "" for accepted
	}{
		{"0\r\n\r\n", "", "[]", ""},
		{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", "[]", ""},
		{"00000000000000aB\r\n" + strings.Repeat("x", 171) + "\r\n000\r\n\r\n", strings.Repeat("x", 171), "[]", ""},
		{"1;a;b=c;d=\"e\\\"; f\t\xe9\"\r\nx\r\n0;last\r\n\r\n", "x", "[]", ""},
		{"0\r\n" + field + "x-sum:\r\nDate: no\r\nSet-Cookie: no\r\nX_Real_IP: no\r\nETag: yes\r\nConnection: no\r\n\r\n", "", "[{X-Sum 1} {x-sum } {ETag yes}]", ""},
		{"\r\n", "", "", ReasonChunk},
		{"5\nhello\r\n0\r\n\r\n", "", "", ReasonChunk},
		{"5\r\nhello\n0\r\n\r\n", "hello", "", ReasonChunk},
		{"5\r\nhello\rx", "hello", "", ReasonChunk},
		{"5\r\nhelloX", "hello", "", ReasonChunk},
		{"5\rhello", "", "", ReasonChunk},
		{"+5\r\nhello", "", "", ReasonChunk},
		{"-5\r\nhello", "", "", ReasonChunk},
		{" 5\r\nhello", "", "", ReasonChunk},
		{"5 \r\nhello", "", "", ReasonChunk},
		{"5 ;a\r\nhello", "", "", ReasonChunk},
		{"0x5\r\nhello", "", "", ReasonChunk},
		{"g\r\n", "", "", ReasonChunk},
		{"5,5\r\nhello", "", "", ReasonChunk},
		{";a\r\n", "", "", ReasonChunk},
		{"\x005\r\n", "", "", ReasonChunk},
		{"00000000000000005\r\nhello", "", "", ReasonChunkSize},
		{"7fffffffffffffff\r\n", "", "", ReasonChunkSize},
		{"ffffffffffffffff\r\n", "", "", ReasonChunkSize},
		{"10000000000000005\r\n", "", "", ReasonChunkSize},
		{"5;\r\n", "", "", ReasonExtension},
		{"5;a=\r\n", "", "", ReasonExtension},
		{"5;a b\r\n", "", "", ReasonExtension},
		{"5;a=\"b\r\n", "", "", ReasonExtension},
		{"5;a=\"b\"c\r\n", "", "", ReasonExtension},
		{"5;a=\"\\\x01\"\r\n", "", "", ReasonExtension},
		{"5;a\nhello", "", "", ReasonExtension},
		{"5;a\rhello", "", "", ReasonChunk},
		{"5;" + strings.Repeat("a", 5000), "", "", ReasonExtension},
		{strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nx\r\n", 10), "xxxxxxxx", "", ReasonExtension},
		{"0\r\n\n", "", "", ReasonLineEnd},
		{"0\r\nX: y\n\r\n", "", "", ReasonLineEnd},
		{"0\r\nX: y\rz\r\n\r\n", "", "", ReasonLineEnd},
		{"0\r\n X: y\r\n\r\n", "", "", ReasonFold},
		{"0\r\nX : y\r\n\r\n", "", "", ReasonName},
		{"0\r\nX\r\n\r\n", "", "", ReasonName},
		{"0\r\nX: \x00\r\n\r\n", "", "", ReasonValue},
		{"0\r\n" + field + "Content-Length: 5\r\n\r\n", "", "", ReasonTrailer},
		{"0\r\ntransfer-encoding: chunked\r\n\r\n", "", "", ReasonTrailer},
		{"0\r\nHost: b\r\n\r\n", "", "", ReasonTrailer},
		{"0\r\nTransfer_Encoding: chunked\r\n\r\n", "", "", ReasonDisguise},
		{"0\r\n" + strings.Repeat(field, 129) + "\r\n", "", "", ReasonFields},
		{"0\r\nX: " + strings.Repeat("y", 8<<10), "", "", ReasonHeadSize},
	}
	random := rand.New(rand.NewPCG(seedOfTheDay, 6))
	for _, c := range cases {
		for round := range 20 {
			pieces := [][]byte{[]byte(c.body + "rest")}
			if round > 0 {
				pieces = split([]byte(c.body+"rest"), random)
			}
			var chunks Chunks
			data, rest, err := drain(&chunks, pieces)
			var refusal *Error
			switch {
			case c.reason != "" && (!errors.As(err, &refusal) || refusal.Reason != c.reason || refusal.Status < 400):
				t.Errorf("%.60q: %v, want %s", c.body, err, c.reason)
			case c.reason == "" && (err != nil || string(rest) != "rest" || fmt.Sprint(chunks.Trailers()) != c.trailers):
				t.Errorf("%.60q: %v, left %q, trailers %v", c.body, err, rest, chunks.Trailers())
			case string(data) != c.data:
				t.Errorf("%.60q: data %q", c.body, data)
			case c.reason != "" && chunks.Trailers() != nil:
				t.Errorf("%.60q: trailers after an error", c.body)
			}
			if c.reason != "" {
				if _, _, done, again := chunks.Next([]byte("0\r\n\r\n")); done || again != err {
					t.Errorf("%.60q: forgot its error", c.body)
				}
			}
		}
	}
}

// drain reads pieces to the end of the body.
func drain(chunks *Chunks, pieces [][]byte) (data, rest []byte, err error) {
	done := false
	for _, piece := range pieces {
		for len(piece) > 0 && !done {
			var part []byte
			var n int
			if part, n, done, err = chunks.Next(piece); err != nil {
				return data, nil, err
			}
			data = append(data, part...)
			piece = piece[n:]
		}
		rest = append(rest, piece...)
	}
	if !done {
		err = errShort
	}
	return data, rest, err
}

func TestChunksPadded(t *testing.T) {
	c := Chunks{Padded: true}
	for range 2 {
		if data, rest, err := drain(&c, [][]byte{[]byte("5  \r\nhello\r\n5 ;a\r\nworld\r\n0 \t\r\n\r\nrest")}); err != nil || string(data) != "helloworld" || string(rest) != "rest" {
			t.Errorf("%q %q %v", data, rest, err)
		}
		c.Reset()
	}
	if _, _, err := drain(&c, [][]byte{[]byte("5  5\r\n")}); err == nil {
		t.Error("two sizes in one")
	}
	c.Reset()
	if _, _, err := drain(&c, [][]byte{[]byte("5" + strings.Repeat(" ", 5000))}); err == nil {
		t.Error("padding without end")
	}
}

func TestChunksOneByteChunksPass(t *testing.T) {
	var c Chunks
	body := []byte(strings.Repeat("1\r\nx\r\n", 100_000) + "0\r\n\r\n")
	if data, _, err := drain(&c, [][]byte{body}); err != nil || len(data) != 100_000 {
		t.Errorf("%d, %v", len(data), err)
	}
}

func TestChunksHugeChunk(t *testing.T) {
	var c Chunks
	in := []byte("fffffffffffffff\r\n")
	piece := make([]byte, 1<<20)
	if _, n, done, err := c.Next(in); n != len(in) || done || err != nil {
		t.Fatal(n, done, err)
	}
	for range 100 {
		if data, n, done, err := c.Next(piece); n != len(piece) || len(data) != n || done || err != nil {
			t.Fatal(n, done, err)
		}
	}
}

// TestChunksWrittenAreRead is the way there and back.
func TestChunksWrittenAreRead(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 7))
	for range 500 {
		var written, want []byte
		for range random.IntN(5) {
			part := make([]byte, random.IntN(300))
			want = append(want, part...)
			if random.IntN(2) == 0 || len(part) == 0 {
				written = AppendChunk(written, part)
			} else {
				written = append(append(AppendChunkHeader(written, len(part)), part...), "\r\n"...)
			}
		}
		written = AppendLastChunk(written, []Field{{"X-A", "b"}, {"Bad\r\n", "c"}, {"X-B", "c\r\nd"}, {"Content-Length", "5"}, {"X-C", ""}})
		var c Chunks
		data, rest, err := drain(&c, split(append(written, "next"...), random))
		if err != nil || !bytes.Equal(data, want) || string(rest) != "next" || !slices.Equal(c.Trailers(), []Field{{"X-A", "b"}, {"X-C", ""}}) {
			t.Fatalf("%q: %q %q %v %v", written, data, rest, c.Trailers(), err)
		}
	}
}

func TestChunksDoNotAllocate(t *testing.T) {
	body := []byte("5\r\nhello\r\n0;a=b\r\nX: y\r\n\r\n")
	var c Chunks
	n := testing.AllocsPerRun(100, func() {
		c.Reset()
		for in := body; len(in) > 0; {
			_, n, _, err := c.Next(in)
			if err != nil {
				t.Fatal(err)
			}
			in = in[n:]
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// checkChunks wants the same verdict and the same data however the input is split.
func checkChunks(t *testing.T, body []byte, padded bool, random *rand.Rand) {
	t.Helper()
	whole, parts := Chunks{Padded: padded}, Chunks{Padded: padded}
	data, rest, err := drain(&whole, [][]byte{body})
	again, restAgain, errAgain := drain(&parts, split(body, random))
	if fmt.Sprint(err) != fmt.Sprint(errAgain) || !bytes.Equal(data, again) || !bytes.Equal(rest, restAgain) || !slices.Equal(whole.Trailers(), parts.Trailers()) {
		t.Errorf("%q: whole %q %q %v %v, in pieces %q %q %v %v", body, data, rest, whole.Trailers(), err, again, restAgain, parts.Trailers(), errAgain)
	}
}

func TestChunksInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOfTheDay, 8))
	corpus := []string{"5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nrest", "0\r\n\r\n", "a\r\n0123456789\r\n000\r\n\r\n"}
	for range 40_000 {
		if checkChunks(t, []byte(mutate(random, corpus[random.IntN(len(corpus))], corpus)), random.IntN(2) == 0, random); t.Failed() {
			return
		}
	}
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nrest"), false, uint64(1))
	f.Add([]byte("5 \r\nhello\r\n0\r\n\r\n"), true, uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, padded bool, seed uint64) {
		checkChunks(t, body, padded, rand.New(rand.NewPCG(seed, 0)))
	})
}
