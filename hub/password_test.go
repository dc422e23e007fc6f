package hub

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHasher(t *testing.T) {
	h := newHasher(argonMemory)
	hash, err := h.hash(t.Context(), samplePassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	for password, want := range map[string]bool{samplePassword: true, samplePassword + " ": false, "": false} {
		if got, err := h.verify(t.Context(), h.slots, hash, password); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	// Vector made with the reference implementation: argon2id, "password", "somesalt", t=2, m=256 KiB, p=1.
	const reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if ok, err := h.verify(t.Context(), h.slots, reference, "password"); err != nil || !ok {
		t.Errorf("the reference hash: %v, %v", ok, err)
	}
	if ok, err := h.verify(t.Context(), h.slots, "", samplePassword); ok || err != nil {
		t.Errorf("nobody's hash: %v, %v", ok, err)
	}
}

func TestForeignHashes(t *testing.T) {
	for _, text := range []string{
		"", "$", "plain", "$2a$10$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=1$$", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AA",
	} {
		if _, err := parsePHC(text); !errors.Is(err, errForeignHash) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=-1,t=2,p=300$x$y")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err == nil && (p.memory > 256<<10 || p.passes > 16 || p.threads == 0 || len(p.salt) < 8 || len(p.key) < 16) {
			t.Errorf("%q costs too much: %+v", text, p)
		}
	})
}

// TestLoginFloodIsBounded fills the hasher's slots: what does not get one is told to come back, and nothing is hashed.
func TestLoginFloodIsBounded(t *testing.T) {
	b := build(t, Config{}, nil)
	for range hashesAtOnce {
		b.hub.hasher.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	r := b.send(t, "POST", base+"/login", "", credentialsBody("ada@shop.example", "x"), func(r *http.Request) { *r = *r.WithContext(ctx) })
	if got, _ := code(t, r); r.StatusCode != http.StatusServiceUnavailable || got != "busy" || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.StatusCode, got)
	}
}
