package challenge

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func wordOf(i int) (w nonce) {
	binary.BigEndian.PutUint64(w[:], uint64(i)+1)
	return w
}

// However many solutions come, memory stays bounded, and none counts twice: not even those that had to be forgotten.
func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemory(), time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	const many = 3 * spentMost
	at := func(i int) time.Time { return now.Add(time.Duration(i/100) * time.Millisecond) }
	for i := range many {
		if !m.spend(wordOf(i), at(i), at(i)) {
			t.Fatalf("word %d was refused", i)
		}
	}
	if n := len(m.spent.young) + len(m.spent.old); n > 2*spentMost {
		t.Errorf("%d words are remembered", n)
	}
	for i := 0; i < many; i += 97 {
		if m.spend(wordOf(i), at(i), at(many)) {
			t.Fatalf("word %d counted twice", i)
		}
	}
	later := at(many).Add(3 * ticketLife)
	if !m.spend(wordOf(many+1), later, later) || len(m.spent.young)+len(m.spent.old) != 1 {
		t.Error("what is long over is not forgotten")
	}
}

func TestWordsAreKeptForATicketsLife(t *testing.T) {
	m, now := newMemory(), time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i := range 200 {
		at := now.Add(time.Duration(i) * ticketLife / 13)
		m.spend(wordOf(i), at, at)
		for j := max(0, i-12); j <= i; j++ {
			if m.spend(wordOf(j), now.Add(time.Duration(j)*ticketLife/13), at) {
				t.Fatalf("word %d counted again at %d", j, i)
			}
		}
	}
}

func TestNetworksAreBounded(t *testing.T) {
	m, now := newMemory(), time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i := range 3 * cookiesMost {
		if !m.from(wordOf(i), netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), now) {
			t.Fatalf("cookie %d was refused", i)
		}
	}
	if n := len(m.users.young) + len(m.users.old); n > 2*cookiesMost {
		t.Errorf("%d cookies are remembered", n)
	}
	if !m.from(wordOf(1), netip.Addr{}, now) {
		t.Error("no address is an address")
	}
}

func TestWordsDiffer(t *testing.T) {
	m := newMemory()
	k, err := newKeyring(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[nonce]bool{}
	for range 10000 {
		w := m.word(k, "", time.Time{})
		if seen[w] {
			t.Fatal("a word came twice")
		}
		seen[w] = true
	}
}

// Every question has an answer that can be written, and every number in words fits it.
func TestQuestions(t *testing.T) {
	k, err := newKeyring(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]int{}
	for i := range 5000 {
		q := k.ask(wordOf(i))
		texts[q.text]++
		if q.answer < 0 || q.answer > 24 || !q.answered(numbers()[q.answer]) || q.answered(numbers()[(q.answer+1)%25]) || q.answered("") {
			t.Fatalf("%+v", q)
		}
	}
	if len(texts) < 300 {
		t.Errorf("only %d questions", len(texts))
	}
	q := question{answer: 21}
	for text, want := range map[string]bool{"21": true, " 21. ": true, "Twenty-One": true, "twenty one": true, "twentyone!": true, "021": true, "2 1": false, "twenty": false,
		"210": false, "21 or 22": false} {
		if q.answered(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
