package payment

import (
	"bytes"
	"encoding/json"
	"testing"
)

func BenchmarkDecodeEncodingJSON(b *testing.B) {
	body := []byte(fullRequest)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var t any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&t); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(fullRequest)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, p := decode(body); p != nil {
			b.Fatal(p)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	body, accept := []byte(fullRequest), acceptAll(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, problems := Parse(body, accept); problems != nil {
			b.Fatal(problems)
		}
	}
}
