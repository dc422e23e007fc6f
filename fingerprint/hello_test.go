package fingerprint_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wayguard/fingerprint"
)

// vector is one fingerprint of FoxIO's captures: raw is the hello itself, its lists in the order sent.
type vector struct {
	Raw    string `json:"raw"`
	JA4    string `json:"ja4"`
	Sorted string `json:"sorted"`
}

// parse reads the raw form, such as t13d1516h2_1301,1302_0000,0033_0403,0804.
func parse(t *testing.T, raw string) fingerprint.Hello {
	t.Helper()
	parts := strings.Split(raw, "_")
	list := func(i int) []uint16 {
		var out []uint16
		if i >= len(parts) || parts[i] == "" {
			return nil
		}
		for _, text := range strings.Split(parts[i], ",") {
			n, err := strconv.ParseUint(text, 16, 16)
			if err != nil {
				t.Fatalf("vector %q: %v", raw, err)
			}
			out = append(out, uint16(n))
		}
		return out
	}
	versions := map[string]uint16{"13": 0x0304, "12": 0x0303, "11": 0x0302, "10": 0x0301, "s3": 0x0300}
	opening := parts[0]
	hello := fingerprint.Hello{
		Version: versions[opening[1:3]], Ciphers: list(1), Extensions: list(2), SignatureSchemes: list(3),
		ServerName: opening[3] == 'd', QUIC: opening[0] == 'q',
	}
	switch alpn := opening[8:10]; alpn {
	case "00":
	case "h1":
		hello.ALPN = []string{"http/1.1"}
	default:
		hello.ALPN = []string{alpn, "http/1.1"}
	}
	return hello
}

func check(t *testing.T, v vector) {
	t.Helper()
	hello := parse(t, v.Raw)
	if got := hello.JA4(); got != v.JA4 {
		t.Errorf("%s\n got %s\nwant %s", v.Raw, got, v.JA4)
	}
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/ja4.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 15 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		check(t, v)
	}
}

func TestAllPublishedVectors(t *testing.T) {
	files, _ := filepath.Glob("../../shared/data/ja4/expected/*.json")
	if len(files) == 0 {
		t.Skip("SKIPPED: the published captures' expected fingerprints are not at ../../shared/data/ja4/expected")
	}
	checked := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var streams []map[string]any
		if err := json.Unmarshal(text, &streams); err != nil {
			t.Fatal(err)
		}
		for _, stream := range streams {
			for key, raw := range stream {
				if number, ok := strings.CutPrefix(key, "JA4_ro"); ok {
					checked++
					check(t, vector{Raw: raw.(string), JA4: stream["JA4"+number].(string)})
				}
			}
		}
	}
	if checked < 70 {
		t.Errorf("only %d fingerprints checked", checked)
	}
}

// The examples are those of FoxIO's description of JA4.
func TestProtocolOfTheOpening(t *testing.T) {
	for protocol, want := range map[string]string{
		"h2": "h2", "http/1.1": "h1", "h": "hh", "": "00", "\xab": "ab", "\xab\xcd": "ad", "0\xab": "3b", "01\xab\xcd": "3d", "0\xab\xcd1": "01",
		"h3-29": "h9", "\x9a\x9a": "9a", "-": "2d", "Http/1.1": "H1",
	} {
		got := fingerprint.Hello{ALPN: []string{protocol, "h2"}}.JA4()
		if opening, _, _ := strings.Cut(got, "_"); !strings.HasSuffix(opening, want) || len(opening) != 10 {
			t.Errorf("protocol %q: %s, want it to end with %s", protocol, opening, want)
		}
	}
}

