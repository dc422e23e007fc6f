package sidechain_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"wayguard/sidechain"
)

var update = flag.Bool("update", false, "write the golden file of testdata/wire anew")

const goldenFile = "../testdata/wire/sidechain.json"

// golden is what both languages must agree on: keys, messages, and what is thought of their signatures.
type golden struct {
	Settings goldenSettings `json:"settings"`
	Keys     []goldenKey    `json:"keys"`
	Signed   []goldenSigned `json:"signed"`
	Refused  []goldenCase   `json:"refused"`
}

type goldenSettings struct {
	Label    string   `json:"label"`
	Tag      string   `json:"tag"`
	Lifetime int64    `json:"lifetime_seconds"`
	Skew     int64    `json:"skew_seconds"`
	Cover    []string `json:"cover"`
}

type goldenKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	Secret    string `json:"secret"`
	Public    string `json:"public,omitempty"`
}

type goldenRequest struct {
	Method    string            `json:"method"`
	Scheme    string            `json:"scheme"`
	Authority string            `json:"authority"`
	Path      string            `json:"path"`
	Query     string            `json:"query"`
	Fields    map[string]string `json:"fields"`
}

func (r goldenRequest) message() *sidechain.Message {
	return &sidechain.Message{Method: r.Method, Scheme: r.Scheme, Authority: r.Authority, Path: r.Path, Query: r.Query,
		Field: func(name string) (string, bool) { value, ok := r.Fields[name]; return value, ok }}
}

type goldenSigned struct {
	Name      string        `json:"name"`
	Key       string        `json:"key"`
	Request   goldenRequest `json:"request"`
	Created   int64         `json:"created"`
	Nonce     string        `json:"nonce_hex"`
	Input     string        `json:"signature_input"`
	Signature string        `json:"signature"`
}

// goldenCase is a request as it reaches the one who checks; Replay says that the same lines were accepted before.
type goldenCase struct {
	Name      string        `json:"name"`
	Request   goldenRequest `json:"request"`
	Input     []string      `json:"signature_input"`
	Signature []string      `json:"signature"`
	At        int64         `json:"at"`
	Replay    bool          `json:"replay"`
	Reason    string        `json:"reason"`
}

func (g *golden) settings() sidechain.Settings {
	return sidechain.Settings{Label: g.Settings.Label, Tag: g.Settings.Tag, Cover: g.Settings.Cover,
		Lifetime: time.Duration(g.Settings.Lifetime) * time.Second, Skew: time.Duration(g.Settings.Skew) * time.Second}
}

func (g *golden) keys(t *testing.T) map[string]sidechain.Key {
	t.Helper()
	keys := map[string]sidechain.Key{}
	for i := range g.Keys {
		k, err := sidechain.NewKey(g.Keys[i].ID, sidechain.Algorithm(g.Keys[i].Algorithm), g.Keys[i].Secret)
		if err != nil {
			t.Fatal(err)
		}
		g.Keys[i].Public = k.Public()
		keys[k.ID()] = k
	}
	return keys
}

func (g *golden) verifier(t *testing.T) *sidechain.Verifier {
	t.Helper()
	var keys []sidechain.Key
	for _, k := range g.keys(t) {
		keys = append(keys, k)
	}
	v, err := sidechain.NewVerifier(keys, g.settings(), sidechain.NewNonces(100))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (g *golden) sign(t *testing.T) {
	t.Helper()
	keys := g.keys(t)
	for i := range g.Signed {
		one := &g.Signed[i]
		s, err := sidechain.NewSigner(keys[one.Key], g.settings())
		if err != nil {
			t.Fatal(err)
		}
		var nonce [16]byte
		if n, err := hex.Decode(nonce[:], []byte(one.Nonce)); n != 16 || err != nil {
			t.Fatal(err)
		}
		var ok bool
		if one.Input, one.Signature, ok = s.Sign(one.Request.message(), time.Unix(one.Created, 0), nonce); !ok {
			t.Fatalf("%s: not signed", one.Name)
		}
	}
}

// design is the golden file before it is signed.
func design() *golden {
	text := func(fill string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32))) }
	plain := goldenRequest{Method: "GET", Scheme: "https", Authority: "www.example.com", Path: "/", Fields: map[string]string{}}
	login := goldenRequest{Method: "POST", Scheme: "https", Authority: "WWW.Example.com:443", Path: "/account/login;v=1",
		Query: "next=%2Fhome&q=a+b&empty=", Fields: map[string]string{"content-digest": sidechain.ContentDigest([]byte("hello"))}}
	odd := goldenRequest{Method: "OPTIONS", Scheme: "https", Authority: "[2001:db8::1]:8443", Path: "/a%2Fb/%C3%A9//x", Query: "?",
		Fields: map[string]string{"content-digest": " padded "}}
	return &golden{
		Settings: goldenSettings{Label: "sidechain", Tag: "sidechain", Lifetime: 60, Skew: 5, Cover: []string{"content-digest"}},
		Keys: []goldenKey{{ID: "2026-11", Algorithm: "ed25519", Secret: text("A")}, {ID: "2026-12", Algorithm: "ed25519", Secret: text("B")},
			{ID: "shared", Algorithm: "hmac-sha256", Secret: text("C")}},
		Signed: []goldenSigned{
			{Name: "a plain page", Key: "2026-11", Request: plain, Created: 1_800_000_000, Nonce: "000102030405060708090a0b0c0d0e0f"},
			{Name: "the same with the next key", Key: "2026-12", Request: plain, Created: 1_800_000_000, Nonce: "000102030405060708090a0b0c0d0e0f"},
			{Name: "the same with a shared secret", Key: "shared", Request: plain, Created: 1_800_000_000, Nonce: "000102030405060708090a0b0c0d0e0f"},
			{Name: "a login with a digest", Key: "2026-11", Request: login, Created: 1_800_000_001, Nonce: "ffffffffffffffffffffffffffffffff"},
			{Name: "an odd target", Key: "shared", Request: odd, Created: 1_800_000_002, Nonce: "10000000000000000000000000000000"},
		},
	}
}

