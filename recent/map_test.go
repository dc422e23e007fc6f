package recent

import "testing"

func TestMapForgetsTheOldest(t *testing.T) {
	g := NewMap[int, int](10, nil)
	for n := range 1000 {
		g.Put(n, n)
		if value, ok := g.Find(0); !ok || value != 0 {
			t.Fatalf("an entry in use was forgotten after %d", n)
		}
		if g.Len() > 21 {
			t.Fatalf("%d entries", g.Len())
		}
		if n > 0 {
			if _, ok := g.Peek(n - 1); !ok {
				t.Fatalf("entry %d was forgotten before the oldest", n-1)
			}
		}
	}
	if g.Forgotten < 970 || g.Forgotten > 1000 {
		t.Errorf("%d counted as forgotten", g.Forgotten)
	}
	g.Remove(0)
	if _, ok := g.Find(0); ok {
		t.Error("what was removed is there")
	}
}
