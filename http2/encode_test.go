package http2

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

func startEncoder() *encoder {
	e := &encoder{}
	e.start(maphash.MakeSeed())
	return e
}

func TestEncoderSaysWhatItIsTold(t *testing.T) {
	e, d := startEncoder(), hpack.NewDecoder(tableSize, nil)
	var sizes []int
	for i := range 200 {
		want := []hpack.HeaderField{
			{Name: ":status", Value: fmt.Sprint(200 + i%7)},
			{Name: "server", Value: "origin"},
			{Name: "x-request-id", Value: fmt.Sprint("id-", i)},
			{Name: "cache-control", Value: strings.Repeat("private, ", i%5)},
			{Name: "set-cookie", Value: "session=secret"},
			{Name: "x-long", Value: strings.Repeat("z", i%3*1000)},
		}
		out := e.appendStatus(nil, 200+i%7)
		for _, f := range want[1:] {
			out = e.appendField(out, strings.ToUpper(f.Name), f.Value)
		}
		got, err := d.DecodeFull(out)
		if err != nil {
			t.Fatal(err)
		}
		for j, f := range want {
			if got[j].Name != f.Name || got[j].Value != f.Value {
				t.Fatalf("block %d: %q, want %q", i, got[j], f)
			}
			if (f.Name == "set-cookie") != got[j].Sensitive {
				t.Errorf("%s: sensitive is %v", f.Name, got[j].Sensitive)
			}
		}
		sizes = append(sizes, len(out))
	}
	if first, later := sizes[0], sizes[140]; later >= first {
		t.Errorf("a block takes %d bytes at first and %d later: nothing was learned", first, later)
	}
}

func TestEncoderCopiesWhatItKeeps(t *testing.T) {
	e, d := startEncoder(), hpack.NewDecoder(tableSize, nil)
	memory := []byte("first value")
	for range 3 {
		decoded, err := d.DecodeFull(e.appendField(e.begin(nil), "x-a", string(memory)))
		if err != nil || decoded[0].Value != "first value" {
			t.Fatal(decoded, err)
		}
	}
	for i := range memory {
		memory[i] = '#'
	}
	decoded, err := d.DecodeFull(e.appendField(e.begin(nil), "x-a", "first value"))
	if err != nil || decoded[0].Value != "first value" {
		t.Fatal(decoded, err)
	}
}

func TestEncoderObeysTheTableSize(t *testing.T) {
	e, d := startEncoder(), hpack.NewDecoder(tableSize, nil)
	write := func() []byte {
		out := e.appendStatus(nil, 200)
		for i := range 20 {
			out = e.appendField(out, fmt.Sprint("x-", i), "value")
		}
		if _, err := d.DecodeFull(out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	write()
	write()
	e.setLimit(0)
	e.setLimit(200) // the least in between has to be told too
	out := write()
	if !bytes.HasPrefix(out, []byte{0x20, 0x3f, 200 - 31 | 0x80, 1}) {
		t.Errorf("the block begins %x", out[:4])
	}
	if e.size > 200 {
		t.Errorf("%d bytes in a table of 200", e.size)
	}
	e.setLimit(1 << 20)
	write()
	if e.limit != tableSize {
		t.Errorf("a visitor made the table %d bytes", e.limit)
	}
}

func TestEncoderMakesNoGarbage(t *testing.T) {
	e := startEncoder()
	out := make([]byte, 0, 4096)
	names := []string{"Content-Type", "Cache-Control", "X-Frame-Options", "Date", "ETag"}
	if n := testing.AllocsPerRun(200, func() {
		out = e.appendStatus(out[:0], 200)
		for _, name := range names {
			out = e.appendField(out, name, "some value of this field")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzEncoder lets the encoder and an independent decoder go through the same history.
func FuzzEncoder(f *testing.F) {
	f.Add([]byte("a\x00b\x01content-type\x02text/html\xff\x40date\x03now"))
	f.Add(bytes.Repeat([]byte("x-a\x00value\x00x-b\x01value\x01\xff\x00"), 50))
	f.Fuzz(func(t *testing.T, script []byte) {
		e, d := startEncoder(), hpack.NewDecoder(tableSize, nil)
		for _, block := range bytes.Split(script, []byte{0xff}) {
			if len(block) > 0 && block[0] < 0x80 {
				e.setLimit(uint32(block[0]) * 16)
			}
			parts := bytes.FieldsFunc(block, func(r rune) bool { return r < 8 })
			out := e.appendStatus(nil, 200+len(parts)%100)
			for i := 0; i+1 < len(parts); i += 2 {
				out = e.appendField(out, string(parts[i]), string(parts[i+1]))
			}
			got, err := d.DecodeFull(out)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Value != fmt.Sprint(200+len(parts)%100) || len(got) != 1+len(parts)/2 {
				t.Fatalf("%q", got)
			}
			for i, field := range got[1:] {
				if field.Name != string(appendLower(nil, string(parts[2*i]))) || field.Value != string(parts[2*i+1]) {
					t.Fatalf("%q, want %q: %q", field, parts[2*i], parts[2*i+1])
				}
			}
			if e.size > e.limit {
				t.Fatalf("%d bytes in a table of %d", e.size, e.limit)
			}
		}
	})
}