// refuse builds the refused cases from the signed ones.
func (g *golden) refuse() {
	first, withDigest := g.Signed[0], g.Signed[3]
	of := func(name string, s goldenSigned, reason error) goldenCase {
		return goldenCase{Name: name, Request: s.Request, Input: []string{s.Input}, Signature: []string{s.Signature}, At: s.Created, Reason: reason.Error()}
	}
	with := func(c goldenCase, change func(*goldenCase)) goldenCase { change(&c); return c }
	input := func(old, now string) func(*goldenCase) {
		return func(c *goldenCase) { c.Input = []string{strings.Replace(c.Input[0], old, now, 1)} }
	}
	g.Refused = []goldenCase{
		with(of("no signature", first, sidechain.ErrAbsent), func(c *goldenCase) { c.Input, c.Signature = []string{}, []string{} }),
		with(of("the signature of another", first, sidechain.ErrAbsent), func(c *goldenCase) {
			c.Input, c.Signature = []string{`sig1=("@authority");created=1;tag="web-bot-auth"`}, []string{"sig1=:AAAA:"}
		}),
		with(of("unreadable lines beside ours", first, sidechain.ErrMalformed), func(c *goldenCase) { c.Input = append(c.Input, "x=((") }),
		with(of("another path", first, sidechain.ErrForged), func(c *goldenCase) { c.Request.Path = "/admin" }),
		with(of("another method", first, sidechain.ErrForged), func(c *goldenCase) { c.Request.Method = "POST" }),
		with(of("another host", first, sidechain.ErrForged), func(c *goldenCase) { c.Request.Authority = "shop.example.com" }),
		with(of("a query that was not there", first, sidechain.ErrForged), func(c *goldenCase) { c.Request.Query = "admin=1" }),
		with(of("the digest taken away", withDigest, sidechain.ErrCoverage), func(c *goldenCase) { c.Request.Fields = map[string]string{} }),
		with(of("a digest that was not covered", first, sidechain.ErrCoverage), func(c *goldenCase) {
			c.Request.Fields = map[string]string{"content-digest": "sha-256=:AAAA:"}
		}),
		with(of("covers nothing", first, sidechain.ErrCoverage), input(`"@method" "@authority" "@path" "@query"`, "")),
		with(of("covers no path", first, sidechain.ErrCoverage), input(` "@path"`, "")),
		with(of("a component with a parameter", first, sidechain.ErrMalformed), input(`"@path"`, `"@path";req`)),
		with(of("a key that nobody knows", first, sidechain.ErrUnknownKey), input("2026-11", "2025-01")),
		with(of("another algorithm than the key's", first, sidechain.ErrMalformed), input(";keyid", `;alg="hmac-sha256";keyid`)),
		with(of("another tag", first, sidechain.ErrMalformed), input(`tag="sidechain"`, `tag="web-bot-auth"`)),
		with(of("a nonce that is too short", first, sidechain.ErrMalformed), input("000102030405060708090a0b0c0d0e0f", "00")),
		with(of("a longer life", first, sidechain.ErrForged), input("1800000060", "1800000900")),
		with(of("from the future", first, sidechain.ErrNotYet), func(c *goldenCase) { c.At -= 6 }),
		with(of("too old", first, sidechain.ErrExpired), func(c *goldenCase) { c.At += 65 }),
		with(of("seen before", first, sidechain.ErrReplayed), func(c *goldenCase) { c.Replay = true }),
	}
}

func TestGolden(t *testing.T) {
	built := design()
	built.sign(t)
	built.refuse()
	text, err := json.MarshalIndent(built, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(goldenFile, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, text) {
		t.Fatal("what is signed now is not what the golden file holds")
	}
	for _, one := range built.Signed {
		_, err := built.verifier(t).Verify(one.Request.message(), []string{one.Input}, []string{one.Signature}, time.Unix(one.Created, 0))
		if err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
	for _, c := range built.Refused {
		v := built.verifier(t)
		if c.Replay {
			if _, err := v.Verify(c.Request.message(), c.Input, c.Signature, time.Unix(c.At, 0)); err != nil {
				t.Errorf("%s: the first time: %v", c.Name, err)
			}
		}
		_, err := v.Verify(c.Request.message(), c.Input, c.Signature, time.Unix(c.At, 0))
		if err == nil || errors.Unwrap(err) != nil || err.Error() != c.Reason {
			t.Errorf("%s: %v, want %s", c.Name, err, c.Reason)
		}
	}
}
