package limit

import (
	"strings"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l, now := New(3, time.Second), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for range 3 {
		if _, ok := l.Take("a", now); !ok {
			t.Fatal("the burst is too small")
		}
	}
	if wait, ok := l.Take("a", now.Add(250*time.Millisecond)); ok || wait != 750*time.Millisecond {
		t.Errorf("wait %s, %v", wait, ok)
	}
	if _, ok := l.Take("a", now.Add(-time.Hour)); ok {
		t.Error("a clock that goes back gives tokens")
	}
	if _, ok := l.Take("a", now.Add(time.Second)); !ok {
		t.Error("no refill")
	}
	l.Give("a")
	if _, ok := l.Take("a", now.Add(time.Second)); !ok {
		t.Error("a token given back is lost")
	}
	for i := range maxKeys + 10 {
		l.Take(strings.Repeat("k", 1+i%50)+time.Duration(i).String(), now)
	}
	if len(l.buckets) != maxKeys || l.recent.Len() != maxKeys {
		t.Errorf("%d keys", len(l.buckets))
	}
}
