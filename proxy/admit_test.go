package proxy

import (
	"context"
	"testing"
)

// TestSpareGoroutines lets many goroutines ask for another connection: a few wait, one of them gets what comes, and none stays
// when the server ends.
func TestSpareGoroutines(t *testing.T) {
	w := &wire{next: make(chan *conn)}
	w.accepting, w.refuse = context.WithCancel(context.Background())
	defer w.refuse()
	got := make(chan *conn, 3*mostSpare)
	for range 3 * mostSpare {
		go func() { got <- w.another() }()
	}
	for range 2 * mostSpare {
		if c := <-got; c != nil {
			t.Fatal("got a connection that nobody gave")
		}
	}
	given := &conn{}
	w.next <- given
	if c := <-got; c != given {
		t.Error("got another connection than was given")
	}
	w.refuse()
	for range mostSpare - 1 {
		if c := <-got; c != nil {
			t.Error("got a connection at the end")
		}
	}
	if n := w.spare.Load(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}
