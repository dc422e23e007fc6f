package element

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// plainHash is Keys.Hash written as its documentation says it.
func plainHash(tenant, family, canonical string) string {
	derive := hmac.New(sha256.New, []byte(tenant))
	derive.Write([]byte("wayguard element v1\x00" + family))
	mac := hmac.New(sha256.New, derive.Sum(nil))
	mac.Write([]byte(canonical))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:hashBytes]))
}

func FuzzHash(f *testing.F) {
	f.Add("family", "text")
	f.Add("", "")
	tenant := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	keys, err := NewKeys([]byte(tenant))
	if err != nil {
		f.Fatal(err)
	}
	var arena Arena
	f.Fuzz(func(t *testing.T, family, text string) {
		arena.Reset()
		want := plainHash(tenant, family, text)
		for range 2 { // the second time the family is known
			if got := keys.HashIn(&arena, family, text); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
		if got := keys.Hash(family, text); got != want {
			t.Fatalf("without arena: got %s, want %s", got, want)
		}
		if got := (Keys{}).Hash(family, text); got != plainHash("", family, text) {
			t.Fatalf("zero keys: got %s", got)
		}
	})
}

func TestKeysFromManyGoroutines(t *testing.T) {
	keys, err := NewKeys([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			var arena Arena
			for i := range 200 {
				family := fmt.Sprint("family", (i+g)%50)
				if got, want := keys.HashIn(&arena, family, "x"), plainHash("0123456789abcdef", family, "x"); got != want {
					t.Errorf("%s: got %s, want %s", family, got, want)
				}
			}
		})
	}
	all.Wait()
	for i := range maxFamilies + 10 {
		_ = keys.Hash(fmt.Sprint("flood", i), "x")
	}
	if n := len(*keys.families.Load()); n > maxFamilies {
		t.Errorf("%d families are kept", n)
	}
}

func TestArena(t *testing.T) {
	var a Arena
	for round := range 3 {
		var texts, want []string
		for i := range 500 {
			word := strings.Repeat(fmt.Sprint(round, i, "."), 1+i%7)
			texts = append(texts, a.Text([]byte(word)), a.Join(word, "-", word), a.Keep(append(a.Buffer(len(word)), word...)), a.lower("X"+word))
			want = append(want, word, word+"-"+word, word, "x"+word)
			// An append beyond the room asked for must not write over what was lent.
			if got := a.Keep(append(a.Buffer(1), strings.Repeat(word, 400)...)); got != strings.Repeat(word, 400) {
				t.Fatalf("got %d bytes", len(got))
			}
			parts := a.Parts()
			if len(parts) != 0 {
				t.Fatalf("parts of another value: %v", parts)
			}
			parts["x"] = word
		}
		for i := range texts {
			if texts[i] != want[i] {
				t.Fatalf("round %d: text %d is %q, want %q", round, i, texts[i], want[i])
			}
		}
		a.Reset()
	}
	if cap(a.text) > keptText || len(a.maps) > keptMaps {
		t.Errorf("%d bytes and %d maps are kept", cap(a.text), len(a.maps))
	}
	var none *Arena
	if none.Text([]byte("a")) != "a" || none.Join("a", "b") != "ab" || none.Keep(append(none.Buffer(1), 'x')) != "x" || none.lower("X") != "x" {
		t.Error("a nil arena makes other texts")
	}
}

func TestMemo(t *testing.T) {
	m := NewMemo[int](64)
	for i := range 10_000 {
		key := []byte(fmt.Sprint(i % 3000))
		if found := m.Find(key); found != nil && *found != i%3000 {
			t.Fatalf("%s: found %d", key, *found)
		} else if found == nil {
			m.Keep(key, i%3000)
		}
		if found := m.FindText(string(key)); found == nil || *found != i%3000 {
			t.Fatalf("%s is not there although it was kept last", key)
		}
	}
	held := 0
	for i := range m.places {
		for j := range m.places[i].ways {
			if m.places[i].ways[j].Load() != nil {
				held++
			}
		}
	}
	if held > 64 {
		t.Errorf("%d entries in a memo of 64", held)
	}
}