func TestOpening(t *testing.T) {
	many := make([]uint16, 150)
	for i := range many {
		many[i] = uint16(i) + 1
	}
	cases := map[string]struct {
		hello fingerprint.Hello
		want  string
	}{
		"nothing":     {fingerprint.Hello{}, "t00i000000_000000000000_000000000000"},
		"QUIC":        {fingerprint.Hello{QUIC: true, Version: 0x0304, ServerName: true, ALPN: []string{"h3"}}, "q13d0000h3_000000000000_000000000000"},
		"old":         {fingerprint.Hello{Version: 0x0300}, "ts3i000000_000000000000_000000000000"},
		"older":       {fingerprint.Hello{Version: 0x0002}, "ts2i000000_000000000000_000000000000"},
		"grease only": {fingerprint.Hello{Ciphers: []uint16{0x0a0a, 0xfafa}, Extensions: []uint16{0x1a1a}, SignatureSchemes: []uint16{0x2a2a}}, "t00i000000_000000000000_000000000000"},
		"no grease":   {fingerprint.Hello{Ciphers: []uint16{0x0a1a, 0x0a0b}}, "t00i020000_"},
		"very many":   {fingerprint.Hello{Ciphers: many, Extensions: many}, "t00i999900_"},
		// The published text of extensions without signature algorithms, and its hash.
		"no schemes": {fingerprint.Hello{Extensions: []uint16{0x0005, 0x000a, 0x000b, 0x000d, 0x0012, 0x0015, 0x0017, 0x001b, 0x0023, 0x002b, 0x002d, 0x0033, 0x4469, 0xff01, 0, 0x10}},
			"t00i001600_000000000000_6d807ffa2a79"},
	}
	for name, c := range cases {
		if got := c.hello.JA4(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Chrome permutes its extensions and mixes in GREASE: neither changes the fingerprint.
func TestOrderAndGreaseDoNotMatter(t *testing.T) {
	hello := parse(t, "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601")
	const want = "t13d1516h2_8daaf6152771_e5627efa2ab1"
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		other := hello
		other.Extensions, other.Ciphers = slices.Clone(hello.Extensions), slices.Clone(hello.Ciphers)
		for range random.IntN(3) {
			grease := uint16(random.IntN(16))<<4 | 0x0a
			other.Extensions = append(other.Extensions, grease<<8|grease)
			other.Ciphers = append(other.Ciphers, grease<<8|grease)
		}
		random.Shuffle(len(other.Extensions), func(i, j int) {
			other.Extensions[i], other.Extensions[j] = other.Extensions[j], other.Extensions[i]
		})
		random.Shuffle(len(other.Ciphers), func(i, j int) { other.Ciphers[i], other.Ciphers[j] = other.Ciphers[j], other.Ciphers[i] })
		before := slices.Clone(other.Extensions)
		if got := other.JA4(); got != want {
			t.Fatalf("%x: %s, want %s", other.Extensions, got, want)
		}
		if !slices.Equal(before, other.Extensions) {
			t.Fatal("the hello was changed")
		}
	}
}

func TestJA4AllocatesOnlyItsText(t *testing.T) {
	hello := parse(t, "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601")
	if n := testing.AllocsPerRun(100, func() { _ = hello.JA4() }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzJA4(f *testing.F) {
	f.Add([]byte{0x13, 1, 0x13, 2}, []byte{0, 0, 0, 0x10}, []byte{4, 3}, "h2", uint16(0x0304), true)
	f.Add([]byte{}, []byte{0x0a, 0x0a}, []byte{}, "\xff", uint16(0), false)
	shape := regexp.MustCompile(`^[tq](13|12|11|10|s3|s2|00)[di]\d\d\d\d[0-9a-zA-Z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
	f.Fuzz(func(t *testing.T, ciphers, extensions, schemes []byte, protocol string, version uint16, quic bool) {
		hello := fingerprint.Hello{
			Version: version, Ciphers: words(ciphers), Extensions: words(extensions), SignatureSchemes: words(schemes),
			ALPN: []string{protocol}, QUIC: quic,
		}
		if got := hello.JA4(); !shape.MatchString(got) {
			t.Errorf("%+v: %q", hello, got)
		}
	})
}

func words(b []byte) []uint16 {
	var out []uint16
	for i := 0; i+1 < len(b); i += 2 {
		out = append(out, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return out
}

func BenchmarkJA4(b *testing.B) {
	hello := fingerprint.Hello{Version: 0x0304, Ciphers: make([]uint16, 16), Extensions: make([]uint16, 17), SignatureSchemes: make([]uint16, 8), ALPN: []string{"h2"}}
	for i := range hello.Ciphers {
		hello.Ciphers[i], hello.Extensions[i] = uint16(i*7919), uint16(i*104729)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = hello.JA4()
	}
}
